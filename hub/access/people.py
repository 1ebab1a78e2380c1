"""A person whom a frontend has signed in, and the token by which that person's browser asks for their own dossiers.

A token is a JWT that ends soon. It holds no personal data: only keyed digests, which nobody but this hub can make.
"""

import hmac
import time
from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from hub.access.scopes import Caller
from hub.problems import ProblemError, ProblemType
from hub.vault import Vault

LIFETIME_SECONDS = 900

_ALGORITHM = "HS256"
_ISSUER = "hub"
BEARER = HTTPBearer(auto_error=False, description="A token of POST /v1/people/tokens.")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody told by one contact, without saying it."""

    #: number, phone or email: what told them.
    contact: str
    #: The mark under which their dossiers are filed.
    mark: int
    #: Tells them from those who share the mark.
    digest: str
    #: The only agencies at which they may be looked for; None for all.
    agencies: tuple[str, ...] | None = None

    @classmethod
    def of(cls, contact: str, value: str, vault: Vault, agencies: tuple[str, ...] | None = None) -> Self:
        """`value` as hub.index.marks.contact_values gives it."""
        return cls(contact, vault.mark(contact, value), _digest(contact, value, vault), agencies)

    def is_told_by(self, value: str, vault: Vault) -> bool:
        return hmac.compare_digest(self.digest, _digest(self.contact, value, vault))


def _digest(contact: str, value: str, vault: Vault) -> str:
    return vault.digest(f"person {contact} {value}".encode()).hex()


class People:
    def __init__(self, vault: Vault) -> None:
        self._key = OctKey.import_key(vault.key_for("user tokens"))

    def token(self, person: Person, caller: Caller) -> tuple[str, int]:
        """The token, and when it ends, in seconds since 1970."""
        now = int(time.time())
        claims = {
            "iss": _ISSUER,
            "azp": caller.name,
            "sub": person.digest,
            "contact": person.contact,
            "mark": str(person.mark),
            "agencies": None if person.agencies is None else list(person.agencies),
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
        }
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key), claims["exp"]  # type: ignore[return-value]

    async def signed_in(self, given: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)] = None) -> Person:
        """A FastAPI dependency: whose token was sent, or a 401 problem."""
        if given is None:
            raise _refused("The header Authorization is missing, or holds no Bearer token.")
        person = self.person(given.credentials)
        if person is None:
            raise _refused("The token is not one this hub gave, or has ended.")
        return person

    def person(self, token: str) -> Person | None:
        """Whose token it is; None for one that is not good, or not any more."""
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            jwt.JWTClaimsRegistry(iss={"essential": True, "value": _ISSUER}, exp={"essential": True}).validate(claims)
        except (JoseError, ValueError, TypeError):
            return None
        agencies = claims["agencies"]
        return Person(
            claims["contact"], int(claims["mark"]), claims["sub"], None if agencies is None else tuple(agencies)
        )


def _refused(detail: str) -> ProblemError:
    return ProblemError(ProblemType.TOKEN_REFUSED, detail, headers={"WWW-Authenticate": "Bearer"})
