"""Signatures: agrees with the Standard Webhooks library on honest input, and refuses the rest without an error."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from hub.intake.signature import Refused, verify

NOW = datetime(2026, 11, 23, 1, 15, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 24).decode()
BODY = '{"type": "dossier.updated", "data": {"note": "Thiếu bản sao"}}'.encode()


def headers(signature: str, *, id: str = "msg_1", at: datetime = NOW) -> dict[str, str]:
    return {"webhook-id": id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def signed(body: bytes = BODY, secret: str = SECRET, *, at: datetime = NOW) -> dict[str, str]:
    return headers(Webhook(secret).sign("msg_1", at, body.decode()), at=at)


def check(given: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> str:
    return verify(given, body, secrets, now=NOW, tolerance_seconds=300).id


def test_what_the_library_signs_verifies() -> None:
    assert check(signed()) == "msg_1"


def test_any_active_secret_will_do_so_that_one_can_be_replaced() -> None:
    assert check(signed(), secrets=(OTHER, SECRET)) == "msg_1"


def test_any_of_several_signatures_will_do() -> None:
    theirs, ours = signed(secret=OTHER)["webhook-signature"], signed()["webhook-signature"]
    assert check(headers(f"v9,abc {theirs} nonsense , {ours}")) == "msg_1"


def test_a_ninth_signature_is_not_looked_at() -> None:
    with pytest.raises(Refused):
        check(headers("v1,AAAA " * 8 + signed()["webhook-signature"]))


def test_ed25519() -> None:
    private = Ed25519PrivateKey.generate()
    public = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    content = b"msg_1.%d." % int(NOW.timestamp()) + BODY
    signature = "v1a," + base64.b64encode(private.sign(content)).decode()
    assert check(headers(signature), secrets=(public,)) == "msg_1"
    with pytest.raises(Refused):
        check(headers(signature), body=BODY + b" ", secrets=(public,))


@pytest.mark.parametrize(
    ("given", "status", "reason"),
    [
        (signed() | {"webhook-id": ""}, 400, "bad_id"),
        (signed() | {"webhook-id": "a" * 129}, 400, "bad_id"),
        (signed() | {"webhook-id": "mã-1"}, 400, "bad_id"),
        (signed() | {"webhook-timestamp": ""}, 400, "bad_timestamp"),
        (signed() | {"webhook-timestamp": "1e9"}, 400, "bad_timestamp"),
        (signed() | {"webhook-timestamp": "١٢٣"}, 400, "bad_timestamp"),
        (signed() | {"webhook-timestamp": "9" * 400}, 400, "bad_timestamp"),
        (signed(at=NOW - timedelta(seconds=301)), 400, "out_of_time"),
        (signed(at=NOW + timedelta(seconds=61)), 400, "out_of_time"),
        (signed() | {"webhook-signature": " "}, 400, "no_signature"),
        (signed(secret=OTHER), 401, "bad_signature"),
        (signed() | {"webhook-id": "msg_2"}, 401, "bad_signature"),
        (signed(body=BODY + b" "), 401, "bad_signature"),
        (headers("v1"), 401, "bad_signature"),
        (headers("v1,ưưư"), 401, "bad_signature"),
        (headers("v1a,AAAA"), 401, "bad_signature"),
    ],
)
def test_refused(given: dict[str, str], status: int, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        check(given)
    assert (refused.value.status, refused.value.reason) == (status, reason)


@pytest.mark.parametrize("age", [-60, 0, 300])
def test_the_bounds_of_time_are_inside(age: int) -> None:
    assert check(signed(at=NOW - timedelta(seconds=age))) == "msg_1"


def test_out_of_time_says_what_time_it_is_here() -> None:
    with pytest.raises(Refused) as refused:
        check(signed(at=NOW - timedelta(hours=2)))
    assert refused.value.problem == "7200 s old; it is 2026-11-23T01:15:00Z here"


@given(
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()),
    st.binary(),
    st.lists(st.text(), max_size=3),
)
def test_no_input_ends_in_another_error(given: dict[str, str], body: bytes, secrets: list[str]) -> None:
    with pytest.raises(Refused):
        verify(given, body, secrets, now=NOW, tolerance_seconds=300)


@given(st.text(), st.sampled_from(["whsec_", "whpk_", ""]))
def test_no_signature_and_no_secret_ends_in_another_error(signature: str, prefix: str) -> None:
    with pytest.raises(Refused):
        check(headers("v1," + signature), secrets=(prefix + signature,))
