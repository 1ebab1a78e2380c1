"""From a Dossier to the words the template shows. Pure: no I/O, the present is passed in."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from contracts.agency import Name
from contracts.codes import fold
from contracts.dossier import Dossier, StatusEvent
from contracts.ownership import FullDossier
from contracts.status import DossierStatus
from hub.portal import texts
from hub.portal.texts import Lang

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

Tone = Literal["waiting", "act", "good", "closed"]

#: Where an applicant proves that a dossier is their own.
FULL_PATH = "/xem-day-du"

#: Later than this it is worth telling when the hub heard of a step.
_HEARD_LATE = timedelta(hours=1)

#: Not a word of the agency's that people would read.
_CODE = re.compile(r"[A-Z0-9_.-]*")

_RUNNING = {DossierStatus.NEW, DossierStatus.RECEIVED, DossierStatus.PROCESSING}
_PAUSED = {DossierStatus.SUPPLEMENT, DossierStatus.PAYMENT}
_FINISHED = {DossierStatus.DONE, DossierStatus.RETURNED}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the dossier's facts; `remark` follows the value in smaller words."""

    label: str
    value: str
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    moment: str
    #: For the time element's datetime attribute.
    iso: str
    #: The agency's own word, where it is another and may be seen.
    raw: str | None
    #: When the hub heard of it, where that was much later.
    heard: str | None
    #: Who says so, where others had the dossier before.
    agency: str | None


@dataclass(frozen=True, slots=True)
class DossierView:
    """What lookup.html shows of one dossier; all words in one language."""

    code: str
    agency: str
    tone: Tone
    headline: str
    turn: str
    now: str
    steps: list[str]
    late: str | None
    stale: str | None
    #: The words of a link to call the agency, where some text above says to ask it.
    ask: str | None
    as_of: str
    #: In Vietnamese whatever the page's language, as the agency names it; None where it may not be seen.
    procedure: str | None
    rows: list[Row]
    phone: str | None
    phone_address: str | None
    timeline: list[Step]
    #: Whose dossier it is and what the officer wrote; empty, unless that was proved.
    own: list[Row]
    #: Where its applicant can see everything; None where it is seen already.
    full_address: str | None


def present(dossier: Dossier, lang: Lang, now: datetime) -> DossierView:
    """`now` decides what is late; it needs a time zone.

    Whoever has not proved that it is theirs sees status, dates and the agency, which the code names: what for, and the
    agency's own words, which may name somebody, are for its applicant.
    """
    is_own = isinstance(dossier, FullDossier)
    status = dossier.status.code if dossier.status else None
    words = texts.STATUS[status] if status else texts.UNKNOWN_STATUS
    agency = _in(lang, dossier.agency.name)
    phone = dossier.agency.phone
    late = _late(dossier, status, lang, now)
    # Right after it passed to another agency, what is known of it is still its predecessor's word.
    names = {each.id: _in(lang, each.name) for each in dossier.agencies}
    told_by = names.get(dossier.source.agency, agency)
    stale = texts.STALE[dossier.stale_reason].say(lang, agency=told_by) if dossier.stale else None
    told_to_ask = words.turn != "agency" or late or stale
    return DossierView(
        code=dossier.code,
        agency=agency,
        tone=_tone(status, words.turn),
        headline=words.headline.say(lang),
        turn=texts.TURN[words.turn].say(lang),
        now=words.now.say(lang),
        steps=[step.say(lang) for step in words.steps],
        late=late,
        stale=stale,
        ask=texts.PAGE["call"].say(lang, phone=phone) if phone and told_to_ask else None,
        as_of=texts.AS_OF.say(lang, moment=moment(dossier.checked_at, lang), agency=told_by),
        procedure=dossier.procedure.name if is_own else None,
        rows=_rows(dossier, status, agency, lang, now),
        phone=phone,
        phone_address="tel:" + "".join(c for c in phone if c.isdigit() or c == "+") if phone else None,
        timeline=[
            _step(event, names.get(event.source.agency) if dossier.former_agencies else None, lang, is_own=is_own)
            for event in sorted(dossier.timeline, key=lambda event: event.occurred_at, reverse=True)
        ],
        own=_own(dossier, lang) if isinstance(dossier, FullDossier) else [],
        full_address=None if is_own else _full_address(dossier, lang),
    )


def _step(event: StatusEvent, agency: str | None, lang: Lang, *, is_own: bool) -> Step:
    raw = event.raw or ""
    # A code, such as DA_TRA, is between systems.
    is_other_word = fold(raw) != fold(event.status.name.vi) and not _CODE.fullmatch(raw)
    late = event.observed_at - event.occurred_at > _HEARD_LATE
    return Step(
        _in(lang, event.status.name),
        moment(event.occurred_at, lang),
        event.occurred_at.isoformat(timespec="seconds"),
        texts.RAW.say(lang, word=raw) if is_own and is_other_word else None,
        texts.HEARD.say(lang, moment=moment(event.observed_at, lang)) if late else None,
        agency,
    )


