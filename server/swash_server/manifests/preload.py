"""Sounds made before they are needed, and kept until they are let go: what Preload and Unload do."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TypeAlias

from swash_model.engines import Engines
from swash_model.errors import EngineAbsentError, InvalidAskError, SoundError, UnknownSoundError
from swash_server import wire
from swash_server.doors.request_id import REQUEST_ID
from swash_server.errors import OverloadedError, SwashError, UnforeseenError
from swash_server.formats.encode import Encoding
from swash_server.making import cut
from swash_server.making.order import Order
from swash_server.making.priority import Priority
from swash_server.making.render_call import RenderCall
from swash_server.making.renderer import Renderer
from swash_server.making.tape import Cached, Progress, Tape
from swash_server.manifests.manifest import Manifest, Problems
from swash_server.observability.metrics import Metrics

WAITING_EVENTS = 64  # for a caller who reads slowly; then the making waits for the reading
SAMPLE_BYTES = 4  # as memory and store keep them
PATIENCE_S = 600.0  # then a take for which there was never room has failed
MAX_FAILURE_CHARACTERS = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Take:
    """One take of a manifest's sound: `sound` and `number` count from 0."""

    sound: int
    name: str
    number: int
    order: Order
    encoding: Encoding

    @property
    def least_bytes(self) -> int:
        """Return the memory of its samples, 0 while only making it tells."""
        return (self.order.frames() or 0) * self.order.mastering.channels * SAMPLE_BYTES


@dataclass(frozen=True, slots=True)
class Ready:
    """A take is there: `key` and `seed` are those of what was made, as the Header of a Render has them."""

    take: Take
    key: str
    seed: int
    frames: int
    cached: Cached


