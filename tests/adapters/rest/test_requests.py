"""Requests as a spec writes them: bodies of every kind, next pages on the same server, nothing secret recorded."""

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from adapters import Client
from adapters.answers import AnswerReader
from adapters.calling.line import Line
from adapters.placeholders import Values
from adapters.rest.following import following
from adapters.rest.speaker import rest_speak
from contracts.adapter import Priority
from contracts.errors import AgencyFailure, Malformed, NotFound, Rejected, Throttled
from contracts.operations import Answer, RestRequest
from tests.adapters.calls import Records
from tests.adapters.rest.agency import CODE, ROW, Secrets, asking, spec
from tests.adapters.servers import Asked, Told, answering

SECRETS = Secrets(khoa='<&> "khóa"/')


async def asked_by(request: dict[str, Any], values: Values, records: Records | None = None) -> Asked:
    """What reaches the agency when `request` is made with `values`."""
    asked: list[Asked] = []

    def answer(came: Asked) -> Told:
        asked.append(came)
        return Told(came.body, status=200)

    async with answering(answer) as address, Client(records) as client:
        made = spec(address)
        assert made.system and made.system.kind == "rest"
        speak = rest_speak(Line(made, made.system, client, SECRETS))
        speaker = speak("lookup", RestRequest.model_validate(request), AnswerReader(Answer()), values.keys())
        await speaker.ask(values, lambda raw: raw, priority=Priority.PERSON)
    return asked[0]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_every_method_takes_a_body(method: str) -> None:
    body = {"ds": [{"ma": "{code}", "khoa": "{secret:khoa}", "tu": "{since}"}]}
    asked = await asked_by({"method": method, "path": "/x", "json_body": body}, {"code": "Á", "since": None})
    assert (asked.method, asked.headers["content-type"]) == (method, "application/json")
    assert orjson.loads(asked.body) == {"ds": [{"ma": "Á", "khoa": SECRETS["khoa"], "tu": None}]}


async def test_a_form_leaves_out_what_has_no_value() -> None:
    form = {"model[MaHoSo]": "{code}", "model[TuNgay]": "{since|dd/MM/yyyy}", "rong": ""}
    asked = await asked_by({"method": "POST", "path": "/x", "form_body": form}, {"code": "Á & B", "since": None})
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.body == b"model%5BMaHoSo%5D=%C3%81+%26+B&rong="


async def test_xml_holds_what_was_said_and_no_more() -> None:
    records = Records()
    text = '<?xml version="1.0" encoding="utf-8"?><a k="{secret:khoa}"><b>{code}</b><c>{since}</c></a>'
    request = {"method": "POST", "path": "/x", "xml_body": text, "headers": {"content-Type": "text/xml"}}
    asked = await asked_by(request, {"code": "</b>&Á", "since": None}, records)
    assert asked.headers["content-type"] == "text/xml"
    assert asked.body.decode() == (
        '<?xml version="1.0" encoding="utf-8"?><a k="&lt;&amp;&gt; &quot;khóa&quot;/">'
        "<b>&lt;/b&gt;&amp;Á</b><c></c></a>"
    )
    assert "khóa" not in records[0].request.decode() + records[0].response.decode()


async def test_what_xml_cannot_hold_is_not_sent() -> None:
    with pytest.raises(Rejected, match="no well-formed XML"):
        await asked_by({"method": "POST", "path": "/x", "xml_body": "<a>{code}</a>"}, {"code": "a\0b"})


