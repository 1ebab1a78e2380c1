"""Specs in the database: published, overtaken, rolled back, read from files, and at work without a restart."""

from pathlib import Path

import pytest

from adapters import Client
from config.load import ConfigError
from contracts.adapter import AgencyAdapter
from contracts.agency import AgencySpec
from hub.access.audit import Wanted, latest
from hub.db import Database
from hub.registry import Registry
from hub.specs import follower as follower_module
from hub.specs.differences import differences, line_by_line
from hub.specs.files import adopt, read
from hub.specs.follower import Follower
from hub.specs.specs import NoSuchVersion, Overtaken, Specs, SpecWrong, Way
from tests.parts import NamedSecrets, built, no_documents

AGENCY = "so-xd"
FIRST = """\
# Kept as it was written.
id: so-xd
identifier: H21.03
name:
  vi: Sở Xây dựng
  en: Department of Construction
kind: department
enabled: true
statuses:
  MOI: "1"
webhook:
  secrets: [so-xd-webhook]
"""
SECOND = FIRST.replace('  MOI: "1"\n', '  MOI: "1"\n  DANG XU LY: "4"\n')


@pytest.fixture
def specs(database: Database) -> Specs:
    return Specs(database, NamedSecrets({"so-xd-webhook": "x"}), no_documents(database))


async def publish(specs: Specs, text: str, *, based_on: int | None = None, way: Way = Way.CONSOLE) -> int:
    made = await specs.publish(AGENCY, text, author="an", reason="cần thêm từ", way=way, based_on=based_on)
    return made.version


async def test_every_version_is_kept_as_it_was_written(specs: Specs, database: Database) -> None:
    assert await publish(specs, FIRST) == 1
    assert await publish(specs, SECOND, based_on=1) == 2
    current = await specs.current(AGENCY)
    assert current
    assert (current.version, current.text, current.author, current.reason) == (2, SECOND, "an", "cần thêm từ")
    assert [each.version for each in await specs.versions(AGENCY)] == [2, 1]
    line, _ = await latest(database, Wanted(AGENCY), most=9)
    assert line.action == "spec.published"
    assert line.detail == {
        "version": 2,
        "before": 1,
        "reason": "cần thêm từ",
        "changed": ["statuses.DANG XU LY"],
    }


async def test_the_same_again_is_no_new_version(specs: Specs) -> None:
    assert await publish(specs, FIRST) == 1
    assert await publish(specs, FIRST, based_on=1) == 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (FIRST.replace("id: so-xd", "id: so-yt"), "id"),
        (FIRST.replace('MOI: "1"', 'MOI: "77"'), "statuses.MOI"),
        (FIRST + "successors: [so-ma]\n", "successors"),
        ("id: [", ""),
        ("", ""),
    ],
)
async def test_what_cannot_work_is_not_published(specs: Specs, text: str, place: str) -> None:
    with pytest.raises(SpecWrong) as error:
        await publish(specs, text)
    assert place in [each.place for each in error.value.mistakes]
    assert await specs.current(AGENCY) is None


async def test_who_has_not_seen_the_newest_is_told_whose_it_is(specs: Specs) -> None:
    await publish(specs, FIRST)
    await publish(specs, SECOND, based_on=1)
    with pytest.raises(Overtaken, match="version 2 by now, which an published"):
        await publish(specs, FIRST, based_on=1)
    with pytest.raises(Overtaken):
        await publish(specs, FIRST)


async def test_going_back_is_a_new_version(specs: Specs, database: Database) -> None:
    await publish(specs, FIRST)
    await publish(specs, SECOND, based_on=1)
    back = await specs.roll_back(AGENCY, 1, author="binh", reason="sai")
    assert (back.version, back.text, back.way) == (3, FIRST, Way.ROLLBACK)
    (line,) = await latest(database, Wanted(AGENCY, "binh"), most=9)
    assert line.action == "spec.rolled_back"
    with pytest.raises(NoSuchVersion):
        await specs.roll_back(AGENCY, 9, author="binh", reason="sai")
    with pytest.raises(Overtaken):
        await specs.roll_back(AGENCY, 2, author="canary", reason="sai", only_from=2)


