"""Writes what the hub publishes, but for openapi.json: JSON Schemas and the AsyncAPI document.

`make contracts` writes all of it. Tests keep it in step.
"""

import json
from pathlib import Path

from pydantic import BaseModel

from contracts import asyncapi
from contracts.agency import AgencySpec
from contracts.agency_change import ChangePlan
from contracts.change import ChangePage, DossierChanged
from contracts.deliveries import DeliveryDetail, RefusedCall
from contracts.dossier import Dossier, DossierPage, StatusEvent
from contracts.history import History, HistoryLines
from contracts.observation import Observation
from contracts.ownership import FullDossier
from contracts.problem import Problem
from contracts.subscription import (
    EventDeliveries,
    EventDeliveryDetail,
    Subscription,
    SubscriptionRequest,
    SubscriptionTest,
)
from contracts.webhook import Accepted, AcceptedList, DossierUpdated, ListedEvent

FOLDER = Path(__file__).parent / "schemas"
ASYNCAPI = Path(__file__).parent / "asyncapi.json"

PUBLISHED: dict[str, type[BaseModel]] = {
    "accepted": Accepted,
    "accepted-list": AcceptedList,
    "agency-change": ChangePlan,
    "agency-spec": AgencySpec,
    "change-page": ChangePage,
    "delivery": DeliveryDetail,
    "event-deliveries": EventDeliveries,
    "event-delivery": EventDeliveryDetail,
    "dossier": Dossier,
    "dossier-changed": DossierChanged,
    "dossier-page": DossierPage,
    "dossier-updated": DossierUpdated,
    "dossier-full": FullDossier,
    "history": History,
    "history-lines": HistoryLines,
    "listed-event": ListedEvent,
    "observation": Observation,
    "problem": Problem,
    "refused-call": RefusedCall,
    "status-event": StatusEvent,
    "subscription": Subscription,
    "subscription-request": SubscriptionRequest,
    "subscription-test": SubscriptionTest,
}


def schema(model: type[BaseModel]) -> str:
    """The JSON Schema of `model` as its file holds it."""
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | model.model_json_schema()
    return json.dumps(described, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def events() -> str:
    """The AsyncAPI document as its file holds it."""
    return json.dumps(asyncapi.document(), indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.json"):
        if path.stem not in PUBLISHED:
            path.unlink()
    for name, model in PUBLISHED.items():
        (FOLDER / f"{name}.json").write_text(schema(model), "utf-8")
    ASYNCAPI.write_text(events(), "utf-8")


if __name__ == "__main__":
    write()
