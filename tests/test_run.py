"""`hub run --sample` as an operator meets it: what it prints, how it stops, what it says when it cannot start."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.keepers import begun
from tests.running import ROOT, free_port

START_SECONDS = 120
STOP_SECONDS = 40


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Not pytest's own folder, which as root PostgreSQL's user may not enter.
    with tempfile.TemporaryDirectory(prefix="hub-run-") as folder:
        yield Path(folder)


def start(data_dir: Path, port: int, *options: str, **settings: str) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return subprocess.Popen(
        [sys.executable, "-m", "hub", "run", *options],
        cwd=ROOT,
        env=environment | {"HUB_DATA_DIR": str(data_dir), "HUB_PORT": str(port)} | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A terminal's process group, to which Ctrl-C goes.
        start_new_session=True,
    )


def greeting(hub: "subprocess.Popen[str]") -> str:
    """What it prints until it says how to stop it."""
    assert hub.stdout
    lines = []
    for line in hub.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            return "".join(lines)
    raise AssertionError("it ended: " + "".join(lines) + hub.communicate()[1])


def belonging(data_dir: Path) -> list[str]:
    """Processes that work on the data folder: hub, PostgreSQL, estate."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(str(data_dir) in part for part in process.info["cmdline"] or []):
            found.append(" ".join(process.info["cmdline"]))
    return found


async def look_as_admin(port: int, password: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await begun(client, "an", password)
        assert "so-tnmt" in (await client.get("/admin")).text


def test_it_prints_what_to_open_stops_on_ctrl_c_and_finds_its_data_again(data_dir: Path) -> None:
    port = free_port()
    hub = start(data_dir, port, "--sample", "--size", "150")
    said = greeting(hub)
    code = re.search(r"/v1/dossiers/(\S+)", said)
    assert code
    first = httpx.get(f"http://127.0.0.1:{port}/v1/dossiers/{code[1]}").raise_for_status().json()
    assert httpx.get(f"http://127.0.0.1:{port}/docs").is_success
    password = re.search(r"one-time password (\S+)", said)
    assert password
    asyncio.run(look_as_admin(port, password[1]))

    os.killpg(hub.pid, signal.SIGINT)
    assert hub.wait(STOP_SECONDS) == 0
    assert belonging(data_dir) == []

    again = start(data_dir, port)
    try:
        # There is somebody by now who keeps it.
        assert "one-time password" not in greeting(again)
        known = httpx.get(f"http://127.0.0.1:{port}/v1/dossiers/{code[1]}").raise_for_status().json()
        assert known["timeline"][: len(first["timeline"])] == first["timeline"]
    finally:
        again.terminate()
        assert again.wait(STOP_SECONDS) == 0
    assert belonging(data_dir) == []


def test_a_killed_hub_leaves_its_database_to_the_next_which_stops_it(data_dir: Path) -> None:
    port = free_port()
    hub = start(data_dir, port, "--sample", "--size", "50")
    greeting(hub)
    os.kill(hub.pid, signal.SIGKILL)
    hub.wait()
    assert [line for line in belonging(data_dir) if "postgres" in line], "PostgreSQL goes on"
    # The estate sees its standard input close.
    deadline = time.monotonic() + STOP_SECONDS
    while any("tests.estate" in line for line in belonging(data_dir)):
        assert time.monotonic() < deadline, "the estate outlives a killed hub"
        time.sleep(0.1)

    again = start(data_dir, port, "--sample")
    try:
        greeting(again)
    finally:
        again.terminate()
        assert again.wait(STOP_SECONDS) == 0
    assert belonging(data_dir) == []


def refusal(data_dir: Path, port: int, **settings: str) -> str:
    hub = start(data_dir, port, **settings)
    _, said = hub.communicate(timeout=START_SECONDS)
    assert hub.returncode == 1
    assert said.count("\n") == 1, said
    return said


def test_a_taken_port_is_said_in_one_sentence(data_dir: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"port {port} is taken" in refusal(data_dir, port)
    assert belonging(data_dir) == []


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("HUB_DATABASE_URL", "postgresql://hub:geheim@127.0.0.1:1/hub", "cannot connect to the database"),
        ("HUB_DATABASE_URL", "mysql://hub:geheim@127.0.0.1/hub", "cannot connect to the database"),
        ("HUB_PORT", "eighty", "HUB_PORT: Input should be a valid integer"),
        ("HUB_AGENCIES_DIR", "/nowhere", "there is no agency file"),
        ("HUB_SEAL_KEYS", "short", "a seal key must be 32 bytes"),
    ],
)
def test_a_wrong_setting_is_said_in_one_sentence(data_dir: Path, setting: str, value: str, says: str) -> None:
    said = refusal(data_dir, free_port(), **{setting: value})
    assert says in said
    assert "geheim" not in said


def test_a_data_folder_that_cannot_be_is_said_in_one_sentence(data_dir: Path) -> None:
    (data_dir / "file").touch()
    assert "cannot make the data folder" in refusal(data_dir / "file" / "folder", free_port())
