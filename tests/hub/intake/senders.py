"""An agency that pushes to the hub under test."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import func, select

from hub import problems
from hub.db import Database
from hub.intake.inbox import Inbox
from hub.intake.push import Floods, Push
from hub.intake.refusals import Refusals, tries
from hub.intake.routes import router
from hub.registry import Registry
from hub.vault import Vault
from tests.parts import NamedSecrets

CODE = "H21.20-261123-0001"
KEY = b"k" * 24
SECRET = "whsec_" + base64.b64encode(KEY).decode()
DATA: dict[str, Any] = {"code": CODE, "occurred_at": "2026-11-23T08:00:00+07:00", "status": "DANG_XU_LY"}
EVENT: dict[str, Any] = {"type": "dossier.updated", "timestamp": "2026-11-23T08:00:00+07:00", "data": DATA}


class Sender:
    """An agency pushing to the hub under test."""

    def __init__(self, client: httpx.AsyncClient, app: FastAPI) -> None:
        self.client, self.app = client, app

    async def post(self, event: Any = EVENT, id: str = "msg_1", *, to: str = "ubnd-pleiku") -> httpx.Response:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return await self.post_signed(body, self.sign(body, id), to=to)

    async def post_signed(self, body: bytes, headers: dict[str, str], *, to: str = "ubnd-pleiku") -> httpx.Response:
        return await self.client.post(f"/v1/webhooks/{to}", content=body, headers=headers)

    def sign(self, body: bytes, id: str = "msg_1", *, at: datetime | None = None) -> dict[str, str]:
        seconds = str(int((at or datetime.now(UTC)).timestamp()))
        digest = hmac.digest(KEY, f"{id}.{seconds}.".encode() + body, hashlib.sha256)
        signature = "v1," + base64.b64encode(digest).decode()
        return {"webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": signature}


@asynccontextmanager
async def sending(database: Database, vault: Vault, registry: Registry, refusals: Refusals) -> AsyncIterator[Sender]:
    """Pushing to an intake behind its route; every agency there has the same secret."""
    app = FastAPI()
    problems.install(app)
    secrets = NamedSecrets({name: SECRET for spec in registry if spec.webhook for name in spec.webhook.secrets})
    refused = tries()
    app.include_router(router(Push(Inbox(database, vault, registry), registry, secrets, refusals, refused)))
    app.add_middleware(Floods, tries=refused)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        yield Sender(client, app)


async def count(database: Database, table: Any) -> int:
    async with database.begin() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())
