"""Lets a request in, or tells it to wait: whoever has a key as often as they like, others as their address may."""

import math

from starlette.requests import Request

from hub.access.keys import ApiKeys
from hub.limits.addresses import Addresses, Unlimited, Visitor
from hub.problems import ProblemError, ProblemType

_UNLIMITED = Unlimited()


class Admission:
    def __init__(self, addresses: Addresses, keys: ApiKeys) -> None:
        self._addresses, self._keys = addresses, keys

    async def admit(self, request: Request) -> Visitor:
        """Who asks; tell it how that went. Raises the problem to answer with, where it has to wait or has a wrong
        key."""
        if key := request.headers.get("x-api-key"):
            await self._keys.caller(key)
            return _UNLIMITED
        visitor = self.visitor(request)
        if (wait := visitor.wait()) > 0:
            seconds = math.ceil(wait)
            raise ProblemError(
                ProblemType.TOO_MANY_REQUESTS,
                f"Too much was looked up from this address; ask again in {seconds} s.",
                detail_vi=f"Từ địa chỉ mạng này đã tra cứu quá nhiều. Xin thử lại sau {seconds} giây.",
                headers={"Retry-After": str(seconds)},
            )
        return visitor

    def visitor(self, request: Request) -> Visitor:
        """Who asks, whether it has to wait or not."""
        return self._addresses.visitor(request.client.host if request.client else "")
