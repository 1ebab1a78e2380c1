"""Names and secrets of test agencies, made from the hub's key: nothing has to be stored for them to be known again."""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import UTC, date, datetime, timedelta

#: The agency of config/sandbox, after which all are made, and with which their names begin.
PATTERN = "thu-nghiem"
#: Long enough to build a sender; who needs longer takes a new one.
LIFETIME = timedelta(days=14)

_NAME = re.compile(rf"({PATTERN}-(\d{{6}})-[0-9a-f]{{8}})([0-9a-f]{{8}})")
_PROOF_DIGITS = 8
_SECRET_BYTES = 24


class Tickets:
    """`thu-nghiem-yymmdd-…`: the day on which it ends, chance, and a proof that it is ours."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def new(self) -> str:
        ends = datetime.now(UTC).date() + LIFETIME
        name = f"{PATTERN}-{ends:%y%m%d}-{secrets.token_hex(4)}"
        return name + self._proof(name)

    def ends(self, agency: str) -> date | None:
        """The last day of a test agency that we made; None for any other."""
        match = _NAME.fullmatch(agency)
        if match is None or not hmac.compare_digest(self._proof(match[1]), match[3]):
            return None
        return datetime.strptime(match[2], "%y%m%d").replace(tzinfo=UTC).date()

    def is_good(self, agency: str) -> bool:
        ends = self.ends(agency)
        return ends is not None and datetime.now(UTC).date() <= ends

    def secret(self, agency: str) -> str:
        """Its webhook secret, `whsec_…`."""
        return "whsec_" + base64.b64encode(self._made("secret", agency)[:_SECRET_BYTES]).decode()

    def _proof(self, name: str) -> str:
        return self._made("name", name).hex()[:_PROOF_DIGITS]

    def _made(self, what: str, name: str) -> bytes:
        return hmac.digest(self._key, f"{what} {name}".encode(), hashlib.sha256)
