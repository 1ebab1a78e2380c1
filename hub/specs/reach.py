"""What those who keep some agencies do not reach: drafts of new ones, and secrets that are others', which would be sent
to whatever address a spec says."""

from config.spec_file import Mistake
from hub.access.scopes import Caller, Scope
from hub.secrets.keeping import names_in
from hub.specs.drafts import Draft
from hub.specs.texts import spec_in


def may_look(caller: Caller, draft: Draft) -> bool:
    """Among agencies that are the caller's: one that is new is for who keeps the hub."""
    return draft.based_on is not None or caller.may(Scope.ADMIN_MANAGE)


def beyond(caller: Caller, before: str | None, text: str) -> list[Mistake]:
    """What is wrong with `text` for this caller alone. `before`: the spec at work, whose secrets are the agency's."""
    if caller.agencies is None:
        return []
    spec = spec_in(text)
    known = spec_in(before) if before else None
    new = names_in(spec) - (names_in(known) if known else set()) if spec else set()
    words = "the spec at work does not name this secret; only who is for all agencies can add one"
    return [Mistake("", None, name, words) for name in sorted(new)]
