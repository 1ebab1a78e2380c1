"""MTOM: answers of several parts, where what is binary stands outside of the envelope."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from email.message import Message
from email.parser import BytesHeaderParser
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from contracts.errors import Malformed


class Parts:
    """A message of several parts (multipart/related)."""

    def __init__(self, content_type: str, body: bytes) -> None:
        """Raises Malformed for what is not whole."""
        head = Message()
        head["Content-Type"] = content_type
        boundary, start = head.get_param("boundary"), head.get_param("start")
        if not isinstance(boundary, str) or not boundary:
            raise Malformed("The answer has several parts, and does not say where one ends.")
        self._texts: dict[str, str] = {}
        self._parts: dict[str, tuple[Message, bytes]] = {}
        # RFC 2046 lets anything come before the first line of the boundary, and after the last.
        delimiter = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\r?\n|$)")
        found = list(delimiter.finditer(body))
        if len(found) < 2 or not found[-1].group(1) or any(each.group(1) for each in found[:-1]):
            raise Malformed("The answer has several parts, and is not whole.")
        for this, following in pairwise(found):
            self._add(body[this.end() : following.start()])
        if isinstance(start, str) and _bare(start) not in self._parts:
            raise Malformed("The answer lacks the part that it says comes first.")
        self._root = _bare(start) if isinstance(start, str) else next(iter(self._parts))

    @property
    def root(self) -> bytes:
        """The part with the envelope."""
        return _content(*self._parts[self._root])

    def included(self, value: Any) -> Any:
        """`value`, as xml.parse gives it, with each xop:Include replaced by its part, as base64."""
        if isinstance(value, list):
            return [self.included(each) for each in value]
        if not isinstance(value, dict):
            return value
        include = value.get("Include")
        if isinstance(include, Mapping) and isinstance(href := include.get("@href"), str) and href.startswith("cid:"):
            others = {name: each for name, each in value.items() if name.startswith("@")}
            text = self._text(unquote(href.removeprefix("cid:")))
            return {**others, "#text": text} if others else text
        return {name: self.included(each) for name, each in value.items()}

    def _add(self, part: bytes) -> None:
        blank = re.search(rb"\r?\n\r?\n", part)
        if blank is None:
            raise Malformed("A part of the answer has no content.")
        head = BytesHeaderParser().parsebytes(part[: blank.start()].lstrip())
        self._parts[_bare(head.get("Content-ID", f"part {len(self._parts)}"))] = head, part[blank.end() :]

    def _text(self, name: str) -> str:
        if name not in self._parts:
            raise Malformed("The answer lacks a part that it refers to.")
        if name not in self._texts:
            # One part may be referred to many times, and is kept once.
            self._texts[name] = b64encode(_content(*self._parts[name])).decode()
        return self._texts[name]


def _bare(content_id: str) -> str:
    return content_id.strip().removeprefix("<").removesuffix(">")


def _content(head: Message, content: bytes) -> bytes:
    encoding = head.get("Content-Transfer-Encoding", "binary").strip().lower()
    if encoding in ("binary", "8bit", "7bit"):
        return content
    if encoding != "base64":
        raise Malformed("A part of the answer is encoded in a way that nobody knows.")
    try:
        return b64decode(b"".join(content.split()), validate=True)
    except Base64Error:
        raise Malformed("A part of the answer is not the base64 that it says.") from None
