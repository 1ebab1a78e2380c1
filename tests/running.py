"""Runs the hub as people run it — a process of its own — for tests that kill it or look at it from outside."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import yaml

ROOT = Path(__file__).parent.parent
_START_SECONDS = 240


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def hurried_agencies(folder: Path, *, also: Mapping[str, int] | None = None, **every_seconds: int) -> Path:
    """config/agencies again, but pulled each second, or as `every_seconds` says (ubnd_pleiku=3600).

    `also`: what else is read every so many seconds ({"reconcile": 15}), instead of by its own plan.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "config" / "agencies").glob("*.yaml"):
        spec = yaml.safe_load(path.read_text())
        if "sync" in spec:
            every = every_seconds.get(path.stem.replace("-", "_"), 1)
            spec["sync"] |= {"every_seconds": every, "margin_seconds": 0}
            spec["sync"] |= {kind: {"every_seconds": seconds} for kind, seconds in (also or {}).items()}
        (folder / path.name).write_text(yaml.safe_dump(spec, allow_unicode=True))
    return folder


def environment(secrets: Mapping[str, str]) -> dict[str, str]:
    """Secrets as the environment variables the hub and the estate read."""
    return {"HUB_SECRET_" + name.upper().replace("-", "_"): value for name, value in secrets.items()}


def run_hub(
    *arguments: str, url: str, data_dir: Path, agencies_dir: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """The command `hub …` to its end, as whoever is at the hub's terminal runs it."""
    folder = {"HUB_AGENCIES_DIR": str(agencies_dir)} if agencies_dir else {}
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        cwd=ROOT,
        env=os.environ | {"HUB_DATABASE_URL": url, "HUB_DATA_DIR": str(data_dir)} | folder,
        capture_output=True,
        text=True,
    )


@dataclass
class HubProcess:
    """`hub run`, or one of its parts, startable and killable any number of times on the same port, database and
    data folder."""

    database_url: str
    data_dir: Path
    agencies_dir: Path
    port: int = field(default_factory=free_port)
    addresses: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    command: str = "run"
    #: How long a dead worker's job stays its own.
    lease_seconds: int = 2
    #: More of the environment.
    settings: Mapping[str, str] = field(default_factory=dict)
    #: How it is started; `command` follows.
    program: tuple[str, ...] = ("-m", "hub")
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self, *, wait: bool = True) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / "hub.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, *self.program, self.command),
                cwd=ROOT,
                env=os.environ
                | environment(self.secrets)
                | {
                    "HUB_DATABASE_URL": self.database_url,
                    # Tests ask for more codes from one address than people do.
                    "HUB_UNLIMITED_NETWORKS": '["127.0.0.0/8"]',
                    "HUB_DATA_DIR": str(self.data_dir),
                    "HUB_AGENCIES_DIR": str(self.agencies_dir),
                    "HUB_AGENCY_ADDRESSES": json.dumps(dict(self.addresses)),
                    "HUB_PORT": str(self.port),
                    "HUB_WORKER_LEASE_SECONDS": str(self.lease_seconds),
                }
                | dict(self.settings),
                stdout=subprocess.PIPE,
                stderr=log,
            )
        if wait:
            await self.ready()

    async def ready(self) -> None:
        """Returns once /readyz says so. Raises with the end of the log when the process ends instead."""
        assert self._process is not None
        async with asyncio.timeout(_START_SECONDS), httpx.AsyncClient() as client:
            while True:
                if self._process.returncode is not None:
                    raise RuntimeError("the hub ended: " + self.log()[-4000:])
                try:
                    if (await client.get(self.url + "/readyz")).is_success:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """SIGKILL: no chance to finish anything."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM, and the exit status of what follows."""
        return await self._end(signal.SIGTERM)

    def send(self, number: signal.Signals) -> None:
        """As long as it runs."""
        if self.runs:
            assert self._process is not None
            self._process.send_signal(number)

    async def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            # It never began: a test that fails before must say why, and not this.
            return 0
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self._process.wait()

    def log(self) -> str:
        return (self.data_dir / "hub.log").read_text()


@asynccontextmanager
async def running_hub(hub: HubProcess) -> AsyncIterator[HubProcess]:
    await hub.start()
    try:
        yield hub
    finally:
        await hub.kill()


class NewHub(Protocol):
    """Makes a hub for as long as the block lasts, which knows the agencies of a folder, or these specs by their ids."""

    def __call__(self, agencies: Path | dict[str, str], **settings: Any) -> AbstractContextManager[HubProcess]: ...


@contextmanager
def kept_running(hub: HubProcess) -> Iterator[HubProcess]:
    """`running_hub` for tests that are not asynchronous, as those of a browser are."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(hub.start(), loop).result()
    try:
        yield hub
    finally:
        asyncio.run_coroutine_threadsafe(hub.kill(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
