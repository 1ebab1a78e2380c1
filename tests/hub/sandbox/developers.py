"""Who tries a sender on the sandbox of the hub under test."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx

from hub.sandbox.sandbox import TestAgency


class Developer:
    """Pushes to the hub under test, in the name of one test agency."""

    def __init__(self, client: httpx.AsyncClient, given: TestAgency) -> None:
        self.client, self.given = client, given

    async def push(self, id: str = "msg_1", *, signature: str | None = None, **data: Any) -> httpx.Response:
        body = json.dumps(
            {
                "type": "dossier.updated",
                "timestamp": "2026-11-26T08:00:00+07:00",
                "data": {"code": "H21.99-261126-0001", "occurred_at": "2026-11-25T08:00:00+07:00"} | data,
            },
            ensure_ascii=False,
        ).encode()
        stamp = str(int(time.time()))
        key = base64.b64decode(self.given.secret.removeprefix("whsec_"))
        digest = hmac.digest(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256)
        signed = signature or "v1," + base64.b64encode(digest).decode()
        headers = {"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": signed}
        return await self.client.post(f"/sandbox/v1/webhooks/{self.given.agency}", content=body, headers=headers)

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(f"/sandbox{path}", headers={"X-Api-Key": self.given.key})
