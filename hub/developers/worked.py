"""The worked example of a signature, step by step: fixed, so that a reader gets the same digits."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass

SECRET = "whsec_" + base64.b64encode(b"gia-lai-khoa-mau-24-byte").decode()
ID = "hs-0007-lan-3"
TIMESTAMP = 1_795_654_800
BODY = (
    '{"type":"dossier.updated","timestamp":"2026-11-26T08:00:00+07:00","data":{"code":"H21.99-261126-0007",'
    '"occurred_at":"2026-11-26T07:58:21+07:00","status":"DANG_XU_LY","applicant":{"name":"Nguyễn Thị Ánh"}}}'
)


@dataclass(frozen=True, slots=True)
class Worked:
    secret: str
    key_hex: str
    id: str
    timestamp: int
    body: str
    pretty: str
    body_bytes: int
    #: What is signed, up to where the body begins.
    head: str
    digest_hex: str
    signature: str
    #: The same in a shell, for whoever would rather see it happen.
    shell: str


def example() -> Worked:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    head = f"{ID}.{TIMESTAMP}."
    digest = hmac.digest(key, (head + BODY).encode(), hashlib.sha256)
    shell = (
        f"printf '%s' '{head}{BODY}' |\n"
        f"  openssl dgst -sha256 -mac HMAC -macopt hexkey:{key.hex()} -binary |\n"
        "  openssl base64 -A"
    )
    return Worked(
        secret=SECRET,
        key_hex=key.hex(),
        id=ID,
        timestamp=TIMESTAMP,
        body=BODY,
        pretty=json.dumps(json.loads(BODY), ensure_ascii=False, indent=2),
        body_bytes=len(BODY.encode()),
        head=head,
        digest_hex=digest.hex(),
        signature="v1," + base64.b64encode(digest).decode(),
        shell=shell,
    )
