"""What zeep silently turns into None is marked; what zeep can read is left as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zeep.xsd.types import builtins

from adapters.formats.misfit import WRITTEN, Misfit, judged

ZEEP = {
    name: next(
        kind
        for kind in vars(builtins).values()
        if getattr(kind, "_default_qname", None) is not None and kind._default_qname.localname == name
    )()
    for name in ("int", "integer", "decimal", "double", "boolean", "date", "dateTime")
}


@pytest.mark.parametrize(
    ("promised", "text"),
    [
        ("int", "5.0"),
        ("int", "ba"),
        ("decimal", "1,5"),
        ("boolean", "đúng"),
        ("boolean", "True"),
        ("date", "06/11/2026"),
        ("date", "2026-13-01"),
        ("dateTime", "2026-11-06 08:00:00"),
        ("dateTime", "06/11/2026 08:00"),
        ("dateTime", "2026-11-06"),
    ],
)
def test_a_text_that_is_not_what_was_promised_is_marked(promised: str, text: str) -> None:
    misfit = judged(text, promised)
    assert isinstance(misfit, Misfit)
    assert (misfit, misfit.promised) == (text, promised)


@pytest.mark.parametrize("text", ["", "x", "06/11/2026"])
def test_text_is_promised_nothing(text: str) -> None:
    assert type(judged(text, "string")) is str


@given(promised=st.sampled_from(sorted(ZEEP)), data=st.data())
def test_what_fits_is_what_zeep_reads(promised: str, data: st.DataObject) -> None:
    """Days that are in no calendar are the date formats' to refuse: a pattern does not count them."""
    text = data.draw(st.from_regex(WRITTEN[promised], fullmatch=True))
    assert type(judged(text, promised)) is str
    try:
        ZEEP[promised].pythonvalue(text.strip())
    except (ValueError, OverflowError):
        assert promised in ("date", "dateTime")
