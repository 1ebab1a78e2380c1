"""A folder on an SFTP server: its key pinned, its address checked, each answer waited for only so long."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncssh

from adapters.calling.egress import allowed_addresses
from adapters.files.folder import MAX_ENTRIES, Entry
from contracts.adapter import Secrets
from contracts.errors import AgencyFailure, TimedOut, Unauthorized, Unreachable
from contracts.system import Limits, Sftp

T = TypeVar("T")

_REGULAR, _DIRECTORY = 1, 2  # SSH_FILEXFER_TYPE_…
_CHUNK = 1 << 20

# Otherwise it tells of every file and every user.
asyncssh.set_log_level(logging.WARNING)


class SftpFolder:
    """adapters.files.folder.Folder over SFTP: a connection for each time that it is opened."""

    def __init__(self, path: str, server: Sftp, limits: Limits, secrets: Secrets) -> None:
        """Raises ValueError where the server's `host_key` is none."""
        self.address = f"sftp://{server.host}:{server.port}{path}"
        self._path, self._server, self._limits, self._secrets = path, server, limits, secrets
        try:
            self._host_key = asyncssh.import_public_key(server.host_key)
        except asyncssh.KeyImportError:
            raise ValueError("`host_key` is no public key; it is as in known_hosts: ssh-ed25519 AAAA…") from None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["_OpenSftpFolder"]:
        credentials = self._credentials()
        sock = await self._dial()
        try:
            connection = await asyncssh.connect(
                sock=sock,
                username=self._server.username,
                known_hosts=([self._host_key], [], []),
                connect_timeout=self._limits.read_seconds,
                # Nothing of whoever runs the hub: neither their settings nor their keys.
                config=None,
                agent_path=None,
                gss_host=None,
                **credentials,
            )
        except (asyncssh.Error, OSError, ValueError) as error:
            sock.close()
            raise self._refusal(error) from error
        opened = _OpenSftpFolder(connection, self._path, self._limits)
        try:
            await opened.begin()
            yield opened
        finally:
            # Not closed politely, which would wait for a server that may have stopped answering.
            connection.abort()

    def _credentials(self) -> dict[str, Any]:
        server = self._server
        try:
            if server.password:
                return {"password": self._secrets.get(server.password), "client_keys": None}
            return {"client_keys": [asyncssh.import_private_key(self._secrets.get(server.key or ""))]}
        except KeyError as error:
            raise Unauthorized(str(error.args[0])) from None
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
            raise Unauthorized(f"The secret {server.key} is no private key, or one with a passphrase.") from None

    async def _dial(self) -> socket.socket:
        """A connection to an address that was checked, and not looked up again."""
        host, port = self._server.host, self._server.port
        addresses = await allowed_addresses(host, port, private=self._server.private)
        for address in addresses:
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            sock.setblocking(False)
            try:
                async with asyncio.timeout(self._limits.connect_seconds / len(addresses)):
                    await asyncio.get_running_loop().sock_connect(sock, (address, port))
                    return sock
            except OSError as error:
                sock.close()
                refusal = error.strerror or "it does not answer"
            except BaseException:
                sock.close()
                raise
        raise Unreachable(f"There is no connection to {host}: {refusal}.", sent=False)

    def _refusal(self, error: Exception) -> AgencyFailure:
        host = self._server.host
        if isinstance(error, asyncssh.PermissionDenied):
            return Unauthorized(f"{host} refuses our user and credentials.")
        if isinstance(error, asyncssh.HostKeyNotVerifiable):
            return Unreachable(
                f"{host} shows another key than the spec's `host_key`. If its keepers say that they changed it, put "
                "the new one there; if not, somebody else may be answering.",
                lasting=True,
            )
        if isinstance(error, TimeoutError):
            return TimedOut(f"{host} keeps us waiting at its door.")
        return Unreachable(f"{host} broke off, or does not speak SSH as we do ({type(error).__name__}).")


