"""How old the oldest change is that the hub has not seen. Pure."""

from math import exp


def expected_lag(unread_seconds: float, changes_per_second: float) -> float:
    """Seconds, on average, where nothing has been read for `unread_seconds` and changes come independently.

    That an agency was not read for an hour matters little where it changes something once a day. For T unread seconds
    and a rate of r the oldest change of those that came is T - (1 - e^-rT) / r old.
    """
    if unread_seconds <= 0 or changes_per_second <= 0:
        return 0.0
    expected = unread_seconds * changes_per_second
    if expected < 1e-6:
        # The difference of two nearly equal numbers; the first term of its series instead.
        return unread_seconds * expected / 2
    return unread_seconds - (1 - exp(-expected)) / changes_per_second
