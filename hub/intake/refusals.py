"""Counts refused deliveries: all that is kept of them, so that a flood of bad signatures costs no storage."""

from collections import Counter
from datetime import UTC, datetime

from sqlalchemy.dialects.postgresql import insert

from hub.db import Database
from hub.intake.tables import refusal


class Refusals:
    """Counts in memory; `flush`, called now and then, adds them to the table by day."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, agency: str, reason: str) -> None:
        self._counts[agency, reason] += 1

    async def flush(self, database: Database) -> None:
        if not self._counts:
            return
        counts, self._counts = self._counts, Counter()
        day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        # Sorted, so that two processes which flush at once cannot deadlock.
        rows = [
            {"agency": agency, "reason": reason, "day": day, "count": count}
            for (agency, reason), count in sorted(counts.items())
        ]
        statement = insert(refusal).values(rows)
        try:
            async with database.begin() as connection:
                await connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=["agency", "reason", "day"],
                        set_={"count": refusal.c.count + statement.excluded.count},
                    )
                )
        except Exception:
            self._counts.update(counts)
            raise
