"""The protocol behind which a folder on this machine and one on an SFTP server are alike."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

#: More in one folder is no drop of files any more. A server that lists without end must end somewhere.
MAX_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A plain file, as the folder lists it. Bytes; seconds since 1970 by the clock of the machine it is on."""

    name: str
    size: int
    changed_at: float


class OpenFolder(Protocol):
    """A folder while it is being read. Every method raises AgencyFailure and nothing else.

    `into` is the name of a folder in this one, which is made where it is missing.
    """

    async def entries(self) -> list[Entry]:
        """The plain files in it; never a link."""
        ...

    async def read(self, entry: Entry) -> bytes | None:
        """The whole content; None where the file is no longer the one that `entry` tells of."""
        ...

    async def has(self, into: str, name: str) -> bool:
        """Whether there is anything by that name in `into`."""
        ...

    async def move(self, name: str, into: str, new_name: str) -> None:
        """Move a file, by renaming. Where it is gone already, nothing happens."""
        ...

    async def write(self, into: str, name: str, content: bytes) -> None:
        """Make a file, or replace it."""
        ...


class Folder(Protocol):
    #: For people and call records.
    address: str

    def opened(self) -> AbstractAsyncContextManager[OpenFolder]:
        """Raises AgencyFailure."""
        ...
