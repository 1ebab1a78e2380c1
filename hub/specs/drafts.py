"""Drafts of agencies' specs: one for each agency, for all who may publish it, until it is published or thrown away."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, all_, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from config.spec_file import SpecFile
from config.yaml_text import YamlMistake, read_yaml
from hub.access.audit import note
from hub.db import Database
from hub.specs.differences import differences
from hub.specs.editing import Path as Place
from hub.specs.editing import edited
from hub.specs.specs import Specs, SpecWrong, digest_of, take_turns
from hub.specs.tables import spec_draft
from hub.vault import Vault

#: What a trial gave is kept no longer.
_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Draft:
    agency: str
    #: YAML.
    text: str
    #: The version that it was begun from; None for an agency that has none.
    based_on: int | None
    #: None where it is the version at work, and nobody has changed anything yet.
    author: str | None = None
    saved_at: datetime | None = None
    #: The document that it was drafted from, by its name in the document store.
    document: str | None = None
    #: What the agency answered at the last trial. It may be about people.
    seen: bytes | None = None
    #: Status words and their codes as they were guessed, as long as nobody has looked at them.
    guessed: Mapping[str, str] = field(default_factory=dict)

    @property
    def unlooked(self) -> dict[str, str]:
        """Those guesses that its text still has."""
        try:
            document = read_yaml(self.text)
        except YamlMistake:
            return {}
        statuses = document.get("statuses") if isinstance(document, dict) else None
        known = statuses if isinstance(statuses, dict) else {}
        return {word: code for word, code in self.guessed.items() if known.get(word) == code}

    @property
    def question(self) -> str:
        """Of those guesses: what a page tells back that shows them."""
        return digest_of(json.dumps(self.unlooked, sort_keys=True)).hex()

    @property
    def digest(self) -> str:
        """Of the text: what a page tells back that shows it."""
        return digest_of(self.text).hex()


class Moved(Exception):
    """Somebody else has changed the draft since it was shown."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(f"{draft.author} has changed the draft of {draft.agency} meanwhile")
        self.draft = draft


