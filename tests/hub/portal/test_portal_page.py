"""The presenter: plain words, Vietnam's calendar, and lateness by date."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from contracts.dossier import Source, StaleReason, StatusName
from contracts.observation import Channel
from contracts.status import DossierStatus as S
from hub.portal import texts
from hub.portal.page import VIETNAM, Row, day, moment, present
from tests.hub.portal.samples import PLEIKU, in_full, make_dossier

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=VIETNAM)


def due(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def value(view_rows: list[Row], label: str) -> str | None:
    rows = {row.label: f"{row.value} ({row.remark})" if row.remark else row.value for row in view_rows}
    return rows.get(label)


@pytest.mark.parametrize("status", list(S))
@pytest.mark.parametrize("lang", get_args(texts.Lang))
def test_each_status_has_words_and_says_whose_turn_it_is(status: S, lang: texts.Lang) -> None:
    view = present(make_dossier(S.NEW, status, now=NOW), lang, NOW)
    assert view.headline and view.now and view.turn
    if status in (S.NOT_RECEIVED, S.SUPPLEMENT, S.PAYMENT):
        assert view.steps, "whoever must act is told what to do"


def test_every_reason_for_staleness_has_a_sentence() -> None:
    assert set(texts.STALE) == {*get_args(StaleReason), None}


def test_days_and_moments_are_vietnams() -> None:
    midnight_in_vietnam = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
    assert day(midnight_in_vietnam, "vi") == "Thứ Hai, 23/11/2026"
    assert moment(midnight_in_vietnam, "vi") == "00:00 ngày 23/11/2026"
    assert day(midnight_in_vietnam, "en") == "Monday 23 November 2026"


@pytest.mark.parametrize(
    ("promised", "remark"),
    [
        ("2026-11-23T07:00", "Thứ Hai, 23/11/2026 (hôm nay)"),
        ("2026-11-24T17:00", "Thứ Ba, 24/11/2026 (ngày mai)"),
        ("2026-11-29T00:00", "Chủ Nhật, 29/11/2026 (còn 6 ngày)"),
        ("2026-11-21T17:00", "Thứ Bảy, 21/11/2026"),
    ],
)
def test_the_promised_day_says_how_far_it_is(promised: str, remark: str) -> None:
    view = present(make_dossier(now=NOW, due_at=due(promised)), "vi", NOW)
    assert value(view.rows, "Ngày hẹn trả kết quả") == remark


def test_late_is_by_date_and_not_by_time() -> None:
    earlier_today = present(make_dossier(now=NOW, due_at=NOW - timedelta(hours=8)), "vi", NOW)
    yesterday = present(make_dossier(now=NOW, due_at=NOW - timedelta(hours=9)), "vi", NOW)
    assert earlier_today.late is None
    assert yesterday.late and "quá ngày hẹn 1 ngày" in yesterday.late


@pytest.mark.parametrize(("days", "told"), [(1, "is one day past"), (2, "is 2 days past")])
def test_days_are_counted_as_in_english(days: int, told: str) -> None:
    late = present(make_dossier(now=NOW, due_at=NOW - timedelta(days=days)), "en", NOW).late
    assert late and told in late


@pytest.mark.parametrize("status", [S.SUPPLEMENT, S.PAYMENT, S.WITHDRAWN, S.STOPPED, S.NOT_RECEIVED])
def test_a_dossier_nobody_is_working_on_is_not_called_late(status: S) -> None:
    assert present(make_dossier(S.NEW, status, now=NOW, due_at=NOW - timedelta(days=9)), "vi", NOW).late is None


def test_without_a_promised_day_nothing_is_late() -> None:
    view = present(make_dossier(now=NOW, due_at=None), "vi", NOW)
    assert view.late is None
    assert value(view.rows, "Ngày hẹn trả kết quả") == "Cơ quan chưa cho biết"


def test_a_result_is_late_by_the_day_it_was_ready() -> None:
    promised = due("2026-11-19T17:00")
    path = (S.NEW, S.PROCESSING, S.DONE)
    in_time = make_dossier(*path, now=NOW, due_at=promised, finished_at=due("2026-11-19T23:59"))
    late = make_dossier(*path, now=NOW, due_at=promised, finished_at=due("2026-11-21T08:00"))
    told_by_timeline = make_dossier(*path, now=NOW, due_at=promised)
    assert present(in_time, "vi", NOW).late is None
    assert "2 ngày" in (present(late, "vi", NOW).late or "")
    assert "3 ngày" in (present(told_by_timeline, "vi", NOW).late or "")


def test_the_timeline_has_the_newest_first_whatever_order_it_came_in() -> None:
    dossier = make_dossier(S.NEW, S.RECEIVED, S.PROCESSING, now=NOW)
    shuffled = dossier.model_copy(update={"timeline": [dossier.timeline[i] for i in (1, 2, 0)]})
    names = [step.name for step in present(shuffled, "vi", NOW).timeline]
    assert names == ["Đang xử lý", "Được tiếp nhận", "Mới đăng ký"]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("Trình lãnh đạo ký", "Cơ quan ghi: “Trình lãnh đạo ký”"),
        ("ĐANG XỬ LÝ", None),
        ("CHỜ KÝ", "Cơ quan ghi: “CHỜ KÝ”"),
        ("DANG_XU_LY", None),
        ("15", None),
        (None, None),
    ],
)
def test_the_agencys_own_word_is_told_where_it_is_another_and_for_people(raw: str | None, told: str | None) -> None:
    dossier = make_dossier(S.PROCESSING, now=NOW)
    said = dossier.model_copy(update={"timeline": [dossier.timeline[0].model_copy(update={"raw": raw})]})
    assert [step.raw for step in present(in_full(said), "vi", NOW).timeline] == [told]


def test_who_has_proved_nothing_sees_neither_what_for_nor_the_agencys_words() -> None:
    dossier = make_dossier(S.PROCESSING, now=NOW)
    said = dossier.model_copy(
        update={"timeline": [dossier.timeline[0].model_copy(update={"raw": "Chờ bà Lan bổ sung"})]}
    )
    anybodys, own = present(said, "vi", NOW), present(in_full(said), "vi", NOW)
    assert (anybodys.procedure, anybodys.timeline[0].raw, anybodys.own) == (None, None, [])
    assert own.procedure == dossier.procedure.name
    assert own.timeline[0].raw == "Cơ quan ghi: “Chờ bà Lan bổ sung”"


def test_dates_in_english_name_the_month() -> None:
    view = present(make_dossier(now=NOW, checked_at=NOW, due_at=due("2026-12-01T17:00")), "en", NOW)
    assert view.as_of.startswith("As of 08:15 on 23 November 2026, ")
    assert value(view.rows, "Promised by") == "Tuesday 1 December 2026 (in 8 days)"


def test_as_of_is_when_the_hub_last_knew_all() -> None:
    view = present(make_dossier(now=NOW, checked_at=NOW), "vi", NOW)
    assert view.as_of == "Thông tin đến 08:15 ngày 23/11/2026, do Sở Tài nguyên và Môi trường cung cấp."


def test_an_unknown_status_is_not_guessed_and_promises_nothing() -> None:
    view = present(make_dossier(now=NOW, status=None, due_at=NOW - timedelta(days=3)), "vi", NOW)
    assert view.turn == "Tình trạng chưa rõ"
    assert view.late is None
    assert value(view.rows, "Trạng thái") is None


def test_the_call_link_stands_where_the_text_says_to_ask() -> None:
    running = make_dossier(now=NOW)
    stale = running.model_copy(update={"stale": True, "stale_reason": "sync_late"})
    supplement = make_dossier(S.SUPPLEMENT, now=NOW)
    without_phone = supplement.model_copy(update={"agency": supplement.agency.model_copy(update={"phone": None})})
    assert present(running, "vi", NOW).ask is None
    assert present(stale, "vi", NOW).ask == present(supplement, "vi", NOW).ask == "Gọi cơ quan: 0269 3824 201"
    assert present(supplement, "vi", NOW).phone_address == "tel:02693824201"
    assert present(without_phone, "vi", NOW).ask is None


def test_the_status_shown_is_the_dossiers_and_not_the_timelines_last() -> None:
    corrected = make_dossier(S.NEW, S.DONE, now=NOW, status=StatusName.of(S.PROCESSING))
    assert present(corrected, "vi", NOW).headline == "Hồ sơ đang được giải quyết"


def test_who_had_it_before_is_told_beside_who_has_it_now() -> None:
    moved = make_dossier(now=NOW, former_agencies=[PLEIKU])
    assert value(present(moved, "vi", NOW).rows, "Cơ quan giải quyết") == "Sở Tài nguyên và Môi trường"
    assert value(present(moved, "vi", NOW).rows, "Cơ quan giải quyết trước đây") == PLEIKU.name.vi
    assert value(present(make_dossier(now=NOW), "vi", NOW).rows, "Cơ quan giải quyết trước đây") is None


def test_right_after_it_moved_what_is_known_is_its_predecessors_word() -> None:
    city, never = Source(agency=PLEIKU.id, channel=Channel.PULL), make_dossier(S.RECEIVED, now=NOW)
    told_by_city = [event.model_copy(update={"source": city}) for event in never.timeline]
    moved = make_dossier(now=NOW, former_agencies=[PLEIKU], source=city, timeline=told_by_city)
    view = present(moved, "vi", NOW)
    assert f"do {PLEIKU.name.vi} cung cấp" in view.as_of
    assert [step.agency for step in view.timeline] == [PLEIKU.name.vi]
    moved = moved.model_copy(update={"stale": True, "stale_reason": "agency_failing"})
    assert PLEIKU.name.vi in (present(moved, "vi", NOW).stale or "")
    assert [step.agency for step in present(never, "vi", NOW).timeline] == [None]
