"""Keys: each is shown once, stored as a hash, and ends."""

import pytest
from sqlalchemy import select, text

from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.access.tables import api_key, audit
from hub.db import Database
from hub.problems import ProblemError


async def test_a_new_key_ends_the_old_one_of_its_name(database: Database) -> None:
    keys = ApiKeys(database)
    old = await keys.create("portal", scopes=[Scope.DOSSIERS_READ], actor="cli:an")
    new = await keys.create("portal", scopes=[Scope.DOSSIERS_READ], actor="cli:an")
    assert (await keys.caller(new)).name == "portal"
    for refused in (old, "ghk_guess", None):
        with pytest.raises(ProblemError) as problem:
            await keys.caller(refused)
        assert problem.value.type.value.status == 401
    async with database.begin() as connection:
        stored = (await connection.execute(text("SELECT CAST(api_key AS text) FROM api_key"))).scalars().all()
        noted = (await connection.execute(select(audit.c.actor, audit.c.action, audit.c.target))).all()
        used = (await connection.execute(select(api_key.c.last_used_at).order_by(api_key.c.id))).scalars().all()
    assert not any(new in row or old in row for row in stored)
    assert noted == [("cli:an", "api_key.created", "portal")] * 2
    assert used[0] is None
    assert used[1] is not None
