"""A folder on this machine with all documents that specs may name: those of HUB_DOCUMENTS_DIR, and the database's."""

import asyncio
import hashlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from uuid import uuid4

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert as upsert

from hub.access.audit import note
from hub.db import Database
from hub.documents.tables import document

_DIGESTS = "SELECT name, digest FROM document"
_CONTENTS = "SELECT name, content, digest FROM document WHERE name = ANY($1)"


class Documents:
    """What is fetched through one process is in the database, and so with all of them, on whichever machine, before
    they build an adapter that needs it."""

    def __init__(self, database: Database, built_in: Path, folder: Path) -> None:
        """`built_in`: HUB_DOCUMENTS_DIR, which is only read. `folder`: this machine's, for its processes alone. Of two
        documents of one name, the database's counts."""
        self._database, self._built_in = database, built_in
        self.folder = folder
        self._known: dict[str, bytes] = {}
        self._begun = False

    async def look(self) -> None:
        """Have in the folder what the database has now."""
        rows = await self._database.reads.fetch(_DIGESTS)
        if not self._begun:
            await asyncio.to_thread(self._begin, {row["name"] for row in rows})
            self._begun = True
        others = [row["name"] for row in rows if self._known.get(row["name"]) != row["digest"]]
        if not others:
            return
        for row in await self._database.reads.fetch(_CONTENTS, others):
            await asyncio.to_thread(self._write, row["name"], row["content"])
            self._known[row["name"]] = row["digest"]

    async def put(self, contents: Mapping[str, bytes], *, actor: str) -> None:
        """Keep them, in the place of those of the same names. Raises ValueError for a name that is no file's."""
        for name in contents:
            if not name or name.startswith(".") or Path(name).name != name or "\0" in name:
                raise ValueError(f"{name!r} cannot be a document's name")
        if not contents:
            return
        rows = [
            {"name": name, "content": content, "digest": hashlib.sha256(content).digest(), "stored_by": actor}
            for name, content in contents.items()
        ]
        statement = upsert(document).values(rows)
        said = {each: statement.excluded[each] for each in ("content", "digest", "stored_by")}
        async with self._database.begin() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_=said | {"stored_at": func.now()})
            )
            await note(connection, actor=actor, action="documents.stored", detail={"names": sorted(contents)})
        await self.look()

    def _begin(self, newer: Collection[str]) -> None:
        """Have those that are built in, but for the `newer` of the database."""
        if self._built_in.is_dir():
            for file in self._built_in.iterdir():
                if file.is_file() and file.name not in newer and not file.name.startswith("."):
                    self._write(file.name, file.read_bytes())

    def _write(self, name: str, content: bytes) -> None:
        """At once, for another process may be reading it."""
        file = self.folder / name
        if file.is_file() and file.read_bytes() == content:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self.folder / f".{uuid4().hex}"
        new.write_bytes(content)
        os.replace(new, file)
