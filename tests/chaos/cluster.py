"""A PostgreSQL of the chaos tests' own, which may be killed, stopped in mid-write, and run out of disk."""

import asyncio
import resource
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil

from hub.embedded import EmbeddedPostgres

# What stands for a full disk: no file may grow beyond the length of a WAL segment, so that tables cannot take more
# rows, and the WAL, whose segments have that length, still can.
_FULL = 16 * 2**20
_PADDING = "so-day-dia"


class Cluster:
    """An embedded server, and the processes that are it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = EmbeddedPostgres(folder, owner=True)
        self.url = ""

    def start(self) -> None:
        self.url = self._server.start()

    def stop(self) -> None:
        self._server.stop()

    async def kill(self) -> None:
        """SIGKILL to all of it at once, as when the power fails."""
        processes = list(self._processes())
        for process in processes:
            process.kill()
        await self._gone(processes)

    async def stop_immediately(self) -> None:
        """As `pg_ctl stop -m immediate`: no checkpoint, no goodbye."""
        await self._end(signal.SIGQUIT)

    async def stop_properly(self) -> None:
        """As `pg_ctl stop -m fast`."""
        await self._end(signal.SIGINT)

    async def _end(self, number: signal.Signals) -> None:
        processes = list(self._processes())
        processes[0].send_signal(number)
        await self._gone(processes)

    async def start_again(self, *, full: bool = False) -> None:
        """`full`: on a disk that has no room left."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        # The server inherits it.
        resource.setrlimit(resource.RLIMIT_FSIZE, (_FULL if full else soft, hard))
        try:
            await asyncio.to_thread(EmbeddedPostgres(self._folder, owner=False).start)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    async def pad(self) -> None:
        """Fill the tables up to where a full disk stops them."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(
                """INSERT INTO inbox (agency, webhook_id, body_digest, body, state, correlation_id)
                   SELECT $1, n::text, ''::bytea, decode(repeat(md5(n::text), 30), 'hex'), 'ignored', ''
                     FROM generate_series(1, 36000) AS n""",
                _PADDING,
            )
        finally:
            await connection.close()

    def _processes(self) -> Iterator[psutil.Process]:
        """The server's first process, and then all others."""
        # It may end by itself meanwhile.
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(int((self._folder / "postmaster.pid").read_text().split()[0]))
            yield first
            yield from first.children(recursive=True)

    async def _gone(self, processes: list[psutil.Process]) -> None:
        await asyncio.to_thread(psutil.wait_procs, processes, timeout=30)
