"""The quality scale: levels by rules of a file, proved in the database, shown on the admin's page."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import insert

from contracts.errors import TimedOut
from hub import problems
from hub.access.sign_in import SignIn
from hub.calls.tables import call
from hub.db import Database
from hub.streams import store
from hub.streams.tables import run
from hub.studio.evidence import Evidence, gather
from hub.studio.grade import Level, grade, rules
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.adapters.specs import spec_of
from tests.keepers import console, enrolled
from tests.observations import observation as said
from tests.parts import Told, pulled_spec, registry_of

#: What an agency shows that has run well for a month.
PROVED = Evidence(calls=900, good=890, month_runs=4000, month_good=3999, received=5000, quarantined=3, days=8)


def test_every_rule_of_the_file_is_checked_and_told_in_both_languages() -> None:
    known = rules()
    assert {rule.level for rule in known} == set(Level) - {Level.NONE}
    assert len({rule.id for rule in known}) == len(known)
    assert all(rule.vi and rule.en and rule.why and rule.how for rule in known)


def test_a_rule_that_nothing_checks_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "quality.yaml"
    file.write_text("rules: [{id: nice, level: gold, vi: x, en: x, why: x, how: x}]")
    with pytest.raises(ValueError, match="nothing checks the rule 'nice'"):
        rules(file)


def test_a_level_needs_all_rules_below() -> None:
    spec = spec_of("so-tnmt")
    assert grade(spec, None).level is Level.NONE
    assert grade(spec, Evidence()).level is Level.NONE
    # It has no agreed limits yet.
    assert grade(spec, PROVED).level is Level.BRONZE
    assert "has_manners" in {each.rule.id for each in grade(spec, PROVED).missing}
    data = spec.model_dump(mode="json")
    data["system"]["budget"]["per_second"] = 5
    limited = type(spec).model_validate(data)
    assert grade(limited, PROVED).level is Level.SILVER
    assert {each.rule.id for each in grade(limited, PROVED).missing} == {"second_way"}
    assert grade(limited, PROVED, mistakes=1).level is Level.NONE


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"good": 500}, "calls_succeed"),
        ({"quarantined": 60}, "little_quarantined"),
        ({"unknown_words": 1}, "statuses_known"),
        ({"days": 6}, "read_daily"),
        ({"month_good": 3900}, "month_of_success"),
    ],
)
def test_what_was_not_proved_is_missed(change: dict[str, int], rule: str) -> None:
    spec = spec_of("so-tnmt")
    worse = Evidence(**{name: getattr(PROVED, name) for name in Evidence.__slots__} | change)
    before = {each.rule.id: each.passed for each in grade(spec, PROVED).judged}
    after = {each.rule.id: each.passed for each in grade(spec, worse).judged}
    assert [name for name in before if before[name] != after[name]] == [rule]
    assert after[rule] is False


async def test_evidence_is_counted_in_the_database(database: Database, vault: Vault) -> None:
    spec, failing = pulled_spec(), pulled_spec("so-tnmt")
    await store.ensure(database, [spec, failing])
    await pull(database, Told(spec, [[said(status=4)]]), vault)
    await pull(database, Told(failing, [TimedOut("no whole answer within 60 s")]), vault)
    now = datetime.now(UTC)
    row = {"agency": "so-tnmt", "operation": "lookup", "method": "GET", "address": "http://x/", "seconds": 1.0}
    row |= {"attempts": 1, "request": b"", "response": b"", "response_bytes": 0}
    old = {
        "agency": spec.id,
        "kind": "pull",
        "reason": "schedule",
        "outcome": "ok",
        "pages": 1,
        "added": 0,
        "changed": 0,
        "quarantined": 2,
        "received": 5,
    }
    async with database.begin() as connection:
        for outcome, at in (("ok", now), ("not_found", now), ("timed_out", now), ("ok", now - timedelta(days=3))):
            await connection.execute(insert(call).values(row | {"outcome": outcome, "started_at": at}))
        for days in (1, 2, 10, 40):
            at = now - timedelta(days=days)
            await connection.execute(insert(run).values(old | {"started_at": at, "finished_at": at}))
    async with database.reads.acquire() as connection:
        proved = await gather(connection)
    assert (proved["so-tnmt"].calls, proved["so-tnmt"].good) == (3, 2)
    assert (proved["so-tnmt"].month_runs, proved["so-tnmt"].month_good) == (1, 0)
    pleiku = proved[spec.id]
    assert (pleiku.month_runs, pleiku.month_good, pleiku.days) == (4, 4, 3)
    assert (pleiku.received, pleiku.quarantined) == (11, 4)


async def test_the_admin_sees_the_level_and_what_is_missing(database: Database, vault: Vault) -> None:
    async with registry_of(pulled_spec()) as registry:
        app = FastAPI()
        problems.install(app)
        app.include_router(console(database, registry, SignIn(database, vault), vault))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub", follow_redirects=True) as client:
            await enrolled(client, SignIn(database, vault))
            text = (await client.get("/admin/quality")).text
    assert f'<h3 id="quality-ubnd-pleiku">{pulled_spec().name.vi}: Chưa xếp hạng</h3>' in text
    assert "Cơ quan đã trả lời hoặc đã gửi hồ sơ" in text
    # Of higher levels nothing is told yet.
    assert "99,5 %" not in text
