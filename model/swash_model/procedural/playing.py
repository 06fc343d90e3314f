"""An effect that sounds: what goes on, quantum by quantum, and what ends by itself, piece by piece."""

from collections.abc import Iterator

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.envelopes import without_tail
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.controls import DEFAULT_RAMP_S, Controls
from swash_model.procedural.effect import Effect, Endless, OneShot, Values
from swash_model.procedural.placement import Placement
from swash_model.spec import Value

LAYER_STREAM = 1 << 24
ECHO_FADE_S = 0.1  # the end of what a place answers, 60 dB down


def layer_seed(seed: int, number: int) -> int:
    """Return the seed of a layer: the first one's is the caller's, so that adding a layer changes no other."""
    return seed if number == 0 else int(chance.uniform(seed, LAYER_STREAM, number) * 2**32)


class Playing:
    """An endless effect that goes on."""

    def __init__(
        self, effect: Effect, going_on: Endless, timeline: Timeline, values: Values, level_db: float
    ) -> None:
        """Start at these values, every parameter given; `level_db` is against the calibrated level."""
        self._voice = going_on.voice(timeline, values)
        self._controls = Controls(effect, dict(values.items()))
        self._placement = Placement(going_on.gain_db + level_db, values.choice("place"))

    def set(self, name: str, value: Value, ramp_s: float = DEFAULT_RAMP_S) -> None:
        """Move a live control; raise InvalidAskError for what cannot be moved, or not there."""
        self._controls.set(name, value, ramp_s)

    def block(self, start: int) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, QUANTUM_FRAMES)."""
        values = self._controls.step()
        return self._placement.process(self._voice.block(start, values), values)


class Sounding:
    """An effect that ends by itself, and after it the answer of the place it is in."""

    def __init__(
        self, one_shot: OneShot, timeline: Timeline, values: Values, level_db: float, *, trim: bool = True
    ) -> None:
        """Begin it; with `trim` without a tail that nobody hears."""
        played = one_shot.play(timeline, values)
        if isinstance(played, np.ndarray):
            played = iter([without_tail(played) if trim else played])
        self._played: Iterator[Samples] = played
        self._made = np.zeros((2, 0))
        self._values = values
        self._placement = Placement(one_shot.gain_db + level_db, values.choice("place"))
        self._echo = np.zeros((2, round(self._placement.tail_s * SAMPLE_RATE)))
        self._echoing = False

    def ready(self) -> int:
        """Return how many frames can be taken at once, 0 when it is over."""
        while not self._made.shape[1] and (more := next(self._played, None)) is not None:
            self._made = more
        if not self._made.shape[1] and not self._echoing:
            self._made, self._echoing = self._echo, True
        return int(self._made.shape[1])

    def take(self, count: int) -> Samples:
        """Return the next frames, shape (2, count); no more than are ready."""
        piece, self._made = self._made[:, :count], self._made[:, count:]
        placed = self._placement.process(piece, self._values)
        if self._echoing:
            left = np.arange(self._made.shape[1] + count, self._made.shape[1], -1) - 1
            placed = placed * np.minimum(left / (ECHO_FADE_S * SAMPLE_RATE), 1.0)
        return placed

    def whole(self) -> Samples:
        """Return all that is left of it, shape (2, frames)."""
        pieces = [np.zeros((2, 0))]
        while count := self.ready():
            pieces.append(self.take(count))
        return np.concatenate(pieces, axis=1)
