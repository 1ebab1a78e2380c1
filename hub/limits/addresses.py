"""The addresses that ask: counted in memory when it happens, shared with the other processes once a second.

An answer costs a look into a dict. What an address owes in one process is known to the others a second later, and
survives a restart; of little debts only the process knows, which spares a write for each visitor.
"""

import asyncio
import time
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Protocol, TypeAlias

import structlog
from sqlalchemy import text

from hub.db import Database
from hub.limits.rules import ADDRESS, LOOK, MISS, NEW, NOTHING, WRONG_PROOF, Debt
from hub.vault import Vault

log = structlog.get_logger()

Network: TypeAlias = IPv4Network | IPv6Network

_SHARE_SECONDS = 1.0

#: Debts below it stay in their process.
_WORTH_SHARING = 10.0

#: So many dossiers an address may come back to for nothing, the latest.
_REMEMBERED = 50

#: More addresses than that are not kept in mind: the first to be forgotten are those that owe least.
_MOST_ADDRESSES = 50_000

# Times are the database's on their way, seconds from now at both ends: no two machines' clocks agree.
_TELL = text("""
    INSERT INTO address_debt AS d (address, points, wait_until)
    SELECT address, points, now() + wait * interval '1 second'
      FROM unnest(CAST(:addresses AS bytea[]), CAST(:points AS float8[]), CAST(:waits AS float8[]))
           AS n (address, points, wait)
     ORDER BY address
        ON CONFLICT (address) DO UPDATE
       SET points = least(:most, excluded.points
                          + d.points * power(0.5, extract(epoch FROM now() - d.told_at)::float8 / :half_life)),
           wait_until = greatest(d.wait_until, excluded.wait_until),
           told_at = now()
""")

_HEAR = text("""
    SELECT address, points, extract(epoch FROM now() - told_at)::float8 AS ago,
           extract(epoch FROM wait_until - now())::float8 AS wait, extract(epoch FROM now())::float8 AS heard_at
      FROM address_debt
     WHERE told_at > to_timestamp(:since)
""")

_FORGET = text("DELETE FROM address_debt WHERE told_at < now() - interval '3 hours'")
_FORGET_SECONDS = 600.0


class Visitor(Protocol):
    """Who asks, as far as it matters how much they may ask."""

    def wait(self) -> float:
        """For how many seconds nothing is answered."""
        ...

    def found(self, dossier: str) -> None:
        """It was shown the dossier of that name; to see it again costs nothing."""
        ...

    def had_asked(self) -> None:
        """An agency may have been asked for its sake."""
        ...

    def missed(self) -> None:
        """There is no dossier by the code it asked for."""
        ...

    def failed_proof(self) -> None:
        """It could not prove that a dossier is its own."""
        ...


class Unlimited:
    """Who has a key, or comes from a network that is not counted."""

    def wait(self) -> float:
        return 0.0

    def found(self, dossier: str) -> None: ...

    def had_asked(self) -> None: ...

    def missed(self) -> None: ...

    def failed_proof(self) -> None: ...


class _Counted:
    """An address, as this process knows it. Times are of this process's own clock."""

    __slots__ = ("changed", "debt", "digest", "dossiers", "unshared")

    def __init__(self, digest: bytes, changed: "set[_Counted]") -> None:
        self.digest, self.changed = digest, changed
        self.debt = NOTHING
        #: Of what is owed, what the other processes have not been told.
        self.unshared = 0.0
        #: Those it was shown of late; a dict, for its order.
        self.dossiers: dict[str, None] = {}

    def wait(self) -> float:
        until = self.debt.wait_until
        return max(0.0, until - time.monotonic()) if until else 0.0

    def found(self, dossier: str) -> None:
        if dossier in self.dossiers:
            return
        if len(self.dossiers) >= _REMEMBERED:
            del self.dossiers[next(iter(self.dossiers))]
        self.dossiers[dossier] = None
        self._charge(NEW)

    def had_asked(self) -> None:
        self._charge(LOOK)

    def missed(self) -> None:
        self._charge(MISS)

    def failed_proof(self) -> None:
        self._charge(WRONG_PROOF)

    def _charge(self, points: float) -> None:
        self.debt = ADDRESS.charge(self.debt, points, time.monotonic())
        self.unshared += points
        self.changed.add(self)


