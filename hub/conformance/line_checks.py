"""What is looked at in every answer, and in how the system is reached: its line, its manners, its letters."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from adapters.calling.certificate import certificate_ends
from adapters.calling.tls import Trust
from contracts.errors import AgencyFailure, Throttled
from contracts.observation import Facts, Observation
from hub.conformance.asking import Asking, Told
from hub.conformance.case import Case, Examine
from hub.conformance.report import Checks, Need, Verdict, either, untried, well, wrong
from hub.studio.advice import advice
from hub.studio.walk import leaves

CHECKS = Checks[Examine]()

_PROMPT_SECONDS = 2.0
_CLOCK_SECONDS = 60
_CERTIFICATE_DAYS = 30


@CHECKS.check(
    "line.reached",
    Need.MUST,
    "The system answers",
    why="Nothing else can be tried, and citizens would be told that this agency cannot be asked.",
    mend="See what was seen: the address, the port, a firewall between us, or the key.",
)
async def _reached(case: Case) -> Verdict:
    questions = [*(case.walk.questions if case.walk else []), *case.alone.values()]
    if not questions:
        return untried("the spec has neither a list nor a look-up, or no code is known: give --code")
    if any(each.failure is None for each in questions):
        return well()
    first = questions[0]
    assert first.failure
    operation = "changes" if case.walk else "lookup"
    hints = advice(first.failure, case.asking.spec, operation, case.asking.secrets)
    return wrong(first.words, *hints)


@CHECKS.check(
    "line.https",
    Need.MUST,
    "It is called by https, or within a private network",
    why="Dossiers and our key would cross the internet in the clear.",
    mend="Put TLS in front of it (nginx, IIS, a gateway) with a certificate of a public authority.",
)
async def _https(case: Case) -> Verdict:
    system = case.asking.system
    if system.address.startswith("https://"):
        return well()
    return well("http, in a private network") if system.private else wrong(f"{system.address} is http")


@CHECKS.check(
    "line.certificate",
    Need.SHOULD,
    f"Its certificate is good for {_CERTIFICATE_DAYS} days more",
    why="On the day it ends, every call fails, most often on a weekend.",
    mend="Renew it, by itself if you can (ACME), and let somebody be told a month before.",
)
async def _certificate(case: Case) -> Verdict:
    system = case.asking.system
    if not system.address.startswith("https://"):
        return untried("there is no TLS")
    trust = Trust(system.tls, case.asking.secrets, case.asking.documents) if system.tls else None
    try:
        ends = await certificate_ends(system.address, private=system.private, trust=trust)
    except AgencyFailure as failure:
        return untried(failure.message)
    if ends is None:
        return untried("no connection came about; see line.reached")
    days = (ends - datetime.now(UTC)).days
    return either(days >= _CERTIFICATE_DAYS, f"it ends on {ends:%Y-%m-%d}, in {days} days")


@CHECKS.check(
    "line.credentials",
    Need.MUST,
    "Without the right key it gives nothing",
    why="Whoever finds the address could read everybody's dossiers.",
    mend="Ask for a key or a login on every path, and answer 401 without one.",
)
async def _credentials(case: Case) -> Verdict:
    asking = case.asking
    if asking.system.tls and asking.system.tls.client_key:
        return untried("our certificate shows who we are")
    code = next(iter(case.known), None)
    if code is None:
        return untried("no dossier could be looked up")
    if not any(leaf.secrets for leaf in leaves(asking.spec)):
        return wrong(f"{case.known[code].line}, and no key was sent with it")
    stranger = Asking(asking.spec, _Wrong(), asking.documents)
    async with stranger.open():
        told = await stranger.look_up(code)
    asking.records += stranger.records
    return wrong(f"{told.line}, with a wrong key") if told.observation else well(told.line)


class _Wrong:
    """contracts.adapter.Secrets, of somebody who has none."""

    def get(self, name: str) -> str:
        return "wrong-on-purpose"


@CHECKS.check(
    "line.clock",
    Need.SHOULD,
    f"Its Date header is within {_CLOCK_SECONDS} s of the right time",
    why="Windows of changes end a little before the agency's own present: with a clock that is off, changes are "
    "read late or their order is wrong.",
    mend="Send a Date header (most servers do by themselves) and keep the clock by NTP.",
)
async def _clock(case: Case) -> Verdict:
    told = next((each for each in _answers(case) if each.exchange and each.exchange.answer), None)
    if told is None or told.exchange is None or told.exchange.answer is None:
        return untried("there was no answer")
    header = told.exchange.answer.headers.get("date")
    if header is None:
        return wrong("there is no Date header")
    try:
        said = parsedate_to_datetime(header)
    except ValueError:
        return wrong("the Date header holds no date")
    # The header says no fractions, and the answer took some time to come.
    off = abs((said.replace(tzinfo=said.tzinfo or UTC) - _ended(told)).total_seconds())
    return either(off <= _CLOCK_SECONDS, f"{off:.0f} s off")


def _ended(told: Told) -> datetime:
    record = told.exchange.record if told.exchange else None
    return record.started_at if record else datetime.now(UTC)


@CHECKS.check(
    "line.prompt",
    Need.SHOULD,
    f"A look-up is answered within {_PROMPT_SECONDS:g} s",
    why="A citizen waits for it. After two seconds the portal shows the last known state instead.",
    mend="An index on the code in the database is most often all that is missing.",
)
async def _prompt(case: Case) -> Verdict:
    took = sorted(told.seconds for told in case.known.values())
    if not took:
        return untried("no dossier could be looked up")
    return either(took[-1] <= _PROMPT_SECONDS, f"the slowest of {len(took)}: {took[-1]:.2f} s")


@CHECKS.check(
    "line.together",
    Need.MUST,
    "Look-ups at the same time are answered as each alone",
    why="Many citizens ask at once. A system that mixes up its answers shows one person another's dossier.",
    mend="Keep nothing about a request in static or shared variables; give each its own database connection.",
)
async def _together(case: Case) -> Verdict:
    codes = list(case.known)
    if not codes:
        return untried("no dossier could be looked up")
    at_once = case.asking.system.budget.concurrency
    if at_once == 1:
        return untried("the spec allows one call at a time")
    asked = (codes * (2 * at_once))[: max(16, 2 * at_once)]
    for code, told in await case.asking.crowd(asked, at_once):
        if told.failure:
            return wrong(f"{at_once} at once: {told.failure.message}")
        alone = case.known[code].observation
        if differing := _differ(told.observation, alone):
            return wrong(f"{at_once} at once: {code} was answered with another {', '.join(differing)} than alone")
    return well(f"{len(asked)} look-ups, {at_once} at once")


def _differ(one: Observation | None, other: Observation | None) -> list[str]:
    """In which fields two readings of a dossier differ."""
    if one is None or other is None:
        return ["answer"]
    facts = [name for name in Facts.model_fields if getattr(one.facts, name) != getattr(other.facts, name)]
    return facts if one.code == other.code else ["code", *facts]


@CHECKS.check(
    "line.slow_down",
    Need.MUST,
    "Where it is asked too much, it says so with 429 and Retry-After",
    why="The hub then waits as long as it is told. Without it the hub takes the system for broken and asks it nothing "
    "for minutes; and a system that falls over is down for everybody.",
    mend="Answer 429 with `Retry-After: 5` above what you can bear, at the gateway or in the program.",
)
async def _slow_down(case: Case) -> Verdict:
    codes = list(case.known)
    tells = [each.failure for each in _answers(case) if isinstance(each.failure, Throttled)]
    seen = []
    if case.press and codes:
        answers = await case.asking.crowd((codes * case.press)[: case.press], 25)
        failures = [told.failure for _, told in answers if told.failure]
        tells += [each for each in failures if isinstance(each, Throttled)]
        if others := [each for each in failures if not isinstance(each, Throttled)]:
            return wrong(f"{len(others)} of {case.press} fast look-ups failed: {others[0].message}")
        seen = [f"{len(tells)} of {case.press} fast look-ups were told to wait"]
    if any(each.retry_after is None for each in tells):
        return wrong("it answered 429 without Retry-After")
    if not tells and not case.press:
        return untried("it was not asked too much; --press 200 asks 200 times as fast as it goes")
    return well(*seen)


@CHECKS.check(
    "line.letters",
    Need.MUST,
    "Vietnamese letters come whole, as UTF-8 or as the Content-Type says",
    why="A citizen sees `Nguyá»…n`, and no search finds the dossier.",
    mend="Write and send UTF-8 in every step (database connection, source files, serializer), and say "
    "`Content-Type: application/json; charset=utf-8`.",
)
async def _letters(case: Case) -> Verdict:
    texts = list(_texts(case))
    if not texts:
        return untried("no dossier was read")
    for code, name, text in texts:
        if "://" not in text and (found := _SPOILT.search(text)):
            return wrong(f"{name} of {code} holds {found.group()!r}")
    return well(f"{len(texts)} texts")


@CHECKS.check(
    "line.composed",
    Need.SHOULD,
    "Vietnamese letters are composed (NFC)",
    why="The same name typed on another machine is other bytes: comparing and searching in your own system fails.",
    mend="Normalize to NFC when text is stored: `unicodedata.normalize`, `string.Normalize()`, `Normalizer`.",
)
async def _composed(case: Case) -> Verdict:
    # As they came: the adapter composes them.
    bodies = [each.exchange.answer.body for each in _answers(case) if each.exchange and each.exchange.answer]
    if not bodies:
        return untried("no dossier was read")
    for body in bodies:
        text = body.decode(errors="replace")
        if not unicodedata.is_normalized("NFC", text):
            words = (word for word in text.split() if not unicodedata.is_normalized("NFC", word))
            marks = sorted({unicodedata.name(c) for c in "".join(words) if unicodedata.combining(c)})
            return wrong(f"letters with loose marks: {', '.join(marks)}")
    return well()


# What is left of letters that went through the wrong hands: UTF-8 read as Latin-1 or Windows-1252, letters replaced,
# question marks for them, HTML's names for them.
_SPOILT = re.compile(
    r"\ufffd|á[»º]|Ã[\u0080-\u00bf]|Ä[‘\u0091]|Æ[°¡]|&(?:#\d+|#x[\da-f]+|[a-z]+);|(?<=[^\W\d_])\?(?=[^\W\d_])"
)


def _texts(case: Case) -> Iterator[tuple[str, str, str]]:
    """Code, name and text of all texts that were read of dossiers."""
    rows = [*case.rows, *(told.observation for told in case.known.values() if told.observation)]
    for row in rows:
        for name in row.facts.model_fields_set:
            if isinstance(text := getattr(row.facts, name), str):
                yield row.code, name, text


@CHECKS.check(
    "line.errors",
    Need.SHOULD,
    "Its errors are data, and show nothing of its inside",
    why="The hub shows an agency's own words to its admin, and reads from them what to do. A web page or a stack "
    "trace says neither, and tells an attacker which software and which tables there are.",
    mend="Catch what goes wrong in one place; answer a fitting status with a short JSON (or SOAP fault) that names "
    "the cause, and write the stack trace to your own log.",
)
async def _errors(case: Case) -> Verdict:
    errors = [each for each in case.asking.records if each.status is not None and each.outcome != "ok"]
    if not errors:
        return untried("no error was answered")
    for each in errors:
        body = each.response.decode(errors="replace")
        where = f"{each.method}, HTTP {each.status}"
        if re.match(r"\s*<(!doctype\s+html|html)", body, re.IGNORECASE):
            return wrong(f"{where}: a web page")
        if found := _INSIDE.search(body):
            return wrong(f"{where}: {found.group()[:60]!r}")
    return well(f"{len(errors)} errors")


_INSIDE = re.compile(
    r"Traceback \(most recent|\bat [\w$.<>]+\([^)\n]*\)|ORA-\d{5}|SQLSTATE|System\.\w+Exception|\.java:\d+"
    r"|Fatal error:|Stack trace|near \"[^\"]*\": syntax|You have an error in your SQL"
)


def _answers(case: Case) -> list[Told]:
    walks = [walk for walk in (case.walk, case.small) if walk]
    return [*case.alone.values(), *(told for walk in walks for told in walk.questions)]
