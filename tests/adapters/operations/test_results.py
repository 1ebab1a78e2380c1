"""Result files: in an answer's own body, or as base64 inside of it; and nothing that is not the file."""

import json
from base64 import b64encode
from typing import Any

import pytest

from adapters import Client, build_adapter
from contracts.adapter import Capability
from contracts.errors import AgencyFailure, Malformed, NotFound, Rejected
from contracts.submission import ResultFile
from tests.adapters.calls import Records
from tests.adapters.rest.agency import Secrets, calling
from tests.adapters.servers import Asked, Told, answering
from tests.adapters.specs import DOCUMENTS
from tests.adapters.submissions import CODE, spec_of

PDF = b"%PDF-1.7\n\xe2\xe3 ket qua"
PNG = b"\x89PNG\r\n\x1a\n anh"
JPEG = b"\xff\xd8\xff\xe0 anh"
ZIP = b"PK\x03\x04 giay to"
PAGE = b"\r\n<!DOCTYPE html><html><body>Server Error in '/' Application.</body></html>"

OWN: dict[str, Any] = {
    "request": {"path": "/ket-qua/{code}"},
    "answer": {"absent_when": "status == 'CHUA_CO'", "error_when": "loi", "error_message": "loi"},
}
INSIDE: dict[str, Any] = OWN | {"content": "tep.noiDung", "name": "tep.ten"}


async def fetched(told: Told, result: dict[str, Any] = OWN, *, records: Records | None = None) -> ResultFile:
    async with (
        answering(lambda _: told) as address,
        calling(spec_of({"result": result}, address), Secrets(), records) as adapter,
    ):
        assert adapter.capabilities == {Capability.RESULT}
        return await adapter.result(CODE)


def file(body: bytes, content_type: str, disposition: str | None = None) -> Told:
    return Told(body, content_type=content_type, headers=(("Content-Disposition", disposition),) if disposition else ())


def inside(content: Any, name: Any = None) -> Told:
    return Told(json.dumps({"tep": {"noiDung": content, "ten": name}}))


# --- the answer's own body ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "declared", "media_type"),
    [
        (PDF, "application/pdf", "application/pdf"),
        (PDF, "Application/PDF; charset=binary", "application/pdf"),
        (b"\xef\xbb\xbf\r\n" + PDF, "application/pdf", "application/pdf"),
        (PDF, "application/octet-stream", "application/pdf"),
        (PDF, "text/html; charset=utf-8", "application/pdf"),
        (PNG, "image/png", "image/png"),
        (JPEG, "image/jpg", "image/jpg"),
        (ZIP, "application/zip", "application/zip"),
        (
            ZIP,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        ("Bản giấy".encode(), "text/plain; charset=utf-8", "text/plain"),
        (b"<ketqua/>", "application/xml", "application/xml"),
        (b"{\\rtf1 ket qua}", "application/octet-stream", "application/octet-stream"),
    ],
)
async def test_the_body_is_the_file(content: bytes, declared: str, media_type: str) -> None:
    result = await fetched(file(content, declared))
    assert result == ResultFile(name=None, media_type=media_type, content=content)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (file(PAGE, "application/pdf"), "said to be application/pdf, and is a web page"),
        (file(PAGE, "text/html; charset=utf-8"), "a web page"),
        (file(PAGE, "application/octet-stream"), "a web page"),
        (file(PAGE, "application/octet-stream", 'attachment; filename="ket-qua.pdf"'), "said to be .pdf"),
        (file(PNG, "application/pdf"), "is image/png"),
        (file(PDF, "application/octet-stream", "attachment; filename=ket-qua.docx"), "said to be .docx"),
        (file(b"PK giay to", "application/zip"), "something else"),
        (file(b"", "application/pdf"), "empty"),
        (Told('{"thongBao": "ok"}'), "an answer in JSON"),
        (Told(PAGE, 500, "text/html"), "500"),
    ],
)
async def test_what_is_no_file_is_not_given_to_a_citizen(told: Told, words: str) -> None:
    records = Records()
    with pytest.raises(Malformed, match=words) as failure:
        await fetched(told, records=records)
    assert told.encoded().endswith(b"\r\n\r\n" + records[0].response)
    assert failure.value.raw == records[0].response


