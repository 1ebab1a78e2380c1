"""Keys and sign-in: what lets in is shown once, stored as a hash, and ends."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.access.sign_in import SignIn
from hub.access.tables import admin_session, api_key, audit, one_time_password
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


async def test_a_password_lets_in_once(database: Database) -> None:
    sign_in = SignIn(database)
    password = await sign_in.new_password()
    token = await sign_in.sign_in(f" {password.lower()} ")
    assert token
    assert await sign_in.is_signed_in(token)
    assert await sign_in.sign_in(password) is None
    await sign_in.sign_out(token)
    assert not await sign_in.is_signed_in(token)
    async with database.begin() as connection:
        actions = (await connection.execute(select(audit.c.action).order_by(audit.c.id))).scalars().all()
    assert actions == ["admin.signed_in", "admin.signed_out"]


async def test_passwords_and_sessions_end(database: Database) -> None:
    sign_in = SignIn(database)
    first, second = await sign_in.new_password(), await sign_in.new_password()
    assert await sign_in.sign_in(first) is None, "a new password ends the one before"
    token = await sign_in.sign_in(second)
    assert token
    third = await sign_in.new_password()
    ended = func.now() - timedelta(seconds=1)
    async with database.begin() as connection:
        await connection.execute(update(admin_session).values(expires_at=ended))
        await connection.execute(update(one_time_password).values(expires_at=ended))
    assert not await sign_in.is_signed_in(token)
    assert await sign_in.sign_in(third) is None
