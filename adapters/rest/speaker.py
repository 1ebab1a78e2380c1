"""REST: requests and answers in JSON, forms or plain XML, by the spec alone."""

import re
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from html import escape
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson

from adapters.answers import AnswerReader, unexplained
from adapters.auth.authority import Authority, authority
from adapters.auth.credentials import Credentials
from adapters.calling.client import RawAnswer, Request, Stream
from adapters.calling.line import Line
from adapters.formats.charsets import declared_charset
from adapters.formats.documents import parse_json, parse_text, parse_xml, xml_content
from adapters.formats.json_records import JsonRecords
from adapters.formats.records import RecordStream
from adapters.formats.xml import XmlRecords
from adapters.placeholders import Template, Values, about, is_personal
from adapters.rest.following import following
from adapters.speaker import Speak, Speaker
from contracts.adapter import Priority
from contracts.errors import AgencyFailure, Malformed, Rejected, Unauthorized
from contracts.operations import RestRequest, SoapRequest
from contracts.system import RestSystem

T = TypeVar("T")

#: Placeholders that may have no value; a path cannot do without it.
_NOT_IN_PATHS = {"since", "until", "revision", "cursor", "note"}

_PLACEHOLDER = re.compile(r"(\{[^{}]*\})")
_ACCEPT = {"json": "application/json", "xml": "application/xml, text/xml", "text": "text/plain"}
_PARSE: dict[str, Callable[[bytes, str], Any]] = {"json": parse_json, "xml": parse_xml, "text": parse_text}


def rest_speak(line: Line) -> Speak:
    """Makes the speakers of a REST system, which share its login. Raises ValueError where it cannot work."""
    assert isinstance(line.system, RestSystem), "build_adapter sees to it"
    who = authority(line, line.system.auth)

    def speak(name: str, request: RestRequest | SoapRequest, answer: AnswerReader, names: Collection[str]) -> Speaker:
        assert isinstance(request, RestRequest), "AgencySpec sees to it"
        return _RestSpeaker(line, name, request, answer, names, who)

    return speak


