"""The page over HTTP: statuses, what stands in it, its size, and what it lets a browser do."""

import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from lxml import html

from hub.portal.look import STYLE
from hub.security_headers import content_hash


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        yield client


def parsed(text: str) -> Any:
    return html.fromstring(text)


PAGES = [
    ("", 200, "Hồ sơ của ông/bà đến đâu rồi?"),
    ("?lang=en", 200, "How far has your dossier got?"),
    ("?code=H21.09-261120-0042", 200, "Hồ sơ đang được giải quyết"),
    ("?code= h21.09 – 261120 – oo42 ", 200, "Hồ sơ đang được giải quyết"),
    ("?code=H21.09-261120-0005", 200, "Cần bổ sung giấy tờ"),
    ("?code=H21.09-261120-0005&lang=en", 200, "More papers are needed"),
    ("?code=H21.09-261102-0006", 200, "quá ngày hẹn 3 ngày"),
    ("?code=H21.09-261120-0007", 200, "đang không trả lời"),
    ("?code=H21.09-261120-0008", 200, "Đã có kết quả"),
    ("?code=H21.20-261120-0009", 200, "Có 2 hồ sơ mang mã này"),
    ("?code=H21.09-261120-0010", 200, "Tình trạng chưa rõ"),
    ("?code=03706/2026/07906", 200, "03706/2026/07906"),
    ("?code=H21.09-261120-9999", 404, "Không tìm thấy hồ sơ mang mã này"),
    ("?code=H21.09-261132-0042", 400, "tháng 11 không có ngày 32"),
    ("?code=", 400, "Hãy nhập mã hồ sơ."),
    ("?code=" + "9" * 5000, 400, "dài quá: 5000 ký tự"),
    ("?code=broken", 503, "Lỗi ở phía chúng tôi"),
]


@pytest.mark.parametrize(("query", "status", "says"), PAGES)
async def test_each_page_answers_rightly_and_is_small(
    client: httpx.AsyncClient, query: str, status: int, says: str
) -> None:
    response = await client.get("/" + query)
    assert response.status_code == status
    assert says in parsed(response.text).text_content()
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(gzip.compress(response.content)) < 14_000


@pytest.mark.parametrize("query", [query for query, _, _ in PAGES])
async def test_no_page_asks_for_anything_else_or_runs_script(client: httpx.AsyncClient, query: str) -> None:
    page = parsed((await client.get("/" + query)).text)
    assert not page.xpath("//script | //img | //iframe | //@style | //@*[starts-with(name(), 'on')]")
    assert all(address.startswith("data:") for address in page.xpath("//link/@href"))
    assert [style.text for style in page.iter("style")] == [STYLE]
    assert "url(" not in STYLE and "@import" not in STYLE


async def test_two_dossiers_with_one_code_are_both_shown_with_their_agencies(
    client: httpx.AsyncClient,
) -> None:
    page = parsed((await client.get("/?code=H21.20-261120-0009")).text)
    first, second = page.xpath("//article")
    assert "UBND thành phố Pleiku" in first.text_content()
    assert "Sở Tài nguyên và Môi trường" in second.text_content()


async def test_what_was_typed_is_escaped_everywhere(client: httpx.AsyncClient) -> None:
    response = await client.get("/", params={"code": '"><script>alert(1)</script>'})
    assert response.status_code == 400
    assert "<script" not in response.text
    assert parsed(response.text).get_element_by_id("code").value == '"><script>alert(1)</script>'


async def test_an_error_is_linked_to_its_field(client: httpx.AsyncClient) -> None:
    page = parsed((await client.get("/?code=H21.09-261132-0042")).text)
    field = page.get_element_by_id("code")
    assert field.get("aria-invalid") == "true"
    described = [page.get_element_by_id(name).text_content() for name in field.get("aria-describedby").split()]
    assert "không có ngày 32" in described[-1]
    assert page.xpath("//*[@role='alert']//a/@href") == ["#code"]
    assert page.xpath("//title")[0].text.strip().startswith("Lỗi: ")


