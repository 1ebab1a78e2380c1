"""How often something may be tried: to prove a dossier one's own, counted by its code, from wherever it is tried; and
whatever else others count by a name of theirs.

There is no difference between a code that a dossier has and one that none has.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from contracts.codes import code_key
from hub.db import Database
from hub.limits.rules import Debt, Terms
from hub.ownership.tables import proof_attempt
from hub.vault import Vault

#: Six tries, then waits from two minutes to an hour: some thirty tries a day, of a million numbers with six digits.
#: Whoever keeps others from proving by trying for them gains nothing else.
_TERMS = Terms(half_life=21_600, free=5, doubles=1, shortest=60, longest=3600, most=12)


class Attempts:
    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        kind: str = "proof",
        terms: Terms = _TERMS,
        key: Callable[[str], str] = code_key,
    ) -> None:
        """`key`: what is the same for names that are."""
        self._database, self._vault = database, vault
        self._kind, self._terms, self._key = kind, terms, key

    async def take(self, name: str) -> float:
        """Begin one try. Returns for how many seconds there is none; 0 where this one may be made.

        It counts before its outcome is known, so that a thousand at once are a thousand.
        """
        digest = self._digest(name)
        mine = proof_attempt.c.code == digest
        async with self._database.begin() as connection:
            nothing = datetime.fromtimestamp(0, UTC)
            first = insert(proof_attempt).values(code=digest, points=0, tried_at=nothing, wait_until=nothing)
            await connection.execute(first.on_conflict_do_nothing())
            row = (await connection.execute(select(proof_attempt).where(mine).with_for_update())).one()
            now = (await connection.execute(select(func.clock_timestamp()))).scalar_one().timestamp()
            debt = Debt(row.points, row.tried_at.timestamp(), row.wait_until.timestamp())
            wait: float = debt.wait_until - now
            if wait > 0:
                return wait
            debt = self._terms.charge(debt, 1, now)
            await connection.execute(
                update(proof_attempt)
                .where(mine)
                .values(
                    points=debt.points,
                    tried_at=datetime.fromtimestamp(debt.at, UTC),
                    wait_until=datetime.fromtimestamp(debt.wait_until, UTC),
                )
            )
        return 0.0

    async def forgive(self, name: str) -> None:
        """Somebody has proved it: what was tried before was theirs."""
        async with self._database.begin() as connection:
            await connection.execute(delete(proof_attempt).where(proof_attempt.c.code == self._digest(name)))

    def _digest(self, name: str) -> bytes:
        # A name that a form brought may hold halves of characters.
        return self._vault.digest(f"{self._kind} {self._key(name)}".encode(errors="surrogatepass"))[:16]


async def prune(database: Database) -> None:
    """Forget the tries of days past."""
    async with database.begin() as connection:
        old = proof_attempt.c.tried_at < func.now() - func.make_interval(0, 0, 0, 2)
        await connection.execute(delete(proof_attempt).where(old))
