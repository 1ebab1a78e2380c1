"""A folder on this machine. All work on the disk is done in threads; nothing leads out of the folder."""

import asyncio
import errno
import os
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from itertools import islice
from typing import BinaryIO

from adapters.files.folder import MAX_ENTRIES, Entry
from contracts.errors import AgencyFailure, Unreachable

# Neither through a link, nor waiting for whoever is at the other end of a pipe.
_PLAINLY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LocalFolder:
    """adapters.files.folder.Folder, and itself what it opens: every method opens the folder anew, so that one
    which was given up, and still runs in its thread, uses nothing that another has closed."""

    def __init__(self, path: str) -> None:
        self.address = f"file://{path}"
        self._path = path

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["LocalFolder"]:
        yield self

    async def entries(self) -> list[Entry]:
        return await asyncio.to_thread(self._entries)

    async def read(self, entry: Entry) -> bytes | None:
        return await asyncio.to_thread(self._read, entry)

    async def has(self, into: str, name: str) -> bool:
        return await asyncio.to_thread(self._has, into, name)

    async def move(self, name: str, into: str, new_name: str) -> None:
        await asyncio.to_thread(self._move, name, into, new_name)

    async def write(self, into: str, name: str, content: bytes) -> None:
        await asyncio.to_thread(self._write, into, name, content)

    def _entries(self) -> list[Entry]:
        with self._folder() as here, os.scandir(here) as found:
            entries = []
            for each in islice(found, MAX_ENTRIES):
                # It may have been taken away since it was listed.
                with suppress(FileNotFoundError):
                    if each.is_file(follow_symlinks=False):
                        entries.append(_entry(each.name, each.stat(follow_symlinks=False)))
            return entries

    def _read(self, entry: Entry) -> bytes | None:
        with self._folder() as here:
            try:
                file = _open_file(entry.name, os.O_RDONLY, here)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
                    return None
                raise
            with file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return None
                content = file.read(entry.size + 1)
                now = _entry(entry.name, os.fstat(file.fileno()))
            return content if now == entry and len(content) == entry.size else None

    def _has(self, into: str, name: str) -> bool:
        with self._folder(into) as there:
            try:
                os.stat(name, dir_fd=there, follow_symlinks=False)
            except FileNotFoundError:
                return False
            return True

    def _move(self, name: str, into: str, new_name: str) -> None:
        with self._folder() as here, self._folder(into) as there, suppress(FileNotFoundError):
            os.rename(name, new_name, src_dir_fd=here, dst_dir_fd=there)

    def _write(self, into: str, name: str, content: bytes) -> None:
        with self._folder(into) as there, _open_file(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, there) as file:
            file.write(content)

    @contextmanager
    def _folder(self, into: str | None = None) -> Iterator[int]:
        """A handle of the folder, or of `into` in it, which names go by from here on. OSErrors are translated."""
        with ExitStack() as handles:
            try:
                handle = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                handles.callback(os.close, handle)
                if into is not None:
                    with suppress(FileExistsError):
                        os.mkdir(into, dir_fd=handle)
                    handle = os.open(into, os.O_RDONLY | os.O_DIRECTORY | _PLAINLY, dir_fd=handle)
                    handles.callback(os.close, handle)
                yield handle
            except OSError as error:
                raise self._failure(error, into) from error

    def _failure(self, error: OSError, into: str | None) -> AgencyFailure:
        place = self._path if into is None else f"{self._path}/{into}"
        if isinstance(error, PermissionError):
            said = f"The hub may not do that in {place}: it must be allowed to read, and to move files within."
        elif isinstance(error, FileNotFoundError):
            said = f"There is no folder {place}."
        elif isinstance(error, NotADirectoryError) or error.errno == errno.ELOOP:
            said = f"{place} is no folder, or leads out of the one that it should be in."
        else:
            said = f"{place} cannot be used: {error.strerror}."
        return Unreachable(said)


def _entry(name: str, status: os.stat_result) -> Entry:
    return Entry(name, status.st_size, status.st_mtime)


def _open_file(name: str, flags: int, folder: int) -> BinaryIO:
    return os.fdopen(os.open(name, flags | _PLAINLY, 0o640, dir_fd=folder), "rb" if flags == os.O_RDONLY else "wb")