class _Missing(Unreachable):
    """What was asked for is not there."""


class _OpenSftpFolder:
    """adapters.files.folder.OpenFolder."""

    def __init__(self, connection: asyncssh.SSHClientConnection, path: str, limits: Limits) -> None:
        self._connection, self._path, self._limits = connection, path.rstrip("/"), limits

    async def begin(self) -> None:
        # A name that is no UTF-8 stays what it is.
        options = {"path_encoding": "utf-8", "path_errors": "surrogateescape"}
        self._sftp: asyncssh.SFTPClient = await self._answer(self._connection.start_sftp_client(**options))

    async def entries(self) -> list[Entry]:
        return await self._answer(self._entries())

    async def _entries(self) -> list[Entry]:
        entries = []
        async for found in self._sftp.scandir(self._path or "/"):
            name = str(found.filename)
            if found.attrs.type == _REGULAR and "/" not in name:
                entries.append(_entry(name, found.attrs))
            if len(entries) >= MAX_ENTRIES:
                break
        return entries

    async def read(self, entry: Entry) -> bytes | None:
        path = f"{self._path}/{entry.name}"
        content = bytearray()
        with suppress(_Missing):
            # Never closed: that is one more answer to wait for, and the connection ends soon.
            file = await self._answer(self._sftp.open(path, "rb"))
            while len(content) <= entry.size and (chunk := await self._answer(file.read(_CHUNK))):
                assert isinstance(chunk, bytes)
                content += chunk
            now = await self._answer(self._sftp.lstat(path))
            if now.type == _REGULAR and _entry(entry.name, now) == entry and len(content) == entry.size:
                return bytes(content)
        return None

    async def has(self, into: str, name: str) -> bool:
        return await self._answer(self._sftp.lexists(f"{await self._made(into)}/{name}"))

    async def move(self, name: str, into: str, new_name: str) -> None:
        target = f"{await self._made(into)}/{new_name}"
        with suppress(_Missing):
            await self._answer(self._sftp.rename(f"{self._path}/{name}", target))

    async def write(self, into: str, name: str, content: bytes) -> None:
        file = await self._answer(self._sftp.open(f"{await self._made(into)}/{name}", "wb"))
        await self._answer(file.write(content))
        await self._answer(file.close())

    async def _made(self, into: str) -> str:
        """The path of a folder in this one, which is there from now on."""
        path = f"{self._path}/{into}"
        try:
            kind = (await self._answer(self._sftp.lstat(path))).type
        except _Missing:
            await self._answer(self._sftp.mkdir(path))
        else:
            if kind != _DIRECTORY:
                raise Unreachable(f"{path} is no folder, or leads out of the one that it should be in.")
        return path

    async def _answer(self, asking: Awaitable[T]) -> T:
        """What the server says, within the time for one answer. Raises AgencyFailure, among them _Missing.

        Who gives up waiting breaks the connection: the library would wait on, to tidy up at the server's.
        """
        task = asyncio.ensure_future(asking)
        try:
            await asyncio.wait({task}, timeout=self._limits.read_seconds)
        finally:
            if not task.done():
                self._connection.abort()
                task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        if not task.done():
            raise TimedOut("The SFTP server keeps us waiting.")
        try:
            return task.result()
        except asyncssh.SFTPNoSuchFile as error:
            raise _Missing(f"There is no folder {self._path}.") from error
        except asyncssh.SFTPPermissionDenied as error:
            raise Unreachable(
                f"The hub may not do that in {self._path}: its user must be allowed to read, and to move files within."
            ) from error
        except (asyncssh.Error, OSError, ValueError) as error:
            raise Unreachable(f"The SFTP server failed, or broke off ({type(error).__name__}).") from error


def _entry(name: str, attributes: asyncssh.SFTPAttrs) -> Entry:
    changed_at = (attributes.mtime or 0) + (attributes.mtime_ns or 0) / 1e9
    return Entry(name, attributes.size or 0, changed_at)
