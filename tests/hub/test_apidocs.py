"""The API's documentation works in a browser with nothing from outside, under its own policy."""

import asyncio
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from hub import apidocs, problems
from hub.security_headers import SecurityHeaders
from tests.browsing import launched, needs_chromium


@pytest.fixture
def address() -> Iterator[str]:
    app = FastAPI(title="Hub", docs_url=None, redoc_url=None)
    problems.install(app)
    apidocs.install(app)
    app.add_middleware(SecurityHeaders, styles=[])

    @app.get("/v1/answer")
    async def answer() -> int:
        return 42

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=asyncio.run, args=(server.serve(),), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@needs_chromium
def test_a_call_can_be_tried_and_nothing_comes_from_elsewhere(address: str) -> None:
    requested: list[str] = []
    complaints: list[str] = []
    with launched() as browser:
        page = browser.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{address}/docs")
        page.get_by_text("/v1/answer").first.click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        page.locator(".live-responses-table .response-col_status", has_text="200").wait_for()
    assert all(url.startswith((address, "data:")) for url in requested)
    assert complaints == []


def test_assets_are_kept_for_ever_and_nothing_else_is_served(address: str) -> None:
    page = httpx.get(f"{address}/docs")
    script = page.text.split('<script src="')[1].split('"')[0]
    assert httpx.get(address + script).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert httpx.get(address + script.replace("swagger-ui-bundle.js", "redoc.standalone.js")).status_code == 404
    assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"].split("style-src")[0]
