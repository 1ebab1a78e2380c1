"""The composition root: wires the parts together, makes the app, and runs API, clock and worker in one process."""

import asyncio
import gc
import json
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeAlias

import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from adapters import Client, Messenger, build_adapter
from config.load import ConfigError
from config.secrets import SecretStore, digest_key_file, seal_key_file
from config.settings import Settings
from contracts.adapter import Capability, Window
from contracts.agency import AgencySpec
from hub import admin, apidocs, health, problems, systemd
from hub.access.keys import ApiKeys
from hub.access.people import People
from hub.access.provider import Provider
from hub.access.sign_in import SignIn
from hub.admin import agencies_api, alerts_api, calls_api, drafts_api, keys_api, people_api, secrets_api, specs_api
from hub.alerts.recipients import Recipients
from hub.alerts.watch import AlertWatch
from hub.bodies import BodyLimit
from hub.calls.recorder import DatabaseCallRecorder
from hub.calls.search import Calls
from hub.connections import HubProtocol
from hub.db import Database
from hub.developers import look as developers_look
from hub.developers import routes as developer_pages
from hub.developers.calls import Door
from hub.developers.sessions import Sessions
from hub.documents.documents import Documents
from hub.etags import ETags
from hub.feed import keeping
from hub.feed import routes as feed_routes
from hub.feed.feed import Feed
from hub.gate import DatabaseGate
from hub.index import history_routes, list_routes, people_routes, statistics_routes
from hub.index import routes as index_routes
from hub.index.answers import Answers
from hub.index.by_code import ByCode
from hub.index.lists import Lists
from hub.installation import check_keys
from hub.intake import delivery_routes
from hub.intake import routes as intake_routes
from hub.intake.deliveries import Deliveries
from hub.intake.inbox import Inbox
from hub.intake.push import Floods, Push, Pushes
from hub.intake.refusals import Refusals, tries
from hub.limits.addresses import Addresses
from hub.limits.admission import Admission
from hub.limits.debts import Debts
from hub.live.fresh import Fresh
from hub.live.looks import Looks
from hub.mail.channel import MailChannel, Server
from hub.migrations.run import migrate_as_owner
from hub.outbox.channel import Channel
from hub.outbox.store import Outbox
from hub.ownership import routes as ownership_routes
from hub.ownership.attempts import Attempts
from hub.ownership.full import Ownership
from hub.portal import look
from hub.portal import routes as portal_routes
from hub.proxies import BehindProxies
from hub.registry import Registry
from hub.request_log import RequestLog
from hub.sandbox import api as sandbox_api
from hub.sandbox.sandbox import Sandbox, open_sandbox
from hub.secrets.keeping import HubSecrets
from hub.security_headers import SecurityHeaders
from hub.shedding import Load, Shedding, watch
from hub.specs.canary import Canary
from hub.specs.drafts import Drafts
from hub.specs.files import adopt, read
from hub.specs.follower import Follower
from hub.specs.parts import SpecParts
from hub.specs.shadow import Shadows
from hub.specs.specs import Specs
from hub.subscriptions import routes as subscription_routes
from hub.subscriptions.channel import WebhookChannel
from hub.subscriptions.deliveries import DeliveryLog
from hub.subscriptions.fan_out import FanOut
from hub.subscriptions.owners import teller
from hub.subscriptions.subscriptions import SubscriptionStore
from hub.vault import Vault
from hub.watch.opens import Opens
from sync_jobs.clock import Clock
from sync_jobs.courier import Courier
from sync_jobs.engine import Worker
from sync_jobs.rehearsal import Rehearsed, rehearse

log = structlog.get_logger()

#: What a process publishes of the agencies' files.
Files: TypeAlias = Literal["new", "first", "none"]

