"""A whole report in Vietnamese, and what of it was left in English."""

import re

from hub.conformance.report import Report
from hub.conformance.texts import Lang, explained, seen

#: What is the same in both: addresses, ids, settings, what is quoted, and names of formats and of fields.
_AS_IT_IS = re.compile(
    r"`[^`]*`|'[^']*'|\"[^\"]*\"|\{.*\}|\S*[/_@]\S*|--\w+|(line|list|lookup|events|sent)\.\w+|\S+-(Type|After|Encoding)"
    r"|\b(webhook-\w+|hub adapter try SPEC|event-\d\S*|dossier\.\w+|id\.timestamp\.body|code|status|proxy|byte|whsec"
    r"|timestamp|standard|gzip|nginx|gateway|import|base64|header|Retry|Date|Normalize\w*|https?"
    r"|spec|static|stack trace|SOAP fault|sequence|index|view|null|cursor|web|iso)\b|\b[A-Z]\w*[A-Z]\w*"
)
_WORD = re.compile(r"(?<![\w-])[A-Za-z]{3,}(?![\w-])")


def left_in_english(report: Report) -> list[str]:
    """The sentences, in each of which a word of the English one still stands."""
    told = [(seen(each, Lang.VI), seen(each, Lang.EN)) for each in report.findings]
    for each in report.findings:
        told += zip(explained(each.check, Lang.VI), explained(each.check, Lang.EN), strict=True)
    return [vi for vi, en in told if _words(vi) & _words(en)]


def _words(text: str) -> set[str]:
    return set(_WORD.findall(_AS_IT_IS.sub(" ", text)))
