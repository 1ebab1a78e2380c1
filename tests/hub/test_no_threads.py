"""No route of the API, and nothing that one depends on, is left to a thread: to pass from the event loop to one and
back takes longer than all that such a function does."""

from collections.abc import Iterable, Iterator
from inspect import iscoroutinefunction
from pathlib import Path

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from config.settings import Settings
from hub.main import create_api, open_hub


def routes(among: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """Those of routers that were included, too."""
    for route in among:
        if isinstance(route, APIRoute):
            yield route
        elif not isinstance(route, Route | Mount):
            yield from routes(route.original_router.routes)  # type: ignore[attr-defined]


def called(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from called(each)


async def test_no_route_of_the_api_leaves_anything_to_a_thread(database_url: str, tmp_path: Path) -> None:
    agencies = tmp_path / "agencies"
    agencies.mkdir()
    async with open_hub(Settings(data_dir=tmp_path, agencies_dir=agencies), database_url) as hub:
        found = [route for route in routes(create_api(hub).routes) if route.path.startswith("/v1/")]
    left = {
        (route.path, getattr(call, "__qualname__", type(call).__qualname__))
        for route in found
        for call in called(route.dependant)
        if not iscoroutinefunction(call) and not iscoroutinefunction(getattr(call, "__call__", None))  # noqa: B004
    }
    assert found
    assert left == set()