class Drafts:
    def __init__(self, database: Database, vault: Vault, specs: Specs) -> None:
        self._database, self._vault, self._specs = database, vault, specs

    async def of(self, agency: str) -> Draft | None:
        """The draft, or what is at work as one that nobody has changed; None where there is no such agency."""
        async with self._database.begin() as connection:
            found = await connection.execute(select(spec_draft).where(spec_draft.c.agency == agency))
            row = found.mappings().one_or_none()
        return self._draft(row) if row else await self._unchanged(agency)

    async def all(self) -> list[Draft]:
        """Those that somebody has begun, the latest first; not what was seen."""
        async with self._database.begin() as connection:
            found = await connection.execute(select(spec_draft).order_by(spec_draft.c.saved_at.desc()))
            return [self._draft({**row, "seen": None}) for row in found.mappings()]

    async def begin(
        self, agency: str, text: str, *, document: str | None, actor: str, guessed: Mapping[str, str] | None = None
    ) -> None:
        """For an agency that is new. What was begun for it before is gone. `guessed`: status words, and what nobody has
        said that they mean."""
        async with self._database.begin() as connection:
            await connection.execute(delete(spec_draft).where(spec_draft.c.agency == agency))
            draft = Draft(agency, text, None, document=document, guessed=guessed or {})
            await self._save(connection, draft, text, actor)

    async def put(self, agency: str, text: str, *, shown: str, based_on: int | None, actor: str) -> Draft:
        """Keep this text. `shown`: the digest of the draft that its author has changed; `based_on`: the version, where
        there was no draft yet. Raises Moved."""
        unchanged = await self._unchanged(agency)
        async with self._database.begin() as connection:
            before = await self._locked(connection, agency)
            if before and before.text == text:
                return before
            if before and before.digest != shown:
                raise Moved(before)
            before = before or Draft(agency, unchanged.text if unchanged else "", based_on)
            return await self._save(connection, before, text, actor)

    async def edit(self, agency: str, changes: Mapping[Place, Any], *, actor: str) -> Draft:
        """Change values in its text. Raises LookupError where there is none, SpecWrong where the text is no mapping."""
        unchanged = await self._unchanged(agency)
        async with self._database.begin() as connection:
            before = await self._locked(connection, agency) or unchanged
            if before is None:
                raise LookupError(agency)
            file = SpecFile(Path(f"{agency}.yaml"), text=before.text)
            if not file.document:
                raise SpecWrong(list(file.mistakes))
            text = edited(before.text, changes)
            return before if text == before.text else await self._save(connection, before, text, actor)

    async def remember(self, draft: Draft, seen: bytes, *, actor: str, code: str | None) -> None:
        """Keep what the agency answered, for a day at most. Who asked has seen it, which is in the audit."""
        async with self._database.begin() as connection:
            if await self._locked(connection, draft.agency) is None:
                await self._save(connection, draft, draft.text, actor)
            values = {"seen": self._vault.seal(seen), "seen_at": func.now(), "seen_by": [actor]}
            await connection.execute(update(spec_draft).where(spec_draft.c.agency == draft.agency).values(values))
            await note(connection, actor=actor, action="spec.tried", target=draft.agency, detail={"code": code})

    async def looked(self, agency: str, *, actor: str) -> None:
        """Somebody sees what the agency answered. The first time, that is in the audit."""
        new = (spec_draft.c.agency == agency) & (literal(actor) != all_(spec_draft.c.seen_by))
        async with self._database.begin() as connection:
            values = {"seen_by": func.array_append(spec_draft.c.seen_by, actor)}
            if (await connection.execute(update(spec_draft).where(new).values(values))).rowcount:
                await note(connection, actor=actor, action="spec.trial_seen", target=agency)

    async def looked_at(self, agency: str, words: Collection[str], *, actor: str) -> None:
        """Somebody has seen what these status words are to mean, whatever they made of it."""
        async with self._database.begin() as connection:
            before = await self._locked(connection, agency)
            guessed = sorted(set(words) & set(before.guessed)) if before else []
            if before and guessed:
                left = {word: code for word, code in before.guessed.items() if word not in guessed}
                await connection.execute(update(spec_draft).where(spec_draft.c.agency == agency).values(guessed=left))
                detail = {"statuses": guessed[:50]}
                await note(connection, actor=actor, action="draft.looked_at", target=agency, detail=detail)

    async def settled(self, draft: Draft, told: str, *, actor: str) -> bool:
        """Whether it may be published as far as its guesses go: there are none, or these very ones were `told` back by
        who has looked at them."""
        if draft.unlooked and told == draft.question:
            await self.looked_at(draft.agency, draft.unlooked, actor=actor)
            return True
        return not draft.unlooked

    async def rebase(self, agency: str, version: int, *, actor: str) -> None:
        """Its author has looked at this version, and wants it replaced."""
        async with self._database.begin() as connection:
            await connection.execute(
                update(spec_draft).where(spec_draft.c.agency == agency).values(based_on=version, author=actor)
            )
            await note(connection, actor=actor, action="draft.rebased", target=agency, detail={"version": version})

    async def drop(self, agency: str, *, actor: str) -> None:
        """Throw it away, where there is one."""
        async with self._database.begin() as connection:
            gone = await connection.execute(delete(spec_draft).where(spec_draft.c.agency == agency))
            if gone.rowcount:
                await note(connection, actor=actor, action="draft.dropped", target=agency)

    async def forget(self) -> None:
        """What was seen is not kept longer than it is needed."""
        old = spec_draft.c.seen_at < func.now() - _KEPT
        async with self._database.begin() as connection:
            await connection.execute(update(spec_draft).where(old).values(seen=None, seen_at=None, seen_by=[]))

    async def _unchanged(self, agency: str) -> Draft | None:
        current = await self._specs.current(agency)
        return Draft(agency, current.text, current.version) if current else None

    async def _locked(self, connection: AsyncConnection, agency: str) -> Draft | None:
        await take_turns(connection)
        found = await connection.execute(select(spec_draft).where(spec_draft.c.agency == agency))
        row = found.mappings().one_or_none()
        return self._draft(row) if row else None

    async def _save(self, connection: AsyncConnection, before: Draft, text: str, actor: str) -> Draft:
        row = {"text": text, "author": actor, "saved_at": func.now()}
        begun = {"based_on": before.based_on, "document": before.document, "guessed": dict(before.guessed)}
        statement = upsert(spec_draft).values(agency=before.agency, **begun, **row)
        done = await connection.execute(
            statement.on_conflict_do_update(index_elements=["agency"], set_=row).returning(spec_draft)
        )
        detail = {"changed": [each.place for each in differences(before.text, text)][:50]}
        await note(connection, actor=actor, action="draft.saved", target=before.agency, detail=detail)
        return self._draft(done.mappings().one())

    def _draft(self, row: RowMapping | Mapping[str, Any]) -> Draft:
        told = {name: row[name] for name in ("agency", "text", "based_on", "author", "saved_at", "document", "guessed")}
        return Draft(**told, seen=self._vault.open(row["seen"]) if row["seen"] else None)
