"""Each mistake that senders make is told from the signature that it leads to; and nothing is made up."""

import base64
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hub.developers.diagnosis import mistakes

KEY = b"k" * 24
SECRET = "whsec_" + base64.b64encode(KEY).decode()
ID, TIMESTAMP = "msg_1", "1795654800"
EVENT = {"type": "dossier.updated", "data": {"code": "H21.99-261126-0007", "applicant": {"name": "Nguyễn Thị Ánh"}}}
BODY = json.dumps(EVENT, ensure_ascii=False, separators=(",", ":")).encode()
CONTENT = f"{ID}.{TIMESTAMP}.".encode() + BODY


def mac(content: bytes = CONTENT, key: bytes = KEY, digest: str = "sha256") -> bytes:
    return hmac.digest(key, content, digest)


def v1(digits: bytes) -> str:
    return "v1," + base64.b64encode(digits).decode()


def told(signature: str, body: bytes = BODY) -> list[str]:
    headers = {"webhook-id": ID, "webhook-timestamp": TIMESTAMP, "webhook-signature": signature}
    return [text.en for text in mistakes(SECRET, headers, body)]


def dumped(**how: object) -> bytes:
    return f"{ID}.{TIMESTAMP}.{json.dumps(EVENT, **how)}".encode()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        (v1(mac(key=SECRET.encode())), "used as text"),
        (v1(mac(key=SECRET.removeprefix("whsec_").encode())), "used as text"),
        (v1(mac(BODY)), "body alone"),
        (v1(mac(f"{ID}.".encode() + BODY)), "time is missing"),
        (v1(mac(f"{TIMESTAMP}.".encode() + BODY)), "id is missing"),
        (v1(mac(f"{TIMESTAMP}.{ID}.".encode() + BODY)), "order is wrong"),
        (v1(mac(f"{ID}{TIMESTAMP}".encode() + BODY)), "dots"),
        (v1(mac(dumped())), "letters with marks"),
        (v1(mac(dumped(ensure_ascii=False, indent=2))), "blanks or order"),
        (v1(mac(CONTENT + b"\n")), "line break"),
        (v1(mac(digest="sha512")), "not SHA-512"),
        (v1(mac(digest="sha1")), "not SHA-1"),
        ("v1," + mac().hex(), "hexadecimal"),
        (base64.b64encode(mac()).decode(), "lacks the `v1,`"),
    ],
)
def test_the_mistake_is_told(signature: str, words: str) -> None:
    [said] = told(signature)
    assert words in said


def test_two_mistakes_are_two_sentences() -> None:
    assert len(told(mac(BODY).hex())) == 3  # No version, hexadecimal digits, and the body alone.


def test_url_safe_digits_are_told() -> None:
    """Where they differ from plain base64 at all: with - or _, or without their padding."""
    url_safe = base64.urlsafe_b64encode(mac()).decode().rstrip("=")
    assert "plain base64" in told(f"v1,{url_safe}")[0]


def test_nothing_is_wrong_with_what_is_right() -> None:
    assert told(v1(mac())) == []


@given(some.binary(min_size=32, max_size=32), some.binary(max_size=200), some.text(max_size=60))
def test_what_is_not_explained_is_not_explained(digits: bytes, body: bytes, anything: str) -> None:
    assert told(v1(digits), body) == []
    assert told(anything, body) == []


def test_what_is_told_is_told_in_both_languages() -> None:
    headers = {"webhook-id": ID, "webhook-timestamp": TIMESTAMP, "webhook-signature": v1(mac(BODY))}
    [text] = mistakes(SECRET, headers, BODY)
    assert text.vi != text.en
