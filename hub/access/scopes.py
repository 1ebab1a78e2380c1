"""What an API key may do. A key may do what its scopes say, and nothing else."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    DOSSIERS_READ = "dossiers:read"
    DOSSIERS_SEARCH = "dossiers:search"
    PEOPLE_READ = "people:read"
    PEOPLE_TOKENS = "people:tokens"
    STATISTICS_READ = "statistics:read"
    CHANGES_READ = "changes:read"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    Scope.DOSSIERS_READ: "lists of dossiers and many by code, without anybody's data",
    Scope.DOSSIERS_SEARCH: "search by name and by a part of the code; names masked",
    Scope.PEOPLE_READ: "a person's dossiers, and whose dossier it is, in full",
    Scope.PEOPLE_TOKENS: "tokens for persons that the frontend has signed in",
    Scope.STATISTICS_READ: "counts",
    Scope.CHANGES_READ: "the change feed",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The frontend whose key was sent."""

    name: str
    scopes: frozenset[Scope]
    #: The only agencies whose dossiers it may see; None for all.
    agencies: tuple[str, ...] | None

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes
