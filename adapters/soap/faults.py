"""A fault's own words, without the classes and stack traces around them; and whether it is about our credentials."""

import re
from collections.abc import Iterator
from typing import Any

from adapters.mapping.expressions import ExpressionError, Find, truth
from contracts.errors import AgencyFailure, Malformed, NotFound, Rejected, Unauthorized

#: How much of a fault's text goes into a message.
_WORDS = 300

# WS-Security's codes, and those that servers make up after the dot of SOAP 1.1's Client.Authentication.
_UNAUTHORIZED = {
    "failedauthentication",
    "invalidsecurity",
    "invalidsecuritytoken",
    "securitytokenunavailable",
    "unsupportedsecuritytoken",
    "failedcheck",
    "messageexpired",
    "authentication",
    "authenticationfailed",
    "authenticationfailure",
    "unauthorized",
    "accessdenied",
}

# Traces are long; what matters stands early in each of their parts. All patterns take time linear in the text.
_MAX_TEXT = 100_000
# Between an outer failure's words and those of the one that caused it.
_CAUSE = re.compile(r"--->|nested exception is:?|Caused by:")
# A frame of a .NET or Java trace ("at A.B(", "tại A.B("), and what stands between the traces of two failures.
_TRACE = re.compile(r" (?:at|tại) (?=[^\s(]*\.)[^\s(]+ ?\(| ?--- | ?\.\.\. \d+ more")
_CLASSES = re.compile(r"(?: ?[\w$.]*(?:Exception|Error|Fault|Throwable)\b ?(?:\(0x[0-9A-Fa-f]+\) ?)?(?::|$))+")
# What servers say that say nothing.
_NOTHING = re.compile(
    r"null|(?:soap[- ]?)?fault|error|server error|internal (?:server )?error|unknown error|"
    r"server was unable to process request|"
    r"fault occurred while processing|"
    r"the creator of this fault did not specify a reason|"
    r"the server was unable to process the request due to an internal error\b.*",
    re.IGNORECASE | re.DOTALL,
)
_MESSAGE_NAMES = re.compile(r"mess?age|msg|reason|description|text|thongbao|mota|noidung|loi", re.IGNORECASE)
_NO_MESSAGE_NAMES = re.compile(r"stack|trace|type|class|host|code|^ma", re.IGNORECASE)


def fault_failure(fault: Any, absent: Find | None = None) -> AgencyFailure:
    """What a fault amounts to, of SOAP 1.1 or 1.2, as xml.parse gives it.

    `absent`: the spec's `absent_fault`, if it has one.
    """
    fault = fault if isinstance(fault, dict) else {}
    words, codes = _words(fault), list(_codes(fault))
    told = {"codes": codes, "words": words, "detail": fault.get("detail", fault.get("Detail"))}
    try:
        if absent and truth(absent(told)):
            return NotFound("The agency says, by a fault, that it has no such dossier.")
    except ExpressionError as error:
        return Malformed(f"The fault is not as the spec says: {error}.")
    words = words or "no, without saying why"
    if any(part in _UNAUTHORIZED for code in codes for part in code.lower().split(".")):
        return Unauthorized(f"The agency refuses our credentials: {words}")
    return Rejected(f"The agency says: {words}")


def _words(fault: dict[str, Any]) -> str:
    said = list(_texts(fault.get("faultstring")))
    reason = fault.get("Reason")
    said += _texts(reason.get("Text") if isinstance(reason, dict) else reason)
    for text in (*said, *_detail_texts(fault.get("detail", fault.get("Detail")))):
        words = cleaned(text)
        if words and not _NOTHING.fullmatch(words.rstrip(". ")):
            return words[:_WORDS]
    # Then what says little is all there is.
    return next((text for text in map(str.strip, said) if text), "")[:_WORDS]


def cleaned(text: str) -> str:
    """The innermost failure's words in a text of .NET or Java; nothing where there are only names of classes."""
    for part in reversed(_CAUSE.split(" ".join(text[:_MAX_TEXT].split()))):
        words = _TRACE.split(part, maxsplit=1)[0]
        if classes := _CLASSES.match(words):
            words = words[classes.end() :]
        if words := words.strip(" ;:"):
            return words
    return ""


def _codes(fault: dict[str, Any]) -> Iterator[str]:
    """The fault's code and its subcodes, without their namespaces."""
    yield from (text.strip().rpartition(":")[2] for text in _texts(fault.get("faultcode")))
    code = fault.get("Code")
    while isinstance(code, dict):
        yield from (text.strip().rpartition(":")[2] for text in _texts(code.get("Value")))
        code = code.get("Subcode")


def _texts(value: Any) -> Iterator[str]:
    """The text of one element, or of each of several."""
    for each in value if isinstance(value, list) else [value]:
        text = each.get("#text") if isinstance(each, dict) else each
        if isinstance(text, str):
            yield text


def _detail_texts(detail: Any) -> list[str]:
    """The texts inside of a fault's detail, those whose name says that they are a message first."""
    leaves = [(name, text) for name, text in _leaves("", detail) if not _NO_MESSAGE_NAMES.search(name)]
    return [text for _, text in sorted(leaves, key=lambda leaf: _MESSAGE_NAMES.search(leaf[0]) is None)]


def _leaves(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(name, each)
    elif isinstance(value, dict):
        for child, each in value.items():
            if not child.startswith("@"):
                yield from _leaves(name if child == "#text" else child, each)
