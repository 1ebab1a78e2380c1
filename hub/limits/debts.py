"""Who owes how much, by name: each process counts by itself, and remembers only so many."""

import time

from hub.limits.rules import NOTHING, Debt, Terms


class Debts:
    def __init__(self, terms: Terms, *, most: int) -> None:
        """`most`: of how many names it is remembered; the one that was charged longest ago is forgotten first."""
        self._terms, self._most = terms, most
        self._debts: dict[str, Debt] = {}

    def wait(self, name: str) -> float:
        """The seconds that `name` has to wait."""
        debt = self._debts.get(name)
        return max(0.0, debt.wait_until - time.monotonic()) if debt else 0.0

    def charge(self, name: str) -> None:
        """One more of `name`."""
        debt = self._debts.pop(name, NOTHING)
        if len(self._debts) >= self._most:
            del self._debts[next(iter(self._debts))]
        self._debts[name] = self._terms.charge(debt, 1, time.monotonic())
