"""Lists of dossiers, page by page: by filters, by what is searched, by person; and many by their codes at once.

Pages are plain values for orjson, as hub.index.summaries makes them.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import asyncpg
import orjson

from contracts.codes import code_key, fold
from hub.db import Database
from hub.index import marks, walks
from hub.index.cursors import Cursors, Place
from hub.index.marks import Contact
from hub.index.summaries import COLUMNS, JOINS, Json, summary_json
from hub.index.walks import Filter, Sql, Walk
from hub.masks import mask_name
from hub.registry import Registry
from hub.vault import Vault

#: Of one code, or of codes alike, no more are shown: agencies that give one code twice are few.
_MOST_PER_CODE = 20

BY_CODES = f"""
    SELECT {COLUMNS}, d.code_key, d.national_key
      FROM (SELECT * FROM dossier WHERE code_key = ANY($1)
             UNION ALL
            SELECT * FROM dossier WHERE national_key = ANY($1) AND NOT code_key = ANY($1)) d
      {JOINS}
     WHERE ($2::text[] IS NULL OR d.agency = ANY($2) OR d.former_agencies && $2)
     LIMIT $3
"""

# Each distinct code is two steps along the index, however many dossiers there are of it. Said as a range, and ordered
# by it, no plan goes along all changes to find the last one of a rare procedure.
PROCEDURES = """
    WITH RECURSIVE known AS (
        SELECT min(procedure_key) AS key FROM dossier
         UNION ALL
        SELECT (SELECT min(procedure_key) FROM dossier WHERE procedure_key > known.key) FROM known WHERE key IS NOT NULL
    )
    SELECT key, latest.procedure_name AS name
      FROM (SELECT key FROM known WHERE key IS NOT NULL) each_known
     CROSS JOIN LATERAL (SELECT procedure_name FROM dossier
                          WHERE procedure_key BETWEEN key AND key
                          ORDER BY procedure_key DESC, updated_at DESC, id DESC LIMIT 1) latest
     ORDER BY key
