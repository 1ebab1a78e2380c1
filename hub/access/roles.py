"""What people who keep the hub may do: each role is a handful of scopes, the same that an API key may have."""

from enum import StrEnum

from hub.access.scopes import Scope


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    AUDITOR = "auditor"

    @property
    def scopes(self) -> frozenset[Scope]:
        return _SCOPES[self]


_SCOPES = {
    Role.VIEWER: frozenset({Scope.ADMIN_LOOK}),
    Role.OPERATOR: frozenset({Scope.ADMIN_LOOK, Scope.ADMIN_OPERATE}),
    Role.ADMIN: frozenset({Scope.ADMIN_LOOK, Scope.ADMIN_OPERATE, Scope.ADMIN_MANAGE, Scope.ADMIN_AUDIT}),
    Role.AUDITOR: frozenset({Scope.ADMIN_LOOK, Scope.ADMIN_AUDIT}),
}
