"""Who asks, behind the proxies that are trusted: what these say of address, scheme and client certificate holds, and
what anybody else says of them does not."""

from collections.abc import Awaitable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from hub.intake.proofs import CERTIFICATE_HEADER

_CERTIFICATE = CERTIFICATE_HEADER.encode()


class BehindProxies:
    """Wrap it round everything.

    `certificates`: whether the trusted proxies tell of client certificates, and so take away what others say of them.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[str], *, certificates: bool) -> None:
        self.app = app
        # Its type is uvicorn's own, which says the same in other words.
        self._told = ProxyHeadersMiddleware(app, list(trusted))  # type: ignore[arg-type]
        self._certificates = certificates

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self.app(scope, receive, send)
        is_trusted = scope["client"] is not None and scope["client"][0] in self._told.trusted_hosts
        if not (self._certificates and is_trusted):
            scope["headers"] = [each for each in scope["headers"] if each[0] != _CERTIFICATE]
        # No frame of its own for whoever asks directly: each request passes here.
        return self._told(scope, receive, send) if is_trusted else self.app(scope, receive, send)  # type: ignore[arg-type]
