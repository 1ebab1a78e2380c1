"""POST /v1/people/dossiers, for frontends that may see whose dossiers they are; GET /v1/me/dossiers, for the person."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.dossier import FoundPage
from hub.access.keys import ApiKeys
from hub.access.people import People, Person
from hub.access.scopes import Caller, Scope
from hub.conditional import secret
from hub.index.cursors import BadCursor
from hub.index.list_routes import MOST, PAGE, REFUSED, Cursor, Limit, bad_cursor, only_one_of
from hub.index.lists import Lists
from hub.index.marks import Contact, contact_values
from hub.index.walks import Filter
from hub.problems import ProblemType, responses, wrong
from hub.vault import Vault


class Told(BaseModel):
    """A person, by exactly one of these. They are in the body, for addresses are logged on the way."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"oneOf": only_one_of(*Contact)})

    number: Annotated[str, StringConstraints(max_length=40)] | None = Field(
        default=None, description="Số định danh (CCCD), or a tax number.", examples=["064085001234"]
    )
    phone: Annotated[str, StringConstraints(max_length=40)] | None = Field(default=None, examples=["+84 905 123 456"])
    email: Annotated[str, StringConstraints(max_length=254)] | None = None


class OfPerson(Told):
    cursor: Cursor | None = None
    limit: Limit = PAGE


class Token(BaseModel):
    token: str = Field(description="Send it as `Authorization: Bearer …` to /v1/me.")
    expires_at: AwareDatetime


def router(lists: Lists, keys: ApiKeys, people: People, vault: Vault) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["people"])

    def person(told: Told, caller: Caller) -> Person:
        given = [(each, value) for each in Contact if (value := getattr(told, each)) is not None]
        if len(given) != 1:
            raise wrong("/number", f"{len(given)} of number, phone and email", "exactly one of them")
        contact, text = given[0]
        values = contact_values(contact, text)
        if len(values) != 1:
            raise wrong(f"/{contact}", "not one that can be compared", f"one {contact}")
        return Person.of(contact, values.pop(), vault, caller.agencies)

    async def page(of: Person, cursor: str | None, limit: int, field: str) -> Response:
        try:
            found = await lists.of_person(
                Contact(of.contact),
                of.mark,
                lambda value: of.is_told_by(value, vault),
                Filter(agencies=of.agencies),
                cursor,
                limit,
            )
        except BadCursor as error:
            raise bad_cursor(error, field) from None
        return secret(found)

    @routes.post(
        "/people/dossiers",
        summary="A person's dossiers, at whichever agency",
        response_model=FoundPage,
        responses=responses(ProblemType.MALFORMED_REQUEST, ProblemType.BODY_TOO_LARGE, *REFUSED),
    )
    async def of_person(told: OfPerson, caller: Annotated[Caller, Depends(keys.needs(Scope.PEOPLE_READ))]) -> Response:
        """The ones the hub heard of last come first."""
        return await page(person(told, caller), told.cursor, told.limit, "/cursor")

    @routes.post(
        "/people/tokens",
        summary="A token for a person whom the frontend has signed in",
        response_model=Token,
        responses=responses(ProblemType.MALFORMED_REQUEST, ProblemType.BODY_TOO_LARGE, *REFUSED),
    )
    async def token(told: Told, caller: Annotated[Caller, Depends(keys.needs(Scope.PEOPLE_TOKENS))]) -> Response:
        """With it that person's browser sees their own dossiers, and no others, for a quarter of an hour. Give it only
        once you know that they are who they say."""
        made, ends = people.token(person(told, caller), caller)
        return secret(Token(token=made, expires_at=datetime.fromtimestamp(ends, UTC)))

    @routes.get(
        "/me/dossiers",
        summary="One's own dossiers, at whichever agency",
        response_model=FoundPage,
        responses=responses(ProblemType.MALFORMED_REQUEST, ProblemType.TOKEN_REFUSED, ProblemType.UNAVAILABLE),
    )
    async def mine(
        me: Annotated[Person, Depends(people.signed_in)],
        cursor: Annotated[Cursor | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = PAGE,
    ) -> Response:
        """The ones the hub heard of last come first."""
        return await page(me, cursor, limit, "cursor")

    return routes
