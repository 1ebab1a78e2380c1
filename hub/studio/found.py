"""What a WSDL or an OpenAPI document says that a system offers: the same for both."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Field:
    """An input, or a part of an answer."""

    name: str
    #: The document's own word for it ("string", "dateTime", "date-time" …); None where it has children.
    type: str | None = None
    many: bool = False
    children: tuple["Field", ...] = ()
    #: Where in a request it goes.
    place: Literal["path", "query", "header", "body"] = "body"
    required: bool = False
    #: A value that the document gives: an example, the default, the only one there is.
    example: object = None
    #: The words it may hold, where they are told.
    words: tuple[str, ...] = ()

    def walk(self, path: tuple["Field", ...] = ()) -> Iterator[tuple["Field", ...]]:
        """Every field in it, each with those around it, outermost first; itself left out."""
        for child in self.children:
            yield (*path, child)
            yield from child.walk((*path, child))


@dataclass(frozen=True, slots=True)
class FoundOperation:
    name: str
    inputs: tuple[Field, ...]
    #: What the answer holds; without children where the document does not tell.
    output: Field
    #: Of REST only.
    method: str = "POST"
    path: str = ""


@dataclass(frozen=True, slots=True)
class Auth:
    """How a document says that callers show who they are."""

    kind: Literal["header", "query", "bearer", "basic", "oauth2"]
    #: The header's or parameter's name, or the address of the token endpoint.
    name: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    kind: Literal["soap", "rest"]
    title: str
    #: Scheme, host and port, and the path behind it, as far as the document tells.
    address: str
    path: str
    operations: tuple[FoundOperation, ...]
    #: What cannot be used, and why: sentences.
    lost: tuple[str, ...] = ()
    auth: Auth | None = None
    #: Of SOAP only: the document's name in the store, and the version of SOAP.
    document: str = ""
    version: Literal["1.1", "1.2"] = "1.1"
