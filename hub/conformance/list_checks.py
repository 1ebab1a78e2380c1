"""How the system lists what changed: whether anything can be missed, doubled, or be taken for what it is not."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from contracts.adapter import Window
from contracts.observation import Observation
from hub.conformance.asking import Walk, is_queue
from hub.conformance.case import Case, Examine
from hub.conformance.report import Checks, Need, Verdict, either, untried, well, wrong

CHECKS = Checks[Examine]()

_ZONE = timedelta(hours=7)
_AHEAD = timedelta(minutes=5)
_BIG_PAGE = 5_000_000


def _walk(case: Case) -> Walk | Verdict:
    if case.walk is None:
        return untried("the spec has no list of changes")
    return case.walk if case.walk.rows or case.walk.unusable else untried("the list is empty")


def _of_the_list(look: Callable[[Case, Walk], Awaitable[Verdict]]) -> Examine:
    """For checks that look at what the list gave: not tried where it gave nothing."""

    async def examine(case: Case) -> Verdict:
        walk = _walk(case)
        return walk if isinstance(walk, Verdict) else await look(case, walk)

    return examine


@CHECKS.check(
    "list.reads",
    Need.MUST,
    "The list is read to its end, in the order it promises",
    why="What stands after the place where reading breaks off never reaches the hub.",
    mend="Sort by the time of change and then by something unique (`ORDER BY changed_at, code`), and go on from the "
    "last row instead of counting pages. See `pages` in docs/adapters.md.",
)
async def _reads(case: Case) -> Verdict:
    if case.walk is None:
        return untried("the spec has no list of changes")
    if case.walk.failure:
        return wrong(case.walk.words)
    if case.small and case.small.failure:
        return wrong(f"in pages of {case.small_size}, {case.small.words}")
    end = "" if case.walk.ended else ", and then we stopped"
    return well(f"{len(case.walk.rows)} rows on {len(case.walk.questions)} pages{end}")


@CHECKS.check(
    "list.statuses",
    Need.MUST,
    "Every status word is one that was agreed on",
    why="The hub never guesses: the status of such a dossier stays as it was until somebody maps the word.",
    mend="Add the words to `statuses` in the spec, each with the national code (1–10) it means, or send those codes.",
)
@_of_the_list
async def _statuses(case: Case, walk: Walk) -> Verdict:
    words = Counter(each.value or "" for each in walk.unusable if each.reason == "unknown_status")
    if words:
        return wrong(", ".join(f"{word!r} ({times}×)" for word, times in words.most_common(5)))
    if not any("status" in row.facts.model_fields_set for row in walk.rows):
        return wrong("no row has a status")
    return well()


@CHECKS.check(
    "list.fields",
    Need.MUST,
    "Every other field is in the form that was agreed on",
    why="A date or a code that cannot be read goes into quarantine, and the dossier is shown without it.",
    mend="Write dates as ISO 8601 with the zone (2026-11-20T08:00:00+07:00), and nothing at all where there is none.",
)
@_of_the_list
async def _fields(case: Case, walk: Walk) -> Verdict:
    others = [each for each in walk.unusable if each.reason != "unknown_status"]
    return wrong(f"{others[0].message} ({len(others)} such)") if others else well()


@CHECKS.check(
    "list.plausible",
    Need.MUST,
    "Times can be true: no change in the future, no year that is none",
    why="A change that is said to be of tomorrow hides all that happen until then. Seven hours ahead is a local time "
    "that is marked as UTC.",
    mend="Convert to UTC before you write `Z`, or write `+07:00`; leave dates out that are not known.",
)
@_of_the_list
async def _plausible(case: Case, walk: Walk) -> Verdict:
    soon = datetime.now(UTC) + _AHEAD
    for row in walk.rows:
        if row.occurred_at and row.occurred_at > soon:
            ahead = row.occurred_at - datetime.now(UTC)
            return wrong(f"{row.code} is said to change {ahead.total_seconds() / 3600:.1f} hours from now")
        for name in ("submitted_at", "received_at", "finished_at"):
            at = getattr(row.facts, name)
            if at and (at.year < 1990 or at > soon + timedelta(days=1)):
                return wrong(f"{name} of {row.code} is {at:%Y-%m-%d}, which cannot be")
    return well()


@CHECKS.check(
    "list.precise",
    Need.SHOULD,
    "The time of change says seconds, not only the day",
    why="Of two changes on one day nobody can tell which is the later; and each sync reads whole days again.",
    mend="Keep a timestamp with each dossier that is set at every change of it, and give that.",
)
@_of_the_list
async def _precise(case: Case, walk: Walk) -> Verdict:
    times = [row.occurred_at for row in walk.rows if row.occurred_at]
    if not times:
        return wrong("no row says when it changed")
    local = [at + _ZONE for at in times]
    if len(times) > 2 and all((at.minute, at.second) == (0, 0) for at in local):
        return wrong(f"all {len(times)} are full hours or days")
    return well()


@CHECKS.check(
    "list.pages",
    Need.MUST,
    "Going from page to page skips no row and doubles none, however many changed in the same second",
    why="A skipped dossier stays wrong in the hub until the nightly comparison finds it. Most often rows of one second "
    "have no fixed order among them, and swap pages between two questions.",
    mend="Sort by something unique at the end (`ORDER BY changed_at, code`); give a cursor made of both, and go on "
    "with `WHERE (changed_at, code) > (…, …)`. An import that stamps thousands of rows with one second is the test.",
)
@_of_the_list
async def _pages(case: Case, walk: Walk) -> Verdict:
    if is_queue(case.asking.spec):
        return untried("asking a queue for its second page would tell it that the first one is stored")
    small = case.small
    if small is None:
        return untried("fewer than 4 dossiers, or pages whose size we cannot choose")
    if walk.failure or small.failure:
        return wrong(f"see list.reads: {(small if small.failure else walk).words}")
    if len(walk.questions) == len(small.questions) == 1:
        return untried("all came on one page")
    changes = case.asking.spec.operations.changes
    assert changes
    # Reading on from the last row's time, the hub sees rows twice by its own design.
    if changes.pages.kind != "ascending":
        for rows in (walk.rows, small.rows):
            twice = [name for name, times in Counter(map(_name, rows)).items() if times > 1]
            if twice:
                return wrong(f"{len(twice)} rows came twice, such as {twice[0][0]}")
    one, other = _codes(case, walk), _codes(case, small)
    if not (walk.ended and small.ended):
        # Where we stopped reading, the ends differ.
        shared = max(0, min(len(one), len(other)) - case.small_size)
        missing = set(one[:shared]) - set(other) | set(other[:shared]) - set(one)
    else:
        missing = set(one) ^ set(other)
    if missing:
        return wrong(f"{len(missing)} dossiers came in pages of one size and not of another, such as {min(missing)}")
    crowded = max(Counter(row.occurred_at for row in walk.rows).values())
    return well(f"{len(one)} dossiers, {len(small.questions)} pages; at most {crowded} of one moment")


def _name(row: Observation) -> tuple[str, datetime | None, int | None]:
    return row.code, row.occurred_at, row.revision


def _codes(case: Case, walk: Walk) -> list[str]:
    """In their order, without what changed since we began."""
    rows = [row for row in walk.rows if row.occurred_at is None or row.occurred_at < case.began - _AHEAD]
    return list(dict.fromkeys(row.code for row in rows))


@CHECKS.check(
    "list.size",
    Need.SHOULD,
    "A page holds no more rows than were asked for",
    why="The size is chosen so that an answer is read within its time; a list in one piece grows until it is not.",
    mend="Apply the size (`LIMIT`), up to a most of your own.",
)
async def _size(case: Case) -> Verdict:
    if case.small is None or not case.small.sizes:
        return untried("fewer than 4 dossiers, or pages whose size we cannot choose")
    most = max(case.small.sizes)
    return either(most <= case.small_size, f"{most} rows where {case.small_size} were asked for")


@CHECKS.check(
    "list.since",
    Need.MUST,
    "Asked for changes since a moment, it gives all from that moment on, the moment itself included",
    why="Otherwise the hub never hears of some changes: of those in the very second where it went on, or of seven "
    "hours of them, where local time is taken for UTC.",
    mend="Compare with `>=`. Read the zone that stands in the parameter (`+07:00`, whose plus must be decoded from "
    "%2B), and compare in one zone.",
)
async def _since(case: Case) -> Verdict:
    asked = await _from_the_middle(case)
    if isinstance(asked, Verdict):
        return asked
    moment, expected, again = asked
    if again.failure:
        return wrong(again.words)
    got = {row.code for row in again.rows}
    missing = [row for row in expected if row.code not in got]
    if missing and again.ended:
        first = min(missing, key=lambda row: row.occurred_at or moment)
        exact = all(row.occurred_at == moment for row in missing)
        zone = all(row.occurred_at and row.occurred_at < moment + _ZONE for row in missing) and not exact
        hint = ", all of that very moment" if exact else ", all of the 7 hours after it" if zone else ""
        return wrong(f"since {moment:%Y-%m-%d %H:%M:%S%z}: {len(missing)} missing{hint}, such as {first.code}")
    return well(f"{len(expected)} dossiers since {moment:%Y-%m-%d %H:%M:%S%z}")


@CHECKS.check(
    "list.filters",
    Need.SHOULD,
    "Asked for changes since a moment, it gives none of before",
    why="Each sync, every minute or so, would read the whole list again: slow for you, and late for citizens.",
    mend="Filter by the time of change, not by that of submission, and do not ignore parameters you do not know.",
)
async def _filters(case: Case) -> Verdict:
    asked = await _from_the_middle(case)
    if isinstance(asked, Verdict):
        return asked
    moment, _, again = asked
    if again.failure:
        return untried("see list.since")
    coarse = timedelta(seconds=case.asking.spec.precision_seconds)
    old = [row for row in again.rows if row.occurred_at and row.occurred_at < moment - coarse]
    changes = case.asking.spec.operations.changes
    if changes and changes.pages.kind == "descending" and case.walk and len(old) < max(again.sizes, default=0):
        # The last page of such a list may go beyond: there it is that we stop.
        return well()
    if not old:
        return well()
    by = max(moment - row.occurred_at for row in old if row.occurred_at)
    hint = ", all within 7 hours: is local time taken for UTC?" if by <= _ZONE else ""
    return wrong(f"since {moment:%Y-%m-%d %H:%M:%S%z}: {len(old)} rows of before{hint}")


async def _from_the_middle(case: Case) -> tuple[datetime, list[Observation], Walk] | Verdict:
    """The time of a change in the middle of the list, the rows from then on, and what the list gives since then."""
    walk = _walk(case)
    if isinstance(walk, Verdict):
        return walk
    if walk.failure:
        return untried("see list.reads")
    if not case.asking.spec.lists_since:
        return untried("the list is not asked for by time")
    times = sorted({row.occurred_at for row in case.rows if row.occurred_at})
    if len(times) < 3:
        return untried("fewer than 3 changes of different times")
    moment = times[len(times) // 2]
    if case.since is None:
        case.since = await case.asking.walk(Window(until=case.began, since=moment))
    return moment, [row for row in case.rows if row.occurred_at and row.occurred_at >= moment], case.since


@CHECKS.check(
    "list.until",
    Need.SHOULD,
    "Asked for changes up to a moment, it gives all of before and none after",
    why="The hub reads a past month in windows. What is missing at their edges is found a night later at the earliest.",
    mend="Filter by the same column for both bounds, with the zone read as for the lower one.",
)
@_of_the_list
async def _until(case: Case, walk: Walk) -> Verdict:
    if not case.asking.spec.lists_between or not case.window:
        return untried("the list is not asked for up to a time")
    times = sorted({row.occurred_at for row in case.rows if row.occurred_at})
    if len(times) < 3 or not walk.ended:
        return untried("fewer than 3 changes of different times, or too many to read")
    moment, coarse = times[len(times) // 2], timedelta(seconds=case.asking.spec.precision_seconds)
    again = await case.asking.walk(Window(until=moment, since=case.window.since))
    if again.failure:
        return wrong(again.words)
    got = {row.code for row in again.rows}
    before = [row for row in case.rows if row.occurred_at and row.occurred_at < moment - coarse]
    if missing := [row for row in before if row.code not in got]:
        return wrong(f"until {moment:%Y-%m-%d %H:%M:%S%z}: {len(missing)} of before missing, such as {missing[0].code}")
    if late := [row for row in again.rows if row.occurred_at and row.occurred_at > moment + coarse]:
        return wrong(f"until {moment:%Y-%m-%d %H:%M:%S%z}: {len(late)} of after, such as {late[0].code}")
    return well()


@CHECKS.check(
    "list.numbers",
    Need.MUST,
    "Change numbers grow with each change, and each is given once",
    why="The hub goes on after the last number it saw: a number that is given later, or twice, is never read.",
    mend="Take the number from one sequence in the transaction of the change, and list in its order.",
)
@_of_the_list
async def _numbers(case: Case, walk: Walk) -> Verdict:
    changes = case.asking.spec.operations.changes
    if not changes or changes.pages.kind != "revision":
        return untried("the list goes by time")
    numbers = [row.revision for row in walk.rows if row.revision is not None]
    if twice := [number for number, times in Counter(numbers).items() if times > 1]:
        return wrong(f"{twice[0]} is the number of several rows")
    if len(numbers) < 3:
        return untried("fewer than 3 rows")
    middle = sorted(numbers)[len(numbers) // 2]
    again = await case.asking.walk(Window(until=case.began, since_revision=middle))
    if again.failure:
        return wrong(again.words)
    got = {row.code for row in again.rows}
    if missing := [row for row in case.rows if row.revision and row.revision > middle and row.code not in got]:
        return wrong(f"after {middle}: {missing[0].code} ({missing[0].revision}) is missing")
    return well(f"{len(numbers)} numbers")


@CHECKS.check(
    "list.nothing",
    Need.MUST,
    "Where nothing changed, the list is empty, and that is no error",
    why="At night nothing changes. An error for that looks like an outage, every minute of every night.",
    mend="Answer 200 with an empty list: no null, no 404, no message in its place.",
)
@_of_the_list
async def _nothing(case: Case, walk: Walk) -> Verdict:
    spec = case.asking.spec
    numbers = [row.revision for row in walk.rows if row.revision is not None]
    now = datetime.now(UTC)
    if spec.lists_since:
        window = Window(until=now, since=now)
    elif numbers and spec.operations.changes and spec.operations.changes.pages.kind == "revision" and walk.ended:
        window = Window(until=now, since_revision=max(numbers))
    else:
        return untried("the list cannot be asked for what there is none of")
    again = await case.asking.walk(window, most_pages=1)
    return wrong(again.words) if again.failure else well(again.questions[0].line)


@CHECKS.check(
    "list.light",
    Need.SHOULD,
    f"A page is at most {_BIG_PAGE // 1_000_000} MB",
    why="A slow line takes a minute for it, and what breaks off is begun anew.",
    mend="Smaller pages (`size` in the spec); no files and no base64 in a list; gzip.",
)
@_of_the_list
async def _light(case: Case, walk: Walk) -> Verdict:
    sizes = [told.exchange.record.response_bytes for told in walk.questions if told.exchange and told.exchange.record]
    return either(max(sizes, default=0) <= _BIG_PAGE, f"the largest: {max(sizes, default=0) / 1000:.0f} kB")
