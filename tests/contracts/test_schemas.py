"""The published JSON Schemas are those of the types."""

import pytest

from contracts.__main__ import FOLDER, PUBLISHED, schema


@pytest.mark.parametrize("name", PUBLISHED)
def test_schema_is_in_step(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text("utf-8") == schema(PUBLISHED[name]), "run: python -m contracts"


def test_no_schema_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(PUBLISHED)
