"""The hub as several processes: API, clocks and workers of one database; killed, restarted, replaced."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from tests.estate.client import running_estate
from tests.running import ROOT, HubProcess, environment, free_port, hurried_agencies

SECONDS = 240


async def until(holds: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(SECONDS):
        while not (result := await holds()):
            await asyncio.sleep(0.1)
    return result


@asynccontextmanager
async def ended(*processes: "HubProcess | Unit") -> AsyncIterator[None]:
    try:
        yield
    finally:
        for process in processes:
            await process.kill()


async def test_parts_share_the_work_and_outlive_each_other(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    async with running_estate(size=200, pace=0, hub=f"http://127.0.0.1:{port}", seed=3) as estate:
        api = HubProcess(
            database_url,
            data_dir=tmp_path / "data",
            agencies_dir=hurried_agencies(tmp_path / "agencies"),
            port=port,
            addresses=estate.addresses,
            secrets=estate.secrets,
            command="api",
        )
        clocks = [replace(api, command="clock") for _ in range(2)]
        workers = [replace(api, command="worker") for _ in range(2)]
        connection = await asyncpg.connect(database_url)

        async def runs() -> int:
            return int(await connection.fetchval("SELECT count(*) FROM run WHERE outcome = 'ok' AND kind = 'pull'"))

        async with ended(api, *clocks, *workers):
            # The API alone brings the schema up; it does no work.
            await api.start()
            assert await runs() == 0
            for process in (*clocks, *workers):
                await process.start(wait=False)

            async def all_there() -> bool:
                return bool(await connection.fetchval("SELECT count(*) = 3 * 200 FROM dossier"))

            await until(all_there)
            # Whichever of the clocks leads, and of the workers works: the other goes on.
            for process in (clocks[0], workers[0]):
                await process.kill()
                before = await runs()

                async def more(before: int = before) -> bool:
                    return await runs() >= before + 3

                await until(more)
            for process in (clocks[1], workers[1], api):
                assert await process.stop() == 0
        await connection.close()


async def test_exactly_one_clock_leads_whether_the_other_is_killed_or_hangs(database_url: str, tmp_path: Path) -> None:
    ports = [free_port() for _ in range(3)]
    clocks = [
        HubProcess(
            database_url,
            data_dir=tmp_path / "data",
            agencies_dir=ROOT / "config" / "agencies",
            command="clock",
            settings={"HUB_METRICS_PORT": str(port)},
        )
        for port in ports
    ]

    async def leaders(among: list[HubProcess]) -> list[HubProcess]:
        leading = []
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            for clock in among:
                url = f"http://127.0.0.1:{clock.settings['HUB_METRICS_PORT']}/metrics"
                with suppress(httpx.ConnectError):
                    leading += [clock] if "hub_clock_leads 1.0" in (await client.get(url)).text else []
        assert len(leading) <= 1
        return leading

    async with ended(*clocks):
        for clock in clocks:
            await clock.start(wait=False)
        [first] = await until(lambda: leaders(clocks))
        await first.kill()
        left = [clock for clock in clocks if clock is not first]
        [second] = await until(lambda: leaders(left))
        # The database ends the session of one that hangs. Back again, it finds another leading.
        second.send(signal.SIGSTOP)
        [third] = await until(lambda: leaders([clock for clock in left if clock is not second]))
        second.send(signal.SIGCONT)
        await until(lambda: asyncio.sleep(0, second.log().count("clock.interrupted")))
        assert await leaders(left) == [third]


class Unit:
    """`hub <command>` started as systemd starts it, which may hold its socket, and waits until it is ready."""

    def __init__(self, command: str, settings: dict[str, str], messages: Path, listener: socket.socket | None = None):
        self._command, self._settings, self._listener = command, settings, listener
        self._messages = messages
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns once it says that it is ready."""
        passed = f"exec 3<&{self._listener.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ " if self._listener else ""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as messages:
            messages.setblocking(False)
            messages.bind(str(self._messages))
            self._process = await asyncio.create_subprocess_exec(
                *("bash", "-c", f'{passed}exec "$0" -m hub {self._command}', sys.executable),
                cwd=ROOT,
                env=os.environ | self._settings | {"NOTIFY_SOCKET": str(self._messages)},
                pass_fds=[self._listener.fileno()] if self._listener else [],
                stderr=subprocess.DEVNULL,
            )
            async with asyncio.timeout(SECONDS):
                assert await asyncio.get_running_loop().sock_recv(messages, 100) == b"READY=1"
        self._messages.unlink()

    async def stop(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(self._process.wait(), SECONDS) == 0

    async def kill(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def asked_all_the_time(port: int) -> AsyncIterator[list[int]]:
    """Four clients that ask, of which two keep their connection. Whatever fails to be answered fails the test; gives
    the statuses of the answers."""
    answers: list[int] = []
    enough = asyncio.Event()

    async def ask(headers: dict[str, str], path: str) -> None:
        async with httpx.AsyncClient(timeout=SECONDS, headers=headers) as client:
            while not enough.is_set():
                answers.append((await client.get(f"http://127.0.0.1:{port}{path}")).status_code)

    async with asyncio.TaskGroup() as tasks:
        for headers in ({}, {"connection": "close"}):
            for path in ("/healthz", "/"):
                tasks.create_task(ask(headers, path))
        yield answers
        enough.set()


@asynccontextmanager
async def port_held() -> AsyncIterator[tuple[socket.socket, int]]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield listener, listener.getsockname()[1]


async def heard_more(answers: list[int]) -> None:
    before = len(answers)
    await until(lambda: asyncio.sleep(0, len(answers) > before + 20))


async def test_a_restart_refuses_nobody(database_url: str, tmp_path: Path) -> None:
    """The socket is held by whoever starts the hub, as systemd does; who asks in between waits."""
    settings = {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(tmp_path / "data")}
    async with port_held() as (listener, port):
        first, second = (Unit("api", settings, tmp_path / "messages", listener) for _ in range(2))
        async with ended(first, second):
            await first.start()
            assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), "no piece of an answer waits"
            async with asked_all_the_time(port) as answers:
                await heard_more(answers)
                await first.stop()
                await second.start()
                await heard_more(answers)
            assert set(answers) == {200}


async def test_all_processes_are_replaced_one_after_the_other_and_nobody_notices(
    database_url: str, tmp_path: Path
) -> None:
    """Not one request fails, and no run of the sync is cut off."""
    async with running_estate(size=100, pace=20, seed=4) as estate, port_held() as (listener, port):
        settings = environment(estate.secrets) | {
            "HUB_DATABASE_URL": database_url,
            "HUB_DATA_DIR": str(tmp_path / "data"),
            "HUB_AGENCIES_DIR": str(hurried_agencies(tmp_path / "agencies")),
            "HUB_AGENCY_ADDRESSES": json.dumps(estate.addresses),
        }
        apis = [Unit("api", settings, tmp_path / f"messages-api-{number}", listener) for number in range(2)]
        clock, worker, another = others = [
            Unit(command, settings, tmp_path / f"messages-{number}")
            for number, command in enumerate(("clock", "worker", "worker"))
        ]
        connection = await asyncpg.connect(database_url)

        async def runs() -> int:
            return int(await connection.fetchval("SELECT count(*) FROM run WHERE finished_at IS NOT NULL"))

        async with ended(*apis, *others):
            await asyncio.gather(*(unit.start() for unit in (*apis, *others)))
            async with asked_all_the_time(port) as answers:
                for units in ([apis[0]], [apis[1]], [clock, worker], [another]):
                    before = await runs()
                    await heard_more(answers)
                    await asyncio.gather(*(unit.stop() for unit in units))
                    await heard_more(answers)
                    await asyncio.gather(*(unit.start() for unit in units))

                    async def more(before: int = before) -> bool:
                        return await runs() > before

                    await until(more)
            assert set(answers) == {200}
            await asyncio.gather(*(unit.stop() for unit in others))
            outcomes = await connection.fetch("SELECT DISTINCT outcome FROM run")
            assert {row["outcome"] for row in outcomes} <= {"ok", "gave_way"}
        await connection.close()


async def test_a_proxy_is_told_before_the_port_closes(database_url: str, tmp_path: Path) -> None:
    """Where nobody holds the socket, a proxy that asks /readyz sends others elsewhere in time."""
    hub = HubProcess(
        database_url,
        data_dir=tmp_path / "data",
        agencies_dir=ROOT / "config" / "agencies",
        command="api",
        settings={"HUB_LEAVE_SECONDS": "300"},
    )
    async with ended(hub), httpx.AsyncClient(base_url=hub.url) as client:
        await hub.start()
        hub.send(signal.SIGTERM)

        async def is_leaving() -> bool:
            return (await client.get("/readyz")).status_code == 503

        await until(is_leaving)
        answer = await client.get("/healthz")
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
