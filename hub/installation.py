"""Which database this is: holds the mark by which a hub notices that it was given other keys."""

from sqlalchemy import Column, LargeBinary, SmallInteger, Table, select
from sqlalchemy.dialects.postgresql import insert

from hub.db import Database, metadata
from hub.vault import Vault

installation = Table(
    "installation",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("digest_key_mark", LargeBinary, nullable=False),
)


class WrongKeys(Exception):
    """This database was written with another digest key."""


async def check_keys(database: Database, vault: Vault) -> None:
    """Leave our mark in a new database; raise WrongKeys where another hub's mark stands.

    With another digest key every observation would look new and all history would be written twice.
    """
    mark = vault.digest(b"installation")
    async with database.begin() as connection:
        await connection.execute(insert(installation).values(id=1, digest_key_mark=mark).on_conflict_do_nothing())
        if (await connection.execute(select(installation.c.digest_key_mark))).scalar_one() != mark:
            raise WrongKeys(
                "the digest key is not the one this database was written with; "
                "set HUB_DIGEST_KEY, or copy keys/digest from the first machine's data folder"
            )