_FLUSH_SECONDS = 5
#: A connection that nobody asks on is closed by the server after five seconds.
_DRAIN_SECONDS = 7
_LET_IN_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Hub:
    """The parts of a running hub that more than one of its doors needs."""

    settings: Settings
    database: Database
    vault: Vault
    registry: Registry
    specs: SpecParts
    secrets: HubSecrets
    documents: Documents
    drafts: Drafts
    inbox: Inbox
    refusals: Refusals
    tries: Debts
    answers: Answers
    fresh: Fresh
    lists: Lists
    opens: Opens
    feed: Feed
    ownership: Ownership
    addresses: Addresses
    admission: Admission
    keys: ApiKeys
    sign_in: SignIn
    #: None where all have passwords.
    provider: Provider | None
    subscriptions: SubscriptionStore
    webhooks: WebhookChannel
    recipients: Recipients
    #: None where developers may not make test agencies.
    sandbox: Sandbox | None = None
    #: Set once it has been told to stop.
    leaving: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def open_hub(
    settings: Settings, database_url: str, *, owner_url: str | None = None, files: Files = "new"
) -> AsyncIterator[Hub]:
    """A hub on a database of the newest schema, closed when the block ends. `owner_url`: the same database for the role
    that owns its tables, where that is another. `files`: whether what is new in the agencies' files is published, or
    all of them where the hub was never started (`first`), or nothing.

    Raises ConfigError for a wrong agency file, WrongKeys for a database of another hub, DatabaseFailed when
    there is none.
    """
    vault = Vault(
        seal_keys=settings.seal_keys.get_secret_value() if settings.seal_keys else seal_key_file(settings.data_dir),
        digest_key=settings.digest_key.get_secret_value()
        if settings.digest_key
        else digest_key_file(settings.data_dir),
    )
    texts = {} if files == "none" else read(settings.agencies_dir, settings.agency_addresses)
    owner_url = owner_url or database_url
    await migrate_as_owner(database_url, owner_url)
    database = await Database.open(database_url)
    try:
        await check_keys(database, vault)
        await keeping.check_restored(database)
        async with AsyncExitStack() as parts:
            gate = await parts.enter_async_context(DatabaseGate(database))
            client = await parts.enter_async_context(Client(DatabaseCallRecorder(database, vault), gate))
            secrets = HubSecrets(database, vault, SecretStore(settings.data_dir))
            await secrets.look()
            documents = Documents(database, settings.documents_dir, settings.data_dir / "documents")
            specs = Specs(database, secrets, documents)
            if files == "first" and await specs.at_work():
                texts = {}
            for agency in await adopt(database, texts):
                log.warning("specs.file_differs", agency=agency, hint="hub agencies diff")
            registry = Registry({}, {})
            build_with = partial(build_adapter, secrets=secrets, documents=documents.folder)
            build = partial(build_with, client=client)
            follower = Follower(database, registry, build, documents, settings.agency_addresses)
            await follower.catch_up()
            if nobody := [each for each in settings.agency_addresses if registry.spec(each) is None]:
                raise ConfigError(f"HUB_AGENCY_ADDRESSES names {nobody[0]!r}, which is no agency")
            opens = Opens()
            answers = Answers(database, registry, vault, shown=opens.note)
            messenger = await parts.enter_async_context(Messenger(settings.endpoint_networks))
            plain_http = bool(settings.endpoint_networks)
            looks = await parts.enter_async_context(Looks(database, registry, vault))
            keys = ApiKeys(database)
            addresses = Addresses(database, vault, settings.unlimited_networks)
            try:
                # The provider is no agency: calls to it are neither budgeted nor kept.
                provider = Provider.of(settings, secrets, await parts.enter_async_context(Client()))
            except ValueError as error:
                raise ConfigError(str(error)) from None
            sandbox = None
            if settings.sandbox:
                sandbox = await parts.enter_async_context(
                    open_sandbox(database_url, owner_url, vault, client, settings.sandbox_dir, settings.documents_dir)
                )
            yield Hub(
                settings=settings,
                database=database,
                vault=vault,
                registry=registry,
                specs=SpecParts(
                    specs,
                    follower,
                    Canary(database, vault, specs, build),
                    Shadows(database, vault, specs, build_with),
                ),
                secrets=secrets,
                documents=documents,
                drafts=Drafts(database, vault, specs),
                inbox=Inbox(database, vault, registry),
                refusals=Refusals(vault),
                tries=tries(),
                answers=answers,
                fresh=Fresh(answers.find, looks, registry),
                lists=Lists(database, registry, vault),
                opens=opens,
                feed=Feed(database, registry, vault),
                ownership=Ownership(database, vault, Attempts(database, vault), answers.find),
                addresses=addresses,
                admission=Admission(addresses, keys),
                keys=keys,
                sign_in=SignIn(database, vault),
                provider=provider,
                subscriptions=SubscriptionStore(database, registry, vault, plain_http=plain_http),
                webhooks=WebhookChannel(messenger),
                recipients=Recipients(database, vault, plain_http=plain_http),
                sandbox=sandbox,
            )
    finally:
        await database.close()


