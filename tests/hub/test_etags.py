"""JSON answers carry a tag; who has the answer is not sent it again; whatever else is sent passes untouched."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from hub.etags import ETags


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.add_middleware(ETags)
    counts = iter(range(100))

    @app.api_route("/same", methods=["GET", "POST"])
    async def same() -> dict[str, str]:
        return {"hồ sơ": "một"}

    @app.get("/other")
    async def other() -> int:
        return next(counts)

    @app.get("/{kind}")
    async def each(kind: str) -> Any:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"[1,"
            yield b"2]"

        return {
            "text": PlainTextResponse("text"),
            "pieces": StreamingResponse(pieces(), media_type="application/json"),
            "wrong": JSONResponse({}, 404),
            "own": JSONResponse({}, headers={"Cache-Control": "no-store"}),
        }[kind]

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        yield client


@pytest.mark.parametrize("form", ["{}", '"x", {}', "*"])
async def test_the_same_answer_is_not_sent_twice(client: httpx.AsyncClient, form: str) -> None:
    first = await client.get("/same")
    tag = first.headers["ETag"]
    assert tag.startswith('W/"') and first.headers["Cache-Control"] == "private, no-cache"
    for known in (tag, tag.removeprefix("W/")):
        again = await client.get("/same", headers={"If-None-Match": form.format(known)})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert not again.headers.keys() & {"content-length", "content-type"}


async def test_another_answer_is_sent(client: httpx.AsyncClient) -> None:
    first = await client.get("/other")
    second = await client.get("/other", headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.json()) == (200, 1)


@pytest.mark.parametrize("kind", ["text", "pieces", "wrong", "own"])
async def test_anything_else_passes_untouched(client: httpx.AsyncClient, kind: str) -> None:
    response = await client.get(f"/{kind}", headers={"If-None-Match": "*"})
    assert response.status_code != 304 and "ETag" not in response.headers and response.content


async def test_only_reading_is_tagged(client: httpx.AsyncClient) -> None:
    response = await client.post("/same", headers={"If-None-Match": "*"})
    assert response.status_code == 200 and "ETag" not in response.headers
