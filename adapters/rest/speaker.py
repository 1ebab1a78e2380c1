"""REST: requests and answers in JSON, by the spec alone."""

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, TypeVar

import orjson

from adapters.answers import AnswerReader, parse_json, unexplained
from adapters.client import RawAnswer, Request
from adapters.line import Line
from adapters.placeholders import Template, Values
from adapters.rest.auth import Authority, Credentials, authority
from adapters.speaker import Speak, Speaker
from contracts.adapter import Priority
from contracts.errors import Malformed, Unauthorized
from contracts.operations import RestRequest, SoapRequest

T = TypeVar("T")

#: Placeholders that always have a value; a path cannot do without it.
_IN_PATHS = {"code", "page", "size"}


def rest_speak(line: Line) -> Speak:
    """Makes the speakers of a REST system, which share its login. Raises ValueError where it cannot work."""
    who = authority(line)

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
        self._method = request.method
        if not request.path.startswith("/"):
            raise ValueError(f"the path {request.path!r} of {name} does not begin with a slash")
        in_path = _IN_PATHS.intersection(names)
        self._path = Template(request.path, names=in_path, zone=line.zone, in_path=True)
        rest = {"query": request.query, "headers": request.headers, "body": request.json_body}
        self._rest = Template(rest, names=names, zone=line.zone)
        self.names = self._path.names | self._rest.names
        self.since_formats = self._rest.since_formats

    async def ask(
        self, values: Values, read: Callable[[RawAnswer], T], *, priority: Priority, repeatable: bool = True
    ) -> T:
        who = await self._who.credentials()
        try:
            return await self._line.call(self._name, self._request(values, who), read, priority, repeatable)
        except Unauthorized:
            if not self._who.renewable(who):
                raise
        # The token has ended before its time. Once only: a second refusal is not about the token.
        who = await self._who.credentials()
        return await self._line.call(self._name, self._request(values, who), read, priority, repeatable)

    def _request(self, values: Values, who: Credentials) -> Request:
        secrets = self._line.secrets
        filled = self._rest.fill(values, secrets)
        headers = {"Accept": "application/json", **_said(filled["headers"]), **who.headers}
        body = b""
        if filled["body"] is not None:
            body = orjson.dumps(filled["body"])
            headers["Content-Type"] = "application/json"
        return Request(
            method=self._method,
            address=self._line.address(self._path.fill(values, secrets)),
            query=_said(filled["query"]),
            headers=headers,
            body=body,
            secrets=(*self._path.secret_values(secrets), *self._rest.secret_values(secrets), *who.secrets),
        )

    def document(self, raw: RawAnswer) -> Any:
        if raw.status < 300:
            return parse_json(raw.body)
        # An error whose body may say more than its status.
        with suppress(Malformed):
            self._answer.content(parse_json(raw.body))
        raise unexplained(raw.status)


def _said(texts: dict[str, Any]) -> dict[str, str]:
    """Without those that have no value."""
    return {name: str(value) for name, value in texts.items() if value is not None}
