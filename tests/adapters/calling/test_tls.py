"""TLS to agencies, against servers that really speak it."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.calling.client import Client, RawAnswer, Request
from adapters.calling.tls import Trust
from contracts.adapter import Priority
from contracts.errors import Unauthorized, Unreachable
from contracts.system import Limits, Tls
from tests.adapters.calls import Records, peer
from tests.adapters.certificates import Certified, certified, secure
from tests.adapters.servers import Told, talking
from tests.parts import NamedSecrets

AUTHORITY = certified("Test authority", authority=True)
OTHER_AUTHORITY = certified("Other authority", authority=True)
SERVER = certified("localhost", AUTHORITY)


def trusting(
    folder: Path, authority: Certified | None = AUTHORITY, own: Certified | None = None, **secrets: str
) -> Trust:
    """A Trust with that authority in the document store `folder`, and with our `own` certificate."""
    tls = {}
    if authority:
        (folder / "authority.pem").write_text(authority.pem)
        tls["authority"] = "authority.pem"
    if own:
        tls |= {"client_key": "khoa", "client_certificate": "chung-thu"}
        secrets = {"khoa": own.key_pem, "chung-thu": own.pem} | secrets
    return Trust(Tls.model_validate(tls), NamedSecrets(secrets), folder)


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
async def client(records: Records) -> AsyncIterator[Client]:
    async with Client(records) as client:
        yield client


async def ask(client: Client, address: str, trust: Trust | None = None) -> RawAnswer:
    return await client.call(
        peer(Limits(attempts=2), trust=trust),
        Request("GET", address),
        operation="lookup",
        understand=lambda raw: raw,
        priority=Priority.PERSON,
        repeatable=False,
    )


async def test_an_authority_of_ones_own(client: Client, tmp_path: Path) -> None:
    with secure(SERVER, tmp_path) as address:
        assert (await ask(client, address, trusting(tmp_path))).body == b"secure"


async def test_a_certificate_signed_by_itself_can_be_what_is_trusted(client: Client, tmp_path: Path) -> None:
    itself = certified("localhost")
    with secure(itself, tmp_path) as address:
        assert (await ask(client, address, trusting(tmp_path, itself))).body == b"secure"


async def test_so_can_one_in_between(client: Client, tmp_path: Path) -> None:
    between = certified("Between", AUTHORITY, authority=True)
    with secure(certified("localhost", between), tmp_path) as address:
        assert (await ask(client, address, trusting(tmp_path, between))).body == b"secure"


@pytest.mark.parametrize(
    ("shown", "authority", "why"),
    [
        (certified("other.example", AUTHORITY), AUTHORITY, "it is for another name"),
        (certified("localhost", AUTHORITY, days=-1), AUTHORITY, "it has expired"),
        (SERVER, OTHER_AUTHORITY, r"an authority we do not know.*`tls\.authority`"),
        (SERVER, None, r"an authority we do not know.*`tls\.authority`"),
        (certified("localhost"), None, r"or by itself.*`tls\.authority`"),
    ],
)
async def test_a_certificate_that_is_not_accepted(
    client: Client, records: Records, shown: Certified, authority: Certified | None, why: str, tmp_path: Path
) -> None:
    with secure(shown, tmp_path) as address, pytest.raises(Unreachable, match=why) as caught:
        await ask(client, address, trusting(tmp_path, authority))
    assert not caught.value.sent
    assert [(record.outcome, record.attempts) for record in records] == [("unreachable", 1)]


async def test_without_tls_of_its_own_a_system_needs_a_public_authority(client: Client, tmp_path: Path) -> None:
    with secure(SERVER, tmp_path) as address, pytest.raises(Unreachable, match="an authority we do not know"):
        await ask(client, address)


async def test_our_certificate_is_shown(client: Client, tmp_path: Path) -> None:
    with secure(SERVER, tmp_path, wanted=OTHER_AUTHORITY) as address:
        ours = certified("hub", OTHER_AUTHORITY)
        assert (await ask(client, address, trusting(tmp_path, own=ours))).body == b"secure"


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("ours", "why"),
    [
        (None, r"may want a certificate of ours: see `tls\.client_certificate`"),
        (certified("hub", AUTHORITY), "does not accept our certificate"),
    ],
)
async def test_our_certificate_is_missing_or_refused(
    client: Client, ours: Certified | None, why: str, newest: ssl.TLSVersion, tmp_path: Path
) -> None:
    with (
        secure(SERVER, tmp_path, wanted=OTHER_AUTHORITY, newest=newest) as address,
        pytest.raises(Unauthorized, match=why) as caught,
    ):
        await ask(client, address, trusting(tmp_path, own=ours))
    assert not caught.value.sent


async def test_an_agency_does_not_call_over_the_connections_of_another(client: Client, tmp_path: Path) -> None:
    with secure(SERVER, tmp_path, wanted=OTHER_AUTHORITY) as address:
        ours = trusting(tmp_path, own=certified("hub", OTHER_AUTHORITY))
        assert (await ask(client, address, ours)).body == b"secure"
        with pytest.raises(Unauthorized):
            await ask(client, address, trusting(tmp_path))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_tls_is_not_spoken(client: Client, tmp_path: Path) -> None:
    with (
        secure(SERVER, tmp_path, newest=ssl.TLSVersion.TLSv1_1) as address,
        pytest.raises(Unreachable, match=r"version 1\.2 or later"),
    ):
        await ask(client, address, trusting(tmp_path))


async def test_a_server_that_speaks_no_tls(client: Client) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(Told("plain", status=400).encoded())
        await writer.drain()

    async with talking(plain) as address:
        with pytest.raises(Unreachable, match="does not speak TLS") as caught:
            await ask(client, address.replace("http", "https"))
    assert not caught.value.sent


async def test_a_key_that_is_not_the_certificates_is_told_without_its_text(tmp_path: Path) -> None:
    ours, another = certified("hub"), certified("hub")
    with pytest.raises(
        Unauthorized, match="'chung-thu' and 'khoa' are not a certificate and its private key"
    ) as caught:
        await trusting(tmp_path, own=ours, khoa=another.key_pem).context()
    assert "BEGIN" not in str(caught.value)


async def test_a_secret_that_is_missing(tmp_path: Path) -> None:
    trust = Trust(Tls(client_key="khoa", client_certificate="chung-thu"), NamedSecrets(), tmp_path)
    with pytest.raises(Unauthorized):
        await trust.context()


async def test_the_key_stays_in_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "documents").mkdir()
    await trusting(tmp_path / "documents", own=certified("hub")).context()
    assert [each.name for each in tmp_path.iterdir()] == ["documents"]


@pytest.mark.parametrize("text", [None, "", "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----", "Ủy ban"])
def test_an_authority_that_is_none_is_a_wrong_spec(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "authority.pem").write_text(text)
    with pytest.raises(ValueError, match=r"tls\.authority: the document authority\.pem"):
        Trust(Tls(authority="authority.pem"), NamedSecrets(), tmp_path)
