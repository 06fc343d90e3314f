"""The making of one sound: rendered turn by turn, mastered, checked and measured."""

import time
from collections.abc import Generator, Iterator

import numpy as np

from swash_model.dsp.timeline import QUANTUM_FRAMES
from swash_model.engine import Watch
from swash_model.spec import Block
from swash_server.making.mastering import master, measure
from swash_server.making.order import Order
from swash_server.making.quality import admitted, check_finite, check_whole
from swash_server.making.tape import PIECE_FRAMES, Facts

FIRST_TURN_FRAMES = 960  # 20 ms at 48 kHz: two quanta, and the first frames are out
TURN_BLOCKS = 64  # of a sound that is needed whole before its first frame, 0.64 s: then others have a turn
TURN_FRAMES = PIECE_FRAMES - QUANTUM_FRAMES  # one message a turn; some 10 ms of work


class Work:
    """The making of one sound, a turn at a time, each on whatever thread is free."""

    def __init__(self, order: Order, watch: Watch) -> None:
        """Prepare it; nothing is computed before the first turn."""
        self.engine = order.engine.name
        self._order, self._key = order, order.key()
        self._sample_rate = order.mastering.sample_rate
        self._frames = 0
        # Where one sound has every core its threads compute, and this one waits for them.
        self._clock_s = time.perf_counter if order.engine.exclusive else time.thread_time
        self._compute_s = self._first_s = 0.0
        blocks = order.engine.render(order.spec, watch, order.together)
        if order.spec.neural is not None:
            blocks = admitted(blocks, order.engine.sample_rate, self._key, loop=order.spec.loop)
        self._blocks: Iterator[Block] = master(
            blocks,
            source_rate=order.engine.sample_rate,
            frames=order.frames(),
            mastering=order.mastering,
            loop=order.spec.loop,
        )

    @property
    def frames(self) -> int:
        """Return the frames made so far."""
        return self._frames

    @property
    def made_s(self) -> float:
        """Return the seconds of audio made so far."""
        return self._frames / self._sample_rate

    @property
    def rest_s(self) -> float:
        """Return the compute seconds since the first frames."""
        return self._compute_s - self._first_s

    def turn(self) -> Block | None:
        """Return some more of the sound, nothing of one that is needed whole first, or None at its end."""
        began_s = self._clock_s()
        wanted = TURN_FRAMES if self._frames else FIRST_TURN_FRAMES
        blocks: list[Block] = []
        while sum(map(len, blocks)) < wanted and len(blocks) < TURN_BLOCKS:
            if (block := next(self._blocks, None)) is None:
                break
            blocks.append(block)
        self._compute_s += self._clock_s() - began_s
        if not self._frames:
            self._first_s = self._compute_s
        if not blocks:
            return None
        turn = np.concatenate(blocks)
        check_finite(turn, self._key)  # at once: what is no number may be any noise at the other end
        self._frames += len(turn)
        return turn

    def whole(self, pieces: list[Block]) -> tuple[Block, Facts]:
        """Return a finished sound in one, and what is measured of it; raise QualityError if it is not fit."""
        spec, frames = self._order.spec, self._order.frames()
        sound = np.concatenate([np.zeros((0, self._order.mastering.channels), np.float32), *pieces])
        check_whole(sound, self._sample_rate, spec=spec, frames=frames, key=self._key)
        measured = measure(sound, self._sample_rate)
        return sound, Facts(measured.frames, measured.loudness_lufs, measured.true_peak_dbtp, self._compute_s)

    def close(self) -> None:
        """Let the engine clean up a sound that is not finished; again does nothing."""
        if isinstance(self._blocks, Generator):
            self._blocks.close()
