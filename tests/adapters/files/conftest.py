"""A client that calls, for tests of files."""

from collections.abc import AsyncIterator

import pytest

from adapters import Client


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client() as opened:
        yield opened
