"""Agencies that cannot sign by Standard Webhooks, over HTTP and behind a proxy: what proves them is taken from whom it
may be taken, and is kept nowhere; their own shape goes through their spec's mapping."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import unquote_plus, urlencode

import httpx
import pytest

from contracts.agency import AgencySpec
from hub.db import Database
from hub.intake.deliveries import Deliveries
from hub.intake.refusals import Refusals
from hub.proxies import BehindProxies
from hub.vault import Vault
from tests.hub.intake.senders import CODE, SECRET, sending
from tests.parts import STATUSES, pushing_spec, registry_of

PRINT = hashlib.sha256(b"certificate").hexdigest()
SHAPE = {
    "events": {"each": "danhSach", "id": "so", "data": "noiDung"},
    "mapping": {
        "code": "ma",
        "occurred_at": {"path": "luc", "convert": "date", "formats": ["iso"]},
        "facts": {"status": "tt"},
    },
}
BODY = json.dumps(
    {"danhSach": [{"so": 7, "noiDung": {"ma": CODE, "luc": "2026-11-23T08:00:00", "tt": "DANG_XU_LY"}}]}
).encode()
PROXY, AGENCY, STRANGER = "10.0.0.1", "10.1.2.3", "203.0.113.9"


def spec(proof: dict[str, Any]) -> AgencySpec:
    secrets = {} if proof["kind"] == "mutual_tls" else {"secrets": ["ubnd-pleiku-webhook"]}
    return pushing_spec(statuses=STATUSES, webhook=SHAPE | secrets | {"proof": proof})


class Line:
    """What comes to a hub behind one trusted proxy."""

    def __init__(self, database: Database, vault: Vault, proof: dict[str, Any], *, certificates: bool = True) -> None:
        self._parts, self._proof, self._certificates = (database, vault), proof, certificates

    async def status(self, headers: dict[str, str], *, peer: str = PROXY, body: bytes = BODY) -> int:
        async with (
            registry_of(spec(self._proof)) as registry,
            sending(*self._parts, registry, Refusals(self._parts[1])) as sender,
        ):
            behind = BehindProxies(sender.app, [PROXY], certificates=self._certificates)
            transport = httpx.ASGITransport(behind, client=(peer, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                answer = await client.post("/v1/webhooks/ubnd-pleiku", content=body, headers=headers)
        return answer.status_code


async def test_an_hmac_in_a_header_of_its_own(database: Database, vault: Vault) -> None:
    line = Line(database, vault, {"kind": "hmac", "header": "X-Chu-Ky", "prefix": "sha256="})
    signed = {"X-Chu-Ky": "sha256=" + hmac.digest(SECRET.encode(), BODY, hashlib.sha256).hex()}
    assert await line.status(signed, peer=STRANGER) == 202
    assert await line.status(signed, peer=STRANGER, body=BODY + b" ") == 401
    # Without the header webhook-id its own number names the event; the same again is a duplicate.
    assert await line.status(signed, peer=STRANGER) == 200
    shown = await Deliveries(database, vault).one("ubnd-pleiku", "7")
    assert shown and [each.code for each in shown.changes] == [CODE]


async def test_a_token_counts_from_the_addresses_alone_that_were_agreed_on(database: Database, vault: Vault) -> None:
    proof = {"kind": "token", "header": "Authorization", "prefix": "Bearer ", "addresses": ["10.1.2.0/24"]}
    line, token = Line(database, vault, proof), {"Authorization": f"Bearer {SECRET}"}
    assert await line.status(token | {"X-Forwarded-For": AGENCY}) == 202
    assert await line.status({"X-Forwarded-For": AGENCY, "Authorization": "Bearer other"}) == 401
    assert await line.status(token | {"X-Forwarded-For": STRANGER}) == 403
    # Who is no proxy of ours may say what they like of where they are; and so may who speaks through it.
    assert await line.status(token | {"X-Forwarded-For": AGENCY}, peer=STRANGER) == 403
    assert await line.status(token | {"X-Forwarded-For": f"{AGENCY}, {STRANGER}"}) == 403
    shown = await Deliveries(database, vault).one("ubnd-pleiku", "7")
    assert shown and SECRET not in str(shown)


@pytest.mark.parametrize("format", ["json", "form"])
async def test_a_token_in_the_body_is_kept_nowhere(database: Database, vault: Vault, format: str) -> None:
    proof = {"kind": "token", "field": "SecurityCode", "addresses": [AGENCY]}
    if format == "json":
        shape, body = SHAPE, json.dumps(json.loads(BODY) | {"SecurityCode": SECRET}).encode()
    else:
        shape = SHAPE | {"events": {"format": "form", "id": "so"}}
        fields = {"so": "7", "ma": CODE, "luc": "2026-11-23T08:00:00", "tt": "MOI", "SecurityCode": SECRET}
        body = urlencode(fields).encode()
    pushing = pushing_spec(webhook=shape | {"secrets": ["ubnd-pleiku-webhook"], "proof": proof})
    refusals = Refusals(vault)
    async with registry_of(pushing) as registry, sending(database, vault, registry, refusals) as sender:
        for peer, status in ((AGENCY, 202), (STRANGER, 403), (AGENCY, 200)):
            transport = httpx.ASGITransport(sender.app, client=(peer, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                assert (await client.post("/v1/webhooks/ubnd-pleiku", content=body)).status_code == status
    await refusals.flush(database)
    deliveries = Deliveries(database, vault)
    shown = await deliveries.one("ubnd-pleiku", "7")
    [refused] = await deliveries.refused(["ubnd-pleiku"], most=9)
    assert shown and shown.body and CODE in shown.body and CODE in refused.call.body
    for kept in (shown.body, refused.call.body):
        assert SECRET not in unquote_plus(kept)


@pytest.mark.parametrize("certificates", [False, True])
async def test_a_certificate_is_what_the_proxy_says_it_is(database: Database, vault: Vault, certificates: bool) -> None:
    proof = {"kind": "mutual_tls", "fingerprints": [PRINT]}
    line = Line(database, vault, proof, certificates=certificates)
    shown = {"X-Client-Certificate-SHA256": PRINT}
    # Where the proxy is not said to tell of certificates, it may be anybody's header that it lets through.
    assert await line.status(shown) == (202 if certificates else 401)
    assert await line.status(shown | {"X-Client-Certificate-SHA256": "0" * 64}) == 401
    assert await line.status(shown, peer=STRANGER) == 401
    assert await line.status({}) == 401
