"""The developers' pages show what the code says, in both languages."""

import ast
import html
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from hub.developers import documents, reference, texts
from hub.developers.routes import router
from hub.developers.sessions import Sessions
from hub.developers.snippets import SNIPPETS
from hub.intake.push import Push
from hub.intake.routes import router as intake
from hub.problems import ProblemType
from hub.sandbox.sandbox import Sandbox
from hub.vault import Vault
from tests.documents import references

PAGES = ("/developers", "/developers/events", "/developers/errors", "/developers/sandbox", "/developers/calls")


def words(answer: httpx.Response) -> str:
    return html.unescape(answer.text)


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_there_in_both_languages(client: httpx.AsyncClient, path: str) -> None:
    vietnamese, english = await client.get(path), await client.get(path + "?lang=en")
    assert vietnamese.status_code == english.status_code == 200
    assert '<html lang="vi">' in vietnamese.text and '<html lang="en">' in english.text
    assert f'href="{path}?lang=en"' in vietnamese.text and 'hreflang="vi"' in english.text
    assert "<script" not in vietnamese.text and "http://cdn" not in vietnamese.text


async def test_the_page_shows_the_files_that_are_tested(client: httpx.AsyncClient) -> None:
    page = words(await client.get("/developers"))
    for snippet in SNIPPETS:
        assert snippet.text in page
        assert (await client.get(f"/developers/snippets/{snippet.file}")).text == snippet.text
    assert (await client.get("/developers/snippets/../../../etc/passwd")).status_code == 404
    assert (await client.get("/developers/snippets/README.md")).status_code == 404


async def test_the_reference_names_every_field_and_type(client: httpx.AsyncClient) -> None:
    page = words(await client.get("/developers/events?lang=en"))
    for row in (*reference.incoming(), *reference.answer(), *reference.outgoing()):
        assert f"<code>{row.name}</code>" in page
    for change in reference.CHANGES:
        assert f"<code>{change.value}</code>" in page


def test_every_field_that_is_sent_is_told_of_in_vietnamese() -> None:
    assert {row.name for row in (*reference.incoming(), *reference.answer())} <= set(texts.FIELDS)
    assert {row.name for row in reference.outgoing()} == set(texts.OUTGOING)
    assert set(texts.OUTCOMES) == set(reference.OUTCOMES)


async def test_the_catalogue_names_every_problem(client: httpx.AsyncClient) -> None:
    page = words(await client.get("/developers/errors?lang=en"))
    for type in ProblemType:
        assert f"<code>{type.path}</code>" in page
        assert type.value.title in page


def test_the_problems_of_sending_are_told_of_in_vietnamese(sandbox: Sandbox) -> None:
    push = Push(sandbox.inbox, sandbox.registry, sandbox.secrets, sandbox.refusals, sandbox.tries)
    routes = intake(push)
    [route] = routes.routes
    told = " ".join(each["description"] for each in route.responses.values())  # type: ignore[attr-defined]
    for type in ProblemType:
        if f"`{type.path}`" in told:
            assert type in texts.PROBLEMS, type


async def test_every_problem_is_told_of_in_vietnamese(client: httpx.AsyncClient) -> None:
    assert {*texts.PROBLEMS, *texts.OTHER_PROBLEMS} == set(ProblemType)
    page = words(await client.get("/developers/errors"))
    assert not [type for type in ProblemType if type.value.text in page]


def test_every_reason_of_a_refusal_has_its_advice() -> None:
    """Those that the intake gives, found where it gives them."""
    folder = Path(__file__).parents[3] / "hub" / "intake"
    reasons = {
        call.args[1].value
        for path in folder.glob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "Refused"
        and isinstance(call.args[1], ast.Constant)
    }
    assert len(reasons) > 10
    assert reasons == set(texts.REFUSALS)


async def test_a_hub_without_a_sandbox_says_so(vault: Vault) -> None:
    app = FastAPI()
    app.include_router(router(None, [], Sessions(vault)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        assert "HUB_SANDBOX" in (await client.get("/developers/sandbox")).text
        assert (await client.post("/developers/sandbox")).status_code == 404


async def test_an_agency_is_made_and_shown_once(client: httpx.AsyncClient) -> None:
    made = await client.post("/developers/sandbox", data={"lang": "en"})
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    assert "export HUB_SECRET=whsec_" in words(made) and "export HUB_KEY=ghk_" in words(made)
    assert re.findall(r'\$env:(HUB_\w+) = "\S+"', words(made)) == ["HUB_URL", "HUB_AGENCY", "HUB_SECRET", "HUB_KEY"]
    assert "whsec_" not in (await client.get("/developers/sandbox")).text


async def test_too_many_are_told_to_wait(client: httpx.AsyncClient) -> None:
    for _ in range(12):
        answer = await client.post("/developers/sandbox")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


async def test_the_documents_are_led_to_and_lead_on(client: httpx.AsyncClient) -> None:
    page = words(await client.get("/developers?lang=en"))
    for path in ("asyncapi.json", *documents.PAGES):
        assert f'href="/developers/{path}"' in page
    assert 'href="/openapi.json"' in page
    for path, file in (documents.CONTRACTS | documents.PAGES).items():
        answer = await client.get(f"/developers/{path}")
        assert answer.status_code == 200, path
        assert answer.text == file.read_text("utf-8")
    events = (await client.get("/developers/asyncapi.json")).json()
    for path in references(events):
        if not path.startswith("#"):
            assert (await client.get(f"/developers/{path}")).status_code == 200
    for path in ("docs/operate.md", "schemas/nothing.json", "docs/..%2f..%2fpyproject.toml"):
        assert (await client.get(f"/developers/{path}")).status_code == 404, path
