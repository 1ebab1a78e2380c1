"""A new seal key: all that was sealed under the old one is sealed anew, so that the old one can be taken away."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import LargeBinary, select, update

from config.secrets import SecretStore
from hub import resealing
from hub.access.sign_in import SignIn
from hub.alerts.recipients import Recipients
from hub.db import Database, Sealed, metadata
from hub.index.archive import archive as archived
from hub.index.packing import pack, unpack
from hub.index.record import record
from hub.index.tables import archive
from hub.resealing import seal_anew
from hub.secrets.keeping import HubSecrets
from hub.vault import Vault, VaultError
from tests.keepers import app_of, console, enrolled
from tests.observations import T0, observation
from tests.parts import registry_of

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
#: Minutes.
LONG_AGO = -5 * 365 * 24 * 60

#: Binary, and not sealed: digests and marks, what is hashed, and what is about nobody.
OPEN = {
    *("account.identity", "admin_session.identity", "admin_session.token_hash", "one_time_password.password_hash"),
    *("api_key.key_hash", "audit.digest", "document.content", "document.digest", "spec_version.digest"),
    *("dossier.top", "dossier.timeline", "observation.digest", "quarantine.digest", "destination.mark"),
    *("inbox.body_digest", "inbox_conflict.body_digest", "installation.digest_key_mark"),
    *("proof_attempt.code", "address_debt.address"),
}


def vault(keys: str) -> Vault:
    return Vault(seal_keys=keys, digest_key="0" * 64)


async def fill(database: Database, folder: Path) -> None:
    """Things of many kinds, sealed under the old key."""
    sealing = vault(OLD)
    secrets = HubSecrets(database, sealing, SecretStore(folder))
    await secrets.put("k", "before", actor="an")
    await secrets.put("k", "now", actor="an", overlap=timedelta(hours=1))
    await Recipients(database, sealing, plain_http=True).add_webhook("http://127.0.0.1/alerts", actor="an")
    said = [
        observation(f"H21.20-{number}", at=at, status=10, finished_at=T0 + timedelta(minutes=at), applicant_name="An")
        for number in range(9)
        for at in (LONG_AGO if number < 4 else 0,)
    ]
    async with database.begin() as connection:
        await record(connection, said, sealing)
    await database.reads.execute("UPDATE dossier SET updated_at = now() - interval '1 year'")
    assert (await archived(database, 1)).lines == 4
    async with registry_of() as registry:
        sign_in = SignIn(database, sealing)
        app = app_of(console(database, registry, sign_in, sealing))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
            await enrolled(client, sign_in)


async def opened(database: Database, keys: str) -> set[str]:
    """The columns in which there is something; all of it can be opened. Raises VaultError."""
    found = set()
    opening = vault(keys)
    for table in metadata.sorted_tables:
        for column in table.columns:
            if not isinstance(column.type, Sealed):
                continue
            async with database.begin() as connection:
                contents = (await connection.execute(select(column).where(column.is_not(None)))).scalars().all()
            for content in contents:
                pieces = [line["personal"] for line in unpack(content)] if table is archive else [content]
                for piece in pieces:
                    opening.open(piece)
                    found.add(f"{table.name}.{column.name}")
    return found


async def test_afterwards_nothing_needs_the_old_key(database: Database, tmp_path: Path) -> None:
    await fill(database, tmp_path)
    there = await opened(database, OLD)
    assert there == {
        *("account.totp_secret", "archive.packed", "destination.target", "dossier.personal", "observation.personal"),
        *("secret.previous", "secret.value"),
    }
    report = await seal_anew([database], vault(f"{NEW},{OLD}"), actor="an")
    assert await opened(database, NEW) == there
    assert (report.done["dossier"], report.done["archive"], report.failed) == (9, 4, set())
    secrets = HubSecrets(database, vault(NEW), SecretStore(tmp_path))
    await secrets.look()
    assert (secrets.get("k"), secrets.previous("k")) == ("now", "before")
    assert (await seal_anew([database], vault(NEW), actor="an")).done.total() == 0


async def test_who_was_stopped_halfway_begins_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database, tmp_path)
    monkeypatch.setattr(resealing, "_AT_ONCE", 2)
    both, sealed = vault(f"{NEW},{OLD}"), 0

    class Stopped(Vault):
        def seal_anew(self, content: bytes) -> bytes:
            nonlocal sealed
            sealed += 1
            if sealed > 7:
                raise KeyboardInterrupt
            return super().seal_anew(content)

    with pytest.raises(KeyboardInterrupt):
        await seal_anew([database], Stopped(seal_keys=f"{NEW},{OLD}", digest_key="0" * 64), actor="an")
    for keys in (OLD, NEW):
        with pytest.raises(VaultError):
            await opened(database, keys)
    await opened(database, f"{NEW},{OLD}")
    await seal_anew([database], both, actor="an")
    assert await opened(database, NEW)


async def test_what_cannot_be_opened_is_left_and_told(database: Database, tmp_path: Path) -> None:
    await fill(database, tmp_path)
    await database.reads.execute("UPDATE secret SET previous = NULL, value = $1", vault(NEW).seal(b"x"))
    third = Fernet.generate_key().decode()
    report = await seal_anew([database], vault(f"{third},{OLD}"), actor="an")
    assert report.failed == {"secret k"}
    assert report.done["dossier"] == 9
    assert vault(NEW).open(await database.reads.fetchval("SELECT value FROM secret")) == b"x"


async def test_whoever_is_at_work_is_waited_for(database: Database, tmp_path: Path) -> None:
    """What they write is sealed under the old key, for it was when they read it."""
    await fill(database, tmp_path)
    async with database.begin() as connection:
        content: bytes = (await connection.execute(select(archive.c.packed).limit(1).with_for_update())).scalar_one()
        sealing = asyncio.create_task(seal_anew([database], vault(f"{NEW},{OLD}"), actor="an"))
        await until_somebody_waits(database)
        await connection.execute(
            update(archive).where(archive.c.packed == content).values(packed=pack(unpack(content)))
        )
    assert (await sealing).done["archive"] == 4
    await opened(database, NEW)


async def until_somebody_waits(database: Database) -> None:
    waiting = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())"
    )
    while not await database.reads.fetchval(waiting):
        await asyncio.sleep(0.02)


def test_what_is_binary_is_sealed_or_known_not_to_be() -> None:
    binary = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and not isinstance(column.type, Sealed)
    }
    assert binary <= OPEN, "what is sealed is of the type hub.db.Sealed; else say here what it is"
