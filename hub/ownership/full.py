"""The whole dossier, for whoever proves to be its applicant; nothing, and always the same nothing, for others."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from contracts.dossier import Dossier
from contracts.ownership import FullDossier
from hub.db import Database
from hub.masks import mask_email, mask_number
from hub.ownership.attempts import Attempts
from hub.ownership.proof import proves
from hub.vault import Vault

#: A refusal comes so long after the question, whatever it is for: longer than any of them takes.
REFUSAL_SECONDS = 0.4

_PERSONAL = "SELECT id, personal, national_code FROM dossier WHERE id = ANY($1)"


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
        found = {int(each.id): each for each in under_code if each.concerns(agency)}
        rows = await self._database.reads.fetch(_PERSONAL, list(found))
        mine = []
        for row in rows:
            personal = orjson.loads(self._vault.open(row["personal"])) if row["personal"] else {}
            if proves(digits, personal):
                mine.append(_full(found[row["id"]], row["national_code"], personal))
        if not mine:
            await asyncio.sleep(began + REFUSAL_SECONDS - loop.time())
            raise NotProved
        if len(mine) == len(under_code):
            # Else who has one of them could go on trying for the others.
            await self._attempts.forgive(code)
        return mine


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
