"""The call that gives a token: a login of the agency's own, or OAuth2's token endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import orjson

from adapters.answers import AnswerReader, unexplained
from adapters.auth.credentials import basic
from adapters.calling.client import RawAnswer, Request
from adapters.calling.line import Line
from adapters.formats.documents import parse_json
from adapters.mapping.expressions import ExpressionError, compiled
from adapters.placeholders import Template
from contracts.errors import Malformed, Rejected, Unauthorized
from contracts.operations import Answer
from contracts.system import LoginAuth, OAuth2Auth

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    #: Seconds from when it was asked for.
    lifetime: float


class LoginCall:
    """Writes the request for a token, and reads the answer."""

    def __init__(
        self,
        line: Line,
        address: str,
        answer: Answer,
        *,
        token: str,
        lifetime: str | float | None,
        json_body: Mapping[str, Any] | None = None,
        form_body: Mapping[str, str | None] | None = None,
        client: tuple[str, str] | None = None,
    ) -> None:
        """`client`: name and secret for basic authentication. Raises ValueError for what cannot work."""
        self._secrets, self._address = line.secrets, address
        self._as_form = form_body is not None
        body = form_body if self._as_form else json_body
        self._parts = Template({"body": body, "client": client}, names=(), zone=line.zone)
        self._answer = AnswerReader(answer)
        self._token = compiled(token)
        self._lifetime = compiled(lifetime) if isinstance(lifetime, str) else None
        self._known_lifetime = float("inf") if lifetime is None or isinstance(lifetime, str) else lifetime

    def request(self) -> Request:
        """Raises Unauthorized where a secret is missing."""
        filled = self._parts.fill({}, self._secrets)
        headers = {"Accept": "application/json", "Content-Type": _FORM if self._as_form else "application/json"}
        secrets = self._parts.secret_values(self._secrets)
        if filled["client"]:
            headers["Authorization"] = basic(*map(quote_plus, filled["client"]))
            secrets.append(headers["Authorization"].removeprefix("Basic "))
        body = {name: value for name, value in filled["body"].items() if value is not None}
        return Request(
            method="POST",
            address=self._address,
            headers=headers,
            body=urlencode(body).encode() if self._as_form else orjson.dumps(body),
            secrets=secrets,
            secret_answer=True,
        )

    def understand(self, raw: RawAnswer) -> Token:
        """Raises Unauthorized where the agency says no, Malformed for what is neither that nor a token."""
        try:
            content = self._answer.content(parse_json(raw.body, raw.headers.get("content-type", "")))
        except Rejected as refusal:
            raise Unauthorized(f"The login was refused. {refusal.message}") from None
        except Malformed:
            if raw.status < 300:
                raise
            raise unexplained(raw.status) from None
        if raw.status >= 300:
            raise unexplained(raw.status)
        try:
            token = self._token(content)
            lifetime = self._lifetime(content) if self._lifetime else self._known_lifetime
        except ExpressionError as error:
            raise Malformed(f"The login's answer is not as the spec says: {error}.") from None
        if isinstance(token, bool) or not isinstance(token, str | int) or token == "":
            raise Malformed("The login's answer holds no token where the spec says.")
        return Token(str(token), _seconds(lifetime))


def login_call(line: Line, auth: LoginAuth) -> LoginCall:
    """Raises ValueError where it cannot work."""
    if not auth.path.startswith("/"):
        raise ValueError(f"the path {auth.path!r} of the login does not begin with a slash")
    return LoginCall(
        line,
        line.address(auth.path),
        Answer(error_when=auth.error_when, error_message=auth.error_message),
        token=auth.token,
        lifetime=auth.lifetime_seconds,
        json_body=auth.json_body,
        form_body=auth.form_body,
    )


def oauth2_call(line: Line, auth: OAuth2Auth) -> LoginCall:
    """Raises ValueError where it cannot work."""
    parts = urlsplit(auth.token_address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("`token_address` is an http or https address, without a query and without secrets")
    in_basic = auth.client_in == "basic"
    form = {
        "grant_type": auth.grant,
        "client_id": None if in_basic else auth.client_id,
        "client_secret": None if in_basic else auth.client_secret,
        "username": auth.username,
        "password": auth.password,
        "scope": auth.scope,
    }
    return LoginCall(
        line,
        auth.token_address,
        Answer(error_when="error", error_message="error_description || error"),
        token="access_token",  # noqa: S106 where it is
        # Where that is not said, the token is good for years, or until it is refused.
        lifetime="expires_in || `1e9`",
        form_body=form,
        client=(auth.client_id, auth.client_secret or "") if in_basic else None,
    )


def _seconds(said: Any) -> float:
    try:
        if not isinstance(said, bool) and (seconds := float(said)) == seconds:
            return seconds
    except (TypeError, ValueError):
        pass
    raise Malformed("The login's answer does not say, in seconds, how long the token lives.")
