"""A dossier in full, for whoever has proved to be its applicant."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.dossier import Dossier
from contracts.observation import AgencyId


class LastDigits(BaseModel):
    """The proof: the last digits of the applicant's identity number or phone."""

    model_config = ConfigDict(extra="forbid")

    last_digits: Annotated[str, StringConstraints(max_length=30)] = Field(
        description="Six at least, or all of them; blanks, dots and dashes do not matter.",
        examples=["123 456"],
        # Told, and not checked here: what is wrong with it is said without repeating it.
        json_schema_extra={"pattern": r"^[\s.–-]*([0-9][\s.–-]*){6,15}$"},
    )
    agency: AgencyId | None = Field(default=None, description="Which agency's, where several gave this code.")


class FullDossier(Dossier):
    """With whose dossier it is. Of numbers and addresses only what reminds their owner of them is shown: six digits
    are proof enough to read a dossier by, and not enough to learn an identity number."""

    national_code: str | None
    applicant_name: str | None
    applicant_number: str | None = Field(description="Identity or tax number, masked.")
    applicant_phone: str | None = Field(description="Masked.")
    applicant_email: str | None = Field(description="Masked.")
    note: str | None = Field(description="The officer's words.")
