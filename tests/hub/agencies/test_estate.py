"""The plan of 2025-07-01 on the sample estate's dossiers: the merger of departments, and Pleiku's wards by a list."""

import csv
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from config.load import load_agencies
from contracts.observation import Channel, Facts, Observation
from contracts.status import DossierStatus
from hub.agencies.change import AgencyChanges, as_text
from hub.agencies.plan import load
from hub.db import Database
from hub.index.answers import Answers
from hub.index.check import check
from hub.index.record import record
from hub.vault import Vault
from tests.estate.world import Agency, Case
from tests.parts import registry_of
from tests.running import ROOT

PLAN = ROOT / "config" / "changes" / "2025-07-01-sap-nhap.yaml"
PREFIXES = {"so-tnmt": "H21.09", "ubnd-pleiku": "H21.20"}
WARDS = ("phuong-thong-nhat", "phuong-dien-hong", "phuong-hoi-phu", "phuong-an-phu", "xa-bien-ho", "xa-gao")
SIZE = 300
BEFORE = datetime(2025, 6, 30, 9, tzinfo=UTC)


def told(agency: str, case: Case) -> Observation:
    return Observation(
        agency=agency,
        code=case.code,
        occurred_at=case.last.at,
        facts=Facts(status=DossierStatus(case.last.status), procedure_code=case.procedure[0]),
        observed_at=case.last.at,
        channel=Channel.PULL,
    )


async def test_the_merger_and_pleikus_wards(database: Database, vault: Vault, tmp_path: Path) -> None:
    specs = load_agencies(ROOT / "config" / "agencies")
    worlds = {
        id: Agency(id, prefix, precision=timedelta(seconds=1), seed=1, size=SIZE, start=BEFORE)
        for id, prefix in PREFIXES.items()
    }
    open_cases = {id: [case for case in world.cases.values() if case.can_move] for id, world in worlds.items()}
    async with registry_of(*(spec.model_copy(update={"enabled": False}) for spec in specs.values())) as registry:
        for id, world in worlds.items():
            async with database.begin() as connection:
                await record(connection, [told(id, case) for case in world.cases.values()], vault)

        # Somebody has looked where applicants live: each third dossier goes to one of the six others.
        plan = yaml.safe_load(PLAN.read_text("utf-8"))
        plan["changes"][1]["rules"].insert(0, {"list": "pleiku.csv"})
        (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan, allow_unicode=True))
        listed = [case.code for case in open_cases["ubnd-pleiku"]][::3]
        with (tmp_path / "pleiku.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("code", "agency"))
            writer.writerows((code, WARDS[place % 6]) for place, code in enumerate(listed))

        work, read = AgencyChanges(database, registry, vault), load(tmp_path / "plan.yaml")
        rehearsed = await work.rehearse(read)
        report = await work.apply(read, actor="test")
        print(as_text(report))
        assert [part.moves for part in report.parts] == [part.moves for part in rehearsed.parts]
        assert await check(database, vault) == (2 * SIZE, [], 0, 0)
        departments, pleiku = report.parts
        assert departments.moves["so-nnmt"] == len(open_cases["so-tnmt"])
        expected = Counter(WARDS[place % 6] for place in range(len(listed)))
        expected["phuong-pleiku"] = len(open_cases["ubnd-pleiku"]) - len(listed)
        assert pleiku.moves == expected

        # A slip's code is found as before; the city's system, still running, speaks of the same dossier.
        case = open_cases["ubnd-pleiku"][1]
        worlds["ubnd-pleiku"].advance(case.code, BEFORE + timedelta(days=3))
        async with database.begin() as connection:
            await record(connection, [told("ubnd-pleiku", case)], vault)
        (found,) = await Answers(database, registry, vault).find(case.code)
        assert (found.agency.id, [each.id for each in found.former_agencies]) == ("phuong-pleiku", ["ubnd-pleiku"])
        assert found.status and found.status.code == case.last.status
        assert found.source.agency == "ubnd-pleiku"