"""

_LAST_ID = 2**63 - 1

#: Procedures come and go by decree.
_PROCEDURES_KEPT_SECONDS = 60


class Lists:
    def __init__(self, database: Database, registry: Registry, vault: Vault) -> None:
        self._database = database
        self._registry = registry
        self._vault = vault
        self._cursors = Cursors(vault)
        self._procedures: list[tuple[str, str | None]] = []
        self._procedures_end = -math.inf

    async def page(self, wanted: Filter, cursor: str | None, limit: int) -> Json:
        """contracts.dossier.DossierPage, in the order of the walk that the filter makes. Raises BadCursor."""
        question = wanted.question("list")
        after = self._cursors.read(question, cursor) if cursor else None
        sql = Sql()
        rows, next_place = await self._rows(walks.walk(wanted, after, limit + 1, sql), sql, limit)
        now = datetime.now(UTC)
        return {
            "items": [summary_json(row, self._registry, now) for row in rows],
            "next_cursor": self._cursors.give(question, next_place) if next_place else None,
        }

    async def named(self, name: str, wanted: Filter, cursor: str | None, limit: int, *, in_full: bool) -> Json:
        """contracts.dossier.FoundPage of those whose applicant's name holds these words: who is called just so, and
        then longer names. Raises BadCursor, and ValueError for a name without a letter."""
        words = marks.name_words(name)
        if not words:
            raise ValueError("no word of a name")
        held, whole = marks.name_marks(words, self._vault), marks.whole_name_mark(words, self._vault)
        # By its own mark a whole name is one walk that looks nothing up. Who is not filed under that yet comes with the
        # longer names.
        return await self._found(
            [(held, None)] if whole is None else [([whole], None), (held, whole)],
            lambda row, personal: marks.holds_words(personal.get("applicant_name", ""), words),
            wanted,
            wanted.question("name", *words),
            cursor,
            limit,
            in_full=in_full,
        )

    async def coded(self, fragment: str, wanted: Filter, cursor: str | None, limit: int, *, in_full: bool) -> Json:
        """contracts.dossier.FoundPage of those whose code, or national code, begins or ends so. Raises BadCursor, and
        ValueError for no letter or digit."""
        mark = marks.code_mark(fragment, self._vault)
        if mark is None:
            raise ValueError("no part of a code")
        return await self._found(
            [([mark], None)],
            lambda row, _: any(marks.holds_fragment(row[each] or "", fragment) for each in ("code", "national_code")),
            wanted,
            wanted.question("code", code_key(fragment)),
            cursor,
            limit,
            in_full=in_full,
        )

    async def of_person(
        self,
        contact: Contact,
        mark: int,
        is_theirs: Callable[[str], bool],
        wanted: Filter,
        cursor: str | None,
        limit: int,
    ) -> Json:
        """contracts.dossier.FoundPage of a person's, at whichever agency. `is_theirs` says of a value that was opened
        whether it is this person's. Raises BadCursor."""
        return await self._found(
            [([mark], None)],
            lambda _, personal: marks.is_of(contact, personal, is_theirs),
            wanted,
            wanted.question("person", str(mark)),
            cursor,
            limit,
            in_full=True,
        )

    async def by_codes(self, codes: Iterable[str], agencies: Sequence[str] | None) -> dict[str, list[Json]]:
        """Under each code, in the order given, each contracts.dossier.DossierSummary that there is; none, or more where
        several agencies gave it."""
        keys = {code: code_key(code) for code in codes}
        wanted = list(set(filter(None, keys.values())))
        rows = await self._database.hot.fetch(BY_CODES, wanted, agencies, _MOST_PER_CODE * len(wanted))
        now = datetime.now(UTC)
        found: dict[str, list[Json]] = {}
        for row in rows:
            item = summary_json(row, self._registry, now)
            for key in {row["code_key"], row["national_key"]} - {None}:
                found.setdefault(key, []).append(item)
        return {code: found.get(key, []) for code, key in keys.items()}

    async def procedures(self, named: str | None) -> list[tuple[str, str | None]]:
        """Each procedure's code, without an agency's tail, and what the latest dossier calls it; where `named`, only
        those that hold all its words."""
        if time.monotonic() > self._procedures_end:
            rows = await self._database.reads.fetch(PROCEDURES)
            self._procedures = [(row["key"].removesuffix("."), row["name"]) for row in rows]
            self._procedures_end = time.monotonic() + _PROCEDURES_KEPT_SECONDS
        words = fold(named or "").split()
        return [each for each in self._procedures if all(word in fold(f"{each[0]} {each[1] or ''}") for word in words)]

    async def _found(
        self,
        filed: Sequence[tuple[list[int], int | None]],
        fits: Callable[[asyncpg.Record, Mapping[str, str]], bool],
        wanted: Filter,
        question: bytes,
        cursor: str | None,
        limit: int,
        *,
        in_full: bool,
    ) -> Json:
        """`filed`: under which marks, and not under which; the walks that one after the other make the list. A page is
        of one walk, and a cursor says which, by how many come after it."""
        left, after = len(filed) - 1, None
        if cursor:
            left, last = self._cursors.read(question, cursor)
            # Those of the version before have something else in that place.
            left, after = left if left < len(filed) else 0, (0, last)
        while True:
            sql = Sql()
            under, without = filed[-1 - left]
            walk = walks.marked(under, wanted, after, limit + 1, sql, without=without)
            rows, place = await self._rows(walk, sql, limit, more_columns=", d.personal, d.national_code")
            if rows or place or not left:
                break
            left, after = left - 1, None
        next_place = None
        if place:
            next_place = (left, place[1])
        elif left:
            next_place = (left - 1, _LAST_ID)
        now = datetime.now(UTC)
        items = []
        for row in rows:
            personal = orjson.loads(self._vault.open(row["personal"])) if row["personal"] else {}
            if fits(row, personal):
                summary = summary_json(row, self._registry, now)
                items.append(summary | {"applicant": _applicant_json(personal, in_full=in_full)})
        return {
            "items": items,
            "next_cursor": self._cursors.give(question, next_place) if next_place else None,
        }

    async def _rows(
        self, walk: Walk, sql: Sql, limit: int, *, more_columns: str = ""
    ) -> tuple[list[asyncpg.Record], Place | None]:
        """The rows of a page, and where the next one goes on; None at the end."""
        rows = await self._database.hot.fetch(page_sql(walk, sql(limit + 1, "bigint"), more_columns), *sql.arguments)
        wanted = [row for row in rows if row["is_wanted"]]
        if len(wanted) > limit:
            wanted = wanted[:limit]
            last = wanted[-1]
        elif len(wanted) < len(rows):
            last = rows[-1]
        else:
            return wanted, None
        return wanted, (walks.place_of(last["place"]), last["id"])


def page_sql(walk: Walk, limit: str, more_columns: str = "") -> str:
    """The dossiers of one page of the walk."""
    return f"""
        SELECT {COLUMNS}, page.place, page.is_wanted {more_columns}
          FROM ({walk.page(limit)}) page
          JOIN dossier d ON d.id = page.id
          {JOINS}
         ORDER BY page.is_wanted DESC, page.place {walk.order}, page.id {walk.order}
    """


def _applicant_json(personal: Mapping[str, str], *, in_full: bool) -> Json:
    """contracts.dossier.Applicant."""
    name = personal.get("applicant_name")
    shown = name if in_full or name is None else mask_name(name)
    contacts = {each.value: personal.get(each.fact) if in_full else None for each in Contact}
    return {"name": shown, **contacts, "masked": not in_full}
