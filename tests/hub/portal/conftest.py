"""The portal over made-up dossiers: no database, but a real app, and a real socket where asked for."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from typing import cast

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from contracts.codes import code_key
from contracts.dossier import Dossier
from contracts.ownership import FullDossier
from contracts.status import DossierStatus
from hub import problems
from hub.access.keys import ApiKeys
from hub.db import Database
from hub.limits.addresses import Addresses
from hub.limits.admission import Admission
from hub.ownership.full import NotProved, TooManyTries
from hub.portal.look import STYLE
from hub.portal.page import VIETNAM
from hub.portal.routes import router
from hub.request_log import RequestLog
from hub.security_headers import SecurityHeaders
from hub.vault import Vault
from tests.hub.portal.samples import PLEIKU, in_full, make_dossier


@pytest.fixture
def known() -> list[Dossier]:
    """What the index holds: one dossier of each kind a page can show, and two that share a code."""
    now = datetime.now(VIETNAM)
    started = (DossierStatus.NEW, DossierStatus.RECEIVED)
    running = (*started, DossierStatus.PROCESSING)
    return [
        make_dossier(*running),
        make_dossier(*running, DossierStatus.SUPPLEMENT, code="H21.09-261120-0005"),
        make_dossier(
            *running,
            code="H21.09-261102-0006",
            received_at=now - timedelta(days=22),
            due_at=now - timedelta(days=3),
        ),
        make_dossier(
            *running,
            code="H21.09-261120-0007",
            stale=True,
            stale_reason="agency_failing",
            checked_at=now - timedelta(hours=5),
        ),
        make_dossier(*running, DossierStatus.DONE, code="H21.09-261120-0008", finished_at=now),
        make_dossier(*started, code="H21.20-261120-0009", agency=PLEIKU),
        make_dossier(*running, DossierStatus.PAYMENT, code="H21.20-261120-0009"),
        make_dossier(code="H21.09-261120-0010", status=None, due_at=None, timeline=[]),
        make_dossier(code="03706/2026/07906"),
    ]


@pytest.fixture
def unlimited(vault: Vault) -> Admission:
    """Lets everybody in; without a database, which it needs for keys and for sharing alone."""
    nowhere = cast(Database, None)
    everywhere = (IPv4Network("0.0.0.0/0"),)
    return Admission(Addresses(nowhere, vault, everywhere), ApiKeys(nowhere))


@pytest.fixture
def app(known: list[Dossier], unlimited: Admission) -> FastAPI:
    async def find(code: str) -> list[Dossier]:
        if code_key(code) == "BR0KEN":
            raise ConnectionError("the database is away")
        return [dossier for dossier in known if code_key(dossier.code) == code_key(code)]

    async def prove(code: str, digits: str, *, agency: str | None) -> list[FullDossier]:
        if digits == "000000":
            raise TooManyTries(130)
        mine = [dossier for dossier in await find(code) if agency in (None, dossier.agency.id)]
        if digits != "482913" or not mine:
            raise NotProved
        return [in_full(dossier) for dossier in mine]

    app = FastAPI(docs_url=None, redoc_url=None)
    problems.install(app)
    app.include_router(router(find, prove, unlimited))
    app.add_middleware(GZipMiddleware, minimum_size=500)
    app.add_middleware(RequestLog)
    app.add_middleware(SecurityHeaders, styles=[STYLE])
    return app


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """The app on a real socket, in a thread of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=asyncio.run, args=(server.serve(),), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
