"""Whatever the hub has under /admin and /v1/admin has a rule that says who may."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from config.settings import Settings
from hub.main import create_api, open_hub
from tests.hub.admin import test_admin_api, test_people


def routes(among: Iterable[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Method and path of each; those of routers that were included, too."""
    for route in among:
        if isinstance(route, APIRoute | Route):
            yield from ((method, route.path_format) for method in route.methods or ())
        elif isinstance(route, Mount):
            yield ("*", route.path)
        else:
            yield from routes(route.original_router.routes)  # type: ignore[attr-defined]


async def test_no_route_is_without_a_rule(database_url: str, tmp_path: Path) -> None:
    agencies = tmp_path / "agencies"
    agencies.mkdir()
    # With all that may be there.
    settings = Settings(
        data_dir=tmp_path, agencies_dir=agencies, oidc_issuer="https://id.example", oidc_client_id="hub"
    )
    async with open_hub(settings, database_url) as hub:
        found = set(routes(create_api(hub).routes))
    assert {each for each in found if each[1].startswith("/v1/admin")} == set(test_admin_api.RULES)
    pages = {path for _, path in found if path.startswith("/admin")}
    assert pages == set(test_people.RULES) | test_people.OPEN
