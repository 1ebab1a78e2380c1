"""Pushes Pleiku's changes as webhooks: until they are accepted, and sometimes late, twice, and out of order."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from tests.estate.pleiku import event_data
from tests.estate.world import Case

_LATE, _TWICE = 0.1, 0.1
_LONGEST_WAIT_SECONDS = 5.0
#: What says "not now" rather than "no".
_TRY_AGAIN = {408, 429}


class Pusher:
    """Delivers to one hub, any number at once; keeps what was accepted, what was refused, and what is under way."""

    def __init__(self, hub: str, secret: str, seed: int, *, latest_seconds: float) -> None:
        """`secret`: whsec_ and base64, shared with the hub. `latest_seconds`: how late what is late may be."""
        self.acknowledged: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self.pending: dict[str, dict[str, Any]] = {}
        self._url = hub.rstrip("/") + "/v1/webhooks/ubnd-pleiku"
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._chance = random.Random(seed)
        self._latest = latest_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._http = httpx.AsyncClient(timeout=10, trust_env=False)
        # A hub that was away must not be met by all that has gathered at once.
        self._lanes = asyncio.Semaphore(8)

    def push(self, case: Case) -> None:
        """A change happened: listener of world.Agency."""
        self.push_data(event_data(case), case.last.status)

    def push_data(self, data: dict[str, Any], status: str | None) -> str:
        """Deliver `data`, with this delivery's share of mischief. Returns its webhook-id."""
        id = f"msg_{uuid4().hex}"
        event = {"type": "dossier.updated", "timestamp": datetime.now(UTC).isoformat(), "data": data}
        body = json.dumps(event, ensure_ascii=False).encode()
        about = {"id": id, "code": data["code"], "revision": data["revision"], "status": status}
        self.pending[id] = about
        late = self._chance.uniform(1, self._latest) if self._chance.random() < _LATE else 0.0
        self._start(self._deliver(about, body, late))
        if self._chance.random() < _TWICE:
            self._start(self._deliver(about, body, late + self._chance.uniform(0, 2)))
        return id

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    def _start(self, delivery: Any) -> None:
        task = asyncio.create_task(delivery)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, about: dict[str, Any], body: bytes, delay: float) -> None:
        await asyncio.sleep(delay)
        wait = 0.2
        while True:
            status = await self._try(about["id"], body)
            if 200 <= status < 300:
                if self.pending.pop(about["id"], None):
                    self.acknowledged.append(about)
                return
            if 400 <= status < 500 and status not in _TRY_AGAIN:
                self.pending.pop(about["id"], None)
                self.refused.append(about | {"http": status})
                return
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)

    async def _try(self, id: str, body: bytes) -> int:
        """The answer's HTTP status; 0 for none."""
        async with self._lanes:
            return await self._post(id, body)

    async def _post(self, id: str, body: bytes) -> int:
        seconds = str(int(time.time()))
        digest = hmac.digest(self._key, f"{id}.{seconds}.".encode() + body, hashlib.sha256)
        headers = {
            "content-type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": seconds,
            "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        }
        try:
            return (await self._http.post(self._url, content=body, headers=headers)).status_code
        except httpx.TransportError:
            return 0
