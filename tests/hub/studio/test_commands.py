"""The commands `hub adapter …`, against the sample estate and small servers: what an admin reads, and exit codes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from hub.cli import app
from tests.adapters.servers import Asked, Told, answering
from tests.adapters.specs import CONFIG, DOCUMENTS
from tests.estate.client import Estate, running_estate
from tests.running import ROOT

OPENAPI = Path(__file__).parent / "documents" / "so-khdt.openapi.yaml"


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logging_put_back: None) -> None:
    """A data folder and a document store of the test's own."""
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HUB_DOCUMENTS_DIR", str(DOCUMENTS))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("HUB_DATABASE_URL", raising=False)


@pytest.fixture
async def estate(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Estate]:
    async with running_estate(size=40) as running:
        monkeypatch.setenv("HUB_AGENCY_ADDRESSES", json.dumps(running.addresses))
        for name, value in running.secrets.items():
            monkeypatch.setenv("HUB_SECRET_" + name.upper().replace("-", "_"), value)
        yield running


async def hub(*words: str) -> Result:
    """The command, in a thread of its own, while servers of the test answer on this one's loop."""
    result = await asyncio.to_thread(CliRunner().invoke, app, ["adapter", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def written_spec(folder: Path, **parts: object) -> Path:
    """The file of an agency of which the test says the `parts` that matter to it."""
    spec = {
        "id": "so-nv",
        "identifier": "H21.13",
        "name": {"vi": "Sở Nội vụ", "en": "Home Affairs"},
        "kind": "department",
        "statuses": {"Đang xử lý": "4"},
    }
    path = folder / "so-nv.yaml"
    path.write_text(yaml.safe_dump(spec | parts, allow_unicode=True), "utf-8")
    return path


# --- try ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agency", ["so-tnmt", "so-khdt", "ubnd-pleiku"])
async def test_a_trial_shows_each_step_and_no_secret(estate: Estate, agency: str) -> None:
    code = estate.sample_codes[agency]
    result = await hub("try", agency, "--code", code)
    assert result.exit_code == 0, result.output
    for step in ("Request as sent (lookup)", "Raw answer (200", "Records found: 1", "field by field", "Verdict"):
        assert step in result.stdout
    assert "It works: 1 dossier understood" in result.stdout
    assert code in result.stdout
    assert not any(secret in result.output for secret in estate.secrets.values())
    assert "***" in result.stdout


@pytest.mark.parametrize("agency", ["so-tnmt", "so-khdt", "ubnd-pleiku"])
async def test_a_trial_of_changes_shows_a_page(estate: Estate, agency: str) -> None:
    result = await hub("try", agency, "--changes", "--since", "2020-01-01")
    assert result.exit_code == 0, result.output
    assert "Records found: 40, the first" in result.stdout
    assert "It works: 40 dossiers understood" in result.stdout


async def test_what_does_not_map_and_what_is_unused_is_told(estate: Estate, tmp_path: Path) -> None:
    text = (CONFIG / "agencies" / "so-tnmt.yaml").read_text("utf-8")
    text = text.replace("http://127.0.0.1:8101", estate.addresses["so-tnmt"])
    text = text.replace("note: GhiChu", "note: GhiChus").replace("procedure_name: TenThuTuc\n", "\n")
    text = text.replace('  Đang xử lý: "4"\n', "").replace(
        "NgayNop, convert: date, formats: *formats", "NgayNop, convert: date, formats: [iso]"
    )
    spec = tmp_path / "so-tnmt.yaml"
    spec.write_text(text, "utf-8")
    result = await hub("try", str(spec), "--changes")
    assert result.exit_code == 0
    assert "It works in part" in result.stdout
    assert "Left unused in the records" in result.stdout
    assert "TenThuTuc" in result.stdout
    assert "GhiChus" in result.stdout
    assert "has the status word" in result.stdout
    assert "submitted_at" in result.stdout
    assert "did not map" in result.stdout
    told = (await hub("check", str(spec))).stdout
    assert "GhiChus was in none of the 40 records" in told
    assert "is 'GhiChu' meant?" not in told  # the record has it, but empty
    assert "'Đang xử lý', which has no code here" in " ".join(told.split())


async def test_a_failure_is_explained_with_what_to_check(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    code = estate.sample_codes["so-khdt"]
    monkeypatch.setenv("HUB_SECRET_SO_KHDT_MAT_KHAU", "sai")
    refused = await hub("try", "so-khdt", "--code", code)
    assert refused.exit_code == 1
    assert "Verdict" in refused.stdout
    monkeypatch.delenv("HUB_SECRET_SO_KHDT_MAT_KHAU")
    unset = await hub("try", "so-khdt", "--code", code)
    assert unset.exit_code == 1
    assert "HUB_SECRET_SO_KHDT_MAT_KHAU" in unset.stdout
    assert "secrets/so-khdt-mat-khau" in " ".join(unset.stdout.split())
    nothing = await hub("try", "so-tnmt", "--code", "H21.09-000000-0000")
    assert nothing.exit_code == 1
    assert "no such dossier" in " ".join(nothing.stdout.split())
    monkeypatch.setenv("HUB_AGENCY_ADDRESSES", json.dumps({"so-tnmt": "http://127.0.0.1:9"}))
    away = await hub("try", "so-tnmt", "--code", "x1")
    assert away.exit_code == 1
    assert "Is `system.address` right? It is http://127.0.0.1:9" in away.stdout


async def test_a_folder_of_files_is_tried_and_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "nop"
    folder.mkdir()
    rows = "Mã hồ sơ,Trạng thái,Cập nhật\nH21.30-261101-0001,Đang xử lý,01/11/2026\nH21.30-261101-0002,Lạ,02/11/2026\n"
    (folder / "hoso.csv").write_text(rows, "utf-8")
    spec = written_spec(
        tmp_path,
        system={"kind": "files", "folder": str(folder), "pattern": "*.csv", "format": {"kind": "csv"}},
        mapping={
            "code": '"Mã hồ sơ"',
            "occurred_at": {"path": '"Cập nhật"', "convert": "date", "formats": ["dd/MM/yyyy"]},
            "facts": {"status": '"Trạng thái"'},
        },
        sync={"every_seconds": 60},
    )
    assert (await hub("check", str(spec))).exit_code == 0
    result = await hub("try", str(spec), "--changes")
    assert result.exit_code == 0, result.output
    assert "H21.30-261101-0001" in result.stdout
    assert "the status word 'Lạ'" in " ".join(result.stdout.split())
    assert [each.name for each in folder.iterdir()] == ["hoso.csv"]


async def test_a_look_up_that_answers_a_word_is_tried_with_the_code_that_was_asked_for(tmp_path: Path) -> None:
    # As docs/adapters.md has it.
    [_, example] = (ROOT / "docs" / "adapters.md").read_text("utf-8").split("```yaml\nlookup:\n")
    parts = yaml.safe_load("lookup:\n" + example.split("```")[0])
    async with answering(lambda _asked: Told("Đang xử lý", content_type="text/plain; charset=utf-8")) as address:
        spec = written_spec(
            tmp_path,
            system={"kind": "rest", "address": address, "private": True},
            operations={"lookup": parts["lookup"]},
            mapping=parts["mapping"],
        )
        assert (await hub("check", str(spec))).exit_code == 0
        result = await hub("try", str(spec), "--code", "H21.13-261101-0001")
        spec.write_text(spec.read_text("utf-8").replace("{trangThai: @}", "@"), "utf-8")
        astray = await hub("try", str(spec), "--code", "H21.13-261101-0001")
    assert astray.exit_code == 1
    assert "Is it a status word alone?" in " ".join(astray.stdout.split())
    assert result.exit_code == 0, result.output
    assert '"maHoSo": "H21.13-261101-0001"' in result.stdout
    assert "4 (processing)" in result.stdout
    assert "It works: 1 dossier understood, and all" in result.stdout


async def test_one_sentence_for_what_cannot_be_done(tmp_path: Path) -> None:
    for words, says in (
        (("try", "so-khdt"), "give either --code X"),
        (("try", "so-la", "--code", "x"), "there is no spec 'so-la'"),
        (("try", "so-yt", "--code", "x"), "has no look-up"),
        (("try", "so-khdt", "--changes", "--since", "hôm qua"), "is no moment"),
        (("introspect", str(tmp_path / "nothing.wsdl")), "no file"),
        (("introspect", "http://127.0.0.1:9/x?wsdl"), "private network"),
    ):
        result = await hub(*words)
        assert result.exit_code == 1
        assert says in result.stderr
        assert result.stderr.count("\n") == 1


# --- introspect -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Confirmed:
    """A draft with its guesses filled in, as an admin would after reading the agency's documents."""

    path: Path

    async def reads(self, estate: Estate, agency: str) -> None:
        checked = await hub("check", str(self.path))
        assert checked.exit_code == 0, checked.stdout
        code = estate.sample_codes[agency]
        found = await hub("try", str(self.path), "--code", code)
        assert found.exit_code == 0, found.stdout
        assert "It works: 1 dossier understood, and all" in found.stdout
        listed = await hub("try", str(self.path), "--changes", "--since", "2020-01-01")
        assert listed.exit_code == 0, listed.stdout
        assert "dossiers understood, and all" in listed.stdout


def confirmed(path: Path, agency: str, fill: Callable[[str], str] = str) -> Confirmed:
    """With the status words of the province's own spec."""
    known = yaml.safe_load((CONFIG / "agencies" / f"{agency}.yaml").read_text("utf-8"))["statuses"]
    text = fill(path.read_text("utf-8")).replace("statuses: {}", "statuses: " + json.dumps(known, ensure_ascii=False))
    path.write_text(text, "utf-8")
    return Confirmed(path)


async def test_the_estates_wsdl_becomes_a_spec_that_reads_its_dossiers(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "documents"
    monkeypatch.setenv("HUB_DOCUMENTS_DIR", str(store))
    source = estate.addresses["so-tnmt"] + "/DichVuHoSo.asmx?wsdl"
    out = tmp_path / "so-tnmt.yaml"
    result = await hub("introspect", source, "--private", "--store", "--id", "so-tnmt", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "DanhSachHoSo" in result.stderr
    assert "khoa string, tuNgay string" in result.stderr
    assert len(list(store.iterdir())) == 1
    text = out.read_text("utf-8")
    assert text.count("# guess: ") > 15
    assert (await hub("check", str(out))).exit_code == 0
    await confirmed(out, "so-tnmt").reads(estate, "so-tnmt")


async def test_an_openapi_document_becomes_a_spec_that_reads_its_dossiers(estate: Estate, tmp_path: Path) -> None:
    out = tmp_path / "so-khdt.yaml"
    result = await hub("introspect", str(OPENAPI), "--id", "so-khdt", "--private", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "GET /api/ho-so/{soHoSo}" in result.stderr
    assert (await hub("check", str(out))).exit_code == 0
    await confirmed(out, "so-khdt").reads(estate, "so-khdt")


async def test_a_swagger_document_is_fetched_and_read(tmp_path: Path) -> None:
    document = {
        "swagger": "2.0",
        "info": {"title": "Một cửa"},
        "host": "motcua.example.vn",
        "basePath": "/v2",
        "schemes": ["https"],
        "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Khoa"}},
        "paths": {
            "/dossier/search": {
                "get": {
                    "parameters": [{"name": "page", "in": "query", "type": "integer"}, {"$ref": "#/parameters/size"}],
                    "responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Dossier"}}}},
                }
            }
        },
        "parameters": {"size": {"name": "size", "in": "query", "type": "integer"}},
        "definitions": {
            "Dossier": {
                "properties": {
                    "code": {"type": "string"},
                    "status": {"type": "string", "enum": ["Đang xử lý", "Khác"]},
                    "updatedDate": {"type": "string", "example": "20/11/2026 08:00:00"},
                    "more": {"$ref": "#/definitions/Gone"},
                }
            }
        },
    }

    def answer(asked: Asked) -> Told:
        return Told(json.dumps(document)) if asked.path == "/v2/api-docs" else Told("no", 404)

    async with answering(answer) as address:
        result = await hub("introspect", f"{address}/v2/api-docs", "--private")
        assert result.exit_code == 0, result.output
        assert "#/definitions/Gone is not in the document" in " ".join(result.stderr.split())
        spec = yaml.safe_load(result.stdout)
        assert spec["system"]["auth"] == {"kind": "key", "headers": {"X-Khoa": "{secret:so-moi-khoa}"}}
        assert spec["operations"]["changes"]["request"] == {
            "path": "/v2/dossier/search",
            "query": {"page": "{page}", "size": "{size}"},
        }
        assert spec["operations"]["changes"]["pages"]["kind"] == "number"
        assert spec["mapping"]["occurred_at"] == {
            "path": "updatedDate",
            "convert": "date",
            "formats": ["dd/MM/yyyy HH:mm:ss"],
        }
        assert spec["statuses"] == {"Đang xử lý": "4"}
        gone = await hub("introspect", f"{address}/nothing", "--private")
        assert gone.exit_code == 1
        assert "404" in gone.stderr


# --- check and grade ------------------------------------------------------------------------------


async def test_check_tells_file_and_line_and_fails_for_mistakes_only(tmp_path: Path) -> None:
    spec = tmp_path / "so-khdt.yaml"
    text = (CONFIG / "agencies" / "so-khdt.yaml").read_text("utf-8")
    spec.write_text(text.replace("records: duLieu.noiDung", "records: duLieu[noiDung"), "utf-8")
    wrong = await hub("check", str(spec))
    assert wrong.exit_code == 1
    assert "so-khdt.yaml:" in wrong.stdout
    assert "operations.changes.answer.records" in wrong.stdout
    spec.write_text(text, "utf-8")
    assert (await hub("check", str(spec), "so-tnmt")).exit_code == 0


async def test_a_grade_without_a_database_knows_what_the_spec_says(tmp_path: Path) -> None:
    result = await hub("grade", "so-tnmt")
    assert result.exit_code == 0
    assert "so-tnmt.yaml: no level yet" in result.stdout
    assert "not known" in result.stdout
    assert "pass" in result.stdout
    assert not (tmp_path / "data" / "postgres").exists()
