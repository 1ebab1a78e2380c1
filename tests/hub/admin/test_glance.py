"""At a glance: hours of which nothing is known are shown so, what needs a person has a button, and a wall refreshes."""

from datetime import UTC, datetime, timedelta

import httpx

from hub.access.audit import note
from hub.access.roles import Role
from hub.access.sign_in import SignIn
from hub.admin import charts, health, overview, quality
from hub.admin.charts import HEIGHT
from hub.db import Database
from hub.streams import hours, store
from hub.streams.hours import Hour
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.keepers import enrolled
from tests.observations import observation as said
from tests.parts import Told, pulled_spec

NOW = datetime(2026, 11, 26, 8, 20, tzinfo=UTC)
THIS = datetime(2026, 11, 26, 8, tzinfo=UTC)


def hour(back: int, well: int = 0, failed: int = 0, withheld: int = 0, changed: int = 0) -> tuple[datetime, Hour]:
    at = THIS - timedelta(hours=back)
    return at, Hour(at, well, failed, withheld, changed, changed, 0)


def test_a_strip_tells_each_hour_and_which_are_not_known() -> None:
    known = dict([hour(0, well=5), hour(1, well=3, failed=1), hour(2, failed=4), hour(3, withheld=2), hour(60, well=9)])
    strip = charts.strip(known, NOW)
    assert [each.css for each in strip.bars[-5:]] == ["unknown", "withheld", "failed", "mixed", "well"]
    assert strip.counts == {"well": 1, "mixed": 1, "failed": 1, "withheld": 1, "unknown": 44}
    assert all(each.y + each.height == HEIGHT for each in strip.bars)


def test_columns_are_as_tall_as_what_they_count() -> None:
    ours = [dict([hour(0, changed=40), hour(1, changed=1)]), dict([hour(0, changed=40)])]
    chart = charts.columns(ours, NOW, lambda those: sum(each.changed for each in those))
    assert (chart.most, chart.most_at) == (80, THIS)
    assert [each.height for each in chart.bars[-3:]] == [0, 2, HEIGHT]
    assert charts.columns([], NOW, lambda _: 0).most_at is None


async def test_runs_are_summed_up_by_the_hour(database: Database, vault: Vault) -> None:
    spec = pulled_spec()
    await store.ensure(database, [spec])
    for status in (4, 5):
        await pull(database, Told(spec, [[said(status=status, revision=status)]]), vault)
    await database.reads.execute("UPDATE stream SET covered_until = now() - interval '2 hours'")
    await pull(database, Told(spec, [[]]), vault)
    await database.reads.execute("DELETE FROM run")
    async with database.reads.acquire() as connection:
        found = await hours.latest(connection, 48)
    told = list(found[spec.id].values())
    assert sum(each.well for each in told) == 3
    assert sum(each.received for each in told) == 2
    await database.reads.execute("UPDATE health_hour SET hour = hour - interval '9 days'")
    await store.prune_runs(database)
    assert await database.reads.fetchval("SELECT count(*) FROM health_hour") == 0


async def test_what_needs_a_person_is_a_button_and_what_changed_is_for_who_may_see_it(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    await database.reads.execute(
        "INSERT INTO alert (kind, agency, what, opened_at, cause_id, detail) VALUES"
        " ('down', 'so-tnmt', '', now(), NULL, '{}'),"
        """ ('lag', 'so-tnmt', '', now(), 1, '{"covered_until": "2026-11-26T01:00:00+00:00"}')"""
    )
    sign_in = SignIn(database, vault)
    await enrolled(client, sign_in)
    async with database.begin() as connection:
        await note(connection, actor="person:an", action="spec.published", target="so-tnmt", detail={})
    page = (await client.get("/admin")).text
    assert 'class="step" href="/admin/agencies/so-tnmt">Xem cuộc gọi và gọi đơn vị' in page
    assert "trễ, mới biết" not in page, "what follows from another needs nobody"
    assert page.index("Xem cuộc gọi") < page.index('id="agencies"')
    assert 'href="/admin/audit?target=so-tnmt&amp;actor=">xuất bản bản mô tả so-tnmt' in page
    assert "session.begun" not in page
    assert "48 không biết" in page
    assert "style=" not in page, "the policy forbids it"
    wall = await client.get("/admin/wall")
    assert wall.headers["refresh"] == "30"
    assert "person:an" not in wall.text
    assert "1 cảnh báo" in wall.text
    await enrolled(client, sign_in, "binh", Role.VIEWER, agencies=["ubnd-pleiku"])
    page = (await client.get("/admin")).text
    assert "xuất bản bản mô tả" not in page
    assert "so-tnmt" not in page + (await client.get("/admin/wall")).text


async def test_who_answers_slowly_is_slow(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    spec = pulled_spec()
    await store.ensure(database, [spec])
    await pull(database, Told(spec, [[said(status=4)]]), vault)
    await database.reads.execute(
        "INSERT INTO call (agency, operation, method, address, started_at, seconds, attempts, outcome, request,"
        " response, response_bytes) SELECT 'ubnd-pleiku', 'changes', 'GET', 'http://x/', now(), 12, 1, 'ok', '', '', 0"
        " FROM generate_series(1, 5)"
    )
    await enrolled(client, SignIn(database, vault))
    assert '<span class="health slow">Chậm</span>' in (await client.get("/admin")).text


async def test_the_page_reads_no_big_table_through(database: Database) -> None:
    """With many rows, by plans: the quarantine, calls and runs are looked up by their indexes."""
    await database.reads.execute(
        "INSERT INTO run (agency, kind, reason, started_at, finished_at, outcome)"
        " SELECT 'so-' || n % 50, CASE WHEN n % 997 = 0 THEN 'reconcile' ELSE 'pull' END, 'schedule',"
        " now() - n * interval '1 second', now(), 'ok' FROM generate_series(1, 50000) n"
    )
    await database.reads.execute(
        "INSERT INTO call (agency, operation, method, address, started_at, seconds, attempts, outcome, request,"
        " response, response_bytes) SELECT 'so-' || n % 50, 'changes', 'GET', 'x', now() - n * interval '1 second', 1,"
        " 1, 'ok', '', '', 0 FROM generate_series(1, 50000) n"
    )
    await database.reads.execute(
        "INSERT INTO quarantine (agency, digest, channel, reason, message, raw)"
        " SELECT 'so-' || n % 50, int4send(n), 'pull', 'bad_value', 'm', 'r' FROM generate_series(1, 50000) n"
    )
    await database.reads.execute("ANALYZE run, call, quarantine")
    for query, arguments in (
        (overview._QUARANTINED, (["so-1", "so-2"],)),
        (health._SECONDS, (["so-1", "so-2"],)),
        (quality._COMPARISONS, (["so-1", "so-2"], 1)),
    ):
        plan = "\n".join(row[0] for row in await database.reads.fetch(f"EXPLAIN {query}", *arguments))
        assert "Seq Scan" not in plan, plan
