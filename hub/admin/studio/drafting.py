"""A draft's beginning: from the document that says what the agency's system offers, or from nothing."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from config.spec_file import SpecFile
from hub.admin.studio.tools import Tools
from hub.specs.drafts import Drafts
from hub.specs.editing import edited
from hub.specs.specs import Specs
from hub.studio.draft import draft
from hub.studio.introspect import Introspection

#: The largest document that is given by hand.
LARGEST_DOCUMENT = 500_000

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

#: For an agency that pushes, or whose interface is described nowhere.
_EMPTY = """\
id: so-moi
identifier: H21.00
identifier_is_placeholder: true
name:
  vi: Sở mới
  en: New agency
kind: department
enabled: false
"""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What somebody says of an agency that is new."""

    agency: str
    name: str
    #: Its Vietnamese one where it is empty.
    name_en: str = ""
    #: Where its document is.
    source: str = ""
    #: The document itself, which goes before.
    document: str = ""
    #: Whether the address may be one of a private network.
    private: bool = False


class BeginningWrong(ValueError):
    """Nothing can be begun so."""

    def __init__(self, part: Literal["id", "name", "source"]) -> None:
        super().__init__(part)
        self.part = part


async def begin(
    drafts: Drafts, specs: Specs, tools: Tools, said: Beginning, *, actor: str, say: Callable[[str], str] = str
) -> Introspection | None:
    """Keep a draft. What its document describes; None where there is none. `say`: a sentence for who is to read it.

    Raises BeginningWrong, AgencyFailure, and ValueError for a document that cannot be used.
    """
    agency = said.agency
    if not _ID.fullmatch(agency) or len(agency) > 40 or await specs.current(agency):
        raise BeginningWrong("id")
    if not said.name:
        raise BeginningWrong("name")
    if said.source and urlsplit(said.source).scheme not in ("http", "https"):
        raise BeginningWrong("source")
    seen: Introspection | None = None
    if said.document:
        kind = "wsdl" if said.document.startswith("<") else "openapi"
        seen = await tools.take(f"{agency}.{kind}", said.document, actor=actor)
    elif said.source:
        seen = await tools.fetch(said.source, private=said.private, actor=actor)
    text = _EMPTY
    if seen:
        text = _lost(seen.refused, say)
        text += draft(seen.found, agency, address=seen.address, private=said.private, say=say)
    named = {("id",): agency, ("name", "vi"): said.name, ("name", "en"): said.name_en or said.name}
    text = edited(text, named | {("enabled",): bool(seen)})
    document = next(iter(seen.documents)) if seen else None
    guessed = SpecFile(Path(f"{agency}.yaml"), text=text).parts.statuses
    await drafts.begin(agency, text, document=document, actor=actor, guessed=guessed)
    return seen


def _lost(refused: Sequence[str], say: Callable[[str], str]) -> str:
    """What could not be fetched, told in the draft."""
    return "".join(f"# {say('lost')}: {' '.join(say(sentence).split())}\n" for sentence in refused)
