"""Finds out what a system offers, from its WSDL or OpenAPI document: fetched once, from a file, or stored."""

import asyncio
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from adapters.answers import unexplained
from adapters.calling.client import Client, Peer, RawAnswer, Request
from adapters.soap.documents import stored_name
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
    #: It and what it imports, by the names that the document store has them under, itself first.
    documents: Mapping[str, bytes]
    #: Whether they were put there; and what could not be fetched, and why.
    kept: bool = False
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


async def read_text(name: str, text: str) -> Introspection:
    """What a document describes that somebody has at hand, to be stored under that name.

    A WSDL must hold all that it needs. Raises ValueError for one that cannot be used.
    """
    content = text.encode()
    if not _is_xml(content):
        return Introspection(from_openapi(text), "", {name: content})
    with tempfile.TemporaryDirectory() as folder:
        _put({name: content}, Path(folder))
        return Introspection(await asyncio.to_thread(from_wsdl, name, Path(folder)), "", {name: content})


def _from_file(source: str, store: Path, keep: bool) -> Introspection:
    file = Path(source) if Path(source).is_file() else store / source
    if not file.is_file():
        raise ValueError(f"{source!r} is no http address, no file, and no document of the store {store}")
    content = file.read_bytes()
    if not _is_xml(content):
        return Introspection(from_openapi(content.decode("utf-8-sig")), "", {file.name: content})
    found = from_wsdl(file.name, file.parent)
    keep = keep and file.parent.resolve() != store.resolve()
    if keep:
        _put({file.name: content}, store)
    return Introspection(found, "", {file.name: content}, keep)


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
            found = from_openapi(content.decode("utf-8-sig", "replace"), address)
            return Introspection(found, origin, {stored_name(address): content})
        fetched = await fetch_documents(address, call=call, allowed=allowed)
    with tempfile.TemporaryDirectory() as folder:
        _put(fetched.documents, Path(folder))
        found = from_wsdl(fetched.name, Path(folder))
    if keep:
        _put(fetched.documents, store)
    return Introspection(found, origin, fetched.documents, keep, fetched.refused)


def _body(raw: RawAnswer) -> bytes:
    if raw.status >= 300:
        raise unexplained(raw.status)
    return raw.body


def _is_xml(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _put(documents: Mapping[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in documents.items():
        (folder / name).write_bytes(content)