class Addresses:
    """The addresses that this process has seen, or heard of."""

    def __init__(self, database: Database, vault: Vault, unlimited: Sequence[Network] = ()) -> None:
        self._database, self._vault, self._unlimited = database, vault, unlimited
        self._by_address: dict[str, Visitor] = {}
        self._by_digest: dict[bytes, _Counted] = {}
        self._changed: set[_Counted] = set()
        self._heard_at = 0.0
        self._forget_at = time.monotonic() + _FORGET_SECONDS

    def visitor(self, address: str) -> Visitor:
        """Who asks from the address, in whatever way that is written."""
        return self._by_address.get(address) or self._meet(address)

    async def keep_sharing(self) -> None:
        """Share with the other processes, until cancelled."""
        while True:
            try:
                await self.share()
            except Exception as error:
                # Each counts by itself meanwhile.
                log.warning("limits.not_shared", error=repr(error))
            await asyncio.sleep(_SHARE_SECONDS)

    async def share(self) -> None:
        """Tell what addresses have come to owe here, and hear what they owe elsewhere."""
        now = time.monotonic()
        told = [each for each in self._changed if each.debt.points >= _WORTH_SHARING]
        points = [each.unshared for each in told]
        async with self._database.begin() as connection:
            if told:
                await connection.execute(
                    _TELL,
                    {
                        "addresses": [each.digest for each in told],
                        "points": points,
                        "waits": [max(0.0, each.debt.wait_until - now) for each in told],
                        "most": ADDRESS.most,
                        "half_life": ADDRESS.half_life,
                    },
                )
            if now >= self._forget_at:
                await connection.execute(_FORGET)
            # Some seconds more than once: those who were told may have been committed later.
            heard = (await connection.execute(_HEAR, {"since": self._heard_at - 5})).all()
        for visitor, each in zip(told, points, strict=True):
            visitor.unshared -= each
        self._changed.difference_update(each for each in told if each.unshared <= 0)
        now = time.monotonic()
        for row in heard:
            visitor = self._by_digest.get(row.address) or self._new(row.address)
            owed = ADDRESS.left(Debt(row.points, now - row.ago), now) + visitor.unshared
            wait_until = now + row.wait if row.wait > 0 else 0.0
            visitor.debt = Debt(min(owed, ADDRESS.most), now, max(visitor.debt.wait_until, wait_until))
            self._heard_at = max(self._heard_at, row.heard_at)
        if now >= self._forget_at or len(self._by_address) > _MOST_ADDRESSES:
            self._forget(now)

    def _meet(self, address: str) -> Visitor:
        network = network_of(address)
        if network is None:
            visitor: Visitor = self._counted(address.encode())
        elif any(network.version == each.version and network.subnet_of(each) for each in self._unlimited):  # type: ignore[arg-type]
            visitor = Unlimited()
        else:
            visitor = self._counted(str(network).encode())
        self._by_address[address] = visitor
        return visitor

    def _counted(self, name: bytes) -> _Counted:
        digest = self._vault.digest(b"address " + name)[:16]
        return self._by_digest.get(digest) or self._new(digest)

    def _new(self, digest: bytes) -> _Counted:
        visitor = self._by_digest[digest] = _Counted(digest, self._changed)
        return visitor

    def _forget(self, now: float) -> None:
        """Those who owe nothing worth keeping."""
        self._forget_at = now + _FORGET_SECONDS
        self._by_digest = {
            digest: each
            for digest, each in self._by_digest.items()
            if ADDRESS.left(each.debt, now) >= _WORTH_SHARING or each.debt.wait_until > now
        }
        self._changed.intersection_update(self._by_digest.values())
        self._by_address.clear()


def network_of(address: str) -> Network | None:
    """What counts as one: an IPv4 address, or the /64 that one customer of a provider has of IPv6."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return IPv6Network((int(parsed) >> 64 << 64, 64))
        parsed = parsed.ipv4_mapped
    return IPv4Network(parsed)
