"""People who keep the hub, for tests: they come in as one does, by password and authenticator."""

import re
import time
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from html import unescape
from pathlib import Path

import httpx
import pyotp
from fastapi import APIRouter, FastAPI

from adapters import Client, Messenger, build_adapter
from config.secrets import SecretStore
from contracts.adapter import Window
from contracts.agency import AgencySpec
from hub import admin, problems
from hub.access.keys import ApiKeys
from hub.access.provider import Provider
from hub.access.roles import Role
from hub.access.sign_in import SignIn
from hub.alerts.recipients import Recipients
from hub.db import Database
from hub.documents.documents import Documents
from hub.intake.inbox import Inbox
from hub.registry import Registry
from hub.secrets.keeping import HubSecrets
from hub.specs.canary import Canary
from hub.specs.drafts import Drafts
from hub.specs.follower import Follower
from hub.specs.parts import SpecParts
from hub.specs.shadow import Shadows
from hub.specs.specs import Specs
from hub.subscriptions.channel import WebhookChannel
from hub.subscriptions.subscriptions import SubscriptionStore
from hub.vault import Vault
from sync_jobs.rehearsal import Rehearsed, rehearse
from tests.parts import NamedSecrets, no_documents

PASSWORD = "bốn từ không liên quan"


@dataclass(frozen=True, slots=True)
class Keeper:
    """Somebody who can come in again."""

    name: str
    totp: pyotp.TOTP
    #: The code by which they enrolled.
    used: str = ""

    def code(self, *, later: int = 0) -> str:
        """What their authenticator shows, so many codes from now."""
        return self.totp.at(int(time.time()) + 30 * later)


async def enrolled(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    name: str = "an",
    role: Role = Role.ADMIN,
    agencies: Collection[str] | None = None,
) -> Keeper:
    """Somebody new, who is then in by the client's cookies."""
    password = await sign_in.first_password()
    if password is None:
        password = await sign_in.accounts.invite(name, role, agencies, actor="test")
    return await begun(client, name, password)


async def begun(client: httpx.AsyncClient, name: str, one_time_password: str) -> Keeper:
    """Somebody who begins by a one-time password, and is then in by the client's cookies."""
    page = await client.post("/admin/begin", data={"password": one_time_password}, follow_redirects=True)
    keeper = Keeper(name, pyotp.TOTP(secret_on(page.text)))
    keeper = replace(keeper, used=keeper.code())
    fields = {"name": name, "password": PASSWORD, "code": keeper.used}
    entered = await client.post("/admin/enrol", data=fields, follow_redirects=False)
    assert (entered.status_code, entered.headers["location"]) == (303, "/admin"), entered.text
    return keeper


def console(
    database: Database,
    registry: Registry,
    sign_in: SignIn,
    vault: Vault,
    documents: Documents | None = None,
    *,
    provider: Provider | None = None,
    messenger: Messenger | None = None,
) -> APIRouter:
    """The admin's pages over a registry whose specs are nowhere else, until one is published."""
    documents = documents or no_documents(database)
    secrets = HubSecrets(database, vault, SecretStore(Path("nowhere")))
    parts = spec_parts(database, registry, vault, documents)
    drafts, tools = Drafts(database, vault, parts.specs), tools_of(database, vault, parts, documents)
    keys, recipients = ApiKeys(database), Recipients(database, vault, plain_http=True)
    kept = (database, registry, sign_in, vault, parts, secrets, keys, recipients)
    subscriptions = SubscriptionStore(database, registry, vault, plain_http=True)
    webhooks = (subscriptions, WebhookChannel(messenger or Messenger()))
    return admin.router(*kept, drafts, tools, provider, Inbox(database, vault, registry), *webhooks)


def tools_of(
    database: Database,
    vault: Vault,
    parts: SpecParts,
    documents: Documents | None = None,
    addresses: Mapping[str, str] | None = None,
) -> admin.Tools:
    async def dry_run(spec: AgencySpec, window: Window) -> AsyncIterator[Rehearsed]:
        async for page in rehearse(database, parts.follower.build(spec), vault, window):
            yield page

    secrets = HubSecrets(database, vault, SecretStore(Path("nowhere")))
    return admin.Tools(documents or no_documents(database), secrets, dry_run, addresses)


def app_of(*routers: APIRouter) -> FastAPI:
    app = FastAPI()
    problems.install(app)
    for each in routers:
        app.include_router(each)
    return app


def visitor(app: FastAPI, *, follow_redirects: bool = False) -> httpx.AsyncClient:
    """Nobody in particular, until they are enrolled."""
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://hub", follow_redirects=follow_redirects)


def spec_parts(database: Database, registry: Registry, vault: Vault, documents: Documents | None = None) -> SpecParts:
    secrets = NamedSecrets({})

    build_with = partial(build_adapter, secrets=secrets, documents=Path())
    build = partial(build_with, client=Client(None))
    documents = documents or no_documents(database)
    specs = Specs(database, secrets, documents)
    follower, canary = Follower(database, registry, build, documents, {}), Canary(database, vault, specs, build)
    return SpecParts(specs, follower, canary, Shadows(database, vault, specs, build_with))


def secret_on(page: str) -> str:
    """The authenticator's key, as the page shows it."""
    [found] = re.findall(r'<code class="secret">([A-Z2-7 ]+)</code>', unescape(page))
    return str(found).replace(" ", "")
