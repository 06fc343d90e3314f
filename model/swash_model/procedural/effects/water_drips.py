"""Water drips: drops that fall one by one into a pool, on stone or metal, each place by a clock of its own."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from swash_model.dsp import bubbles, chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.modal import MATERIALS, Modes, modes_of
from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import PLACE, Choice, Effect, Endless, Number, OneShot, Preset, Values

MOST_SPOTS = 8
FIRST = 0.01  # of a period, until the first drop
MOST_JITTER = 0.95  # of a period: a drop never comes after the next one is due
RINGS_S = 1.2  # the longest, on metal

SPOT_STREAM, PACE_STREAM = 50, 51
DROP_STREAM = 60
DRAWS = 40


@dataclass(frozen=True, slots=True)
class Surface:
    """What drops fall on.

    `bubble` is the share of them that drag a bubble under, and `level` how loud it is; `slap` and `tick` are the
    levels of the two noises of the touch, `slap_hz` and `slap_decay` (1/s) the lower one's colour and length;
    `ring` is how loud the thing itself rings.
    """

    bubble: float
    level: float
    slap: float
    slap_hz: float
    slap_decay: float
    tick: float
    ring: float


SURFACES = {
    "pool": Surface(bubble=1.0, level=1.0, slap=0.07, slap_hz=1500.0, slap_decay=260.0, tick=0.05, ring=0.0),
    "stone": Surface(bubble=0.35, level=0.35, slap=0.24, slap_hz=1150.0, slap_decay=90.0, tick=0.12, ring=0.0),
    "metal": Surface(bubble=0.35, level=0.4, slap=0.16, slap_hz=1900.0, slap_decay=240.0, tick=0.16, ring=0.6),
}


class Dripping:
    """The places that drip, and the banks that their drops sound in."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Lay out the places: how far each is, how deep its water, what it rings like is the object's."""
        self._timeline = timeline
        self._surface = SURFACES[values.choice("surface")]
        depth, near, side = chance.uniforms(timeline.object_seed, SPOT_STREAM, 0, 3 * MOST_SPOTS).reshape(3, -1)
        order = np.argsort(chance.uniforms(timeline.object_seed, SPOT_STREAM, 1, MOST_SPOTS))
        self._growth = 0.62 * 2.4 ** ((order + depth) / MOST_SPOTS)
        self._level = 0.35 + 0.65 * near
        self._level[0] = 1.0  # the first one is the one close by
        self._pan = np.where(np.arange(MOST_SPOTS) % 2, 1.0, -1.0) * (0.25 + 0.6 * side)
        self._pan[0] *= 0.3
        self._modes = [self._ringing(spot) for spot in range(MOST_SPOTS)] if self._surface.ring else []
        self._bursts = BurstBank(128)
        self._grains = GrainBank(512)

    def _ringing(self, spot: int) -> Modes:
        """Return the modes of the pan or gutter at a place: thin, and damped by the water in it."""
        seed = self._timeline.object_seed + spot
        size_m = 0.22 + 0.2 * chance.uniform(seed, SPOT_STREAM, 2)
        place = chance.uniform(seed, SPOT_STREAM, 3)
        return modes_of(
            replace(MATERIALS["sheet_metal"], modes=18, handling=14.0),
            size_m=size_m,
            object_seed=seed,
            position=0.15 + 0.3 * place,
        )

    def fall(self, onset: int, spot: int, index: int, drop_size: float) -> None:
        """Let a drop touch down `onset` frames from now; `index` tells it from all others of its place."""
        u = chance.uniforms(self._timeline.seed, DROP_STREAM + spot, index, DRAWS)
        growth = 2.4 ** (2.0 * drop_size - 1.0)
        strength = self._level[spot] * (0.55 + 0.45 * u[0]) * growth**0.2
        self._touch(onset, spot, strength, growth, u[1:8])
        if u[8] < self._surface.bubble:
            self._bubble(onset, spot, strength, growth, u[9:24])
        self._spatter(onset, spot, strength, growth, u[24:39].reshape(3, 5))
        if self._modes:
            self._ring(onset, spot, strength, growth, u[39])

    def sound(self, out: Samples) -> None:
        """Add the next frames of every drop to `out`, shape (2, frames)."""
        self._bursts.sound(out)
        self._grains.sound(out)

    def _touch(self, onset: int, spot: int, strength: float, growth: float, u: Samples) -> None:
        """Touch down: a slap as low as the drop is large, and a tick."""
        surface = self._surface
        self._bursts.add(
            np.full(2, onset),
            centre_hz=np.array([surface.slap_hz * growth**-0.4 * (0.8 + 0.4 * u[0]), 4500.0 + 3500.0 * u[1]]),
            resonance=0.9,
            decay=np.array([surface.slap_decay * growth**-0.5, 900.0]),
            amplitude=strength * np.array([surface.slap, surface.tick]),
            pan=np.full(2, self._pan[spot]),
            key=u[2:4],
        )

    def _bubble(self, onset: int, spot: int, strength: float, growth: float, u: Samples) -> None:
        """Drag air under: a bubble 8 to 22 ms after the touch, and what breaks off it, then the rebound.

        What is heard of a drop is the bubble, not the touch (Phillips, Agarwal & Jordan, "The sound produced by a
        dripping tap is driven by resonant oscillations of an entrapped air bubble", Scientific Reports 8, 2018).
        """
        main_m = 0.0021 * self._growth[spot] * growth * (0.9 + 0.22 * u[0])
        radius = main_m * np.array(
            [1.0, 0.62 * (0.7 + 0.5 * u[1]), 0.42 * (0.7 + 0.6 * u[2]), 0.55 * (0.6 + 0.6 * u[3])]
        )
        first_s = (0.008 + 0.014 * u[4]) * growth**0.5
        # The jet that springs back sheds a drop of its own, which falls again and makes a smaller bubble.
        after_s = np.array([0.0, 0.006 + 0.03 * u[5], 0.012 + 0.05 * u[6], (0.07 + 0.11 * u[7]) * growth**0.5])
        there = np.array([1.0, u[8] < 0.6, u[9] < 0.4, u[10] < 0.45])
        decay = bubbles.decay(radius)
        self._grains.add(
            onset + np.round((first_s + after_s) * SAMPLE_RATE).astype(np.int64),
            frequency_hz=bubbles.frequency_hz(radius),
            decay=decay,
            amplitude=0.5
            * self._surface.level
            * strength
            * there
            * np.array([1.0, 0.4, 0.28, 0.35])
            * (0.6 + 0.4 * u[11:15]),
            pan=np.full(4, self._pan[spot]),
            rise=np.array([0.15, 0.12, 0.1, 0.14]) * decay,
            attack_s=0.0007,
        )

    def _spatter(self, onset: int, spot: int, strength: float, growth: float, u: Samples) -> None:
        """Throw off droplets where there is no water to take the drop in."""
        level = 0.25 * self._surface.slap * strength * u[:, 0] ** 2
        self._bursts.add(
            onset + np.round((0.012 + 0.08 * u[:, 1]) * growth**0.5 * SAMPLE_RATE).astype(np.int64),
            centre_hz=2500.0 + 4000.0 * u[:, 2],
            resonance=1.5,
            decay=600.0,
            amplitude=level,
            pan=np.clip(self._pan[spot] + 0.5 * (u[:, 3] - 0.5), -1.0, 1.0),
            key=u[:, 4],
        )

    def _ring(self, onset: int, spot: int, strength: float, growth: float, draw: float) -> None:
        """Ring what the drop falls on: softly struck, so that a large drop leaves the high modes alone."""
        modes = self._modes[spot]
        contact_s = 0.00022 * growth
        # Nor do the lowest ring: the pan stands on something.
        soft = modes.frequency_hz / (modes.frequency_hz + 900.0) / (1.0 + (modes.frequency_hz * contact_s) ** 2)
        off_centre = 0.6 + 0.8 * np.abs(np.sin(np.arange(1, len(modes.gain) + 1) * np.pi * draw))
        self._grains.add(
            np.full(len(soft), onset),
            frequency_hz=modes.frequency_hz,
            decay=modes.decay,
            amplitude=0.4 * self._surface.ring * strength * modes.gain * soft * off_centre,
            pan=np.full(len(soft), self._pan[spot]),
            attack_s=contact_s,
        )


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one drop, shape (2, frames)."""
    dripping = Dripping(timeline, values)
    dripping.fall(0, 0, 0, values.number("drop_size"))
    out = np.zeros((2, round((RINGS_S if values.choice("surface") == "metal" else 0.6) * SAMPLE_RATE)))
    dripping.sound(out)
    return out


class WaterDrips:
    """A voice of several places that drip, each by a clock of its own.

    Drops have numbers, and everything about a drop comes from the hash of its number; in a loop each place
    drips a whole number of times.
    """

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Start dripping; how many places there are is latched here."""
        self._timeline = timeline
        self._dripping = Dripping(timeline, values)
        spots = round(values.number("places"))
        hurry, phase = chance.uniforms(timeline.object_seed, PACE_STREAM, 0, 2 * MOST_SPOTS).reshape(2, -1)
        weight = 0.6 + 0.9 * hurry[:spots]
        self._share = weight / weight.sum()
        self._phase = (np.arange(spots) + phase[:spots]) / spots
        self._phase[0] = FIRST
        self._cycles: npt.NDArray[np.int64] | None = None
        if timeline.loop_frames:
            drops = timeline.loop_frames / SAMPLE_RATE * values.number("rate_hz") * self._share
            self._cycles = np.maximum(1, np.round(drops)).astype(np.int64)
        self._dripped = np.zeros(spots)  # drops due since the beginning, as counts that run on

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        before, after = self._progress(start, values)
        numbers = np.floor(after - self._phase).astype(np.int64)
        for spot, number in enumerate(numbers):
            if number < 0 and self._cycles is None:
                continue
            index = int(number if self._cycles is None else number % self._cycles[spot])
            jitter = MOST_JITTER * chance.uniform(self._timeline.seed, PACE_STREAM + spot, index)
            if index == 0 and spot == 0:
                jitter *= 0.05  # nobody waits for the first drop
            due = number + self._phase[spot] + values.number("irregularity") * jitter
            if before[spot] <= due < after[spot]:
                onset = int((due - before[spot]) / (after[spot] - before[spot]) * QUANTUM_FRAMES)
                self._dripping.fall(onset, spot, index, values.number("drop_size"))
        out = np.zeros((2, QUANTUM_FRAMES))
        self._dripping.sound(out)
        return out

    def _progress(self, start: int, values: Values) -> tuple[Samples, Samples]:
        """Return how many drops of each place had been due at the start of the quantum, and are at its end."""
        loop_frames = self._timeline.loop_frames
        if loop_frames and self._cycles is not None:
            position = self._timeline.position(start)
            return position * self._cycles / loop_frames, (position + QUANTUM_FRAMES) * self._cycles / loop_frames
        before = self._dripped
        self._dripped = before + values.number("rate_hz") * self._share * QUANTUM_S
        return before, self._dripped


