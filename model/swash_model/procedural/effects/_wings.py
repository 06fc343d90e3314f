"""Wings that beat: flies, bees and mosquitoes, by how fast they beat and where they fly."""

import math

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.chance import Noise
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glides
from swash_model.dsp.filters import butterworth
from swash_model.dsp.harmonics import Harmonics
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.dsp.turns import Turning, Turns
from swash_model.procedural.effect import Values

FLYERS = 8
PASS_S = 1.6  # of what flies by once
SOUND_M_S = 343.0

NOISE_STREAM, PATH_STREAM, WING_STREAM = 1, 60, 90
PLACE_STREAM = 160  # of everything that is placed at the beginning, each by an index of its own

WINGS = {  # beats a second, how partials fall, how much of the first, breath of the wings
    "fly": (195.0, 0.8, 0.7, 0.5),
    "bee": (235.0, 0.95, 0.6, 0.4),
    "mosquito": (560.0, 1.0, 0.55, 0.08),
}
WING_PARTIALS = 28


def chorus(density: float, count: int) -> Samples:
    """Return how much each of `count` animals takes part, 0..1, shape (count,): one of them always does."""
    return np.asarray(np.clip(1.0 + density * (count - 1) - np.arange(count), 0.0, 1.0))


class Flyers:
    """Wings that fly about the ear: pitch by how they beat, level and Doppler by where they are."""

    def __init__(self, timeline: Timeline, values: Values, *, once: bool = False) -> None:
        """Send them out; `once` makes the first of them pass by a single time."""
        seed = timeline.object_seed
        self._timeline = timeline
        self._once = once
        self._hz, fall, first, self._breath = WINGS[values.choice("species")]
        numbers = np.arange(1, WING_PARTIALS + 1)
        draws = chance.uniforms(seed, PLACE_STREAM, 9, (WING_PARTIALS + 1) * FLYERS).reshape(FLYERS, -1)
        self._own = (0.45 + 1.1 * draws[:, :-1]) * numbers**-fall * np.where(numbers == 1, first, 1.0)
        self._own[:, 1::2] *= 0.75  # two wings, nearly but not quite alike
        self._pace = 0.9 + 0.2 * draws[:, -1]
        self._numbers = numbers
        begin = chance.uniforms(timeline.seed, PLACE_STREAM, 10, (WING_PARTIALS + 1) * FLYERS).reshape(FLYERS, -1)
        self._partials = Harmonics(begin[:, :-1])
        self._turns = Turns(timeline, begin[:, -1])
        self._paths = [
            Drifts(timeline, PATH_STREAM + 10 * axis, rate, FLYERS) for axis, rate in enumerate((0.6, 0.8, 2.3))
        ]
        self._effort = Drifts(timeline, WING_STREAM, 2.2, FLYERS)
        self._shiver = Drifts(timeline, WING_STREAM + 10, 23.0, FLYERS)
        self._noise = Noise(timeline, NOISE_STREAM)
        self._hiss = butterworth("bandpass", (1200.0, 7000.0), order=1)
        self._level = Glides()
        self._ahead: Samples | None = None

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        end, moves = start + QUANTUM_FRAMES, values.number("movement")
        rate_hz = self._hz * self._pace * values.number("pitch")
        rate_hz = rate_hz * (0.8 + 0.2 * values.number("temperature_c") / 22.0)
        before = self._ahead_at(start, rate_hz, moves) if self._ahead is None else self._ahead
        self._ahead = self._ahead_at(end, rate_hz, moves)
        turning: Turning = self._turns.step(start, rate_hz).shifted(before, self._ahead)
        pan, far_m = self._place(end, moves)
        angle = (pan + 1.0) * (math.pi / 4.0)
        sides = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (flyers, 2)
        flies = chorus(values.number("density"), FLYERS)
        if self._once:
            flies[1:] = 0.0
        level = (0.035 if self._once else 0.06) * flies * (1.0 + 0.25 * self._effort.at(end)) / (0.15 + far_m**1.5)
        # Farther off the head and the air take the highest partials.
        partials = self._own * np.exp(-0.05 * far_m[:, None] * self._numbers)
        out = np.zeros((2, QUANTUM_FRAMES))
        self._partials.sound(turning, level[:, None, None] * sides[:, :, None] * partials[:, None, :], out)
        breath = self._level.take(self._breath * (level @ sides), QUANTUM_FRAMES)
        return np.asarray(out + self._hiss.process(correlated(self._noise.take(start), 0.3)) * breath)

    def _place(self, frame: int, moves: float) -> tuple[Samples, Samples]:
        """Return where each is at an absolute frame: pan -1..1 and metres, each of shape (flyers,)."""
        if self._once:
            way_m = 3.2 * (frame / SAMPLE_RATE - PASS_S / 2.0)
            side = 1.0 if chance.uniform(self._timeline.seed, PLACE_STREAM, 11) < 0.5 else -1.0
            far_m = math.hypot(way_m, 0.3)
            return np.full(FLYERS, side * way_m / far_m), np.full(FLYERS, far_m)
        across, along, twist = (path.at(frame) for path in self._paths)
        pan = np.clip(moves * 1.2 * (across + 0.2 * twist), -1.0, 1.0)
        return pan, 0.5 + moves * (1.4 * along**2 + 0.35 * along + 0.12 * twist) + 0.12 * np.arange(FLYERS)

    def _ahead_at(self, frame: int, rate_hz: Samples, moves: float) -> Samples:
        """Return how many turns each is ahead, shape (flyers,): wings that labour, and the way sound has to go."""
        _, far_m = self._place(frame, moves)
        labour = 0.001 if self._once else 0.005  # in passing there is no time to waver
        wavers = labour * self._effort.at(frame) + 0.0001 * self._shiver.at(frame)
        return np.asarray(rate_hz * (wavers - far_m / SOUND_M_S))
