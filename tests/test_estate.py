"""The sample estate does what its README says: it remembers, it signs what it pushes, it speaks both SOAP versions."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from lxml import etree
from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.webhook import DossierUpdated
from tests.estate.client import Estate, new_secrets, running_estate
from tests.running import free_port

AGENCIES = ("so-tnmt", "so-khdt", "ubnd-pleiku")


async def everything(estate: Estate) -> dict[str, list[dict[str, Any]]]:
    return {agency: sorted(await estate.state(agency), key=lambda item: item["code"]) for agency in AGENCIES}


async def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    journal, secrets = tmp_path / "journal.jsonl", new_secrets()
    async with running_estate(size=50, journal=journal, secrets=secrets) as estate:
        for agency in AGENCIES:
            await estate.move(agency, 40)
        before = await everything(estate)
    with journal.open("a") as file:
        file.write('{"agency": "so-tn')  # torn by a crash
    async with running_estate(size=50, journal=journal, secrets=secrets) as estate:
        assert await everything(estate) == before
        await estate.move("so-tnmt")
        before = await everything(estate)
    async with running_estate(size=50, journal=journal, secrets=secrets) as estate:
        assert await everything(estate) == before


@pytest.mark.parametrize(
    ("namespace", "content_type"),
    [
        ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml"),
        ("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml"),
    ],
)
async def test_soap_in_both_versions(namespace: str, content_type: str) -> None:
    async with running_estate(size=20) as estate, httpx.AsyncClient(base_url=estate.addresses["so-tnmt"]) as client:

        async def call(key: str) -> httpx.Response:
            body = (
                f'<e:Envelope xmlns:e="{namespace}"><e:Body><DanhSachHoSo xmlns="http://tempuri.org/"><khoa>{key}</khoa>'
                "<trang>1</trang><soDong>500</soDong></DanhSachHoSo></e:Body></e:Envelope>"
            )
            headers = {"Content-Type": f"{content_type}; charset=utf-8"}
            return await client.post("/DichVuHoSo.asmx", content=body.encode(), headers=headers)

        good = await call(estate.secrets["so-tnmt-khoa"])
        assert good.headers["content-type"].startswith(content_type)
        document = etree.fromstring(good.content).findtext(".//{http://tempuri.org/}DanhSachHoSoResult")
        assert document
        assert document.startswith('<?xml version="1.0" encoding="utf-16"?>')
        assert document.count("<HoSo>") == 20
        bad = await call("wrong")
        assert bad.status_code == 500
        assert "Khóa truy cập không đúng" in bad.text
        described = await client.get("/DichVuHoSo.asmx?WSDL")
        assert etree.fromstring(described.content).tag.endswith("definitions")


@asynccontextmanager
async def receiver(answers: list[int]) -> AsyncIterator[tuple[str, list[tuple[bytes, dict[str, str]]]]]:
    """Takes webhooks, answering with `answers` in turn and then 202: its address, and what came."""
    came: list[tuple[bytes, dict[str, str]]] = []

    async def take(request: Request) -> Response:
        came.append((await request.body(), dict(request.headers)))
        return Response(status_code=answers.pop(0) if answers else 202)

    app = Starlette(routes=[Route("/v1/webhooks/ubnd-pleiku", take, methods=["POST"])])
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    try:
        yield f"http://127.0.0.1:{port}", came
    finally:
        server.should_exit = True
        await serving


async def test_it_pushes_until_it_is_accepted_signed_by_the_standard() -> None:
    async with receiver([503, 500]) as (hub, came), running_estate(size=20, hub=hub) as estate:
        moved = await estate.move("ubnd-pleiku", 3)
        async with asyncio.timeout(60):
            while await estate.pending():
                await asyncio.sleep(0.1)
        acknowledged = await estate.acknowledged()
    assert {(item["code"], item["revision"]) for item in acknowledged} == {
        (item["code"], item["revision"]) for item in moved
    }
    assert len(came) >= 5
    for body, headers in came:
        Webhook(estate.secrets["ubnd-pleiku-webhook"]).verify(body.decode(), headers)
        DossierUpdated.model_validate(json.loads(body))
