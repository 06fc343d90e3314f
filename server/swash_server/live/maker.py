"""The making of one live session: commands in, PCM out. It lives in a worker process and knows no network."""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.errors import InvalidAskError
from swash_model.procedural.performance import Event, Performance
from swash_model.spec import Block
from swash_server.formats.encode import PCM, Encoding
from swash_server.making.mastering import Mastering, master

LINGER_QUANTA = 4  # of silence after the last voice: what limiter and resampler hold back comes out


@dataclass(frozen=True, slots=True)
class Due:
    """An event that takes effect at a quantum, or with the next that is made; `number` is the session's own."""

    number: int
    quantum: int
    event: Event


@dataclass(frozen=True, slots=True)
class Happened:
    """What took place before `quantum` was made.

    An event was applied, with every choice made, or refused (`problem`: the field and what is wrong with it); or,
    without a number, a voice ended.
    """

    quantum: int
    number: int | None = None
    event: Event | None = None
    problem: tuple[str, str] | None = None
    voice: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """Some of a session: its PCM as far as it is known already, what happened, and where it stands.

    `linger` is 0 when nothing is to be heard; `held` are the voices that nobody has stopped.
    """

    data: bytes
    happened: tuple[Happened, ...]
    quantum: int
    linger: int
    held: tuple[int, ...]


class Maker:
    """Makes one session, some quanta at a time."""

    def __init__(self, mastering: Mastering, encoding: Encoding) -> None:
        """Begin in silence, at quantum 0."""
        self._to_bytes = PCM[encoding]
        self._performance = Performance()
        self._due: deque[Due] = deque()
        self._happened: list[Happened] = []
        self._quantum = 0
        self._linger = 0
        self._over = False
        self._sha256 = hashlib.sha256()
        self._mastered = master(self._quanta(), source_rate=SAMPLE_RATE, frames=None, mastering=mastering)

    def make(self, quanta: int, due: Sequence[Due]) -> Made:
        """Make so many quanta; `due` are the events that take effect in them, in order."""
        self._due.extend(due)
        last = self._quantum + quanta
        blocks: list[Block] = []
        while self._quantum < last:
            blocks.append(next(self._mastered))
        happened, self._happened = tuple(self._happened), []
        return Made(self._pcm(blocks), happened, self._quantum, self._linger, self._performance.held)

    def finish(self) -> tuple[bytes, bytes]:
        """Return the PCM that is still due, and the SHA-256 over all of it. Nothing may follow."""
        self._over = True
        return self._pcm(list(self._mastered)), self._sha256.digest()

    def _pcm(self, blocks: list[Block]) -> bytes:
        data = b"".join(map(self._to_bytes, blocks))
        self._sha256.update(data)
        return data

    def _quanta(self) -> Iterator[Block]:
        """Yield quantum after quantum, each after the events that hold from it on."""
        while not self._over:
            while self._due and self._due[0].quantum <= self._quantum:
                self._apply(self._due.popleft())
            block = self._performance.block()
            self._quantum += 1
            # Counted down from the quantum in which the last voice ended, which still has its end.
            self._linger = LINGER_QUANTA if self._performance.sounding else max(0, self._linger - 1)
            for voice in self._performance.take_ended():
                self._happened.append(Happened(self._quantum, voice=voice))
            yield np.ascontiguousarray(block.T, np.float32)

    def _apply(self, due: Due) -> None:
        try:
            event = self._performance.apply(due.event)
        except InvalidAskError as error:
            self._happened.append(Happened(self._quantum, due.number, problem=(error.field, error.problem)))
        else:
            self._happened.append(Happened(self._quantum, due.number, event))
