"""How asking an agency can fail. Nothing else escapes an adapter.

AgencyFailure
├── Unreachable      no connection, or the system says it is not there (502, 503, 504)
├── TimedOut         connected, but no whole answer within the time allowed
├── Throttled        the agency asks us to slow down (429, 503 with Retry-After)
├── Unauthorized     our credentials were refused
├── Rejected         the agency understood and said no, in its own words
├── Malformed        an answer that is not what the spec promises; the raw text is kept
├── NotFound         the agency says it has no such dossier
└── Withheld         the hub did not ask: its own budget, the agency's hours, or an open breaker forbade it
"""

from typing import ClassVar, Literal, TypeAlias

#: What keeps the hub from asking: its budget is spent, the agency's office is closed, it has failed too often of late,
#: or the hub itself is not able to.
Why: TypeAlias = Literal["spent", "closed", "failing", "hub"]


class AgencyFailure(Exception):
    """One agency's system did not give what was asked of it.

    `message` is an English sentence for an admin; it never holds a secret or personal data.
    `raw` is the agency's answer as far as it was read, for the call record only.
    """

    kind: ClassVar[str] = "failure"
    #: Whether the same request may succeed if it is simply sent again a little later.
    passing: bool = False
    #: Whether it is the agency's own word that it does not do what was asked.
    refusal: ClassVar[bool] = False

    def __init__(self, message: str, *, raw: bytes | None = None, sent: bool = True, lasting: bool = False) -> None:
        """`lasting`: this one will not pass by itself, though others of its kind do."""
        super().__init__(message)
        self.message = message
        self.raw = raw
        #: Whether the agency may have acted upon the request: False only where it surely never had it.
        self.sent = sent
        if lasting:
            self.passing = False

    @property
    def in_doubt(self) -> bool:
        """Whether the agency may have done what was asked, for all that we know."""
        return self.sent and not self.refusal


class Unreachable(AgencyFailure):
    kind = "unreachable"
    passing = True


class TimedOut(AgencyFailure):
    kind = "timed_out"
    passing = True


class Throttled(AgencyFailure):
    kind = "throttled"
    refusal = True
    passing = True

    def __init__(self, message: str, *, retry_after: float | None = None, raw: bytes | None = None) -> None:
        """`retry_after`: seconds the agency asked us to wait, if it said."""
        super().__init__(message, raw=raw)
        self.retry_after = retry_after


class Unauthorized(AgencyFailure):
    kind = "unauthorized"
    refusal = True


class Rejected(AgencyFailure):
    kind = "rejected"
    refusal = True


class Malformed(AgencyFailure):
    kind = "malformed"


class NotFound(AgencyFailure):
    kind = "not_found"
    refusal = True


class Withheld(AgencyFailure):
    """`retry_after`: seconds until it may be asked again, where that is known."""

    kind = "withheld"

    def __init__(self, message: str, *, retry_after: float | None = None, why: Why = "spent") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.why = why
        self.sent = False
