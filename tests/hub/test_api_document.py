"""The published OpenAPI document is the API's, is whole, and its schemas are schemas."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from config.settings import Settings
from hub.main import api_document, open_hub
from tests.documents import at, references
from tests.running import ROOT

PUBLISHED = ROOT / "contracts" / "openapi.json"


@pytest.fixture
async def document(database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    async with open_hub(Settings(data_dir=tmp_path), database_url) as hub:
        yield api_document(hub)


async def test_the_published_document_is_in_step(document: str) -> None:
    assert PUBLISHED.read_text("utf-8") == document, "run: make contracts"


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    document: dict[str, Any] = json.loads(PUBLISHED.read_text("utf-8"))
    assert document["openapi"].startswith("3.1")
    found = set(references(document))
    assert "#/components/schemas/EventData" in found
    for reference in found:
        assert at(document, reference), reference
    for name, schema in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name
