"""Plans by which dossiers follow their agencies: rules, lists, rehearsal and application, interrupted and repeated."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from contracts.agency import AgencySpec
from contracts.observation import Observation
from hub.access.tables import audit
from hub.agencies import change as changes
from hub.agencies.change import AgencyChanges, NotNow, Report, as_text
from hub.agencies.plan import PlanMistake, load
from hub.db import Database
from hub.index.check import check
from hub.index.record import record
from hub.index.tables import change, dossier
from hub.registry import Registry
from hub.vault import Vault
from tests.observations import T0
from tests.observations import observation as said
from tests.parts import pushing_spec, registry_of

WARDS = ("phuong-pleiku", "phuong-hoi-phu", "xa-gao")
ENDED = date(2025, 6, 30)


def agency(id: str, *successors: str) -> AgencySpec:
    ended = {"valid_to": ENDED, "successors": successors} if successors else {}
    return pushing_spec(id, **ended)


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with registry_of(
        agency("ubnd-pleiku", *WARDS),
        agency("so-tnmt", "so-nnmt"),
        agency("so-nnptnt", "so-nnmt"),
        agency("ban-dan-toc", "so-dttg"),
        *map(agency, (*WARDS, "so-nnmt", "so-dttg")),
    ) as built:
        yield built


@pytest.fixture
def work(database: Database, registry: Registry, vault: Vault) -> AgencyChanges:
    return AgencyChanges(database, registry, vault)


def plan_file(folder: Path, *parts: Any, **fields: Any) -> Path:
    plan = {"id": "thu", "effective": "2025-07-01", "reason": "Nghị quyết thử", "changes": list(parts)} | fields
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(plan | {"effective": date.fromisoformat(plan["effective"])}, allow_unicode=True))
    return path


def part(sources: Sequence[str], *rules: Any) -> Any:
    return {"from": list(sources), "rules": list(rules)}


def code(number: int, unit: str = "H21.20") -> str:
    return f"{unit}-250612-{number:04d}"


async def tell(database: Database, vault: Vault, *heard: Observation) -> None:
    async with database.begin() as connection:
        await record(connection, heard, vault)


async def owners(database: Database) -> dict[str, str]:
    async with database.begin() as connection:
        return {row.code: row.agency for row in await connection.execute(select(dossier.c.code, dossier.c.agency))}


def without_application(report: Report) -> Any:
    report.applied = False
    return report


async def nothing_to_repair(database: Database, vault: Vault) -> None:
    dossiers = await database.reads.fetchval("SELECT count(*) FROM dossier")
    assert await check(database, vault) == (dossiers, [], 0, 0)


async def both(work: AgencyChanges, path: Path) -> Report:
    """Rehearsed, then applied: they say the same, and counts and marks are right after it."""
    plan = load(path)
    rehearsed = await work.rehearse(plan)
    applied = await work.apply(plan, actor="test")
    assert applied.applied
    assert not rehearsed.applied
    assert without_application(applied) == rehearsed
    await nothing_to_repair(work._database, work._vault)
    return applied


async def test_a_merger_takes_all_open_dossiers_of_both(
    work: AgencyChanges, database: Database, vault: Vault, tmp_path: Path
) -> None:
    await tell(
        database,
        vault,
        said(code(1, "H21.09"), agency="so-tnmt", status=4),
        said(code(2, "H21.09"), agency="so-tnmt", status=10),
        said(code(1, "H21.11"), agency="so-nnptnt", status=5),
        said(code(9, "H21.99"), agency="ubnd-pleiku", status=4),
    )
    path = plan_file(tmp_path, part(["so-tnmt", "so-nnptnt"], {"to": "so-nnmt"}))
    report = await both(work, path)
    (told,) = report.parts
    assert (told.kind, dict(told.moves), told.stays) == ("merge", {"so-nnmt": 2}, {"they have come to their end": 1})
    assert await owners(database) == {
        code(1, "H21.09"): "so-nnmt",
        code(2, "H21.09"): "so-tnmt",
        code(1, "H21.11"): "so-nnmt",
        code(9, "H21.99"): "ubnd-pleiku",
    }
    assert "| so-nnmt | 0 | 2 |" in as_text(report)


async def test_a_new_name_takes_those_along_that_have_ended_where_it_says_so(
    work: AgencyChanges, database: Database, vault: Vault, tmp_path: Path
) -> None:
    heard = [said(code(n, "H21.17"), agency="ban-dan-toc", status=status) for n, status in enumerate((2, 10, 3))]
    await tell(database, vault, *heard)
    report = await both(work, plan_file(tmp_path, part(["ban-dan-toc"], {"to": "so-dttg", "finished": True})))
    assert (report.parts[0].kind, report.parts[0].moves["so-dttg"]) == ("rename", 3)


async def test_a_split_by_list_date_status_procedure_and_unit(
    work: AgencyChanges, database: Database, vault: Vault, tmp_path: Path
) -> None:
    (tmp_path / "gao.csv").write_text(
        f"code,agency\n{code(1)},xa-gao\nh21.20 250612 0002,phuong-hoi-phu\nH21.20-250612-9999,xa-gao\n"
    )
    await tell(
        database,
        vault,
        said(code(1), status=10),  # listed, and so it moves although it has ended
        said(code(2), status=4),
        said(code(3), status=4, procedure_code="1.001612.000.00.00.H48"),
        said(code(4), status=5, received_at=T0),
        said(code(5), status=4),
        said(code(6, "000.00.07.H21"), status=4),
        said("12/2025", status=4),
    )
    path = plan_file(
        tmp_path,
        part(
            ["ubnd-pleiku"],
            {"list": "gao.csv"},
            {"to": "xa-gao", "procedures": ["1.001612"]},
            {"to": "phuong-hoi-phu", "statuses": ["5"], "received_from": date(2026, 1, 1)},
            {"to": "phuong-pleiku", "units": ["H21.20"]},
            {"to": "phuong-hoi-phu", "received_before": date(2025, 7, 1)},
        ),
    )
    report = await both(work, path)
    (told,) = report.parts
    assert await owners(database) == {
        code(1): "xa-gao",
        code(2): "phuong-hoi-phu",
        code(3): "xa-gao",
        code(4): "phuong-hoi-phu",
        code(5): "phuong-pleiku",
        code(6, "000.00.07.H21"): "ubnd-pleiku",
        "12/2025": "ubnd-pleiku",
    }
    assert told.stays == {"no rule fits them": 2}
    assert told.not_found == ["gao.csv, line 4: H21.20-250612-9999"]


async def test_a_code_that_names_no_unit_moves_by_a_list_alone(
    work: AgencyChanges, database: Database, vault: Vault, tmp_path: Path
) -> None:
    await tell(database, vault, said("12/2025", status=4), said("13/2025", status=4))
    (tmp_path / "so.csv").write_text("code,agency\n12/2025,xa-gao\n")
    report = await both(work, plan_file(tmp_path, part(["ubnd-pleiku"], {"list": "so.csv"}, {"to": "phuong-pleiku"})))
    assert await owners(database) == {"12/2025": "xa-gao", "13/2025": "ubnd-pleiku"}
    (reason,) = report.parts[0].stays
    assert "name no unit" in reason


async def test_what_may_be_two_dossiers_is_left_for_somebody_to_look_at(
    work: AgencyChanges, database: Database, vault: Vault, tmp_path: Path
) -> None:
    (tmp_path / "so.csv").write_text("code,agency\n12/2025,xa-gao\n")
    await tell(
        database,
        vault,
        said("12/2025", status=4),
        said("12/2025", agency="xa-gao", status=9),
        said(code(1), status=4),
        said(code(1), agency="phuong-pleiku", at=5, status=9),
        said(code(7, "H21.09"), agency="so-tnmt", status=4),
        said(code(7, "H21.09"), agency="so-nnptnt", status=4),
    )
    path = plan_file(
        tmp_path,
        part(["ubnd-pleiku"], {"list": "so.csv"}, {"to": "phuong-pleiku"}),
        part(["so-tnmt", "so-nnptnt"], {"to": "so-nnmt"}),
    )
    report = await both(work, path)
    wards, departments = report.parts
    assert (wards.clashes, wards.joins, dict(wards.moves)) == (["12/2025"], 1, {"phuong-pleiku": 1})
    assert departments.clashes == [code(7, "H21.09")] * 2


async def test_again_it_moves_nothing_and_takes_those_that_came_since(
    work: AgencyChanges, database: Database, vault: Vault, tmp_path: Path
) -> None:
    await tell(database, vault, said(code(1), status=4))
    path = plan_file(tmp_path, part(["ubnd-pleiku"], {"to": "phuong-pleiku"}))
    await both(work, path)
    await tell(database, vault, said(code(2), status=4))
    report = await both(work, path)
    assert (report.parts[0].moved_before, report.parts[0].moves) == ({"phuong-pleiku": 1}, {"phuong-pleiku": 1})
    report = await both(work, path)
    assert report.parts[0].moves == {}
    async with database.begin() as connection:
        kinds = (await connection.execute(select(change.c.kind))).scalars().all()
        actions = (await connection.execute(select(audit.c.action).order_by(audit.c.id))).scalars().all()
    assert kinds.count("moved") == 2
    assert actions == ["agencies.change_began", *["agencies.changed"] * 3]


async def test_killed_half_way_it_is_begun_again(
    work: AgencyChanges, database: Database, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_BATCH", 5)
    await tell(database, vault, *(said(code(number), status=4) for number in range(40)))
    plan = load(plan_file(tmp_path, part(["ubnd-pleiku"], {"to": "phuong-pleiku"})))
    running = asyncio.create_task(work.apply(plan, actor="test"))
    while list((await owners(database)).values()).count("phuong-pleiku") < 10:
        await asyncio.sleep(0.005)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    moved = list((await owners(database)).values()).count("phuong-pleiku")
    assert 10 <= moved < 40
    await nothing_to_repair(database, vault)
    report = await work.apply(plan, actor="test")
    assert report.parts[0].moved_before["phuong-pleiku"] + report.parts[0].moves["phuong-pleiku"] == 40
    assert set((await owners(database)).values()) == {"phuong-pleiku"}
    async with database.begin() as connection:
        kinds = (await connection.execute(select(change.c.kind))).scalars().all()
    assert kinds.count("moved") == 40
    await nothing_to_repair(database, vault)


async def test_it_goes_back_by_another_plan_and_stays_there(database: Database, vault: Vault, tmp_path: Path) -> None:
    async with registry_of(
        agency("ubnd-pleiku", *WARDS), agency("phuong-pleiku", "ubnd-pleiku"), *map(agency, WARDS[1:])
    ) as registry:
        work = AgencyChanges(database, registry, vault)
        await tell(database, vault, said(code(1), status=4))
        there = plan_file(tmp_path, part(["ubnd-pleiku"], {"to": "phuong-pleiku"}))
        await both(work, there)
        await both(work, plan_file(tmp_path, part(["phuong-pleiku"], {"to": "ubnd-pleiku"}), id="tro-lai"))
        assert await owners(database) == {code(1): "ubnd-pleiku"}
        report = await both(work, plan_file(tmp_path, part(["ubnd-pleiku"], {"to": "phuong-pleiku"})))
        assert report.parts[0].moves == {}


async def test_an_id_stands_for_one_plan(work: AgencyChanges, tmp_path: Path) -> None:
    await work.apply(load(plan_file(tmp_path, part(["ubnd-pleiku"], {"to": "phuong-pleiku"}))), actor="test")
    other = load(plan_file(tmp_path, part(["ubnd-pleiku"], {"to": "xa-gao"})))
    with pytest.raises(NotNow, match="an id of its own"):
        await work.apply(other, actor="test")


async def test_before_its_day_it_is_only_rehearsed(database: Database, vault: Vault, tmp_path: Path) -> None:
    specs = (pushing_spec("ubnd-pleiku", valid_to=date(2099, 12, 31), successors=["xa-gao"]), agency("xa-gao"))
    async with registry_of(*specs) as registry:
        work = AgencyChanges(database, registry, vault)
        plan = load(plan_file(tmp_path, part(["ubnd-pleiku"], {"to": "xa-gao"}), effective="2100-01-01"))
        await work.rehearse(plan)
        with pytest.raises(NotNow, match="takes effect on 2100-01-01"):
            await work.apply(plan, actor="test")


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        ([part(["ubnd-pleiku"], {"to": "xa-la"})], "xa-la is no agency of the hub"),
        ([part(["ubnd-pleiku"], {"to": "so-nnmt"})], "ubnd-pleiku.yaml: successors lacks so-nnmt"),
        ([part(["so-nnmt"], {"to": "xa-gao"})], "so-nnmt.yaml: valid_to is not given; by the plan it is 2025-06-30"),
    ],
)
async def test_a_plan_that_is_not_what_the_specs_say(
    work: AgencyChanges, tmp_path: Path, parts: Any, wrong: str
) -> None:
    with pytest.raises(PlanMistake) as told:
        await work.rehearse(load(plan_file(tmp_path, *parts)))
    assert wrong in str(told.value)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("id: [", "plan.yaml, line 1"),
        ("id: Thử", "plan.yaml, line 1: id"),
        (
            "id: thu\neffective: 2025-07-01\nreason: x\nchanges:\n  - from: [a]\n    rules:\n      - {to: b, list: c}",
            "plan.yaml, line 7: changes.0.rules.0: give one of `to` and `list`",
        ),
        (
            "id: thu\neffective: 2025-07-01\nreason: x\nchanges:\n  - {from: [a], rules: [{to: b}]}\n"
            "  - {from: [a], rules: [{to: b}]}",
            "a is in `from` twice",
        ),
    ],
)
def test_a_mistake_in_a_plan_has_its_place(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "plan.yaml").write_text(text)
    with pytest.raises(PlanMistake) as told:
        load(tmp_path / "plan.yaml")
    assert wrong in str(told.value)


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("ma,agency\nx,xa-gao", "so.csv, line 1: the first line must name the columns code and agency"),
        ("code,agency\n,xa-gao", "so.csv, line 2: a code and an agency are needed"),
        ("code,agency\n1-2,xa-gao\n1 2,xa-la", "so.csv, line 3: 1 2 goes to xa-la, and by line 2 to xa-gao; leave one"),
    ],
)
def test_a_mistake_in_a_list_has_its_place(tmp_path: Path, lines: str, wrong: str) -> None:
    path = plan_file(tmp_path, part(["ubnd-pleiku"], {"list": "so.csv"}))
    (tmp_path / "so.csv").write_text(lines)
    with pytest.raises(PlanMistake) as told:
        load(path)
    assert wrong in str(told.value)
