"""Finds out what a system offers, from its WSDL or OpenAPI document: fetched once, from a file, or stored."""

import asyncio
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from adapters.answers import unexplained
from adapters.calling.client import Client, Peer, RawAnswer, Request
from adapters.soap.fetch import fetch_documents
from contracts.adapter import Priority
from contracts.system import Budget, Limits
from hub.studio.found import Found
from hub.studio.from_openapi import from_openapi
from hub.studio.from_wsdl import from_wsdl, split_address


@dataclass(frozen=True, slots=True)
class Introspection:
    found: Found
    #: Scheme, host and port that the document was fetched from; empty for a file.
    address: str
    #: What was put into the document store, by name; and what could not be fetched, and why.
    stored: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


async def introspect(
    source: str, *, store: Path, keep: bool = False, allowed: Collection[str] = (), private: bool = False
) -> Introspection:
    """What the document at `source` describes: an http(s) address, a file, or a name in the document `store`.

    `keep`: put it, and what it imports, into the store, which a spec needs of a WSDL. `allowed`: other hosts that
    imports may be fetched from. `private`: whether addresses of a private network may be called.
    Raises ValueError for a document that cannot be used, AgencyFailure where it cannot be had.
    """
    if urlsplit(source).scheme in ("http", "https"):
        return await _fetched(source, store, keep, allowed, private)
    return await asyncio.to_thread(_from_file, source, store, keep)


def _from_file(source: str, store: Path, keep: bool) -> Introspection:
    file = Path(source) if Path(source).is_file() else store / source
    if not file.is_file():
        raise ValueError(f"{source!r} is no http address, no file, and no document of the store {store}")
    content = file.read_bytes()
    if not _is_xml(content):
        return Introspection(from_openapi(content.decode("utf-8-sig")), "")
    found = from_wsdl(file.name, file.parent)
    kept = _put({file.name: content}, store) if keep and file.parent.resolve() != store.resolve() else ()
    return Introspection(found, "", kept)


async def _fetched(address: str, store: Path, keep: bool, allowed: Collection[str], private: bool) -> Introspection:
    origin, _ = split_address(address)
    async with Client() as client:
        peer = Peer("introspect", ZoneInfo("UTC"), Limits(), Budget(), private)

        async def call(place: str) -> bytes:
            return await client.call(
                peer,
                Request("GET", place),
                operation="introspect",
                understand=_body,
                priority=Priority.PERSON,
                repeatable=True,
            )

        content = await call(address)
        if not _is_xml(content):
            return Introspection(from_openapi(content.decode("utf-8-sig", "replace"), address), origin)
        fetched = await fetch_documents(address, call=call, allowed=allowed)
    with tempfile.TemporaryDirectory() as folder:
        _put(fetched.documents, Path(folder))
        found = from_wsdl(fetched.name, Path(folder))
    return Introspection(found, origin, _put(fetched.documents, store) if keep else (), fetched.refused)


def _body(raw: RawAnswer) -> bytes:
    if raw.status >= 300:
        raise unexplained(raw.status)
    return raw.body


def _is_xml(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _put(documents: dict[str, bytes], folder: Path) -> tuple[str, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in documents.items():
        (folder / name).write_bytes(content)
    return tuple(documents)
