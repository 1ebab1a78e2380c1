"""What an address owes for what it asked, and how long it must wait for that. Pure."""

from dataclasses import dataclass

#: Half of what is owed is forgiven in so many seconds.
HALF_LIFE = 3600.0

#: Up to so much one may owe without waiting: many people share an address, at a counter or with a mobile carrier.
_FREE = 100.0

#: Each so much more doubles the wait, from a second to a quarter of an hour.
_DOUBLES, _SHORTEST, _LONGEST = 5.0, 1.0, 900.0

#: Nobody owes more, so that even who has tried for a day is welcome again after an hour.
MOST = 150.0

#: A dossier not asked for of late; a look at an agency; a code that no dossier has; a wrong proof.
NEW, LOOK, MISS, WRONG_PROOF = 0.25, 0.5, 5.0, 15.0


@dataclass(frozen=True, slots=True)
class Debt:
    """What an address owes. Times in seconds, by whatever clock the caller goes by."""

    points: float
    at: float
    wait_until: float = 0.0

    def now(self, at: float) -> float:
        """The points that are left of it."""
        left: float = 0.5 ** (max(0.0, at - self.at) / HALF_LIFE)
        return self.points * left


def charge(debt: Debt, points: float, at: float) -> Debt:
    """`debt` with so much more in it. What is asked for while one has to wait is not answered, and costs nothing."""
    owed = min(debt.now(at) + points, MOST)
    if owed <= _FREE:
        return Debt(owed, at, debt.wait_until)
    wait: float = min(_SHORTEST * 2 ** ((owed - _FREE) / _DOUBLES), _LONGEST)
    return Debt(owed, at, max(debt.wait_until, at + wait))
