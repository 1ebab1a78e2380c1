"""The two roles at the database: who owns the tables, and the hub at work, which may not alter what it has audited."""

import asyncpg
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from hub.db import DatabaseFailed

#: The hub at work, at the embedded server.
_WORKER = "hub_worker"

_MAY_NOT_BE_ALTERED = ("audit", "alembic_version", "spec_version")


async def worker_of(owner_url: str) -> str:
    """The URL of the hub at work beside the owner's, of a server that trusts whoever reaches it. The role is made where
    there is none."""
    connection = await asyncpg.connect(owner_url)
    try:
        if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", _WORKER):
            await connection.execute(f"CREATE ROLE {_WORKER} LOGIN")
    except (asyncpg.UniqueViolationError, asyncpg.DuplicateObjectError):
        # Another process did, just now.
        pass
    finally:
        await connection.close()
    return make_url(owner_url).set(username=_WORKER).render_as_string(hide_password=False)


def grant(connection: Connection, role: str, schema: str) -> None:
    """Let `role` work in the schema: read and write all there is, close full parts of the marks, and only read and add
    to the audit and to the versions of specs. Raises DatabaseFailed where there is no such role."""
    if not connection.execute(text("SELECT true FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar():
        raise DatabaseFailed(f"the database has no role {role}: make it (createuser {role})")
    quote = connection.dialect.identifier_preparer.quote
    to, where = quote(role), quote(schema)
    connection.execute(text(f"GRANT USAGE ON SCHEMA {where} TO {to}"))
    connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {where} TO {to}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {where} TO {to}"))
    for table in _MAY_NOT_BE_ALTERED:
        connection.execute(text(f"REVOKE UPDATE, DELETE ON {where}.{table} FROM {to}"))
    connection.execute(text(f"REVOKE INSERT ON {where}.alembic_version FROM {to}"))
    # What is done as the owner is for nobody else. Here, for a backup has no privileges in it.
    connection.execute(text(f"REVOKE EXECUTE ON FUNCTION {where}.split_marks FROM PUBLIC"))
    connection.execute(text(f"GRANT EXECUTE ON FUNCTION {where}.split_marks TO {to}"))
