"""Every example in docs/mapping.md gives what the page says."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.formats import dates
from adapters.mapping.expressions import compiled
from adapters.mapping.record_reader import MappedRecord, RecordReader
from contracts.agency import AgencySpec
from contracts.mapping import RecordMapping
from contracts.observation import Channel
from tests.adapters.formats.test_dates import VIETNAM

PAGE = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text()
WHOLE, TABLE, STATUSES = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
RECORD, KNOWN = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def rows(kind: str) -> list[tuple[str, ...]]:
    """The cells of each row in the tables that are marked as of this kind, without their quotation marks."""
    found: list[tuple[str, ...]] = []
    for table in re.findall(rf"<!-- {kind} -->\n((?:\|.*\n)+)", PAGE):
        for line in table.splitlines()[2:]:
            cells = re.split(r"(?<!\\)\|", line)[1:-1]
            found.append(tuple(re.sub(r"^(`+)(.*)\1$", r"\2", cell.strip().replace("\\|", "|")) for cell in cells))
    assert len(found) > 2
    return found


def read(record: Any, mapping: dict[str, Any], statuses: dict[str, str]) -> MappedRecord:
    agency = {"id": "so-x", "identifier": "H21.99", "name": {"vi": "Sở X", "en": "X"}, "kind": "department"}
    spec = AgencySpec.model_validate(agency | {"statuses": statuses})
    return RecordReader(RecordMapping.model_validate(mapping), spec).read(record, Channel.PULL, NOW)


def read_field(fact: str, rule: dict[str, Any], value: Any, statuses: dict[str, str]) -> tuple[bool, Any]:
    """Whether the value was refused, and what it became."""
    when = {"constant": "2026-11-20T08:00:00", "convert": "date", "formats": ["iso"]}
    mapping: dict[str, Any] = {"code": {"constant": "H21.99-1"}, "occurred_at": when, "facts": {}}
    (mapping if fact == "revision" else mapping["facts"])[fact] = rule
    result = read({"Gia": value}, mapping, statuses)
    if fact == "revision":
        return bool(result.unusable), result.revision
    assert result.observation is not None
    return bool(result.unusable), getattr(result.observation.facts, fact)


def expected(cell: str) -> tuple[bool, Any]:
    return (True, None) if cell == "refused" else (False, json.loads(cell))


def test_the_whole_example() -> None:
    result = read(RECORD, WHOLE["mapping"], WHOLE["statuses"])
    assert result.unusable == ()
    assert result.observation is not None
    said = result.observation.model_dump(mode="json", exclude_unset=True)
    assert {name: said[name] for name in KNOWN} == KNOWN


@pytest.mark.parametrize(("expression", "record", "gives"), rows("expressions"))
def test_expressions(expression: str, record: str, gives: str) -> None:
    assert compiled(expression)(json.loads(record)) == json.loads(gives)


@pytest.mark.parametrize(("convert", "value", "becomes"), rows("conversions"))
def test_conversions(convert: str, value: str, becomes: str) -> None:
    fact = {"text": "note", "integer": "revision"}[convert]
    assert read_field(fact, {"path": "Gia", "convert": convert}, json.loads(value), {}) == expected(becomes)


@pytest.mark.parametrize(("value", "becomes"), rows("table"))
def test_the_code_table(value: str, becomes: str) -> None:
    assert read_field("note", {"path": "Gia"} | TABLE, json.loads(value), {}) == expected(becomes)


@pytest.mark.parametrize(("value", "becomes"), rows("statuses"))
def test_status_words(value: str, becomes: str) -> None:
    assert read_field("status", {"path": "Gia"}, json.loads(value), STATUSES["statuses"]) == expected(becomes)


@pytest.mark.parametrize(("format", "value", "moment"), rows("dates"))
def test_dates(format: str, value: str, moment: str) -> None:
    try:
        found = dates.reader([format], VIETNAM)(json.loads(value))
    except dates.DateError:
        assert moment == "refused"
        return
    assert found == (None if moment == "none" else datetime.fromisoformat(moment))


def test_a_clock_that_calls_itself_utc() -> None:
    [format] = re.findall(r"`(yyyy-MM-dd'T'[^`]*'\+0000')`", PAGE)
    assert dates.reader([format], VIETNAM)("2025-08-12T10:00:00.000+0000") == datetime(2025, 8, 12, 3, tzinfo=UTC)
