"""The province's own specs against the sample estate: three systems, no Python of their own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter, CallRecord, Position, Window
from contracts.errors import AgencyFailure, NotFound
from contracts.observation import Observation
from tests.adapters.specs import DOCUMENTS, one_page, spec_of
from tests.estate.client import Estate, running_estate

AGENCIES = ("so-tnmt", "so-khdt", "ubnd-pleiku")


class Given:
    """contracts.adapter.Secrets, from a dict."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def get(self, name: str) -> str:
        return self._secrets[name]


@asynccontextmanager
async def adapter_of(
    estate: Estate,
    agency: str,
    *,
    records: list[CallRecord] | None = None,
    size: int | None = None,
) -> AsyncIterator[AgencyAdapter]:
    async def keep(record: CallRecord) -> None:
        if records is not None:
            records.append(record)

    data = spec_of(agency, address=estate.addresses[agency]).model_dump(mode="json")
    data["system"]["limits"] = {"attempts": 1, "read_seconds": 1, "total_seconds": 2}
    if size:
        data["operations"]["changes"]["pages"]["size"] = size
    spec = type(spec_of(agency)).model_validate(data)
    async with Client(keep) as client:
        yield build_adapter(spec, client=client, secrets=Given(estate.secrets), documents=DOCUMENTS)


async def read_all(
    adapter: AgencyAdapter, window: Window, between: Callable[[], Awaitable[object]] | None = None
) -> dict[str, Observation]:
    """The last that was said of each dossier in the window; `between` happens after each page."""
    seen: dict[str, Observation] = {}
    position: Position | None = None
    while True:
        page = await one_page(adapter.changes(window, position))
        assert page.unusable == ()
        assert page.agency_time is not None
        seen |= {said.code: said for said in page.observations}
        if page.next is None:
            return seen
        position = orjson.loads(orjson.dumps(page.next))
        if between:
            await between()


def now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=1)


@pytest.mark.parametrize("size", [None, 7])
@pytest.mark.parametrize("agency", AGENCIES)
async def test_what_the_hub_reads_is_what_the_agency_has(agency: str, size: int | None) -> None:
    async with running_estate(size=60) as estate, adapter_of(estate, agency, size=size) as adapter:
        seen = await read_all(adapter, Window(until=now()))
        wanted = {each["code"]: each for each in await estate.state(agency)}
    assert seen.keys() == wanted.keys()
    assert len(seen) == 60
    for code, dossier in wanted.items():
        status = seen[code].facts.status
        assert status is not None
        assert status.value == str(dossier["status"])
        changed = datetime.fromisoformat(dossier["changed_at"])
        occurred_at = seen[code].occurred_at
        assert occurred_at is not None
        assert abs(occurred_at - changed) < timedelta(seconds=1)
        if agency == "ubnd-pleiku":
            assert seen[code].revision == dossier["revision"]


@pytest.mark.parametrize("agency", AGENCIES)
async def test_nothing_is_skipped_while_the_agency_works_on(agency: str) -> None:
    async with running_estate(size=60) as estate, adapter_of(estate, agency, size=7) as adapter:
        before = {each["code"]: each["changed_at"] for each in await estate.state(agency)}
        seen = await read_all(adapter, Window(until=now()), lambda: estate.move(agency, 2))
        after = {each["code"]: each["changed_at"] for each in await estate.state(agency)}
    unmoved = {code for code, at in before.items() if after[code] == at}
    assert unmoved
    assert unmoved <= seen.keys()


@pytest.mark.parametrize("agency", AGENCIES)
async def test_a_later_window_brings_what_changed(agency: str) -> None:
    async with running_estate(size=60) as estate, adapter_of(estate, agency) as adapter:
        before = await read_all(adapter, Window(until=now()))
        moved = {each["code"] for each in await estate.move(agency, 5)}
        high = max((said.revision or 0 for said in before.values()), default=0)
        window = Window(until=now(), since=now() - timedelta(seconds=60), since_revision=high)
        after = await read_all(adapter, window)
    assert moved <= after.keys()
    assert len(after) < 60


