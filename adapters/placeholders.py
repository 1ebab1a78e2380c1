"""Templates of a spec's requests: strings with {code}, {since|dd/MM/yyyy}, {secret:NAME} and the like."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import quote
from zoneinfo import ZoneInfo

from adapters.formats import dates
from contracts.adapter import Secrets
from contracts.errors import Unauthorized
from contracts.observation import PERSONAL

#: What placeholders stand for. None is for what has no value, such as `since` on a first sync. Under "each_file"
#: there are the values of each file.
Values: TypeAlias = Mapping[str, str | int | datetime | Sequence["str | Values"] | None]

#: Of one paper of a submission.
FILE = ("file_name", "file_extension", "file_type", "file_size", "file_base64")
#: Of a submission. "field" is for any {field:NAME}, which need not have a value; "each_file" for lists of its files.
SUBMISSION = (
    "code",
    "reference",
    "submission",
    "procedure_code",
    "procedure_name",
    "applicant_name",
    "applicant_phone",
    "applicant_email",
    "note",
    "field",
    "submitted_at",
    "each_file",
)

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# The names of contracts.agency.SecretName: one may become a file's name.
_SECRET = re.compile(r"secret:([a-z0-9]+(?:-[a-z0-9]+)*)")
_FIELD = re.compile(r"field:.+")
_DATES = ("since", "until", "submitted_at")
_CODES = "{codes}"
_EACH_FILE = "each_file"
_PERSONAL = {*PERSONAL, "file_name", "file_base64"}

_Fill: TypeAlias = Callable[[Values], Any]


def is_personal(name: str) -> bool:
    """Whether what the placeholder stands for says who somebody is. Servers write addresses into their logs."""
    return name in _PERSONAL or name.startswith("field:")


def about(values: Values) -> str | None:
    """The code of the one dossier that a request with these values is about."""
    code = values.get("code")
    return code if isinstance(code, str) else None


class Template:
    """A JSON-like value in whose strings placeholders stand, checked when it is made.

    A string that is one placeholder and nothing else becomes its value as it is (a number stays one). Any
    other string becomes text, or None as a whole where one of its placeholders has no value. None stays where it is
    in a mapping or list: whoever writes the request knows what stands for it there.

    {"each_file": …} becomes a list with one entry for each file, in which the placeholders of FILE may stand.
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
        self._zone = zone
        self._in_path = in_path
        self._fill = self._compile(source, frozenset(names))

    def fill(self, values: Values, secrets: Secrets) -> Any:
        """The value with all its placeholders replaced. Raises Unauthorized where a secret is missing."""
        return self._fill({**values, **{f"secret:{name}": _secret(name, secrets) for name in self.secrets}})

    def secret_values(self, secrets: Secrets) -> list[str]:
        """What must be masked wherever the filled value is recorded. Raises Unauthorized likewise."""
        return [_secret(name, secrets) for name in self.secrets]

    def _compile(self, source: Any, allowed: frozenset[str]) -> _Fill:
        if isinstance(source, Mapping):
            if _EACH_FILE in source:
                return self._compile_each_file(source, allowed)
            entries = {key: self._compile(value, allowed) for key, value in source.items()}
            return lambda values: {key: fill(values) for key, fill in entries.items()}
        if isinstance(source, list | tuple):
            items = [self._compile(value, allowed) for value in source]
            return lambda values: [fill(values) for fill in items]
        if isinstance(source, str):
            return self._compile_text(source, allowed)
        return lambda _values: source

    def _compile_each_file(self, source: Mapping[str, Any], allowed: frozenset[str]) -> _Fill:
        if _EACH_FILE not in allowed:
            raise ValueError("`each_file` has no meaning here: only what is submitted has files")
        if len(source) > 1:
            raise ValueError("`each_file` stands alone in its mapping, in whose place the list comes")
        self.names.add(_EACH_FILE)
        entry = self._compile(source[_EACH_FILE], (allowed - {_EACH_FILE}).union(FILE))

        def fill(values: Values) -> list[Any]:
            files: Any = values[_EACH_FILE]
            return [entry({**values, **file}) for file in files]

        return fill

    def _compile_text(self, text: str, allowed: frozenset[str]) -> _Fill:
        parts = list(self._parts(text, allowed))
        if _CODES in text and (text != _CODES or self._in_path):
            raise ValueError(f"{text!r} holds {_CODES}, which is a list, and stands alone")
        if len(parts) == 1 and not self._in_path:
            return parts[0]

        def fill(values: Values) -> str | None:
            filled = [part(values) for part in parts]
            return None if None in filled else "".join(map(str, filled))

        return fill

    def _parts(self, text: str, allowed: frozenset[str]) -> Iterator[_Fill]:
        pieces = _PLACEHOLDER.split(text)
        for index, piece in enumerate(pieces):
            if index % 2:
                fill = self._placeholder(piece, text, allowed)
                yield _escaped(fill) if self._in_path else fill
            elif "{" in piece or "}" in piece:
                raise ValueError(f"{text!r} has a brace that belongs to no placeholder")
            elif piece or len(pieces) == 1:
                yield _constant(piece)

    def _placeholder(self, inside: str, text: str, allowed: frozenset[str]) -> _Fill:
        if secret := _SECRET.fullmatch(inside):
            self.secrets.add(secret.group(1))
            return lambda values: values[inside]
        if _FIELD.fullmatch(inside) and "field" in allowed:
            self.names.add(inside)
            return lambda values: values.get(inside)
        name, _, format = inside.partition("|")
        if name not in allowed - {"field", _EACH_FILE}:
            known = ", ".join(map(_shown, sorted(allowed))) or "only {secret:NAME}"
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


def _shown(name: str) -> str:
    return {"field": "{field:NAME}", _EACH_FILE: "`each_file`"}.get(name, f"{{{name}}}")


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
