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