@pytest.mark.parametrize("reference", ["..", ".", None])
async def test_a_path_that_leads_elsewhere_is_not_asked(reference: str | None) -> None:
    with pytest.raises(Rejected, match="path"):
        await asked_by({"path": "/ho-so/{reference}/xoa"}, {"reference": reference})


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"path": "/x?khoa={secret:khoa}"}, "goes under `query`"),
        ({"path": "x"}, "begin with a slash"),
        ({"path": "/x/{since}"}, "no meaning here"),
        ({"path": "/x", "xml_body": "<a>{no}</a>"}, "no meaning here"),
    ],
)
async def test_a_request_that_cannot_work(request_: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        await asked_by(request_, {"since": None})


async def test_a_list_of_codes_is_no_text() -> None:
    codes: Values = {"codes": ["1", "2"]}
    asked = await asked_by({"method": "POST", "path": "/x", "json_body": {"ids": "{codes}"}}, codes)
    assert orjson.loads(asked.body) == {"ids": ["1", "2"]}
    for part in ({"form_body": {"ids": "{codes}"}}, {"query": {"ids": "{codes}"}}, {"xml_body": "<a>{codes}</a>"}):
        with pytest.raises(ValueError, match="a list goes in a `json_body`"):
            await asked_by({"method": "POST", "path": "/x", **part}, codes)


@pytest.mark.parametrize("status", [201, 202, 204])
async def test_success_may_have_nothing_to_say(status: int) -> None:
    async with answering(lambda _: Told("", status)) as address, Client() as client:
        made = spec(address)
        assert made.system and made.system.kind == "rest"
        speak = rest_speak(Line(made, made.system, client, SECRETS))
        speaker = speak("lookup", RestRequest(path="/x"), AnswerReader(Answer()), ())
        assert await speaker.ask({}, speaker.document, priority=Priority.PERSON) is None


async def test_secrets_of_a_query_are_in_no_address() -> None:
    records = Records()
    await asked_by({"path": "/x", "query": {"APIKey": "{secret:khoa}"}}, {}, records)
    assert records[0].address.endswith("/x")
    assert b"APIKey=***" in records[0].request


# --- next pages ---------------------------------------------------------------------------------------------


async def test_a_next_page_replaces_path_and_query() -> None:
    values = {"address": "/b/c?$skiptoken=x%2By&empty=", "since": None}
    asked = await asked_by({"path": "/a", "query": {"top": "5"}}, values)
    assert (asked.path, asked.query) == ("/b/c", {"$skiptoken": "x+y", "empty": ""})


@pytest.mark.parametrize(
    ("given", "address", "query"),
    [
        ("https://h.vn/b?p=2", "https://h.vn/b", {"p": "2"}),
        ("https://user:pw@h.vn:443/b#x", "https://h.vn/b", {}),
        ("?p=2", "https://h.vn/api/a", {"p": "2"}),
        ("b?p=2", "https://h.vn/api/b", {"p": "2"}),
        ("//h.vn", "https://h.vn/", {}),
    ],
)
def test_a_next_page_on_the_same_server(given: str, address: str, query: dict[str, str]) -> None:
    assert following("https://h.vn/api/a", given) == (address, query)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("https://evil.vn/b", "https://evil.vn, another server than h.vn"),
        ("http://h.vn/b", "http://h.vn, another"),
        ("https://h.vn:8443/b", "another server"),
        ("https://h.vn@evil.vn/", "evil.vn"),
        ("file:///etc/passwd", "another server"),
        ("https://[::1/b", "none that can be read"),
        ("https://h.vn:99999/b", "none that can be read"),
        ("/b?a=1&a=2", "twice"),
    ],
)
def test_a_next_page_elsewhere_is_not_followed(given: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        following("https://h.vn/api/a", given)


# --- answers ------------------------------------------------------------------------------------------------

ANSWER = {"records": "d", "error_when": "ma > `0`", "error_message": "loi", "busy_when": "ma == `9`"}
XML_ANSWER = {"holds": "xml", "records": "HoSo", "error_when": "Ma != '0'", "error_message": "Loi"}


@pytest.mark.parametrize(
    ("answer", "told", "failure", "why"),
    [
        (ANSWER, Told('{"ma": 9, "loi": "Bận"}'), Throttled, "Bận"),
        (ANSWER, Told('{"ma": 1, "loi": "Sai"}', status=422), Rejected, "Sai"),
        (ANSWER, Told("Không có gì", status=422), Rejected, "answered 422"),
        (ANSWER, Told("", status=204), Malformed, "there is nothing"),
        (ANSWER | {"absent_when": "@ == null"}, Told("", status=204), NotFound, "no such dossier"),
        (XML_ANSWER, Told("<x><Ma>5</Ma><Loi>Sai khóa</Loi></x>", content_type="text/html"), Rejected, "Sai khóa"),
        (XML_ANSWER, Told("<x><Ma>5</Ma><Loi>Sai khóa</Loi></x>", status=500), Rejected, "Sai khóa"),
        (XML_ANSWER, Told("<html><body/></html>", status=500), Malformed, "answered 500"),
        (XML_ANSWER, Told('{"d": 1}'), Malformed, "well-formed"),
    ],
)
async def test_what_an_answer_says_is_wrong(
    answer: dict[str, Any], told: Told, failure: type[AgencyFailure], why: str
) -> None:
    lookup = {"request": {"path": "/{code}"}, "answer": answer}
    async with asking(lambda _: told, SECRETS, lookup=lookup, limits={"attempts": 1}) as adapter:
        with pytest.raises(failure, match=why):
            await adapter.lookup(CODE)


async def test_an_answer_in_xml() -> None:
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in ROW.items())
    said: Callable[[Asked], Told] = lambda _: Told(f"<x><Ma>0</Ma><HoSo>{fields}</HoSo></x>")  # noqa: E731
    lookup = {"request": {"path": "/{code}"}, "answer": XML_ANSWER}
    async with asking(said, SECRETS, lookup=lookup) as adapter:
        [observation] = (await adapter.lookup(CODE)).observations
    assert observation.facts.note == "Đã nhận"


async def test_a_field_said_twice_is_kept_and_not_believed() -> None:
    body = orjson.dumps(ROW)[:-1] + ', "ghiChu": "Trả lại"}'.encode()
    async with asking(lambda _: Told(body), SECRETS) as adapter:
        reading = await adapter.lookup(CODE)
    assert [said.facts.model_fields_set for said in reading.observations] == [set()]
    [kept] = reading.unusable
    assert (kept.field, orjson.loads(kept.raw)["ghiChu"]) == ("note", ["Đã nhận", "Trả lại"])


@pytest.mark.parametrize("slash", ["/", "\\/"])
@pytest.mark.parametrize("in_ascii", [True, False])
async def test_an_echoed_secret_is_masked(in_ascii: bool, slash: str) -> None:
    secret, records = 'phiên/"đúng"', Records()
    echo = json.dumps({"khoa": secret}, ensure_ascii=in_ascii).replace("/", slash)
    key = {"kind": "key", "query": {"khoa": "{secret:khoa}"}}
    async with asking(lambda _: Told(echo, status=400), Secrets(khoa=secret), records, auth=key) as adapter:
        with pytest.raises(Rejected):
            await adapter.lookup(CODE)
    assert records[0].response == b'{"khoa": "***"}'
