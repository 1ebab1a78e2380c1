"""The events in pushed bodies: the hub's envelope, lists, CloudEvents, and shapes of an agency's own."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.pushing.events import EventFinder
from contracts.adapter import NotEvents, PushedEvent
from contracts.pushing import Webhook

DATA = {"code": "H21.20-261123-0001", "occurred_at": "2026-11-23T08:00:00+07:00", "status": "MOI"}
EVENT = {"type": "dossier.updated", "timestamp": "2026-11-23T08:00:00+07:00", "data": DATA}
CLOUD = {
    "specversion": "1.0",
    "id": "7/2026",
    "source": "/mot-cua",
    "type": "vn.gov.gialai.dossier.updated",
    "data": DATA,
}
MAPPING = {"code": "ma", "facts": {}}


def finder(**webhook: Any) -> EventFinder:
    return EventFinder(Webhook.model_validate({"secrets": ["s"], **webhook}))


def own(**events: Any) -> EventFinder:
    return finder(events=events, mapping=MAPPING)


def body(content: Any) -> bytes:
    return json.dumps(content).encode()


def only(found: EventFinder, content: bytes, **headers: str) -> PushedEvent:
    pushed = found(content, headers)
    assert not pushed.is_batch
    (event,) = pushed.events
    return event


def test_the_hubs_own_envelope() -> None:
    event = only(finder(), b"\xef\xbb\xbf" + body(EVENT))
    assert (event.id, event.type, event.data, event.tells) == (None, "dossier.updated", DATA, True)
    assert not only(finder(), body({**EVENT, "type": "fee.paid"})).tells


def test_the_same_written_otherwise_is_the_same() -> None:
    plain = only(finder(), body(EVENT))
    other = json.dumps(dict(reversed(EVENT.items())), indent=2, ensure_ascii=False).encode()
    assert only(finder(), other).content == plain.content
    assert only(finder(), body({**EVENT, "id": "a"})).content == plain.content
    assert only(finder(), body({**EVENT, "data": {**DATA, "status": "XONG"}})).content != plain.content


def test_a_list_names_each_and_what_is_wrong_with_one_harms_no_other() -> None:
    listed = [{**EVENT, "id": "a"}, EVENT, 7, {**EVENT, "id": 12}, {**EVENT, "id": "x" * 201}, {**CLOUD}]
    pushed = finder()(body(listed), {})
    assert pushed.is_batch
    assert [event.id for event in pushed.events] == ["a", None, None, "12", None, "/mot-cua 7/2026"]
    wrong = [event.problem and event.problem.field for event in pushed.events]
    assert wrong == [None, "/1/id", "/2", None, "/4/id", None]
    # Alone or in a list, the same event is the same.
    assert pushed.events[0].content == only(finder(), body(EVENT)).content


@pytest.mark.parametrize("count", [0, 101])
def test_a_list_is_of_one_to_a_hundred(count: int) -> None:
    with pytest.raises(NotEvents) as refused:
        finder()(body([EVENT] * count), {})
    assert "1 to 100" in refused.value.expected


def test_cloud_events_structured_and_binary_are_the_same() -> None:
    structured = only(finder(), body(CLOUD))
    headers = {f"ce-{name}": value for name, value in CLOUD.items() if isinstance(value, str)}
    binary = only(finder(), body(DATA), **headers)
    assert structured == binary
    assert (structured.id, structured.tells, structured.data) == ("/mot-cua 7/2026", True, DATA)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": ""}, "/id"),
        ({"source": 7}, "/source"),
        ({"data": None}, "/data"),
        ({"data_base64": "e30="}, "/data_base64"),
    ],
)
def test_cloud_events_that_are_none(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(NotEvents) as refused:
        finder()(body(CLOUD | changes), {})
    assert refused.value.field == field


def test_a_shape_of_its_own() -> None:
    found = own(each="ds", id="so", type="loai", types=["HOSO"], data="nd")
    pushed = found(
        body({"ds": [{"so": 1, "loai": "HOSO", "nd": {"ma": "A"}}, {"so": 2, "loai": "PHI", "nd": {}}, {}]}), {}
    )
    first, second, third = pushed.events
    assert (first.id, first.tells, first.data) == ("1", True, {"ma": "A"})
    assert (second.id, second.tells) == ("2", False)
    assert third.problem
    assert third.problem.field == "/2"


@pytest.mark.parametrize("said", [{}, {"ds": []}, {"ds": None}, {"DS": [{"so": 1}]}])
def test_where_no_event_is_it_is_told_where_they_should_be(said: dict[str, object]) -> None:
    with pytest.raises(NotEvents) as refused:
        own(each="ds", id="so")(body(said), {})
    assert refused.value.problem == "no event at ds"


def test_without_an_id_what_it_says_names_it() -> None:
    assert only(own(), body({"ma": "A"})).id is None


def test_xml_and_forms() -> None:
    xml = own(format="xml", each="HoSo", id='"@so"')(b'<Ds><HoSo so="1"><ma>A</ma></HoSo></Ds>', {})
    assert [(event.id, event.data["ma"]) for event in xml.events] == [("1", "A")]
    form = only(own(format="form", data="@"), b"ma=A&ten=Nguy%E1%BB%85n&ma2=&x=1&x=2")
    assert form.data == {"ma": "A", "ten": "Nguyễn", "ma2": "", "x": ["1", "2"]}


@pytest.mark.parametrize("format", ["json", "xml", "form"])
@given(content=st.binary(max_size=60))
def test_whatever_comes_is_events_or_a_refusal_that_does_not_quote_it(format: str, content: bytes) -> None:
    told = ""
    try:
        own(format=format, each="a[]", id="b")(content + b"T7gh\xff", {})
    except NotEvents as refused:
        told = f"{refused.problem}{refused.expected}"
    assert "T7gh" not in told


def test_a_token_in_the_body_is_no_part_of_what_is_said() -> None:
    proof = {"kind": "token", "field": "dau.SecurityCode", "addresses": ["10.0.0.0/8"]}
    found = finder(proof=proof, events={"data": "@"}, mapping=MAPPING)
    said = body({"dau": {"SecurityCode": "s3cret", "luc": 1}, "ma": "A"})
    assert found.token(said, {}) == "s3cret"
    event = only(found, said)
    assert event.data == {"dau": {"luc": 1}, "ma": "A"}
    assert b"s3cret" not in event.content
    assert found.token(body([1]), {}) is None
    with pytest.raises(ValueError, match="no plain path"):
        finder(proof=proof | {"field": "a[0]"}, events={}, mapping=MAPPING)
