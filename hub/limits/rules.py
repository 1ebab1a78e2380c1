"""What is owed for asking, and how long one must wait for that. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Debt:
    """What somebody owes. Times in seconds, by whatever clock the caller goes by."""

    points: float
    at: float
    wait_until: float = 0.0


NOTHING = Debt(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Terms:
    """How debts are forgiven, and what they cost."""

    #: Half of what is owed is forgiven in so many seconds.
    half_life: float
    #: Up to so much one may owe without waiting.
    free: float
    #: Each so much more doubles the wait, from the shortest to the longest, in seconds.
    doubles: float
    shortest: float
    longest: float
    #: Nobody owes more, so that even who has tried for a day is welcome again some hours later.
    most: float

    def left(self, debt: Debt, at: float) -> float:
        """The points of `debt` that are not forgiven."""
        kept: float = 0.5 ** (max(0.0, at - debt.at) / self.half_life)
        return debt.points * kept

    def charge(self, debt: Debt, points: float, at: float) -> Debt:
        """`debt` with so much more in it. What is asked while one has to wait is not answered, and costs nothing."""
        owed = min(self.left(debt, at) + points, self.most)
        if owed <= self.free:
            return Debt(owed, at, debt.wait_until)
        wait: float = min(self.shortest * 2 ** ((owed - self.free) / self.doubles), self.longest)
        return Debt(owed, at, max(debt.wait_until, at + wait))


#: Of an address, which many people may share, at a counter or with a mobile carrier.
ADDRESS = Terms(half_life=3600, free=100, doubles=5, shortest=1, longest=900, most=150)

#: A dossier not asked for of late; a look at an agency; a code that no dossier has; a wrong proof.
NEW, LOOK, MISS, WRONG_PROOF = 0.25, 0.5, 5.0, 15.0
