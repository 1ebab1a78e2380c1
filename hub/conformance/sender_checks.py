"""What is looked at in what a sender pushed: its proof, its events, and what it does when we are unwell."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from contracts.observation import Observation
from contracts.pushing import StandardWebhooks, Webhook
from hub.conformance.receiver import Receiver, Trick, Try
from hub.conformance.report import Checks, Need, Verdict, either, untried, well, wrong
from hub.developers.diagnosis import mistakes

_CLOCK_SECONDS = 60
#: What is refused for its body and not for its proof.
_SHAPE = {"not_events", "too_large", "compressed", "cut_off", "too_slow", "bad_method"}


@dataclass(frozen=True)
class Heard:
    """All that came from one sender."""

    tries: list[Try]
    webhook: Webhook
    secrets: list[str]
    slow_seconds: float
    busy_seconds: int
    #: How long we listened.
    waited: float

    @property
    def good(self) -> list[Try]:
        return [each for each in self.tries if each.refused is None]

    def of(self, name: str) -> list[Try]:
        return [each for each in self.good if each.name == name]

    def tricked(self, trick: Trick) -> Try | None:
        return next((each for each in self.tries if each.trick is trick), None)

    @property
    def observations(self) -> list[Observation]:
        """Of the first try of each delivery, in the order of their coming."""
        firsts = {each.name: each for each in reversed(self.good)}
        return [said for each in self.good if firsts[each.name] is each for said in each.reading.observations]


_ALL = Checks[Callable[[Heard], Verdict]]()
CHECKS = _ALL.all


@_ALL.check(
    "sent.arrives",
    Need.MUST,
    "Deliveries come",
    why="Nothing else can be looked at.",
    mend="Does the sender have our address? Is there a firewall or a proxy between us? Does anything set it off?",
)
def _arrives(heard: Heard) -> Verdict:
    if not heard.tries:
        return wrong(f"nothing came within {heard.waited:.0f} s")
    return well(f"{len(heard.tries)}, of {len({each.name for each in heard.good})} events or lists")


@_ALL.check(
    "sent.proved",
    Need.MUST,
    "Each is proved as was agreed on",
    why="Whoever knows the address could push anything about anybody; so what is not proved is refused.",
    mend="Sign `id.timestamp.body`, the very bytes that are sent, under the key that the base64 after `whsec_` holds: "
    "/developers has it in six languages, step by step.",
)
def _proved(heard: Heard) -> Verdict:
    for each in heard.tries:
        if each.refused and each.refused.reason not in _SHAPE:
            told = f"{each.refused.field}: {each.refused.problem}; right is: {each.refused.expected}"
            if each.refused.reason == "bad_signature":
                reasons = [x for secret in heard.secrets for x in mistakes(secret, each.headers, each.body)]
                return wrong(*reasons, told)
            return wrong(told)
    return well(heard.webhook.proof.kind) if heard.good else untried("nothing came that could be proved")


@_ALL.check(
    "sent.clock",
    Need.SHOULD,
    f"Its clock is within {_CLOCK_SECONDS} s of ours",
    why="A signature is taken for five minutes; a clock that drifts is found out on the day when all are refused.",
    mend="Keep the clock by NTP, and take the time when the request is made, not when the event was.",
)
def _clock(heard: Heard) -> Verdict:
    if not isinstance(heard.webhook.proof, StandardWebhooks) or not heard.good:
        return untried("no time is signed")
    off = max(abs(each.at.timestamp() - int(each.headers["webhook-timestamp"])) for each in heard.good)
    return either(off <= _CLOCK_SECONDS, f"at most {off:.0f} s off")


@_ALL.check(
    "sent.body",
    Need.MUST,
    "The body holds events as was agreed on: at most 256 KiB, 1 to 100 of them, not compressed, by POST",
    why="What is not understood as events is refused as a whole.",
    mend='Send {"type": "dossier.updated", "timestamp": …, "data": {…}} in UTF-8, or a list of such with an `id` each.',
)
def _body(heard: Heard) -> Verdict:
    for each in heard.tries:
        if each.refused and each.refused.reason in _SHAPE:
            return wrong(f"{each.refused.field}: {each.refused.problem}; right is: {each.refused.expected}")
    for each in heard.good:
        for event in each.pushed.events if each.pushed else ():
            if event.problem:
                return wrong(f"{event.problem.field}: {event.problem.problem}; right is: {event.problem.expected}")
    if not heard.good:
        return untried("nothing came that was proved")
    return well(f"the largest {max(len(each.body) for each in heard.good)} bytes")


@_ALL.check(
    "sent.type",
    Need.SHOULD,
    "It says application/json, where it is that",
    why="Gateways on the way (firewalls, proxies) refuse or change what does not say what it is.",
    mend="`Content-Type: application/json; charset=utf-8`",
)
def _type(heard: Heard) -> Verdict:
    if heard.webhook.events and heard.webhook.events.format != "json":
        return untried("another format was agreed on")
    if not heard.good:
        return untried("nothing came that was understood")
    for each in heard.good:
        kind = each.headers.get("content-type", "")
        if "json" not in kind:
            return wrong(f"Content-Type is {kind!r}")
    return well()


@_ALL.check(
    "sent.query",
    Need.MUST,
    "The address is called as it is, with nothing added",
    why="What stands in an address is written into the logs of every machine on the way; there may be people in it.",
    mend="Put everything in the body.",
)
def _query(heard: Heard) -> Verdict:
    if not heard.tries:
        return untried("nothing came")
    names = [each.query.split("&")[0].split("=")[0] for each in heard.tries if each.query]
    return wrong(f"a parameter {names[0]!r} was added") if names else well()


@_ALL.check(
    "events.understood",
    Need.MUST,
    "Every event is understood: its status word is mapped, its dates are dates with a zone",
    why="What is not understood is quarantined, and the dossier stays as it was until somebody looks.",
    mend="Send `occurred_at` and the other dates as 2026-11-26T08:00:00+07:00; have new status words mapped before "
    "they are used.",
)
def _understood(heard: Heard) -> Verdict:
    if not heard.good:
        return untried("nothing came that was proved")
    unusable = [wrong for each in heard.good for wrong in each.reading.unusable]
    if unusable:
        return wrong(f"{unusable[0].message} ({len(unusable)} such)")
    if not heard.observations:
        types = {event.type for each in heard.good if each.pushed for event in each.pushed.events}
        return wrong(f"no event tells of a dossier; their types are {', '.join(sorted(types))}")
    return well(f"{len(heard.observations)} events")


@_ALL.check(
    "events.times",
    Need.MUST,
    "Two changes of a dossier have two times, or two revisions",
    why="Of two states with one time nobody can say which is the later: the hub asks your system, or keeps either.",
    mend="Give `occurred_at` from the change itself, with seconds and fractions; never the day, nor when it is sent.",
)
def _times(heard: Heard) -> Verdict:
    by_moment = defaultdict(set)
    for each in heard.observations:
        by_moment[each.code, each.occurred_at, each.revision].add(each.facts.model_dump_json())
    if not by_moment:
        return untried("no event was understood")
    if doubled := [name for name, said in by_moment.items() if len(said) > 1]:
        return wrong(f"{doubled[0][0]} has two states of {doubled[0][1]}")
    if max(Counter(each.code for each in heard.observations).values()) < 2:
        return untried("no dossier changed twice while we listened")
    return well()


@_ALL.check(
    "events.order",
    Need.SHOULD,
    "Changes of a dossier come in the order in which they happened",
    why="The hub sorts them by their time, so nothing is lost; but people are told of the later state first.",
    mend="Send the events of one dossier one after the other, and a failed one before those that follow it.",
)
def _order(heard: Heard) -> Verdict:
    by_code: dict[str, list[Observation]] = defaultdict(list)
    for each in heard.observations:
        by_code[each.code].append(each)
    if not any(len(each) > 1 for each in by_code.values()):
        return untried("no dossier changed twice while we listened")
    for code, said in by_code.items():
        for earlier, later in pairwise(said):
            if earlier.occurred_at and later.occurred_at and earlier.occurred_at > later.occurred_at:
                return wrong(f"{code}: what happened at {later.occurred_at} came after {earlier.occurred_at}")
    return well()


@_ALL.check(
    "ids.unique",
    Need.MUST,
    "An id stands for one event, for ever",
    why="Under a known id another event is refused with 409: it is lost until a person looks.",
    mend="Make the id once, when the event is made, and store it with the event: a UUID, or dossier and revision.",
)
def _unique(heard: Heard) -> Verdict:
    if not heard.good:
        return untried("nothing came that was proved")
    said: dict[str, bytes] = {}
    for each in heard.good:
        if said.setdefault(each.name, each.content) != each.content:
            return wrong(f"{each.name} came with another content")
    return well(f"{len(said)} ids")


@_ALL.check(
    "retry.again",
    Need.MUST,
    "After 500 it sends the same again, under the same id",
    why="The hub is restarted, networks break. What is sent once and forgotten is lost; and under a new id it would be "
    "done twice.",
    mend="Store events before you send them (a table is enough), and send each until it is answered with 2xx: after "
    "5 seconds, 5 minutes, half an hour, and so on for three days.",
)
def _again(heard: Heard) -> Verdict:
    first = heard.tricked(Trick.BROKEN)
    return _came_again(heard, first, "500") if first else untried("no event came to be answered so")


def _came_again(heard: Heard, first: Try, what: str) -> Verdict:
    later = [each for each in heard.tries if each.at > first.at]
    tries = [each for each in later if each.name == first.name]
    if tries:
        return well(f"after {(tries[0].at - first.at).total_seconds():.1f} s")
    if renamed := [each for each in later if each.content == first.content]:
        return wrong(f"it came again as {renamed[0].name}, and was {first.name}")
    listened = heard.waited
    return wrong(f"{first.name} was answered with {what}, and did not come again while we listened ({listened:.0f} s)")


@_ALL.check(
    "retry.signed",
    Need.MUST,
    "Each try is signed anew, with the time of that try",
    why="Half an hour later the first signature is too old, and each try would be refused.",
    mend="Take the time and sign in the function that sends, not in the one that makes the event.",
)
def _signed(heard: Heard) -> Verdict:
    if not isinstance(heard.webhook.proof, StandardWebhooks):
        return untried("no time is signed")
    apart = False
    for name in {each.name for each in heard.good}:
        for earlier, later in pairwise(heard.of(name)):
            if later.at - earlier.at > timedelta(seconds=1):
                apart = True
                if earlier.headers["webhook-timestamp"] == later.headers["webhook-timestamp"]:
                    return wrong(f"{name}: two tries have the same timestamp")
    return well() if apart else untried("no two tries were far enough apart")


@_ALL.check(
    "retry.patience",
    Need.SHOULD,
    "It waits for a slow answer",
    why="Under load an answer may take some seconds. Whoever breaks off sends again what has long arrived.",
    mend="A timeout of 15 to 30 seconds.",
)
def _patience(heard: Heard) -> Verdict:
    slow = heard.tricked(Trick.SLOW)
    if slow is None:
        return untried("no event came to be answered so")
    if slow.left:
        return wrong(f"it broke off after {slow.seconds:.1f} s")
    return well(f"{slow.seconds:.1f} s")


@_ALL.check(
    "retry.pause",
    Need.SHOULD,
    "After 429 it sends again, and waits as long as Retry-After says",
    why="A sender that goes on at once keeps busy what asked for a pause, and is turned away longer each time.",
    mend="Read Retry-After (seconds) of 429 and 503, and try again no sooner.",
)
def _pause(heard: Heard) -> Verdict:
    busy = heard.tricked(Trick.BUSY)
    if busy is None:
        return untried("no event came to be answered so")
    came = _came_again(heard, busy, "429")
    following = next((each for each in heard.of(busy.name) if each.at > busy.at), None)
    if not came.passed or following is None:
        return came
    after = (following.at - busy.at).total_seconds()
    # Their clock may begin a little before ours.
    return either(after >= 0.9 * heard.busy_seconds, f"it came after {after:.1f} s of {heard.busy_seconds}")


@_ALL.check(
    "retry.ends",
    Need.SHOULD,
    "What was answered with 2xx is not sent again",
    why="It does no harm here, for an id is taken once; but it is a sign that answers are not looked at.",
    mend="Mark the event as delivered in the same step that reads the answer; any 2xx counts, 202 too.",
)
def _ends(heard: Heard) -> Verdict:
    taken: dict[str, int] = {}
    for each in heard.good:
        if each.name in taken:
            return wrong(f"{each.name} came again after {taken[each.name]}")
        if 200 <= each.status < 300:
            taken[each.name] = each.status
    return well(f"{len(taken)} delivered") if taken else untried("nothing was answered with 2xx")


def heard_by(receiver: Receiver, webhook: Webhook, secrets: list[str], waited: float) -> Heard:
    return Heard(receiver.tries, webhook, secrets, receiver.slow_seconds, receiver.busy_seconds, waited)
