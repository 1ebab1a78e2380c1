"""REST by data: what a spec says is asked for, what comes back is believed only where it fits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter, CallRecord, Capability, Window
from contracts.errors import AgencyFailure, Malformed, NotFound, Rejected, Unauthorized
from contracts.observation import Channel
from contracts.status import DossierStatus
from tests.adapters.servers import Asked, Told, answering
from tests.adapters.specs import DOCUMENTS, Known, one_page, spec_of

WINDOW = Window(until=datetime(2026, 11, 23, 1, tzinfo=UTC), since=datetime(2026, 11, 20, 1, tzinfo=UTC))

ROW = {
    "soHoSo": "H21.10-261120-0001",
    "thuTuc": {"ma": "2.000123", "ten": "Đăng ký thành lập doanh nghiệp"},
    "trangThai": 15,
    "nguoiNop": {"hoTen": "Trần Thị B", "dienThoai": "0901", "email": ""},
    "ngayNop": "2026-11-20T17:00:00.000+0000",
    "ngayNhan": None,
    "hanTra": None,
    "ngayTra": None,
    "ghiChu": "",
    "ngayCapNhat": "2026-11-20T01:23:45.123+0000",
}


def told(value: Any, ma: int = 0, words: str = "OK", status: int = 200) -> Told:
    return Told(orjson.dumps({"ma": ma, "thongBao": words, "duLieu": value}), status=status)


def page(*rows: Any, last: bool = True) -> Told:
    return told({"noiDung": list(rows), "cuoi": last})


class Khdt:
    """An agency behind a login; `tokens` are the ones it still accepts, `answer` what it says to the rest."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.tokens: set[str] = set()
        self.logins = 0
        self.lifetime: Any = 60
        self.answer: Callable[[Asked], Told] = lambda _: page(ROW)

    def __call__(self, asked: Asked) -> Told:
        self.asked.append(asked)
        if asked.path == "/api/dang-nhap":
            if orjson.loads(asked.body) != {"taiKhoan": "hub", "matKhau": "mật/khẩu+"}:
                return told(None, 401, "Sai tài khoản hoặc mật khẩu")
            self.logins += 1
            self.tokens.add(f"token-{self.logins}")
            return told({"token": f"token-{self.logins}", "hetHanSau": self.lifetime})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return told(None, 401, "Phiên làm việc đã hết hạn", status=401)
        return self.answer(asked)


@asynccontextmanager
async def adapter_of(
    agency: str, answer: Callable[[Asked], Told], records: list[CallRecord] | None = None
) -> AsyncIterator[AgencyAdapter]:
    async def keep(record: CallRecord) -> None:
        if records is not None:
            records.append(record)

    async with answering(answer) as address, Client(keep) as client:
        spec = spec_of(agency, address=address)
        yield build_adapter(spec, client=client, secrets=Known(), documents=DOCUMENTS)


async def test_a_page_is_asked_for_and_understood() -> None:
    khdt = Khdt()
    async with adapter_of("so-khdt", khdt) as adapter:
        assert adapter.capabilities == {Capability.LOOKUP, Capability.CHANGES}
        found = await one_page(adapter.changes(WINDOW))
    assert khdt.asked[1].query == {
        "trang": "0",
        "kichThuoc": "200",
        "tuNgay": "2026-11-20T08:00:00",
        "sapXep": "ngayCapNhat,giam",
    }
    assert (found.unusable, found.next) == ((), None)
    [said] = found.observations
    assert said.code == "H21.10-261120-0001"
    assert said.occurred_at == datetime(2026, 11, 20, 1, 23, 45, 123_000, UTC)
    assert said.facts.model_dump(exclude_unset=True) == {
        "status": DossierStatus.PROCESSING,
        "status_raw": "15",
        "procedure_code": "2.000123",
        "procedure_name": "Đăng ký thành lập doanh nghiệp",
        "applicant_name": "Trần Thị B",
        "applicant_phone": "0901",
        "submitted_at": datetime(2026, 11, 20, 17, tzinfo=UTC),
    }


async def test_a_first_sync_asks_without_a_lower_bound() -> None:
    khdt = Khdt()
    async with adapter_of("so-khdt", khdt) as adapter:
        await one_page(adapter.changes(Window(until=WINDOW.until)))
    assert "tuNgay" not in khdt.asked[1].query


