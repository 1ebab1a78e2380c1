"""What is published is what the types say; where not, the failure names the command that mends it."""

from pathlib import Path

import pytest

from contracts import __main__ as command
from contracts.__main__ import ASYNCAPI, FOLDER, PUBLISHED, events, schema

MEND = "run: make contracts"


@pytest.mark.parametrize("name", PUBLISHED)
def test_schema_is_in_step(name: str) -> None:
    path = FOLDER / f"{name}.json"
    assert path.is_file(), MEND
    assert path.read_text("utf-8") == schema(PUBLISHED[name]), MEND


def test_no_schema_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(PUBLISHED), MEND


def test_the_events_document_is_in_step() -> None:
    assert ASYNCAPI.read_text("utf-8") == events(), MEND


def test_the_command_mends_what_is_missing_out_of_step_or_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "schemas"
    folder.mkdir()
    (folder / "dossier.json").write_text("{}")
    (folder / "ghost.json").write_text("{}")
    monkeypatch.setattr(command, "FOLDER", folder)
    monkeypatch.setattr(command, "ASYNCAPI", tmp_path / "asyncapi.json")
    command.write()
    assert (tmp_path / "asyncapi.json").read_text("utf-8") == events()
    written = {path.stem: path.read_text("utf-8") for path in folder.iterdir()}
    assert written == {name: schema(model) for name, model in PUBLISHED.items()}
