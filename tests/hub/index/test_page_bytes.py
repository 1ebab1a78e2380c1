"""Pages are made by hand, and yet what the contract's models would make of them: to the byte."""

from typing import Any

import pytest
from pydantic import BaseModel

from contracts.dossier import DossierPage, FoundPage
from contracts.observation import Channel
from contracts.statistics import Statistics
from hub.access.scopes import Scope
from hub.index.list_routes import ManyDossiers
from tests.hub.index.conftest import NewClient, Record
from tests.observations import move
from tests.observations import observation as said

RICH, POOR, MOVED = "H21.20-261123-0001", "H21.20-261123-0002", "H21.20-261123-0003"

ASKED: dict[str, tuple[type[BaseModel], list[Scope], str, dict[str, Any] | None]] = {
    "a list": (DossierPage, [Scope.DOSSIERS_READ], "/v1/dossiers", None),
    "a list that goes on": (DossierPage, [Scope.DOSSIERS_READ], "/v1/dossiers?limit=1", None),
    "a search": (FoundPage, [Scope.DOSSIERS_SEARCH], "/v1/dossiers/search", {"name": "van duc"}),
    "a search by code": (FoundPage, [Scope.DOSSIERS_SEARCH], "/v1/dossiers/search", {"code": "H21.20-261123"}),
    "a search in full": (
        FoundPage,
        [Scope.DOSSIERS_SEARCH, Scope.PEOPLE_READ],
        "/v1/dossiers/search",
        {"name": "van duc"},
    ),
    "a person": (FoundPage, [Scope.PEOPLE_READ], "/v1/people/dossiers", {"phone": "0905123456"}),
    "counts": (Statistics, [Scope.STATISTICS_READ], "/v1/statistics", None),
    "many": (ManyDossiers, [Scope.DOSSIERS_READ], "/v1/dossiers/by-code", {"codes": [RICH, POOR, MOVED, "x"]}),
    "many and fresh": (
        ManyDossiers,
        [Scope.DOSSIERS_READ],
        "/v1/dossiers/by-code",
        {"codes": [RICH, POOR, "x", RICH.lower()], "max_age": 30},
    ),
}


@pytest.mark.parametrize("kind", ASKED)
async def test_pages(new_client: NewClient, do: Record, kind: str) -> None:
    person: dict[str, Any] = {
        "applicant_name": "Nguyễn Văn Đức",
        "applicant_phone": "0905123456",
        "applicant_email": "duc@example.vn",
    }
    await do(
        said(
            RICH,
            status=4,
            procedure_code="1.001612",
            procedure_name="Đăng ký «hộ» \u2028 kinh doanh",
            submitted_at="2026-11-23T08:00:00.5+07:00",
            due_at="2026-12-01T00:00:00Z",
            **person,
        ),
        said(RICH, at=1, status=9, finished_at="2026-11-25T02:03:04.000005Z", channel=Channel.PULL),
        said(POOR, at=None, heard=1, note="chưa rõ"),
        said(MOVED, status=2, **person),
    )
    await do(move("xa-gao", MOVED))
    model, scopes, path, body = ASKED[kind]
    client = await new_client(*scopes)
    response = await (client.get(path) if body is None else client.post(path, json=body))
    assert response.status_code == 200, response.text
    page = model.model_validate_json(response.content)
    assert page.model_dump()["items"]
    assert response.content == page.model_dump_json().encode()
