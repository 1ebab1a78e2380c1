"""A channel: one way in which messages go out. Each try is one call of it."""

from typing import Protocol

from hub.outbox.rules import Result
from hub.outbox.store import Claimed


class Channel(Protocol):
    #: Seconds from one arrival at a destination to the next try there; 0 for as fast as it takes them.
    spacing: float

    async def carry(self, claimed: Claimed) -> Result:
        """Try once, in less than hub.outbox.store.TRY_SECONDS. Whatever goes wrong there is a Result."""
        ...