def create_app(hub: Hub, load: Load) -> ASGIApp:
    """The HTTP side, and around it what every request goes through.

    These layers lie around the framework's own, which what is asked most never reaches. An answer by code is not
    compressed: it fits into what is sent at once anyway.
    """
    app: ASGIApp = ByCode(create_api(hub), hub.answers, hub.keys)
    app = Shedding(RequestLog(Pushes(app, _push(hub))), load)
    return SecurityHeaders(Floods(app, hub.tries), styles=[look.STYLE, admin.STYLE, developers_look.STYLE])


def create_api(hub: Hub) -> FastAPI:
    """API, look-up page, admin page, documentation, health and metrics."""
    app = FastAPI(
        title="Integration hub of Gia Lai province",
        version="1",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(problems.no_other_parameters)],
        # Ours is hub.telemetry. Left on, it looks in each request for somebody who listens.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        description="One index of all dossiers, whichever agency handles them.",
    )
    problems.install(app)
    people = People(hub.vault)
    app.include_router(list_routes.router(hub.lists, hub.keys, hub.fresh.at_most))
    app.include_router(people_routes.router(hub.lists, hub.keys, people, hub.vault))
    app.include_router(statistics_routes.router(hub.database, hub.keys))
    app.include_router(feed_routes.router(hub.feed, hub.keys))
    app.include_router(index_routes.router(hub.answers, hub.fresh.find, hub.admission))
    app.include_router(ownership_routes.router(hub.ownership, hub.admission, hub.keys, people))
    app.include_router(history_routes.router(hub.database, hub.vault, hub.answers, hub.admission, hub.keys))
    app.include_router(intake_routes.router(_push(hub)))
    deliveries = Deliveries(hub.database, hub.vault)
    app.include_router(delivery_routes.router(deliveries, hub.keys))
    app.include_router(
        subscription_routes.router(hub.subscriptions, DeliveryLog(hub.database, hub.vault), hub.webhooks, hub.keys)
    )
    app.include_router(health.router(hub.database, hub.registry, hub.leaving))
    app.include_router(portal_routes.router(hub.fresh.for_page, hub.ownership.prove, hub.admission))
    tools = _tools(hub)
    app.include_router(_console(hub, tools))
    app.include_router(agencies_api.router(hub.database, hub.registry, hub.keys, hub.specs))
    app.include_router(specs_api.router(hub.database, hub.vault, hub.keys, hub.specs, tools))
    app.include_router(drafts_api.router(hub.keys, hub.specs, hub.drafts, tools))
    app.include_router(secrets_api.router(hub.registry, hub.keys, hub.secrets))
    app.include_router(keys_api.router(hub.registry, hub.keys))
    app.include_router(calls_api.router(Calls(hub.database, hub.vault), hub.registry, hub.keys))
    app.include_router(people_api.router(hub.database, hub.registry, hub.keys, hub.sign_in))
    app.include_router(alerts_api.router(hub.database, hub.registry, hub.keys, hub.recipients))
    app.include_router(_developers(hub, deliveries))
    if hub.sandbox:
        app.mount(sandbox_api.PATH, sandbox_api.create_api(hub.sandbox))
    apidocs.install(app)
    # Each lies around those before it.
    app.add_middleware(BodyLimit)
    app.add_middleware(ETags)
    app.add_middleware(GZipMiddleware, minimum_size=500, compresslevel=5)
    return app


