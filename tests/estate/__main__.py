"""`python -m tests.estate`: the three systems and their control, each on a port of its own, until told to stop."""

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from tests.estate import asmx, control, khdt, pleiku
from tests.estate.control import Pace
from tests.estate.faults import Faults
from tests.estate.journal import open_world
from tests.estate.pusher import Pusher
from tests.estate.world import Agency

SECRETS = ("so-tnmt-khoa", "so-khdt-tai-khoan", "so-khdt-mat-khau", "ubnd-pleiku-khoa", "ubnd-pleiku-webhook")


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Four servers in one process: they are stopped together, below.
        yield


def main() -> None:
    arguments = _arguments()
    secrets = {name: os.environ.get("HUB_SECRET_" + name.upper().replace("-", "_"), "") for name in SECRETS}
    if missing := [name for name, value in secrets.items() if not value]:
        sys.exit(f"estate: there is no secret {missing[0]!r}: set HUB_SECRET_{missing[0].upper().replace('-', '_')}")
    names = ("control", "so-tnmt", "so-khdt", "ubnd-pleiku")
    base = arguments.port_base
    listeners = {name: _listen(base + place if base else 0) for place, name in enumerate(names)}
    asyncio.run(_serve(arguments, secrets, listeners))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.estate", description=__doc__)
    parser.add_argument("--port-base", type=int, default=8100, help="control here, the systems after it; 0: free ports")
    parser.add_argument("--size", type=int, default=3000, help="dossiers per agency at the first start")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--journal", type=Path, help="where to remember what happened; without it, nowhere")
    parser.add_argument("--pace", type=float, default=2.0, help="mean seconds between changes per agency; 0: none")
    parser.add_argument("--hub", help="where Pleiku pushes; without it, nowhere")
    parser.add_argument("--latest-seconds", type=float, default=20.0, help="how late a webhook may be sent")
    parser.add_argument("--token-seconds", type=float, default=60.0)
    parser.add_argument("--stdin-guard", action="store_true", help="stop when standard input closes")
    return parser.parse_args()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        sys.exit(f"estate: port {port} is taken by another program; choose another --port-base")
    return listener


async def _serve(
    arguments: argparse.Namespace, secrets: Mapping[str, str], listeners: Mapping[str, socket.socket]
) -> None:
    world = open_world(arguments.journal, arguments.seed, arguments.size)
    systems: dict[str, ASGIApp] = {
        "so-tnmt": asmx.app(world["so-tnmt"], secrets["so-tnmt-khoa"]),
        "so-khdt": khdt.app(
            world["so-khdt"], secrets["so-khdt-tai-khoan"], secrets["so-khdt-mat-khau"], arguments.token_seconds
        ),
        "ubnd-pleiku": pleiku.app(world["ubnd-pleiku"], secrets["ubnd-pleiku-khoa"]),
    }
    faults = {name: Faults(system) for name, system in systems.items()}
    pusher = None
    if arguments.hub:
        secret, latest = secrets["ubnd-pleiku-webhook"], arguments.latest_seconds
        pusher = Pusher(arguments.hub, secret, arguments.seed, latest_seconds=latest)
        world["ubnd-pleiku"].listeners.append(pusher.push)
    pace = Pace(arguments.pace)
    apps: dict[str, ASGIApp] = {"control": control.app(world, faults, pusher, pace), **faults}

    servers = {
        name: _Server(
            uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        )
        for name, app in apps.items()
    }
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    if arguments.stdin_guard:
        # Closed by the kernel when whoever started us dies, even by SIGKILL.
        loop.add_reader(sys.stdin.fileno(), stopping.set)

    serving = [asyncio.create_task(server.serve(sockets=[listeners[name]])) for name, server in servers.items()]
    moving = [asyncio.create_task(_live(agency, pace)) for agency in world.values()]
    while not all(server.started for server in servers.values()):
        await asyncio.sleep(0.01)
    addresses = {name: f"http://127.0.0.1:{listener.getsockname()[1]}" for name, listener in listeners.items()}
    codes = {name: _sample(agency) for name, agency in world.items()}
    print(json.dumps({"ready": True, "addresses": addresses, "sample_codes": codes}), flush=True)

    await stopping.wait()
    for task in moving:
        task.cancel()
    for server in servers.values():
        server.should_exit = True
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*serving, *moving, return_exceptions=True)
    if pusher:
        await pusher.aclose()


async def _live(agency: Agency, pace: Pace) -> None:
    chance = random.Random()
    while True:
        if pace.seconds <= 0:
            await asyncio.sleep(0.1)
            continue
        await asyncio.sleep(chance.expovariate(1 / pace.seconds))
        agency.move()


def _sample(agency: Agency) -> str:
    """The dossier with the longest story among those being processed, and in time: something to look at."""
    now = datetime.now(UTC)
    return max(
        agency.cases.values(), key=lambda case: (case.last.status == "4", case.due_at > now, len(case.steps), case.code)
    ).code


if __name__ == "__main__":
    main()
