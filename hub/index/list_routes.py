"""GET /v1/dossiers and what is beside it: lists, searches and many by code, for frontends whose key has the scope."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from contracts.dossier import DossierPage, DossierSummary, FoundPage
from contracts.observation import AgencyId
from contracts.status import DossierStatus
from contracts.texts import NO_NUL
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.conditional import NOT_MODIFIED, conditional, secret
from hub.index.cursors import BadCursor
from hub.index.lists import Lists
from hub.index.summaries import Json
from hub.index.tallies import VIETNAM
from hub.index.walks import RUNNING, Filter
from hub.moments import Day, Moment
from hub.problems import ProblemError, ProblemType, responses, wrong

#: In seconds. A younger answer is not to be had: one look at an agency takes that long.
MaxAge = Annotated[int, Field(ge=5, le=86_400)]

#: A page, for who does not say how large: what a phone shows before it is scrolled far, 15 kB.
PAGE = 20
#: The most of a page, and the most codes asked for at once.
MOST = 200

REFUSED = (ProblemType.API_KEY_REFUSED, ProblemType.FORBIDDEN, ProblemType.UNAVAILABLE)

Limit = Annotated[int, Field(ge=1, le=MOST)]
Cursor = Annotated[str, StringConstraints(max_length=200)]
ProcedureCode = Annotated[
    str,
    # PostgreSQL's texts have no NUL.
    StringConstraints(max_length=80, min_length=1, pattern=NO_NUL),
    Field(description="MaTTHC; `1.001612` finds `1.001612.000.00.00.H48` too.", examples=["1.001612"]),
]
_GOES_ON = "`next_cursor` of the page before, with everything else as it was."


def only_one_of(*names: str) -> list[JsonValue]:
    """For a schema's `oneOf`: exactly one of these is given, and not null."""
    return [{"required": [name], "properties": {name: {"type": "string"}}} for name in names]


class ManyCodes(BaseModel):
    model_config = ConfigDict(extra="forbid")

    codes: list[Annotated[str, StringConstraints(max_length=120)]] = Field(
        min_length=1, max_length=MOST, examples=[["H21.09-261120-0001", "h21.20 261123 7"]]
    )
    max_age: MaxAge | None = Field(
        default=None,
        description="How old each may be, in seconds. What is older is asked of its agency; where that does not answer "
        "within two seconds for all of them, the known state is given, `stale`, with the reason. Codes that the hub "
        "does not know are not asked about.",
    )


class UnderCode(BaseModel):
    code: str = Field(description="As it was asked for.")
    dossiers: list[DossierSummary] = Field(
        description="None where no agency told of it, several where several gave this code."
    )


class ManyDossiers(BaseModel):
    items: list[UnderCode] = Field(description="In the order in which they were asked for, each code once.")


