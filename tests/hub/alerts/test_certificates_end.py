"""A certificate that ends soon is an alert: seen by the one client on real TLS, and renewed by its owner."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters import Client, build_adapter
from adapters.adapter import SpecAdapter
from contracts.adapter import Window
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure
from hub.alerts.reading import known
from hub.alerts.rules import Kind
from hub.alerts.watch import AlertWatch
from hub.calls.recorder import DatabaseCallRecorder
from hub.db import Database
from hub.vault import Vault
from tests.adapters.certificates import Certified, certified, secure
from tests.parts import NamedSecrets, pulled_spec, registry_of

AUTHORITY = certified("Test authority", authority=True)


def spec(address: str) -> AgencySpec:
    told: dict[str, Any] = pulled_spec("so-tnmt").model_dump(mode="json")
    told["system"] |= {"address": address, "private": True, "tls": {"authority": "authority.pem"}}
    return AgencySpec.model_validate(told)


async def called(database: Database, vault: Vault, folder: Path, shown: Certified, times: int = 1) -> str:
    """Call an agency that shows that certificate; returns its address."""
    (folder / "authority.pem").write_text(AUTHORITY.pem)
    with secure(shown, folder) as address:
        async with Client(DatabaseCallRecorder(database, vault)) as client:
            adapter = build_adapter(spec(address), client=client, secrets=NamedSecrets(), documents=folder)
            assert isinstance(adapter, SpecAdapter)
            for _ in range(times):
                # What the server says is no list, which is nothing to us.
                with suppress(AgencyFailure):
                    async for _page in adapter.changes(Window(until=datetime.now(UTC))):
                        pass
    return address


async def test_a_certificate_that_ends_soon_is_told_until_it_is_renewed(
    database: Database, vault: Vault, tmp_path: Path
) -> None:
    async with registry_of(pulled_spec("so-tnmt")) as registry:
        watch = AlertWatch(database, registry, vault)
        address = await called(database, vault, tmp_path, certified("localhost", AUTHORITY, days=10), times=3)
        rows = await database.reads.fetch("SELECT agency, host, ends_at - now() AS left FROM certificate")
        assert [(row["agency"], row["host"], row["left"].days) for row in rows] == [
            ("so-tnmt", address.removeprefix("https://"), 9)
        ]
        await watch.look()
        [one] = (await known(database)).open
        assert (one.kind, one.agency, one.what) == (Kind.CERTIFICATE, "so-tnmt", address.removeprefix("https://"))
        for days, is_open in ((25, True), (90, False)):
            await called(database, vault, tmp_path, certified("localhost", AUTHORITY, days=days))
            # It is another server of ours, and the same one of the agency's.
            await database.reads.execute(
                "UPDATE certificate SET ends_at = (SELECT ends_at FROM certificate ORDER BY seen_at DESC LIMIT 1)"
            )
            await watch.look()
            found = [each.what for each in (await known(database)).open]
            assert (one.what in found) == is_open
