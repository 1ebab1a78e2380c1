"""The quarantine: kept once however often it was said, and applied once a spec understands it."""

from typing import Any

from sqlalchemy import select

from contracts.agency import AgencySpec
from hub.db import Database
from hub.index.tables import dossier, observation
from hub.quarantine.replay import replay
from hub.quarantine.tables import quarantine
from hub.vault import Vault
from tests.parts import STATUSES, deliver, pushing_spec, registry_of

UNKNOWN: dict[str, Any] = {
    "code": "H21.20-261123-0001",
    "occurred_at": "2026-11-23T08:00:00+07:00",
    "status": "CHO_XAC_MINH",
    "procedure_code": "1.001612",
    "note": "Gọi ông Đức",
}


async def replayed(database: Database, vault: Vault, spec: AgencySpec) -> int:
    async with registry_of(spec) as registry:
        adapter = registry.adapter(spec.id)
        assert adapter
        return await replay(database, adapter, vault)


async def test_the_same_again_is_counted_not_stored_twice(database: Database, vault: Vault) -> None:
    for number in range(3):
        await deliver(database, vault, pushing_spec(), f"msg_{number}", **UNKNOWN)
    async with database.begin() as connection:
        row = (await connection.execute(select(quarantine))).mappings().one()
    assert (row["times"], row["reason"], row["value"]) == (3, "unknown_status", "CHO_XAC_MINH")
    assert "Đức" not in str(dict(row))


async def test_what_is_mapped_now_is_applied_in_its_place(database: Database, vault: Vault) -> None:
    spec = pushing_spec()
    await deliver(database, vault, spec, "a", **UNKNOWN)
    await deliver(
        database, vault, spec, "b", **UNKNOWN | {"status": "XONG", "occurred_at": "2026-11-23T09:00:00+07:00"}
    )
    assert await replayed(database, vault, spec) == 0

    mended = pushing_spec(statuses=STATUSES | {"CHO_XAC_MINH": "4"})
    assert await replayed(database, vault, mended) == 1
    assert await replayed(database, vault, mended) == 0
    async with database.begin() as connection:
        # It happened before what was known, and turns nothing back.
        assert (await connection.execute(select(dossier.c.status))).scalar_one() == 9
        known = (await connection.execute(select(observation.c.facts["status"].astext))).scalars().all()
        resolved = (await connection.execute(select(quarantine.c.resolved_at))).scalar_one()
    assert sorted(word or "" for word in known) == ["", "4", "9"]
    assert resolved is not None