def _own(dossier: FullDossier, lang: Lang) -> list[Row]:
    values = {
        "applicant": dossier.applicant_name,
        "applicant_number": dossier.applicant_number,
        "applicant_phone": dossier.applicant_phone,
        "applicant_email": dossier.applicant_email,
        "national_code": dossier.national_code,
        "note": dossier.note,
    }
    return [Row(texts.PAGE[label].say(lang), value) for label, value in values.items() if value]


def _full_address(dossier: Dossier, lang: Lang) -> str:
    query = {"code": dossier.code, "agency": dossier.agency.id} | ({"lang": lang} if lang == "en" else {})
    return f"{FULL_PATH}?{urlencode(query)}"


def day(at: datetime, lang: Lang) -> str:
    """ "Thứ Hai, 23/11/2026", by Vietnam's calendar."""
    local = at.astimezone(VIETNAM)
    return texts.DAY.say(lang, weekday=texts.WEEKDAYS[local.weekday()].say(lang), at=local)


def moment(at: datetime, lang: Lang) -> str:
    """ "08:15 ngày 23/11/2026", by Vietnam's clock."""
    return texts.MOMENT.say(lang, at=at.astimezone(VIETNAM))


def _in(lang: Lang, name: Name) -> str:
    return name.en if lang == "en" else name.vi


def _tone(status: DossierStatus | None, turn: texts.Turn) -> Tone:
    if status in _FINISHED:
        return "good"
    tones: dict[texts.Turn, Tone] = {
        "agency": "waiting",
        "citizen": "act",
        "nobody": "closed",
        "unclear": "waiting",
    }
    return tones[turn]


def _days_after(due: datetime, other: datetime) -> int:
    """Whole days by the calendar in Vietnam; a promise is for a date, whatever the time of day."""
    return (other.astimezone(VIETNAM).date() - due.astimezone(VIETNAM).date()).days


def _finished_at(dossier: Dossier) -> datetime | None:
    if dossier.finished_at:
        return dossier.finished_at
    ends = (event.occurred_at for event in dossier.timeline if event.status.code in _FINISHED)
    return min(ends, default=None)


def _late(dossier: Dossier, status: DossierStatus | None, lang: Lang, now: datetime) -> str | None:
    due = dossier.due_at
    if due is None:
        return None
    if status in _RUNNING and (days := _days_after(due, now)) > 0:
        return texts.LATE.say(lang, days=days, days_en=_days_en(days))
    finished = _finished_at(dossier)
    if status in _FINISHED and finished and (days := _days_after(due, finished)) > 0:
        return texts.FINISHED_LATE.say(lang, days=days, days_en=_days_en(days))
    return None


def _due_remark(due: datetime, status: DossierStatus | None, lang: Lang, now: datetime) -> str | None:
    if status in _PAUSED:
        return texts.DUE_PAUSED.say(lang)
    days = -_days_after(due, now)
    if status not in _RUNNING or days < 0:
        return None
    if days == 0:
        return texts.DUE_TODAY.say(lang)
    return texts.DUE_TOMORROW.say(lang) if days == 1 else texts.DUE_IN.say(lang, days=days)


def _rows(dossier: Dossier, status: DossierStatus | None, agency: str, lang: Lang, now: datetime) -> list[Row]:
    def row(label: str, value: str, remark: str | None = None) -> Row:
        return Row(texts.PAGE[label].say(lang), value, remark)

    rows = []
    if dossier.due_at:
        rows.append(row("due", day(dossier.due_at, lang), _due_remark(dossier.due_at, status, lang, now)))
    elif status in _RUNNING:
        rows.append(row("due", texts.PAGE["not_known"].say(lang)))
    if status in _FINISHED and (finished := _finished_at(dossier)):
        rows.append(row("finished", day(finished, lang)))
    if dossier.received_at:
        rows.append(row("received", day(dossier.received_at, lang)))
    elif dossier.submitted_at:
        rows.append(row("submitted", day(dossier.submitted_at, lang)))
    if dossier.status:
        rows.append(row("official_status", _in(lang, dossier.status.name)))
    rows.append(row("agency", agency))
    if dossier.former_agencies:
        rows.append(row("former_agencies", ", ".join(_in(lang, each.name) for each in dossier.former_agencies)))
    return rows


def _days_en(days: int) -> str:
    return "one day" if days == 1 else f"{days} days"
