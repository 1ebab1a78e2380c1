"""What a call of `record` made of one dossier: how it stood before, and how it stands now."""

from collections.abc import Sequence
from typing import NamedTuple

from hub.index.merge import Entry, State
from hub.index.rows import Seals


class Standing(NamedTuple):
    """How a dossier stands."""

    #: Whoever has had it, in order; the last one has it now.
    agencies: tuple[str, ...]
    state: State


class Settled(NamedTuple):
    """A dossier before and after the call, and its new lines of history."""

    dossier_id: int
    #: None for one that nobody knew.
    before: Standing | None
    #: None for one that is now a part of another.
    after: Standing | None
    lines: Sequence[Entry]
    seals: Seals
    part_of: int | None = None

    @property
    def correlation_id(self) -> str | None:
        """Of what changed it: that of the last of its new lines."""
        return self.lines[-1].correlation_id if self.lines else None

    @property
    def kind(self) -> str:
        """As contracts.change.ChangeType."""
        if self.after is None:
            return "joined"
        if self.before is None:
            return "created"
        if self.before.agencies[-1] != self.after.agencies[-1]:
            return "moved"
        before, after = self.before.state.facts, self.after.state.facts
        was_gone, is_gone = "gone_at" in before, "gone_at" in after
        if was_gone != is_gone:
            return "gone" if is_gone else "back"
        if before.get("status") != after.get("status"):
            return "status"
        return "details" if before != after else "history"
