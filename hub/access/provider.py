"""The identity provider by which people may come in beside passwords: OpenID Connect's authorization code flow.

What it says counts only where we asked for it a moment ago, for the browser that brings it: the code is of use only
with the verifier (PKCE), and the ID token only with the nonce, and both follow from a token in that browser's cookie.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from adapters import Client
from adapters.calling.client import Peer, RawAnswer, Request
from adapters.calling.tls import Trust
from config.settings import Settings
from contracts.adapter import Priority, Secrets
from contracts.errors import AgencyFailure, Malformed
from contracts.system import Budget, Limits, Tls
from hub.access.id_token import Identity, NotProven, Terms

#: By this name the client's secret is in the environment, a file, or at /admin/secrets.
SECRET = "oidc-client-secret"  # noqa: S105

#: Where its endpoints are is looked up again after so long. Its keys are asked for at each sign-in: so a new one is
#: known at once, and one that was withdrawn is not.
_KNOWN_SECONDS = 300
_LIMITS = Limits(connect_seconds=5, read_seconds=10, total_seconds=15, max_bytes=500_000, attempts=2)

T = TypeVar("T")
Told = TypeVar("Told", bound=BaseModel)


class ProviderAway(Exception):
    """It cannot be asked, or says what no provider says; the message is for the operator, and names no secret."""


@dataclass(frozen=True, slots=True)
class Trip:
    """What ties somebody's way to the provider and back to their browser; made of the token in its cookie."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def of(cls, token: str) -> Self:
        made = (hmac.digest(token.encode(), word, "sha256") for word in (b"state", b"nonce", b"verifier"))
        return cls(*map(_base64, made))

    @property
    def challenge(self) -> str:
        return _base64(hashlib.sha256(self.verifier.encode()).digest())

    def is_this(self, state: str) -> bool:
        return hmac.compare_digest(self.state.encode(), state.encode(errors="replace"))