async def test_files_are_the_other_door(specs: Specs, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "so-xd.yaml"
    file.write_text(FIRST)
    assert await adopt(database, read(tmp_path, {})) == []
    assert await adopt(database, read(tmp_path, {})) == []
    file.write_text(SECOND)
    assert await adopt(database, read(tmp_path, {})) == []
    assert [each.version for each in await specs.versions(AGENCY)] == [2, 1]

    # A machine that still has the file of before turns nothing back.
    file.write_text(FIRST)
    assert await adopt(database, read(tmp_path, {})) == [AGENCY]
    # Nor does a file overrule what was done in the console.
    await publish(specs, FIRST + "phone: 0269 3823 100\n", based_on=2)
    file.write_text(SECOND + "phone: 0269 3823 101\n")
    assert await adopt(database, read(tmp_path, {})) == [AGENCY]
    current = await specs.current(AGENCY)
    assert current
    assert current.version == 3

    file.write_text("id: so-xd\n")
    with pytest.raises(ConfigError):
        await adopt(database, read(tmp_path, {}))


async def test_a_hub_without_files_begins_empty(database: Database, tmp_path: Path) -> None:
    assert await adopt(database, read(tmp_path, {})) == []
    with pytest.raises(ConfigError):
        await adopt(database, read(tmp_path / "nowhere", {}))


async def test_each_process_follows(specs: Specs, database: Database) -> None:
    registry = Registry({}, {})
    follower = Follower(database, registry, built_one, no_documents(database), {})
    told: list[list[str]] = []

    async def tell(agencies: list[str]) -> None:
        told.append(agencies)

    follower.tell(tell)
    await follower.catch_up()
    assert told == []
    await publish(specs, FIRST)
    await follower.catch_up()
    await follower.catch_up()
    assert told == [[AGENCY]]
    spec, adapter = registry.spec(AGENCY), registry.adapter(AGENCY)
    assert spec
    assert spec.status_of("đang xử lý") is None
    await publish(specs, SECOND, based_on=1)
    await follower.catch_up()
    after = registry.spec(AGENCY)
    assert after
    assert after.status_of("đang xử lý") is not None
    assert registry.adapter(AGENCY) is not adapter
    await publish(specs, SECOND.replace("enabled: true", "enabled: false"), based_on=2)
    await follower.catch_up()
    assert registry.adapter(AGENCY) is None


async def test_one_that_cannot_be_worked_with_is_tried_again(
    specs: Specs, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(specs, FIRST)
    registry = Registry({}, {})
    is_there = False

    def build(spec: AgencySpec) -> AgencyAdapter:
        if not is_there:
            raise FileNotFoundError("there is no document so-xd.wsdl")
        return built_one(spec)

    follower = Follower(database, registry, build, no_documents(database), {})
    await follower.catch_up()
    assert follower.unusable == {AGENCY: ("there is no document so-xd.wsdl",)}
    assert registry.spec(AGENCY) is None
    is_there = True
    await follower.catch_up()
    assert registry.spec(AGENCY) is None, "not at once"
    monkeypatch.setattr(follower_module, "_AGAIN_SECONDS", -1)
    await follower.catch_up()
    assert registry.spec(AGENCY)
    assert follower.unusable == {}


def built_one(spec: AgencySpec) -> AgencyAdapter:
    adapter = built([spec], Client(None), NamedSecrets({"so-xd-webhook": "x"})).adapter(spec.id)
    assert adapter
    return adapter


def test_differences_are_told_by_place() -> None:
    found = differences(FIRST, SECOND.replace("enabled: true", "enabled: false  # for now"))
    assert [(each.place, each.before, each.after) for each in found] == [
        ("enabled", True, False),
        ("statuses.DANG XU LY", None, "4"),
    ]
    assert [each.place for each in differences(None, "id: so-xd\n")] == ["id"]
    lines = line_by_line(FIRST, SECOND)
    assert '+  DANG XU LY: "4"' in lines
    assert not any(line.startswith("-") for line in lines)
