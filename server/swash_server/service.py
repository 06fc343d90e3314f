"""The rpcs of swash.v1.SoundService, free of any transport but protobuf messages."""

import dataclasses
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from datetime import timedelta
from importlib.metadata import version

from swash.v1 import sound_pb2
from swash_model.engine import Engine
from swash_model.engines import ABSENT, DEFAULT_ENGINE, engine_named
from swash_model.errors import UnknownSoundError
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.prompt import understand
from swash_model.spec import Ask, Layer, Resolved
from swash_server import cut, wire
from swash_server.encode import Encoding
from swash_server.errors import NotReadyError
from swash_server.interceptors import REQUEST_ID
from swash_server.metrics import Metrics
from swash_server.renderer import Order, Renderer


class SoundService:
    """Answers calls. `ready` says whether the engines are warm and the server is not draining."""

    def __init__(
        self,
        *,
        engines: Mapping[str, Engine],
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

    async def render(self, request: sound_pb2.RenderRequest, _context: object) -> AsyncGenerator[bytes]:
        """Yield serialised RenderResponse messages: for each take its header, audio and trailer."""
        arrived_s = time.perf_counter()
        if not self._ready():
            raise NotReadyError("the server is starting or stopping")
        wanted = wire.wanted(request)
        engine = engine_named(self._engines, wanted.engine)
        resolved = engine.resolve(wanted.ask)
        mastering = wanted.mastering(engine.natural_channels(resolved.spec))
        for take, seed in enumerate(wire.seeds_of_takes(resolved.spec.seed, wanted.takes)):
            spec = dataclasses.replace(resolved.spec, seed=seed)
            order = Order(engine, spec, mastering)
            messages = self._take(take, wanted, dataclasses.replace(resolved, spec=spec), order, arrived_s)
            async with aclosing(messages):
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
            layers = self._engines[DEFAULT_ENGINE].resolve(Ask(prompt=prompt)).spec.layers
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
                    for engine in self._engines.values()
                ),
                *(wire.absent_engine(name, advice) for name, advice in ABSENT.items()),
            ],
            default_engine=DEFAULT_ENGINE,
            limits=wire.limits(),
            encodings=[wire.WIRE_ENCODINGS[encoding] for encoding in Encoding],
        )
        info.uptime.FromTimedelta(timedelta(seconds=time.monotonic() - self._started_s))
        return info

    async def _take(
        self, take: int, wanted: wire.Wanted, resolved: Resolved, order: Order, arrived_s: float
    ) -> AsyncGenerator[bytes]:
        tape, cached = await self._renderer.open(order)
        sent_bytes = 0
        try:
            yield wire.header(
                request_id=REQUEST_ID.get(),
                take=take,
                wanted=wanted,
                resolved=resolved,
                mastering=order.mastering,
                engine_version=order.engine.version_of(order.spec),
                licence=order.engine.licence,
                frames=tape.frames,
                cached=cached,
            )
            waiting = take == 0
            messages = cut.messages(tape, wanted.encoding, loop=order.spec.loop, first_frame=wanted.first_frame)
            async with aclosing(messages):
                async for message in messages:
                    if waiting:
                        self._metrics.first_frames.labels(cached.value).observe(time.perf_counter() - arrived_s)
                        waiting = False
                    sent_bytes += len(message)
                    yield message
            facts = await tape.finished()
            yield wire.trailer(take=take, facts=facts, sha256=await cut.sha256(tape, wanted.encoding))
        finally:
            self._metrics.sent.labels(wanted.encoding.name).inc(sent_bytes)
            self._renderer.leave(tape)
