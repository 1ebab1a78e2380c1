"""Letters are composed, and no text however odd takes the square of its length to compose."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.formats.letters import composed
from adapters.mapping.expressions import ExpressionError, compiled

HEAPS = ["a" + "\u0301" * 61, "đã " * 100 + "\u0301\u0316" * 500_000, "\u0323" * 1_000_000]


@given(st.text(max_size=60) | st.text(alphabet="aeiouăâđê \u0300\u0301\u0303\u0309\u0323…—═", max_size=300))
def test_what_is_written_is_composed(text: str) -> None:
    assert composed(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("text", ["═" * 500, "…" * 200, "Tiê\u0301ng Viê\u0323t " * 5000, "🙂" * 300])
def test_rows_of_strange_letters_are_no_heaps_of_marks(text: str) -> None:
    assert composed(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("text", HEAPS)
def test_heaps_of_marks_are_refused_before_they_cost_anything(text: str) -> None:
    """Composing the second of them takes a quarter of an hour."""
    with pytest.raises(ValueError, match="marks"):
        composed(text)
    with pytest.raises(ExpressionError):
        compiled("fold(ten)")({"ten": text})
