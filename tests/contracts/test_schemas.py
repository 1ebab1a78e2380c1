"""The published JSON Schemas are those of the types; where not, the failure names the command that mends it."""

from pathlib import Path

import pytest

from contracts import __main__ as command
from contracts.__main__ import FOLDER, PUBLISHED, schema

MEND = "run: .venv/bin/python -m contracts"


@pytest.mark.parametrize("name", PUBLISHED)
def test_schema_is_in_step(name: str) -> None:
    path = FOLDER / f"{name}.json"
    assert path.is_file(), MEND
    assert path.read_text("utf-8") == schema(PUBLISHED[name]), MEND


def test_no_schema_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(PUBLISHED), MEND


def test_the_command_mends_what_is_missing_out_of_step_or_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dossier.json").write_text("{}")
    (tmp_path / "ghost.json").write_text("{}")
    monkeypatch.setattr(command, "FOLDER", tmp_path)
    command.write()
    written = {path.stem: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert written == {name: schema(model) for name, model in PUBLISHED.items()}
