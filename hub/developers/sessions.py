"""Who looks at calls: the key that was pasted, sealed in a cookie that ends by itself. Nothing is stored here."""

import base64
import binascii
import time

import orjson

from hub.vault import Vault, VaultError

LIFETIME_SECONDS = 1800


class Sessions:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def cookie(self, key: str) -> str:
        sealed = self._vault.seal(orjson.dumps({"key": key, "until": int(time.time()) + LIFETIME_SECONDS}))
        return base64.urlsafe_b64encode(sealed).decode()

    def key(self, cookie: str) -> str | None:
        """None for a cookie that is not ours, or has ended."""
        try:
            told = orjson.loads(self._vault.open(base64.urlsafe_b64decode(cookie)))
            return str(told["key"]) if told["until"] > time.time() else None
        except (VaultError, binascii.Error, ValueError, KeyError, TypeError):
            return None
