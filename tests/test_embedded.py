"""The embedded PostgreSQL with real processes: who stops it, what it outlives, and what it says when it cannot run."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from hub.db import driver_url
from hub.embedded import EmbeddedFailed, EmbeddedPostgres
from tests.running import ROOT

#: Starts the server on argv[1], says its URL, and does nothing more until it is told to stop or is killed.
USER = """
import signal, sys
from pathlib import Path
from hub.embedded import EmbeddedPostgres
# What is started in the background is told to ignore Ctrl-C; a terminal's hub does not.
signal.signal(signal.SIGINT, signal.default_int_handler)
server = EmbeddedPostgres(Path(sys.argv[1]), owner=True)
try:
    # Whoever reads it may press Ctrl-C at once.
    print(server.start(), flush=True)
    sys.stdin.read()
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.stdin.read()
server.stop()
print("stopped", flush=True)
"""


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    # Not pytest's own folder, which as root PostgreSQL's user may not enter. On macOS the usual folder has a blank.
    with tempfile.TemporaryDirectory(prefix="hub-embedded-") as folder:
        yield Path(folder).resolve() / "Dữ liệu của hub" / "postgres"


@pytest.fixture(autouse=True)
def nothing_left(data_dir: Path) -> Iterator[None]:
    yield
    left = postmaster(data_dir)
    if left:
        left.kill()
    assert left is None, "a test left its server running"


def postmaster(data_dir: Path) -> psutil.Process | None:
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if str(data_dir) in command and Path(command[0]).name == "postgres":
            return process
    return None


def user(data_dir: Path, **environment: str) -> "subprocess.Popen[str]":
    """A process that uses the server, in a process group of its own as in a terminal."""
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(data_dir)],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip() or pytest.fail("it said nothing")


async def ask(url: str, question: str = "SELECT 1") -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_both_drivers_reach_it_and_its_data_is_there_again(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, owner=True)
    url = server.start()
    try:
        await ask(url, "CREATE TABLE kept AS SELECT 42 AS number")
    finally:
        server.stop()
    assert postmaster(data_dir) is None

    url = server.start()
    try:
        assert await ask(url, "SELECT number FROM kept") == 42
        engine = create_async_engine(driver_url(url))
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT number FROM kept"))).scalar_one() == 42
        await engine.dispose()
    finally:
        server.stop()


async def test_nobody_else_of_the_machine_can_reach_it(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, owner=True)
    url = server.start()
    try:
        assert await ask(url, "SHOW listen_addresses") == ""
        assert (data_dir / ".s.PGSQL.5432").is_socket()
        assert data_dir.stat().st_mode & 0o077 == 0
        process = postmaster(data_dir)
        assert process
        assert process.uids().real != 0
        assert process.gids().real != 0
    finally:
        server.stop()


async def test_it_outlives_a_killed_hub_and_is_adopted_and_stopped_by_the_next(data_dir: Path) -> None:
    hub = user(data_dir)
    url = first_line(hub)
    before = postmaster(data_dir)
    hub.kill()
    assert hub.communicate()[1] == ""
    assert await ask(url) == 1, "it went with the hub"

    following = EmbeddedPostgres(data_dir, owner=True)
    assert following.start() == url
    assert postmaster(data_dir) == before, "it was not adopted but started anew"
    following.stop()
    assert postmaster(data_dir) is None


async def test_ctrl_c_does_not_reach_it_before_the_hub_is_done(data_dir: Path) -> None:
    hub = user(data_dir)
    url = first_line(hub)
    server = postmaster(data_dir)
    assert server
    assert os.getsid(server.pid) == server.pid, "it is not in a session of its own"

    os.killpg(hub.pid, signal.SIGINT)
    assert first_line(hub) == "interrupted"
    assert await ask(url) == 1
    assert hub.communicate() == ("stopped\n", "")
    assert postmaster(data_dir) is None


async def test_a_command_beside_a_running_hub_leaves_it_running(data_dir: Path) -> None:
    hub, command = EmbeddedPostgres(data_dir, owner=True), EmbeddedPostgres(data_dir, owner=False)
    url = hub.start()
    assert command.start() == url
    command.stop()
    assert await ask(url) == 1
    hub.stop()


async def test_a_command_that_started_it_leaves_it_to_a_hub_that_came_later(data_dir: Path) -> None:
    hub, command = EmbeddedPostgres(data_dir, owner=True), EmbeddedPostgres(data_dir, owner=False)
    command.start()
    url = hub.start()
    command.stop()
    assert await ask(url) == 1
    hub.stop()


def test_the_last_command_out_stops_it_whoever_started_it(data_dir: Path) -> None:
    commands = [EmbeddedPostgres(data_dir, owner=False) for _ in range(3)]
    for command in commands:
        command.start()
    for command in commands:
        assert postmaster(data_dir)
        command.stop()
    assert postmaster(data_dir) is None


def test_the_hub_stops_it_though_a_command_is_still_at_work(data_dir: Path) -> None:
    hub, command = EmbeddedPostgres(data_dir, owner=True), EmbeddedPostgres(data_dir, owner=False)
    hub.start()
    command.start()
    hub.stop()
    assert postmaster(data_dir) is None
    command.stop()


async def test_all_who_start_it_at_once_get_the_same_server(data_dir: Path) -> None:
    servers = [EmbeddedPostgres(data_dir, owner=False) for _ in range(4)]
    with ThreadPoolExecutor(len(servers)) as threads:
        urls = set(threads.map(EmbeddedPostgres.start, servers))
        assert len(urls) == 1
        assert await ask(urls.pop()) == 1
        list(threads.map(EmbeddedPostgres.stop, servers))


async def test_a_stranger_with_the_number_of_a_dead_server_is_let_be(data_dir: Path) -> None:
    """After a power cut postmaster.pid is left, and its number may be anyone's."""
    server = EmbeddedPostgres(data_dir, owner=True)
    server.start()
    lines = (data_dir / "postmaster.pid").read_text().splitlines()
    server.stop()
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        (data_dir / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
        url = server.start()
        try:
            assert await ask(url) == 1
        finally:
            server.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_server_that_is_stopping_is_waited_for_and_started_again(data_dir: Path) -> None:
    server, following = EmbeddedPostgres(data_dir, owner=True), EmbeddedPostgres(data_dir, owner=True)
    connection = await asyncpg.connect(server.start())
    stopping = postmaster(data_dir)
    assert stopping
    # "Smart": it goes once its last client has gone.
    stopping.send_signal(signal.SIGTERM)
    while "stopping" not in (data_dir / "postmaster.pid").read_text():
        await asyncio.sleep(0.01)

    starting = asyncio.create_task(asyncio.to_thread(following.start))
    await asyncio.sleep(0.3)
    assert not starting.done()
    await connection.close()
    assert await ask(await starting) == 1
    following.stop()
    server.stop()


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_killed_while_it_is_first_made_it_is_simply_made_again(seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="hub-embedded-") as folder:
        data_dir = Path(folder) / "postgres"
        hub = user(data_dir)
        while not list(Path(folder).glob("postgres.new-*")):
            assert hub.poll() is None
        time.sleep(seconds)
        hub.kill()
        hub.communicate()
        following = EmbeddedPostgres(data_dir, owner=True)
        following.start()
        following.stop()
        assert list(Path(folder).glob("postgres.new-*")) == []


def test_the_surroundings_of_the_one_who_starts_it_do_not_matter() -> None:
    with tempfile.TemporaryDirectory(prefix="hub-embedded-") as folder:
        data_dir = Path(folder) / "postgres"
        hub = user(data_dir, LC_ALL="vi_VN.none", PGPORT="6000", PGDATA="/nowhere", PGOPTIONS="--nonsense")
        url = first_line(hub)
        assert asyncio.run(ask(url, "SELECT lower('ĐẶNG')")) == "đặng"
        assert hub.communicate()[0] == "stopped\n"


def refused(data_dir: Path, capfd: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(EmbeddedFailed) as failure:
        EmbeddedPostgres(data_dir, owner=True).start()
    assert capfd.readouterr() == ("", "")
    assert "\n" not in str(failure.value)
    return str(failure.value)


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert "cannot use" in refused(tmp_path / "file" / "postgres", capfd)
    assert "too long for a socket" in refused(tmp_path / ("x" * 100) / "postgres", capfd)


def test_a_folder_of_other_things_is_one_sentence_and_stays(capfd: pytest.CaptureFixture[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="hub-embedded-") as folder:
        taken = Path(folder) / "postgres"
        taken.mkdir()
        (taken / "letter.txt").write_text("dear")
        assert "not empty" in refused(taken, capfd)
        assert (taken / "letter.txt").read_text() == "dear"


def test_a_server_that_does_not_start_says_where_its_words_are(
    data_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server = EmbeddedPostgres(data_dir, owner=True)
    server.start()
    server.stop()
    settings = data_dir / "postgresql.auto.conf"
    good = settings.read_text()
    settings.write_text("no_such_setting = on\n")
    try:
        assert f"its own words are in {data_dir / 'log'}" in refused(data_dir, capfd)
        assert "no_such_setting" in (data_dir / "log").read_text()
    finally:
        settings.write_text(good)
