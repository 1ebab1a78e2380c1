"""Writes the fault corpus as a table into docs/adapters.md: `python -m tests.corpus`. A test keeps it in step."""

from pathlib import Path

from tests.corpus.faults import CORPUS, KEPT, READ

DOCUMENT = Path(__file__).parents[2] / "docs" / "adapters.md"
BEGIN, END = "<!-- faults: written by python -m tests.corpus -->\n", "<!-- end of faults -->\n"

_OUTCOMES = {READ: "read all the same", KEPT: "the rest is used; this is kept in quarantine"}


def table() -> str:
    rows = []
    for fault in CORPUS:
        outcome = _OUTCOMES.get(fault.ends_in, f"`{fault.ends_in}`")
        rows.append(f"| {fault.speaks.upper()} | {fault.what} | {outcome} |")
    return "\n".join(["| from | what comes back | what it ends in |", "|---|---|---|", *rows]) + "\n"


def with_table(text: str) -> str:
    """The document with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text("utf-8")), "utf-8")
