"""What is shown of a call's bodies to whoever gave a reason to see them: all that was kept, but for secrets. Pure.

The client keeps no headers, and puts stars in the place of every secret that it sent. What is here is for what it
cannot know: what an agency calls a session or a password of its own in what it answers.
"""

import re

from adapters.formats.charsets import decoded
from contracts.errors import Malformed
from hub.calls.masking import STARS

#: Its bodies are nobody's to see: who we are, and what proves it.
LOGIN = "login"

_WORDS = (
    *("pass(?:word|wd|phrase)?", "pwd", "mat_?khau", "secret", "credential", "otp", "signature", "cookie"),
    *(
        "(?:access|refresh|id|lgsp|session)?_?-?token",
        "api_?-?key",
        "authorization",
        "session(?:_?id)?",
        "private_?key",
    ),
)
_NAME = rf"[\w.:@-]*?(?:{'|'.join(_WORDS)})[\w.-]*"
_SECRETS = (
    re.compile(
        rf"""((?<!\\)"{_NAME}"\s*:\s*)"""
        r"""("(?:[^"\\]|\\.)*(?:"|\Z)|[{\[][^{}\[\]]*[}\]]|[^\s,"{}\[\]]+)""",
        re.IGNORECASE | re.DOTALL,
    ),
    # Within a string of JSON there are so many backslashes before each quote.
    re.compile(
        rf"""((?<!\\)(?P<deep>\\+)"{_NAME}(?P=deep)"\s*:\s*)"""
        r"""((?P=deep)".*?(?:(?<!\\)(?P=deep)"|\Z)|[^\s,"{}\[\]\\]+)""",
        re.IGNORECASE | re.DOTALL,
    ),
    # An element, escaped ones too; an attribute.
    re.compile(rf"((?:<|&lt;){_NAME}(?:\s[^<>]*?)?(?:>|&gt;))(.+?)(?=<|&lt;|\Z)", re.IGNORECASE | re.DOTALL),
    re.compile(rf"""(\s{_NAME}\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE),
    # A form's field.
    re.compile(rf"((?:^|[?&\n]){_NAME}=)([^&\s]+)", re.IGNORECASE),
)


def opened(body: bytes, operation: str) -> str:
    """The body as text."""
    if operation == LOGIN and body:
        return STARS
    try:
        text = decoded(body)
    except Malformed:
        text = body.decode("ascii", "backslashreplace")
    for secret in _SECRETS:
        text = secret.sub(lambda found: f"{found[1]}{STARS}", text)
    return text
