"""The headers that keep browsers from doing with our pages what they were not made for."""

import base64
import hashlib
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.problems import MEDIA_TYPE

_JSON = (b"application/json", MEDIA_TYPE.encode())


def content_hash(text: str) -> str:
    """How a policy names an inline style or script by its text: 'sha256-…', quotes included."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def policy(**directives: str) -> str:
    """A Content-Security-Policy that allows nothing but `directives` (img_src="'self'" …)."""
    closed = {
        "default_src": "'none'",
        "base_uri": "'none'",
        "form_action": "'none'",
        "frame_ancestors": "'none'",
    }
    return "; ".join(f"{name.replace('_', '-')} {value}" for name, value in (closed | directives).items())


class SecurityHeaders:
    """Adds the headers to every answer; a route that sets one itself keeps its own. JSON has only those that say
    something there, and a 304 is of what has its headers already.

    `styles` are the texts of all inline style elements our pages have. There is no script on them.
    """

    def __init__(self, app: ASGIApp, styles: Iterable[str]) -> None:
        self.app = app
        headers = {
            "Content-Security-Policy": policy(
                form_action="'self'",
                img_src="'self' data:",
                style_src=" ".join(content_hash(style) for style in styles) or "'none'",
            ),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        # What is no page needs few of them, and they would be as long as the answer.
        few = {"Content-Security-Policy": policy(), "X-Content-Type-Options": "nosniff"}
        self._of_pages, self._of_json = (
            [(name.lower().encode(), value.encode()) for name, value in those.items()] for those in (headers, few)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message["headers"] = list(message.get("headers", ()))
                given = dict(own)
                is_json = message["status"] == 304 or given.get(b"content-type") in _JSON
                wanted = self._of_json if is_json else self._of_pages
                own += [header for header in wanted if header[0] not in given]
            await send(message)

        await self.app(scope, receive, with_headers)