async def test_pages_go_on_until_the_last() -> None:
    khdt = Khdt()
    khdt.answer = lambda asked: page(ROW | {"soHoSo": f"d{asked.query['trang']}"}, last=asked.query["trang"] == "2")
    async with adapter_of("so-khdt", khdt) as adapter:
        codes, position = [], None
        while True:
            found = await one_page(adapter.changes(WINDOW, position))
            codes += [said.code for said in found.observations]
            if (position := found.next) is None:
                break
    assert codes == ["d0", "d1", "d2"]


@pytest.mark.parametrize(
    ("answer", "failure", "why"),
    [
        (Told(""), Malformed, "is empty"),
        (Told("<!doctype html><html><body>Bảo trì</body></html>"), Malformed, "HTML"),
        (Told('{"ma": 0, "duLieu": {"noi'), Malformed, "line 1, column"),
        (Told('{"ma": NaN}'), Malformed, "line 1, column 8"),
        (Told("[" * 5000 + "]" * 5000), Malformed, "not whole, valid JSON"),
        (Told(b'{"ma": 0, "thongBao": "\xff"}'), Malformed, "neither in UTF-8"),
        (Told("null"), Rejected, "no, without saying why"),
        (told({"noiDung": None}), Malformed, "duLieu.noiDung.*there is nothing"),
        (told({"noiDung": "none"}), Malformed, "there is str"),
        (told([]), Malformed, "there is nothing"),
        (told(None, 500, "Lỗi hệ thống"), Rejected, "The agency says: Lỗi hệ thống"),
        (told(None, 400, "Sai tham số", status=400), Rejected, "The agency says: Sai tham số"),
        (told(None, 9, "Hỏng", status=500), Rejected, "The agency says: Hỏng"),
        (Told("Runtime Error", status=500), Malformed, "answered 500"),
        (Told("Bad Request", status=400), Rejected, "answered 400"),
    ],
)
async def test_an_answer_that_is_none(answer: Told, failure: type[AgencyFailure], why: str) -> None:
    khdt = Khdt()
    khdt.answer = lambda _: answer
    records: list[CallRecord] = []
    async with adapter_of("so-khdt", khdt, records) as adapter:
        with pytest.raises(failure, match=why):
            await one_page(adapter.changes(WINDOW))
    assert [(record.operation, record.outcome) for record in records] == [
        ("login", "ok"),
        ("changes", failure.kind),
    ]


async def test_a_byte_order_mark_does_no_harm() -> None:
    khdt = Khdt()
    khdt.answer = lambda _: Told(b"\xef\xbb\xbf" + page(ROW).encoded().split(b"\r\n\r\n", 1)[1])
    async with adapter_of("so-khdt", khdt) as adapter:
        assert len((await one_page(adapter.changes(WINDOW))).observations) == 1


async def test_one_bad_record_does_not_stop_the_others() -> None:
    khdt = Khdt()
    khdt.answer = lambda _: page(None, ROW | {"trangThai": 99}, ROW | {"soHoSo": None}, ROW)
    async with adapter_of("so-khdt", khdt) as adapter:
        found = await one_page(adapter.changes(WINDOW))
    assert [said.facts.status for said in found.observations] == [None, DossierStatus.PROCESSING]
    assert [kept.reason for kept in found.unusable] == ["not_a_record", "unknown_status", "missing_field"]


# --- looking up ---------------------------------------------------------------------------------------------


async def test_a_dossier_is_looked_up() -> None:
    khdt = Khdt()
    khdt.answer = lambda _: told(ROW)
    async with adapter_of("so-khdt", khdt) as adapter:
        reading = await adapter.lookup("h21.10 261120 0001")
    assert khdt.asked[-1].path == "/api/ho-so/h21.10 261120 0001"
    assert [said.channel for said in reading.observations] == ["lookup"]


