"""Submissions: each step done once, whatever breaks in between. Against a server that keeps what it was given."""

import asyncio
import copy
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter, Capability, Position, Sending, Sent, under_way
from contracts.errors import AgencyFailure, Malformed, Rejected, TimedOut, Unauthorized, Unreachable
from contracts.submission import Submission
from tests.adapters.calls import Records
from tests.adapters.rest.agency import Secrets, calling
from tests.adapters.servers import Asked, Told, answering, read_request, talking
from tests.adapters.submissions import APPLICANT, CODE, FILES, SUBMIT, spec_of, submission

LOOKUP: dict[str, Any] = {"request": {"path": "/ho-so/{code}"}, "answer": {"absent_when": "!ma"}}
# An agency that calls dossiers by the codes it is given, so that one whose creation is in doubt can be looked up.
BY_CODE: dict[str, Any] = copy.deepcopy(SUBMIT)
BY_CODE["attach"]["request"]["path"] = "/ho-so/{code}/tep"
BY_CODE["finish"]["request"]["path"] = "/ho-so/{code}/hoan-tat"


class Department:
    """Takes every request for a new one, as real systems do. `faults` says what becomes of each request to come:
    "deaf" (it never has it), "mute" (it acts, and nobody hears), or an answer in the place of its own."""

    def __init__(self) -> None:
        self.dossiers: list[dict[str, Any]] = []
        self.files: list[tuple[str, str, bytes]] = []
        self.finished: list[str] = []
        self.asked: list[Asked] = []
        self.faults: list[Literal["deaf", "mute"] | Told | None] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await read_request(reader):
            self.asked.append(asked)
            fault = self.faults.pop(0) if self.faults else None
            if fault == "deaf":
                return
            told = fault if isinstance(fault, Told) else self._act(asked)
            if fault == "mute":
                return
            writer.write(told.encoded())
            await writer.drain()

    def _act(self, asked: Asked) -> Told:
        _, _, *name = asked.path.split("/")
        if asked.method == "GET":
            known = [each for each in self.dossiers if each["ma"] == name[0]]
            return Told(json.dumps({"ma": name[0], "luc": "2026-11-20T08:30:00+07:00"} if known else {}))
        body = json.loads(asked.body or "null")
        if not name:
            self.dossiers.append(body)
            return Told(json.dumps({"so": f"HS{len(self.dossiers)}"}), 201)
        if name[1] == "tep":
            content = b64decode(body["noiDung"], validate=True)
            assert len(content) == body["doDai"]
            self.files.append((name[0], body["ten"], content))
        else:
            self.finished.append(name[0])
        return Told("", 202)


@asynccontextmanager
async def adapter_of(
    department: Department, operations: dict[str, Any], records: Records | None = None
) -> AsyncIterator[AgencyAdapter]:
    async with (
        talking(department.talk) as address,
        calling(spec_of(operations, address), Secrets(), records) as adapter,
    ):
        yield adapter


class Caller:
    """Goes from step to step as the contract of `send` says: what is committed is all that is left after a crash."""

    def __init__(self, adapter: AgencyAdapter, handed: Submission, what: Sending = Sending.SUBMIT) -> None:
        self.adapter, self.handed, self.what = adapter, handed, what
        self.committed: Position | None = None
        self.reference: str | None = None
        self.done = False

    async def step(self) -> None:
        before, self.committed = self.committed, under_way(self.committed)
        try:
            sent = await self.adapter.send(self.what, self.handed, before)
        except AgencyFailure as failure:
            if not failure.in_doubt:
                self.committed = before
            raise
        self.committed, self.reference = json.loads(json.dumps(sent.next)), sent.reference
        self.done = sent.next is None

    async def all(self) -> None:
        while not self.done:
            await self.step()


async def test_create_attach_finish_by_one_request_each() -> None:
    department = Department()
    async with adapter_of(department, {"submit": SUBMIT}) as adapter:
        assert adapter.capabilities == {Capability.SUBMIT}
        caller = Caller(adapter, submission())
        for number in range(1, 6):
            await caller.step()
            assert len(department.asked) == number
    assert caller.done and caller.reference == "HS1"
    assert department.dossiers == [
        {
            "ma": CODE,
            "thuTuc": "1.001612",
            "nguoiNop": APPLICANT,
            "dienThoai": None,
            "ngayNop": "20/11/2026 08:30:00",
            "loaiDat": "Đất ở",
            "dienTich": None,
        }
    ]
    assert department.files == [("HS1", file.name, file.content) for file in FILES]
    assert department.finished == ["HS1"]
    assert department.asked[0].headers["idempotency-key"] == "01J-nop-1"


