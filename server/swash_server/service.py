"""The rpcs of swash.v1.SoundService, free of any transport but protobuf messages."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from datetime import timedelta
from importlib.metadata import version
from typing import Protocol

from swash.v1 import sound_pb2
from swash_model.engines import DEFAULT_ENGINE, Engines
from swash_model.errors import UnknownSoundError
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.prompt import understand
from swash_model.spec import Ask, Layer
from swash_server import wire
from swash_server.encode import Encoding
from swash_server.errors import NotReadyError
from swash_server.metrics import Metrics
from swash_server.render_call import RenderCall
from swash_server.renderer import Renderer


class Caller(Protocol):
    """What the service knows of whoever calls."""

    def time_remaining(self) -> float | None:
        """Return the seconds until the deadline, or None when there is none."""
        ...


class SoundService:
    """Answers calls. `ready` says whether the engines are warm and the server is not draining."""

    def __init__(
        self,
        *,
        engines: Engines,
        renderer: Renderer,
        metrics: Metrics,
        ready: Callable[[], bool],
    ) -> None:
        """Take the parts of the App."""
        self._engines = engines
        self._renderer = renderer
        self._metrics = metrics
        self._ready = ready
        self._started_s = time.monotonic()

    async def render(self, request: sound_pb2.RenderRequest, caller: Caller | None) -> AsyncGenerator[bytes]:
        """Yield serialised RenderResponse messages: for each take its progress, header, audio and trailer."""
        arrived_s = time.perf_counter()
        if not self._ready():
            raise NotReadyError("the server is starting or stopping")
        call = RenderCall(
            wire.wanted(request),
            engines=self._engines,
            renderer=self._renderer,
            metrics=self._metrics,
            arrived_s=arrived_s,
            remaining_s=None if caller is None else caller.time_remaining(),
        )
        async with aclosing(call.messages()) as messages:
            async for message in messages:
                yield message

    async def list_effects(
        self, _request: sound_pb2.ListEffectsRequest, _context: object
    ) -> sound_pb2.ListEffectsResponse:
        """Return every effect with its parameters and presets."""
        return sound_pb2.ListEffectsResponse(effects=map(wire.effect, EFFECTS.values()))

    async def resolve_prompt(
        self, request: sound_pb2.ResolvePromptRequest, _context: object
    ) -> sound_pb2.ResolvePromptResponse:
        """Return what the words mean; no layers when they mean nothing."""
        prompt = wire.checked_prompt(request.prompt)
        layers: tuple[Layer, ...] = ()
        with suppress(UnknownSoundError):
            layers = self._engines.named(None).resolve(Ask(prompt=prompt)).spec.layers
        return wire.understanding(understand(prompt), layers)

    async def get_server_info(
        self, _request: sound_pb2.GetServerInfoRequest, _context: object
    ) -> sound_pb2.GetServerInfoResponse:
        """Return engines, versions, formats and limits."""
        ready = self._ready()
        info = sound_pb2.GetServerInfoResponse(
            version=version("swash"),
            engines=[
                *(
                    wire.engine_info(engine.name, engine.version, engine.licence, ready=ready)
                    for engine in self._engines
                ),
                *(wire.absent_engine(name, advice) for name, advice in self._engines.absent.items()),
            ],
            default_engine=DEFAULT_ENGINE,
            limits=wire.limits(),
            encodings=[wire.WIRE_ENCODINGS[encoding] for encoding in Encoding],
        )
        info.uptime.FromTimedelta(timedelta(seconds=time.monotonic() - self._started_s))
        return info
