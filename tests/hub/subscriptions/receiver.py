"""A subscriber's endpoint on a real socket: verifies what comes by the published library, and answers as told."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

from tests.adapters.servers import Asked, Talk, Told, read_request, talking

OK = Told("", status=204)


@dataclass
class Receiver:
    """`answer`: what it says to a request. `talk`: what it does with a connection instead."""

    address: str = ""
    answer: Callable[[Asked], Told] = lambda _: OK
    talk: Talk | None = None
    #: Verified ones only are taken in.
    secret: str | None = None
    asked: list[Asked] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0

    @property
    def ids(self) -> list[str]:
        return [each.headers["webhook-id"] for each in self.asked]

    async def told(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.asked) < count:
                await asyncio.sleep(0.01)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.talk:
            await self.talk(reader, writer)
            return
        while asked := await read_request(reader):
            if self.secret:
                self.events.append(Webhook(self.secret).verify(asked.body, asked.headers))
            else:
                self.events.append(json.loads(asked.body))
            self.asked.append(asked)
            writer.write(self.answer(asked).encoded())
            await writer.drain()


@asynccontextmanager
async def receiving(**told: Any) -> AsyncIterator[Receiver]:
    receiver = Receiver(**told)
    async with talking(receiver.serve) as address:
        receiver.address = address
        yield receiver
