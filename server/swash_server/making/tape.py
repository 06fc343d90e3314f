"""Tapes: a sound, recorded or still recording, that any number may play from its start."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cachetools import LRUCache

from swash_model.spec import Block
from swash_server.formats.encode import Encoding
from swash_server.making.priority import Priority

FIRST_PIECE_FRAMES = 2048  # 43 ms at 48 kHz: out at once
PIECE_FRAMES = 16_384  # 64 KiB of 16-bit stereo: from here on more saves no CPU


class Cached(Enum):
    """Where a sound came from."""

    NO = "no"
    JOINED = "joined"
    MEMORY = "memory"
    STORE = "store"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known only at the end of a sound."""

    frames: int
    loudness_lufs: float
    true_peak_dbtp: float
    render_s: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sound is that takes its time: how many are made before it, and the steps of its own."""

    queue_position: int
    step: int
    steps: int


class Tape:
    """A cache entry and a single flight in one. Lives on the event loop; only Blocks cross threads.

    It may tell its progress; it has pieces, then either facts (finished) or a failure. When the last player
    leaves a tape that is still recording, it is abandoned: nobody may join any more, and its recorder stops at
    the next turn.
    """

    def __init__(self, key: str, sample_rate: int, frames: int | None) -> None:
        """Begin an empty recording; `frames` is its length if that is known beforehand."""
        self.key = key
        self.sample_rate = sample_rate
        self.frames = frames
        self.pieces: list[Block] = []
        self.messages: dict[Encoding, list[bytes]] = {}  # of the pieces, by PCM encoding, once they were sent
        self.facts: Facts | None = None
        self.recalled: Cached | None = None  # the tier that it came from
        self.seed: int | None = None  # another than the one asked for where that failed the quality gate
        self.priority = Priority.INTERACTIVE  # of whoever is in the greatest hurry for it
        self.until_s = math.inf  # of the loop's time: when the last deadline is of those who wanted it
        self.abandoned = False
        self.progress: Progress | None = None
        self._on_abandoned: Callable[[], None] | None = None
        self._failure: BaseException | None = None
        self._changed = asyncio.Event()
        self._players = 0
        self._kept: dict[str, asyncio.Task[Any]] = {}
        self._kept_bytes = 0

    @property
    def nbytes(self) -> int:
        """Return the memory it takes, with what was made from it and kept."""
        messages = sum(len(message) for messages in self.messages.values() for message in messages)
        return sum(piece.nbytes for piece in self.pieces) + messages + self._kept_bytes

    @property
    def recording(self) -> bool:
        """Return whether more may come."""
        return self.facts is None and self._failure is None

    def tell(self, progress: Progress) -> None:
        """Say how far the sound is."""
        self.progress = progress
        self._wake()

    def append(self, block: Block) -> None:
        """Add some frames, cut into pieces of the size that is sent."""
        at = 0
        while at < len(block):
            size = PIECE_FRAMES if self.pieces else FIRST_PIECE_FRAMES
            self.pieces.append(block[at : at + size])
            at += size
        self._wake()

    def finish(self, facts: Facts) -> None:
        """End the recording."""
        self.facts = facts
        self.frames = facts.frames
        self._wake()

    def fail(self, failure: BaseException) -> None:
        """End the recording for everyone who plays it."""
        self._failure = failure
        self._wake()

    async def play(self, first: int = 0) -> AsyncIterator[Block]:
        """Yield the pieces from number `first` on, waiting for what is still being recorded."""
        index = first
        while True:
            while index < len(self.pieces):
                yield self.pieces[index]
                index += 1
            if self._failure is not None:
                raise self._failure
            if self.facts is not None:
                return
            await self._changed.wait()

    async def news(self, known: Progress | None) -> Progress | None:
        """Wait for progress other than what is `known`, or for the first frames: None; raise what went wrong."""
        while not self.pieces and self.facts is None:
            if self._failure is not None:
                raise self._failure
            if self.progress is not known:
                return self.progress
            await self._changed.wait()
        return None

    async def finished(self) -> Facts:
        """Wait for the end."""
        async for _ in self.play(len(self.pieces)):
            pass
        assert self.facts is not None
        return self.facts

    async def kept(self, name: str, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Return what `make` made of this tape, made once for everyone and kept with it."""
        if name not in self._kept:
            task = self._kept[name] = asyncio.ensure_future(make())
            task.add_done_callback(lambda done: self._weigh(name, done))
        return await asyncio.shield(self._kept[name])

    def join(self) -> None:
        """Count one more player."""
        self._players += 1

    def leave(self) -> None:
        """Count one player less."""
        self._players -= 1
        if self._players == 0 and self.recording:
            self.abandon()

    def abandon(self) -> None:
        """Stop the recording; whoever still plays it is told."""
        self.abandoned = True
        if self._on_abandoned is not None:
            self._on_abandoned()

    def on_abandoned(self, do: Callable[[], None]) -> None:
        """Have this done when the tape is abandoned, at once if it is already."""
        self._on_abandoned = do
        if self.abandoned:
            do()

    def _weigh(self, name: str, made: asyncio.Task[Any]) -> None:
        if made.cancelled() or made.exception() is not None:
            self._kept.pop(name, None)
            return
        result = made.result()
        self._kept_bytes += sum(map(len, result)) if isinstance(result, list) else len(result)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class MemoryTier:
    """Finished tapes, the least recently played dropped first; bounded in bytes but for those that are held."""

    def __init__(self, max_bytes: int, *, on_evicted: Callable[[int], object] | None = None) -> None:
        """Keep at most so many bytes; `on_evicted` hears how many tapes had to go."""
        self._on_evicted = on_evicted
        self._tapes: LRUCache[str, Tape] = LRUCache(max_bytes, getsizeof=lambda tape: tape.nbytes)
        self._held: dict[str, Tape] = {}

    @property
    def nbytes(self) -> int:
        """Return the bytes of all tapes."""
        return int(self._tapes.currsize) + sum(tape.nbytes for tape in self._held.values())

    @property
    def count(self) -> int:
        """Return how many tapes there are."""
        return len(self._tapes) + len(self._held)

    def forget(self) -> tuple[int, int]:
        """Drop every tape that is not held; return how many there were, and their bytes."""
        count, size = len(self._tapes), int(self._tapes.currsize)
        self._tapes.clear()
        return count, size

    def hold(self, tape: Tape) -> None:
        """Keep a finished tape, whatever is dropped, until it is let go."""
        self._tapes.pop(tape.key, None)
        self._held[tape.key] = tape

    def let_go(self, key: str) -> None:
        """Let a tape be dropped like any other."""
        if (tape := self._held.pop(key, None)) is not None:
            self.put(tape)

    def get(self, key: str) -> Tape | None:
        """Return a tape and count it as just played."""
        return self._held.get(key) or self._tapes.get(key)

    def put(self, tape: Tape) -> None:
        """Keep a finished tape, or weigh again one that has grown; one larger than all is not kept."""
        if tape.key in self._held:
            return
        self._tapes.pop(tape.key, None)
        if tape.nbytes <= self._tapes.maxsize:
            others = len(self._tapes)
            self._tapes[tape.key] = tape
            if self._on_evicted and (gone := others + 1 - len(self._tapes)):
                self._on_evicted(gone)
