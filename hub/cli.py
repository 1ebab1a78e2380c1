"""The command `hub`: all of it or one part, and what operators need. What goes wrong is said in one sentence."""

import asyncio
import errno
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Annotated, TextIO

import typer
from prometheus_client import start_http_server

from config.settings import Settings
from hub import (
    accounts_cli,
    agencies_cli,
    alerts_cli,
    audit_cli,
    config_cli,
    inbox_cli,
    index_cli,
    keys_cli,
    log,
    mail_cli,
    main,
    quarantine_cli,
    secrets_cli,
    subscriptions_cli,
    sync_cli,
)
from hub.backup import backup, restore
from hub.conformance import commands as conformance
from hub.sample import SampleEstate, sample_estate
from hub.studio import commands as studio
from hub.systemd import inherited_listener
from hub.terminal import Stop, check_data_dir, database_urls, one_sentence

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The integration hub of Gia Lai province.")
app.add_typer(keys_cli.app, name="keys")
app.add_typer(studio.app, name="adapter")
app.add_typer(conformance.app, name="conform")
app.add_typer(sync_cli.app, name="sync")
app.add_typer(config_cli.app, name="config")
app.add_typer(index_cli.app, name="index")
app.add_typer(inbox_cli.app, name="inbox")
app.add_typer(quarantine_cli.app, name="quarantine")
app.add_typer(agencies_cli.app, name="agencies")
app.add_typer(secrets_cli.app, name="secrets")
app.add_typer(subscriptions_cli.app, name="subscriptions")
app.add_typer(mail_cli.app, name="mail")
app.add_typer(alerts_cli.app, name="alerts")
app.add_typer(audit_cli.app, name="audit")
app.add_typer(accounts_cli.app, name="accounts")

#: How long `run --sample` waits for the first sync before it says what to open all the same.
_FIRST_SYNC_SECONDS = 90


@app.command()
def run(
    sample: Annotated[bool, typer.Option("--sample", help="Beside it, the sample estate of agency systems.")] = False,
    size: Annotated[int, typer.Option(help="Dossiers per agency of the sample estate.")] = 3000,
) -> None:
    """Run the hub: API, pages, clock and worker, until Ctrl-C."""
    with one_sentence():
        settings = Settings()
        check_data_dir(settings.data_dir)
        with _listen(settings.host, settings.port) as listener, _log_stream(settings, sample) as stream:
            log.configure(settings.log_level, settings.log_format, stream)
            asyncio.run(_run(settings, listener, size if sample else None))


@app.command()
def api() -> None:
    """Answer requests, and nothing else. Takes the socket that systemd hands over, where it does."""
    with one_sentence():
        settings = Settings()
        with inherited_listener() or _listen(settings.host, settings.port) as listener:
            _one_part(settings, listener)


@app.command()
def worker() -> None:
    """Do what is due, and nothing else. Any number of them share the work, on any number of machines."""
    with one_sentence():
        _one_part(Settings(), None, worker=True)


@app.command()
def clock() -> None:
    """Say what is due, and nothing else. One leads; another takes over when it ends."""
    with one_sentence():
        _one_part(Settings(), None, clock=True)


def _one_part(settings: Settings, listener: socket.socket | None, *, clock: bool = False, worker: bool = False) -> None:
    """Run one of the hub's parts beside others of the same database."""
    check_data_dir(settings.data_dir)
    log.configure(settings.log_level, settings.log_format)
    if listener is None and settings.metrics_port is not None:
        _show_metrics(settings.host, settings.metrics_port)

    async def work() -> None:
        async with database_urls(settings) as urls, main.open_hub(settings, urls.work, owner_url=urls.owner) as hub:
            await main.serve(hub, listener, ready=asyncio.Event(), clock=clock, worker=worker)

    asyncio.run(work())


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema, and do nothing else."""
    with one_sentence():
        settings = Settings()
        log.configure(settings.log_level, settings.log_format)

        async def work() -> None:
            async with database_urls(settings) as urls, main.open_hub(settings, urls.work, owner_url=urls.owner):
                pass

        asyncio.run(work())


@app.command()
def openapi() -> None:
    """Print the API's OpenAPI document, without a hub: contracts/openapi.json is that (`make contracts`)."""
    with one_sentence(), tempfile.TemporaryDirectory(prefix="hub-openapi-") as folder:
        # A database for a moment, so that nobody's is touched.
        settings = Settings(data_dir=Path(folder), database_url=None)
        log.configure("ERROR", settings.log_format)

        async def work() -> str:
            async with (
                database_urls(settings, own=True) as urls,
                main.open_hub(settings, urls.work, owner_url=urls.owner) as hub,
            ):
                return main.api_document(hub)

        print(asyncio.run(work()), end="")


