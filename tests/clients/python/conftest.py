import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from swash_client import AsyncClient, Client
from tests.clients.python.scripted import Scripted, serving


class OffLoop:
    """The sync client called as the async one is, each call in a thread of its own."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._client, name)
        return lambda *args, **kwargs: asyncio.to_thread(method, *args, **kwargs)


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with serving(Scripted()) as service:
        yield service


@pytest.fixture(params=["sync", "async"])
async def client(request: pytest.FixtureRequest, scripted: Scripted) -> AsyncIterator[Any]:
    """Either client, awaited: what one promises, both do."""
    if request.param == "sync":
        with Client(scripted.address) as sync:
            yield OffLoop(sync)
    else:
        async with AsyncClient(scripted.address) as asynchronous:
            yield asynchronous