class Search(BaseModel):
    """Give `name` or `code`; the others narrow it down."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"oneOf": only_one_of("name", "code")})

    name: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None,
        description="Words of the applicant's name that stand side by side, or the first and the last; marks and "
        "capitals do not matter.",
        examples=["nguyen van duc"],
    )
    code: Annotated[str, StringConstraints(max_length=120)] | None = Field(
        default=None,
        description="The end of a code (`0099`, `220921-0099`), or its beginning without the last number "
        "(`H21.65-220921`).",
        examples=["220921-0099"],
    )
    agency: AgencyId | None = None
    procedure: ProcedureCode | None = None
    status: DossierStatus | None = None
    cursor: Cursor | None = Field(default=None, description=_GOES_ON)
    limit: Limit = PAGE


class ProcedureName(BaseModel):
    code: str
    name: str | None = Field(description="As the dossier that changed last has it.")


class Procedures(BaseModel):
    items: list[ProcedureName]


class AtMost(Protocol):
    def __call__(
        self, max_age: timedelta, read: Callable[[], Awaitable[list[DossierSummary]]]
    ) -> Awaitable[list[DossierSummary]]:
        """What `read` gives, none older than `max_age` or marked why it is, within the deadline."""
        ...


def router(lists: Lists, keys: ApiKeys, at_most: AtMost) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["dossiers"])
    reader = Depends(keys.needs(Scope.DOSSIERS_READ))
    searcher = Depends(keys.needs(Scope.DOSSIERS_SEARCH))

    @routes.get(
        "/dossiers",
        summary="Dossiers by filters",
        response_model=DossierPage,
        responses=NOT_MODIFIED | responses(ProblemType.MALFORMED_REQUEST, *REFUSED),
    )
    async def by_filter(
        request: Request,
        agency: Annotated[AgencyId | None, Query()] = None,
        procedure: Annotated[ProcedureCode | None, Query()] = None,
        status: Annotated[DossierStatus | None, Query(description="National status code, 1 to 10.")] = None,
        received_from: Annotated[Day | None, Query(description="A day in Vietnam; itself included.")] = None,
        received_to: Annotated[Day | None, Query(description="A day in Vietnam; itself included.")] = None,
        due_from: Annotated[
            Day | None, Query(description="Of those whose clock runs: status 2, 4 or not known, not finished.")
        ] = None,
        due_to: Annotated[Day | None, Query(description="As due_from; itself included.")] = None,
        overdue: Annotated[
            bool, Query(description="True: only those whose clock runs, and whose due date is before today in Vietnam.")
        ] = False,
        updated_since: Annotated[
            Moment | None, Query(description="With zone. Ask for a minute more than you need.")
        ] = None,
        cursor: Annotated[Cursor | None, Query(description=_GOES_ON)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = PAGE,
        caller: Caller = reader,
    ) -> Response:
        """In the order of their last change; where days of receipt are asked for, the last received first; where due
        dates are, the earliest first. A page may hold fewer than `limit`, or none, and yet go on."""
        _check_days(received_from, received_to, "received_to")
        _check_days(due_from, due_to, "due_to")
        if (due_from or due_to or overdue) and status not in (None, *RUNNING):
            raise wrong("status", "no clock runs at this status", "2 or 4, with due_from, due_to or overdue")
        wanted = Filter(
            agencies=caller.agencies_for(agency),
            procedure=procedure,
            status=status,
            updated_since=updated_since and _storable(updated_since),
            received_from=received_from,
            received_to=received_to,
            due_from=due_from,
            due_to=due_to,
            overdue_on=datetime.now(VIETNAM).date() if overdue else None,
        )
        try:
            return conditional(request, await lists.page(wanted, cursor, limit))
        except BadCursor as error:
            raise bad_cursor(error, "cursor") from None

    @routes.post(
        "/dossiers/by-code",
        summary="Many dossiers by their codes",
        response_model=ManyDossiers,
        responses=responses(ProblemType.MALFORMED_REQUEST, ProblemType.BODY_TOO_LARGE, *REFUSED),
    )
    async def by_codes(asked: ManyCodes, caller: Caller = reader) -> Response:
        """Up to 200 at once; spaces, dashes, case and accents do not matter."""
        found: dict[str, list[Json]] = {}

        async def read() -> list[DossierSummary]:
            nonlocal found
            found = await lists.by_codes(asked.codes, caller.agencies)
            distinct = {each["id"]: each for under in found.values() for each in under}
            return [DossierSummary.model_validate(each) for each in distinct.values()]

        if asked.max_age is None:
            found = await lists.by_codes(asked.codes, caller.agencies)
        else:
            fresh = {each.id: each.model_dump() for each in await at_most(timedelta(seconds=asked.max_age), read)}
            found = {
                code: [fresh[each["id"]] for each in under if each["id"] in fresh] for code, under in found.items()
            }
        return secret({"items": [{"code": code, "dossiers": dossiers} for code, dossiers in found.items()]})

    @routes.post(
        "/dossiers/search",
        summary="Dossiers by the applicant's name, or by a part of the code",
        response_model=FoundPage,
        responses=responses(ProblemType.MALFORMED_REQUEST, ProblemType.BODY_TOO_LARGE, *REFUSED),
    )
    async def search(asked: Search, caller: Caller = searcher) -> Response:
        """The ones the hub heard of last come first; with three words of a name or more, first of those who are called
        just so, on pages after that of those with longer names. Names are masked, unless the key has people:read as
        well."""
        if (asked.name is None) == (asked.code is None):
            raise wrong("/name", "both or neither of name and code", "one of them")
        wanted = Filter(
            agencies=caller.agencies_for(asked.agency, "/agency"), procedure=asked.procedure, status=asked.status
        )
        in_full = caller.may(Scope.PEOPLE_READ)
        try:
            if asked.name is not None:
                page = await lists.named(asked.name, wanted, asked.cursor, asked.limit, in_full=in_full)
            else:
                page = await lists.coded(asked.code or "", wanted, asked.cursor, asked.limit, in_full=in_full)
        except BadCursor as error:
            raise bad_cursor(error, "/cursor") from None
        except ValueError as error:
            raise wrong("/name" if asked.name is not None else "/code", str(error), "letters or digits") from None
        return secret(page)

    @routes.get(
        "/procedures",
        summary="Procedures that there are dossiers of",
        response_model=Procedures,
        responses=NOT_MODIFIED | responses(ProblemType.MALFORMED_REQUEST, *REFUSED),
        dependencies=[reader],
    )
    async def procedures(
        request: Request,
        named: Annotated[
            str | None,
            Query(max_length=200, description="Words of the name or code; marks and capitals do not matter."),
        ] = None,
    ) -> Response:
        """To choose one for `procedure` elsewhere."""
        found = await lists.procedures(named)
        return conditional(request, Procedures(items=[ProcedureName(code=code, name=name) for code, name in found]))

    return routes


def bad_cursor(error: BadCursor, field: str) -> ProblemError:
    return wrong(field, str(error), "next_cursor of the page before, with everything else as it was")


def _check_days(first: date | None, last: date | None, field: str) -> None:
    if first and last and first > last:
        raise wrong(field, "before the first day", "a day that is not before it")


def _storable(at: datetime) -> datetime:
    """Within what the database's driver can say; nothing has ever changed outside of it."""
    first, last = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
    return min(max(at, first), last)
