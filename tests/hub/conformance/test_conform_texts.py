"""Every check of the conformance kit says in both languages what fails, why it matters and how to mend it."""

import ast
import re

import pytest

from hub.conformance.report import Check, Finding, wrong
from hub.conformance.sender_checks import CHECKS as SENDER
from hub.conformance.system import CHECKS as SYSTEM
from hub.conformance.texts import VIETNAMESE, Lang, explained, seen
from hub.wording import vietnamese
from tests.running import ROOT

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


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "since 2026-11-20 08:00:00+0000: 3 missing, all of that very moment, such as H21.99-261120-0011",
            "từ 2026-11-20 08:00:00+0000: thiếu 3, đều đúng vào thời điểm ấy, như H21.99-261120-0011",
        ),
        (
            "hs-1 was answered with 500, and did not come again while we listened (30 s)",
            "hs-1 được trả 500, và không đến lại trong lúc nghe (30 giây)",
        ),
        # Of an agency, and of nobody who reads another language.
        ("Lỗi hệ thống", "Lỗi hệ thống"),
    ],
)
def test_what_was_seen_is_told_in_vietnamese(said: str, told: str) -> None:
    finding = Finding(CHECKS[0], wrong(said))
    assert (seen(finding, Lang.VI), seen(finding, Lang.EN)) == (told, said)


def made(node: ast.expr) -> str:
    """A sentence as the code makes it, with a fact for each thing put in; "" for what was made elsewhere."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "⟦⟧" for each in node.values)
    return ""


def test_what_is_wrong_or_not_tried_has_its_vietnamese() -> None:
    said = set()
    for path in sorted((ROOT / "hub" / "conformance").glob("*_checks.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("wrong", "untried"):
                said.add(made(node.args[0]))
    sentences = {each for each in said if re.search("[A-Za-z]{2}", each)}
    assert len(sentences) > 60
    assert {each for each in sentences if vietnamese(each) is None} == set()