@pytest.mark.parametrize("agency", AGENCIES)
async def test_one_dossier_is_looked_up(agency: str) -> None:
    async with running_estate(size=20) as estate, adapter_of(estate, agency) as adapter:
        code = estate.sample_codes[agency]
        [said] = (await adapter.lookup(code)).observations
        with pytest.raises(NotFound):
            await adapter.lookup(code[:-4] + "9999")
    assert said.code == code
    assert said.facts.procedure_name


async def test_the_same_spec_speaks_soap_12() -> None:
    async with running_estate(size=20) as estate, Client() as client:
        data = spec_of("so-tnmt", address=estate.addresses["so-tnmt"]).model_dump(mode="json")
        data["system"]["version"] = "1.2"
        spec = type(spec_of("so-tnmt")).model_validate(data)
        adapter = build_adapter(spec, client=client, secrets=Given(estate.secrets), documents=DOCUMENTS)
        assert len((await one_page(adapter.changes(Window(until=now())))).observations) == 20
        with pytest.raises(NotFound):
            await adapter.lookup("H21.09-000000-0000")


async def test_a_token_that_ends_in_mid_run_is_renewed() -> None:
    records: list[CallRecord] = []
    async with (
        running_estate(size=60, token_seconds=1) as estate,
        adapter_of(estate, "so-khdt", size=3, records=records) as adapter,
    ):
        seen = await read_all(adapter, Window(until=now()), lambda: asyncio.sleep(0.1))
    assert len(seen) == 60
    assert sum(record.operation == "login" for record in records) > 1


@pytest.mark.parametrize(("agency", "secret"), [("so-tnmt", "so-tnmt-khoa"), ("ubnd-pleiku", "ubnd-pleiku-khoa")])
async def test_a_wrong_key_is_refused(agency: str, secret: str) -> None:
    async with running_estate(size=20) as estate:
        wrong = replace(estate, secrets={**estate.secrets, secret: "wrong"})
        async with adapter_of(wrong, agency) as adapter:
            with pytest.raises(AgencyFailure) as caught:
                await one_page(adapter.changes(Window(until=now())))
    assert caught.value.kind == ("rejected" if agency == "so-tnmt" else "unauthorized")


FAULTS = {
    "html": {"malformed"},
    "html502": {"unreachable"},
    "truncated": {"malformed"},
    "empty": {"malformed"},
    "huge": {"malformed"},
    "garbage": {"malformed"},
    "hang": {"timed_out"},
    "drip": {"timed_out"},
    "reset": {"unreachable"},
    "error200": {"rejected", "malformed"},
    "null_list": {"malformed"},
}


@pytest.mark.parametrize(("agency", "neighbour"), list(zip(AGENCIES, AGENCIES[1:] + AGENCIES[:1], strict=True)))
async def test_each_fault_is_a_recorded_failure_of_that_agency_alone(agency: str, neighbour: str) -> None:
    window = Window(until=now())
    records: list[CallRecord] = []
    async with (
        running_estate(size=20) as estate,
        adapter_of(estate, agency, records=records) as adapter,
        adapter_of(estate, neighbour) as other,
    ):
        # Once before, so that a login does not take the fault.
        await one_page(adapter.changes(window))
        for fault, kinds in FAULTS.items():
            await estate.fault(agency, fault)
            with pytest.raises(AgencyFailure) as caught:
                await one_page(adapter.changes(window))
            assert caught.value.kind in kinds, fault
            assert records[-1].outcome == caught.value.kind, fault
            assert (await one_page(other.changes(window))).observations
            await estate.fault(agency, None)
            assert (await one_page(adapter.changes(window))).observations, f"after {fault}"


@pytest.mark.parametrize("agency", AGENCIES)
async def test_an_unknown_status_is_kept_aside(agency: str) -> None:
    async with running_estate(size=20) as estate, adapter_of(estate, agency) as adapter:
        await estate.fault(agency, "unknown_status")
        page = await one_page(adapter.changes(Window(until=now())))
    assert len(page.observations) == 20
    assert {kept.reason for kept in page.unusable} == {"unknown_status"}
    unknown = {kept.code for kept in page.unusable}
    assert all((said.facts.status is None) == (said.code in unknown) for said in page.observations)