async def test_without_files_there_is_nothing_to_attach() -> None:
    department = Department()
    async with adapter_of(department, {"submit": SUBMIT}) as adapter:
        await Caller(adapter, submission(files=())).all()
    assert (len(department.dossiers), department.files, department.finished) == (1, [], ["HS1"])


async def test_files_inside_of_the_first_request() -> None:
    inline = {"create": copy.deepcopy(SUBMIT["create"])}
    entry = {"ten": "{file_name}", "noiDung": "{file_base64}", "nguoiNop": "{applicant_name}"}
    inline["create"]["request"]["json_body"]["giayTo"] = {"each_file": entry}
    department = Department()
    async with adapter_of(department, {"submit": inline}) as adapter:
        assert await adapter.send(Sending.SUBMIT, submission()) == Sent("HS1", None)
        await adapter.send(Sending.SUBMIT, submission(files=()))
    first, second = department.dossiers
    assert [(each["ten"], b64decode(each["noiDung"])) for each in first["giayTo"]] == [
        (file.name, file.content) for file in FILES
    ]
    assert {each["nguoiNop"] for each in first["giayTo"]} == {APPLICANT}
    assert second["giayTo"] == []


# --- the known bugs of such hubs ------------------------------------------------------------------


async def test_create_then_attach_retried_makes_no_second_dossier() -> None:
    department = Department()
    department.faults = [None, None, Told("{}", 503), None, "deaf", None, Told("", 500)]
    async with adapter_of(
        department, {"submit": SUBMIT | {"attach": SUBMIT["attach"] | {"repeatable": True}}}
    ) as adapter:
        caller = Caller(adapter, submission())
        for _ in range(3):
            try:
                await caller.all()
            except AgencyFailure:
                continue
    assert len(department.dossiers) == 1
    assert department.files == [("HS1", file.name, file.content) for file in FILES]


async def test_a_creation_whose_end_nobody_knows_is_not_sent_again() -> None:
    department = Department()
    department.faults = ["mute"]
    async with adapter_of(department, {"submit": SUBMIT}) as adapter:
        caller = Caller(adapter, submission())
        with pytest.raises(Unreachable) as lost:
            await caller.step()
        assert lost.value.in_doubt
        for _ in range(3):
            with pytest.raises(Rejected, match="a person must look") as refusal:
                await caller.step()
            assert not refusal.value.sent
    # Once, though the client may repeat what is safe to repeat.
    assert (len(department.asked), len(department.dossiers)) == (1, 1)


async def test_a_hub_killed_in_the_middle_of_a_creation_makes_no_second_dossier() -> None:
    """The code, and that it was tried, are stored before the remote call; what came of it never was."""
    department = Department()
    async with adapter_of(department, {"submit": BY_CODE, "lookup": LOOKUP}) as adapter:
        before = Caller(adapter, submission())
        await before.step()
        again = Caller(adapter, submission())
        again.committed = under_way(None)
        await again.all()
    assert len(department.dossiers) == 1
    assert [name for _, name, _ in department.files] == [file.name for file in FILES]


@pytest.mark.parametrize(("fault", "asked"), [("mute", 2), ("deaf", 3)])
async def test_a_creation_in_doubt_is_looked_up_where_it_can_be(fault: Literal["mute", "deaf"], asked: int) -> None:
    create_only = {"create": BY_CODE["create"] | {"reference": None}}
    department = Department()
    department.faults = [fault]
    async with adapter_of(department, {"submit": create_only, "lookup": LOOKUP}) as adapter:
        caller = Caller(adapter, submission(files=()))
        with pytest.raises(Unreachable):
            await caller.step()
        await caller.all()
    assert (len(department.dossiers), len(department.asked)) == (1, asked)


async def test_a_look_up_that_fails_settles_nothing() -> None:
    department = Department()
    department.faults = ["mute", Told("<html>", 200), "deaf", "deaf", "deaf"]
    async with adapter_of(department, {"submit": BY_CODE, "lookup": LOOKUP}) as adapter:
        caller = Caller(adapter, submission())
        for expected in (Unreachable, Malformed, Unreachable):
            with pytest.raises(expected):
                await caller.step()
        await caller.step()
    assert len(department.dossiers) == 1
    assert caller.committed == {"step": "attach", "file": 0, "reference": None}


