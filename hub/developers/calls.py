"""What the page of calls shows: the last events and refused calls of a key's agency, and why those were refused."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.adapter import Secrets
from contracts.deliveries import DeliveryDetail, RefusedCall
from contracts.pushing import StandardWebhooks, Webhook
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.developers.diagnosis import mistakes
from hub.developers.texts import REFUSALS
from hub.intake.deliveries import Deliveries, Refusal
from hub.portal.texts import Text
from hub.registry import Registry

_MOST = 15


@dataclass(frozen=True, slots=True)
class Door:
    """One set of agencies: the hub's own, or the sandbox's."""

    keys: ApiKeys
    deliveries: Deliveries
    registry: Registry
    secrets: Secrets

    def agencies(self, caller: Caller) -> list[str]:
        """The ones the key is for that push."""
        if caller.agencies is not None:
            return list(caller.agencies)
        return [spec.id for spec in self.registry if spec.enabled and spec.webhook]


@dataclass(frozen=True, slots=True)
class RefusedView:
    call: RefusedCall
    body: str
    #: What would be right: what was found out about this very call, else what is behind it as a rule.
    advice: Sequence[Text]


@dataclass(frozen=True, slots=True)
class SentView:
    sent: DeliveryDetail
    body: str | None


@dataclass(frozen=True, slots=True)
class Calls:
    agency: str
    events: list[SentView]
    refused: list[RefusedView]


async def who(doors: Sequence[Door], key: str) -> tuple[Door, Caller] | None:
    """Whose key it is; None where it may not see deliveries."""
    for door in doors:
        caller = await door.keys.holder(key)
        if caller and caller.may(Scope.DELIVERIES_READ):
            return door, caller
    return None


async def last(door: Door, agency: str) -> Calls:
    events = [
        SentView(sent, None if sent.body is None else set_out(sent.body))
        for sent in await door.deliveries.latest_in_detail(agency, most=_MOST)
    ]
    spec = door.registry.spec(agency)
    webhook = spec.webhook if spec else None
    refused = [
        RefusedView(each.call, set_out(each.call.body), _advice(each, webhook, door.secrets))
        for each in await door.deliveries.refused([agency], most=_MOST)
    ]
    return Calls(agency, events, refused)


def _advice(refusal: Refusal, webhook: Webhook | None, secrets: Secrets) -> Sequence[Text]:
    found: list[Text] = []
    call = refusal.call
    is_whole = len(refusal.body) == call.body_bytes
    if call.reason == "bad_signature" and is_whole and webhook and isinstance(webhook.proof, StandardWebhooks):
        for name in webhook.secrets:
            try:
                found = found or mistakes(secrets.get(name), call.headers, refusal.body)
            except KeyError:
                continue
    if found:
        return found
    return [REFUSALS[call.reason]] if call.reason in REFUSALS else []


def set_out(text: str) -> str:
    """JSON set out in lines; anything else as it is."""
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return json.dumps(said, ensure_ascii=False, indent=2)
