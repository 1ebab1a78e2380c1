"""Sealing under rotating keys, and digests that stay what they are."""

import hashlib
import hmac

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from hub.vault import Vault, VaultError

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
PLAIN = "Nguyễn Văn Đức".encode()


def vault(keys: str) -> Vault:
    return Vault(seal_keys=keys, digest_key="0" * 64)


@given(st.binary(max_size=300))
def test_what_is_sealed_opens_and_does_not_show(plain: bytes) -> None:
    sealed = vault(NEW).seal(plain)
    assert vault(NEW).open(sealed) == plain
    assert len(plain) < 4 or plain not in sealed


def test_the_same_sealed_twice_is_not_the_same() -> None:
    assert vault(NEW).seal(PLAIN) != vault(NEW).seal(PLAIN)


def test_the_newest_key_seals_and_the_older_ones_still_open() -> None:
    sealed = vault(OLD).seal(PLAIN)
    rotated = vault(f"{NEW}, {OLD}")
    assert rotated.open(sealed) == PLAIN
    assert vault(NEW).open(rotated.seal(PLAIN)) == PLAIN
    with pytest.raises(VaultError):
        vault(NEW).open(sealed)


def test_what_was_sealed_before_this_form_opens() -> None:
    assert vault(f"{NEW},{OLD}").open(Fernet(OLD).encrypt(PLAIN)) == PLAIN
    with pytest.raises(VaultError):
        vault(NEW).open(Fernet(OLD).encrypt(PLAIN))


@given(st.data())
def test_what_was_altered_or_cut_off_does_not_open(data: st.DataObject) -> None:
    sealed = bytearray(vault(NEW).seal(PLAIN))
    place = data.draw(st.integers(0, len(sealed) - 1))
    cut = bytes(sealed[:place])
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    for spoilt in (bytes(sealed), cut):
        with pytest.raises(VaultError):
            vault(NEW).open(spoilt)


@pytest.mark.parametrize(
    "keys",
    ["", "short", "not base64!", f"{NEW},", NEW[:-4]],
    ids=["nothing", "short", "not base64", "one too many", "cut off"],
)
def test_what_is_not_a_key_is_refused(keys: str) -> None:
    with pytest.raises(VaultError, match="32 bytes"):
        vault(keys)


@given(st.text(min_size=1, max_size=200), st.binary(max_size=300))
def test_a_digest_is_hmac_sha256(key: str, content: bytes) -> None:
    assert Vault(seal_keys=NEW, digest_key=key).digest(content) == hmac.digest(key.encode(), content, hashlib.sha256)