async def test_a_dossier_is_not_looked_up_by_a_code_the_agency_never_had() -> None:
    unnamed = copy.deepcopy(BY_CODE)
    del unnamed["create"]["request"]["json_body"]["ma"]
    department = Department()
    async with adapter_of(department, {"submit": unnamed, "lookup": LOOKUP}) as adapter:
        with pytest.raises(Rejected, match="a person must look"):
            await adapter.send(Sending.SUBMIT, submission(), under_way(None))
        with pytest.raises(Rejected, match="a person must look"):
            await adapter.send(Sending.SUBMIT, submission(code=None), under_way(None))
    assert department.asked == []


async def test_a_supplement_in_doubt_is_no_matter_of_whether_the_dossier_is_there() -> None:
    department = Department()
    async with adapter_of(department, {"supplement": BY_CODE, "lookup": LOOKUP}) as adapter:
        with pytest.raises(Rejected, match="a person must look"):
            await adapter.send(Sending.SUPPLEMENT, submission(), under_way(None))
    assert department.asked == []


async def test_a_failed_file_does_not_shift_the_others() -> None:
    department = Department()
    department.faults = [None, None, Told('{"loi": "Tệp quá lớn"}')]
    async with adapter_of(department, {"submit": SUBMIT}) as adapter:
        caller = Caller(adapter, submission())
        await caller.step()
        await caller.step()
        with pytest.raises(Rejected, match="Tệp quá lớn"):
            await caller.step()
        assert caller.committed == {"step": "attach", "file": 1, "reference": "HS1"}
        await caller.all()
    assert department.files == [("HS1", file.name, file.content) for file in FILES]


async def test_a_file_whose_end_nobody_knows_is_not_attached_again() -> None:
    department = Department()
    department.faults = [None, "mute"]
    async with adapter_of(department, {"submit": SUBMIT}) as adapter:
        caller = Caller(adapter, submission())
        await caller.step()
        with pytest.raises(Unreachable):
            await caller.step()
        with pytest.raises(Rejected, match="`attach` is not known"):
            await caller.step()
        # A person has looked, and it is not there.
        caller.committed = {"step": "attach", "file": 0, "reference": "HS1"}
        department.files.clear()
        await caller.all()
    assert department.files == [("HS1", file.name, file.content) for file in FILES]


async def test_a_creation_that_never_left_is_simply_sent_again() -> None:
    department = Department()
    async with adapter_of(department, {"submit": SUBMIT}) as adapter:
        caller = Caller(adapter, submission())
        async with calling(spec_of({"submit": SUBMIT}, "http://127.0.0.1:1"), Secrets()) as gone:
            caller.adapter = gone
            with pytest.raises(Unreachable) as failure:
                await caller.step()
            assert not failure.value.in_doubt and caller.committed is None
        caller.adapter = adapter
        await caller.all()
    assert len(department.dossiers) == 1


async def test_what_is_repeatable_is_repeated() -> None:
    repeatable = copy.deepcopy(SUBMIT)
    repeatable["create"]["repeatable"] = True
    department = Department()
    department.faults = ["deaf", Told("", 502)]
    async with adapter_of(department, {"submit": repeatable}) as adapter:
        await Caller(adapter, submission()).step()
    assert len(department.asked) == 3
    assert {asked.headers["idempotency-key"] for asked in department.asked} == {"01J-nop-1"}


# --- what agencies answer -------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 400, 409, 500])
async def test_what_the_agency_has_already_is_done(status: int) -> None:
    department = Department()
    department.faults = [Told('{"loi": "Hồ sơ ĐÃ TỒN TẠI trong hệ thống", "so": "HS7"}', status)]
    async with adapter_of(department, {"submit": SUBMIT}) as adapter:
        caller = Caller(adapter, submission())
        await caller.all()
    assert caller.reference == "HS7"
    assert department.dossiers == []
    assert [where for where, _, _ in department.files] == ["HS7"] * 3


async def test_what_it_has_already_and_does_not_name_needs_a_person() -> None:
    department = Department()
    department.faults = [Told('{"loi": "đã tồn tại"}')]
    async with adapter_of(department, {"submit": SUBMIT}) as adapter:
        with pytest.raises(Malformed, match="does not say what it calls it"):
            await adapter.send(Sending.SUBMIT, submission())


