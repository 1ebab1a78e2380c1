"""Every error is problem+json, names what was wrong and what would be right, and is documented."""

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Header, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, Field

from contracts.problem import FieldProblem
from hub import problems
from hub.problems import ProblemError, ProblemType


class Shape(StrEnum):
    ROUND = "round"
    SQUARE = "square"


class Inner(BaseModel):
    code: Annotated[str, Field(max_length=5)]
    at: AwareDatetime


class Body(BaseModel):
    data: dict[str, Inner]


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.get("/v1/things", responses=problems.responses(ProblemType.UNAVAILABLE, ProblemType.NOT_FOUND))
    async def things(
        limit: Annotated[int, Query(ge=1, le=200)],
        shape: Shape = Shape.ROUND,
        x_version: Annotated[int, Header()] = 1,
    ) -> None: ...

    @app.post("/v1/things")
    async def add(body: Body) -> None: ...

    @app.get("/v1/busy")
    async def busy() -> None:
        raise ProblemError(
            ProblemType.UNAVAILABLE,
            "The database is away.",
            detail_vi="Xin thử lại sau ít phút.",
            errors=[FieldProblem(field="x", problem="y")],
            headers={"Retry-After": "5"},
            server_time=1795400000,
        )

    @app.get("/v1/plain/{status}")
    async def plain(status: int) -> None:
        raise HTTPException(status, headers={"X-Kept": "yes"})

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        yield client


async def test_a_raised_problem_is_the_answer(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/busy")
    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Retry-After"] == "5"
    assert response.json() == {
        "type": "/problems/unavailable",
        "title": "The hub cannot answer just now",
        "status": 503,
        "detail": "The database is away.",
        "detail_vi": "Xin thử lại sau ít phút.",
        "errors": [{"field": "x", "problem": "y"}],
        "server_time": 1795400000,
    }


@pytest.mark.parametrize(
    ("query", "field", "problem", "expected"),
    [
        ("", "limit", "missing", "query"),
        ("limit=0", "limit", "does not fit", "greater than or equal to 1"),
        ("limit=ten", "limit", "does not fit", "a valid integer"),
        ("limit=1&shape=oval", "shape", "does not fit", "'round' or 'square'"),
    ],
)
async def test_a_bad_parameter_is_named_with_what_would_be_right(
    client: httpx.AsyncClient, query: str, field: str, problem: str, expected: str
) -> None:
    response = await client.get(f"/v1/things?{query}")
    assert (response.status_code, response.json()["type"]) == (400, "/problems/malformed-request")
    (error,) = response.json()["errors"]
    assert (error["field"], error["problem"]) == (field, problem)
    assert expected in error["expected"]
    assert field in response.json()["detail"]


async def test_a_bad_header_is_named(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/things?limit=1", headers={"x-version": "one"})
    assert response.json()["errors"][0]["field"] == "x-version"


async def test_a_place_in_the_body_is_a_json_pointer_and_values_are_not_repeated(
    client: httpx.AsyncClient,
) -> None:
    response = await client.post(
        "/v1/things", json={"data": {"a/b": {"code": "Rơ Châm Hyơ", "at": "2026-11-23T08:15:00"}}}
    )
    assert response.status_code == 400
    errors = {error["field"]: error for error in response.json()["errors"]}
    assert errors["/data/a~1b/code"]["expected"] == "have at most 5 characters"
    assert errors["/data/a~1b/at"]["expected"] == "have timezone info"
    assert "Hyơ" not in response.text


@pytest.mark.parametrize(("body", "says"), [(b'{"data": ', "character 9"), (b"", "missing"), (b"[1]", "object")])
async def test_a_body_that_is_no_json_or_not_the_right_one(client: httpx.AsyncClient, body: bytes, says: str) -> None:
    response = await client.post("/v1/things", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["field"] == "/"
    assert says in f"{error['problem']} {error.get('expected')}"


async def test_unknown_addresses_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    missing = await client.get("/v1/nothing")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/not-found")
    wrong = await client.put("/v1/busy")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "/problems/method-not-allowed")
    assert wrong.headers["Allow"] == "GET"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 429, 500, 503])
async def test_other_http_errors_keep_their_status_and_headers(client: httpx.AsyncClient, status: int) -> None:
    response = await client.get(f"/v1/plain/{status}")
    assert response.status_code == response.json()["status"] == status
    assert response.headers["X-Kept"] == "yes"


async def test_each_type_has_its_page(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/problems")).text
    for type in ProblemType:
        assert type.path in listed
        page = await client.get(type.path)
        assert page.status_code == 200 and type.value.title.split("'")[0] in page.text
    assert (await client.get("/problems/no-such")).json()["type"] == "/problems/not-found"


def test_slugs_are_unique() -> None:
    assert len({type.value.slug for type in ProblemType}) == len(ProblemType)


def test_the_api_document_tells_of_problems_and_not_of_422(app: FastAPI) -> None:
    document = app.openapi()
    told = document["paths"]["/v1/things"]["get"]["responses"]
    assert set(told) == {"200", "400", "404", "503"}
    assert "/problems/unavailable" in told["503"]["description"]
    assert told["503"]["content"] == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert {"Problem", "FieldProblem"} <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert app.openapi() is document