async def test_the_other_language_keeps_the_code(client: httpx.AsyncClient) -> None:
    page = parsed((await client.get("/?code=H21.09-261120-0042")).text)
    assert page.get("lang") == "vi"
    (link,) = page.xpath("//a[@hreflang='en']/@href")
    english = parsed((await client.get(link)).text)
    assert english.get("lang") == "en"
    assert "Your dossier is being worked on" in english.text_content()
    (back,) = english.xpath("//a[@hreflang='vi']/@href")
    assert parsed((await client.get(back)).text).get("lang") == "vi"


async def test_trouble_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    assert (await client.get("/?code=broken")).headers["Retry-After"] == "60"


async def test_answers_are_not_kept_and_pages_are_locked_down(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/?code=H21.09-261120-0042")).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["style-src"] == content_hash(STYLE)
    assert "script-src" not in policy


FULL = "/xem-day-du"


async def test_the_way_to_all_of_it(client: httpx.AsyncClient) -> None:
    found = parsed((await client.get("/?code=H21.09-261120-0042")).text)
    assert "Nguyễn" not in found.text_content()
    (address,) = found.xpath("//a[text()='Xem đầy đủ']/@href")
    question = parsed((await client.get(address)).text)
    (form,) = question.xpath("//form")
    assert (form.get("method"), form.get("action")) == ("post", FULL)
    fields = {field.get("name"): field.get("value") or "" for field in form.xpath(".//input")}
    assert set(fields) == {"code", "agency", "digits"}
    response = await client.post(FULL, data=fields | {"digits": "482 913"})
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    text = parsed(response.text).text_content()
    assert "Nguyễn Văn Đức" in text and "Đã hẹn đo đất" in text and "064*******" in text
    assert "Xem đầy đủ" not in text
    assert len(gzip.compress(response.content)) < 14_000


async def test_a_step_tells_the_agencys_word_and_when_it_was_heard_late(client: httpx.AsyncClient) -> None:
    own = await client.post(FULL, data={"code": "H21.09-261120-0005", "digits": "482913"})
    page = parsed(own.text)
    latest, *_, first = [step.text_content() for step in page.xpath("//ol[@class='timeline']/li")]
    assert "Cơ quan ghi: “Chờ bổ sung”" in latest
    assert "Trang này biết lúc" in first and "Cơ quan ghi" not in first


@pytest.mark.parametrize(
    ("digits", "status", "says"),
    [
        ("777123", 403, "Các số này chưa khớp"),
        ("77", 400, "Hãy nhập đủ sáu chữ số"),
        ("", 400, "Hãy nhập đủ sáu chữ số"),
        ("000000", 429, "Xin chờ 3 phút"),
    ],
)
async def test_a_refused_proof_says_what_to_do_and_repeats_no_digits(
    client: httpx.AsyncClient, digits: str, status: int, says: str
) -> None:
    given = {"code": "H21.09-261120-0042", "agency": "so-tnmt", "digits": digits}
    response = await client.post(FULL, data=given)
    assert (response.status_code, response.headers["Cache-Control"]) == (status, "no-store")
    assert says in parsed(response.text).text_content()
    assert "Nguyễn" not in response.text
    assert not digits or digits not in parsed(response.text).text_content()
    assert ("Retry-After" in response.headers) == (status == 429)


async def test_the_question_is_the_same_whether_there_is_such_a_dossier(client: httpx.AsyncClient) -> None:
    there = (await client.get(FULL, params={"code": "H21.09-261120-0042"})).text
    absent = (await client.get(FULL, params={"code": "H21.09-261120-9999"})).text
    assert there.replace("0042", "9999") == absent
    english = parsed((await client.get(FULL, params={"code": "H21.09-261120-0042", "lang": "en"})).text)
    assert "See the whole dossier" in english.text_content()
    assert english.xpath("//form//input[@name='lang']/@value") == ["en"]


@pytest.mark.parametrize("body", [b"", b"code=", b"\xff=\xff", b"code=" + b"9" * 5000])
async def test_what_is_no_such_form_leads_to_the_beginning(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post(FULL, content=body)
    assert (response.status_code, response.headers["Location"]) == (303, "/")
