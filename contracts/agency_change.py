"""A plan by which dossiers pass from agencies to those that follow them, as data."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.observation import AgencyId
from contracts.spec_model import SpecModel
from contracts.status import DossierStatus

_Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Rule(SpecModel):
    """Which dossiers go where. All conditions given must hold; of several rules the first that fits decides."""

    to: AgencyId | None = Field(default=None, description="The successor; left out where a list says it.")
    list: _Text | None = Field(
        default=None,
        description="A CSV file beside the plan, with the columns code and agency; it says who gets which.",
    )
    received_from: date | None = Field(default=None, description="Received on this day or later, in Vietnam.")
    received_before: date | None = Field(default=None, description="Received before this day.")
    statuses: tuple[DossierStatus, ...] = ()
    procedures: tuple[_Text, ...] = Field(default=(), description="Codes, with or without an agency's tail.")
    units: tuple[_Text, ...] = Field(default=(), description="Units that codes name, such as H21.20.")
    finished: bool = Field(
        default=False,
        description="True to take those along that have come to their end; else they stay whose they are.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.to is None) == (self.list is None):
            raise ValueError("give one of `to` and `list`")
        return self


class Succession(SpecModel):
    """Agencies that ended, and where their dossiers go."""

    predecessors: tuple[AgencyId, ...] = Field(alias="from", min_length=1)
    rules: tuple[Rule, ...] = Field(min_length=1)

    @property
    def successors(self) -> tuple[AgencyId, ...]:
        """Those named by rules; lists may name others that the predecessors' specs allow."""
        return tuple(dict.fromkeys(rule.to for rule in self.rules if rule.to))

    def kind(self, successors: int) -> Literal["merge", "split", "rename", "merge and split"]:
        """What it is where there are so many successors."""
        if len(self.predecessors) > 1:
            return "merge" if successors == 1 else "merge and split"
        return "rename" if successors == 1 else "split"


class ChangePlan(SpecModel):
    """What changes among the agencies on one day."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)] = Field(
        description="Stands for this plan for ever: another plan has another id."
    )
    effective: date
    reason: _Text = Field(description="The decree or resolution.")
    changes: tuple[Succession, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_ends_once(self) -> Self:
        ended: set[str] = set()
        for change in self.changes:
            for agency in change.predecessors:
                if agency in ended:
                    raise ValueError(f"{agency} is in `from` twice; put all its rules into one change")
                ended.add(agency)
        return self
