"""Hinges: two of them that stick and slip, and the wood and iron that they shake."""

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.chance import Noise
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glides
from swash_model.dsp.filters import StateVariable, butterworth
from swash_model.dsp.modal import MATERIALS, REFERENCE_SIZE_M, Modes, modes_of
from swash_model.dsp.resonator import Resonator
from swash_model.dsp.stereo import panned
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effects._friction import CONTROL_FRAMES, Slips

HINGES = 2
SLOWEST_HZ, FASTEST_HZ = 9.0, 900.0  # slips a second: single cracks, and a tone
IRON_M = 0.45  # a fitting of that size rings from 1 kHz up
SQUEAL_FROM, SQUEAL_TO = 0.25, 0.6  # of full speed: slower it groans, faster it only creaks

HINGE_STREAM, RUB_STREAM, SLIP_STREAM, SHARE_STREAM = 90, 5, 10, 92


class Hinges:
    """What turns on two hinges of one door; it remembers how far each has got."""

    def __init__(self, timeline: Timeline, *, size_m: float, rust: float) -> None:
        """Hang a thing of `size_m` on hinges of `rust` 0 (wooden pins) to 1 (rusted iron)."""
        draw = chance.uniforms(timeline.object_seed, HINGE_STREAM, 0, 6)
        self._rust = rust
        self._pace = np.array((1.0, 0.55 + 0.25 * draw[0])) * (0.85 + 0.3 * draw[1])
        self._pace *= (size_m / REFERENCE_SIZE_M) ** -0.25 * (1.0 + rust)
        pan = np.array((-0.3, 0.3)) * (1.0 if draw[2] < 0.5 else -1.0)
        self._ears = panned(np.ones(HINGES), pan)  # of each ear for each hinge
        wood, iron = _modes(timeline, size_m, rust)
        self._body = Resonator(_uneven(_together(wood, iron), timeline.object_seed))
        # It squeals at what rings best of the iron within 700 Hz to 2.8 kHz.
        audible = np.flatnonzero((iron.frequency_hz > 700.0) & (iron.frequency_hz < 2800.0))
        mode = int(audible[int(draw[3] * len(audible))]) if len(audible) else 0
        self._squeal_hz, ringing = float(iron.frequency_hz[mode]), float(iron.decay[mode])
        # As a train of impulses makes it ring, so that every gate squeals about as loud.
        self._squeal = 0.5 * (ringing * SAMPLE_RATE) ** 0.5 / (2.0 * self._squeal_hz)
        self._slips = [Slips(timeline, SLIP_STREAM + hinge) for hinge in range(HINGES)]
        self._squeals = Slips(timeline, SLIP_STREAM + HINGES)
        self._shares = Drifts(timeline, SHARE_STREAM, 1.3, 3)
        self._edge = StateVariable("lowpass")
        self._no_rumble = butterworth("highpass", 90.0)  # boards do not carry what is below
        self._rub = Noise(timeline, RUB_STREAM)
        self._rub_band = butterworth("bandpass", (1800.0, 9000.0), order=1)
        self._lines = Glides()

    def sound(self, start: int, swing: Samples, tension: float) -> Samples:
        """Return the next frames from absolute frame `start`, shape (2, frames); a few quanta at most.

        `swing` is how fast the thing turns, 0..1, shape (frames,); `tension` 0..1 how hard the hinges hold.
        """
        frames = len(swing)
        drift = self._shares.at(start + frames)
        lead = min(max(0.5 + 1.1 * drift[0], 0.0), 1.0)  # now the upper hinge complains, now the lower
        # Squeals come and go: a narrow window of speeds, and not every time.
        at = float(swing[-1])
        window = min(max((at - SQUEAL_FROM) / 0.1, 0.0), max((SQUEAL_TO + 0.4 * self._rust - at) / 0.2, 0.0), 1.0)
        squeal = max(self._rust - 0.3, 0.0) * window * min(max(0.3 + 1.6 * drift[1], 0.0), 1.0)
        bend = 0.8 + 0.5 * at + 0.07 * drift[2]
        lines = np.array((lead**0.7, (1.0 - lead) ** 0.7, squeal, bend, tension))
        upper, lower, squeals, bends, tight = self._lines.take(lines, frames)
        force, moving = self._stick(start, swing, tight, (upper, lower))
        tone, _ = self._squeals.take(start, self._squeal_hz * bends, 120.0)
        force += tone * squeals * self._squeal
        # Hard-pressed surfaces let go at once, slack ones give way slowly.
        edge_hz = _held(1300.0 * 9.0 ** tight[::CONTROL_FRAMES] * (1.0 + self._rust), frames)
        force = self._no_rumble.process(self._edge.process(force, edge_hz, 0.6))
        rub = self._rub_band.process(self._rub.take(start, frames))
        return np.asarray(0.05 * force + self._body.process(force) + rub * moving * (0.008 + 0.008 * self._rust))

    def _stick(
        self, start: int, swing: Samples, tight: Samples, levels: tuple[Samples, Samples]
    ) -> tuple[Samples, Samples]:
        """Return the force of both hinges and how they move, each of shape (2, frames)."""
        frames = len(swing)
        speed, tension = swing[::CONTROL_FRAMES], tight[::CONTROL_FRAMES]
        # Pitch as the ear has it: each tenth of the speed is about as large a step.
        turn_hz = SLOWEST_HZ * (FASTEST_HZ / SLOWEST_HZ) ** speed**0.8 * (0.6 + 0.9 * tension)
        # Slips that come more often are smaller ones.
        level = np.minimum(speed / 0.04, 1.0) * (0.45 + 0.55 * speed) * (100.0 / (turn_hz + 10.0)) ** 0.35
        turn_hz, level = _held(turn_hz, frames), _held(level * (1.0 - 0.25 * tension), frames)
        in_step = 4.0 + 80.0 * float(tight[-1]) ** 2
        slipped, moved = np.empty((2, HINGES, frames))
        for hinge, slips in enumerate(self._slips):
            heard = level * levels[hinge]
            slip, motion = slips.take(start, turn_hz * self._pace[hinge], in_step)
            slipped[hinge], moved[hinge] = slip * heard, motion * heard
        return self._ears @ slipped, self._ears @ moved


