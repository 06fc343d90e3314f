"""Who makes the sounds of a bake: this process, or a server. Both are asked what a Render call asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

from swash.v1 import sound_pb2
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_client.asking import Asking
from swash_client.calls import AsyncCalls
from swash_client.errors import NotReadyError, OverloadedError
from swash_client.recording import Recording, Take
from swash_client.server import Server
from swash_client.status import typed_errors
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_server import errors, wire
from swash_server.making.render_call import RenderCall
from swash_server.making.renderer import Renderer
from swash_server.observability.metrics import Metrics

if TYPE_CHECKING:
    from swash.v1.sound_pb2_grpc import SoundServiceAsyncStub

PATIENCE_S = 600.0
ASKING_S = 10.0


class Maker(Protocol):
    """Makes takes, several at once."""

    async def take(self, request: sound_pb2.RenderRequest) -> Take:
        """Return one take; raise a SoundError, a SwashError, or one of the client's."""
        ...


class Here:
    """Makes them in this process."""

    def __init__(self, engines: Engines, renderer: Renderer) -> None:
        """Take the engines, warm if they must be, and the renderer, whose threads are the limit."""
        self._engines = engines
        self._renderer = renderer
        self._metrics = Metrics()

    async def take(self, request: sound_pb2.RenderRequest) -> Take:
        """Return one take."""
        call = RenderCall(
            wire.wanted(request),
            engines=self._engines,
            renderer=self._renderer,
            metrics=self._metrics,
            arrived_s=0.0,
            remaining_s=None,
        )
        recording = Recording()
        async with aclosing(call.messages()) as messages:
            async for message in messages:
                recording.take_in(sound_pb2.RenderResponse.FromString(message))
        return recording.takes(1)[0]


class There:
    """Has them made by a server."""

    def __init__(self, stub: "SoundServiceAsyncStub", server: Server, timeout_s: float) -> None:
        """Take the way to the server; `timeout_s` is for each take."""
        self._stub = stub
        self._server = server
        self._timeout_s = timeout_s

    async def neural_version(self, engines: Engines) -> str | None:
        """Return the version of the server's neural engine, None when it has none.

        Raise NotReadyError when its sounds would not be those of this swash: names and digests are made here.
        """
        with typed_errors(self._server.address):
            info = await self._stub.GetServerInfo(
                sound_pb2.GetServerInfoRequest(), timeout=ASKING_S, metadata=self._server.metadata
            )
        there = {engine.name: engine for engine in info.engines}
        ours = (version("swash"), engines.named(None).version)
        theirs = (info.version, there[DEFAULT_ENGINE].version)
        if ours != theirs:
            raise NotReadyError(
                f"the server at {self._server.address} is swash {theirs[0]} ({theirs[1]}), "
                f"this is {ours[0]} ({ours[1]}): bake with the same"
            )
        neural = there.get(NEURAL_ENGINE)
        return neural.version if neural and neural.state == sound_pb2.ENGINE_STATE_READY else None

    async def take(self, request: sound_pb2.RenderRequest) -> Take:
        """Return one take."""
        recording = Recording()
        asked = sound_pb2.RenderRequest()
        asked.CopyFrom(request)
        asked.priority = sound_pb2.PRIORITY_BAKE  # nobody waits for a folder as a player does for a step
        calls = AsyncCalls(
            self._stub.Render,
            Asking(asked),
            address=self._server.address,
            metadata=self._server.metadata,
            timeout_s=self._timeout_s,
            first_s=self._timeout_s,
        )
        try:
            async for event in calls:
                recording.take_in(event)
        finally:
            calls.cancel()
        return recording.takes(1)[0]


@asynccontextmanager
async def there(server: Server, timeout_s: float) -> AsyncIterator[There]:
    """Give the way to a server."""
    async with server.async_channel() as channel:
        yield There(SoundServiceStub(channel), server, timeout_s)


async def patiently(maker: Maker, request: sound_pb2.RenderRequest) -> Take:
    """Return one take; ask again while there is no room for it, but not for ever."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + PATIENCE_S
    while True:
        try:
            return await maker.take(request)
        except (OverloadedError, errors.OverloadedError) as error:
            wait_s = error.retry_after_s or 1.0
            if loop.time() + wait_s > until_s:
                raise
            await asyncio.sleep(wait_s)
