"""The sandbox's API: the hub's own routes over the sandbox's tables, below /sandbox."""

import math
from collections.abc import Awaitable, Callable
from datetime import timedelta

from fastapi import Depends, FastAPI

from contracts.dossier import DossierSummary
from hub import problems
from hub.feed import routes as feed_routes
from hub.index import list_routes
from hub.intake import delivery_routes
from hub.intake import routes as intake_routes
from hub.intake.push import Push
from hub.problems import ProblemError, ProblemType, no_other_parameters
from hub.sandbox.sandbox import Sandbox

PATH = "/sandbox"


def create_api(sandbox: Sandbox) -> FastAPI:
    """What a test agency's developer may do: push, and read what became of it, with the key for that agency alone.

    Nothing here answers without a key but the intake, so that nobody sees what others try.
    """
    api = FastAPI(
        title="Sandbox of the integration hub",
        version="1",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(no_other_parameters)],
        description="The same API over test agencies. Nothing here is seen outside.",
    )
    problems.install(api)
    push = Push(sandbox.inbox, sandbox.registry, sandbox.secrets, sandbox.refusals, sandbox.tries)
    intake = intake_routes.router(push)

    async def sparing(agency: str) -> None:
        if wait := sandbox.pushed.wait(agency):
            raise ProblemError(
                ProblemType.TOO_MANY_REQUESTS,
                "The sandbox is for trying a sender, not for measuring one.",
                headers={"Retry-After": str(math.ceil(wait))},
            )
        sandbox.pushed.charge(agency)

    api.include_router(intake, dependencies=[Depends(sparing)])
    api.include_router(delivery_routes.router(sandbox.deliveries, sandbox.keys))
    lists = list_routes.router(sandbox.lists, sandbox.keys, _as_known)
    # What others call their procedures is theirs.
    lists.routes = [each for each in lists.routes if getattr(each, "path", "") != "/v1/procedures"]
    api.include_router(lists)
    api.include_router(feed_routes.router(sandbox.feed, sandbox.keys))
    return api


async def _as_known(max_age: timedelta, read: Callable[[], Awaitable[list[DossierSummary]]]) -> list[DossierSummary]:
    """Test agencies only push: there is nobody to ask about what is older."""
    return await read()
