"""Thirty agencies on loopback that can be asked for one dossier each: some answer, some do everything but."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import orjson

from adapters import Client
from contracts.agency import AgencySpec
from hub.db import Database
from hub.gate import DatabaseGate
from hub.registry import Registry
from tests.adapters.servers import Told, read_request, talking
from tests.parts import NamedSecrets, built, pushing_spec

#: answers | knows none | fails | answers nonsense | never answers | a byte now and then
Manner: TypeAlias = Literal["well", "none", "error", "nonsense", "hang", "drip"]

#: Those that say nothing for as long as somebody would wait.
ENDLESS: frozenset[Manner] = frozenset({"hang", "drip"})


@dataclass
class Agency:
    """One agency's server: how it behaves, and how often it was asked for which code."""

    name: str
    manner: Manner = "well"
    #: The status word it tells, and when it says that came about.
    status: str = "XONG"
    changed_at: str = "2026-11-24T08:00:00+07:00"
    asked: Counter[str] = field(default_factory=Counter)
    #: While it is not set, the agency hangs; from then on it answers well, those who wait included.
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await read_request(reader):
            code = asked.path.rsplit("/", 1)[-1]
            self.asked[code] += 1
            answer = Told(orjson.dumps({"ma": code, "trangThai": self.status, "luc": self.changed_at}))
            match self.manner:
                case "none":
                    answer = Told("{}")
                case "error":
                    answer = Told("broken", status=500)
                case "nonsense":
                    answer = Told("<html>…")
                case "hang":
                    await self.released.wait()
                case "drip":
                    for byte in answer.encoded():
                        writer.write(bytes([byte]))
                        await writer.drain()
                        if not self.released.is_set():
                            await asyncio.sleep(0.2)
                    continue
            writer.write(answer.encoded())
            await writer.drain()


def spec_of(agency: str, address: str, **system: Any) -> AgencySpec:
    number = int(agency.rsplit("-", 1)[-1])
    limits = {"attempts": 1, "total_seconds": 60, "read_seconds": 60}
    return pushing_spec(
        agency,
        identifier=f"H21.{number:02d}",
        webhook=None,
        system={"kind": "rest", "address": address, "private": True, "limits": limits} | system,
        operations={"lookup": {"request": {"path": "/ho-so/{code}"}, "answer": {"absent_when": "!ma"}}},
        mapping={
            "code": "ma",
            "occurred_at": {"path": "luc", "convert": "date", "formats": ["iso"]},
            "facts": {"status": "trangThai"},
        },
    )


def code_of(agency: str, number: int = 1) -> str:
    return f"H21.{int(agency.rsplit('-', 1)[-1]):02d}-261123-{number:04d}"


@asynccontextmanager
async def connected(database: Database, agencies: Iterable[Agency], **system: Any) -> AsyncIterator[Registry]:
    """A registry over the agencies, through a gate as a process of the hub has it."""
    async with AsyncExitStack() as stack:
        specs: dict[str, AgencySpec] = {}
        for each in agencies:
            specs[each.name] = spec_of(each.name, await stack.enter_async_context(talking(each.talk)), **system)
            stack.callback(each.released.set)
        gate = await stack.enter_async_context(DatabaseGate(database))
        client = await stack.enter_async_context(Client(None, gate))
        yield built(specs.values(), client, NamedSecrets())
