"""Looking one dossier up, where the answer is a status word alone and says not even which dossier it is about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter
from contracts.agency import AgencySpec
from contracts.errors import Malformed, NotFound
from contracts.observation import Channel
from contracts.status import DossierStatus
from tests.adapters.servers import Told, answering
from tests.adapters.specs import DOCUMENTS
from tests.parts import NamedSecrets

CODE = "H21.09-261120-0007"
TEXT = "text/plain; charset=utf-8"

SPEC: dict[str, Any] = {
    "id": "so-thu",
    "identifier": "H21.09",
    "name": {"vi": "Sở Thử nghiệm", "en": "Look-ups"},
    "kind": "department",
    "mapping": {"code": "maHoSo", "facts": {"status": "trangThai"}},
    "statuses": {"DANG_XU_LY": "4", "Đã trả kết quả": "10"},
}
WORD: dict[str, Any] = {
    "request": {"path": "/trang-thai/{code}"},
    "asked_as": "maHoSo",
    "answer": {
        "holds": "text",
        "records": "{trangThai: @}",
        "absent_when": "!@ || contains(fold(@), 'khong tim thay')",
    },
}


@asynccontextmanager
async def looking_up(told: Told, lookup: dict[str, Any], **system: Any) -> AsyncIterator[AgencyAdapter]:
    async with answering(lambda _asked: told) as address, Client() as client:
        spec = SPEC | {
            "system": {"kind": "rest", "address": address, "private": True} | system,
            "operations": {"lookup": lookup},
        }
        yield build_adapter(AgencySpec.model_validate(spec), client=client, secrets=NamedSecrets(), documents=DOCUMENTS)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"DANG_XU_LY", DossierStatus.PROCESSING),
        (b"\xef\xbb\xbf dang_xu_ly\r\n", DossierStatus.PROCESSING),
        ("Đã trả kết quả".encode(), DossierStatus.RETURNED),
        ("ĐÃ TRẢ  KẾT QUẢ".encode("utf-16"), DossierStatus.RETURNED),
    ],
)
async def test_a_status_word_is_of_the_dossier_that_was_asked_for(body: bytes, status: DossierStatus) -> None:
    async with looking_up(Told(body, content_type=TEXT), WORD) as adapter:
        reading = await adapter.lookup(CODE)
    [said] = reading.observations
    assert (said.code, said.facts.status, reading.unusable) == (CODE, status, ())


async def test_a_string_of_json_is_a_word_too() -> None:
    lookup = WORD | {"answer": WORD["answer"] | {"holds": "json"}}
    async with looking_up(Told(b'"DANG_XU_LY"'), lookup) as adapter:
        [said] = (await adapter.lookup(CODE)).observations
    assert (said.code, said.facts.status) == (CODE, DossierStatus.PROCESSING)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_a_soap_result_that_is_a_string_is_a_word_too(version: str) -> None:
    envelope = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
    answer = """<s:Envelope xmlns:s="{}"><s:Body><DanhSachHoSoResponse xmlns="http://tempuri.org/">
        <DanhSachHoSoResult>{}</DanhSachHoSoResult></DanhSachHoSoResponse></s:Body></s:Envelope>"""
    lookup = {
        "request": {"operation": "DanhSachHoSo", "parameters": {"khoa": "{code}", "trang": 1, "soDong": 1}},
        "asked_as": "maHoSo",
        "answer": {"records": "{trangThai: DanhSachHoSoResult}", "absent_when": "!DanhSachHoSoResult"},
    }
    system = {"kind": "soap", "wsdl": "so-tnmt.wsdl", "version": version}
    told = Told(answer.format(envelope[version], "Đã  trả kết quả"), content_type="text/xml; charset=utf-8")
    async with looking_up(told, lookup, **system) as adapter:
        [said] = (await adapter.lookup(CODE)).observations
    assert (said.code, said.facts.status) == (CODE, DossierStatus.RETURNED)
    told = Told(answer.format(envelope[version], ""), content_type="text/xml; charset=utf-8")
    async with looking_up(told, lookup, **system) as adapter:
        with pytest.raises(NotFound):
            await adapter.lookup(CODE)


@pytest.mark.parametrize("answered", [b"", b" \r\n", "Không tìm thấy hồ sơ".encode()])
async def test_that_there_is_none_is_said_by_a_word_or_by_silence(answered: bytes) -> None:
    async with looking_up(Told(answered, content_type=TEXT), WORD) as adapter:
        with pytest.raises(NotFound):
            await adapter.lookup(CODE)


async def test_an_error_may_say_it_too() -> None:
    async with looking_up(Told("KHÔNG TÌM THẤY".encode(), status=500, content_type=TEXT), WORD) as adapter:
        with pytest.raises(NotFound):
            await adapter.lookup(CODE)


async def test_a_word_that_nobody_mapped_makes_no_dossier_and_is_read_again_with_its_code() -> None:
    async with looking_up(Told(b"LOI_HE_THONG", content_type=TEXT), WORD) as adapter:
        reading = await adapter.lookup(CODE)
        assert reading.observations == ()
        [kept] = reading.unusable
        assert (kept.reason, kept.value, kept.code) == ("unknown_status", "LOI_HE_THONG", CODE)
        mended = AgencySpec.model_validate(adapter.spec.model_dump() | {"statuses": {"LOI_HE_THONG": "8"}})
        async with Client() as client:
            later = build_adapter(mended, client=client, secrets=NamedSecrets(), documents=DOCUMENTS)
            [said] = later.read(orjson.loads(kept.raw), Channel.LOOKUP, kept.observed_at).observations
    assert (said.code, said.facts.status) == (CODE, DossierStatus.STOPPED)


@pytest.mark.parametrize(
    ("body", "answer", "says"),
    [
        (b"<html><body>Dang bao tri</body></html>", {}, "a page of HTML or XML"),
        (b"", {"absent_when": None}, "says nothing of the dossier"),
        (b"A;B", {"records": "split(@, ';')[].{trangThai: @}"}, "tells of 2 dossiers"),
    ],
)
async def test_what_is_no_word_about_one_dossier_is_malformed(body: bytes, answer: dict[str, Any], says: str) -> None:
    lookup = WORD | {"answer": WORD["answer"] | answer}
    async with looking_up(Told(body, content_type=TEXT), lookup) as adapter:
        with pytest.raises(Malformed, match=says):
            await adapter.lookup(CODE)


async def test_a_code_that_is_put_where_nobody_looks_is_refused() -> None:
    with pytest.raises(ValueError, match="does not look there"):
        async with looking_up(Told(b""), WORD | {"asked_as": "soHoSo"}):
            pass


async def test_what_the_answer_itself_says_of_its_dossier_stands() -> None:
    lookup = {"request": WORD["request"], "asked_as": "maHoSo"}
    async with looking_up(Told(b'{"maHoSo": "H21.09-1", "trangThai": "DANG_XU_LY"}'), lookup) as adapter:
        with pytest.raises(Malformed, match="another dossier"):
            await adapter.lookup(CODE)
