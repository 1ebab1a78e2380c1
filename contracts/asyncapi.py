"""The AsyncAPI document: which events agencies push to the hub, and which the hub sends to whoever subscribed.

Told from the hub's side, as AsyncAPI 3 has it: it *receives* what is pushed, and *sends* changes. Payloads are the
published schemas, by reference.
"""

from typing import Any

from contracts.change import ChangeType
from contracts.subscription import TEST
from contracts.webhook import DOSSIER_UPDATED, MOST_EVENTS

_FORMAT = "application/schema+json;version=draft-2020-12"

_HEADERS = {
    "type": "object",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {"type": "string", "description": "The same at each try: by it what comes twice is known."},
        "webhook-timestamp": {"type": "string", "description": "Seconds since 1970 of this try."},
        "webhook-signature": {
            "type": "string",
            "description": "`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; several, with blanks between.",
        },
    },
}

_UPDATED = {
    "id": "hs-0007-12",
    "type": DOSSIER_UPDATED,
    "timestamp": "2026-11-26T07:00:00+07:00",
    "data": {
        "code": "H21.20-261123-0007",
        "occurred_at": "2026-11-26T06:59:58+07:00",
        "status": "DANG_XU_LY",
        "applicant": {"name": "Nguyễn Thị Ánh"},
    },
}
_ONE = {name: value for name, value in _UPDATED.items() if name != "id"}


def _message(title: str, summary: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"title": title, "summary": summary, "payload": {"schemaFormat": _FORMAT, "schema": schema}, **more}


def _published(name: str) -> dict[str, Any]:
    return {"$ref": f"schemas/{name}.json"}


def _channel_message(channel: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{channel}/messages/{name}"}


def _operation(action: str, channel: str, messages: list[str], **more: Any) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [_channel_message(channel, name) for name in messages],
        "bindings": {"http": {"method": "POST"}},
        **more,
    }


def document() -> dict[str, Any]:
    signed = {"headers": _HEADERS}
    types = ", ".join(f"`{each}`" for each in ChangeType)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Integration hub of Gia Lai province: events",
            "version": "1",
            "description": "Webhooks in and out, signed as Standard Webhooks (standardwebhooks.com) has it, delivered "
            "at least once. What agencies have agreed on otherwise with the hub is in their spec.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "pushed": {
                "address": "/v1/webhooks/{agency}",
                "description": "Where agencies push. 2xx means that it is durable; else send the same again.",
                "parameters": {"agency": {"description": "The agency's id.", "examples": ["ubnd-pleiku"]}},
                "messages": {
                    "dossierUpdated": _message(
                        "A dossier changed at an agency",
                        "One event. Other types are kept and ignored; CloudEvents 1.0 with such `data` are taken too.",
                        _published("dossier-updated"),
                        name=DOSSIER_UPDATED,
                        examples=[{"payload": _ONE}],
                        **signed,
                    ),
                    "listOfEvents": _message(
                        "Several at once",
                        f"1 to {MOST_EVENTS} events, each with an id of its own; `webhook-id` names the list.",
                        {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MOST_EVENTS,
                            "items": _published("listed-event"),
                        },
                        examples=[{"payload": [_UPDATED]}],
                        **signed,
                    ),
                },
            },
            "answers": {
                "address": None,
                "description": "What the hub answers to what is pushed: 202, or 200 for what it had.",
                "messages": {
                    "accepted": _message("What became of the event", "To one event.", _published("accepted")),
                    "acceptedList": _message(
                        "What became of each", "To a list, in its order.", _published("accepted-list")
                    ),
                },
            },
            "subscribed": {
                "address": None,
                "description": "The address that a subscription names (`POST /v1/subscriptions`). Answer 2xx within "
                "20 s once it is stored.",
                "messages": {
                    "dossierChanged": _message(
                        "A dossier changed, as the hub knows it",
                        f"Of one of these types: {types}. No personal data.",
                        _published("dossier-changed"),
                        **signed,
                    ),
                    "subscriptionTest": _message(
                        "Nothing changed",
                        "It comes when the subscription's owner asks for a test.",
                        _published("subscription-test"),
                        name=TEST,
                        **signed,
                    ),
                },
            },
        },
        "operations": {
            "takeEvents": _operation(
                "receive",
                "pushed",
                ["dossierUpdated", "listOfEvents"],
                summary="Take what an agency pushes",
                reply={
                    "channel": {"$ref": "#/channels/answers"},
                    "messages": [_channel_message("answers", name) for name in ("accepted", "acceptedList")],
                },
            ),
            "sendChanges": _operation(
                "send",
                "subscribed",
                ["dossierChanged", "subscriptionTest"],
                summary="Tell a subscriber, again and again for three days until it is answered with 2xx",
            ),
        },
    }
