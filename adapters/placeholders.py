"""Templates of a spec's requests: strings with {code}, {since|dd/MM/yyyy}, {secret:NAME} and the like."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import quote
from zoneinfo import ZoneInfo

from adapters import dates
from contracts.adapter import Secrets
from contracts.errors import Unauthorized

#: What placeholders stand for. None is for what has no value, such as `since` on a first sync.
Values: TypeAlias = Mapping[str, str | int | datetime | Sequence[str] | None]

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# The names of contracts.agency.SecretName: one may become a file's name.
_SECRET = re.compile(r"secret:([a-z0-9]+(?:-[a-z0-9]+)*)")
_DATES = ("since", "until")

_Fill: TypeAlias = Callable[[Values], Any]


class Template:
    """A JSON-like value in whose strings placeholders stand, checked when it is made.

    A string that is one placeholder and nothing else becomes its value as it is (a number stays one). Any
    other string becomes text, or None as a whole where one of its placeholders has no value.
    """

    def __init__(self, source: Any, *, names: Collection[str], zone: ZoneInfo, in_path: bool = False) -> None:
        """`names`: the placeholders that may stand here. `in_path`: values are percent-escaped, slashes too.

        Raises ValueError for a placeholder that is not one of them, a lone brace, an unknown date format.
        """
        #: The placeholders in use.
        self.names: set[str] = set()
        #: The names of the secrets in use.
        self.secrets: set[str] = set()
        #: The formats in which `since` is written.
        self.since_formats: set[str] = set()
        self._allowed = frozenset(names)
        self._zone = zone
        self._in_path = in_path
        self._fill = self._compile(source)

    def fill(self, values: Values, secrets: Secrets) -> Any:
        """The value with all its placeholders replaced. Raises Unauthorized where a secret is missing."""
        return self._fill({**values, **{f"secret:{name}": _secret(name, secrets) for name in self.secrets}})

    def secret_values(self, secrets: Secrets) -> list[str]:
        """What must be masked wherever the filled value is recorded. Raises Unauthorized likewise."""
        return [_secret(name, secrets) for name in self.secrets]

    def _compile(self, source: Any) -> _Fill:
        if isinstance(source, Mapping):
            entries = {key: self._compile(value) for key, value in source.items()}
            return lambda values: {key: fill(values) for key, fill in entries.items()}
        if isinstance(source, list | tuple):
            items = [self._compile(value) for value in source]
            return lambda values: [fill(values) for fill in items]
        if isinstance(source, str):
            return self._compile_text(source)
        return lambda _values: source

    def _compile_text(self, text: str) -> _Fill:
        parts = list(self._parts(text))
        if len(parts) == 1 and not self._in_path:
            return parts[0]

        def fill(values: Values) -> str | None:
            filled = [part(values) for part in parts]
            return None if None in filled else "".join(map(str, filled))

        return fill

    def _parts(self, text: str) -> Iterator[_Fill]:
        pieces = _PLACEHOLDER.split(text)
        for index, piece in enumerate(pieces):
            if index % 2:
                fill = self._placeholder(piece, text)
                yield _escaped(fill) if self._in_path else fill
            elif "{" in piece or "}" in piece:
                raise ValueError(f"{text!r} has a brace that belongs to no placeholder")
            elif piece or len(pieces) == 1:
                yield _constant(piece)

    def _placeholder(self, inside: str, text: str) -> _Fill:
        if secret := _SECRET.fullmatch(inside):
            self.secrets.add(secret.group(1))
            return lambda values: values[inside]
        name, _, format = inside.partition("|")
        if name not in self._allowed:
            known = ", ".join(f"{{{each}}}" for each in sorted(self._allowed)) or "only {secret:NAME}"
            raise ValueError(f"{text!r} names {{{name}}}, which has no meaning here; there is {known}")
        if format and name not in _DATES:
            raise ValueError(f"{text!r} gives {{{name}}} a format, which only dates take")
        self.names.add(name)
        if name not in _DATES:
            return lambda values: values[name]
        if name == "since":
            self.since_formats.add(format or "iso")
        write = dates.writer(format or "iso", self._zone)

        def fill(values: Values) -> str | None:
            moment = values[name]
            return write(moment) if isinstance(moment, datetime) else None

        return fill


def _secret(name: str, secrets: Secrets) -> str:
    try:
        return secrets.get(name)
    except KeyError as error:
        raise Unauthorized(str(error.args[0])) from None


def _constant(text: str) -> _Fill:
    return lambda _values: text


def _escaped(fill: _Fill) -> _Fill:
    def escape(values: Values) -> str | None:
        value = fill(values)
        return None if value is None else quote(str(value), safe="")

    return escape
