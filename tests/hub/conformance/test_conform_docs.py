"""docs/conform.md names every check, and what it says of the recommended interface is what the spec says."""

import re

import pytest

from config.spec_file import SpecFile
from contracts.operations import RestRequest
from hub.conformance.report import Check
from hub.conformance.sender_checks import CHECKS as SENDER
from hub.conformance.system import CHECKS as SYSTEM
from hub.conformance.system import RECOMMENDED
from tests.running import ROOT

PAGE = (ROOT / "docs" / "conform.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("kind", "checks"),
    [("system", [check for check, _ in SYSTEM]), ("sender", [check for check, _ in SENDER])],
)
def test_the_page_names_every_check(kind: str, checks: list[Check]) -> None:
    [table] = re.findall(rf"<!-- {kind} -->\n((?:\|.*\n)+)", PAGE)
    wanted = [f"| `{check.id}` | {check.need} | {check.wants} |" for check in checks]
    assert table.splitlines()[2:] == wanted


def test_the_recommended_interface_is_as_the_page_says() -> None:
    spec = SpecFile(RECOMMENDED).spec
    assert spec and spec.operations.changes and spec.operations.lookup
    one, many = spec.operations.lookup.request, spec.operations.changes.request
    assert isinstance(one, RestRequest) and isinstance(many, RestRequest)
    assert "{address}" + one.path in PAGE and "{address}" + many.path in PAGE
    assert all(f"{name}=" in PAGE for name in many.query)
