"""How the hub shows an agency who it is: a fixed header, or a token from a login that is renewed."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from adapters.answers import AnswerReader, parse_json, unexplained
from adapters.client import RawAnswer, Request
from adapters.expressions import ExpressionError, compiled
from adapters.line import Line
from adapters.placeholders import Template
from contracts.adapter import Priority
from contracts.errors import Malformed, Rejected, Unauthorized
from contracts.operations import Answer
from contracts.system import KeyAuth, LoginAuth, RestSystem

# A token is renewed when this part of its life is over, so that it does not end under a call.
_LIFE = 0.9


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers that say who we are, and the secrets in them."""

    headers: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


class Authority(Protocol):
    async def credentials(self) -> Credentials:
        """What to send now. Raises AgencyFailure where there is none to be had."""
        ...

    def renewable(self, refused: Credentials) -> bool:
        """Whether, after the agency refused these, it is worth asking for credentials again."""
        ...


def authority(line: Line) -> Authority:
    """Raises ValueError where the spec's `auth` cannot work."""
    match line.system:
        case RestSystem(auth=KeyAuth() as auth):
            return _Fixed(line, auth.headers)
        case RestSystem(auth=LoginAuth() as auth):
            return _Login(line, auth)
        case _:
            return _Fixed(line, {})


class _Fixed:
    def __init__(self, line: Line, headers: Mapping[str, Any]) -> None:
        self._headers, self._secrets = Template(headers, names=(), zone=line.zone), line.secrets

    async def credentials(self) -> Credentials:
        headers = self._headers.fill({}, self._secrets)
        return Credentials(headers, tuple(self._headers.secret_values(self._secrets)))

    def renewable(self, refused: Credentials) -> bool:
        return False


class _Login:
    """Keeps a token, and logs in for another when it ends or is refused: once, however many calls wait."""

    def __init__(self, line: Line, auth: LoginAuth) -> None:
        self._line, self._path, self._secrets = line, auth.path, line.secrets
        self._body = Template(auth.json_body, names=(), zone=line.zone)
        self._headers = Template(auth.place.headers, names=("token",), zone=line.zone)
        self._answer = AnswerReader(Answer(error_when=auth.error_when, error_message=auth.error_message))
        self._token = compiled(auth.token)
        self._lifetime = compiled(auth.lifetime_seconds) if isinstance(auth.lifetime_seconds, str) else None
        self._lock = asyncio.Lock()
        self._kept: Credentials | None = None
        self._good_until = 0.0

    async def credentials(self) -> Credentials:
        async with self._lock:
            if self._kept is None or time.monotonic() >= self._good_until:
                self._kept, self._good_until = await self._log_in()
            return self._kept

    def renewable(self, refused: Credentials) -> bool:
        # Another call may have logged in meanwhile: what it got has not been refused.
        if self._kept is refused:
            self._kept = None
        return True

    async def _log_in(self) -> tuple[Credentials, float]:
        began = time.monotonic()
        request = Request(
            method="POST",
            address=self._line.address(self._path),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            body=orjson.dumps(self._body.fill({}, self._secrets)),
            secrets=self._body.secret_values(self._secrets),
            secret_answer=True,
        )
        token, lifetime = await self._line.call("login", request, self._understand, Priority.PERSON)
        headers = self._headers.fill({"token": token}, self._secrets)
        secrets = (token, *self._headers.secret_values(self._secrets))
        return Credentials(headers, secrets), began + lifetime * _LIFE

    def _understand(self, raw: RawAnswer) -> tuple[str, float]:
        if raw.status >= 300:
            raise unexplained(raw.status)
        try:
            content = self._answer.content(parse_json(raw.body))
        except Rejected as refusal:
            raise Unauthorized(f"The login was refused. {refusal.message}") from None
        try:
            token = self._token(content)
            lifetime: Any = self._lifetime(content) if self._lifetime else float("inf")
        except ExpressionError as error:
            raise Malformed(f"The login's answer is not as the spec says: {error}.") from None
        if not isinstance(token, str) or not token:
            raise Malformed("The login's answer holds no token where the spec says.")
        if isinstance(lifetime, bool) or not isinstance(lifetime, int | float):
            raise Malformed("The login's answer does not say, in seconds, how long the token lives.")
        return token, float(lifetime)
