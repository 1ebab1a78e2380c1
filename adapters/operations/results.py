"""Fetches result files: base64 inside of an answer, or the answer's own body; and looks whether it is a file."""

import re
import unicodedata
from base64 import b64decode
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Any

from adapters.answers import AnswerReader, maybe, said
from adapters.calling.client import RawAnswer
from adapters.paging.paging import text_of
from adapters.speaker import Speak
from contracts.adapter import Priority
from contracts.codes import code_key
from contracts.errors import Malformed, NotFound, Rejected
from contracts.operations import FetchFile
from contracts.submission import ResultFile

_PDF, _ZIP, _PNG, _JPEG = "application/pdf", "application/zip", "image/png", "image/jpeg"
#: How files of a kind begin; some write something before a PDF.
_BEGINNINGS = {
    _PDF: re.compile(rb"(?s).{0,1019}?%PDF-"),
    _ZIP: re.compile(rb"PK(\x03\x04|\x05\x06)"),
    _PNG: re.compile(rb"\x89PNG\r\n\x1a\n"),
    _JPEG: re.compile(rb"\xff\xd8\xff"),
}
#: What promises one of these kinds: a media type, or how a name ends. Documents of Office are zips.
_PROMISES = {
    _PDF: (_PDF, "application/x-pdf", ".pdf"),
    _ZIP: (_ZIP, "application/x-zip-compressed", ".zip", ".docx", ".xlsx"),
    _PNG: (_PNG, ".png"),
    _JPEG: (_JPEG, "image/jpg", ".jpg", ".jpeg"),
}
#: What says little of what there is, and how a message begins that is called so.
_UNTOLD = (None, "application/octet-stream", "text/html", "text/plain")
_MESSAGE = {
    "json": re.compile(rb"\s*(\xef\xbb\xbf)?\s*(\[|\{(?!\\rtf))"),
    "xml": re.compile(rb"\s*(\xef\xbb\xbf)?\s*<"),
}
_WEB_PAGE = re.compile(rb"\s*(\xef\xbb\xbf)?\s*<(!doctype\s+html|html)\b", re.IGNORECASE)

_MAX_NAME = 200


class ResultFetch:
    """An agency's way to give results."""

    def __init__(self, operation: FetchFile, speak: Speak) -> None:
        """Raises ValueError where the operation cannot work."""
        self._answer = AnswerReader(operation.answer, papers=True)
        self._speaker = speak("result", operation.request, self._answer, ("code", "reference"))
        self._expression = operation.content
        self._content, self._name = maybe(operation.content), maybe(operation.name)
        if not self._speaker.names:
            raise ValueError("the result's request names neither {code} nor {reference}")

    async def __call__(self, code: str, reference: str | None) -> ResultFile:
        names = self._speaker.names
        if "code" in names and not code_key(code):
            raise NotFound("A code without letters and digits is no dossier's.")
        if "reference" in names and not reference:
            # Left out of the request, it would ask for any file at all.
            raise Rejected("What the agency calls the dossier is not known, and the result goes by that.", sent=False)

        def read(raw: RawAnswer) -> ResultFile:
            return self._own_body(raw) if self._content is None else self._inside(raw)

        values = {"code": code, "reference": reference}
        return await self._speaker.ask(values, read, priority=Priority.PERSON)

    def _inside(self, raw: RawAnswer) -> ResultFile:
        content = self._answer.content(self._speaker.document(raw))
        text = said(self._content, content)
        if not isinstance(text, str) or not text.strip():
            kind = "nothing" if text is None or text == "" else type(text).__name__
            raise Malformed(f"Where the file should be ({self._expression}) there is {kind}.")
        try:
            file = b64decode("".join(text.split()), validate=True)
        except ValueError:
            raise Malformed(f"What is at {self._expression} is not base64.") from None
        return _checked(file, _plain(text_of(said(self._name, content))), None)

    def _own_body(self, raw: RawAnswer) -> ResultFile:
        header = raw.headers.get("content-type", "")
        declared = header.partition(";")[0].strip().lower() or None
        holds = self._answer.holds
        is_message = _holds(declared) == holds or (declared in _UNTOLD and _MESSAGE[holds].match(raw.body))
        if raw.status >= 300 or is_message:
            # It is about the file: there is none yet, or something is wrong.
            self._answer.content(self._speaker.document(raw))
            raise Malformed(f"In the place of a file there is an answer in {holds.upper()}, and nothing that says why.")
        return _checked(raw.body, _disposed(raw.headers.get("content-disposition", "")), declared)


def _checked(content: bytes, name: str | None, declared: str | None) -> ResultFile:
    """The file, if it is what its type and its name promise."""
    if not content:
        raise Malformed("The file is empty.")
    found = next((kind for kind, beginning in _BEGINNINGS.items() if beginning.match(content)), None)
    for promise in filter(None, (declared, "." + name.rpartition(".")[2].lower() if name else None)):
        promised = next((kind for kind, promises in _PROMISES.items() if promise in promises), None)
        if promised and promised != found:
            what = "a web page" if _WEB_PAGE.match(content) else found or "something else"
            raise Malformed(f"The file is said to be {promise}, and is {what}.")
    if found is None and _WEB_PAGE.match(content):
        raise Malformed("In the place of a file there is a web page.")
    media_type = found or declared if declared in _UNTOLD else declared
    return ResultFile(name=name, media_type=media_type, content=content)


def _holds(media_type: str | None) -> str | None:
    """json or xml, where a media type says so."""
    kind = re.fullmatch(r"(?:application|text)/(?:[\w.-]+\+)?(json|xml)", media_type or "")
    return kind.group(1) if kind else None


def _disposed(header: str) -> str | None:
    """The file name in a Content-Disposition (RFC 6266)."""
    message = Message()
    message["Content-Disposition"] = header
    found: list[Any] = [
        value for name, value in message.get_params([], "content-disposition") if name.lower() == "filename"
    ]
    # filename* goes before filename, which is for programs that cannot read it.
    found.sort(key=lambda value: isinstance(value, str))
    return _plain(collapse_rfc2231_value(found[0])) if found else None


def _plain(name: str | None) -> str | None:
    """`name` without folders, and without what only seems to be nothing: a name comes from outside."""
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", name or "")[-1])
    seen = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip(" .")
    if len(seen) > _MAX_NAME:
        stem, dot, ending = seen.rpartition(".")
        seen = stem[: _MAX_NAME - 1 - len(ending)] + dot + ending if len(ending) < 10 else seen[:_MAX_NAME]
    return seen or None
