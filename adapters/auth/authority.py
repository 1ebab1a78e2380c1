"""How the hub shows an agency who it is: the same in every request, or by a token that is renewed."""

import asyncio
import copy
import time
from typing import Any, Protocol

from adapters.auth.credentials import Credentials, Placed, basic
from adapters.auth.login import LoginCall, Token, login_call, oauth2_call
from adapters.calling.client import Request
from adapters.calling.line import Line
from adapters.mapping.expressions import ExpressionError, compiled, truth
from contracts.adapter import Priority
from contracts.errors import AgencyFailure, Malformed, NotFound, Withheld
from contracts.system import BasicAuth, KeyAuth, LoginAuth, OAuth2Auth, Placement, RestAuth

# A token is renewed when this part of its life is over, so that it does not end under a call.
_LIFE = 0.9

# A login that failed is not tried again for so many seconds at first, which grow by the factor up to the last.
# One that was refused waits far longer: a few tries with a wrong password lock an account.
_PASSING = (1.0, 2, 30.0)
_REFUSED = (30.0, 4, 900.0)


class Authority(Protocol):
    #: Whether credentials go in the body, too, so that there must be one that takes them.
    in_body: bool

    async def credentials(self) -> Credentials:
        """What to send now. Raises AgencyFailure where there is none to be had."""
        ...

    def renewable(self, refused: Credentials) -> bool:
        """Whether, after the agency refused these, it is worth asking for credentials again."""
        ...

    #: Whether an answer of success may say that our session has ended.
    ends_in_answers: bool

    def ended(self, document: Any) -> bool:
        """Whether an answer says that our session has ended. Raises Malformed."""
        ...


def authority(line: Line, auth: RestAuth | None) -> Authority:
    """Raises ValueError where the spec's `auth` cannot work."""
    match auth:
        case LoginAuth():
            return _Renewed(line, login_call(line, auth), auth.place, auth.expired_when)
        case OAuth2Auth():
            return _Renewed(line, oauth2_call(line, auth), auth.place)
        case KeyAuth():
            return _Fixed(Placed(auth, line))
        case BasicAuth():
            return _Basic(line, auth)
        case None:
            return _Fixed(Placed(Placement(), line))


class _Fixed:
    ends_in_answers = False

    def __init__(self, placed: Placed) -> None:
        self._placed, self.in_body = placed, placed.in_body

    async def credentials(self) -> Credentials:
        return self._placed.fill({})

    def renewable(self, refused: Credentials) -> bool:
        return False

    def ended(self, document: Any) -> bool:
        return False


class _Basic(_Fixed):
    def __init__(self, line: Line, auth: BasicAuth) -> None:
        # Placed for their secrets; they are sent as one.
        super().__init__(Placed(Placement(headers={"username": auth.username, "password": auth.password}), line))

    async def credentials(self) -> Credentials:
        plain = await super().credentials()
        header = basic(plain.headers["username"], plain.headers["password"])
        return Credentials({"Authorization": header}, secrets=(*plain.secrets, header.removeprefix("Basic ")))


class _Renewed:
    """Keeps a token, and logs in for another when it ends or is refused: once, however many calls wait."""

    def __init__(self, line: Line, login: LoginCall, place: Placement, expired_when: str | None = None) -> None:
        self._line, self._login = line, login
        self._placed = Placed(place, line, token=True)
        self.in_body = self._placed.in_body
        self._expired_when = compiled(expired_when) if expired_when else None
        self.ends_in_answers = expired_when is not None
        self._lock = asyncio.Lock()
        self._kept: Credentials | None = None
        self._good_until = 0.0
        self._failed = _Failed()

    async def credentials(self) -> Credentials:
        async with self._lock:
            if self._kept is None or time.monotonic() >= self._good_until:
                began = time.monotonic()
                token = await self._log_in()
                self._kept = self._placed.fill({"token": token.text})
                self._good_until = began + token.lifetime * _LIFE
            return self._kept

    def renewable(self, refused: Credentials) -> bool:
        # Another call may have logged in meanwhile: what it got has not been refused.
        if self._kept is refused:
            self._kept = None
        return True

    def ended(self, document: Any) -> bool:
        try:
            return self._expired_when is not None and truth(self._expired_when(document))
        except ExpressionError as error:
            raise Malformed(f"The answer is not as the spec says: {error}.") from None

    async def _log_in(self) -> Token:
        request = self._login.request()
        if failure := self._failed.recently(request):
            raise failure
        try:
            token = await self._line.call("login", request, self._login.understand, Priority.PERSON)
        except Withheld:
            raise
        except NotFound as failure:
            # Of the login, not of any dossier.
            missing = Malformed(f"The login is not where the spec says. {failure.message}", raw=failure.raw)
            self._failed.note(request, missing)
            raise missing from None
        except AgencyFailure as failure:
            self._failed.note(request, failure)
            raise
        self._failed = _Failed()
        return token


class _Failed:
    """Remembers how the last login failed: those who come next share that, instead of failing at it themselves."""

    def __init__(self) -> None:
        self._request: Request | None = None
        self._failure: AgencyFailure | None = None
        self._pause = 0.0
        self._until = 0.0

    def note(self, request: Request, failure: AgencyFailure) -> None:
        first, factor, longest = _PASSING if failure.passing else _REFUSED
        again = self._request == request
        self._pause = max(first, min(self._pause * factor, longest)) if again else first
        self._request, self._failure, self._until = request, failure, time.monotonic() + self._pause

    def recently(self, request: Request) -> AgencyFailure | None:
        """The failure, unless its time is over, or `request` is another: somebody has set the password right."""
        if self._failure is None or request != self._request or time.monotonic() >= self._until:
            return None
        return copy.copy(self._failure)