@pytest.mark.parametrize(
    ("told", "failure", "doubt"),
    [
        (Told('{"loi": "Thiếu giấy tờ"}'), Rejected, False),
        (Told('{"loi": "Thiếu giấy tờ"}', 422), Rejected, False),
        (Told("{}", 401), Unauthorized, False),
        (Told("{}", 504), Unreachable, True),
        (Told("{}"), Malformed, True),
        (Told('{"so": ""}'), Malformed, True),
        (Told(json.dumps({"so": "x" * 5000})), Malformed, True),
        (Told("<html><body>Lỗi</body></html>", content_type="text/html"), Malformed, True),
        (Told("", 500), Malformed, True),
    ],
)
async def test_what_is_no_success_is_not_taken_for_one(told: Told, failure: type[AgencyFailure], doubt: bool) -> None:
    department = Department()
    department.faults = [told]
    async with adapter_of(department, {"submit": SUBMIT}) as adapter:
        with pytest.raises(failure) as failed:
            await adapter.send(Sending.SUBMIT, submission())
    assert failed.value.in_doubt is doubt
    assert len(department.asked) == 1


async def test_a_slow_creation_is_in_doubt() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await asyncio.sleep(5)

    async with talking(talk) as address, calling(spec_of({"submit": SUBMIT}, address), Secrets()) as adapter:
        with pytest.raises(TimedOut) as failure:
            await adapter.send(Sending.SUBMIT, submission())
    assert failure.value.in_doubt


# --- what is asked for ----------------------------------------------------------------------------


async def test_a_withdrawal_goes_by_what_the_agency_calls_the_dossier() -> None:
    withdraw = {
        "create": {
            "request": {"method": "POST", "path": "/ho-so/{reference}/rut", "json_body": {"lyDo": "{note}"}},
        }
    }
    department = Department()
    async with adapter_of(department, {"withdraw": withdraw}) as adapter:
        done = await adapter.send(Sending.WITHDRAW, submission(files=(), reference="HS3"))
        with pytest.raises(Rejected, match="reference") as refusal:
            await adapter.send(Sending.WITHDRAW, submission(files=()))
        with pytest.raises(LookupError):
            await adapter.send(Sending.SUBMIT, submission())
    assert done == Sent("HS3", None) and not refusal.value.sent
    assert [(asked.path, json.loads(asked.body)) for asked in department.asked] == [
        ("/ho-so/HS3/rut", {"lyDo": "Nộp hộ mẹ"})
    ]


async def test_what_a_later_step_goes_by_is_known_before_the_first() -> None:
    supplement = with_("create", reference=None)
    department = Department()
    async with adapter_of(department, {"supplement": supplement}) as adapter:
        for lacking in ({"code": None, "reference": "HS1"}, {"reference": None}):
            with pytest.raises(Rejected, match="not known") as refusal:
                await adapter.send(Sending.SUPPLEMENT, submission(**lacking))
            assert not refusal.value.sent and department.asked == []
        done = await adapter.send(Sending.SUPPLEMENT, submission(reference="HS1"))
    assert done.next == {"step": "attach", "file": 0, "reference": "HS1"}


async def test_a_code_that_a_later_step_goes_by_is_known_before_the_first() -> None:
    department = Department()
    async with adapter_of(department, {"submit": BY_CODE}) as adapter:
        with pytest.raises(Rejected, match="code, which is not known"):
            await adapter.send(Sending.SUBMIT, submission(code=None))
    assert department.asked == []


async def test_papers_that_nothing_sends_are_not_lost_unsaid() -> None:
    department = Department()
    async with adapter_of(department, {"submit": {"create": SUBMIT["create"]}}) as adapter:
        with pytest.raises(Rejected, match="papers") as refusal:
            await adapter.send(Sending.SUBMIT, submission())
    assert not refusal.value.sent and department.asked == []


@pytest.mark.parametrize(
    "position",
    [
        {"step": "attach", "file": 3, "reference": "HS1"},
        {"step": "attach", "file": -1},
        {"step": "attach", "file": "0"},
        {"step": "send"},
        {"step": "finish", "reference": 7},
        {"page": 2, "step": None},
    ],
)
async def test_a_position_of_another_kind_is_refused(position: Position) -> None:
    async with adapter_of(Department(), {"submit": SUBMIT}) as adapter:
        with pytest.raises(Malformed, match="was not made by these steps"):
            await adapter.send(Sending.SUBMIT, submission(), position)


