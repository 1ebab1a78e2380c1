"""Who sent a delivery, proved in the way that the agency's spec chooses, over the raw bytes."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from contracts.pushing import BodyHmac, MutualTls, StandardWebhooks, StaticToken, Webhook
from hub.intake.signature import Refused, is_id, verify

#: What the proxy in front of the hub tells of the certificate that it saw; taken from trusted proxies alone.
CERTIFICATE_HEADER = "x-client-certificate-sha256"

_STARS, _SHORTEST = b"***", 6
_NOT_HEX = re.compile(r"[^0-9a-f]")


def prove(
    webhook: Webhook,
    headers: Mapping[str, str],
    body: bytes,
    *,
    address: str,
    secrets: Sequence[str],
    said: Callable[[], str | None],
    now: datetime,
) -> str | None:
    """The delivery's id, where its headers say one. `address`: from where it came; `said`: gives the token that
    stands in the body.

    Raises Refused: 400 where what proves it is missing or malformed, 401 where it proves nothing, 403 for an address
    from which nothing is taken.
    """
    proof = webhook.proof
    match proof:
        case StandardWebhooks():
            return verify(headers, body, secrets, now=now, tolerance_seconds=webhook.tolerance_seconds).id
        case BodyHmac():
            _prove_hmac(proof, headers, body, secrets)
        case StaticToken():
            _prove_token(proof, headers, address, secrets, said)
        case MutualTls():
            _prove_certificate(proof, headers)
    named = headers.get("webhook-id")
    if named is not None and not is_id(named):
        raise Refused(400, "bad_id", "webhook-id", "malformed", "1 to 128 of A–Z a–z 0–9 _ -, or no such header")
    return named


def kept_headers(headers: Mapping[str, str], webhook: Webhook) -> dict[str, str]:
    """The headers of a delivery, to be kept with it: without what lets in, and by names in small letters."""
    secret = {"authorization", "cookie", "proxy-authorization", "x-api-key"}
    if isinstance(webhook.proof, StaticToken) and webhook.proof.header:
        secret.add(webhook.proof.header.lower())
    return {name.lower(): "…" if name.lower() in secret else value for name, value in headers.items()}


def kept_body(body: bytes, webhook: Webhook, secrets: Sequence[str]) -> bytes:
    """The body, to be kept: likewise without the token, however its format writes that. What events say is the same
    without it, and so they can be read again."""
    if not isinstance(webhook.proof, StaticToken) or not webhook.proof.field:
        return body
    # A shorter one stands in codes and dates as well.
    for secret in (each for each in secrets if len(each) >= _SHORTEST):
        for written in (secret, json.dumps(secret)[1:-1], quote_plus(secret), quote(secret, safe=""), escape(secret)):
            body = body.replace(written.encode(), _STARS)
    return body


def _prove_hmac(proof: BodyHmac, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
    header, algorithm = proof.header, proof.algorithm
    digits = _after(proof.prefix, headers.get(header.lower(), "").strip())
    if not digits:
        raise Refused(
            400, "no_signature", header, "missing, or not as agreed", f"{proof.prefix}DIGITS in {proof.encoding}"
        )
    try:
        given = bytes.fromhex(digits) if proof.encoding == "hex" else base64.b64decode(digits, validate=True)
    except (ValueError, binascii.Error):
        given = b""
    # Every key is tried, so that the time taken does not tell which one was near.
    right = [
        hmac.compare_digest(hmac.digest(key.encode(), body, getattr(hashlib, algorithm)), given) for key in secrets
    ]
    if not any(right):
        expected = f"HMAC-{algorithm.upper()} of the raw body, in {proof.encoding}"
        raise Refused(401, "bad_signature", header, "matches none of this agency's keys", expected)


def _prove_token(
    proof: StaticToken,
    headers: Mapping[str, str],
    address: str,
    secrets: Sequence[str],
    said: Callable[[], str | None],
) -> None:
    if not _is_from(address, proof):
        known = f"{address} is not on the agency's list"
        raise Refused(403, "bad_address", "/", known, "an address that is agreed on")
    if proof.header is not None:
        place, token = proof.header, headers.get(proof.header.lower(), "")
    else:
        place, token = f"/{proof.field}", said() or ""
    given = _after(proof.prefix, token.strip()).encode()
    if not given:
        raise Refused(400, "no_token", place, "missing, or not as agreed", f"{proof.prefix}TOKEN")
    right = [hmac.compare_digest(secret.encode(), given) for secret in secrets]
    if not any(right):
        raise Refused(401, "bad_token", place, "is none of this agency's tokens", "the token that was agreed on")


def _is_from(address: str, proof: StaticToken) -> bool:
    try:
        known = ip_address(address)
    except ValueError:
        return False
    known = getattr(known, "ipv4_mapped", None) or known
    return any(known in network for network in proof.addresses)


def _prove_certificate(proof: MutualTls, headers: Mapping[str, str]) -> None:
    shown = _NOT_HEX.sub("", headers.get(CERTIFICATE_HEADER, "").lower())
    if not shown:
        raise Refused(401, "no_certificate", "/", "no client certificate came with the connection", "this agency's")
    if shown not in proof.fingerprints:
        raise Refused(401, "bad_certificate", "/", "the client certificate is not this agency's", "one of its own")


def _after(prefix: str, text: str) -> str:
    """What follows the prefix; "" where it does not stand there."""
    return text[len(prefix) :].strip() if text.lower().startswith(prefix.lower()) else ""
