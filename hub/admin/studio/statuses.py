"""The step that gives each of the agency's status words one of the ten national statuses."""

from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches

from fastapi.responses import Response

from config.spec_file import SpecFile
from contracts.codes import fold
from contracts.status import DossierStatus
from hub.admin.studio.bench import Bench, Work
from hub.admin.studio.steps import Step
from hub.admin.studio.tools import Seen, Tools
from hub.specs.editing import Path
from hub.studio import guesses

_FIELD = "status:"


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the agency's, how many records of the trial had it, and what it means."""

    word: str
    seen: int
    status: DossierStatus | None
    #: The status that it is most like, where it has none.
    likely: DossierStatus | None


def add(bench: Bench) -> None:
    """Add it to the admin's routes."""

    @bench.step(Step.STATUSES)
    async def statuses(work: Work) -> Response:
        if work.ordered:
            codes = set(DossierStatus)
            given: dict[Path, str | None] = {
                ("statuses", name.removeprefix(_FIELD)): code if code in codes else None
                for name, code in work.visitor.fields.items()
                if name.startswith(_FIELD)
            }
            known = work.file.document.get("statuses") or {}
            # What nobody has changed stays as it is written.
            changes = {place: code for place, code in given.items() if known.get(place[1]) != code}
            await bench.edit(work, changes)
            await bench.drafts.looked_at(work.agency, [place[1] for place in given], actor=work.actor)
            return bench.go_on(work, Step.STATUSES.next)
        return bench.page(
            work, Step.STATUSES, words=await words_of(bench.tools, work.seen, work.file), statuses=list(DossierStatus)
        )


async def words_of(tools: Tools, seen: Seen | None, file: SpecFile) -> list[Word]:
    """Those of the last trial and of the spec; those without a status first, then by how often they were seen."""
    spec, parts = file.spec, file.parts
    counted: Counter[str] = Counter()
    tried = (seen.of("changes") or seen.best) if seen else None
    if tried and spec:
        try:
            counted = (await tools.read(spec, tried)).words
        except ValueError:
            counted = Counter()
    # Words are compared folded: one of several spellings stands for all, the spec's own if it has one.
    spelled = {fold(word): word for word in (*counted, *parts.statuses)}
    times: Counter[str] = Counter()
    for word, number in counted.items():
        times[fold(word)] += number
    words = [Word(word, times[folded], parts.status_of(word), _likely(word)) for folded, word in spelled.items()]
    return sorted(words, key=lambda each: (each.status is not None, -each.seen, each.word))


def _likely(word: str) -> DossierStatus | None:
    code = guesses.status_of(word)
    if code:
        return DossierStatus(code)
    known = {fold(status.name_vi): status for status in DossierStatus}
    near = get_close_matches(fold(word), known, 1, cutoff=0.55)
    return known[near[0]] if near else None
