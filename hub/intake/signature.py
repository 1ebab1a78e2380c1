"""Verifies Standard Webhooks signatures over raw bytes. Hostile input ends in a Refused, never in another error.

Source: the Standard Webhooks specification, standardwebhooks.com; cross-checked against its Python library
in tests. Its verifier is not used, because malformed input makes it raise plain ValueError and
UnicodeDecodeError.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

#: How far ahead of ours a sender's clock may be, in seconds.
MAX_AHEAD = 60
_MAX_SIGNATURES = 8
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class Refused(Exception):
    """A delivery that is not taken. `field` is the header at fault."""

    status: int
    reason: str
    field: str
    problem: str
    expected: str


@dataclass(frozen=True, slots=True)
class Signed:
    """The signed headers of a delivery that verified."""

    id: str
    sent_at: datetime


def is_id(text: str) -> bool:
    """Whether it can be a webhook-id."""
    return _ID.fullmatch(text) is not None


def verify(
    headers: Mapping[str, str], body: bytes, secrets: Iterable[str], *, now: datetime, tolerance_seconds: int
) -> Signed:
    """The delivery's id and time, if `body` was signed with one of `secrets` not too long ago.

    `secrets`: `whsec_…` (base64, HMAC-SHA256, signatures v1) or `whpk_…` (base64 Ed25519 public key,
    signatures v1a). Raises Refused: 400 for headers that are missing, malformed or out of time, 401 for a
    signature by nobody we know.
    """
    webhook_id = headers.get("webhook-id", "")
    if not is_id(webhook_id):
        raise Refused(400, "bad_id", "webhook-id", "missing or malformed", "1 to 128 of A–Z a–z 0–9 _ -")
    stamp = headers.get("webhook-timestamp", "")
    if not _TIMESTAMP.fullmatch(stamp):
        raise Refused(
            400, "bad_timestamp", "webhook-timestamp", "missing or malformed", "seconds since 1970, in digits"
        )
    age = now.timestamp() - int(stamp)
    if not -MAX_AHEAD <= age <= tolerance_seconds:
        raise Refused(
            400,
            "out_of_time",
            "webhook-timestamp",
            f"{abs(age):.0f} s {'old' if age > 0 else 'ahead'}; it is {now:%Y-%m-%dT%H:%M:%SZ} here",
            f"at most {tolerance_seconds} s old and {MAX_AHEAD} s ahead; sign each try anew",
        )
    signatures = headers.get("webhook-signature", "")
    if not signatures.strip():
        raise Refused(400, "no_signature", "webhook-signature", "missing", "v1,BASE64 of the HMAC-SHA256")
    content = b"%s.%s.%s" % (webhook_id.encode(), stamp.encode(), body)
    if not _any_matches(signatures.split()[:_MAX_SIGNATURES], content, list(secrets)):
        raise Refused(
            401,
            "bad_signature",
            "webhook-signature",
            "matches none of this agency's keys",
            "HMAC-SHA256 over `id.timestamp.body` with the raw body, base64",
        )
    return Signed(webhook_id, datetime.fromtimestamp(int(stamp), UTC))


def _any_matches(tokens: Sequence[str], content: bytes, secrets: Sequence[str]) -> bool:
    """Tries every key for every token, so that the time taken does not tell which one was near."""
    matched = False
    for token in tokens:
        version, _, encoded = token.partition(",")
        given = _decode(encoded)
        if given is None:
            continue
        for secret in secrets:
            if version == "v1" and (key := _key(secret, "whsec_")):
                matched |= hmac.compare_digest(hmac.digest(key, content, hashlib.sha256), given)
            elif version == "v1a" and (key := _key(secret, "whpk_")):
                matched |= _ed25519_matches(key, given, content)
    return matched


def _ed25519_matches(key: bytes, signature: bytes, content: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _key(secret: str, prefix: str) -> bytes | None:
    return _decode(secret.removeprefix(prefix)) if secret.startswith(prefix) else None


def _decode(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
