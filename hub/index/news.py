"""What of that which was heard about a dossier is news: to be written into its history."""

from collections.abc import Collection, Iterable
from datetime import datetime

from contracts.observation import Channel, Facts, Observation
from hub.index.merge import Entry, State, entry_from, in_order
from hub.vault import Vault


def repeats(entry: Entry, top: bytes | None, heard: Iterable[Entry]) -> bool:
    """Whether it only says again what the line `top` said, and nothing that was `heard` with it says otherwise."""
    return entry.repeats(top) and not any(
        other.moment == entry.moment and other.digest != entry.digest for other in heard
    )


def is_alive(entry: Entry, gone_at: datetime | None) -> bool:
    """Whether the agency itself shows a dossier that was gone, which a late event does not."""
    return (
        gone_at is not None
        and entry.observed_at > gone_at
        and entry.channel != Channel.WEBHOOK
        and "gone_at" not in entry.facts
    )


def news(agency: str, entries: Collection[Entry], before: State | None, vault: Vault) -> list[Entry]:
    """The lines to write of what was heard about one dossier, now that nobody else writes about it."""
    lines: list[Entry] = []
    top, moment = (before.top, before.moment) if before else (None, None)
    gone_at = before.facts.get("gone_at") if before else None
    for entry in in_order(entries):
        is_above = moment is None or entry.moment > moment
        if is_above and repeats(entry, top, entries):
            continue
        lines.append(entry)
        if is_above:
            top, moment = entry.digest, entry.moment
        elif is_alive(entry, gone_at) and moment is not None:
            # What it says is below the word that the dossier is gone. That it says it is above.
            seen = Observation(
                agency=agency,
                code=entry.code,
                revision=moment.rank if moment.numbered else None,
                settles=True,
                facts=Facts(),
                observed_at=entry.observed_at,
                channel=Channel(entry.channel),
            )
            lines.append(entry_from(seen, vault, entry.correlation_id))
    return lines