@pytest.mark.parametrize(
    ("told", "failure"),
    [
        (Told('{"status": "CHUA_CO"}'), NotFound),
        (Told('{"status": "CHUA_CO"}', 409), NotFound),
        (Told('\r\n{"status": "CHUA_CO"}', content_type="text/html; charset=utf-8"), NotFound),
        (Told('{"status": "CHUA_CO"}', content_type="application/octet-stream"), NotFound),
        (Told("", 404), NotFound),
        (Told('{"loi": "Mất kết nối kho dữ liệu"}'), Rejected),
        (Told('{"loi": "Mất kết nối kho dữ liệu"}', 500, "application/problem+json"), Rejected),
    ],
)
async def test_the_agency_says_that_there_is_none(told: Told, failure: type[AgencyFailure]) -> None:
    with pytest.raises(failure):
        await fetched(told)


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="ket-qua.pdf"', "ket-qua.pdf"),
        ("inline; FileName=ket-qua.pdf", "ket-qua.pdf"),
        ("attachment; filename*=UTF-8''Gi%E1%BA%A5y%20ph%C3%A9p.pdf", "Giấy phép.pdf"),
        ("attachment; filename=giay-phep.pdf; filename*=UTF-8''Gi%E1%BA%A5y%20ph%C3%A9p.pdf", "Giấy phép.pdf"),
        ("attachment; filename*=UTF-8''Gia%CC%82%CC%81y.pdf; filename=x.pdf", "Giấy.pdf"),
        ('attachment; filename="Giấy phép; bản 1.pdf"', "Giấy phép; bản 1.pdf"),
        ('attachment; filename="../../etc/cron.d/x.pdf"', "x.pdf"),
        ('attachment; filename="C:\\\\Users\\\\a\\\\kq.pdf"', "kq.pdf"),
        ("attachment; filename*=UTF-8''..%2F..%2Fkq%00%0D%0A.pdf", "kq.pdf"),
        ("attachment; filename*=UTF-8''kq%E2%80%AEfdp.pdf", "kqfdp.pdf"),
        (f"attachment; filename={'x' * 300}.pdf", "x" * 196 + ".pdf"),
        ('attachment; filename=".."', None),
        ("attachment; filename*=no-charset''kq.pdf", "kq.pdf"),
        ("attachment", None),
    ],
)
async def test_file_names(disposition: str, name: str | None) -> None:
    # Its bytes as servers write them, whatever a header may hold.
    result = await fetched(file(PDF, "application/pdf", disposition))
    assert result.name == name


# --- base64 inside of an answer -------------------------------------------------------------------


async def test_base64_is_strict_but_for_blanks() -> None:
    text = b64encode(PDF).decode()
    wrapped = "\r\n ".join(text[start : start + 7] for start in range(0, len(text), 7))
    expected = ResultFile(name="Giấy phép.pdf", media_type="application/pdf", content=PDF)
    assert await fetched(inside(wrapped, "/tmp/Giấy phép.pdf"), INSIDE) == expected
    assert (await fetched(inside(text), INSIDE)).name is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("JVBERi0xLjc", "not base64"),
        ("JVBERi0xLjc-", "not base64"),
        ("JVBERi0xLjc==", "not base64"),
        ("data:application/pdf;base64,JVBERi0xLjc=", "not base64"),
        ("Giấy", "not base64"),
        (b64encode(PAGE).decode(), "a web page"),
        ("", "there is nothing"),
        (None, "there is nothing"),
        ({"a": 1}, "there is dict"),
    ],
)
async def test_what_is_inside_and_no_file(content: Any, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        await fetched(inside(content), INSIDE)


async def test_a_name_promises_what_is_inside() -> None:
    with pytest.raises(Malformed, match=r"said to be \.pdf, and is image/png"):
        await fetched(inside(b64encode(PNG).decode(), "kq.pdf"), INSIDE)


async def test_absent_inside() -> None:
    with pytest.raises(NotFound):
        await fetched(inside(None), INSIDE | {"answer": {"absent_when": "!(tep.noiDung)"}})


# --- asking ---------------------------------------------------------------------------------------


async def test_by_the_agencys_own_reference() -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Told:
        asked.append(request)
        return file(PDF, "application/pdf")

    result = {"request": {"path": "/ket-qua", "query": {"so": "{reference}"}}}
    async with answering(answer) as address, calling(spec_of({"result": result}, address), Secrets()) as adapter:
        assert (await adapter.result(CODE, "HS 1/2")).content == PDF
        for missing in (None, ""):
            with pytest.raises(Rejected, match="not known"):
                await adapter.result(CODE, missing)
    assert [request.query for request in asked] == [{"so": "HS 1/2"}]


async def test_a_code_of_dots_leads_nowhere() -> None:
    async with calling(spec_of({"result": OWN}), Secrets()) as adapter:
        with pytest.raises(NotFound):
            await adapter.result("..")


async def test_a_file_too_large_is_not_taken() -> None:
    async with (
        answering(lambda _: file(PDF + b" " * 5000, "application/pdf")) as address,
        calling(spec_of({"result": OWN}, address, max_bytes=1000), Secrets()) as adapter,
    ):
        with pytest.raises(Malformed, match="larger than 1000 bytes"):
            await adapter.result(CODE)


@pytest.mark.parametrize("told", [file(PDF, "application/pdf"), inside(b64encode(PDF).decode())])
async def test_records_keep_no_result(told: Told) -> None:
    records = Records()
    await fetched(told, INSIDE if isinstance(told.body, str) else OWN, records=records)
    [record] = records
    assert (record.outcome, record.response, record.response_bytes) == ("ok", b"***", len(told.body))


def test_a_request_that_names_no_dossier_is_refused() -> None:
    with pytest.raises(ValueError, match="names neither"):
        build_adapter(
            spec_of({"result": {"request": {"path": "/ket-qua"}}}),
            client=Client(),
            secrets=Secrets(),
            documents=DOCUMENTS,
        )


def test_a_soap_answer_is_no_file_itself() -> None:
    result = {"request": {"operation": "LayKetQua"}}
    with pytest.raises(ValueError, match="say in `content` where it is"):
        spec_of({"result": result})
