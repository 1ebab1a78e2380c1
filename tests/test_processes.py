"""The hub as several processes: API, clocks and workers of one database; killed, restarted, replaced."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from tests.estate.client import running_estate
from tests.running import ROOT, HubProcess, free_port, hurried_agencies

SECONDS = 90


async def until(holds: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(SECONDS):
        while not (result := await holds()):
            await asyncio.sleep(0.1)
    return result


@asynccontextmanager
async def ended(*processes: HubProcess) -> AsyncIterator[None]:
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


async def test_a_restart_refuses_nobody(database_url: str, tmp_path: Path) -> None:
    """The socket is held by whoever starts the hub, as systemd does; who asks in between waits."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        port = listener.getsockname()[1]
        environment = os.environ | {
            "HUB_DATABASE_URL": database_url,
            "HUB_DATA_DIR": str(tmp_path / "data"),
            "HUB_AGENCIES_DIR": str(hurried_agencies(tmp_path / "agencies")),
        }

        async def start() -> asyncio.subprocess.Process:
            script = f'exec 3<&{listener.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" -m hub api'
            return await asyncio.create_subprocess_exec(
                *("bash", "-c", script, sys.executable),
                cwd=ROOT,
                env=environment,
                pass_fds=[listener.fileno()],
                stderr=subprocess.DEVNULL,
            )

        answers: list[int] = []
        restarted = asyncio.Event()

        async def ask() -> None:
            async with httpx.AsyncClient(timeout=SECONDS, headers={"connection": "close"}) as client:
                while not restarted.is_set() or len(answers) < 50:
                    answers.append((await client.get(f"http://127.0.0.1:{port}/healthz")).status_code)

        first = await start()
        try:
            asking = [asyncio.create_task(ask()) for _ in range(4)]
            await until(lambda: asyncio.sleep(0, len(answers) > 20))
            first.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(first.wait(), SECONDS) == 0
            second = await start()
            try:
                heard = len(answers)
                await until(lambda: asyncio.sleep(0, len(answers) > heard + 20))
                restarted.set()
                await asyncio.gather(*asking)
            finally:
                second.kill()
                await second.wait()
        finally:
            if first.returncode is None:
                first.kill()
        assert set(answers) == {200}