def _held(values: Samples, frames: int) -> Samples:
    """Return values that are given once in CONTROL_FRAMES, each for its frames: shape (frames,)."""
    return np.repeat(values, CONTROL_FRAMES)[:frames]


def _modes(timeline: Timeline, size_m: float, rust: float) -> tuple[Modes, Modes]:
    """Return the modes of the wood, of two boards, and of the iron."""
    boards = [
        modes_of(
            MATERIALS["wood"],
            size_m=0.5 * size_m * scale,
            object_seed=timeline.object_seed + number,
            position=0.1 + 0.13 * number,
            damping=2.5,
        )
        for number, scale in enumerate((1.0, 0.63))
    ]
    wood = _together(*boards)
    iron = modes_of(
        MATERIALS["metal"],
        size_m=IRON_M * size_m**0.3,
        object_seed=timeline.object_seed + 2,
        position=0.21,
        damping=14.0 - 10.0 * rust,  # screwed to wood
    )
    kept = slice(0, 20)
    iron = Modes(iron.frequency_hz[kept], iron.decay[kept], iron.gain[kept] * (0.15 + 0.75 * rust))
    return Modes(wood.frequency_hz, wood.decay, wood.gain * (1.0 - 0.45 * rust)), iron


def _together(*modes: Modes) -> Modes:
    return Modes(
        np.concatenate([one.frequency_hz for one in modes]),
        np.concatenate([one.decay for one in modes]),
        np.concatenate([one.gain for one in modes]),
    )


def _uneven(modes: Modes, object_seed: int) -> Modes:
    """Return modes of which some push the air when others pull: all at once they would start as one spike."""
    signs = np.where(chance.uniforms(object_seed, HINGE_STREAM, 1, len(modes.gain)) < 0.5, -1.0, 1.0)
    return Modes(modes.frequency_hz, modes.decay, modes.gain * signs)
