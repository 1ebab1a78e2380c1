"""One line per request that names the route and never the path, and a safe answer to a crash."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from hub import problems
from hub.db import Database
from hub.log import correlation_id
from hub.request_log import RequestLog


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)

    @app.get("/v1/dossiers/{code}")
    async def dossier(code: str) -> dict[str, str | None]:
        return {"correlation_id": correlation_id()}

    @app.get("/crash/{code}")
    async def crash(code: str) -> None:
        raise RuntimeError("<b>secret</b> of the inside")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(RequestLog(app)), base_url="http://hub") as client:
        yield client


async def test_the_line_names_the_route_and_neither_path_nor_query(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        response = await client.get("/v1/dossiers/H21.20-261123-0007?phone=0905123456")
    (line,) = lines
    assert line["event"] == "http.request"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/dossiers/{code}", 200)
    assert line["bytes"] == len(response.content) and line["ms"] >= 0
    assert "0007" not in str(lines) and "0905" not in str(lines)


async def test_an_unknown_path_is_not_logged_either(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        assert (await client.get("/064185001234")).status_code == 404
    assert lines[0]["route"] is None and "0641" not in str(lines)


async def test_a_usable_request_id_is_taken_over(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/dossiers/x", headers={"X-Request-ID": "lgsp_2026-11"})
    assert response.headers["X-Request-ID"] == response.json()["correlation_id"] == "lgsp_2026-11"


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "<script>", "é"])
async def test_any_other_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/v1/dossiers/x", headers=[(b"X-Request-ID", given.encode())])
    made = response.headers["X-Request-ID"]
    assert made != given and len(made) == 32
    assert made == response.json()["correlation_id"]


async def test_a_crash_is_logged_once_and_answered_without_its_words(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        response = await client.get("/crash/H21.20-261123-0007")
    assert [line["event"] for line in lines] == ["http.crashed", "http.request"]
    assert lines[0]["exc_info"] and lines[0]["route"] == lines[1]["route"] == "/crash/{code}"
    assert response.status_code == lines[1]["status"] == 500
    assert response.headers["Content-Type"] == problems.MEDIA_TYPE
    assert response.json()["correlation_id"] == response.headers["X-Request-ID"]
    assert "secret" not in response.text and "<" not in response.text


async def test_an_answer_that_broke_off_is_logged_and_not_answered_twice() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        raise RuntimeError("broke off")

    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    with capture_logs() as lines:
        await RequestLog(half)({"type": "http", "method": "GET", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert [line["event"] for line in lines] == ["http.crashed", "http.request"]


@pytest.mark.parametrize("way", ["begin", "reads"])
async def test_a_database_that_goes_away_is_no_crash(database: Database, way: str) -> None:
    """It says when to come again, and whoever does is answered."""
    app = FastAPI()
    problems.install(app)
    statement = "SELECT pg_terminate_backend(pg_backend_pid())"

    @app.get("/asks")
    async def asks(dies: bool = False) -> dict[str, bool]:
        asked = statement if dies else "SELECT true"
        if way == "reads":
            return {"answer": await database.reads.fetchval(asked)}
        async with database.begin() as connection:
            return {"answer": (await connection.execute(text(asked))).scalar_one()}

    async with httpx.AsyncClient(transport=httpx.ASGITransport(RequestLog(app)), base_url="http://hub") as client:
        with capture_logs() as lines:
            response = await client.get("/asks?dies=true")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
        assert response.json()["type"] == "/problems/unavailable"
        assert [line["event"] for line in lines] == ["http.database_away", "http.request"]
        assert (await client.get("/asks")).json() == {"answer": True}