@app.command("backup")
def make_backup(file: Annotated[Path, typer.Argument(help="Where to, such as hub.dump.")]) -> None:
    """Write the whole database to a file, while the hub goes on. Keys and secrets are kept apart from it."""
    with one_sentence():
        settings = Settings()

        async def work() -> int:
            async with database_urls(settings) as urls:
                return await asyncio.to_thread(backup, urls.owner, file)

        size = asyncio.run(work())
        print(f"{file}: {size / 2**20:.1f} MiB. It cannot be read without the keys; they are in none of it:")
        for name in ("keys", "secrets"):
            print(f"  {settings.data_dir / name}")


@app.command("restore")
def restore_backup(file: Annotated[Path, typer.Argument(help="What `hub backup` wrote.")]) -> None:
    """Fill an empty database with what is in a backup, and bring it to the newest schema."""
    with one_sentence():
        settings = Settings()
        log.configure("WARNING", settings.log_format)

        async def work() -> int:
            async with database_urls(settings) as urls:
                await asyncio.to_thread(restore, urls.owner, file)
                async with main.open_hub(settings, urls.work, owner_url=urls.owner) as hub:
                    return int(await hub.database.reads.fetchval("SELECT count(*) FROM dossier"))

        print(f"Restored: {asyncio.run(work())} dossiers, and the keys fit. The next runs read what has changed since.")


async def _run(settings: Settings, listener: socket.socket, sample_size: int | None) -> None:
    address = f"http://{settings.host}:{listener.getsockname()[1]}"
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(database_urls(settings, own=True))
        estate = None
        if sample_size is not None:
            estate = await stack.enter_async_context(sample_estate(settings.data_dir, address, sample_size))
            elsewhere = settings.agency_addresses | estate.addresses
            settings = settings.model_copy(update={"agency_addresses": elsewhere, "sandbox": True})
        hub = await stack.enter_async_context(main.open_hub(settings, urls.work, owner_url=urls.owner))
        ready = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            greeting = tasks.create_task(_greet(hub, address, estate, ready))
            await main.serve(hub, listener, ready=ready)
            greeting.cancel()


async def _greet(hub: main.Hub, address: str, estate: SampleEstate | None, ready: asyncio.Event) -> None:
    """Say what to open, once there is something to see."""
    await ready.wait()
    code = None
    if estate:
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_SYNC_SECONDS):
                code = await _first_found(hub, estate)
    password = await hub.sign_in.first_password()
    page = f"{address}/?code={code}" if code else f"{address}/"
    lines = [
        "",
        "The hub is running. Open:",
        f"  Look up a dossier   {page}",
        *([f"  The same as JSON    curl {address}/v1/dossiers/{code}"] if code else []),
        f"  API documentation   {address}/docs",
        f"  For developers      {address}/developers",
        f"  Admin               {address}/admin",
        *([f"                      one-time password {password}"] if password else []),
        "Stop it with Ctrl-C.",
        "",
    ]
    print("\n".join(lines), flush=True)


async def _first_found(hub: main.Hub, estate: SampleEstate) -> str:
    """A code of the estate that the hub already knows, once every agency was synced."""
    while True:
        found = [code for code in estate.codes.values() if await hub.answers.find(code)]
        if len(found) == len(estate.codes):
            return found[-1]
        await asyncio.sleep(0.2)


def _listen(host: str, port: int) -> socket.socket:
    """Taken before anything else is started, so that a taken port costs nothing."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Stop(f"port {port} is taken by another program; set HUB_PORT to a free one") from None
        raise Stop(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listener


def _show_metrics(host: str, port: int) -> None:
    """In a thread of its own, so that even a worker that is busy answers."""
    try:
        start_http_server(port, host)
    except OSError as error:
        raise Stop(f"cannot show metrics on {host}:{port}: {error.strerror}; set HUB_METRICS_PORT") from None


@contextmanager
def _log_stream(settings: Settings, sample: bool) -> Iterator[TextIO]:
    """Where log lines go: stderr; for the sample run a file, so that what to open stays in sight."""
    if not sample:
        yield sys.stderr
        return
    path = settings.data_dir / "hub.log"
    print(f"Starting the hub; its log goes to {path}", flush=True)
    with path.open("a") as stream:
        yield stream
