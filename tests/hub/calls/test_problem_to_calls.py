"""From what somebody reports to what was said: the correlation id of a problem leads to the calls that it came of."""

import asyncio
from pathlib import Path

import httpx

from hub.access.scopes import Scope
from tests.hub.live.agencies import code_of
from tests.test_openapi import connected_hub, serving


async def test_the_correlation_id_of_a_problem_leads_to_its_calls(database_url: str, tmp_path: Path) -> None:
    async with connected_hub(database_url, tmp_path) as hub, serving(hub) as url:
        key = await hub.keys.create("truc", scopes=[Scope.ADMIN_LOOK], actor="test")
        mine = await hub.keys.create("co-quan-1", scopes=[Scope.ADMIN_LOOK], agencies=["co-quan-1"], actor="test")
        async with httpx.AsyncClient(base_url=url, timeout=120) as client:
            # Of an agency that is asked, and knows of none.
            address = f"/v1/dossiers/{code_of('co-quan-2', 7)}"
            problem = (await client.get(address, params={"max_age": 5})).json()
            assert problem["type"] == "/problems/dossier-not-found"
            other = (await client.get(address.replace("0007", "0008"), params={"max_age": 5})).json()
            assert other["correlation_id"] != problem["correlation_id"]

            async def calls(key: str) -> list[tuple[str, str, str]]:
                asked = {"correlation_id": problem["correlation_id"]}
                answer = await client.get("/v1/admin/calls", params=asked, headers={"X-Api-Key": key})
                return [(each["agency"], each["operation"], each["outcome"]) for each in answer.json()["items"]]

            async with asyncio.timeout(120):
                # They are kept a moment after they were made.
                while not (found := await calls(key)):
                    await asyncio.sleep(0.1)
            assert found == [("co-quan-2", "lookup", "not_found")]
            assert await calls(mine) == [], "another agency's are not theirs"
