"""How late an agency's changes turn up: a histogram in powers of two seconds, kept as JSON. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import ceil, log2

#: Of more changes than this the older half counts half.
_MOST = 20_000


def noted(histogram: Mapping[str, int], late_seconds: Iterable[float]) -> dict[str, int]:
    """The histogram with more changes in it; what is not late at all has none or negative seconds."""
    counts = Counter(dict(histogram))
    counts.update("0" if seconds <= 0 else str(max(0, ceil(log2(seconds))) + 1) for seconds in late_seconds)
    if counts.total() > _MOST:
        counts = Counter({bucket: (count + 1) // 2 for bucket, count in counts.items()})
    return dict(counts)


def quantile(histogram: Mapping[str, int], share: float) -> float:
    """Seconds within which `share` of the changes turned up, rounded up to a power of two; 0 for none late."""
    wanted = share * sum(histogram.values())
    for bucket in sorted(histogram, key=int):
        wanted -= histogram[bucket]
        if wanted <= 0:
            return 0.0 if bucket == "0" else float(2 ** (int(bucket) - 1))
    return 0.0
