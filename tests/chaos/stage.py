"""The stage of the chaos tests: a database, the estate behind links that can fail, and the hub's processes."""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tests.chaos.auditor import AGENCIES, until_equal
from tests.chaos.cluster import Cluster
from tests.chaos.proxy import Proxy, proxied
from tests.estate.client import Estate, running_estate
from tests.running import HubProcess, free_port, hurried_agencies

#: What a worker's job stays its own for when it is dead: so long that one on a busy machine is not taken for it.
LEASE_SECONDS = 5

#: Until all that the agencies have is in the index for the first time.
_BEGIN_SECONDS = 600

_RESTART_SECONDS = 2

#: Besides the pulls, so that every kind of work is met by the faults; seconds.
_ALSO = {"reconcile": 15, "watch": 5}


@dataclass(frozen=True)
class Stage:
    cluster: Cluster
    estate: Estate
    links: Mapping[str, Proxy]
    api: HubProcess
    clocks: list[HubProcess]
    workers: list[HubProcess]

    @property
    def processes(self) -> list[HubProcess]:
        return [self.api, *self.clocks, *self.workers]

    @asynccontextmanager
    async def kept_running(self) -> AsyncIterator[None]:
        """Within the block what was killed or has ended is started again, as systemd does it: a part that finds no
        database at its start ends, and that may be any time after the faults."""
        ended = asyncio.Event()

        async def keep() -> None:
            while not ended.is_set():
                await asyncio.gather(*(each.start(wait=False) for each in self.processes if not each.runs))
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), _RESTART_SECONDS)

        keeping = asyncio.create_task(keep())
        try:
            yield
        finally:
            ended.set()
            await keeping

    async def until_equal(self, *, seconds: float) -> None:
        """Wait until the index is equal to the estate, all parts running."""
        async with self.kept_running():
            await until_equal(self.estate, self.cluster.url, seconds=seconds)


@asynccontextmanager
async def staged(*, workers: int, seed: int, size: int = 300) -> AsyncIterator[Stage]:
    """All of it, running."""
    async with AsyncExitStack() as stack:
        # Not under the user's own folders: as root the server is another user.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-chaos-")))
        cluster = Cluster(folder / "postgres")
        await asyncio.to_thread(cluster.start)
        stack.callback(cluster.stop)
        port = free_port()
        estate = await stack.enter_async_context(
            running_estate(size=size, pace=0, hub=f"http://127.0.0.1:{port}", seed=seed % 1000, latest_seconds=3)
        )
        links = {id: await stack.enter_async_context(proxied(estate.addresses[id])) for id in AGENCIES}
        api = HubProcess(
            cluster.url,
            data_dir=folder / "data",
            agencies_dir=hurried_agencies(folder / "agencies", also=_ALSO),
            port=port,
            addresses={id: address for id, (address, _) in links.items()},
            secrets=estate.secrets,
            command="api",
            lease_seconds=LEASE_SECONDS,
        )
        chance = random.Random(seed)

        def part(command: str) -> HubProcess:
            """On a machine of its own, whose clock may jump by its own time, to either side."""
            ahead = chance.choice((-1, 1)) * chance.uniform(60, 7200)
            return replace(api, command=command, program=("-m", "tests.chaos.skewed", str(ahead)))

        api = part("api")
        stage = Stage(
            cluster,
            estate,
            {id: proxy for id, (_, proxy) in links.items()},
            api,
            [part("clock") for _ in range(2)],
            [part("worker") for _ in range(workers)],
        )
        for process in stage.processes:
            stack.push_async_callback(process.kill)
        await api.start()
        await cluster.pad()
        await stage.until_equal(seconds=_BEGIN_SECONDS)
        yield stage


def some(chance: random.Random, processes: list[HubProcess]) -> list[HubProcess]:
    """One of them, or more."""
    return chance.sample(processes, chance.randint(1, len(processes)))
