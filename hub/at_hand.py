"""What the commands share that work with the hub's parts: how these are opened, and who is at the terminal."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from config.settings import Settings
from contracts.agency import AgencySpec
from hub import log, main
from hub.terminal import Stop, database_urls, one_sentence

Result = TypeVar("Result")


def in_hub(
    work: Callable[[main.Hub], Coroutine[Any, Any, Result]],
    *,
    mendable: tuple[type[Exception], ...] = (),
    audited: bool = False,
    files: main.Files = "first",
) -> Result:
    """Do `work` with the hub's parts. What goes wrong is said in one sentence, what `work` raises of the `mendable`
    kinds among it; what is ordered, in the log as well.

    Agencies are known as they are at work: what is new in their files, only who runs the hub publishes. `files`: as of
    open_hub.
    """
    with one_sentence():
        settings = Settings()
        log.configure("WARNING", settings.log_format)

        async def opened() -> Result:
            async with (
                database_urls(settings) as urls,
                main.open_hub(settings, urls.work, owner_url=urls.owner, files=files) as hub,
            ):
                if audited:
                    log.configure(settings.log_level, settings.log_format)
                return await work(hub)

        try:
            return asyncio.run(opened())
        except mendable as error:
            raise Stop(str(error)) from None


def known_agency(hub: main.Hub, agency: str) -> AgencySpec:
    """The spec of an agency that somebody named. Raises Stop where there is none."""
    if (spec := hub.registry.spec(agency)) is None:
        raise Stop(f"there is no agency {agency}")
    return spec


def actor() -> str:
    """Who is at the terminal, for the audit."""
    return f"cli:{os.environ.get('USER', 'unknown')}"
