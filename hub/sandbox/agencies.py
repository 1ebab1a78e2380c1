"""The test agencies as the hub's parts know agencies: made after the one in config/sandbox, as they are asked for."""

from collections.abc import Callable

from contracts.adapter import AgencyAdapter
from contracts.agency import AgencySpec
from hub.registry import Registry
from hub.sandbox.tickets import Tickets

Build = Callable[[AgencySpec], AgencyAdapter]

_MOST_AT_HAND = 500


class TestAgencies(Registry):
    """Knows whatever `tickets` made and has not ended. Iterating gives none: there is nothing to sync."""

    __test__ = False  # pytest takes it for a test by its name.

    def __init__(self, pattern: AgencySpec, tickets: Tickets, build: Build) -> None:
        super().__init__({}, {})
        self._pattern, self._tickets, self._build = pattern, tickets, build
        self._at_hand: dict[str, AgencyAdapter] = {}

    def spec(self, agency: str) -> AgencySpec | None:
        found = self.adapter(agency)
        return found.spec if found else None

    def adapter(self, agency: str) -> AgencyAdapter | None:
        if not self._tickets.is_good(agency):
            return None
        if agency not in self._at_hand:
            if len(self._at_hand) >= _MOST_AT_HAND:
                del self._at_hand[next(iter(self._at_hand))]
            self._at_hand[agency] = self._build(self._made(agency))
        return self._at_hand[agency]

    def _made(self, agency: str) -> AgencySpec:
        assert self._pattern.webhook is not None
        webhook = self._pattern.webhook.model_copy(update={"secrets": (agency,)})
        return self._pattern.model_copy(update={"id": agency, "webhook": webhook})


class TestSecrets:
    """contracts.adapter.Secrets: a test agency's secret goes by its own name."""

    __test__ = False

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    def get(self, name: str) -> str:
        if self._tickets.ends(name) is None:
            raise KeyError(f"there is no test agency {name!r}")
        return self._tickets.secret(name)
