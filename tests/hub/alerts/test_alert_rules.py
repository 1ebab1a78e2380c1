"""When an alert opens, what explains it, when it is over, and when it is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.alerts.rules import GATHER, PAUSE, Alert, Held, Kind, Silence, follow, notice

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def alert(kind: Kind = Kind.DOWN, *, id: int = 1, agency: str = "so-tnmt", **known: Any) -> Alert:
    return replace(Alert(id, kind, agency, "", NOW), **known)


def followed(one: Alert, seconds: float, *held: Held, others: tuple[Alert, ...] = ()) -> Alert | None:
    """None where it came to nothing."""
    changed, nothing = follow([one, *others], held, after(seconds))
    return None if one.id in nothing else next((each for each in changed if each.id == one.id), one)


def test_what_is_not_bad_enough_opens_nothing_and_goes_without_a_word() -> None:
    unripe = Held(Kind.DOWN, "so-tnmt", ripe=False)
    waiting = followed(alert(), 60, unripe)
    assert waiting
    assert waiting.opened_at is None
    assert followed(waiting, 70) is None


def test_a_system_that_comes_and_goes_is_one_alert() -> None:
    down = Held(Kind.DOWN, "so-tnmt")
    opened = followed(alert(), 0, down)
    assert opened
    assert opened.opened_at == NOW
    clear = followed(opened, 10)
    assert clear
    assert (clear.clear_since, clear.resolved_at) == (after(10), None)
    again = followed(clear, 100, replace(down, ripe=False))
    assert again
    assert again.clear_since is None, "one failure keeps open what three have opened"
    clear = followed(again, 110)
    assert clear
    over = followed(clear, 230)
    assert over
    assert over.resolved_at == after(230)


def test_lag_must_last_before_it_is_one() -> None:
    lag = Held(Kind.LAG, "so-tnmt")
    young = followed(alert(Kind.LAG), 179, lag)
    old = followed(alert(Kind.LAG), 180, lag)
    assert young
    assert old
    assert (young.opened_at, old.opened_at) == (None, after(180))


def test_what_follows_from_another_is_not_told_and_has_its_own_time_once_that_is_over() -> None:
    lag, down = Held(Kind.LAG, "so-tnmt"), Held(Kind.DOWN, "so-tnmt", ripe=False)
    cause = alert(id=2)
    caused = followed(alert(Kind.LAG), 200, lag, down, others=(cause,))
    assert caused
    assert (caused.cause_id, caused.opened_at) == (2, after(200))
    assert caused.to_be_told_from is None, "a cause that is not ripe yet explains it all the same"
    alone = followed(caused, 400, lag)
    assert alone
    assert alone.to_be_told_from == after(580)
    assert notice([alone], [], None, after(579)) is None
    of_another = alert(id=3, agency="so-xd")
    assert followed(alert(Kind.LAG), 200, lag, others=(of_another,)).cause_id is None  # type: ignore[union-attr]


def test_what_was_told_is_not_taken_back_by_a_cause_that_comes_later() -> None:
    told = alert(Kind.LAG, opened_at=NOW, told_at=NOW)
    same = followed(told, 60, Held(Kind.LAG, "so-tnmt"), Held(Kind.DOWN, "so-tnmt"), others=(alert(id=2),))
    assert same
    assert same.cause_id is None


def test_several_within_a_short_time_are_one_notice() -> None:
    first, second = alert(opened_at=NOW), alert(Kind.DRIFT, id=2, opened_at=after(15))
    assert notice([first], [], None, after(10)) is None
    told = notice([first, second], [], None, NOW + GATHER)
    assert told
    assert [each.id for each in told.opened] == [1, 2]
    assert notice([first], [], NOW, after(60)) is None, "something was told a minute ago"
    assert notice([first], [], NOW, NOW + PAUSE)


def test_what_is_over_is_told_if_its_beginning_was() -> None:
    over = alert(opened_at=NOW, resolved_at=after(60))
    assert notice([over], [], None, after(600)) is None
    told = notice([replace(over, told_at=after(20))], [], after(20), after(600))
    assert told
    assert (told.opened, len(told.resolved)) == ((), 1)
    both = replace(over, told_at=after(20), told_resolved_at=after(90))
    assert notice([both], [], after(90), after(600)) is None


def test_what_is_silenced_waits() -> None:
    open_one = alert(opened_at=NOW)
    silence = Silence(1, "so-tnmt", Kind.DOWN, after(3600), "bảo trì", "an", NOW)
    others = [replace(silence, agency="so-xd"), replace(silence, kind=Kind.LAG)]
    assert notice([open_one], [silence], None, after(600)) is None
    assert notice([open_one], [replace(silence, agency=None, kind=None)], None, after(600)) is None
    assert notice([open_one], others, None, after(600))
