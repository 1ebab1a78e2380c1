"""Sentences that were made in English, with facts in them, and their Vietnamese.

What is stored, logged and answered by the API is the English sentence, once; its Vietnamese is found by the sentence
itself, so that what was stored before there was any is told in Vietnamese all the same.
"""

import re
from collections.abc import Iterable, Mapping

from markupsafe import Markup

from hub.portal.look import with_code
from hub.portal.texts import Lang, Text
from hub.wording import (
    answers,
    calls,
    conformance,
    documents,
    drafts,
    files,
    libraries,
    records,
    refusals,
    runs,
    specs,
    trials,
)

#: A fact stands in a sentence by its name: $seconds.
_FACT = re.compile(r"\$([a-z_]+)")
#: What others wrote: whatever it looks like, it is no sentence of ours.
_QUOTED = {"code", "element", "file", "name", "reference", "text", "value", "word", "words"}
#: What is always a figure, and has no letters: `$number events` is no sentence about other events.
_FIGURE = re.compile(r"[\W\d_]+")
_FIGURES = {"number"}
#: What two words beside each other look like: a sentence, and no value.
_PROSE = re.compile(r"\w \w")
#: No sentence of ours is told within so many others.
_DEEPEST = 8


class _Sentence:
    """One that has its facts between fixed texts, in either language."""

    def __init__(self, english: str, vietnamese: str) -> None:
        pieces = _FACT.split(english)
        self.texts, self._names = pieces[::2], pieces[1::2]
        self._vietnamese = _FACT.split(vietnamese)
        # Such as `$choices or $last`: it joins values, for there is an `or` in many a sentence.
        self._joins = len(self.texts) == 3 and self.texts[1] in (" or ", " and ", " in ") and self.fixed < 6

    @property
    def fixed(self) -> int:
        """How much of it is no fact."""
        return sum(map(len, self.texts))

    def facts(self, said: str) -> Mapping[str, str] | None:
        """Those in `said`, each as short as may be; None where it is another sentence. As quick as `said` is long,
        for agencies' own words may be in it."""
        first, *between, last = self.texts
        at, end = len(first), len(said) - len(last)
        if not (said.startswith(first) and said.endswith(last)):
            return None
        found: list[str] = []
        for text in between:
            there = said.find(text, at, max(at, end))
            if there < 0:
                return None
            found.append(said[at:there])
            at = there + len(text)
        if at > end:
            return None
        found.append(said[at:end])
        if self._joins and any(map(_PROSE.search, found)):
            return None
        facts = dict(zip(self._names, found, strict=True))
        return facts if all(_FIGURE.fullmatch(facts[name]) for name in _FIGURES & facts.keys()) else None

    def filled(self, facts: Mapping[str, str], depth: int) -> str:
        """In Vietnamese. A fact may be such a sentence in turn."""
        told = {name: fact if name in _QUOTED else _found(fact, depth + 1) or fact for name, fact in facts.items()}
        return "".join(told[piece] if index % 2 else piece for index, piece in enumerate(self._vietnamese))


_PARTS = (answers, calls, conformance, documents, drafts, files, libraries, records, refusals, runs, specs, trials)
#: Those without facts.
_WHOLE: dict[str, str] = {
    english: told for part in _PARTS for english, told in part.SENTENCES.items() if not _FACT.search(english)
}
_OTHERS = [
    _Sentence(english, told) for part in _PARTS for english, told in part.SENTENCES.items() if english not in _WHOLE
]
_OTHERS.sort(key=lambda each: -each.fixed)
#: What begins with its own words is tried first, for what is told within another sentence is told at its end; but what
#: has few of them, as `there is $known`, may be the beginning of anything.
_FIRST_LETTERS, _FEW = 3, 12
_BY_FIRST_LETTERS: dict[str, list[_Sentence]] = {}
_BY_NONE: list[_Sentence] = []
for _each in _OTHERS:
    _beginning = _each.texts[0][:_FIRST_LETTERS]
    if len(_beginning) == _FIRST_LETTERS and _each.fixed >= _FEW:
        _BY_FIRST_LETTERS.setdefault(_beginning, []).append(_each)
    else:
        _BY_NONE.append(_each)


def vietnamese(said: str) -> str | None:
    """The sentence in Vietnamese; None where it is none of ours, as an agency's own words are."""
    return _found(said, 0)


def _found(said: str, depth: int) -> str | None:
    """`depth`: within how many other sentences it is told."""
    if depth > _DEEPEST:
        return None
    sentences = _BY_FIRST_LETTERS.get(said[:_FIRST_LETTERS], ())
    if told := _among(sentences, said, depth):
        return told
    # Within another sentence one may be told without its full stop.
    if not said.endswith(".") and (told := _among(sentences, f"{said}.", depth)):
        return told.removesuffix(".")
    return _among(_BY_NONE, said, depth)


def _among(sentences: Iterable[_Sentence], said: str, depth: int) -> str | None:
    if told := _WHOLE.get(said):
        return told
    for sentence in sentences:
        if (facts := sentence.facts(said)) is not None:
            return sentence.filled(facts, depth)
    return None


def spoken(lang: Lang, said: str) -> str:
    """In that language; as it is where it has no Vietnamese."""
    return said if lang == "en" else vietnamese(said) or said


def in_both(said: str) -> Text:
    return Text(spoken("vi", said), said)


def retold(lang: Lang, said: str | None) -> Markup:
    """What the code says, on a page in either language."""
    return with_code(spoken(lang, said or ""))
