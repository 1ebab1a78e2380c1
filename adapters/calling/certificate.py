"""How long an agency's certificate is still good. That it is good now is checked at every call."""

import asyncio
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpcore

from adapters.calling.egress import CheckedNetwork
from adapters.calling.tls import Trust, public_context

_SECONDS = 10.0


async def certificate_ends(address: str, *, private: bool, trust: Trust | None) -> datetime | None:
    """When the certificate of the https `address` ends; None where no connection came about.

    Raises Unauthorized where our own certificate is missing, and Unreachable for an address that is not called.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    context = await (trust.context() if trust else asyncio.to_thread(public_context))
    try:
        plain = await CheckedNetwork(private).connect_tcp(host, parts.port or 443, _SECONDS)
        secure = await plain.start_tls(context, host, _SECONDS)
    except (httpcore.NetworkError, httpcore.TimeoutException):
        return None
    certificate = secure.get_extra_info("ssl_object").getpeercert()
    await secure.aclose()
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