class _Endpoints(BaseModel):
    """What of its discovery document we go by."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(BaseModel):
    id_token: str


class _Keys(BaseModel):
    keys: list[dict[str, Any]]


class _Error(BaseModel):
    error: str


class Provider:
    def __init__(
        self,
        issuer: str,
        client_id: str,
        secrets: Secrets,
        client: Client,
        *,
        name: str | None = None,
        acr: tuple[str, ...] = (),
        private: bool = False,
        trust: Trust | None = None,
    ) -> None:
        """`name`: what people call it. `acr`: by which values it says that there were two factors. `private`: whether
        it is in a private network, and may then be without TLS. `trust`: by what its certificate is checked, where no
        public authority signs it. Raises ValueError."""
        self.issuer, self._client_id, self._secrets, self._client = issuer, client_id, secrets, client
        self._private, self._acr = private, acr
        if not self._may_be_called(issuer):
            raise ValueError(f"{issuer!r} is no https address of a provider")
        self.name = name or str(urlsplit(issuer).hostname)
        self._peer = Peer("identity-provider", ZoneInfo("UTC"), _LIMITS, Budget(), private, trust)
        self._known: _Endpoints | None = None
        self._known_until = 0.0

    @classmethod
    def of(cls, settings: Settings, secrets: Secrets, client: Client) -> Self | None:
        """None where there is none. Raises ValueError."""
        if not settings.oidc_issuer:
            return None
        if not settings.oidc_client_id:
            raise ValueError("HUB_OIDC_ISSUER needs HUB_OIDC_CLIENT_ID, by which the provider knows the hub")
        return cls(
            settings.oidc_issuer,
            settings.oidc_client_id,
            secrets,
            client,
            name=settings.oidc_name,
            acr=settings.oidc_acr,
            private=settings.oidc_private,
            trust=_trust(settings.oidc_authority, secrets) if settings.oidc_authority else None,
        )

    async def address(self, trip: Trip, back: str, lang: str) -> str:
        """Where to send somebody, who then comes `back`. Raises ProviderAway."""
        known = await self.known()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": back,
            # Of whom it is nothing is asked, not even a name.
            "scope": "openid",
            "state": trip.state,
            "nonce": trip.nonce,
            "code_challenge": trip.challenge,
            "code_challenge_method": "S256",
            "ui_locales": lang,
        }
        if self._acr:
            asked["acr_values"] = " ".join(self._acr)
        joint = "&" if urlsplit(known.authorization_endpoint).query else "?"
        return f"{known.authorization_endpoint}{joint}{urlencode(asked)}"

    async def identity(self, trip: Trip, brought: Mapping[str, str], back: str) -> Identity:
        """Who has come `back`, by what their browser brought from there: the parameters of the address. Raises
        NotProven, ProviderAway."""
        known = await self.known()
        said = brought.get("iss", known.issuer if not known.authorization_response_iss_parameter_supported else None)
        # RFC 9207: else another provider's answer could be brought to this one.
        if said != known.issuer:
            raise NotProven("the answer is not said to be of this issuer")
        tokens = await self._tokens(known, trip, brought.get("code", ""), back)
        keys = await self._call("keys", Request("GET", known.jwks_uri), lambda raw: _read(_Keys, raw))
        terms = Terms(self.issuer, self._client_id, trip.nonce, self._acr)
        return terms.identity(tokens.id_token, keys.keys)

    async def known(self) -> _Endpoints:
        """What it says of itself. Raises ProviderAway."""
        if self._known is None or time.monotonic() >= self._known_until:
            address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            known = await self._call("discovery", Request("GET", address), lambda raw: _read(_Endpoints, raw))
            if known.issuer != self.issuer:
                raise ProviderAway(f"at {address} is {known.issuer!r}; HUB_OIDC_ISSUER must be that, to the letter")
            for each in (known.authorization_endpoint, known.token_endpoint, known.jwks_uri):
                if not self._may_be_called(each):
                    raise ProviderAway(f"it names {each!r}, which is no https address")
            self._known, self._known_until = known, time.monotonic() + _KNOWN_SECONDS
        return self._known

    async def _tokens(self, known: _Endpoints, trip: Trip, code: str, back: str) -> _Tokens:
        try:
            secret = self._secrets.get(SECRET)
        except KeyError as error:
            raise ProviderAway(error.args[0]) from None
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": trip.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        # RFC 6749, 2.3.1; the other way only where a provider knows no other.
        ways = known.token_endpoint_auth_methods_supported
        if "client_secret_basic" not in ways and "client_secret_post" in ways:
            form |= {"client_id": self._client_id, "client_secret": secret}
        else:
            pair = f"{quote_plus(self._client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        request = Request(
            "POST",
            known.token_endpoint,
            headers=headers,
            body=urlencode(form).encode(),
            secrets=(secret, code, trip.verifier),
            secret_answer=True,
        )
        return await self._call("token", request, _tokens_told)

    async def _call(self, what: str, request: Request, understand: Callable[[RawAnswer], T]) -> T:
        try:
            return await self._client.call(
                self._peer,
                request,
                operation=what,
                understand=understand,
                priority=Priority.PERSON,
                repeatable=request.method == "GET",
            )
        except AgencyFailure as failure:
            raise ProviderAway(f"{what}: {failure.message}") from None

    def _may_be_called(self, address: str) -> bool:
        try:
            parts = urlsplit(address)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return False
        plain = not (parts.username or parts.password or parts.fragment)
        return bool(host) and plain and parts.scheme in (("https", "http") if self._private else ("https",))


def _trust(authority: Path, secrets: Secrets) -> Trust:
    try:
        return Trust(Tls(authority=authority.name), secrets, authority.parent)
    except ValueError:
        raise ValueError(f"HUB_OIDC_AUTHORITY: {authority} cannot be read, or is no certificate in PEM") from None


def _read(kind: type[Told], raw: RawAnswer) -> Told:
    if raw.status >= 300:
        raise Malformed(f"It answered {raw.status}.")
    try:
        return kind.model_validate_json(raw.body)
    except ValidationError as error:
        places = ", ".join(str(each["loc"][0]) for each in error.errors() if each["loc"])
        raise Malformed(f"Its answer has no right {places}." if places else "Its answer is no JSON object.") from None


def _tokens_told(raw: RawAnswer) -> _Tokens:
    if raw.status != 400:
        return _read(_Tokens, raw)
    try:
        word = _Error.model_validate_json(raw.body).error
    except ValidationError:
        raise Malformed("It answered 400, and does not say why.") from None
    if word == "invalid_grant":
        raise NotProven("the provider does not take the code: it was used, is too old, or another's")
    raise Malformed(f"It answered {word[:80]!r}.")


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