@dataclass(frozen=True, slots=True)
class Failed:
    """A take could not be made or kept, and why."""

    take: Take
    failure: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A neural take waits, or is being made."""

    take: Take
    progress: Progress


Event: TypeAlias = Ready | Failed | Moved


class Preloads:
    """Makes the sounds of manifests. However many calls there are, they share a few makers.

    Of the sounds that take turns as many are made at once as there are threads, and those only while nobody
    waits for another sound; those of the line are made one at a time, so that whoever comes meanwhile is next.
    """

    def __init__(self, *, engines: Engines, renderer: Renderer, metrics: Metrics) -> None:
        """Take the parts of the App."""
        self._engines = engines
        self._renderer = renderer
        self._metrics = metrics
        self._makers = renderer.workers
        self._turns = asyncio.Semaphore(self._makers)
        self._line = asyncio.Semaphore(1)

    async def planned(self, manifest: Manifest) -> list[Take]:
        """Return every take.

        Raise InvalidManifestError with each sound that cannot be made, or EngineAbsentError.
        """
        problems = Problems()
        absent: EngineAbsentError | None = None
        takes: list[Take] = []
        for number, sound in enumerate(manifest.sounds):
            path = f"sounds[{number}]"
            if sound.init_audio is not None:
                problems.add(f"{path}.init_audio", "only to bake, for a server reads no files; there is init_key")
                continue
            wanted = wire.wanted(sound.request)
            try:
                way = await self._call(wanted).way()
            except InvalidAskError as error:
                problems.add(f"{path}.{error.field}", error.problem)
            except UnknownSoundError as error:
                problems.add(f"{path}.prompt", str(error))
            except EngineAbsentError as error:
                absent = absent or EngineAbsentError(f"{path}.{error}")
            else:
                takes += [
                    Take(number, sound.name, take, way.order(take), wanted.encoding) for take in range(way.takes)
                ]
            await asyncio.sleep(0)  # a thousand prompts are a second's work: others come in between
        problems.raise_if_any()
        if absent is not None:
            raise absent
        return takes

    async def made(
        self, tag: str, takes: list[Take], priority: Priority = Priority.PRELOAD
    ) -> AsyncGenerator[Event]:
        """Yield what becomes of each take, in the order in which they are done, and what moves meanwhile.

        Raise PinnedFullError before any work if they cannot all be kept. Whoever stops reading stops the work;
        what is ready stays pinned.
        """
        pins = self._renderer.pins
        before = await pins.begin(tag, {take.order.key(): take.least_bytes for take in takes})
        call = _Call(self._renderer, tag, priority, asyncio.Queue(WAITING_EVENTS))
        left = len(takes)
        turns = iter([take for take in takes if not take.order.engine.exclusive])
        line = iter([take for take in takes if take.order.engine.exclusive])
        workers = [
            asyncio.create_task(call.work(turns, self._turns)) for _ in range(min(self._makers, len(takes)))
        ] + [asyncio.create_task(call.work(line, self._line))]
        try:
            while left:
                event = await call.events.get()
                if not isinstance(event, Moved):
                    left -= 1
                    self._metrics.preloads.labels(_outcome(event)).inc()
                yield event
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            self._metrics.preloads.labels("stopped").inc(left)
            self._renderer.aside(pins.forget(tag, call.promised - before))

    async def unload(self, tag: str) -> tuple[int, int]:
        """Let go of a tag; return how many takes may be forgotten now, and their bytes."""
        return await self._renderer.pins.unload(tag)

    def _call(self, wanted: wire.Wanted) -> RenderCall:
        return RenderCall(
            wanted,
            engines=self._engines,
            renderer=self._renderer,
            metrics=self._metrics,
            arrived_s=time.perf_counter(),
            remaining_s=None,
        )


class _Call:
    """The takes of one Preload call on their way; `promised` are the keys of those that are not kept."""

    def __init__(self, renderer: Renderer, tag: str, priority: Priority, events: asyncio.Queue[Event]) -> None:
        self.events = events
        self.promised: set[str] = set()
        self._renderer = renderer
        self._tag = tag
        self._priority = priority

    async def work(self, takes: Iterator[Take], room: asyncio.Semaphore) -> None:
        """Make one take after the other, of those that nobody else has begun."""
        for take in takes:
            async with room:
                event = await self._made(take)
            await self.events.put(event)

    async def _made(self, take: Take) -> Ready | Failed:
        try:
            return await self._tried(take)
        except (SoundError, SwashError) as error:
            return Failed(take, str(error)[:MAX_FAILURE_CHARACTERS])
        except Exception as error:  # where a take ends: the caller is told, and the others go on
            request_id = REQUEST_ID.get()
            log.error(
                "take %d of sound %d of preload %s failed", take.number, take.sound, request_id, exc_info=error
            )
            return Failed(take, str(UnforeseenError(request_id)))

    async def _tried(self, take: Take) -> Ready:
        """Make a take, and try again when there is no room for it: others go first, but not for ever."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + PATIENCE_S
        while True:
            try:
                return await self._ready(take)
            except OverloadedError as error:
                if loop.time() + error.retry_after_s > until_s:
                    raise
                await asyncio.sleep(error.retry_after_s)

    async def _ready(self, take: Take) -> Ready:
        key = take.order.key()
        self.promised.add(key)
        await self._renderer.pins.promise(self._tag, key, take.least_bytes)
        tape, cached = self._renderer.join(take.order, self._priority)
        try:
            known = None
            while (known := await tape.news(known)) is not None:
                with suppress(asyncio.QueueFull):  # of what moves a slow reader misses some
                    self.events.put_nowait(Moved(take, known))
            cached = self._renderer.found(tape, cached)
            facts = await tape.finished()
            await _encoded(tape, take)
            await self._renderer.pins.keep(self._tag, tape, key)
        finally:
            self._renderer.leave(tape)
        # Of a seed that was replaced the store keeps that it was, so that nobody tries it again.
        self.promised.discard(key)
        seed = take.order.spec.seed if tape.seed is None else tape.seed
        return Ready(take, tape.key, seed, facts.frames, cached)


async def _encoded(tape: Tape, take: Take) -> None:
    """Make what a Render of the take would send, while its samples are in memory."""
    if not cut.is_pcm(take.encoding):
        messages = cut.messages(tape, take.encoding, loop=take.order.spec.loop, first_frame=0)
        async with aclosing(messages):
            async for _ in messages:
                pass
    await cut.sha256(tape, take.encoding)


def _outcome(event: Ready | Failed) -> str:
    if isinstance(event, Failed):
        return "failed"
    return "found" if event.cached in {Cached.MEMORY, Cached.STORE, Cached.SHARED} else "made"
