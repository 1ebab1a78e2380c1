"""The whole dossier, for whoever proves to be its applicant, is signed in as them, or has a key for people's data;
nothing, and always the same nothing, for others."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any

import orjson

from contracts.dossier import Dossier
from contracts.ownership import FullDossier
from hub.access.people import Person
from hub.db import Database
from hub.index.marks import Contact, is_of
from hub.masks import mask_email, mask_number
from hub.ownership.attempts import Attempts
from hub.ownership.proof import proves
from hub.vault import Vault

#: A refusal comes so long after the question, whatever it is for: longer than any of them takes.
REFUSAL_SECONDS = 0.4

PERSONAL = "SELECT id, personal, national_code FROM dossier WHERE id = ANY($1)"


class NotProved(Exception):
    """There is no such dossier, or the digits are not its applicant's, or nothing is known to compare them with. Which
    of these is told to nobody."""


class TooManyTries(Exception):
    """The proof was tried too often for this code."""

    def __init__(self, wait_seconds: float) -> None:
        super().__init__()
        self.wait_seconds = wait_seconds


class Ownership:
    def __init__(
        self, database: Database, vault: Vault, attempts: Attempts, find: Callable[[str], Awaitable[list[Dossier]]]
    ) -> None:
        """`find` gives all dossiers under a code."""
        self._database, self._vault = database, vault
        self._attempts, self._find = attempts, find

    async def prove(self, code: str, digits: str, *, agency: str | None = None) -> list[FullDossier]:
        """The dossiers under the code (and of the agency) whose applicant's number or phone ends with `digits`; one at
        least. Raises NotProved and TooManyTries."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        if (wait := await self._attempts.take(code)) > 0:
            raise TooManyTries(wait)
        under_code = await self._find(code)
        mine = await self._opened((each for each in under_code if each.concerns(agency)), partial(proves, digits))
        if not mine:
            await asyncio.sleep(began + REFUSAL_SECONDS - loop.time())
            raise NotProved
        if len(mine) == len(under_code):
            # Else who has one of them could go on trying for the others.
            await self._attempts.forgive(code)
        return mine

    async def of_agencies(self, code: str, agencies: Collection[str] | None) -> list[FullDossier]:
        """The dossiers under the code that one of these agencies has, or had; None for any."""
        found = await self._find(code)
        return await self._opened((each for each in found if each.concerns_one_of(agencies)), lambda _: True)

    async def of_person(self, code: str, person: Person, *, agency: str | None = None) -> list[FullDossier]:
        """The person's among the dossiers under the code (and of the agency): those that are in their list, too. None
        come as late as a refused proof, so that how long it takes tells nobody of others'."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        found = await self._find(code)
        mine = await self._opened(
            (each for each in found if each.concerns(agency) and each.concerns_one_of(person.agencies)),
            lambda personal: is_of(
                Contact(person.contact), personal, lambda value: person.is_told_by(value, self._vault)
            ),
        )
        if not mine:
            await asyncio.sleep(began + REFUSAL_SECONDS - loop.time())
        return mine

    async def _opened(
        self, dossiers: Iterable[Dossier], may_be_seen: Callable[[Mapping[str, str]], bool]
    ) -> list[FullDossier]:
        """Those of whose personal facts that is true."""
        found = {int(each.id): each for each in dossiers}
        opened = []
        for row in await self._database.reads.fetch(PERSONAL, list(found)):
            personal = orjson.loads(self._vault.open(row["personal"])) if row["personal"] else {}
            if may_be_seen(personal):
                opened.append(_full(found[row["id"]], row["national_code"], personal))
        return opened


def _full(dossier: Dossier, national_code: str | None, personal: Mapping[str, Any]) -> FullDossier:
    def masked(fact: str, mask: Callable[[str], str]) -> str | None:
        value = personal.get(fact)
        return mask(value) if value else None

    return FullDossier.model_construct(
        **dict(dossier),
        national_code=national_code,
        applicant_name=personal.get("applicant_name"),
        applicant_number=masked("applicant_number", mask_number),
        applicant_phone=masked("applicant_phone", mask_number),
        applicant_email=masked("applicant_email", mask_email),
        note=personal.get("note"),
    )
