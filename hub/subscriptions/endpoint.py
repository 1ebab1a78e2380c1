"""An endpoint: its address and secrets as the outbox keeps them, and the headers by which it knows that it is us.

Signatures by the Standard Webhooks specification, standardwebhooks.com; verified by its Python library in tests.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

import orjson

_SECRET_BYTES = 32
_PREFIX = "whsec_"


def new_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


@dataclass(frozen=True, slots=True)
class Endpoint:
    address: str
    secret: str
    #: The one before, and until when it signs as well.
    old_secret: str | None = None
    old_until: datetime | None = None

    @classmethod
    def of(cls, target: bytes) -> Self:
        told = orjson.loads(target)
        until = told["old_until"]
        return cls(
            told["address"], told["secret"], told["old_secret"], datetime.fromisoformat(until) if until else None
        )

    def target(self) -> bytes:
        return orjson.dumps(
            {
                "address": self.address,
                "secret": self.secret,
                "old_secret": self.old_secret,
                "old_until": self.old_until.isoformat() if self.old_until else None,
            }
        )

    def rotated(self, now: datetime, overlap: timedelta) -> "Endpoint":
        """With a new secret. A secret that was the old one already ends."""
        if not overlap:
            return Endpoint(self.address, new_secret())
        return Endpoint(self.address, new_secret(), self.secret, now + overlap)

    def moved(self, address: str) -> "Endpoint":
        return replace(self, address=address)

    def headers(self, key: str, body: bytes, now: datetime) -> dict[str, str]:
        """For one try. Each try is signed anew, because receivers refuse old timestamps."""
        stamp = str(int(now.timestamp()))
        content = b"%s.%s.%s" % (key.encode(), stamp.encode(), body)
        keys = [self.secret]
        if self.old_secret and self.old_until and now < self.old_until:
            keys.append(self.old_secret)
        return {
            "Content-Type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": stamp,
            "webhook-signature": " ".join(f"v1,{_signature(each, content)}" for each in keys),
        }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
