"""What an API key, or somebody who keeps the hub, may do: what their scopes say, and nothing else."""

from dataclasses import dataclass
from enum import StrEnum

from contracts.problem import FieldProblem
from hub.problems import ProblemError, ProblemType


class Scope(StrEnum):
    DOSSIERS_READ = "dossiers:read"
    DOSSIERS_SEARCH = "dossiers:search"
    PEOPLE_READ = "people:read"
    PEOPLE_TOKENS = "people:tokens"
    STATISTICS_READ = "statistics:read"
    CHANGES_READ = "changes:read"
    DELIVERIES_READ = "deliveries:read"
    WEBHOOKS_MANAGE = "webhooks:manage"
    ADMIN_LOOK = "admin:look"
    ADMIN_OPERATE = "admin:operate"
    ADMIN_MANAGE = "admin:manage"
    ADMIN_AUDIT = "admin:audit"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]

    @property
    def is_of_all_agencies(self) -> bool:
        """Whether it concerns them all, so that who is for some of them may not, but for what is of one alone."""
        return self in (Scope.ADMIN_MANAGE, Scope.ADMIN_AUDIT)


_MEANINGS = {
    Scope.DOSSIERS_READ: "lists of dossiers and many by code, without anybody's data",
    Scope.DOSSIERS_SEARCH: "search by name and by a part of the code; names masked",
    Scope.PEOPLE_READ: "a person's dossiers, and whose dossier it is, in full",
    Scope.PEOPLE_TOKENS: "tokens for persons that the frontend has signed in",
    Scope.STATISTICS_READ: "counts",
    Scope.CHANGES_READ: "the change feed",
    Scope.DELIVERIES_READ: "what an agency has pushed, as it was sent, and why some was refused",
    Scope.WEBHOOKS_MANAGE: "subscriptions of its own, by which changes are sent to it",
    Scope.ADMIN_LOOK: "how each agency is doing, its runs and calls, and what is in the quarantine; masked",
    Scope.ADMIN_OPERATE: "orders to read, pauses, replays, and what is closed by hand",
    Scope.ADMIN_MANAGE: "accounts, sessions and keys",
    Scope.ADMIN_AUDIT: "the audit",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The frontend whose key was sent, or whoever keeps the hub and is signed in."""

    name: str
    scopes: frozenset[Scope]
    #: The only agencies whose dossiers it may see; None for all.
    agencies: tuple[str, ...] | None

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes

    def agencies_for(self, agency: str | None, field: str = "agency") -> tuple[str, ...] | None:
        """Whose dossiers may be shown where `agency` is asked for; None for all. Raises a 403 problem for an agency
        that the key is not for."""
        if agency is None:
            return self.agencies
        if self.agencies is not None and agency not in self.agencies:
            problem = FieldProblem(field=field, problem="not open to this key", expected=", ".join(self.agencies))
            raise ProblemError(ProblemType.FORBIDDEN, f"The key of {self.name} is not for it.", errors=[problem])
        return (agency,)
