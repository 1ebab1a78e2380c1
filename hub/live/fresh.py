"""Answers that are at most so old: what the index holds, and where that is older, what the agency says just now."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from contracts.adapter import Priority
from contracts.dossier import Dossier, DossierSummary, StaleReason
from hub.live.agency_of import agency_of
from hub.live.claims import Outcome
from hub.live.looks import DEADLINE_SECONDS, Look, Looks
from hub.problems import ProblemError, ProblemType
from hub.registry import Registry

D = TypeVar("D", bound=DossierSummary)

#: Of the deadline, for reading the index again and writing the answer.
_REST_SECONDS = 0.3

#: A page asks about what is older, and waits for a shorter time: whoever looks wants to see something.
_PAGE_AGE, _PAGE_SECONDS = timedelta(minutes=2), 1.0

#: Seconds until it is of use to ask again; a minute, where nothing else is known.
_RETRY_AFTER: dict[StaleReason, int] = {"agency_slow": 5, "agency_closed": 1800, "budget_spent": 300}


class NotAnswering(ProblemError):
    """The index does not know the dossier, and the agency that would know does not say."""

    def __init__(self, agency: str, reason: StaleReason) -> None:
        super().__init__(
            ProblemType.AGENCY_NOT_ANSWERING,
            "The hub knows no dossier with this code, and the agency has not said whether it has one.",
            detail_vi="Chưa có hồ sơ nào mang mã này ở đây, và cơ quan chưa trả lời. Xin thử lại sau ít phút.",
            headers={"Retry-After": str(_RETRY_AFTER.get(reason, 60))},
            agency=agency,
            reason=reason,
        )


class Fresh:
    """Reads the index through `find`, and asks agencies through `looks`."""

    def __init__(self, find: Callable[[str], Awaitable[list[Dossier]]], looks: Looks, registry: Registry) -> None:
        self._find, self._looks, self._registry = find, looks, registry

    async def find(
        self,
        code: str,
        max_age: timedelta,
        *,
        agency: str | None = None,
        seconds: float = DEADLINE_SECONDS,
        strictly: bool = True,
    ) -> list[Dossier]:
        """All dossiers under the code (and of the agency, where one is named), as `at_most` gives them. Unless
        `strictly`, what is as fresh as the agency's schedule promises is not marked for being older than `max_age`.

        One that the index does not know is asked for, where `agency` or the code itself says of whom. Raises
        NotAnswering where that agency can be asked and does not answer: the dossier may exist or not.
        """
        ends = asyncio.get_running_loop().time() + seconds

        async def read() -> list[Dossier]:
            return [each for each in await self._find(code) if each.concerns(agency)]

        if known := await read():
            return await self._refreshed(known, read, max_age, ends, strictly)
        spec = self._registry.spec(agency) if agency else agency_of(code, self._registry)
        if spec is None:
            return []
        # What a stranger types may not spend what agencies' budgets keep for people.
        priority = Priority.INCREMENTAL
        look = self._looks.begin(spec.id, code, max_age=max_age, dossier_id=None, priority=priority)
        outcome = await self._waited(spec.id, look, ends)
        match outcome.ended:
            case "none" | "cannot_be_asked":
                return []
            case "answered":
                if found := await read():
                    return [_marked(each, outcome, strictly) for each in found]
                # It told of the dossier, in words that nobody has mapped.
                raise NotAnswering(spec.id, "agency_failing")
            case reason:
                raise NotAnswering(spec.id, reason)

    async def for_page(self, code: str) -> list[Dossier]:
        """All dossiers under the code for the look-up page. Agencies that can be asked are, but people are told only
        of what breaks the schedule's promise too, or that the agency has no such dossier. Raises NotAnswering."""
        return await self.find(code, _PAGE_AGE, seconds=_PAGE_SECONDS, strictly=False)

    async def at_most(
        self, max_age: timedelta, read: Callable[[], Awaitable[list[D]]], *, seconds: float = DEADLINE_SECONDS
    ) -> list[D]:
        """What `read` gives, after the agencies were asked about each that is older than `max_age`; those that could
        not be asked, or have not answered in time, are marked stale with why. `read` may be called twice.
        """
        ends = asyncio.get_running_loop().time() + seconds
        return await self._refreshed(await read(), read, max_age, ends, strictly=True)

    async def _refreshed(
        self,
        known: Sequence[D],
        read: Callable[[], Awaitable[list[D]]],
        max_age: timedelta,
        ends: float,
        strictly: bool,
    ) -> list[D]:
        oldest = datetime.now(UTC) - max_age
        outcomes: dict[str, Outcome] = {}
        looks: dict[str, Look] = {}
        for each in known:
            if each.checked_at < oldest:
                look = self._looks.begin(
                    each.source.agency, each.code, max_age=max_age, dossier_id=int(each.id), priority=Priority.PERSON
                )
                if isinstance(look, str):
                    outcomes[each.id] = Outcome(look)
                else:
                    looks[each.id] = look
        if looks:
            agencies = {each.id: each.source.agency for each in known}
            outcomes |= await self._looks.wait(looks, agencies, ends - _REST_SECONDS)
        if any(outcome.ended == "answered" for outcome in outcomes.values()):
            known = await read()
        return [_marked(each, outcome, strictly) if (outcome := outcomes.get(each.id)) else each for each in known]

    async def _waited(self, agency: str, look: Look | StaleReason, ends: float) -> Outcome:
        if isinstance(look, str):
            return Outcome(look)
        return (await self._looks.wait({"": look}, {"": agency}, ends - _REST_SECONDS))[""]


def _marked(known: D, outcome: Outcome, strictly: bool) -> D:
    """`known`, with what came of asking about it."""
    checked_at = max(known.checked_at, outcome.asked_at or known.checked_at)
    match outcome.ended:
        case "answered":
            return known.model_copy(update={"checked_at": checked_at, "stale": False, "stale_reason": None})
        case "none":
            why: StaleReason = "agency_has_none"
        case _ if not (known.stale or strictly):
            return known
        case reason:
            # Where the agency is not connected at all, that says more.
            why = "agency_disabled" if known.stale_reason == "agency_disabled" else reason
    return known.model_copy(update={"checked_at": checked_at, "stale": True, "stale_reason": why})
