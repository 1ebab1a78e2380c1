"""The steps that a dossier's row keeps: packed and unpacked, and what becomes of rows that are older than they."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from typer.testing import CliRunner, Result

from contracts.observation import Channel, Observation
from contracts.status import DossierStatus
from hub.cli import app
from hub.db import Database
from hub.index.answers import Answers
from hub.index.archive import archive
from hub.index.check import check
from hub.index.merge import Step
from hub.index.record import record
from hub.index.steps import packed, unpacked
from hub.index.summaries import Json
from hub.registry import Registry
from hub.vault import Vault
from tests.hub.index.conftest import Record
from tests.observations import T0, move
from tests.observations import observation as said

CODE = "H21.20-261123-0001"
LIFE = [
    said(at=0, heard=1, status=2, status_raw="Đã tiếp nhận", applicant_name="Rơ Châm H'Yéo"),
    said(at=5, status=4, status_raw="Đang xử lý", channel=Channel.PULL),
    said(at=None, heard=9, status=10, finished_at=T0 + timedelta(minutes=9)),
]

_times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
_steps = st.lists(
    st.builds(
        Step,
        status=st.sampled_from(list(DossierStatus)).map(str),
        happened_at=_times,
        observed_at=_times,
        channel=st.sampled_from(list(Channel)).map(str),
        raw=st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=500)),
        said_by=st.one_of(st.none(), st.just("so-tnmt"), st.just("s" * 40)),
    ),
    max_size=5,
)


@given(_steps, _steps)
def test_what_is_packed_is_unpacked_and_more_can_be_put_at_the_end(some: list[Step], more: list[Step]) -> None:
    assert unpacked(packed(some)) == some
    assert unpacked(packed(some) + packed(more)) == some + more


def test_what_is_packed_can_be_read_for_ever() -> None:
    """What stands in the rows of all dossiers does not change with the order of the channels, or with anything else."""
    step = Step("4", T0, T0 + timedelta(seconds=40), "pull", "Đang xử lý", None)
    kept = "0401000660e71cf82400000660e71f5a7e00000f00c490616e672078e1bbad206cc3bd"
    assert (packed([step]).hex(), unpacked(bytes.fromhex(kept))) == (kept, [step])
    channels = (Channel.WEBHOOK, Channel.PULL, Channel.LOOKUP, Channel.SUCCESSION)
    assert [packed([Step("1", T0, T0, each, None, None)])[1] for each in channels] == [0, 1, 2, 3]


@pytest.fixture
def answers(database: Database, registry: Registry, vault: Vault) -> Answers:
    return Answers(database, registry, vault)


async def timeline(answers: Answers) -> list[Json]:
    [found] = await answers.find_json(CODE)
    steps: list[Json] = found["timeline"]
    return steps


async def forget(database: Database) -> None:
    """As a database is that was filled before there were steps in rows."""
    async with database.begin() as connection:
        await connection.execute(text("UPDATE dossier SET timeline = NULL"))


async def kept(database: Database) -> list[bytes | None]:
    return [row["timeline"] for row in await database.reads.fetch("SELECT timeline FROM dossier ORDER BY id")]


async def test_whoever_asks_for_a_dossier_reads_no_history(database: Database, do: Record, answers: Answers) -> None:
    await do(*LIFE)
    before = await timeline(answers)
    assert [step["status"]["code"] for step in before] == ["2", "4", "10"]
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE observation RENAME TO observation_away"))
        await connection.execute(text("ALTER TABLE archive RENAME TO archive_away"))
    assert await timeline(answers) == before


@pytest.mark.parametrize("is_archived", [False, True])
async def test_a_row_older_than_its_steps_is_answered_from_its_history(
    database: Database, do: Record, answers: Answers, vault: Vault, is_archived: bool
) -> None:
    await do(*LIFE, said("H21.20-261123-0002", status=4))
    before, rows = await timeline(answers), await kept(database)
    if is_archived:
        async with database.begin() as connection:
            await connection.execute(
                text("UPDATE dossier SET updated_at = now() - interval '6 years', finished_at = '2019-01-01'")
            )
        assert (await archive(database, 5)).dossiers.total() == 1
    await forget(database)
    assert await timeline(answers) == before
    assert (await check(database, vault)).other_steps == 2
    assert await kept(database) == [None, None]
    assert (await check(database, vault, repair=True)).other_steps == 2
    assert await kept(database) == rows
    assert await database.reads.fetchval("SELECT count(*) FROM archive") == is_archived
    assert await check(database, vault) == (2, [], 0, 0)


async def test_what_a_process_of_the_version_before_writes_is_answered_from_the_history(
    database: Database, do: Record, answers: Answers, vault: Vault
) -> None:
    """Both are at work while an upgrade goes on, and after a way back. The one before knows nothing of steps."""
    await do(*LIFE)
    rows = await kept(database)
    await do(said(at=30, status=4))
    async with database.begin() as connection:
        await connection.execute(
            text("UPDATE dossier SET timeline = :before, updated_at = updated_at + interval '1 s'"), {"before": rows[0]}
        )
    assert [step["status"]["code"] for step in await timeline(answers)] == ["2", "4", "10", "4"]
    assert (await check(database, vault)).other_steps == 1
    await do(said(at=40, status=10))
    assert [step["status"]["code"] for step in await timeline(answers)] == ["2", "4", "10", "4", "10"]
    assert (await check(database, vault)).other_steps == 0


@pytest.mark.parametrize(
    "news",
    [said(at=30, status=4), said(at=3, status=5), move("so-tnmt"), LIFE[0].model_copy(update={"observed_at": T0})],
)
async def test_what_is_said_of_such_a_row_fills_it(
    database: Database, vault: Vault, do: Record, news: Observation
) -> None:
    await do(*LIFE)
    await forget(database)
    await do(LIFE[1])
    assert await kept(database) == [None], "that was known"
    await do(news)
    assert await check(database, vault) == (1, [], 0, 0)


async def test_steps_that_are_not_those_of_the_history_are_found_and_put_right(
    database: Database, vault: Vault, do: Record, answers: Answers
) -> None:
    await do(*LIFE, said("H21.20-261123-0002", status=4))
    rows = await kept(database)
    async with database.begin() as connection:
        await connection.execute(
            text("UPDATE dossier SET timeline = substr(timeline, 1, :size) WHERE status = 10"),
            {"size": len(packed(unpacked(rows[0] or b"")[:2]))},
        )
    assert [step["status"]["code"] for step in await timeline(answers)] == ["2", "4"]
    assert (await check(database, vault, repair=True)).other_steps == 1
    assert await kept(database) == rows


async def test_the_check_does_not_take_a_word_that_comes_meanwhile_for_a_difference(
    database: Database, vault: Vault, do: Record
) -> None:
    codes = [f"H21.20-261123-{number:04}" for number in range(40)]

    async def go_on() -> None:
        for minute in range(1, 6):
            for code in codes:
                await do(said(code, at=minute, status=1 + minute))

    await do(*(said(code, at=0, status=1) for code in codes))
    recording = asyncio.ensure_future(go_on())
    found = 0
    while not recording.done():
        found += (await check(database, vault)).other_steps
    await recording
    assert found == 0


def test_the_command_finds_them_and_fills_them(
    database_url: str, vault: Vault, tmp_path: Path, logging_put_back: None
) -> None:
    async def some() -> None:
        database = await Database.open(database_url)
        async with database.begin() as connection:
            # No people: the command has keys of its own.
            await record(connection, LIFE[1:], vault)
        await forget(database)
        await database.close()

    def run(*words: str) -> Result:
        settings = {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(tmp_path)}
        return CliRunner().invoke(app, ["index", "check", *words], env=settings)

    asyncio.run(some())
    differ = "steps that differ, or are not there yet: 1; `--repair` puts it right"
    told = run()
    assert (told.exit_code, differ in told.stdout) == (1, True), told.output
    assert "put right" in run("--repair").stdout
    assert run().exit_code == 0