@pytest.mark.parametrize("code", ["", "..", "./.", " - "])
async def test_what_is_no_code_is_not_asked_for(code: str) -> None:
    khdt = Khdt()
    async with adapter_of("so-khdt", khdt) as adapter:
        with pytest.raises(NotFound):
            await adapter.lookup(code)
    assert khdt.asked == []


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (told(None, 404, "Không tìm thấy hồ sơ"), NotFound),
        (Told('{"loi":"x"}', status=404), NotFound),
        (told([]), NotFound),
        (told(None), Malformed),
        (told(ROW | {"soHoSo": "H21.10-261120-0002"}), Malformed),
    ],
)
async def test_a_dossier_that_is_not_there(answer: Told, failure: type[AgencyFailure]) -> None:
    khdt = Khdt()
    khdt.answer = lambda _: answer
    async with adapter_of("so-khdt", khdt) as adapter:
        with pytest.raises(failure):
            await adapter.lookup("H21.10-261120-0001")


# --- logging in ---------------------------------------------------------------------------------------------


async def test_calls_that_wait_together_log_in_once() -> None:
    khdt = Khdt()
    async with adapter_of("so-khdt", khdt) as adapter:
        await asyncio.gather(*(one_page(adapter.changes(WINDOW)) for _ in range(8)))
    assert khdt.logins == 1


async def test_a_token_refused_mid_run_is_renewed_and_the_call_repeated() -> None:
    khdt = Khdt()
    async with adapter_of("so-khdt", khdt) as adapter:
        await one_page(adapter.changes(WINDOW))
        khdt.tokens.clear()
        await asyncio.gather(*(one_page(adapter.changes(WINDOW)) for _ in range(8)))
    assert khdt.logins == 2


async def test_a_token_is_renewed_before_it_ends() -> None:
    khdt = Khdt()
    khdt.lifetime = 0
    async with adapter_of("so-khdt", khdt) as adapter:
        await one_page(adapter.changes(WINDOW))
        await one_page(adapter.changes(WINDOW))
    assert khdt.logins == 2
    assert all(asked.headers["authorization"] for asked in khdt.asked if asked.path == "/api/ho-so")


async def test_an_agency_that_refuses_its_own_tokens_is_asked_twice_and_no_more() -> None:
    khdt = Khdt()
    khdt.answer = lambda _: told(None, 401, status=401)
    async with adapter_of("so-khdt", khdt) as adapter:
        with pytest.raises(Unauthorized):
            await one_page(adapter.changes(WINDOW))
    assert khdt.logins == 2
    assert len(khdt.asked) == 4


async def test_a_refused_login_says_so_in_the_agencys_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Known.secrets, "so-khdt-mat-khau", "wrong")
    records: list[CallRecord] = []
    async with adapter_of("so-khdt", Khdt(), records) as adapter:
        with pytest.raises(Unauthorized, match="Sai tài khoản hoặc mật khẩu"):
            await one_page(adapter.changes(WINDOW))
    assert [(record.operation, record.outcome) for record in records] == [("login", "unauthorized")]


async def test_a_missing_secret_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(Known.secrets, "so-khdt-mat-khau")
    async with adapter_of("so-khdt", Khdt()) as adapter:
        with pytest.raises(Unauthorized, match="so-khdt-mat-khau"):
            await one_page(adapter.changes(WINDOW))


@pytest.mark.parametrize("lifetime", [None, "soon", True, []])
async def test_a_login_that_does_not_answer_as_promised(lifetime: Any) -> None:
    khdt = Khdt()
    khdt.lifetime = lifetime
    async with adapter_of("so-khdt", khdt) as adapter:
        with pytest.raises(Malformed, match="how long the token lives"):
            await one_page(adapter.changes(WINDOW))


async def test_neither_password_nor_token_is_recorded() -> None:
    records: list[CallRecord] = []
    khdt = Khdt()
    khdt.answer = lambda asked: Told(f'{{"ma": 1, "thongBao": "{asked.headers["authorization"]}"}}')
    async with adapter_of("so-khdt", khdt, records) as adapter:
        with pytest.raises(Rejected) as caught:
            await one_page(adapter.changes(WINDOW))
    everything = str(records) + caught.value.message
    assert "token-1" not in everything
    assert "khẩu" not in everything
    assert 'hub\\"' not in everything
    assert records[0].request.count(b"***") == 2


# --- numbered changes ---------------------------------------------------------------------------------------

