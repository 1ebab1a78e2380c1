"""What says who we are, put where a Placement wants it: in the headers, query or body of a request."""

from base64 import b64encode
from dataclasses import dataclass, field

import orjson

from adapters.calling.line import Line
from adapters.placeholders import Template, Values
from contracts.system import Base64Json, Placement


@dataclass(frozen=True, slots=True)
class Credentials:
    """What to add to a request, and the secrets in it."""

    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


class Placed:
    """A Placement, ready to be filled in."""

    def __init__(self, place: Placement, line: Line, *, token: bool = False) -> None:
        """`token`: whether there is a {token}, which then must go somewhere. Raises ValueError."""
        self._secrets = line.secrets
        plain = {name: value for name, value in place.headers.items() if isinstance(value, str)}
        packed = {name: value.base64_json for name, value in place.headers.items() if isinstance(value, Base64Json)}
        parts = {"headers": plain, "packed": packed, "query": place.query, "body": place.body}
        self._parts = Template(parts, names=("token",) if token else (), zone=line.zone)
        self.in_body = bool(place.body)
        if token and "token" not in self._parts.names:
            raise ValueError("`place` never names {token}, which then goes nowhere")

    def fill(self, values: Values) -> Credentials:
        """Raises Unauthorized where a secret is missing."""
        filled = self._parts.fill(values, self._secrets)
        packed = {name: b64encode(orjson.dumps(value)).decode() for name, value in filled["packed"].items()}
        tokens = [str(token) for token in values.values()]
        return Credentials(
            headers=filled["headers"] | packed,
            query=filled["query"],
            body=filled["body"],
            secrets=(*tokens, *packed.values(), *self._parts.secret_values(self._secrets)),
        )


def basic(username: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()
