"""One Render call: from what is wanted to the messages of every take, by the engine asked for or instead of it."""

import asyncio
import logging
import math
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial

from swash_model.engine import Engine
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.errors import EngineAbsentError, InvalidAskError, SoundError
from swash_model.procedural.prompt import english_of
from swash_model.spec import NOTHING_NEURAL, Ask, Recording, Resolved
from swash_server import wire
from swash_server.doors.call_record import named, recorded
from swash_server.doors.request_id import REQUEST_ID
from swash_server.errors import NotReadyError, OverloadedError, QualityError, SwashError
from swash_server.formats import init_audio
from swash_server.making import cut
from swash_server.making.answers import Answer
from swash_server.making.mastering import Mastering
from swash_server.making.order import Order
from swash_server.making.renderer import Renderer
from swash_server.making.tape import Cached, Progress, Tape
from swash_server.observability.board import Board
from swash_server.observability.board_note import Note
from swash_server.observability.metrics import Metrics
from swash_server.observability.telemetry import SPAN

# What is left of the time for a take when it falls back: the dearest 12 s of a procedural sound take 0.4 s of a
# core, and the way to the caller some milliseconds.
MARGIN_S = 0.5

log = logging.getLogger(__name__)


class InsteadError(Exception):
    """The engine that was asked for does not answer in time; `reason` is the label of its metric."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Way:
    """How one engine answers a request."""

    engine: Engine
    resolved: Resolved
    mastering: Mastering
    takes: int
    english_prompt: str | None = None  # what is read instead of a prompt in another language

    def order(self, take: int) -> Order:
        """Return the order of a take, and with it those of the takes that follow."""
        spec = self.resolved.spec
        seeds = wire.seeds_of_takes(spec.seed, self.takes)
        following = seeds[take + 1 :] if self.engine.exclusive else []
        return Order(
            self.engine,
            replace(spec, seed=seeds[take]),
            self.mastering,
            tuple(replace(spec, seed=seed) for seed in following),
        )


class RenderCall:
    """Answers one call. `remaining_s` is what is left of its deadline, None without one.

    `board` is told of each take when it ends, `learn` how a call of one take was answered that can be again.
    """

    def __init__(
        self,
        wanted: wire.Wanted,
        *,
        engines: Engines,
        renderer: Renderer,
        metrics: Metrics,
        arrived_s: float,
        remaining_s: float | None,
        board: Board | None = None,
        learn: Callable[[Answer], None] | None = None,
    ) -> None:
        self._wanted = wanted
        self._engines = engines
        self._renderer = renderer
        self._metrics = metrics
        self._board = board
        self._learn = learn
        self._note = Note(wanted, 0, arrived_s)
        self._record = recorded()
        self._arrived_s = arrived_s
        self._until_s = math.inf if remaining_s is None else asyncio.get_running_loop().time() + remaining_s

    async def messages(self) -> AsyncGenerator[bytes]:
        """Yield serialised RenderResponse messages, take after take."""
        self._record.prompt = self._wanted.ask.prompt
        asked: Way | None = None
        for take in range(self._wanted.takes):
            with self._noting(take), _traced(take):
                if take == 0:
                    with SPAN.get().child("resolve"):
                        asked = await self._asked()
                async with aclosing(self._take(take, asked)) as messages:
                    async for message in messages:
                        yield message

    @contextmanager
    def _noting(self, take: int) -> Iterator[None]:
        """Note what is known of a take, and tell the board when it ends, however it does."""
        self._note = Note(self._wanted, take, time.perf_counter() if take else self._arrived_s)
        ending: BaseException | None = None
        try:
            yield
        except BaseException as error:
            ending = error
            raise
        finally:
            if self._board is not None:
                self._board.add(self._note.ended(ending))

    async def way(self) -> Way:
        """Return how the request is answered when nobody is in a hurry: by the engine asked for, if it is here."""
        if (asked := await self._asked()) is not None:
            return asked
        assert self._instead is not None
        return self._instead

    async def _asked(self) -> Way | None:
        """Return how the engine that was asked for answers; None when it is not here and another does instead."""
        try:
            engine = self._engines.named(self._wanted.engine)
        except EngineAbsentError:
            if self._instead is None:
                raise
            return None
        self._wanted.check_engine(engine.name)
        ask = await self._ask()
        if engine.name != NEURAL_ENGINE or ask.prompt is None or (english := english_of(ask.prompt)) is None:
            return self._way(engine, ask)
        return replace(self._way(engine, replace(ask, prompt=english)), english_prompt=english)

    @cached_property
    def _instead(self) -> Way | None:
        """Return how the procedural engine answers if the other cannot; None if it may not, or cannot either."""
        if not self._wanted.fallback or self._wanted.engine in {None, DEFAULT_ENGINE}:
            return None
        try:
            return self._way(self._engines.named(None), replace(self._wanted.ask, neural=NOTHING_NEURAL))
        except SoundError:  # it knows no such sound, or not so long, or not as a loop
            return None

    def _way(self, engine: Engine, ask: Ask) -> Way:
        resolved = engine.resolve(ask)
        mastering = self._wanted.mastering(engine.natural_channels(resolved.spec))
        return Way(engine, resolved, mastering, self._wanted.takes)

    async def _ask(self) -> Ask:
        """Return what is asked, with the audio to begin with."""
        init = await self._init()
        ask = self._wanted.ask
        return ask if init is None else replace(ask, neural=replace(ask.neural, init=init))

    async def _init(self) -> Recording | None:
        if self._wanted.init_audio is not None:
            return await asyncio.to_thread(init_audio.read, self._wanted.init_audio)
        if (key := self._wanted.init_key) is None:
            return None
        if (sound := await self._renderer.remembered(key)) is None:
            raise InvalidAskError(
                "init_key", f"no sound of this key is remembered here, bring it as init_audio; got {key}"
            )
        return await asyncio.to_thread(init_audio.recording, *sound, "init_key")

    async def _take(self, take: int, asked: Way | None) -> AsyncGenerator[bytes]:
        """Yield the messages of a take by the engine that was asked for, or if that is not in time, instead."""
        reason = "absent"
        if asked is not None:
            try:
                async with aclosing(self._sound(take, asked)) as messages:
                    async for message in messages:
                        yield message
                return
            except InsteadError as error:  # before the first frames: nothing but progress has been sent
                reason = error.reason
        assert self._instead is not None
        self._metrics.fallbacks.labels(reason).inc()
        async with aclosing(self._sound(take, self._instead, fallback=True)) as messages:
            async for message in messages:
                yield message

    async def _sound(self, take: int, way: Way, *, fallback: bool = False) -> AsyncGenerator[bytes]:
        """Yield the messages of a take; raise InsteadError before its header when another way is to be gone."""
        wanted = self._wanted
        order = way.order(take)
        with SPAN.get().child("lookup", tier="memory") as lookup:
            # Whoever allows a fallback is told of a deadline by falling back, or waits as long as it takes.
            until_s = math.inf if wanted.fallback else self._until_s
            tape, cached = self._renderer.join(order, wanted.priority, until_s)
            lookup.tell(cached=cached.value)
        sent_bytes = 0
        try:
            known = None
            until_s = self._until_s - self._reserve_s(order, take)
            while (
                known := await (tape.news(known) if fallback else self._news(tape, known, until_s))
            ) is not None:
                yield wire.progress(take, known)
            seed = order.spec.seed if tape.seed is None else tape.seed
            cached = self._renderer.found(tape, cached)
            resolved = replace(way.resolved, spec=replace(order.spec, seed=seed))
            self._note.begun(resolved.spec, order.mastering, key=tape.key, cached=cached.value, fallback=fallback)
            self._record.sounds(resolved.spec, cached.value)
            SPAN.get().tell(engine=order.engine.name, effect=named(resolved.spec), seed=seed)
            SPAN.get().tell(cached=cached.value, fallback=fallback)
            header = partial(
                wire.header,
                take=take,
                key=tape.key,
                fallback=fallback,
                wanted=wanted,
                resolved=resolved,
                english_prompt=way.english_prompt,
                replaced_seed=None if seed == order.spec.seed else order.spec.seed,
                mastering=order.mastering,
                engine_version=order.engine.version_of(order.spec),
                licence=order.engine.licence,
            )
            yield header(request_id=REQUEST_ID.get(), frames=tape.frames, cached=cached)
            waiting = take == 0
            messages = cut.messages(tape, wanted.encoding, loop=order.spec.loop, first_frame=wanted.first_frame)
            async with aclosing(messages):
                async for message in messages:
                    if waiting:
                        waited_s = time.perf_counter() - self._arrived_s
                        # By the engine asked for: whoever falls back has waited for that one.
                        engine = wanted.engine or DEFAULT_ENGINE
                        self._metrics.first_frames.labels(cached.value, engine).observe(waited_s)
                        waiting = False
                    self._note.heard()
                    self._record.heard()
                    sent_bytes += len(message)
                    yield message
            facts = await tape.finished()
            self._note.finished(facts)
            SPAN.get().tell(frames=facts.frames)
            trailer = wire.trailer(take=take, facts=facts, sha256=await cut.sha256(tape, wanted.encoding))
            yield trailer
            if self._learn is not None and not fallback and self._whole_pcm:
                again = header(request_id="", frames=facts.frames, cached=Cached.MEMORY)
                self._learn(
                    Answer(
                        tape=weakref.ref(tape),
                        header=wire.unaddressed(again),
                        trailer=trailer,
                        encoding=wanted.encoding,
                        note=self._note.remembered(),
                    )
                )
        finally:
            self._metrics.sent.labels(wanted.encoding.name).inc(sent_bytes)
            self._renderer.leave(tape)

    @property
    def _whole_pcm(self) -> bool:
        """Return whether one take is sent whole, as the messages that its tape keeps."""
        wanted = self._wanted
        return wanted.takes == 1 and wanted.first_frame == 0 and cut.is_pcm(wanted.encoding)

    def _reserve_s(self, order: Order, take: int) -> float:
        """Return what is to be left of the time when the first frames of a take come."""
        return self._renderer.rest_s(order) + MARGIN_S * (self._wanted.takes - take)

    async def _news(self, tape: Tape, known: Progress | None, until_s: float) -> Progress | None:
        """Return the next progress of a tape, or None once its first frames are there.

        Raise InsteadError when they will not be by `until_s` and the procedural engine has something instead.
        """
        # What is remembered is played whatever the deadline: only what tells progress is being made.
        hurry = known is not None and until_s < math.inf and self._instead is not None
        try:
            async with asyncio.timeout_at(until_s if hurry else None):
                progress = await tape.news(known)
        except TimeoutError:
            self._renderer.keep(tape)
            raise InsteadError("late") from None
        except OverloadedError:
            if self._instead is None:
                raise
            raise InsteadError("full") from None
        except NotReadyError:  # its process has ended, and another is on its way
            if self._instead is None:
                raise
            raise InsteadError("absent") from None
        except Exception as error:
            foreseen = isinstance(error, SoundError | SwashError) and not isinstance(error, QualityError)
            if foreseen or self._instead is None:
                raise
            log.error("call %s falls back: its neural sound failed", REQUEST_ID.get(), exc_info=error)
            raise InsteadError("failed") from error
        if progress is not None and self._instead is not None:
            expected_s = self._renderer.expected_s(tape)
            if asyncio.get_running_loop().time() + expected_s > until_s:
                self._renderer.keep(tape)
                raise InsteadError("deadline")
        return progress


@contextmanager
def _traced(take: int) -> Iterator[None]:
    """Let what is done for a take stand below a span of its own."""
    call = SPAN.get()
    with call.child("take", take=take) as span:
        SPAN.set(span)
        try:
            yield
        finally:
            SPAN.set(call)
