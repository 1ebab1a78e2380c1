"""The same over SFTP, against a real server: the same files, and what a server can do wrong."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from adapters import Client
from contracts.adapter import AgencyAdapter, CallRecord
from contracts.errors import AgencyFailure, TimedOut, Unauthorized, Unreachable
from tests.adapters.files.drops import adapter_of, as_csv, codes, page_of, pages_of, row, spec_of
from tests.adapters.files.test_taking import listed
from tests.adapters.servers import talking

HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
OUR_KEY = asyncssh.generate_private_key("ssh-ed25519")
PASSWORD = "mật khẩu"
SECRETS = {"so-noi-vu-sftp": PASSWORD, "so-noi-vu-khoa": OUR_KEY.export_private_key().decode()}


def public(key: asyncssh.SSHKey) -> str:
    return " ".join(key.export_public_key().decode().split()[:2])


class _Guard(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("hub", PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == "hub" and key == OUR_KEY.convert_to_public()


@asynccontextmanager
async def serving(root: Path, sftp: type[asyncssh.SFTPServer] = asyncssh.SFTPServer) -> AsyncIterator[int]:
    """An SFTP server whose / is `root`; yields its port."""
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[HOST_KEY],
        server_factory=_Guard,
        sftp_factory=lambda channel: sftp(channel, chroot=str(root).encode()),
    )
    try:
        yield server.get_port()
    finally:
        server.close()
        await server.wait_closed()


def adapter_at(
    client: Client, port: int, *, secrets: Mapping[str, str] = SECRETS, limits: Mapping[str, Any] = {}, **server: Any
) -> AgencyAdapter:
    credentials = {} if "key" in server else {"password": "so-noi-vu-sftp"}
    sftp = {"host": "127.0.0.1", "port": port, "host_key": public(HOST_KEY), "username": "hub", "private": True}
    return adapter_of(
        client, "/tha", secrets=secrets, sftp=sftp | credentials | server, limits={"attempts": 1, **limits}
    )


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "tha"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("credentials", [{}, {"key": "so-noi-vu-khoa"}])
async def test_files_are_taken_and_put_away(
    client: Client, tmp_path: Path, drop: Path, credentials: dict[str, Any]
) -> None:
    (drop / "1.csv").write_bytes(as_csv(row("A-1")))
    (drop / "2.csv").write_bytes(b"no header of ours")
    (drop / "3.csv").write_bytes(as_csv(*(row(f"B-{number}") for number in range(40_000))))
    (drop / "4.csv").symlink_to(drop / "1.csv")
    (drop / "5.csv").mkdir()
    (drop / "done").mkdir()
    (drop / "done" / "1.csv").write_bytes(b"former")
    async with serving(tmp_path) as port:
        pages = await pages_of(adapter_at(client, port, **credentials))
    assert [len(page.observations) for page in pages] == [1, 0, 40_000, 0]
    assert sorted(path.name for path in drop.iterdir()) == ["4.csv", "5.csv", "done", "failed"]
    assert len(listed(drop / "done")) == 3
    assert (drop / "done" / "1.csv").read_bytes() == b"former"
    assert listed(drop / "failed") == ["2.csv", "2.csv.why.txt"]


async def test_one_that_changed_since_it_was_stored_is_read_again(client: Client, tmp_path: Path, drop: Path) -> None:
    async with serving(tmp_path) as port:
        adapter = adapter_at(client, port)
        (drop / "1.csv").write_bytes(as_csv(row("A-1")))
        page = await page_of(adapter)
        (drop / "1.csv").write_bytes(as_csv(row("A-2")))
        page = await page_of(adapter, page.next)
        assert codes(page) == ["A-2"]
        for _ in "12":
            assert codes(await page_of(adapter, page.next)) == []


async def test_the_call_is_recorded_without_secrets(tmp_path: Path, drop: Path) -> None:
    records: list[CallRecord] = []

    async def keep(record: CallRecord) -> None:
        records.append(record)

    async with serving(tmp_path) as port, Client(keep) as client:
        await page_of(adapter_at(client, port))
        with pytest.raises(Unauthorized):
            await page_of(adapter_at(client, port, username="other"))
    assert [(record.outcome, record.address) for record in records] == [
        ("ok", f"sftp://127.0.0.1:{port}/tha"),
        ("unauthorized", f"sftp://127.0.0.1:{port}/tha"),
    ]
    assert PASSWORD not in repr(records)


@pytest.mark.parametrize(
    ("server", "secrets", "failure", "message"),
    [
        ({"username": "x"}, SECRETS, Unauthorized, "refuses our user and credentials"),
        ({}, {"so-noi-vu-sftp": "wrong"}, Unauthorized, "refuses our user and credentials"),
        ({}, {}, Unauthorized, "so-noi-vu-sftp"),
        ({"key": "k"}, {"k": "no key"}, Unauthorized, "The secret k is no private key"),
        ({"host_key": public(OUR_KEY)}, SECRETS, Unreachable, "another key than the spec's `host_key`"),
        ({"private": False}, SECRETS, Unreachable, "in a private network"),
        ({"host": "sftp.invalid"}, SECRETS, Unreachable, "leads nowhere"),
        ({"port": 1}, SECRETS, Unreachable, "There is no connection to 127.0.0.1"),
    ],
)
async def test_what_keeps_us_out_is_told(
    client: Client,
    tmp_path: Path,
    drop: Path,
    server: dict[str, Any],
    secrets: dict[str, str],
    failure: type[AgencyFailure],
    message: str,
) -> None:
    async with serving(tmp_path) as port:
        with pytest.raises(failure, match=message):
            await page_of(adapter_at(client, server.pop("port", port), secrets=secrets, **server))


async def test_a_folder_that_is_not_there(client: Client, tmp_path: Path) -> None:
    async with serving(tmp_path) as port:
        with pytest.raises(Unreachable, match="There is no folder /tha"):
            await page_of(adapter_at(client, port))


async def test_a_folder_that_is_not_ours(client: Client, tmp_path: Path, drop: Path) -> None:
    class Guarded(asyncssh.SFTPServer):
        def rename(self, oldpath: bytes, newpath: bytes) -> None:
            raise asyncssh.SFTPPermissionDenied("no")

    (drop / "1.csv").write_bytes(as_csv(row("A-1")))
    async with serving(tmp_path, Guarded) as port:
        adapter = adapter_at(client, port)
        page = await page_of(adapter)
        with pytest.raises(Unreachable, match="may not"):
            await page_of(adapter, page.next)
    assert listed(drop) == ["1.csv"]


async def test_a_done_that_leads_elsewhere(client: Client, tmp_path: Path, drop: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (drop / "done").symlink_to(tmp_path / "elsewhere")
    (drop / "1.csv").write_bytes(as_csv(row("A-1")))
    async with serving(tmp_path) as port:
        adapter = adapter_at(client, port)
        page = await page_of(adapter)
        with pytest.raises(Unreachable, match="leads out"):
            await page_of(adapter, page.next)
    assert listed(drop) == ["1.csv"]


async def test_a_server_that_stops_answering_is_left(client: Client, tmp_path: Path, drop: Path) -> None:
    class Asleep(asyncssh.SFTPServer):
        async def read(self, file_obj: object, offset: int, size: int) -> bytes:
            await asyncio.sleep(3600)
            return b""

    (drop / "1.csv").write_bytes(as_csv(row("A-1")))
    async with serving(tmp_path, Asleep) as port:
        for limits in ({"read_seconds": 0.3}, {"total_seconds": 1}):
            with pytest.raises(TimedOut):
                await page_of(adapter_at(client, port, limits=limits))


@pytest.mark.parametrize(
    "greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n" + bytes(range(256)) * 20]
)
async def test_what_is_no_ssh_server(client: Client, greeting: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()
        await asyncio.sleep(0.2)

    async with talking(talk) as address:
        with pytest.raises(Unreachable, match="broke off, or does not speak SSH"):
            await page_of(adapter_at(client, int(address.rpartition(":")[2])))


async def test_a_server_that_never_greets(client: Client) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with talking(talk) as address:
        with pytest.raises(TimedOut):
            await page_of(adapter_at(client, int(address.rpartition(":")[2]), limits={"read_seconds": 0.3}))


async def test_a_connection_that_breaks_while_a_file_is_read(client: Client, tmp_path: Path, drop: Path) -> None:
    class Breaking(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> bytes:
            self.channel.get_connection().abort()
            return b""

    (drop / "1.csv").write_bytes(as_csv(row("A-1")))
    async with serving(tmp_path, Breaking) as port:
        with pytest.raises(Unreachable, match="failed, or broke off"):
            await page_of(adapter_at(client, port))


def test_a_host_key_that_is_none_is_refused() -> None:
    sftp = {"host": "h", "host_key": "ssh-ed25519 AAAA", "username": "hub", "password": "p"}
    with pytest.raises(ValueError, match="agency so-noi-vu: `host_key` is no public key"):
        adapter_of(Client(), "/tha", sftp=sftp)


def test_a_password_or_a_key() -> None:
    with pytest.raises(ValueError, match="either `password` or `key`"):
        spec_of("/tha", sftp={"host": "h", "host_key": public(HOST_KEY), "username": "hub"})
