"""References in JSON documents, followed."""

from collections.abc import Iterator
from typing import Any


def references(document: Any) -> Iterator[str]:
    """Every `$ref` in it."""
    if isinstance(document, dict):
        if isinstance(found := document.get("$ref"), str):
            yield found
        for part in document.values():
            yield from references(part)
    elif isinstance(document, list):
        for part in document:
            yield from references(part)


def at(document: Any, reference: str) -> Any:
    """What `#/…` leads to in the document. Raises KeyError where it leads nowhere."""
    for step in reference.removeprefix("#/").split("/"):
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document
