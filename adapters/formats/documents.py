"""An answer's body as the document it holds, JSON, XML or a text, whatever charset and byte order mark it came with."""

import re
from typing import Any

import orjson

from adapters.formats import json, xml
from adapters.formats.charsets import declared_charset, decoded, is_single_bytes, is_utf8
from contracts.errors import Malformed

_BOM = b"\xef\xbb\xbf"
_XML_ENCODING = re.compile(rb"""<\?xml\s[^>]{0,100}?encoding\s*=\s*["']([\w.:-]+)""")


def parse_json(body: bytes, content_type: str = "") -> Any:
    """The JSON value in `body`, with or without a byte order mark, whatever `content_type` says that it is.

    Raises Malformed, which names the place.
    """
    text = body.removeprefix(_BOM).strip()
    if not text:
        raise Malformed("The answer is empty.")
    if text.startswith(b"<"):
        raise Malformed("The answer is a page of HTML or XML, not JSON.")
    try:
        return json.load(text)
    except orjson.JSONDecodeError as error:
        wrong = Malformed(f"The answer is not whole, valid JSON: line {error.lineno}, column {error.colno}.")
        if is_utf8(text):
            raise wrong from None
    try:
        return json.load(decoded(text, declared_charset(content_type)).strip("\ufeff \t\r\n").encode())
    except orjson.JSONDecodeError:
        raise wrong from None


def parse_xml(body: bytes, content_type: str = "") -> Any:
    """What the root of the XML document in `body` holds, as adapters.formats.xml reads it. Raises Malformed."""
    head = body.removeprefix(_BOM).lstrip()
    if not head:
        raise Malformed("The answer is empty.")
    encoding = _XML_ENCODING.match(head)
    declared = encoding.group(1).decode() if encoding else declared_charset(content_type)
    # What is declared to be in single bytes may be UTF-8 for all that, and expat would not find out.
    if not is_single_bytes(declared):
        try:
            return xml_content(*xml.parse(body))
        except Malformed as wrong:
            if is_utf8(body):
                raise Malformed(f"The answer is no XML that can be read. {wrong.message}") from None
    return xml_content(*xml.parse(decoded(body, declared)))


def parse_text(body: bytes, content_type: str = "") -> str:
    """The text that is all of `body`; "" where there is none. Raises Malformed for a web page."""
    text = decoded(body.removeprefix(_BOM), declared_charset(content_type)).strip("\ufeff \t\r\n")
    if text.startswith("<"):
        raise Malformed("The answer is a page of HTML or XML, not a text.")
    return text


def xml_content(root: str, content: Any) -> Any:
    """What a plain XML answer's root holds. Raises Malformed for a web page."""
    if root.lower() == "html":
        raise Malformed("The answer is a web page.")
    return content
