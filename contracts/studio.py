"""The admin's API on drafts of specs: begun from what a system says it offers, tried on it, and put to work."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.admin import Reason, SpecMistake, SpecText, TriedOperation
from contracts.observation import AgencyId
from contracts.texts import NO_NUL

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NO_NUL)]
Operation = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DraftToBegin(_Request):
    """An agency that is new, and the document of its system: WSDL or OpenAPI. Without one its draft is empty."""

    id: Annotated[AgencyId, Field(description="Such as so-xd; no agency has it yet.")]
    name_vi: Name
    name_en: Name | None = None
    address: Annotated[str, StringConstraints(max_length=2000, pattern=NO_NUL)] | None = Field(
        default=None, description="Where the document is."
    )
    document: Annotated[str, StringConstraints(max_length=500_000, pattern=NO_NUL)] | None = Field(
        default=None, description="The document itself, which goes before its address."
    )
    private: bool = Field(default=False, description="Whether its address may be one of a private network.")


class DraftToKeep(_Request):
    text: Annotated[SpecText, StringConstraints(pattern=NO_NUL)]
    digest: Annotated[str, StringConstraints(max_length=64)] = Field(description="Of the draft that was changed.")


class SpecDraft(BaseModel):
    """An agency's draft; the spec at work where nobody has begun one."""

    agency: AgencyId
    text: str
    digest: str = Field(description="Of the text, to be told back by who changes it.")
    based_on: int | None = Field(description="The version that it was begun from; null for an agency that has none.")
    author: str | None = Field(description="Null where it is the spec at work.")
    saved_at: AwareDatetime | None
    document: str | None = Field(description="The document that it was drafted from.")
    guessed: dict[str, str] = Field(
        description="Status words, and the codes that were guessed for them, as long as nobody has looked at them."
    )
    guessed_digest: str = Field(description="Of those, to be told back by who has looked at them and publishes it.")
    mistakes: list[SpecMistake]


class DraftHead(BaseModel):
    """A draft that somebody has begun."""

    agency: AgencyId
    based_on: int | None
    author: str
    saved_at: AwareDatetime


class SpecDrafts(BaseModel):
    items: list[DraftHead]


class OfferedOperation(BaseModel):
    """What the document says that the system does."""

    name: str
    method: str
    path: str
    takes: list[str]
    gives: list[str]


class Choice(_Request):
    """Which of the operations looks a dossier up, and which lists what changed; null for none."""

    lookup: Operation | None
    changes: Operation | None


class Offered(BaseModel):
    operations: list[OfferedOperation]
    lost: list[str] = Field(description="What cannot be used of the document, and why.")
    chosen: Choice = Field(description="By the draft.")
    guessed: Choice = Field(description="By their names and what they take.")


class DraftToTry(_Request):
    code: Annotated[str, StringConstraints(max_length=80, pattern=NO_NUL)] | None = Field(
        default=None, description="Of a dossier to look up; one of those that changed where it is left out."
    )


class MappedField(BaseModel):
    """How one fact of the first record came about."""

    fact: str
    expression: str
    raw: Any
    value: Any
    problem: str | None


class StatusWord(BaseModel):
    """A word of the agency's."""

    word: str
    seen: int = Field(description="How many records of the trial had it.")
    status: str | None = Field(description="What the draft says that it means.")
    likely: str | None = Field(description="What it is most like.")


class DraftTried(BaseModel):
    """What the agency answered, and what the draft makes of it. It is about people, and kept for a day."""

    at: AwareDatetime
    code: str | None
    tried: list[TriedOperation]
    fields: list[MappedField]
    words: list[StatusWord]


class DraftToPublish(_Request):
    reason: Reason
    guessed_digest: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="", description="As the draft tells it, by who has looked at what was guessed."
    )


class DraftToRebase(_Request):
    version: Annotated[int, Field(ge=1, lt=2**31)] = Field(description="The one at work, which was looked at.")
