"""By what a delivery is proved to be an agency's, where the agency cannot sign by Standard Webhooks."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.pushing import Webhook
from hub.intake.proofs import CERTIFICATE_HEADER, kept_headers, prove
from hub.intake.signature import Refused

BODY = b'{"ma": "A"}'
KEYS = ["new-key", "old-key"]
PRINT = hashlib.sha256(b"certificate").hexdigest()


def webhook(proof: dict[str, Any]) -> Webhook:
    secrets = [] if proof["kind"] == "mutual_tls" else ["s"]
    return Webhook.model_validate({"secrets": secrets, "proof": proof})


def proved(
    proof: dict[str, Any], headers: dict[str, str], *, address: str = "10.1.2.3", said: str | None = None
) -> str | None:
    return prove(webhook(proof), headers, BODY, address=address, secrets=KEYS, said=lambda: said, now=datetime.now(UTC))


def refused(proof: dict[str, Any], headers: dict[str, str], **more: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        proved(proof, headers, **more)
    return caught.value.status, caught.value.reason


HMAC = {"kind": "hmac", "header": "X-Chu-Ky", "prefix": "sha256="}


@pytest.mark.parametrize("key", KEYS)
def test_an_hmac_over_the_body_by_any_active_key(key: str) -> None:
    digits = hmac.digest(key.encode(), BODY, hashlib.sha256)
    assert proved(HMAC, {"x-chu-ky": f"sha256={digits.hex()}"}) is None
    assert proved(HMAC, {"x-chu-ky": f"SHA256={digits.hex().upper()}", "webhook-id": "so_1"}) == "so_1"
    base64_too = {"kind": "hmac", "header": "X-Chu-Ky", "encoding": "base64", "algorithm": "sha512"}
    long = base64.b64encode(hmac.digest(key.encode(), BODY, hashlib.sha512)).decode()
    assert proved(base64_too, {"x-chu-ky": long}) is None


def test_an_hmac_that_is_not() -> None:
    digits = hmac.digest(b"another", BODY, hashlib.sha256).hex()
    assert refused(HMAC, {}) == (400, "no_signature")
    assert refused(HMAC, {"x-chu-ky": digits}) == (400, "no_signature")
    assert refused(HMAC, {"x-chu-ky": f"sha256={digits}"}) == (401, "bad_signature")
    assert refused(HMAC, {"x-chu-ky": "sha256=zz"}) == (401, "bad_signature")
    right = hmac.digest(b"new-key", BODY, hashlib.sha256).hex()
    assert refused(HMAC, {"x-chu-ky": f"sha256={right}", "webhook-id": "a b"}) == (400, "bad_id")


TOKEN = {"kind": "token", "header": "Authorization", "prefix": "Bearer ", "addresses": ["10.1.0.0/16", "2001:db8::/32"]}


def test_a_token_from_the_addresses_that_were_agreed_on() -> None:
    assert proved(TOKEN, {"authorization": "Bearer old-key"}) is None
    assert proved(TOKEN, {"authorization": "bearer  new-key "}, address="2001:db8::7") is None
    assert proved(TOKEN, {"authorization": "Bearer new-key"}, address="::ffff:10.1.9.9") is None
    for address in ("10.2.0.1", "::1", "", "unix"):
        assert refused(TOKEN, {"authorization": "Bearer new-key"}, address=address) == (403, "bad_address")
    with pytest.raises(Refused) as wrong:
        proved(TOKEN, {"authorization": "Bearer new-key"}, address="10.2.0.1")
    # Behind a gateway nobody knows by which address the hub knows him.
    assert wrong.value.problem.startswith("10.2.0.1 ")
    assert refused(TOKEN, {"authorization": "new-key"}) == (400, "no_token")
    assert refused(TOKEN, {"authorization": "Bearer nobody's"}) == (401, "bad_token")


def test_a_token_in_the_body() -> None:
    proof = {"kind": "token", "field": "SecurityCode", "addresses": ["10.0.0.0/8"]}
    assert proved(proof, {}, said="new-key") is None
    assert refused(proof, {}, said=None) == (400, "no_token")
    assert refused(proof, {}, said="no") == (401, "bad_token")


def test_a_client_certificate_as_the_proxy_tells_of_it() -> None:
    proof = {"kind": "mutual_tls", "fingerprints": [PRINT]}
    colons = ":".join(PRINT[i : i + 2] for i in range(0, 64, 2)).upper()
    assert proved(proof, {CERTIFICATE_HEADER: PRINT}) is None
    assert proved(proof, {CERTIFICATE_HEADER: colons}) is None
    assert refused(proof, {}) == (401, "no_certificate")
    assert refused(proof, {CERTIFICATE_HEADER: "0" * 64}) == (401, "bad_certificate")


def test_what_lets_in_is_not_kept() -> None:
    headers = {"Authorization": "Bearer x", "X-Ma": "t", "User-Agent": "u"}
    assert kept_headers(headers, webhook(TOKEN)) == {"authorization": "…", "x-ma": "t", "user-agent": "u"}
    assert kept_headers(headers, webhook(TOKEN | {"header": "X-Ma", "prefix": ""}))["x-ma"] == "…"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"secrets": []}, "at least one"),
        ({"secrets": ["s"], "proof": {"kind": "mutual_tls", "fingerprints": [PRINT]}}, "takes no `secrets`"),
        ({"secrets": ["s"], "proof": {"kind": "token", "addresses": ["10.0.0.0/8"]}}, "one of `header` and `field`"),
        ({"secrets": ["s"], "proof": {"kind": "token", "header": "X", "addresses": []}}, "at least 1"),
        ({"secrets": ["s"], "events": {}}, "need a `mapping`"),
        ({"secrets": ["s"], "events": {"types": ["a"]}, "mapping": {"code": "a", "facts": {}}}, "both or none"),
    ],
)
def test_a_spec_that_cannot_be_is_told_what_would(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Webhook.model_validate(given)


def test_only_standard_webhooks_have_no_weakness() -> None:
    assert webhook({"kind": "standard"}).proof.weakness is None
    for proof in (HMAC, TOKEN, {"kind": "mutual_tls", "fingerprints": [PRINT]}):
        assert webhook(proof).proof.weakness