def api_document(hub: Hub) -> str:
    """The OpenAPI document as contracts/openapi.json holds it."""
    return json.dumps(create_api(hub).openapi(), indent=2, ensure_ascii=False) + "\n"


def _push(hub: Hub) -> Push:
    return Push(hub.inbox, hub.registry, hub.secrets, hub.refusals, hub.tries, previous=hub.secrets.previous)


def _tools(hub: Hub) -> admin.Tools:
    async def dry_run(spec: AgencySpec, window: Window) -> AsyncIterator[Rehearsed]:
        adapter = await asyncio.to_thread(hub.specs.follower.build, spec)
        if Capability.CHANGES not in adapter.capabilities:
            raise LookupError(f"{spec.id} does not list its changes")
        async for page in rehearse(hub.database, adapter, hub.vault, window):
            yield page

    return admin.Tools(hub.documents, hub.secrets, dry_run, hub.settings.agency_addresses)


def _console(hub: Hub, tools: admin.Tools) -> APIRouter:
    return admin.router(
        *(hub.database, hub.registry, hub.sign_in, hub.vault, hub.specs, hub.secrets, hub.keys, hub.recipients),
        hub.drafts,
        tools,
        hub.provider,
        hub.inbox,
        hub.subscriptions,
        hub.webhooks,
    )


def _developers(hub: Hub, deliveries: Deliveries) -> APIRouter:
    doors = [Door(hub.keys, deliveries, hub.registry, hub.secrets)]
    if sandbox := hub.sandbox:
        doors.append(Door(sandbox.keys, sandbox.deliveries, sandbox.registry, sandbox.secrets))
    return developer_pages.router(hub.sandbox, doors, Sessions(hub.vault))


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: it would raise the signal again before we have closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    hub: Hub, listener: socket.socket | None, *, ready: asyncio.Event, clock: bool = True, worker: bool = True
) -> None:
    """Answer on `listener`, tick and work, or only some of these, until SIGINT or SIGTERM; what is at hand is
    finished first."""
    parts: list[Clock | Worker | Courier] = []
    if clock:
        alerts = AlertWatch(hub.database, hub.registry, hub.vault)
        beside = [hub.specs.canary.look, hub.specs.shadows.look, hub.drafts.forget, alerts.look]
        parts.append(Clock(hub.database, hub.registry, beside))
    if worker:
        lease, years = hub.settings.worker_lease_seconds, hub.settings.archive_years
        at_work = Worker(
            *(hub.database, hub.registry, hub.vault, hub.inbox, hub.specs.follower.catch_up),
            lease_seconds=lease,
            archive_years=years,
        )
        hub.specs.follower.tell(at_work.specs_changed)
        parts.append(at_work)
        parts.append(courier(hub))
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with asyncio.TaskGroup() as tasks:
        for part in parts:
            tasks.create_task(part.run())
        if listener:
            tasks.create_task(_answer(hub, listener, stopping, ready))
        else:
            ready.set()
        following = [
            tasks.create_task(each) for each in (_announce(ready), hub.secrets.follow(), hub.specs.follower.follow())
        ]
        await stopping.wait()
        for task in following:
            task.cancel()
        systemd.notify("STOPPING=1")
        for part in parts:
            part.stop()
    log.info("hub.stopped")


