"""Where another process makes sounds: Works by number, a turn at a time. It knows no transport."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from swash_model.engine import Engine, Watch
from swash_model.spec import Block, Spec
from swash_server.making.mastering import Mastering
from swash_server.making.order import Order
from swash_server.making.tape import Facts
from swash_server.making.work import Work


@dataclass(frozen=True, slots=True)
class Errand:
    """An order on its way to where its engine is."""

    engine: str
    spec: Spec
    mastering: Mastering
    together: tuple[Spec, ...]

    @classmethod
    def of(cls, order: Order) -> "Errand":
        """Return what is sent of an order."""
        return cls(order.engine.name, order.spec, order.mastering, order.together)

    def order(self, engine: Engine) -> Order:
        """Return the order, of the engine that makes it."""
        return Order(engine, self.spec, self.mastering, self.together)


@dataclass(frozen=True, slots=True)
class Stand:
    """How far a sound is: frames made, and compute seconds since the first of them."""

    frames: int
    rest_s: float


class Bench:
    """The sounds being made here, on one thread."""

    def __init__(self, engine: Engine, max_samples: int) -> None:
        """Give no more than so many samples at once, of all channels."""
        self.engine = engine
        self._max_samples = max_samples
        self._making: dict[int, _Making] = {}

    def begin(self, number: int, errand: Errand, watch: Watch) -> None:
        """Take a sound on."""
        work = Work(errand.order(self.engine), watch)
        self._making[number] = _Making(work, self._max_samples // errand.mastering.channels)

    def turn(self, number: int) -> tuple[Block | None, Stand]:
        """Return some more of a sound, nothing of one that is needed whole first, or None at its end."""
        making = self._making[number]
        return making.turn(), Stand(making.work.frames, making.work.rest_s)

    def whole(self, number: int) -> tuple[Facts, bytes]:
        """Return what is measured of a finished sound, and the digest of its samples; raise QualityError."""
        making = self._making[number]
        sound, facts = making.work.whole(making.pieces)
        return facts, digest(sound)

    def close(self, number: int) -> None:
        """Let a sound go, finished or not."""
        if (making := self._making.pop(number, None)) is not None:
            making.work.close()


class _Making:
    """A Work, what came of it, and what of that has not been given yet."""

    def __init__(self, work: Work, max_frames: int) -> None:
        self.work = work
        self.pieces: list[Block] = []
        self._left: Block | None = None
        self._max_frames = max_frames

    def turn(self) -> Block | None:
        block = self._left
        if block is None:
            if (block := self.work.turn()) is None:
                return None
            self.pieces.append(block)
        given, left = block[: self._max_frames], block[self._max_frames :]
        self._left = left if len(left) else None
        return given


def digest(sound: Block) -> bytes:
    """Return what is equal exactly when two sounds are, shape (frames, channels)."""
    return hashlib.blake2b(np.ascontiguousarray(sound).data, digest_size=16).digest()


Tell = Callable[[int, str, object], None]
"""Sends what happened to a sound: its number, what kind of news, and the news."""


def watch_of(number: int, tell: Tell, stopped: Callable[[], bool]) -> Watch:
    """Return what an engine tells of a sound, sent on."""

    def progress(step: int, steps: int) -> None:
        tell(number, "progress", (step, steps))

    def stage(name: str, seconds: float) -> None:
        tell(number, "stage", (name, seconds))

    return Watch(stopped=stopped, progress=progress, stage=stage)
