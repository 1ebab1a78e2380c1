"""A draft gets to work: from the studio, from the page of its text, or by a program."""

from hub.specs.drafts import Draft, Drafts
from hub.specs.parts import SpecParts
from hub.specs.specs import Version, Way


class Unlooked(Exception):
    """The draft has guesses that nobody has looked at."""


async def publish(
    parts: SpecParts, drafts: Drafts, draft: Draft, *, looked: str, author: str, reason: str, way: Way
) -> Version:
    """Put it to work, and it is a draft no more. `looked`: the question about its guesses that its author was shown.

    Raises Unlooked, SpecWrong, and Overtaken.
    """
    if not await drafts.settled(draft, looked, actor=author):
        raise Unlooked
    done = await parts.specs.publish(
        draft.agency, draft.text, author=author, reason=reason, way=way, based_on=draft.based_on
    )
    await drafts.drop(draft.agency, actor=author)
    await parts.shadows.stop(draft.agency, actor=author)
    await parts.follower.catch_up()
    return done