def courier(hub: Hub) -> Courier:
    """What carries the hub's webhooks and mail."""
    settings = hub.settings
    server = None
    if settings.smtp_host:
        server = Server(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            sender=settings.mail_from,
            username=settings.smtp_username,
        )
    channels: dict[str, Channel] = {"webhook": hub.webhooks, "mail": MailChannel(server, hub.secrets, hub.vault)}
    tell = teller(hub.vault)
    fan_out = FanOut(hub.database, hub.registry, hub.vault, on_disabled=tell)
    spacing = {name: channel.spacing for name, channel in channels.items()}
    outbox = Outbox(hub.database, hub.vault, spacing=spacing, on_disabled=tell)
    return Courier(hub.database, fan_out, outbox, channels)


async def _announce(ready: asyncio.Event) -> None:
    await ready.wait()
    systemd.notify("READY=1")


def rehearsal(hub: Hub, agency: str, window: Window) -> AsyncIterator[Rehearsed]:
    """What a pull of the window would do. Raises LookupError for an agency that cannot be pulled."""
    adapter = hub.registry.adapter(agency)
    if adapter is None or Capability.CHANGES not in adapter.capabilities:
        raise LookupError(f"{agency} is not an enabled agency that lists its changes")
    return rehearse(hub.database, adapter, hub.vault, window)


async def _answer(hub: Hub, listener: socket.socket, stopping: asyncio.Event, ready: asyncio.Event) -> None:
    """Answer until `stopping`, and then to the end whoever has asked; connections that wait are the next process's."""
    load = Load()
    # Of a stream, each piece would wait without this until the caller has acknowledged the one before, which takes a
    # system 40 ms. Connections have it from the listener.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    proxies = [str(network) for network in hub.settings.trusted_proxies]
    app = BehindProxies(create_app(hub, load), proxies, certificates=hub.settings.client_certificates)
    config = uvicorn.Config(
        app,
        http=HubProtocol,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
        proxy_headers=False,
        interface="asgi3",
    )
    server = _Server(config)
    background = [asyncio.create_task(each) for each in (_flush(hub), hub.addresses.keep_sharing(), watch(load))]
    if hub.sandbox:
        background.append(asyncio.create_task(hub.sandbox.keep()))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    # What is there now stays: the collector need not go through it again, which takes a tenth of a second. What comes
    # mostly goes by itself: to look for it after each 700 objects takes a tenth of a delivery.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
    log.info("hub.started", port=listener.getsockname()[1])
    ready.set()
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
    hub.feed.stop()
    # uvicorn would cut off who has connected and is just asking. So take no more connections, have those there are end
    # with their next answer, and close what then is idle. Closing asyncio's server would cut off who was let in a
    # moment ago.
    hub.leaving.set()
    last_answer = (b"connection", b"close")
    server.server_state.default_headers.append(last_answer)
    server.config.encoded_headers.append(last_answer)  # From which those are made anew every second.
    await asyncio.wait((serving,), timeout=hub.settings.leave_seconds)
    loop = asyncio.get_running_loop()
    loop.remove_reader(listener)
    # Who was let in a moment ago is not among the connections yet.
    await asyncio.wait((serving,), timeout=_LET_IN_SECONDS)
    until = loop.time() + _DRAIN_SECONDS
    while server.server_state.connections and not serving.done() and loop.time() < until:
        await asyncio.sleep(0.05)
    server.should_exit = True
    await serving
    stopping.set()
    for task in background:
        task.cancel()
    await _flush_once(hub)


async def _flush(hub: Hub) -> None:
    while True:
        await asyncio.sleep(_FLUSH_SECONDS)
        await _flush_once(hub)


async def _flush_once(hub: Hub) -> None:
    for name, flush in (("refusals", hub.refusals.flush), ("opens", hub.opens.flush)):
        try:
            await flush(hub.database)
        except Exception:
            log.exception("hub.not_flushed", what=name)