async def test_records_keep_no_papers() -> None:
    department, records = Department(), Records()
    async with adapter_of(department, {"submit": SUBMIT}, records) as adapter:
        await Caller(adapter, submission()).all()
    assert [record.operation for record in records] == ["submit.create", *["submit.attach"] * 3, "submit.finish"]
    assert b"nguoiNop" in records[0].request
    assert {record.request.partition(b" bytes")[2] for record in records[1:4]} == {b" with papers)"}


def with_(*path: str, **changes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(SUBMIT)
    part: Any = changed
    for name in path:
        part = part[name]
    part |= changes
    return changed


@pytest.mark.parametrize(
    ("submit", "words"),
    [
        (with_("create", "request", path="/ho-so/{applicant_name}"), r"applicant_name.* in its address.*in a body"),
        (with_("create", "request", query={"q": "{note}"}), "in a body"),
        (with_("create", "request", query={"q": "x{field:cccd}"}), "in a body"),
        (with_("attach", "request", query={"ten": "{file_name}"}), "in a body"),
        (with_("attach", "request", path="/{file_base64}"), "in a body"),
        (with_("create", "request", path="/ho-so/{reference}"), "{reference} is named"),
        (with_("create", reference=None), "create.reference"),
        (with_("attach", "request", json_body={"ten": "{file_name}"}), "file_base64"),
        (with_("create", "request", json_body={"ten": "{file_name}"}), "no meaning here"),
        (with_("create", "request", json_body={"f": {"each_file": "{file_name}", "x": 1}}), "stands alone"),
        (with_("create", "request", json_body=None, form_body={"each_file": "{file_base64}"}), "goes in a `json_body`"),
        (with_("create", "request", json_body=None, form_body={"ids": "{codes}"}), "no meaning here"),
        (with_("create", "request", json_body={"f": "{field}"}), "no meaning here"),
        (with_("create", "request", json_body={"f": "{field:}"}), "no meaning here"),
    ],
)
def test_a_spec_that_cannot_work_is_refused(submit: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build_adapter(spec_of({"submit": submit}), client=Client(), secrets=Secrets(), documents=Path())


HOSTILE = ["{secret:khoa}", "{code}", "../../x", "]]><!--", "--><c/>", '" onload="', "</ho>", "&amp;", "%2F", "a?b#c"]
NEVER_SENT = ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "\0", "\x1b"]
TYPED = st.text(max_size=40) | st.sampled_from(HOSTILE + NEVER_SENT)
# A header takes no more than this.
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
HOSTILE_SPEC: dict[str, Any] = {
    "create": {
        "request": {
            "method": "POST",
            "path": "/ho-so/{code}/nop",
            "query": {"ma": "{code}"},
            "headers": {"X-Ghi-Chu": "{note}"},
            "xml_body": '<ho ten="{applicant_name}"><c>{field:x}</c><!--{note}--></ho>',
        }
    }
}


@settings(max_examples=60, deadline=None)
@given(
    code=TYPED.filter(lambda text: 1 <= len(text) <= 80),
    name=TYPED,
    note=ASCII | st.sampled_from(HOSTILE + NEVER_SENT),
    field=TYPED,
)
def test_what_a_citizen_typed_stays_what_it_is(code: str, name: str, note: str, field: str) -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Told:
        asked.append(request)
        return Told("{}")

    async def send() -> None:
        handed = submission(code=code, applicant_name=name, note=note, fields={"x": field}, files=())
        async with (
            answering(answer) as address,
            calling(spec_of({"submit": HOSTILE_SPEC}, address), Secrets()) as adapter,
        ):
            await adapter.send(Sending.SUBMIT, handed)

    refused: AgencyFailure | None = None
    try:
        asyncio.run(send())
    except AgencyFailure as failure:
        refused = failure
    if refused:
        # Such as a line break in a header, or a character that XML cannot hold.
        assert not refused.in_doubt and asked == []
        return
    [request] = asked
    assert request.path == f"/ho-so/{code}/nop"
    assert request.query == {"ma": code}
    assert "x-evil" not in request.headers and request.headers["x-ghi-chu"] == note.strip(" \t")
    root = ElementTree.fromstring(request.body)
    assert [child.tag for child in root] == ["c"]
    # XML itself takes these for blanks, or for one line's end.
    assert root.get("ten") == name.replace("\r\n", " ").translate(str.maketrans("\r\n\t", "   "))
    assert (root[0].text or "") == field.replace("\r\n", "\n").replace("\r", "\n")
