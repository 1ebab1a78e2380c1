"""The contract suite: what every kind of adapter must make of the same dossiers, on servers that are not ours."""

import csv
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zeep

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter, Position, Window
from contracts.errors import NotFound, Rejected, Unauthorized, Unreachable
from contracts.observation import Observation, Unusable
from tests.adapters.specs import one_page
from tests.suite import servers
from tests.suite.servers import DOCUMENTS, DOSSIERS, KEY
from tests.suite.specs import SOAP_KINDS, spec_of

# zeep is typed here and there only.
zeep_client: Any = zeep.Client

KINDS = [*SOAP_KINDS, "node-rest"]
WHOLE = Window(until=datetime(2026, 12, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def php() -> Iterator[str]:
    with servers.php() as address:
        yield address


@pytest.fixture(scope="module")
def node_soap() -> Iterator[str]:
    with servers.node("soap.js") as address:
        yield address


@pytest.fixture(scope="module")
def node_rest() -> Iterator[str]:
    with servers.node("rest.js") as address:
        yield address


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def address(kind: str, request: pytest.FixtureRequest) -> str:
    server = "php" if kind.startswith("php") else "node_rest" if kind == "node-rest" else "node_soap"
    return str(request.getfixturevalue(server))


class Secrets:
    def __init__(self, key: str) -> None:
        self._key = key

    def get(self, _name: str) -> str:
        return self._key


@asynccontextmanager
async def adapter_of(kind: str, address: str, key: str = KEY) -> AsyncIterator[AgencyAdapter]:
    async with Client() as client:
        yield build_adapter(spec_of(kind, address), client=client, secrets=Secrets(key), documents=DOCUMENTS)


def moment(text: str | None) -> datetime | None:
    """A moment, or midnight of a day, in Vietnam."""
    if text is None:
        return None
    return datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00+07:00").astimezone(UTC)


STATUSES = {"Đã tiếp nhận": 2, "Đang xử lý": 4, "chờ BỔ SUNG": 5, "Đã có kết quả": 9, "Đã trả kết quả": 10}


def expected(dossier: dict[str, Any]) -> dict[str, Any]:
    """The facts that are said about `dossier`: null, empty and missing all say nothing."""
    said = {
        "status": STATUSES.get(dossier["trangThai"]),
        "status_raw": dossier["trangThai"] if dossier["trangThai"] in STATUSES else None,
        "procedure_code": dossier["maThuTuc"],
        "procedure_name": dossier["tenThuTuc"],
        "applicant_name": dossier["nguoiNop"],
        "applicant_phone": dossier.get("dienThoai") or None,
        "submitted_at": moment(dossier["ngayNop"]),
        "due_at": None if "/" in (dossier["ngayHenTra"] or "") else moment(dossier["ngayHenTra"]),
        "note": dossier.get("ghiChu") or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def said_by(observation: Observation) -> dict[str, Any]:
    facts = observation.facts.model_dump(exclude_unset=True)
    return facts | ({"status": int(facts["status"])} if "status" in facts else {})


async def everything(adapter: AgencyAdapter, window: Window) -> tuple[dict[str, Observation], list[Unusable], int]:
    observations: dict[str, Observation] = {}
    unusable: dict[str, Unusable] = {}
    position: Position | None = None
    for pages in range(1, 50):
        page = await one_page(adapter.changes(window, position))
        observations |= {said.code: said for said in page.observations}
        unusable |= {said.message: said for said in page.unusable}
        position = page.next
        if position is None:
            return observations, list(unusable.values()), pages
    raise AssertionError("the pages never end")


async def test_the_list_holds_every_dossier_as_it_is(kind: str, address: str) -> None:
    async with adapter_of(kind, address) as adapter:
        observations, unusable, pages = await everything(adapter, WHOLE)
    assert pages > 3
    check(observations, unusable)


async def test_files_say_the_same(tmp_path: Path) -> None:
    with (tmp_path / "ho-so.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, list(DOSSIERS[0]))
        lines.writeheader()
        lines.writerows(DOSSIERS)
    async with adapter_of("folder-csv", str(tmp_path)) as adapter:
        observations, unusable, _ = await everything(adapter, WHOLE)
    check(observations, unusable)
    assert [path.name for path in (tmp_path / "done").iterdir()] == ["ho-so.csv"]


def check(observations: dict[str, Observation], unusable: list[Unusable]) -> None:
    for dossier in DOSSIERS:
        observation = observations.pop(dossier["maHoSo"])
        assert said_by(observation) == expected(dossier)
        assert observation.occurred_at == moment(dossier["ngayCapNhat"])
    assert observations == {}
    assert sorted((bad.code, bad.reason, bad.field, bad.value) for bad in unusable) == [
        ("H21.09-261104-0001", "unknown_status", "status", "Chuyển phòng khác"),
        ("H21.09-261104-0002", "bad_value", "due_at", "06/11/2026"),
    ]


async def test_the_list_begins_where_the_window_does(kind: str, address: str) -> None:
    since = moment("2026-11-03T07:45:30+07:00")
    async with adapter_of(kind, address) as adapter:
        observations, _, _ = await everything(adapter, Window(until=WHOLE.until, since=since))
        nothing, _, _ = await everything(adapter, Window(until=WHOLE.until, since=WHOLE.until))
        one, _, _ = await everything(adapter, Window(until=WHOLE.until, since=moment("2026-11-05T00:00:00+07:00")))
    assert set(observations) == {dossier["maHoSo"] for dossier in DOSSIERS[2:]}
    assert nothing == {}
    assert set(one) == {"H21.09-261105-0001"}


async def test_one_dossier_is_looked_up(kind: str, address: str) -> None:
    async with adapter_of(kind, address) as adapter:
        for dossier in DOSSIERS:
            reading = await adapter.lookup(dossier["maHoSo"])
            assert [said_by(said) for said in reading.observations] == [expected(dossier)]


async def test_a_dossier_that_is_not_there_is_not_found(kind: str, address: str) -> None:
    async with adapter_of(kind, address) as adapter:
        with pytest.raises(NotFound):
            await adapter.lookup("H21.09-000000-0000")


async def test_a_wrong_key_is_told_in_the_agencys_words(kind: str, address: str) -> None:
    async with adapter_of(kind, address, key="wrong") as adapter:
        with pytest.raises((Rejected, Unauthorized)) as refusal:
            await adapter.lookup(DOSSIERS[0]["maHoSo"])
    assert "wrong" not in str(refusal.value)
    if kind != "node-rest":
        assert "Khóa truy cập không đúng" in str(refusal.value)


async def test_a_server_that_is_gone_is_unreachable(kind: str) -> None:
    async with adapter_of(kind, "http://127.0.0.1:1") as adapter:
        with pytest.raises(Unreachable):
            await adapter.lookup(DOSSIERS[0]["maHoSo"])


@pytest.mark.parametrize("kind", SOAP_KINDS)
async def test_our_reading_agrees_with_zeeps_where_zeep_is_right(kind: str, address: str) -> None:
    """Where zeep has None for a value that does not fit its type, ours has refused it (above); and what zeep
    cannot read at all, such as an xsi:nil without its namespace, ours can."""
    path, wsdl, _ = SOAP_KINDS[kind]
    client = zeep_client(str(DOCUMENTS / wsdl), transport=zeep_transport())
    service = client.create_service("{urn:gialai:suite}HoSoBinding", address + path)
    agreed = 0
    async with adapter_of(kind, address) as adapter:
        for dossier in DOSSIERS:
            try:
                answer = service.TraCuuHoSo(KEY, dossier["maHoSo"])
            except zeep.exceptions.TransportError:
                continue
            theirs = getattr(answer, "hoSo", answer)
            ours = said_by((await adapter.lookup(dossier["maHoSo"])).observations[0])
            assert theirs.ngayNop.astimezone(UTC) == ours["submitted_at"]
            assert (theirs.dienThoai or None) == ours.get("applicant_phone")
            assert (theirs.ghiChu or None) == ours.get("note")
            assert (theirs.maThuTuc, theirs.nguoiNop) == (ours["procedure_code"], ours["applicant_name"])
            assert (moment(theirs.ngayHenTra.isoformat()) if theirs.ngayHenTra else None) == ours.get("due_at")
            agreed += 1
    assert agreed >= len(DOSSIERS) - 1


class _WithSchemas(zeep.Transport):
    """zeep's own transport, with the one schema its WSDLs import from an address."""

    def load(self, url: str) -> bytes:
        return SOAP_ENCODING if url == "http://schemas.xmlsoap.org/soap/encoding/" else bytes(super().load(url))  # type: ignore[no-untyped-call]


zeep_transport: Any = _WithSchemas

SOAP_ENCODING = b"""
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://schemas.xmlsoap.org/soap/encoding/">
  <xs:attribute name="arrayType" type="xs:string"/>
  <xs:complexType name="Array">
    <xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence>
  </xs:complexType>
</xs:schema>
"""
