"""contracts/asyncapi.json is right by AsyncAPI's own schema; its references lead somewhere; its examples are true."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from contracts.__main__ import ASYNCAPI, FOLDER, PUBLISHED
from tests.documents import at, references

#: The project's own package of its schemas, which `npm ci` installs.
OFFICIAL = Path(__file__).parents[1] / "suite" / "node" / "node_modules" / "@asyncapi" / "specs" / "schemas"
DOCUMENT: dict[str, Any] = json.loads(ASYNCAPI.read_text("utf-8"))


@pytest.fixture(scope="module")
def official() -> jsonschema_rs.Validator:
    if not OFFICIAL.is_dir():
        pytest.skip("@asyncapi/specs is missing: `npm ci` in tests/suite/node installs it")
    return jsonschema_rs.validator_for(json.loads((OFFICIAL / "3.0.0-without-$id.json").read_text("utf-8")))


def test_it_is_right_by_the_official_schema(official: jsonschema_rs.Validator) -> None:
    assert [error.message for error in official.iter_errors(DOCUMENT)] == []


def test_the_official_schema_would_find_a_mistake(official: jsonschema_rs.Validator) -> None:
    wrong = DOCUMENT | {"operations": {"takeEvents": {"action": "take"}}}
    assert not official.is_valid(wrong)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        if reference.startswith("#/"):
            assert at(DOCUMENT, reference), reference
        else:
            assert (ASYNCAPI.parent / reference).is_file() and Path(reference).stem in PUBLISHED, reference


def test_examples_fit_their_schemas() -> None:
    examples = 0
    for channel in DOCUMENT["channels"].values():
        for message in channel["messages"].values():
            for example in message.get("examples", ()):
                schema = message["payload"]["schema"]
                one = schema.get("items", schema)
                validator = jsonschema_rs.validator_for(json.loads((FOLDER.parent / one["$ref"]).read_text("utf-8")))
                for payload in example["payload"] if "items" in schema else [example["payload"]]:
                    assert validator.is_valid(payload)
                    examples += 1
    assert examples == 2
