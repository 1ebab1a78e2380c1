"""Keeps a full mirror of the hub's dossiers in a SQLite file, and keeps it up for as long as it runs.

    HUB_KEY=ghk_… python mirror.py https://hub.example mirror.sqlite

It may be killed at any moment and started again: each page is committed together with the place that follows it. Needs
Python 3.11 and httpx.
"""

import argparse
import json
import os
import sqlite3
import time
from typing import Any

import httpx

#: What is no property of the dossier but of the moment of asking, and so is not mirrored.
_OF_THE_MOMENT = ("checked_at", "stale", "stale_reason")

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS dossier (
        id TEXT PRIMARY KEY, code TEXT NOT NULL, agency TEXT NOT NULL, status TEXT, updated_at TEXT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS dossier_code ON dossier (code);
    -- One row. `cursor`: where the feed is to be read on. While `listing`, the list is read first, from `page` on.
    CREATE TABLE IF NOT EXISTS place (
        one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT NOT NULL, listing INTEGER NOT NULL, page TEXT
    );
"""


class StartOver(Exception):
    """The hub no longer has all that followed our place."""


class Mirror:
    def __init__(self, path: str, hub: httpx.Client) -> None:
        self._hub = hub
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(_SCHEMA)

    def step(self, wait: int = 25) -> bool:
        """Take in one page, or wait for one. Returns whether the mirror is up to date, as of this answer."""
        place = self._db.execute("SELECT cursor, listing, page FROM place").fetchone()
        try:
            if place is None:
                return self._begin()
            cursor, listing, page = place
            return self._list(page) if listing else self._follow(cursor, wait)
        except StartOver:
            # What we have stays readable meanwhile; the list brings all of it up to date.
            return self._begin()

    def _begin(self) -> bool:
        """First the cursor, then the list: whatever changes while we read the list, the feed tells us after."""
        cursor = self._get("/v1/changes")["cursor"]
        self._db.execute("INSERT OR REPLACE INTO place VALUES (1, ?, 1, NULL)", (cursor,))
        return False

    def _list(self, page: str | None) -> bool:
        answer = self._get("/v1/dossiers", {"limit": 200} | ({"cursor": page} if page else {}))
        following = answer["next_cursor"]
        with self._transaction():
            for dossier in answer["items"]:
                self._put(dossier)
            self._db.execute("UPDATE place SET page = ?, listing = ?", (following, following is not None))
        return False

    def _follow(self, cursor: str, wait: int) -> bool:
        answer = self._get("/v1/changes", {"after": cursor, "wait": wait, "limit": 500})
        with self._transaction():
            for event in answer["items"]:
                if event["type"] == "dossier.joined":
                    self._db.execute("DELETE FROM dossier WHERE id = ?", (event["subject"],))
                self._put(event["data"])
            self._db.execute("UPDATE place SET cursor = ?", (answer["cursor"],))
        return not answer["more"]

    def _put(self, dossier: dict[str, Any]) -> None:
        body = {name: value for name, value in dossier.items() if name not in _OF_THE_MOMENT}
        self._db.execute(
            "INSERT OR REPLACE INTO dossier VALUES (?, ?, ?, ?, ?, ?)",
            (
                body["id"],
                body["code"],
                body["agency"]["id"],
                body["status"] and body["status"]["code"],
                body["updated_at"],
                json.dumps(body, ensure_ascii=False, sort_keys=True),
            ),
        )

    def _get(self, path: str, query: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._hub.get(path, params=query)
        if answer.status_code == 410:
            raise StartOver
        answer.raise_for_status()
        return dict(answer.json())

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)


class _Transaction:
    """All of a block or nothing of it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, failed: object, *_: object) -> None:
        self._db.execute("ROLLBACK" if failed else "COMMIT")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hub", help="the hub's address")
    parser.add_argument("file", help="the SQLite file")
    parser.add_argument("--once", action="store_true", help="end when it is up to date")
    arguments = parser.parse_args()
    headers = {"X-Api-Key": os.environ["HUB_KEY"]}
    with httpx.Client(base_url=arguments.hub, headers=headers, timeout=60) as hub:
        mirror = Mirror(arguments.file, hub)
        pause = 1.0
        while True:
            try:
                up_to_date = mirror.step(wait=0 if arguments.once else 25)
                pause = 1.0
            except httpx.TransportError as error:
                print(f"the hub cannot be reached ({type(error).__name__}); trying again", flush=True)
            except httpx.HTTPStatusError as error:
                if error.response.status_code not in (429, 500, 502, 503, 504):
                    raise
                print(f"the hub answers {error.response.status_code}; trying again", flush=True)
            else:
                if arguments.once and up_to_date:
                    return
                continue
            time.sleep(pause)
            pause = min(2 * pause, 30)


if __name__ == "__main__":
    main()
