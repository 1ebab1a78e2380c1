"""How benchmarks say what they measured."""

import json
from typing import Literal


def figure(name: str, value: float, *, goal: float | None = None, better: Literal["higher", "lower"]) -> None:
    """Print one figure as a line of JSON. `goal` is the issue's, or None where none was set."""
    print(json.dumps({"figure": name, "value": round(value, 3), "goal": goal, "better": better}), flush=True)
