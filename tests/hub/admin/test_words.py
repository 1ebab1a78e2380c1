"""Whatever the audit and the runs may say has words in both languages."""

import re
from pathlib import Path
from typing import get_args

import hub
from hub.admin.words import ACTIONS, REASONS
from hub.streams.store import Reason
from hub.wording.outcomes import RUN_OUTCOMES

SOURCE = "\n".join(path.read_text() for path in Path(hub.__file__).parent.rglob("*.py"))


def test_each_action_that_is_noted_has_words() -> None:
    whole = set(re.findall(r'action="([a-z_]+\.[a-z_]+)"', SOURCE))
    assert len(whole) > 20, "they are looked for in the right way"
    assert whole - set(ACTIONS) == set()


def test_each_reason_and_outcome_has_words() -> None:
    assert set(REASONS) == set(get_args(Reason))
    outcomes = set(re.findall(r'outcome, run\.message = "([a-z_]+)"', SOURCE)) | {"ok", "gave_way", "running"}
    assert outcomes - set(RUN_OUTCOMES) == set()


def test_words_are_in_two_languages() -> None:
    for words in (*ACTIONS.values(), *RUN_OUTCOMES.values(), *REASONS.values()):
        assert words.vi and words.en and words.vi != words.en
