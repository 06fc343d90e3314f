"""The rpcs of swash.v1.SoundService, free of any transport but protobuf messages."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import Protocol

from swash.v1 import sound_pb2
from swash_model.engines import DEFAULT_ENGINE, Engines
from swash_model.errors import InvalidAskError, SoundError, UnknownSoundError
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.prompt import understand
from swash_model.spec import Ask, Layer
from swash_server import wire, wire_fetch, wire_perform, wire_preload
from swash_server.doors.desk import Desks
from swash_server.doors.request_id import REQUEST_ID
from swash_server.errors import NotReadyError
from swash_server.formats.encode import Encoding
from swash_server.live.session import Session
from swash_server.live.stage import Stage
from swash_server.making.answers import Answers
from swash_server.making.priority import Priority
from swash_server.making.render_call import RenderCall
from swash_server.making.renderer import Renderer
from swash_server.manifests.manifest import checked_tag
from swash_server.manifests.preload import Moved, Preloads
from swash_server.observability.board import Board
from swash_server.observability.metrics import Metrics

OPENING_S = 10.0  # within which a live session says how it wants to be


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
        stage: Stage,
        board: Board | None = None,
        session_prefix: Callable[[], str] = str,
    ) -> None:
        """Take the parts of the App; `board` is told of each take of Render.

        `session_prefix` gives what the names of Listen's sessions begin with.
        """
        self._stage = stage
        self._board = board
        self._engines = engines
        self._renderer = renderer
        self._metrics = metrics
        self._ready = ready
        self._answers = Answers(renderer=renderer, metrics=metrics, board=board)
        self._desks = Desks()
        self._session_prefix = session_prefix
        self._preloads = Preloads(engines=engines, renderer=renderer, metrics=metrics)
        self._started_s = time.monotonic()

    async def render(self, request: sound_pb2.RenderRequest, caller: Caller | None) -> AsyncGenerator[bytes]:
        """Yield serialised RenderResponse messages: for each take its progress, header, audio and trailer."""
        arrived_s = time.perf_counter()
        if not self._ready():
            raise NotReadyError("the server is starting or stopping")
        asked = wire.canonical(request)
        replay = self._answers.known(asked)
        messages = self._made(request, asked, caller, arrived_s) if replay is None else replay.messages(arrived_s)
        async with aclosing(messages):
            async for message in messages:
                yield message

    async def fetch(self, request: sound_pb2.FetchRequest, caller: Caller | None) -> bytes:
        """Return the serialised FetchResponse of one take."""
        arrived_s = time.perf_counter()
        if not self._ready():
            raise NotReadyError("the server is starting or stopping")
        wire.check_fetch(request)
        asked = wire.canonical(request.render)
        if (replay := self._answers.known(asked)) is not None:
            return await replay.whole(arrived_s)
        async with aclosing(self._made(request.render, asked, caller, arrived_s)) as messages:
            return await wire_fetch.gathered(messages)

    def _made(
        self, request: sound_pb2.RenderRequest, asked: bytes, caller: Caller | None, arrived_s: float
    ) -> AsyncGenerator[bytes]:
        """Yield the messages of a call that was not answered before, and learn how it is."""
        call = RenderCall(
            wire.wanted(request),
            engines=self._engines,
            renderer=self._renderer,
            metrics=self._metrics,
            board=self._board,
            arrived_s=arrived_s,
            remaining_s=None if caller is None else caller.time_remaining(),
            learn=partial(self._answers.learn, asked) if request.HasField("seed") else None,
        )
        return call.messages()

    async def perform(
        self, requests: AsyncIterator[sound_pb2.PerformRequest], _caller: Caller | None
    ) -> AsyncGenerator[bytes]:
        """Yield serialised PerformResponse messages of a live session while its requests come."""
        if not self._ready():
            raise NotReadyError("the server is starting or stopping")
        try:
            async with asyncio.timeout(OPENING_S):
                first = await anext(requests, None)
        except TimeoutError:
            raise InvalidAskError("command", f"open within {OPENING_S:g} s, got nothing") from None
        async with aclosing(self._live(first or sound_pb2.PerformRequest(), requests)) as messages:
            async for message in messages:
                yield message

    async def listen(self, request: sound_pb2.ListenRequest, _caller: Caller | None) -> AsyncGenerator[bytes]:
        """Yield serialised PerformResponse messages of a live session whose requests Control hands in."""
        if not self._ready():
            raise NotReadyError("the server is starting or stopping")
        first = sound_pb2.PerformRequest(id=request.id, open=request.open)
        with self._desks.opened(self._session_prefix()) as (name, desk):
            async with aclosing(self._live(first, desk.requests(), name)) as messages:
                async for message in messages:
                    yield message

    async def control(
        self, request: sound_pb2.ControlRequest, _caller: Caller | None
    ) -> sound_pb2.ControlResponse:
        """Hand requests to a session of Listen."""
        self._desks.named(request.session).hand_in(request)
        return sound_pb2.ControlResponse()

    async def _live(
        self, first: sound_pb2.PerformRequest, requests: AsyncIterator[sound_pb2.PerformRequest], name: str = ""
    ) -> AsyncGenerator[bytes]:
        """Yield what a live session sends that `first` opens, while its requests come."""
        session = Session(
            wire_perform.opening(first, name),
            engine=self._engines.named(None),
            stage=self._stage,
            metrics=self._metrics,
            request_id=REQUEST_ID.get(),
            clock_s=time.monotonic,
        )
        reader = asyncio.create_task(_hand_in(requests, session))
        try:
            async with aclosing(session.messages()) as messages:
                async for message in messages:
                    yield message
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def preload(
        self, request: sound_pb2.PreloadRequest, _context: object
    ) -> AsyncGenerator[sound_pb2.PreloadResponse]:
        """Yield what becomes of each take that is to be kept under a tag."""
        if not self._ready():
            raise NotReadyError("the server is starting or stopping")
        priority = wire.priority_of(request.priority, Priority.PRELOAD)
        tag, manifest = await asyncio.to_thread(wire_preload.asked, request)
        takes = await self._preloads.planned(manifest)
        done = 0
        async with aclosing(self._preloads.made(tag, takes, priority)) as events:
            async for event in events:
                done += not isinstance(event, Moved)
                yield wire_preload.response(event, total=len(takes), done=done)

    async def unload(self, request: sound_pb2.UnloadRequest, _context: object) -> sound_pb2.UnloadResponse:
        """Let go of what was preloaded under a tag."""
        takes, stored_bytes = await self._preloads.unload(checked_tag(request.tag))
        return sound_pb2.UnloadResponse(takes=takes, stored_bytes=stored_bytes)

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
            limits=wire.limits(max_voices=self._stage.max_voices, max_sessions=self._stage.max_sessions),
            encodings=[wire.WIRE_ENCODINGS[encoding] for encoding in Encoding],
        )
        info.uptime.FromTimedelta(timedelta(seconds=time.monotonic() - self._started_s))
        return info


async def _hand_in(requests: AsyncIterator[sound_pb2.PerformRequest], session: Session) -> None:
    """Hand a caller's requests to a session until they end."""
    try:
        async for request in requests:
            session.take(request)
            await session.room()
    except SoundError as error:  # bytes that are no message
        session.end(error)
    finally:
        session.finish()
