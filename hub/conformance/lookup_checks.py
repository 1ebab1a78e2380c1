"""How the system answers when it is asked for one dossier."""

from contracts.errors import Malformed, NotFound, Rejected
from contracts.observation import Facts, Observation
from hub.conformance.asking import Told
from hub.conformance.case import Case, Examine
from hub.conformance.report import Checks, Need, Verdict, untried, well, wrong

CHECKS = Checks[Examine]()

#: Of the right shape, and nobody's.
NOBODYS = "H21.99-000101-9999999"
#: What people type, and what breaks programs that put a code into SQL, LIKE or a path as it is.
_HOSTILE = ("H21.99' OR '1'='1", "%", "H21.99-\u1ea1\u0111", "H21.99/../../x", "9" * 80)


def _nothing(case: Case) -> Verdict | None:
    return None if case.asking.spec.operations.lookup else untried("the spec has no look-up")


@CHECKS.check(
    "lookup.known",
    Need.MUST,
    "A dossier that exists is found and understood",
    why="It is what the citizen asks for.",
    mend="Compare what was seen with the mapping: `hub adapter try SPEC --code CODE` shows each step.",
)
async def _known(case: Case) -> Verdict:
    if not case.alone:
        return _nothing(case) or untried("no code is known: the list gave none; give --code")
    for told in case.alone.values():
        if told.observation is None:
            what = told.reading.unusable[0].message if told.reading and told.reading.unusable else told.words
            return wrong(what if told.failure else f"{told.line}: {what}")
    return well(f"{len(case.alone)} dossiers")


@CHECKS.check(
    "lookup.same",
    Need.MUST,
    "A look-up says the same as the list",
    why="A dossier that has two states at once has none that can be trusted; it would change to and fro in the portal.",
    mend="Read both from the same table or view, and convert dates and statuses by the same code.",
)
async def _same(case: Case) -> Verdict:
    listed = {row.code: row for row in case.rows}
    both = [(row, told) for code, told in case.known.items() if (row := listed.get(code))]
    if not both:
        return _nothing(case) or untried("no dossier was both listed and looked up")
    for row, told in both:
        assert told.observation
        if _moved_on(row, told.observation):
            continue
        if told.observation.occurred_at and row.occurred_at != told.observation.occurred_at:
            listed_at, told_at = row.occurred_at, told.observation.occurred_at
            return wrong(f"{row.code} changed at {listed_at} by the list, {told_at} by the look-up")
        said = row.facts.model_fields_set & told.observation.facts.model_fields_set
        if differing := [n for n in Facts.model_fields if n in said and _fact(row, n) != _fact(told.observation, n)]:
            return wrong(f"{row.code}: {', '.join(differing)} differ")
    return well(f"{len(both)} dossiers")


def _fact(row: Observation, name: str) -> object:
    return getattr(row.facts, name)


def _moved_on(listed: Observation, now: Observation) -> bool:
    """Whether it changed between the two questions."""
    if listed.revision is not None and now.revision is not None:
        return now.revision > listed.revision
    return bool(listed.occurred_at and now.occurred_at and now.occurred_at > listed.occurred_at)


@CHECKS.check(
    "lookup.steady",
    Need.MUST,
    "Asked twice, it says the same",
    why="Each difference is a change to us: history fills up, and people are told of news that are none.",
    mend="Give the time of change that is stored with the dossier, never the time of the answer.",
)
async def _steady(case: Case) -> Verdict:
    if not case.known:
        return _nothing(case) or untried("no dossier could be looked up")
    code, before = next(iter(case.known.items()))
    again = await case.asking.look_up(code)
    if again.observation is None:
        return wrong(f"the second time: {again.words}")
    assert before.observation
    left = {"observed_at"}
    if before.observation.model_dump(exclude=left) == again.observation.model_dump(exclude=left):
        return well(code)
    if before.observation.occurred_at != again.observation.occurred_at:
        return wrong(f"{code}: changed at {before.observation.occurred_at}, then at {again.observation.occurred_at}")
    return wrong(f"{code}: what it says of the dossier differs")


@CHECKS.check(
    "lookup.unknown",
    Need.MUST,
    "A code that nobody has is said to be unknown",
    why="To the citizen `there is no such dossier` and `the agency's system is out of order` are two different "
    "things. Taken for an outage, every mistyped code counts as one.",
    mend="Answer 404; or 200 with an empty result or a code of its own, and have `absent_when` in the spec say how "
    "that looks.",
)
async def _unknown(case: Case) -> Verdict:
    if found := _nothing(case):
        return found
    told = await case.asking.look_up(NOBODYS)
    if isinstance(told.failure, NotFound):
        return well(told.line)
    if told.failure is None:
        return wrong(f"{told.line}, and a dossier in it")
    return wrong(told.words)


@CHECKS.check(
    "lookup.whole",
    Need.MUST,
    "A part of a code is not the code",
    why="Whoever leaves a digit off would be shown another person's dossier.",
    mend="Compare codes with `=`, never with LIKE or `contains`.",
)
async def _whole(case: Case) -> Verdict:
    if not case.known:
        return _nothing(case) or untried("no dossier could be looked up")
    code = next(iter(case.known))
    told = await case.asking.look_up(code[:-1])
    if isinstance(told.failure, NotFound) or _is_about(told, code[:-1]):
        return well(f"{code[:-1]}: not found")
    if isinstance(told.failure, Malformed | Rejected) or told.failure is None:
        return wrong(f"asked for {code[:-1]}: {told.words}")
    return untried(told.words)


def _is_about(told: Told, code: str) -> bool:
    return told.observation is not None and told.observation.code == code


@CHECKS.check(
    "lookup.hostile",
    Need.MUST,
    "Quotes, percent signs, Vietnamese letters and long codes are unknown codes and nothing more",
    why="People type them, and attackers do. A system that fails upon a quote most often runs what stands after it.",
    mend="Bind parameters in SQL; escape the path; check a code's shape first and answer 404 (or 400) for others.",
)
async def _hostile(case: Case) -> Verdict:
    if found := _nothing(case):
        return found
    for code in _HOSTILE:
        told = await case.asking.look_up(code)
        # SOAP says all of its errors with 500.
        broke = told.status >= 500 and case.asking.system.kind != "soap"
        if broke or not isinstance(told.failure, NotFound | Rejected):
            got = "a dossier" if told.failure is None else told.failure.message
            return wrong(f"asked for {code[:24]!r}: {told.line}. {got}")
    return well(f"{len(_HOSTILE)} codes")