WATER_DRIPS = Effect(
    id="water_drips",
    title="Water drips",
    description="One drop of water, or several places that drip.",
    ucs_cat_id="WATRDrip",
    version=1,
    parameters=(
        Number(
            "rate_hz",
            "Drops a second, of all places together.",
            0.2,
            12.0,
            2.0,
            "Hz",
            curve="logarithmic",
            live=True,
        ),
        Number("irregularity", "How unevenly they fall: 0 a tap, 1 by chance.", 0.0, 1.0, 0.5, live=True),
        Number("drop_size", "Size of the drops: 0 small and high, 1 fat and low.", 0.0, 1.0, 0.5, live=True),
        Number("places", "How many places drip, each with its own note and its own clock.", 1.0, 8.0, 4.0),
        Choice("surface", "What the drops fall on.", tuple(SURFACES), "pool"),
        replace(PLACE, default="cave"),
    ),
    presets=(
        Preset("cave", "Drops into still pools in a cave.", {"rate_hz": 1.6}, "WATRDrip"),
        Preset(
            "leaky_tap",
            "A kitchen tap over a metal sink.",
            {"rate_hz": 1.1, "irregularity": 0.06, "places": 1.0, "surface": "metal", "place": "room"},
            "WATRDrip",
        ),
        Preset(
            "dungeon",
            "Wet walls: drops on flagstones.",
            {"rate_hz": 1.2, "irregularity": 0.7, "drop_size": 0.6, "surface": "stone", "place": "hall"},
            "WATRDrip",
        ),
        Preset(
            "deep_well",
            "Fat drops, far down in a well.",
            {"rate_hz": 0.6, "drop_size": 0.95, "places": 2.0, "place": "cave"},
            "WATRDrip",
        ),
        Preset(
            "leaky_roof",
            "Rain that has found its way into the pots and pans.",
            {"rate_hz": 5.0, "irregularity": 0.4, "places": 5.0, "surface": "metal", "place": "room"},
            "WATRDrip",
        ),
        Preset(
            "thaw",
            "Icicles in the sun, over puddles.",
            {"rate_hz": 9.0, "irregularity": 0.8, "drop_size": 0.25, "places": 8.0, "place": "open"},
            "WATRDrip",
        ),
        Preset(
            "bathtub",
            "A last drop, now and then, into a full tub.",
            {"rate_hz": 0.7, "irregularity": 0.2, "places": 1.0, "drop_size": 0.65, "place": "room"},
            "WATRDrip",
        ),
    ),
    one_shot=OneShot(play, gain_db=10.9),
    endless=Endless(WaterDrips, gain_db=5.2),
)
