"""`hub conform URL`: a good system passes every check, and each flaw fails the check that is for it."""

import asyncio
import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from config.secrets import SecretStore
from hub.cli import app
from hub.conformance import line_checks, list_checks
from hub.conformance.asking import Asking
from hub.conformance.case import Case
from hub.conformance.report import Report
from hub.conformance.system import CHECKS, examine, recommended
from tests.adapters.certificates import certified, secure
from tests.adapters.rest.agency import Secrets
from tests.adapters.rest.agency import spec as agency_spec
from tests.adapters.servers import Asked, Told, answering
from tests.adapters.specs import DOCUMENTS, Known, spec_of
from tests.estate.client import running_estate
from tests.hub.conformance.department import running
from tests.hub.conformance.spoken import left_in_english

#: The check that each flaw fails.
FLAWS = {
    "no key": "line.credentials",
    "clock": "line.clock",
    "mixes up": "line.together",
    "falls over": "line.slow_down",
    "throttles without a word": "line.slow_down",
    "mojibake": "line.letters",
    "decomposed": "line.composed",
    "trace": "line.errors",
    "listed alone": "lookup.known",
    "other status": "lookup.same",
    "now": "lookup.steady",
    "unknown is an outage": "lookup.unknown",
    "unknown is a web page": "lookup.unknown",
    "like": "lookup.whole",
    "sql": "lookup.hostile",
    "no end": "list.reads",
    "unknown status": "list.statuses",
    "no status": "list.statuses",
    "loose date": "list.fields",
    "local time as UTC": "list.plausible",
    "days only": "list.precise",
    "goes on by time alone": "list.pages",
    "doubles": "list.reads",
    "no limit": "list.size",
    "exclusive": "list.since",
    "wrong zone": "list.since",
    "no filter": "list.filters",
    "no upper bound": "list.until",
    "nothing is an error": "list.nothing",
}


#: Those that other tests here see fail.
ELSEWHERE = {"line.reached", "line.https", "line.certificate", "line.prompt", "list.numbers", "list.light"}


DAY = "2026-11-20"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """How quick this machine is decides nothing."""
    monkeypatch.setattr(line_checks, "_PROMPT_SECONDS", 60)


async def report(url: str, folder: Path, *, press: int = 0) -> Report:
    secrets = SecretStore(folder)
    return await examine(await recommended(url, secrets), secrets=secrets, documents=DOCUMENTS, press=press)


def results(found: Report) -> dict[str, str]:
    return {each.check.id: each.word for each in found.findings}


async def test_a_good_system_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running("", monkeypatch) as url:
        found = await report(url, tmp_path)
    bad = [each for each in found.findings if each.word in ("FAIL", "better")]
    assert not bad, bad
    assert {id for id, word in results(found).items() if word == "not tried"} == {
        "line.certificate",
        "line.slow_down",
        "list.numbers",
    }
    assert found.conforms


