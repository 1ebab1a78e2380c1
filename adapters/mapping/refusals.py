"""What could not be understood of a record, told so that an admin can mend it, and kept to be read again."""

import json
from datetime import datetime
from typing import Any

import orjson

from contracts.observation import PERSONAL, Channel, Unusable

_SHOWN = 200


class Refusals:
    """Those of one record. A personal value is never repeated, but in the record itself."""

    def __init__(self, agency: str, record: Any, channel: Channel, observed_at: datetime) -> None:
        self._agency, self._record, self._channel, self._observed_at = agency, record, channel, observed_at
        self._told: list[Unusable] = []
        #: The dossier's, once it has been read.
        self.code: str | None = None

    def __bool__(self) -> bool:
        return bool(self._told)

    def __len__(self) -> int:
        return len(self._told)

    def all(self) -> tuple[Unusable, ...]:
        return tuple(self._told)

    def not_a_record(self) -> None:
        self._tell("not_a_record", f"A record is {type(self._record).__name__}, not an object with fields.")

    def missing(self, field: str, expression: str) -> None:
        message = f"{self._name()} has nothing in {field} ({expression}), and needs it."
        self._tell("missing_field", message, field, expression)

    def value(self, field: str, expression: str, value: Any, why: str) -> None:
        if field in PERSONAL:
            # `why` of a conversion quotes what it could not convert.
            shown, why = "(personal)", "it does not fit"
        else:
            shown = _shown(value)
        message = f"{self._name()} holds {shown} in {field} ({expression}): {why}."
        self._tell("bad_value", message, field, expression, shown)

    def unreadable(self, field: str, expression: str, why: str) -> None:
        """Where the expression fails there is no value to show; what it looked at may hold more than the field."""
        self._tell("bad_value", f"{self._name()} has a {field} that cannot be read: {why}.", field, expression)

    def status(self, expression: str, word: str) -> None:
        shown = _shown(word)
        message = (
            f"{self._name()} has the status word {shown!r} in {expression}, which the agency's "
            "`statuses` do not hold: give it one of the ten national codes there."
        )
        self._tell("unknown_status", message, "status", expression, shown)

    def _tell(
        self,
        reason: str,
        message: str,
        field: str | None = None,
        expression: str | None = None,
        value: str | None = None,
    ) -> None:
        self._told.append(
            Unusable(
                agency=self._agency,
                channel=self._channel,
                reason=reason,
                message=message,
                field=field,
                expression=expression,
                value=value,
                code=self.code,
                raw=_written(self._record),
                observed_at=self._observed_at,
            )
        )

    def _name(self) -> str:
        return f"Dossier {_shown(self.code)}" if self.code else "A record"


def _written(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except orjson.JSONEncodeError:
        # A half of a surrogate pair, or a number of more than 64 bits.
        return json.dumps(value, default=str)


def _shown(value: Any) -> str:
    """`value` for an admin: short, and fit for any text column."""
    text = value if isinstance(value, str) else _written(value)
    return text[:_SHOWN].replace("\0", "␀").encode("utf-8", "replace").decode()
