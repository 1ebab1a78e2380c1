"""What the hub hands an agency on a citizen's behalf, and what it fetches there."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.observation import DossierCode, Unusable


class SubmittedFile(BaseModel):
    """One paper of a dossier."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    media_type: str
    content: bytes = Field(repr=False)


class Submission(BaseModel):
    """A dossier handed in, papers that were asked for, or a wish to withdraw.

    `id` is ours, and the same at each try, so that an agency which looks at it takes two for one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    code: DossierCode | None = Field(default=None, description="Where the dossier has one already.")
    reference: str | None = Field(
        default=None, description="What the agency calls the dossier, where it said so when that was submitted."
    )
    procedure_code: str
    procedure_name: str = ""
    applicant_name: str = Field(repr=False)
    applicant_phone: str | None = Field(default=None, repr=False)
    applicant_email: str | None = Field(default=None, repr=False)
    note: str | None = Field(default=None, repr=False)
    fields: dict[str, str] = Field(default={}, repr=False, description="The procedure's own form.")
    files: tuple[SubmittedFile, ...] = ()
    submitted_at: AwareDatetime


class ResultFile(BaseModel):
    """A dossier's result, as the agency gives it."""

    model_config = ConfigDict(frozen=True)

    name: str | None
    media_type: str | None
    content: bytes = Field(repr=False)


class Procedure(BaseModel):
    """A procedure (thủ tục hành chính) the agency says it offers."""

    model_config = ConfigDict(frozen=True)

    code: str
    name: str


class Procedures(BaseModel):
    """All procedures of an agency, in its own order, and the rows in which there is no code or no name."""

    model_config = ConfigDict(frozen=True)

    procedures: tuple[Procedure, ...] = ()
    unusable: tuple[Unusable, ...] = ()
