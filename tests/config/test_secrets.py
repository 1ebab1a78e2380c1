"""Secrets: found by name in the environment or a file, made once, and whole."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from config.secrets import SecretStore, digest_key_file, keep


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SecretStore(tmp_path)
    with pytest.raises(KeyError, match="set HUB_SECRET_SO_TNMT_KHOA or write the file secrets/so-tnmt-khoa"):
        store.get("so-tnmt-khoa")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "so-tnmt-khoa").write_text("from the file\n")
    assert store.get("so-tnmt-khoa") == "from the file"
    monkeypatch.setenv("HUB_SECRET_SO_TNMT_KHOA", "from outside")
    assert store.get("so-tnmt-khoa") == "from outside"


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = digest_key_file(tmp_path)
    assert len(first) == 64
    assert digest_key_file(tmp_path) == first
    assert (tmp_path / "keys" / "digest").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["digest"]


def test_all_who_come_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: keep(tmp_path / "key", lambda: uuid4().hex), range(50)))
    assert len(set(made)) == 1
