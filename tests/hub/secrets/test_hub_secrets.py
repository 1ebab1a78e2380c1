"""Secrets in the database: sealed, at work in every process, named by specs, and never told."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import time_machine
from fastapi import FastAPI

from config.secrets import SecretStore
from hub import problems
from hub.access.sign_in import SignIn
from hub.db import Database
from hub.intake.inbox import Inbox
from hub.intake.push import Push
from hub.intake.refusals import Refusals, tries
from hub.intake.routes import router
from hub.registry import Registry
from hub.secrets.keeping import HubSecrets, SecretWrong
from hub.vault import Vault
from tests.hub.intake.senders import SECRET, Sender
from tests.keepers import console, enrolled
from tests.parts import pushing_spec, registry_of

HOUR = timedelta(hours=1)
VALUE = "rất-bí-mật-9f3a"


def kept(database: Database, vault: Vault, folder: Path) -> HubSecrets:
    return HubSecrets(database, vault, SecretStore(folder))


async def test_what_is_set_is_at_work_in_every_process(database: Database, vault: Vault, tmp_path: Path) -> None:
    mine, others = kept(database, vault, tmp_path), kept(database, vault, tmp_path)
    with pytest.raises(KeyError, match="/admin/secrets"):
        others.get("so-tnmt-khoa")
    await mine.put("so-tnmt-khoa", VALUE, actor="an")
    assert mine.get("so-tnmt-khoa") == VALUE
    await others.look()
    assert others.get("so-tnmt-khoa") == VALUE
    await others.put("so-tnmt-khoa", "another", actor="an")
    await mine.look()
    assert mine.get("so-tnmt-khoa") == "another"
    assert await mine.remove("so-tnmt-khoa", actor="an")
    assert not await mine.remove("so-tnmt-khoa", actor="an")
    await others.look()
    with pytest.raises(KeyError):
        others.get("so-tnmt-khoa")


async def over(database: Database) -> None:
    """Every overlap."""
    await database.reads.execute(
        "UPDATE secret SET previous_until = now() - interval '1 s', set_at = clock_timestamp()"
    )


async def test_what_it_was_before_is_good_until_its_moment(database: Database, vault: Vault, tmp_path: Path) -> None:
    mine, others = kept(database, vault, tmp_path), kept(database, vault, tmp_path)
    await mine.put("k", "first", actor="an", overlap=HOUR)
    assert mine.previous("k") is None, "there was none before"
    await mine.put("k", "second", actor="an", overlap=HOUR)
    await others.look()
    for each in (mine, others):
        assert (each.get("k"), each.previous("k")) == ("second", "first")
    await mine.put("k", "third", actor="an", overlap=HOUR)
    assert (mine.get("k"), mine.previous("k")) == ("third", "second"), "one before, and no more"
    await over(database)
    await mine.look()
    assert (mine.get("k"), mine.previous("k")) == ("third", None)
    await mine.note_uses()
    assert await database.reads.fetchval("SELECT previous IS NULL AND previous_until IS NULL FROM secret")
    await mine.put("k", "fourth", actor="an", overlap=HOUR)
    await mine.put("k", "fifth", actor="an")
    assert mine.previous("k") is None, "replaced at once"


async def test_what_a_file_had_is_what_it_was_before(database: Database, vault: Vault, tmp_path: Path) -> None:
    secrets = kept(database, vault, tmp_path)
    file = tmp_path / "secrets" / "k"
    file.parent.mkdir()
    for number in range(2):
        file.write_text(f"file {number}")
        await secrets.put("k", f"new {number}", actor="an", overlap=HOUR)
        assert (secrets.get("k"), secrets.previous("k")) == (f"file {number}", None)
        file.unlink()
        assert (secrets.get("k"), secrets.previous("k")) == (f"new {number}", f"file {number}")
    file.write_text("file 2")
    await secrets.put("k", "new 2", actor="an")
    file.unlink()
    assert (secrets.get("k"), secrets.previous("k")) == ("new 2", None)


async def test_its_moment_comes_without_another_look(database: Database, vault: Vault, tmp_path: Path) -> None:
    secrets = kept(database, vault, tmp_path)
    await secrets.put("k", "first", actor="an")
    await secrets.put("k", "second", actor="an", overlap=HOUR)
    with time_machine.travel(datetime.now(UTC) + HOUR, tick=True):
        assert secrets.previous("k") is None


async def test_an_agency_changes_over_while_both_are_good(database: Database, vault: Vault, tmp_path: Path) -> None:
    secrets = kept(database, vault, tmp_path)
    await secrets.put("ubnd-pleiku-webhook", SECRET, actor="an")
    app = FastAPI()
    problems.install(app)
    async with registry_of(pushing_spec()) as registry:
        inbox, refusals = Inbox(database, vault, registry), Refusals(vault)
        push = Push(inbox, registry, secrets, refusals, tries(), previous=secrets.previous)
        app.include_router(router(push))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
            sender = Sender(client, app)
            assert (await sender.post(id="m1")).status_code == 202
            new = "whsec_" + base64.b64encode(b"n" * 24).decode()
            await secrets.put("ubnd-pleiku-webhook", new, actor="an", overlap=HOUR)
            assert (await sender.post(id="m2")).status_code == 202
            await over(database)
            await secrets.look()
            assert (await sender.post(id="m3")).status_code == 401


async def test_when_it_was_last_used_is_noted_coarsely(database: Database, vault: Vault, tmp_path: Path) -> None:
    secrets = kept(database, vault, tmp_path)
    await secrets.put("k", VALUE, actor="an")
    await secrets.put("unused", VALUE, actor="an")

    async def used() -> list[datetime | None]:
        rows = await database.reads.fetch("SELECT last_used_at FROM secret ORDER BY name")
        return [row["last_used_at"] for row in rows]

    secrets.get("k")
    assert await used() == [None, None], "not while somebody waits for it"
    await secrets.note_uses()
    first, never = await used()
    assert first
    assert never is None
    secrets.get("k")
    await secrets.note_uses()
    assert await used() == [first, None]
    await database.reads.execute("UPDATE secret SET last_used_at = last_used_at - interval '61 s'")
    secrets.get("k")
    await secrets.note_uses()
    [again, _] = await used()
    assert again
    assert again >= first
    async with registry_of() as registry:
        assert [each.last_used_at for each in await secrets.all(registry)] == [again, None]


async def test_a_file_goes_first(database: Database, vault: Vault, tmp_path: Path) -> None:
    secrets = kept(database, vault, tmp_path)
    await secrets.put("so-tnmt-khoa", VALUE, actor="an")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "so-tnmt-khoa").write_text("of the file\n")
    await secrets.put("so-tnmt-khoa", "another", actor="an", overlap=HOUR)
    assert (secrets.get("so-tnmt-khoa"), secrets.previous("so-tnmt-khoa")) == ("of the file", None)


async def test_it_is_nowhere_to_be_read(database: Database, vault: Vault, tmp_path: Path) -> None:
    secrets = kept(database, vault, tmp_path)
    await secrets.put("so-tnmt-khoa", VALUE, actor="an")
    await secrets.put("so-tnmt-khoa", VALUE, actor="an", overlap=HOUR)
    for table in ("secret", "audit"):
        rows = await database.reads.fetch(f"SELECT {table}::text AS told FROM {table}")
        assert rows
        assert all(VALUE not in row["told"] for row in rows)


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("So_TNMT", "x", "name"),
        ("../khoa", "x", "name"),
        ("", "x", "name"),
        ("khoa", "", "value"),
        ("khoa", "a\0b", "value"),
    ],
)
async def test_what_cannot_be_kept(
    database: Database, vault: Vault, tmp_path: Path, name: str, value: str, field: str
) -> None:
    with pytest.raises(SecretWrong) as error:
        await kept(database, vault, tmp_path).put(name, value, actor="an")
    assert error.value.field == field


async def test_those_that_specs_name_and_nobody_has_come_first(
    database: Database, vault: Vault, tmp_path: Path
) -> None:
    secrets = kept(database, vault, tmp_path)
    await secrets.put("a-cu", VALUE, actor="an", expires_at=datetime(2027, 1, 1, tzinfo=UTC))
    async with registry_of(pushing_spec(), pushing_spec("so-yt", enabled=True)) as registry:
        await secrets.put("so-yt-webhook", VALUE, actor="an")
        found = await secrets.all(registry)
    assert [(each.name, each.place, each.agencies) for each in found] == [
        ("ubnd-pleiku-webhook", "missing", ("ubnd-pleiku",)),
        ("a-cu", "database", ()),
        ("so-yt-webhook", "database", ("so-yt",)),
    ]


async def test_the_page(database: Database, vault: Vault) -> None:
    async with registry_of(pushing_spec()) as registry, visitor(database, vault, registry) as client:
        await enrolled(client, SignIn(database, vault))
        page = await client.get("/admin/secrets")
        assert '<b class="bad">thiếu</b>' in page.text
        fields = {"name": "ubnd-pleiku-webhook", "value": VALUE, "expires": "2027-01-31"}
        wrong = await client.post("/admin/secrets", data=fields | {"expires": "31/01/2027"})
        assert wrong.status_code == 422
        assert VALUE not in wrong.text
        done = await client.post("/admin/secrets", data=fields)
        assert "Đã lưu" in done.text
        assert "00:00:00 31/01" in done.text
        assert VALUE not in done.text
        assert "Giá trị cũ còn dùng được đến" not in done.text
        done = await client.post("/admin/secrets", data=fields | {"overlap": "168"})
        assert "Giá trị cũ còn dùng được đến" in done.text
        gone = await client.post("/admin/secrets/remove", data={"name": "ubnd-pleiku-webhook"})
        assert "Đã xóa" in gone.text


async def test_who_sets_one_that_the_environment_has_is_told_that_it_is_not_used(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_SECRET_UBND_PLEIKU_WEBHOOK", "của môi trường")
    async with registry_of(pushing_spec()) as registry, visitor(database, vault, registry) as client:
        await enrolled(client, SignIn(database, vault))
        fields = {"name": "ubnd-pleiku-webhook", "value": VALUE}
        page = (await client.post("/admin/secrets", data=fields)).text
        assert "Đã lưu, nhưng chưa dùng" in page
        assert "Giá trị đặt ở đây chưa được dùng" in page
        monkeypatch.delenv("HUB_SECRET_UBND_PLEIKU_WEBHOOK")
        assert "chưa được dùng" not in (await client.get("/admin/secrets")).text


def visitor(database: Database, vault: Vault, registry: Registry) -> httpx.AsyncClient:
    app = FastAPI()
    problems.install(app)
    app.include_router(console(database, registry, SignIn(database, vault), vault))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub", follow_redirects=True)
