"""The published OpenAPI document is what the command prints, is whole, and its schemas are schemas."""

import json
from typing import Any

import jsonschema_rs
from typer.testing import CliRunner

from hub.cli import app
from tests.documents import at, references
from tests.running import ROOT

PUBLISHED = (ROOT / "contracts" / "openapi.json").read_text("utf-8")


def test_the_published_document_is_in_step(logging_put_back: None) -> None:
    printed = CliRunner().invoke(app, ["openapi"])
    assert printed.exit_code == 0, printed.output
    assert printed.stdout == PUBLISHED, "run: make contracts"


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    document: dict[str, Any] = json.loads(PUBLISHED)
    assert document["openapi"].startswith("3.1")
    found = set(references(document))
    assert "#/components/schemas/EventData" in found
    for reference in found:
        assert at(document, reference), reference
    for name, schema in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name