CHANGE = {
    "ma": "H21.20-261120-0001",
    "phienBan": 7,
    "trangThai": "DANG_XU_LY",
    "thoiDiem": "2026-11-20T08:23:45.123456+07:00",
}


async def test_numbered_changes_go_on_from_the_last_number() -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Told:
        asked.append(request)
        after = int(request.query.get("sau", 0))
        rows = [CHANGE | {"phienBan": after + number} for number in (1, 2)]
        return Told(orjson.dumps({"ketQua": rows, "con": after < 14}))

    async with adapter_of("ubnd-pleiku", answer) as adapter:
        assert adapter.capabilities == {Capability.LOOKUP, Capability.CHANGES, Capability.EVENTS}
        first = await one_page(adapter.changes(Window(until=WINDOW.until, since_revision=12)))
        second = await one_page(adapter.changes(Window(until=WINDOW.until, since_revision=12), first.next))
        await one_page(adapter.changes(Window(until=WINDOW.until)))
    assert [request.query for request in asked] == [
        {"sau": "12", "gioiHan": "200"},
        {"sau": "14", "gioiHan": "200"},
        {"gioiHan": "200"},
    ]
    assert [said.revision for said in first.observations] == [13, 14]
    assert second.next is None
    assert asked[0].headers["x-khoa"] == "pleiku-key"


async def test_a_wrong_key_is_not_tried_again() -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Told:
        asked.append(request)
        return Told('{"loi":"Khóa không hợp lệ"}', status=403)

    async with adapter_of("ubnd-pleiku", answer) as adapter:
        with pytest.raises(Unauthorized):
            await adapter.lookup("H21.20-261120-0001")
    assert len(asked) == 1


async def test_an_event_calls_nobody() -> None:
    async with Client() as client:
        adapter = build_adapter(spec_of("ubnd-pleiku"), client=client, secrets=Known(), documents=DOCUMENTS)
        event = {
            "code": "H21.20-1",
            "occurred_at": "2026-11-20T08:00:00+07:00",
            "revision": 3,
            "status": "RUT",
        }
        reading = adapter.read(event, Channel.WEBHOOK, WINDOW.until)
        nothing = adapter.read(["no", "event"], Channel.WEBHOOK, WINDOW.until)
        pulled = adapter.read(CHANGE, Channel.PULL, WINDOW.until)
    assert [said.facts.status for said in reading.observations] == [DossierStatus.WITHDRAWN]
    assert [kept.reason for kept in nothing.unusable] == ["not_a_record"]
    assert [said.revision for said in pulled.observations] == [7]


# --- specs that cannot work ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        (("system", "address"), "127.0.0.1:8102", "not an http or https address"),
        (("system", "address"), "http://user:pw@host", "secrets have names"),
        (
            ("system", "auth", "place"),
            {"headers": {"Authorization": "Bearer {code}"}},
            "{code}, which has no meaning here",
        ),
        (("system", "auth", "token"), "duLieu..token", "not a JMESPath"),
        (("operations", "changes", "request", "path"), "api/ho-so", "does not begin with a slash"),
        (("operations", "changes", "request", "path"), "/api/{since}", "{since}, which has no meaning here"),
        (
            ("operations", "changes", "request", "query"),
            {"den": "{until}"},
            "{until}, which has no meaning here",
        ),
        (("operations", "changes", "request", "query"), {"a": "b"}, "need {page}"),
        (("operations", "lookup", "request", "path"), "/api/ho-so", "never names {code}"),
        (("operations", "lookup", "answer", "records"), "duLieu[", "not a JMESPath"),
        (("mapping", "occurred_at", "formats"), ["dd.MM"], "no date format"),
    ],
)
async def test_a_spec_that_cannot_work_is_refused_when_built(place: tuple[str, ...], value: Any, why: str) -> None:
    data = spec_of("so-khdt").model_dump(mode="json")
    inner = data
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    spec = type(spec_of("so-khdt")).model_validate(data)
    async with Client() as client:
        with pytest.raises(ValueError, match="agency so-khdt: ") as refusal:
            build_adapter(spec, client=client, secrets=Known(), documents=DOCUMENTS)
    assert why in str(refusal.value)
