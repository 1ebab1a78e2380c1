"""The admin's pages, put together: the way in, how each agency is doing, and who keeps the hub."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

from fastapi import APIRouter
from jinja2 import pass_context
from jinja2.runtime import Context

from hub.access.keys import ApiKeys
from hub.access.provider import Provider
from hub.access.sign_in import SignIn
from hub.admin import (
    agency,
    alerts,
    by_provider,
    calls,
    coming_in,
    inbox,
    overview,
    people,
    quality,
    quarantine,
    spec,
    studio,
    subscriptions,
    trail,
    versions,
)
from hub.admin import keys as keeping_keys
from hub.admin import secrets as keeping_secrets
from hub.admin.desk import PATH, Desk
from hub.admin.studio.bench import Bench
from hub.admin.studio.tools import Tools
from hub.admin.words import ACTIONS, REASONS
from hub.alerts.recipients import Recipients
from hub.calls.search import Calls
from hub.db import Database
from hub.intake.deliveries import Deliveries
from hub.intake.inbox import Inbox
from hub.portal.look import both
from hub.portal.page import VIETNAM
from hub.portal.texts import Lang, Text
from hub.registry import Registry
from hub.secrets.keeping import HubSecrets
from hub.specs.drafts import Drafts
from hub.specs.parts import SpecParts
from hub.subscriptions.channel import WebhookChannel
from hub.subscriptions.deliveries import DeliveryLog
from hub.subscriptions.subscriptions import SubscriptionStore
from hub.vault import Vault
from hub.wording.outcomes import RUN_OUTCOMES


def router(
    database: Database,
    registry: Registry,
    sign_in: SignIn,
    vault: Vault,
    parts: SpecParts,
    secrets: HubSecrets,
    keys: ApiKeys,
    recipients: Recipients,
    drafts: Drafts,
    tools: Tools,
    provider: Provider | None,
    intake: Inbox,
    subscribed: SubscriptionStore,
    webhooks: WebhookChannel,
) -> APIRouter:
    routes = APIRouter(prefix=PATH, include_in_schema=False)
    desk = Desk(routes, sign_in)
    desk.env.filters |= {"ago": _ago, "clock": _clock, "hour": _hour}
    desk.env.filters |= {
        "moment": _moment,
        "span": _span,
        "day": _day,
        "when": _when,
        "count": _count,
        "percent": _percent,
    }
    desk.env.filters |= {"action": _told(ACTIONS), "outcome": _told(RUN_OUTCOMES), "reason": _told(REASONS)}
    desk.env.globals["provider"] = provider.name if provider else None
    coming_in.add(routes, desk, database, vault)
    if provider:
        by_provider.add(routes, desk, provider)
    people.add(desk, registry)
    agency.add(desk, database, registry)
    found_calls = Calls(database, vault)
    trail.add(desk, database, found_calls)
    versions.add(desk, parts)
    spec.add(desk, parts, drafts)
    studio.add(Bench(desk, parts, drafts, tools, secrets))
    keeping_secrets.add(desk, secrets, registry)
    keeping_keys.add(desk, keys, registry)
    quarantine.add(desk, database, vault, parts)
    alerts.add(desk, database, registry, recipients)
    calls.add(desk, database, found_calls, registry)
    inbox.add(desk, database, Deliveries(database, vault), intake, registry)
    subscriptions.add(desk, subscribed, DeliveryLog(database, vault), webhooks, keys, registry)
    overview.add(desk, database, registry, subscribed)
    quality.add(desk, database, registry)
    return routes


def _told(words: Mapping[str, Text]) -> Callable[[Context, str], str]:
    """A filter: the name in words, or itself where it has none."""

    @pass_context
    def told(page: Context, name: str) -> str:
        return both(page["lang"], *words[name]) if name in words else name

    return told


@pass_context
def _moment(page: Context, at: datetime | None) -> str:
    """ "08:15:30 23/11 (2 phút trước)" in Vietnam's time; a dash for never."""
    if at is None:
        return "–"
    away = datetime.now(UTC) - at
    length = _in(page["lang"], abs(away))
    if page["lang"] == "en":
        relative = f"{length} ago" if away >= timedelta(0) else f"in {length}"
    else:
        relative = f"{length} trước" if away >= timedelta(0) else f"sau {length}"
    return f"{at.astimezone(VIETNAM):%H:%M:%S %d/%m} ({relative})"


@pass_context
def _ago(page: Context, at: datetime | None) -> str:
    """ "2 phút trước"; a dash for never."""
    if at is None:
        return "–"
    length = _in(page["lang"], max(timedelta(0), datetime.now(UTC) - at))
    return f"{length} ago" if page["lang"] == "en" else f"{length} trước"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%H:%M:%S}"


def _hour(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%H:00 %d/%m}"


@pass_context
def _span(page: Context, length: timedelta | None) -> str:
    return "–" if length is None else _in(page["lang"], length)


def _in(lang: Lang, length: timedelta) -> str:
    """In the largest unit of which there are two."""
    seconds = int(length.total_seconds())
    for size, vi, en in ((86_400, "ngày", "days"), (3_600, "giờ", "hours"), (60, "phút", "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {en if lang == 'en' else vi}"
    return f"{seconds} {'s' if lang == 'en' else 'giây'}"


def _when(told: str) -> str:
    """Of a moment as JSON has it."""
    return f"{datetime.fromisoformat(told).astimezone(VIETNAM):%H:%M %d/%m/%Y}"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


@pass_context
def _count(page: Context, number: int) -> str:
    return f"{number:,}" if page["lang"] == "en" else f"{number:,}".replace(",", ".")


@pass_context
def _percent(page: Context, number: float) -> str:
    return f"{number:.2f} %" if page["lang"] == "en" else f"{number:.2f} %".replace(".", ",")