@pytest.mark.parametrize("flaw", FLAWS)
async def test_each_flaw_is_found(flaw: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(flaw, monkeypatch) as url:
        found = await report(url, tmp_path, press=100 if FLAWS[flaw] == "line.slow_down" else 0)
    failed = {each.check.id: each for each in found.findings if each.word in ("FAIL", "better")}
    assert FLAWS[flaw] in failed, results(found)
    assert failed[FLAWS[flaw]].verdict.seen
    assert left_in_english(found) == []


async def test_one_that_says_slow_down_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running("throttles", monkeypatch) as url:
        found = await report(url, tmp_path, press=100)
    assert results(found)["line.slow_down"] == "pass"


@pytest.mark.parametrize("agency", ["so-tnmt", "so-khdt", "ubnd-pleiku"])
async def test_the_estate_does_what_it_must(agency: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_estate(size=60) as estate:
        for name, value in estate.secrets.items():
            monkeypatch.setenv("HUB_SECRET_" + name.upper().replace("-", "_"), value)
        spec = spec_of(agency, address=estate.addresses[agency])
        found = await examine(spec, secrets=SecretStore(tmp_path), documents=DOCUMENTS)
    bad = [(each.check.id, each.verdict.seen) for each in found.findings if each.word == "FAIL"]
    assert not bad
    assert found.conforms
    assert left_in_english(found) == []


def test_every_check_was_seen_to_fail() -> None:
    assert {check.id for check, _ in CHECKS} == {*FLAWS.values(), *ELSEWHERE}


async def test_one_that_is_not_there(tmp_path: Path) -> None:
    found = await report("http://127.0.0.1:9", tmp_path)
    assert results(found)["line.reached"] == "FAIL"
    assert {word for id, word in results(found).items() if id != "line.reached"} == {"not tried"}
    assert not found.conforms
    assert left_in_english(found) == []


async def test_slow_look_ups_and_heavy_pages_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_checks, "_PROMPT_SECONDS", 0)
    monkeypatch.setattr(list_checks, "_BIG_PAGE", 100)
    async with running("", monkeypatch) as url:
        found = await report(url, tmp_path)
    assert results(found)["line.prompt"] == results(found)["list.light"] == "better"


async def judged(id: str, case: Case) -> bool | None:
    return (await next(look for check, look in CHECKS if check.id == id)(case)).passed


async def test_a_certificate_that_ends_soon_and_one_that_does_not(tmp_path: Path) -> None:
    authority = certified("Test authority", authority=True)
    (tmp_path / "authority.pem").write_text(authority.pem)
    for days, good in ((10, False), (90, True)):
        with secure(certified("localhost", authority, days=days), tmp_path) as address:
            spec = agency_spec(address, tls={"authority": "authority.pem"})
            assert await judged("line.certificate", Case(Asking(spec, Secrets(), tmp_path))) is good


async def test_http_over_the_internet_is_found(tmp_path: Path) -> None:
    case = Case(Asking(agency_spec("http://so.example"), Secrets(), tmp_path))
    assert await judged("line.https", case) is True
    case.asking.system = case.asking.system.model_copy(update={"private": False})
    assert await judged("line.https", case) is False


@pytest.mark.parametrize("flaw", ["twice", "skips"])
async def test_numbers_of_changes_that_are_wrong_are_found(flaw: str, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Told:
        if not asked.path.endswith("thay-doi"):
            return Told("{}", 404)
        after = int(asked.query.get("sau", 0))
        given = [1, 2, 3, 4, 4, 5] if flaw == "twice" else [1, 2, 3, 4, 5, 6]
        rows = [
            {
                "ma": f"H21.20-261120-{place:04d}",
                "phienBan": number,
                "trangThai": "MOI",
                "thoiDiem": "2026-11-20T08:00:00Z",
            }
            for place, number in enumerate(given)
            # Asked from the middle on, one is left out.
            if number > after and not (flaw == "skips" and after and number == 5)
        ]
        return Told(json.dumps({"ketQua": rows, "con": False}))

    async with answering(answer) as address:
        spec = spec_of("ubnd-pleiku", address=address)
        found = await examine(spec, secrets=Known(), documents=DOCUMENTS)
    assert results(found)["list.numbers"] == "FAIL", found.findings


async def hub(*words: str) -> Result:
    """The command, in a thread of its own, while servers of the test answer on this one's loop."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["conform", *words])


_SAID = {
    "vi": (
        "LỖI  lookup.whole: Một phần của mã",
        "thấy    hỏi H21.99-",
        "vì sao  Ai gõ thiếu",
        "sửa     So mã bằng",
    ),
    "en": (
        "FAIL  lookup.whole: A part of a code is not the code",
        "seen    asked for H21.99-",
        "why     Whoever leaves a digit off",
        "mend    Compare codes with",
    ),
}


async def test_the_command_says_what_to_mend_in_the_language_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logging_put_back: None
) -> None:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    async with running("like", monkeypatch) as url:
        # Vietnamese where nothing is said.
        for lang, words in (("vi", [url]), ("en", [url, "--lang", "en"])):
            told = await hub(*words)
            assert told.exit_code == 1
            for said in _SAID[lang]:
                assert said in told.stdout, told.stdout
            assert max(map(len, told.stdout.splitlines())) <= 80
        data = await hub(url, "--json")
    assert data.exit_code == 1
    failed = {each["id"]: each for each in json.loads(data.stdout)["checks"] if each["result"] == "fail"}
    # Programs have always read it in English.
    assert failed["lookup.whole"]["wants"] == "A part of a code is not the code"
    assert all(each["why"] and each["mend"] for each in failed.values())
    async with running("", monkeypatch) as url:
        told = await hub(url)
    assert told.exit_code == 0, told.stdout
    assert "Đạt những điều bắt buộc" in told.stdout


async def test_the_command_takes_agencies_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logging_put_back: None
) -> None:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for words, vi, en in (
            (["so-nothing"], "không có bản mô tả 'so-nothing'", "there is no spec 'so-nothing'"),
            (["so-nv"], "so-nv không có hệ thống nào", "so-nv has no system that is asked over HTTP"),
            (["ftp://x"], "không phải địa chỉ như https", "is no address such as https"),
            (
                ["webhook", "so-nv", "--port", "0"],
                "bản mô tả của so-nv không có `webhook`",
                "so-nv has no `webhook` in its spec",
            ),
            (["webhook", "--port", port], "hãy chọn cổng khác", "choose another with --port"),
        ):
            for lang, said in (("vi", vi), ("en", en)):
                told = await hub(*words, "--lang", lang)
                assert told.exit_code == 1
                assert said in told.stderr, told.stderr
        assert "đang có chương trình khác dùng" in (await hub("webhook", "--port", port)).stderr