class _RestSpeaker:
    """One operation of a REST system."""

    def __init__(
        self,
        line: Line,
        name: str,
        request: RestRequest,
        answer: AnswerReader,
        names: Collection[str],
        who: Authority,
    ) -> None:
        self._line, self._name, self._answer, self._who = line, name, answer, who
        self._method, self._in_xml = request.method, request.xml_body is not None
        if not request.path.startswith("/"):
            raise ValueError(f"the path {request.path!r} of {name} does not begin with a slash")
        if "?" in request.path:
            # An address is logged, and a query may hold what must not be.
            raise ValueError(f"the path of {name} holds a query, which goes under `query`")
        if who.in_body and not isinstance(request.json_body, dict) and request.form_body is None:
            raise ValueError(f"credentials go in a JSON or form body, and {name} has none that takes them")
        in_address = Template([request.path, request.query], names=names, zone=line.zone).names
        if personal := sorted(filter(is_personal, in_address)):
            raise ValueError(f"{name} has {{{personal[0]}}} in its address, which servers log; it goes in a body")
        if any("each_file" in texts for texts in (request.query, request.headers, request.form_body or {})):
            raise ValueError(f"{name} has `each_file` among texts; a list goes in a `json_body`")
        in_path = set(names) - _NOT_IN_PATHS
        self._path = Template(request.path, names=in_path, zone=line.zone, in_path=True)
        parts = {
            "query": request.query,
            "headers": request.headers,
            "json": request.json_body,
            "form": request.form_body,
        }
        self._rest = Template(parts, names=names, zone=line.zone)
        # Text and placeholders in turn, so that these alone are escaped, and one without a value is merely empty.
        self._xml = Template(_PLACEHOLDER.split(request.xml_body or ""), names=names, zone=line.zone)
        templates = (self._path, self._rest, self._xml)
        self.names = {name for template in templates for name in template.names}
        self.since_formats = {format for template in templates for format in template.since_formats}
        if "codes" in self.names - Template(request.json_body, names=names, zone=line.zone).names:
            raise ValueError(f"{name} has {{codes}} in a text; a list goes in a `json_body`")

    async def ask(
        self, values: Values, read: Callable[[RawAnswer], T], *, priority: Priority, repeatable: bool = True
    ) -> T:
        who = await self._credentials()
        try:
            return await self._line.call(self._name, self._request(values, who), read, priority, repeatable)
        except Unauthorized:
            if not self._who.renewable(who):
                raise
        # The token has ended before its time. Once only: a second refusal is not about the token.
        who = await self._credentials()
        return await self._line.call(self._name, self._request(values, who), read, priority, repeatable)

    @asynccontextmanager
    async def stream(self, values: Values, *, priority: Priority) -> AsyncIterator[Stream]:
        async with AsyncExitStack() as stack:
            who = await self._credentials()
            try:
                answer = await stack.enter_async_context(self._open(values, who, priority))
            except Unauthorized:
                if not self._who.renewable(who):
                    raise
                answer = await stack.enter_async_context(self._open(values, await self._credentials(), priority))
            if answer.status >= 300:
                self.document(await answer.whole())
            yield answer

    def _open(self, values: Values, who: Credentials, priority: Priority) -> AbstractAsyncContextManager[Stream]:
        return self._line.stream(self._name, self._request(values, who), priority)

    def records(
        self, path: tuple[str, ...], wanted: frozenset[str] | None, _texts: frozenset[str], answer: Stream
    ) -> RecordStream | None:
        charset = declared_charset(answer.headers.get("content-type", ""))
        known = charset is None or charset.lower() in ("utf-8", "utf8", "us-ascii")
        if not known or self._answer.inside or self._answer.holds == "text" or self._who.ends_in_answers:
            return None
        return XmlContent((None, *path), wanted) if self._answer.holds == "xml" else JsonRecords(path)

    def document(self, raw: RawAnswer) -> Any:
        if raw.status < 300:
            # An answer that says it has no content; some say so of what was made, or will be.
            empty = raw.status == 204 or (raw.status in (201, 202) and not raw.body.strip())
            document = None if empty else self._parse(raw)
            self._refuse_ended(document)
            return document
        # An error whose body may say more than its status.
        with suppress(Malformed):
            document = self._parse(raw)
            self._refuse_ended(document)
            self._answer.content(document)
        raise unexplained(raw.status)

    async def _credentials(self) -> Credentials:
        try:
            return await self._who.credentials()
        except AgencyFailure as failure:
            # It was only the login that was sent, or refused before.
            failure.sent = False
            raise

    def _parse(self, raw: RawAnswer) -> Any:
        return _PARSE[self._answer.holds](raw.body, raw.headers.get("content-type", ""))

    def _refuse_ended(self, document: Any) -> None:
        if self._who.ended(document):
            raise Unauthorized("The agency says that our session has ended.")

    def _request(self, values: Values, who: Credentials) -> Request:
        secrets = self._line.secrets
        filled = self._rest.fill(values, secrets)
        address, query = self._line.address(_path(self._path.fill(values, secrets))), _said(filled["query"])
        if next_page := values.get("address"):
            address, query = following(address, str(next_page))
        content_type, body = _body(filled["json"], filled["form"], who)
        if self._in_xml:
            content_type, body = "application/xml; charset=utf-8", _xml_body(self._xml.fill(values, secrets))
        headers = {"accept": _ACCEPT[self._answer.holds]}
        if content_type:
            headers["content-type"] = content_type
        # What the spec says stands in the place of what we would, however it is written.
        for name, value in (_said(filled["headers"]) | who.headers).items():
            headers[name.lower()] = value
        used = (self._path, self._rest, self._xml)
        return Request(
            method=self._method,
            address=address,
            query=query | who.query,
            headers=headers,
            body=body,
            secrets=(*(value for part in used for value in part.secret_values(secrets)), *who.secrets),
            papers="file_base64" in self.names,
            papers_answer=self._answer.papers,
            about=about(values),
        )


class XmlContent(XmlRecords):
    """XmlRecords of an answer that is plain XML."""

    def close(self) -> Any:
        return xml_content(*super().close())


def _path(filled: str | None) -> str:
    if filled is None:
        raise Rejected("The request's path names something that is not known here.", sent=False)
    if not {".", ".."}.isdisjoint(filled.split("/")):
        raise Rejected("The request's path would lead elsewhere.", sent=False)
    return filled


def _said(texts: dict[str, Any]) -> dict[str, str]:
    """Without those that have no value."""
    return {name: str(value) for name, value in texts.items() if value is not None}


def _body(json: Any, form: dict[str, Any] | None, who: Credentials) -> tuple[str | None, bytes]:
    """Its content type, and the body."""
    if form is not None:
        return "application/x-www-form-urlencoded", urlencode(_said(form) | who.body).encode()
    if json is None:
        return None, b""
    return "application/json", orjson.dumps(json | who.body if who.body else json)


def _xml_body(pieces: list[Any]) -> bytes:
    text = "".join(
        escape(str("" if piece is None else piece)) if index % 2 else piece for index, piece in enumerate(pieces)
    )
    try:
        parse_xml(body := text.encode())
    except (Malformed, UnicodeEncodeError):
        # Such as a character that XML cannot hold. The parser's own words would speak of an answer.
        raise Rejected("The request is no well-formed XML once it is filled in.", sent=False) from None
    return body
