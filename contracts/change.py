"""The change feed: that a dossier changed, how, and how it stands since. No personal data."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, Field

from contracts.dossier import DossierState
from contracts.status import DossierStatus


class ChangeType(StrEnum):
    """What happened to a dossier."""

    CREATED = "dossier.created"
    #: It came to another status.
    STATUS = "dossier.status"
    #: Anything else that is told of it.
    DETAILS = "dossier.details"
    #: The agency's system has it no more; and has it again.
    GONE = "dossier.gone"
    BACK = "dossier.back"
    #: Something was said of its past. How it stands is as before, but for when it was last spoken of.
    HISTORY = "dossier.history"
    #: Another agency handles it from now on.
    MOVED = "dossier.moved"
    #: It turned out to be the same as another one: `subject` is no more, `data` is the one that it is part of.
    JOINED = "dossier.joined"


class DossierChanged(BaseModel):
    """One event, of the same shape as those that agencies push: `type`, `timestamp`, `data`."""

    id: str = Field(description="The event's own number. Of one dossier, the greater one happened later.")
    type: ChangeType
    timestamp: AwareDatetime = Field(description="When the hub began to record the change.")
    subject: str = Field(
        description="`id` of the dossier that changed; after `dossier.joined` there is none of that id."
    )
    status_before: DossierStatus | None = Field(description="The national status before the change.")
    status_after: DossierStatus | None = Field(description="The national status after it.")
    data: DossierState = Field(description="The dossier as it is now, which may be after later changes as well.")


class ChangePage(BaseModel):
    items: list[DossierChanged]
    cursor: str = Field(description="Give it as `after` to go on from here. Keep it with what you made of the items.")
    more: bool = Field(description="True when there is more to read at once; else this is all there is so far.")
