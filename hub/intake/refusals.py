"""What is kept of refused deliveries: how many there were, and the last of each agency, for those who look for the why.

A flood of them costs no storage: counts are by day, and of the calls themselves no more are kept than one looks at.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from hub.db import Database
from hub.intake.signature import Refused
from hub.intake.tables import refusal, refused_call
from hub.limits.debts import Debts
from hub.limits.rules import Terms
from hub.vault import Vault

#: The last calls that are kept, of each agency.
KEPT_CALLS = 50
#: Of the calls since the last flush, so many.
_MOST_WAITING = 200
_KEPT_BYTES = 4096

#: Of an address whose deliveries are refused. A mistake is made a hundred times before it is found.
_TERMS = Terms(half_life=60, free=120, doubles=60, shortest=1, longest=60, most=600)
_MOST_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was refused."""

    agency: str
    at: datetime
    refused: Refused
    address: str
    headers: Mapping[str, str]
    body: bytes


def tries() -> Debts:
    """Of which addresses so much was refused that they have to wait."""
    return Debts(_TERMS, most=_MOST_ADDRESSES)


class Refusals:
    """Notes in memory; `flush`, called now and then, adds it to the tables."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._counts: Counter[tuple[str, str]] = Counter()
        self._calls: deque[Call] = deque(maxlen=_MOST_WAITING)

    def note(self, call: Call) -> None:
        self._counts[call.agency, call.refused.reason] += 1
        self._calls.append(call)

    async def flush(self, database: Database) -> None:
        if not self._counts:
            return
        counts, self._counts = self._counts, Counter()
        calls, self._calls = list(self._calls), deque(maxlen=_MOST_WAITING)
        day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        # Sorted, so that two processes which flush at once cannot deadlock.
        rows = [
            {"agency": agency, "reason": reason, "day": day, "count": count}
            for (agency, reason), count in sorted(counts.items())
        ]
        statement = upsert(refusal).values(rows)
        try:
            async with database.begin() as connection:
                await connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=["agency", "reason", "day"],
                        set_={"count": refusal.c.count + statement.excluded.count},
                    )
                )
                await connection.execute(insert(refused_call), [self._row(call) for call in calls])
                for agency in sorted({call.agency for call in calls}):
                    last = (
                        select(refused_call.c.id)
                        .where(refused_call.c.agency == agency)
                        .order_by(refused_call.c.id.desc())
                        .offset(KEPT_CALLS)
                    )
                    await connection.execute(delete(refused_call).where(refused_call.c.id.in_(last)))
        except Exception:
            self._counts.update(counts)
            self._calls.extendleft(reversed(calls))
            raise

    def _row(self, call: Call) -> dict[str, object]:
        refused = call.refused
        return {
            "agency": call.agency,
            "at": call.at,
            "reason": refused.reason,
            "status": refused.status,
            "problem": {"field": refused.field, "problem": refused.problem, "expected": refused.expected},
            "address": call.address or None,
            "headers": self._vault.seal(orjson.dumps(dict(call.headers))),
            "body": self._vault.seal(call.body[:_KEPT_BYTES]),
            "body_bytes": len(call.body),
        }
