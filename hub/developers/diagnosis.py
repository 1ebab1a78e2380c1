"""Why a signature does not match: the mistakes that senders make are tried, one after the other, with the real secret.

Pure. Says nothing of the secret, and nothing where none of them is it.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from hub.portal.texts import Text


@dataclass(frozen=True, slots=True)
class _Try:
    key: bytes
    content: bytes
    digest: str
    mistake: Text


_DECODED_NOT = Text(
    "Khóa được dùng như văn bản. Bỏ `whsec_` rồi giải base64 phần còn lại: khóa là các byte ấy.",
    "The secret was used as text. Take `whsec_` off and decode the rest from base64: those bytes are the key.",
)
_BODY_ALONE = Text(
    "Chỉ ký thân. Hãy ký `id.timestamp.body`, nối bằng dấu chấm.",
    "The body alone was signed. Sign `id.timestamp.body`, with dots between.",
)
_WITHOUT_TIME = Text("Thiếu giờ: hãy ký `id.timestamp.body`.", "The time is missing: sign `id.timestamp.body`.")
_WITHOUT_ID = Text("Thiếu id: hãy ký `id.timestamp.body`.", "The id is missing: sign `id.timestamp.body`.")
_ORDER = Text("Sai thứ tự: `id.timestamp.body`.", "The order is wrong: `id.timestamp.body`.")
_NO_DOTS = Text("Thiếu dấu chấm giữa ba phần.", "The dots between the three parts are missing.")
_ESCAPED = Text(
    "Ký một thân khác với thân đã gửi: chữ có dấu được viết `\\u…` trong bản đã ký. Chuyển thành byte một lần, rồi ký "
    "và gửi chính các byte ấy.",
    "Another body was signed than was sent: letters with marks were written `\\u…` in what was signed. Make the bytes "
    "once, then sign and send those.",
)
_RESERIALISED = Text(
    "Ký một thân khác với thân đã gửi: khoảng trắng hoặc thứ tự khác. Chuyển thành byte một lần, rồi ký và gửi chính "
    "các byte ấy.",
    "Another body was signed than was sent: blanks or order differ. Make the bytes once, then sign and send those.",
)
_NEWLINE = Text(
    "Thân được gửi có dấu xuống dòng ở cuối mà bản đã ký không có, hoặc ngược lại (với curl, dùng `--data-binary`).",
    "What was sent ends with a line break and what was signed does not, or the other way round (with curl, use "
    "`--data-binary`).",
)
_SHA512 = Text("Dùng SHA-256, không phải SHA-512.", "Use SHA-256, not SHA-512.")
_SHA1 = Text("Dùng SHA-256, không phải SHA-1.", "Use SHA-256, not SHA-1.")
_HEX = Text(
    "Chữ ký viết ở hệ 16. Hãy viết base64 của 32 byte.",
    "The signature is written in hexadecimal digits. Write the base64 of the 32 bytes.",
)
_NO_VERSION = Text("Thiếu `v1,` trước chữ ký.", "The signature lacks the `v1,` before it.")
_URL_SAFE = Text("Dùng base64 thường (`+` và `/`), có `=` ở cuối.", "Use plain base64 (`+` and `/`), padded with `=`.")


def mistakes(secret: str, headers: Mapping[str, str], body: bytes) -> list[Text]:
    """What was done otherwise than agreed, where that explains the signature; none where it is right or unexplained.

    `headers` by names in small letters; `body` whole.
    """
    given = headers.get("webhook-signature", "").strip()
    id, timestamp = headers.get("webhook-id", "").encode(), headers.get("webhook-timestamp", "").encode()
    for token in given.split()[:8] or [given]:
        version, comma, rest = token.partition(",")
        written = [] if comma else [_NO_VERSION]
        for digits, how in _readings(rest if comma else version):
            for each in _tries(secret, id, timestamp, body):
                if hmac.compare_digest(hmac.digest(each.key, each.content, each.digest), digits):
                    right = each.mistake == _RIGHT
                    return [*written, *how, *([] if right else [each.mistake])]
    return []


_RIGHT = Text("", "")
#: How JSON is written, by indentation and by what stands after items and names: compact, loose, and in lines.
_WAYS: tuple[tuple[int | None, str, str], ...] = ((None, ",", ":"), (None, ", ", ": "), (2, ",", ": "), (4, ",", ": "))


def _readings(text: str) -> Iterator[tuple[bytes, list[Text]]]:
    """The digits of a signature, however they were written."""
    with suppress(binascii.Error, ValueError):
        yield base64.b64decode(text, validate=True), []
    with suppress(ValueError):
        yield bytes.fromhex(text), [_HEX]
    with suppress(binascii.Error, ValueError):
        yield base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), [_URL_SAFE]


def _tries(secret: str, id: bytes, timestamp: bytes, body: bytes) -> Iterator[_Try]:
    bare = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        return
    content = b"%s.%s.%s" % (id, timestamp, body)
    yield _Try(key, content, "sha256", _RIGHT)
    for text in (secret, bare):
        yield _Try(text.encode(), content, "sha256", _DECODED_NOT)
        yield _Try(text.encode(), body, "sha256", _BODY_ALONE)
    yield _Try(key, body, "sha256", _BODY_ALONE)
    yield _Try(key, b"%s.%s" % (id, body), "sha256", _WITHOUT_TIME)
    yield _Try(key, b"%s.%s" % (timestamp, body), "sha256", _WITHOUT_ID)
    yield _Try(key, b"%s.%s.%s" % (timestamp, id, body), "sha256", _ORDER)
    yield _Try(key, id + timestamp + body, "sha256", _NO_DOTS)
    for other, mistake in _other_bodies(body):
        yield _Try(key, b"%s.%s.%s" % (id, timestamp, other), "sha256", mistake)
    yield _Try(key, content, "sha512", _SHA512)
    yield _Try(key, content, "sha1", _SHA1)


def _other_bodies(body: bytes) -> Iterator[tuple[bytes, Text]]:
    """What may have been signed in place of `body`."""
    yield body.rstrip(b"\r\n"), _NEWLINE
    yield body + b"\n", _NEWLINE
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return
    for escaped, mistake in ((False, _RESERIALISED), (True, _ESCAPED)):
        for indent, item, name in _WAYS:
            for ordered in (False, True):
                text = json.dumps(said, ensure_ascii=escaped, separators=(item, name), indent=indent, sort_keys=ordered)
                yield text.encode("utf-8", "replace"), mistake
