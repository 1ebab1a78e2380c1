"""The feed as its readers see it: a page after a position, at once or as soon as there is something."""

import asyncio
from contextlib import suppress
from functools import partial

from hub.db import Database
from hub.feed import reading
from hub.feed.cursor import Cursors, Position
from hub.feed.reading import Page, Wanted
from hub.feed.tail import Fallen, Tail
from hub.registry import Registry
from hub.vault import Vault

_EVERYTHING = Wanted()
_BATCH = 500


class Feed:
    def __init__(self, database: Database, registry: Registry, vault: Vault) -> None:
        self._database, self._registry = database, registry
        self._cursors = Cursors(vault)
        self._tail = Tail(partial(reading.here, database), self._next)
        self.is_stopping = False

    async def here(self) -> str:
        """The cursor of the feed's end."""
        return self._cursors.write(*await reading.here(self._database))

    def cursor(self, page: Page, position: Position | None = None) -> str:
        """The cursor of the page's end, or of a position within it."""
        return self._cursors.write(page.generation, position or page.position)

    async def page(self, cursor: str, wanted: Wanted, limit: int, seconds: float = 0) -> Page:
        """The events after `cursor`, at most `limit`. Where there are none yet, waits for them for `seconds`.

        Raises BadCursor and Expired.
        """
        until = asyncio.get_running_loop().time() + seconds
        generation, position = self._cursors.read(cursor)
        while True:
            if not (seconds and self._tail.covers(generation, position)):
                page = await reading.read(self._database, self._registry, generation, position, wanted, limit)
                if page.events or not page.is_last or not seconds:
                    return page
                position = page.position
            with suppress(Fallen):
                return await self._tail.after(position, wanted, limit, until)

    def stop(self) -> None:
        """Let those who wait go: the process ends."""
        self.is_stopping = True
        self._tail.stop()

    async def _next(self, after: Position) -> Page:
        return await reading.read(self._database, self._registry, None, after, _EVERYTHING, _BATCH)
