"""An identity provider for tests, as hubs know it and as people meet it: npm's oidc-provider, a process of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.suite import servers


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    issuer: str
    #: As what it knows the hub, and by which secret.
    client_id: str
    secret: str

    async def wants(self, **altered: Any) -> None:
        """What its ID tokens say besides (`claims`), what they are signed with (`key`), which keys it shows (`shown`);
        without any it is as it was made."""
        async with httpx.AsyncClient() as client:
            (await client.post(f"{self.issuer}/test", json=altered or None)).raise_for_status()

    async def let_on(self, there: str, login: str, *, factors: str = "", no: bool = False) -> str:
        """The address to which it sends somebody back who was sent `there`, and signs in. `factors`: mfa or acr."""
        async with httpx.AsyncClient() as browser:
            form = await browser.get(there, follow_redirects=True)
            assert form.status_code == 200, form.text
            told = {"login": login, "factors": factors} | ({"no": "1"} if no else {})
            answer = await browser.post(form.url, data=told)
            while (answer.headers["location"]).startswith(self.issuer):
                answer = await browser.get(answer.headers["location"])
            return str(answer.headers["location"])


@contextmanager
def identity_provider(back: str, *arguments: str) -> Iterator[IdentityProvider]:
    """One that sends people `back`. `arguments`: the ways in which a hub may prove itself to it."""
    with servers.node("oidc.js", *arguments) as issuer:
        wanted: dict[str, Any] = {"redirect_uris": [back], "response_types": ["code"]}
        if arguments:
            wanted["token_endpoint_auth_method"] = arguments[0]
        made = httpx.post(f"{issuer}/reg", json=wanted)
        made.raise_for_status()
        yield IdentityProvider(issuer, made.json()["client_id"], made.json()["client_secret"])
