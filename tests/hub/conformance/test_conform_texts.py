"""Every check of the conformance kit says in both languages what fails, why it matters and how to mend it."""

import re

import pytest

from hub.conformance.report import Check
from hub.conformance.sender_checks import CHECKS as SENDER
from hub.conformance.system import CHECKS as SYSTEM
from hub.conformance.texts import VIETNAMESE, Lang, explained

CHECKS = [check for check, _ in (*SYSTEM, *SENDER)]
_OF_VIETNAMESE_ALONE = re.compile(
    "[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]", re.IGNORECASE
)


def test_there_is_a_text_for_each_check_and_for_nothing_else() -> None:
    assert set(VIETNAMESE) == {check.id for check in CHECKS}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_both_languages_say_all_three(check: Check) -> None:
    vi, en = explained(check, Lang.VI), explained(check, Lang.EN)
    assert all(text.strip() for text in (*vi, *en))
    assert _OF_VIETNAMESE_ALONE.search(vi.wants) and _OF_VIETNAMESE_ALONE.search(vi.why)
    assert not _OF_VIETNAMESE_ALONE.search(en.wants)
    # What is measured against is the same figure in both.
    assert re.findall(r"\d+", vi.wants) == re.findall(r"\d+", en.wants)
