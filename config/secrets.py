"""What specs and settings only name: agency secrets and the hub's own keys, from the environment or files."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet


class SecretStore:
    """Agency secrets by name: HUB_SECRET_<NAME> in the environment, else the file secrets/<name>.

    Satisfies contracts.adapter.Secrets. Read at each use, so that a replaced file needs no restart.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "secrets"

    def get(self, name: str) -> str:
        """Raises KeyError with a sentence that says where the secret may be put."""
        variable = "HUB_SECRET_" + name.upper().replace("-", "_")
        if value := os.environ.get(variable):
            return value
        try:
            return (self._folder / name).read_text().strip()
        except FileNotFoundError:
            raise KeyError(
                f"there is no secret {name!r}: set {variable} or write the file secrets/{name} in the data folder"
            ) from None


def seal_key_file(data_dir: Path) -> str:
    """The keys that seal personal data, newest first, comma between. Made at first use."""
    return keep(data_dir / "keys" / "seal", lambda: Fernet.generate_key().decode())


def digest_key_file(data_dir: Path) -> str:
    """The key behind the index's digests. Made at first use; the index cannot be read with another."""
    return keep(data_dir / "keys" / "digest", lambda: secrets.token_hex(32))


def keep(path: Path, make: Callable[[], str]) -> str:
    """The secret in the file `path`; one from `make`, if there is none yet. Readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        # A link is whole or not there, and only the first of two processes makes it.
        with suppress(FileExistsError):
            os.link(new, path)
        new.unlink()
    return path.read_text().strip()
