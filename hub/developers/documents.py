"""The documents that the pages lead to, as they are: those of contracts/ for programs, some of docs/ for people."""

from pathlib import Path

_ROOT = Path(__file__).parents[2]
#: By the path below /developers. References among them lead from one to the other, here as in the folder.
CONTRACTS = {"asyncapi.json": _ROOT / "contracts" / "asyncapi.json"} | {
    f"schemas/{path.name}": path for path in sorted((_ROOT / "contracts" / "schemas").glob("*.json"))
}
PAGES = {
    f"docs/{name}": _ROOT / "docs" / name
    for name in ("developers.md", "webhooks.md", "webhooks-out.md", "changes.md", "conform.md")
}
