"""The steps of a dossier's status, as its row keeps them: whoever asks for a dossier reads no line of its history.

One step after the other, none knowing of those before it, so that a new one is put at the end. What is in a row is
always what `timeline` makes of the whole history; `hub index check` compares them. Where they were not kept with the
last change of the row, for a process of the version before made it, the history tells.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from struct import Struct

from contracts.observation import Channel
from hub.index.merge import Step

# Status, channel, when it happened and when it was heard (microseconds since 1970), bytes of the agency's word and one
# more (0: it gave none), bytes of the name of who said it (0: as Step's None). Word and name follow.
_HEAD = Struct(">BBqqHB")

#: The steps of a row of `dossier`; null where only the history tells them.
KEPT = "CASE WHEN timeline_at = updated_at THEN timeline END AS steps"

#: A channel is kept by its place in here. A new one goes to the end.
_CHANNELS = tuple(map(str, (Channel.WEBHOOK, Channel.PULL, Channel.LOOKUP, Channel.SUCCESSION)))
PLACES = {channel: place for place, channel in enumerate(_CHANNELS)}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def packed(steps: Iterable[Step]) -> bytes:
    pieces: list[bytes] = []
    for step in steps:
        word = None if step.raw is None else step.raw.encode()
        name = step.said_by.encode() if step.said_by else b""
        pieces += (
            _HEAD.pack(
                int(step.status),
                PLACES[step.channel],
                (step.happened_at - _EPOCH) // _MICROSECOND,
                (step.observed_at - _EPOCH) // _MICROSECOND,
                0 if word is None else len(word) + 1,
                len(name),
            ),
            word or b"",
            name,
        )
    return b"".join(pieces)


def unpacked(kept: bytes) -> list[Step]:
    # Each look-up pays for this.
    steps = []
    at, end = 0, len(kept)
    while at < end:
        status, channel, happened, heard, word, name = _HEAD.unpack_from(kept, at)
        at += _HEAD.size
        raw = said_by = None
        if word:
            raw = kept[at : at + word - 1].decode()
            at += word - 1
        if name:
            said_by = kept[at : at + name].decode()
            at += name
        happened_at = _EPOCH + timedelta(microseconds=happened)
        observed_at = happened_at if heard == happened else _EPOCH + timedelta(microseconds=heard)
        steps.append(Step(str(status), happened_at, observed_at, _CHANNELS[channel], raw, said_by))
    return steps
