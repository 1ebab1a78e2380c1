"""What is owed and waited for: nothing for what people do, more and more for walking through codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.limits.rules import ADDRESS, LOOK, MISS, NEW, NOTHING, WRONG_PROOF


def walked(points: float, seconds: float) -> int:
    """How many times somebody gets through who comes back as soon as allowed."""
    debt, now, times = NOTHING, 0.0, 0
    while now < seconds:
        debt = ADDRESS.charge(debt, points, now)
        times += 1
        now = max(now, debt.wait_until)
    return times


def test_a_family_that_mistypes_a_lot_does_not_wait() -> None:
    debt = NOTHING
    for second in range(15):
        debt = ADDRESS.charge(debt, MISS, second)
        debt = ADDRESS.charge(debt, NEW, second)
    assert debt.wait_until == 0


def test_each_wait_is_longer_than_the_one_before() -> None:
    debt, now, waits = NOTHING, 0.0, []
    for _ in range(40):
        debt = ADDRESS.charge(debt, MISS, now)
        if debt.wait_until > now:
            waits.append(debt.wait_until - now)
        now = max(now, debt.wait_until)
    assert waits[:8] == sorted(waits[:8]) and waits[0] <= 2 < 60 < waits[7]
    assert max(waits) <= 900


def test_a_day_of_walking_tells_little() -> None:
    # A day's sequence of the province is some 5,300 numbers long, that of one agency some hundreds.
    assert walked(MISS, 86_400) < 500
    assert walked(WRONG_PROOF, 86_400) < 200
    assert walked(NEW, 86_400) < 10_000


def test_an_hour_after_the_worst_one_is_welcome_again() -> None:
    debt = NOTHING
    for second in range(10_000):
        debt = ADDRESS.charge(debt, WRONG_PROOF, second)
    assert debt.wait_until <= 10_000 + 900
    assert ADDRESS.charge(debt, MISS, 10_000 + 3600).wait_until <= 10_000 + 3600


@given(st.lists(st.tuples(st.sampled_from([NEW, LOOK, MISS, WRONG_PROOF]), st.floats(0, 2000)), max_size=60))
def test_more_is_never_cheaper(asked: list[tuple[float, float]]) -> None:
    debt, now = NOTHING, 0.0
    for points, pause in asked:
        now += pause
        more = ADDRESS.charge(debt, points, now)
        assert more.wait_until >= debt.wait_until
        assert ADDRESS.left(more, now) >= ADDRESS.left(debt, now)
        assert ADDRESS.left(more, now + 3600) == pytest.approx(more.points / 2)
        debt = more
