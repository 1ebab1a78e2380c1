"""What the intake is measured against: the least that can be called a durable webhook endpoint, written by hand.

It verifies the signature, inserts the bytes under their id, commits, and answers. It reads nothing and records nothing.
"""

import base64
import hashlib
import hmac
from contextlib import AbstractContextManager

import asyncpg
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.serving import serving_app

TABLE = "CREATE TABLE IF NOT EXISTS minimal (id text PRIMARY KEY, body bytea NOT NULL, at timestamptz DEFAULT now())"
_INSERT = "INSERT INTO minimal (id, body) VALUES ($1, $2) ON CONFLICT DO NOTHING"


def minimal_intake(database_url: str, key: bytes) -> AbstractContextManager[tuple[str, int]]:
    """Yields its address; a process of its own."""
    return serving_app(_app, database_url, key)


async def _app(database_url: str, key: bytes) -> ASGIApp:
    pool = await asyncpg.create_pool(database_url, min_size=16, max_size=16)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        named = headers[b"webhook-id"]
        signed = b"%s.%s.%s" % (named, headers[b"webhook-timestamp"], body)
        right = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
        status = 401
        if hmac.compare_digest(right, headers[b"webhook-signature"]):
            await pool.execute(_INSERT, named.decode(), body)
            status = 202
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})

    return app
