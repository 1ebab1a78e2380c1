"""`check` tells every mistake of a spec, where it is and what would be right."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.spec_file import Mistake, SpecFile
from hub.studio.check import check
from hub.studio.trials import Trial
from tests.adapters.specs import CONFIG, DOCUMENTS, Known

SHAPES = Path(__file__).parents[2] / "adapters" / "shapes"
SHAPE_FILES = sorted([*SHAPES.glob("*.yaml"), *(SHAPES.parent / "rest" / "shapes").glob("*.yaml")])


def checked(tmp_path: Path, agency: str, *changes: tuple[str, str], trial: Trial | None = None) -> list[Mistake]:
    """What is said of the province's own spec of `agency`, with texts in it replaced."""
    text = (CONFIG / "agencies" / f"{agency}.yaml").read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / f"{agency}.yaml"
    path.write_text(text, "utf-8")
    return check(SpecFile(path), secrets=Known(), documents=DOCUMENTS, trial=trial)


def line_of(agency: str, text: str) -> int:
    lines = (CONFIG / "agencies" / f"{agency}.yaml").read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("path", sorted((CONFIG / "agencies").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_provinces_own_specs_have_no_mistakes(path: Path) -> None:
    found = check(SpecFile(path), secrets=Known(), documents=DOCUMENTS)
    assert [str(mistake) for mistake in found if not mistake.warning] == []


@pytest.mark.parametrize(
    ("agency", "old", "new", "says"),
    [
        ("so-khdt", "token: duLieu.token", "tokn: duLieu.token", "is 'token' meant?"),
        ("so-khdt", "kind: rest", "kind: resst", "there is 'rest', 'soap', 'files'"),
        ("so-khdt", "records: duLieu.noiDung", "records: duLieu..noiDung", "at character 8 ('.noiDung')"),
        (
            "so-khdt",
            "records: duLieu.noiDung",
            "records: 'lenght(duLieu)'",
            "calls lenght, which is no function; is length meant?",
        ),
        ("so-khdt", 'trang: "{page}"', 'trang: "{pge}"', "{pge}, which has no meaning here; there is {page}"),
        ("so-khdt", 'tuNgay: "{since|yyyy-MM-ddTHH:mm:ss}"', 'tuNgay: "{since|yyyy-MM-DD}"', "'DD' is not known"),
        ("so-khdt", "formats: &formats [iso]", "formats: &formats [dd/mm/yyyy]", "needs a year, a month and a day"),
        ("so-khdt", "path: /api/ho-so/{code}", "path: api/ho-so/{code}", "does not begin with a slash"),
        ("so-khdt", "path: /api/ho-so/{code}", "path: /api/ho-so", "never names {code}"),
        ("so-khdt", "path: /api/ho-so/{code}", "path: /api/ho-so/{applicant_phone}", "is personal"),
        ("so-khdt", 'kichThuoc: "{size}"', 'nguoiNop: "{applicant_name}"', "is personal"),
        ("so-khdt", "private: true", "private: false", "is in a private network"),
        ("so-khdt", "http://127.0.0.1:8102", "http://169.254.169.254", "an address that no agency can have"),
        (
            "so-khdt",
            "absent_when: ma == `404`",
            "absent_fault: contains(codes, 'NotFound')",
            "`absent_fault` means nothing here, for only SOAP has faults; say by `absent_when`",
        ),
        ("so-tnmt", "wsdl: so-tnmt.wsdl", "wsdl: so-tnmt.wsld", "the document store has no 'so-tnmt.wsld'"),
        ("so-tnmt", "operation: TraCuuHoSo", "operation: TraCuuHS", "no operation 'TraCuuHS'; is 'TraCuuHoSo' meant?"),
        ("so-tnmt", 'maHoSo: "{code}"', 'maHS: "{code}"', "knows no 'maHS' in TraCuuHoSo; is 'maHoSo' meant?"),
        ("so-tnmt", "TrangThai\n", "TrangThai\n    nobody: x\n", "unknown fact 'nobody'"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_would_be_right(
    tmp_path: Path, agency: str, old: str, new: str, says: str
) -> None:
    found = [mistake for mistake in checked(tmp_path, agency, (old, new)) if not mistake.warning]
    assert any(says in mistake.words for mistake in found), found
    wrong = next(mistake for mistake in found if says in mistake.words)
    assert wrong.line is not None
    assert abs(wrong.line - line_of(agency, old.split("\n")[0])) <= 4


@pytest.mark.parametrize("path", SHAPE_FILES, ids=lambda path: path.stem)
def test_the_shapes_of_real_systems_are_specs_as_any_admin_writes_them(path: Path) -> None:
    found = check(SpecFile(path), secrets=Known(), documents=SHAPES / "documents")
    assert [str(mistake) for mistake in found if not mistake.warning] == []


def test_what_a_queue_is_acknowledged_by_is_called_as_in_the_wsdl(tmp_path: Path) -> None:
    text = (SHAPES / "exchange.yaml").read_text("utf-8")
    path = tmp_path / "lien-thong.yaml"

    def mistakes(taken: str) -> list[str]:
        assert "taken: onlineId\n" in text
        path.write_text(text.replace("taken: onlineId\n", f"taken: {taken}\n"), "utf-8")
        found = check(SpecFile(path), secrets=Known(), documents=SHAPES / "documents")
        return [mistake.words for mistake in found if not mistake.warning]

    assert mistakes("{onlineId: onlineId}") == []
    [wrong] = mistakes("{onlineID: onlineId}")
    assert wrong == "the WSDL knows no 'onlineID' in onlineRecordSoapList; is 'onlineId' meant?"
    [broken] = mistakes("{onlineId: online.}")
    assert "is no JMESPath expression" in broken


@pytest.mark.parametrize(
    ("agency", "old", "new", "says"),
    [
        ("so-khdt", "{secret:so-khdt-mat-khau}", "{secret:khac}", "khac"),
        ("so-khdt", '"5": "10"\n', "\n", "no word means 10"),
        ("so-khdt", "status: trangThai", "national_code: trangThai", "no `status` is read"),
        (
            "so-khdt",
            "sync:\n  every_seconds: 10",
            "sync:\n  every_seconds: 10\n  overlap_seconds: 0",
            "overlap_seconds is 0",
        ),
        ("so-khdt", "sync:\n  every_seconds: 10", "", "nothing asks for changes"),
        (
            "so-khdt",
            'trang: "{page}"',
            'trang: "{page}"\n        khoa: "{secret:so-khdt-mat-khau}"',
            "other people's logs",
        ),
    ],
)
def test_what_works_but_had_better_be_otherwise_is_a_warning(
    tmp_path: Path, agency: str, old: str, new: str, says: str
) -> None:
    found = checked(tmp_path, agency, (old, new))
    assert [mistake for mistake in found if not mistake.warning] == []
    assert any(says in mistake.words for mistake in found), found


def test_every_mistake_is_told_not_only_the_first(tmp_path: Path) -> None:
    found = checked(
        tmp_path,
        "so-tnmt",
        ("kind: department", "kind: ministry"),
        ("every_seconds: 15", "every_secnds: 15"),
        ("operation: DanhSachHoSo", "operation: DanhSach"),
        ("soDong:", "soDng:"),
        ('maHoSo: "{code}"', 'maHS: "{cod}"'),
        ("records: TraCuuHoSoResult", "records: TraCuuHoSoResult["),
        ("NgayNop, convert", "NgayNop(, convert"),
    )
    told = [mistake.place for mistake in found if not mistake.warning]
    assert told == [
        "kind",
        "operations.changes.request.operation",
        "operations.lookup.request.parameters.maHS",
        "operations.lookup.request.parameters.maHS",
        "operations.lookup.answer.records",
        "mapping.facts.submitted_at.path",
        "sync.every_secnds",
    ]


def test_expressions_that_the_last_trial_never_found_are_told(tmp_path: Path) -> None:
    trial = Trial(
        at=datetime.now(UTC),
        records=7,
        silent=("TenThuTuc", "KhongCo"),
        unused=("TenTTHC", "Khac"),
        unknown_statuses=("Chờ xác minh", "đang XỬ LÝ"),
    )
    words = [mistake.words for mistake in checked(tmp_path, "so-tnmt", trial=trial)]
    assert len(words) == 2
    assert "TenThuTuc was in none of the 7 records" in words[1] or "TenThuTuc was in none of the 7 records" in words[0]
    assert any("is 'TenTTHC' meant?" in each for each in words) or any("Chờ xác minh" in each for each in words)


def test_whatever_one_slip_of_the_hand_makes_of_a_good_file_is_explained(tmp_path: Path) -> None:
    good = (CONFIG / "agencies" / "so-khdt.yaml").read_text("utf-8").splitlines()
    path = tmp_path / "so-khdt.yaml"
    for number in range(len(good)):
        for slip in ("", "- " + good[number], good[number].replace(":", ": [", 1), good[number].replace('"', "")):
            path.write_text("\n".join([*good[:number], slip, *good[number + 1 :]]), "utf-8")
            file = SpecFile(path)
            found = check(file, secrets=Known(), documents=DOCUMENTS)
            assert file.spec is not None or any(not mistake.warning for mistake in found)
