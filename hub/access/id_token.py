"""ID tokens of an identity provider: whether one is good, and whom it names (OpenID Connect Core, 3.1.3.7)."""

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key

#: What the provider signs with a key that only it has; so neither `none` nor what is signed with the client's secret.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
#: The provider's clock and ours may differ so much.
_LEEWAY_SECONDS = 60
#: It was issued in answer to us, just now.
_LONGEST_AGE_SECONDS = 600
_LONGEST_SUBJECT = 255


class NotProven(Exception):
    """What the provider said, or a browser brought from there, does not prove who that is; the message is for the
    operator, and names nobody."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody whom the provider knows."""

    issuer: str
    #: Its name for them, which may be a number that only they have.
    subject: str = field(repr=False)
    #: Whether it says that they proved themselves by more than a password.
    two_factors: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """What a good token says."""

    issuer: str
    client_id: str
    nonce: str
    #: The values of `acr` that mean two factors; `mfa` in `amr` always does.
    acr: Collection[str]

    def identity(self, token: str, keys: Sequence[Mapping[str, Any]]) -> Identity:
        """Whom it names. `keys`: all that the provider has now. Raises NotProven."""
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": self.nonce},
            sub={"essential": True},
        )
        try:
            claims = jwt.decode(token, _key_set(keys), algorithms=_ALGORITHMS).claims
            registry.validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise NotProven(f"the ID token is not good: {_words(error)}") from None
        party = claims.get("azp")
        if party != self.client_id and (party is not None or claims["aud"] not in (self.client_id, [self.client_id])):
            raise NotProven("the ID token was made for another party (azp)")
        if claims["iat"] < time.time() - _LONGEST_AGE_SECONDS:
            raise NotProven("the ID token was issued long ago (iat)")
        if not 0 < len(claims["sub"]) <= _LONGEST_SUBJECT:
            raise NotProven("the ID token names nobody (sub)")
        methods, grade = claims.get("amr"), claims.get("acr")
        mfa = isinstance(methods, list) and "mfa" in methods
        return Identity(self.issuer, claims["sub"], mfa or (isinstance(grade, str) and grade in self.acr))


def _key_set(told: Sequence[Mapping[str, Any]]) -> KeySet:
    keys = []
    for each in told:
        # One that we do not understand is not for us (RFC 7517, 5).
        with suppress(JoseError, ValueError, TypeError, KeyError):
            keys.append(import_key(dict(each)))
    return KeySet(keys)


def _words(error: Exception) -> str:
    """Without what the token says."""
    claim = getattr(error, "claim", None)
    return f"{getattr(error, 'error', type(error).__name__)}{f' ({claim})' if claim else ''}"
