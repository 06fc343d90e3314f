"""Bubbles that rise and burst: a boiling pot, a potion, a diver's breath, mud that plops."""

import numpy as np
import numpy.typing as npt

from swash_model.dsp import bubbles, chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.chance import MAX_EVENTS, Events, Noise
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glide, Glides
from swash_model.dsp.filters import StateVariable, butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Effect, Endless, Number, OneShot, Preset, Values

SITES = 9  # cracks and vents that bubbles grow at: each keeps its size and its place
LONGEST_STRING = 12  # bubbles that follow each other in one gulp
FIRST_S = 0.08  # nobody waits for the first
RINGS_S = 0.6  # the longest, until nobody hears it
LEAST_HZ, MOST_HZ = 3.0, 120.0  # bubbles a second
LID_RESONANCE = 0.9
OPEN_HZ = 18_000.0  # what an open vessel lets through: everything

NOISE_STREAM = 1
STRING_STREAM, SIMMER_STREAM, RATTLE_STREAM = 30, 31, 32
BUBBLE_STREAM, SITE_STREAM, LID_STREAM = 40, 50, 51
MOOD_STREAM, BOIL_STREAM = 60, 80


class Vessel:
    """Where bubbles come from, and the banks that they sound in."""

    def __init__(self, timeline: Timeline) -> None:
        """Place the sites: their sizes and places are the object's."""
        self._timeline = timeline
        size, place = chance.uniforms(timeline.object_seed, SITE_STREAM, 0, 2 * SITES).reshape(2, -1)
        order = np.argsort(chance.uniforms(timeline.object_seed, SITE_STREAM, 1, SITES))
        self._growth = (0.4 + 0.25 * chance.uniform(timeline.object_seed, SITE_STREAM, 3)) * 4.2 ** (
            (np.arange(SITES) + size) / SITES
        )
        self._pan = 1.5 * (order + place) / SITES - 0.75
        self._pan[SITES // 2] *= 0.2  # where a single one comes from
        self._vessel_hz = 430.0 * 1.9 ** chance.uniform(timeline.object_seed, SITE_STREAM, 2)
        self._bursts = BurstBank(256)
        self._grains = GrainBank(512)
        self._lid = GrainBank(128)

    def strings(self, onset: npt.NDArray[np.int64], index: int, draws: Samples, values: Values) -> int:
        """Start strings of bubbles, each from one site, at `onset` (strings,); return when the last bubble comes.

        Onsets are frames from now. `draws` (strings, 2 or more) say where from and how long; `index` tells the
        first of them from all others, `index` + 1 the next.
        """
        if not len(onset):
            return 0
        size, viscosity, depth = values.number("size"), values.number("viscosity"), values.number("depth")
        longest = values.number("gulps") ** 1.5 * (LONGEST_STRING - 1)
        counts = 1 + (longest * draws[:, 1]).round().astype(np.int64)
        seed = self._timeline.seed
        u = np.concatenate(
            [
                chance.uniforms(seed, BUBBLE_STREAM, index + n, 6 * count).reshape(-1, 6)
                for n, count in enumerate(counts)
            ]
        )
        first = np.repeat(np.cumsum(counts) - counts, counts)  # of each bubble's string
        number = np.arange(len(u)) - first
        site = np.repeat((draws[:, 0] * SITES).astype(np.int64), counts)
        # One follows the other as fast as they can grow, and they shrink as the gas runs out.
        radius = 0.0013 * 6.5**size * self._growth[site] * 2.2 ** u[:, 0] ** 1.5
        radius *= 1.0 - 0.35 * number / LONGEST_STRING
        gap_s = (0.016 + 3.2 * radius) * (0.6 + 0.9 * u[:, 1]) * (1.0 + 1.5 * viscosity)
        after_s = np.cumsum(gap_s)
        onsets = np.repeat(onset, counts) + np.round((after_s - after_s[first]) * SAMPLE_RATE).astype(np.int64)
        hz = bubbles.frequency_hz(radius)
        # So close to the surface none rings long, and in a thick liquid hardly at all.
        decay = np.maximum(1.1 * bubbles.decay(radius), 0.05 * hz + 7.0) * (1.0 + 3.0 * viscosity)
        climb = (0.2 + 0.2 * u[:, 2]) * (1.0 - 0.7 * viscosity) * (1.0 - depth)
        level = (0.55 + 0.45 * u[:, 3]) * 0.93**number
        pan = np.clip(self._pan[site] + 0.25 * (u[:, 4] - 0.5), -1.0, 1.0)
        self._grains.add(
            onsets,
            frequency_hz=hz,
            decay=decay,
            amplitude=0.42 * (1.0 + 0.3 * viscosity) * level,
            pan=pan,
            rise=climb * decay,
            attack_s=np.minimum((0.15 + 0.5 * viscosity + 0.5 * depth) / hz, 0.012),
        )
        at_surface = level * (1.0 - depth)
        self._burst(onsets, hz, at_surface, viscosity, pan, u[:, 5])
        knock_hz = self._vessel_hz * 0.4**size
        self._answer(
            onsets,
            at_surface * (1.0 - 0.8 * viscosity),
            knock_hz,
            (75.0 - 35.0 * size) * (1.0 + viscosity),
            pan,
            u[:, 1],
        )
        return int(onsets.max())

    def _burst(
        self,
        onsets: npt.NDArray[np.int64],
        hz: Samples,
        level: Samples,
        viscosity: float,
        pan: Samples,
        key: Samples,
    ) -> None:
        """Burst the films of bubbles at the surface: a tick in water, a wet smack in mud."""
        self._bursts.add(
            onsets,
            centre_hz=np.minimum(hz * (4.5 - 2.5 * viscosity), 9000.0),
            resonance=0.8,
            decay=(0.55 - 0.3 * viscosity) * hz + 60.0,
            amplitude=(0.06 + 0.08 * viscosity) * level,
            pan=pan,
            key=key,
        )

    def _answer(
        self, onsets: npt.NDArray[np.int64], level: Samples, hz: float, decay: float, pan: Samples, draw: Samples
    ) -> None:
        """Let the vessel answer with a low knock, as a pot or a bottle does to each bubble in it."""
        self._grains.add(
            onsets,
            # Each bubble leaves it a little less full: no two knocks are one note.
            frequency_hz=hz * (0.75 + 0.5 * draw),
            decay=decay * (0.8 + 0.4 * draw),
            amplitude=0.14 * level,
            pan=0.5 * pan,
            attack_s=0.002,
        )

    def simmer(self, onsets: npt.NDArray[np.int64], draws: Samples, level: float) -> None:
        """Start tiny bubbles that collapse before they reach the surface."""
        radius = bubbles.radius_m(draws[:, 0], 0.0005, 0.0022, 2.2)
        decay = 1.5 * bubbles.decay(radius)
        self._grains.add(
            onsets,
            frequency_hz=bubbles.frequency_hz(radius),
            decay=decay,
            amplitude=0.22 * level * (radius / 0.001) ** 0.8 * draws[:, 1] ** 2,
            pan=1.6 * draws[:, 2] - 0.8,
            rise=np.where(draws[:, 3] < 0.4, 0.1 * decay, 0.0),
        )

    def rattle(self, onsets: npt.NDArray[np.int64], draws: Samples, level: float) -> None:
        """Lift the lid and let it fall: four modes of a thin plate, the object's."""
        tuning = chance.uniforms(self._timeline.object_seed, LID_STREAM, 0, 4)
        modes_hz = np.array((1150.0, 2070.0, 3390.0, 5210.0)) * (0.88 + 0.24 * tuning)
        count = len(onsets)
        strength = 0.14 * level * (0.2 + 0.8 * draws[:, 0] ** 2)
        self._lid.add(
            np.tile(onsets, 4),
            frequency_hz=np.repeat(modes_hz, count),
            decay=np.repeat((45.0, 60.0, 90.0, 140.0), count),
            amplitude=(draws[:, 1:5].T * strength).ravel(),
            pan=np.tile(0.3 * draws[:, 5] - 0.15, 4),
            phase=2.0 * np.pi * draws[:, 6:10].T.ravel(),
            attack_s=0.0002,
        )

    def sound(self, out: Samples) -> None:
        """Add the next frames of everything in the liquid to `out`, shape (2, frames)."""
        self._bursts.sound(out)
        self._grains.sound(out)

    def sound_lid(self, out: Samples) -> None:
        """Add the next frames of the lid to `out`, shape (2, frames): it is outside, so nothing dulls it."""
        self._lid.sound(out)


def _cutoff_hz(values: Values) -> float:
    """Return what a lid and the depth of the liquid let through."""
    return float(OPEN_HZ * 0.07 ** values.number("lid") * 0.09 ** values.number("depth"))


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one bubble, or one string of them, shape (2, frames)."""
    vessel = Vessel(timeline)
    middle, length = 0.5, chance.uniform(timeline.seed, STRING_STREAM, 0)
    last = vessel.strings(np.zeros(1, np.int64), 0, np.array([[middle, length]]), values)
    out = np.zeros((2, last + round(RINGS_S * SAMPLE_RATE)))
    vessel.sound(out)
    return StateVariable("lowpass").process(out, _cutoff_hz(values), LID_RESONANCE)


class Bubbles:
    """A voice of a liquid that bubbles."""

    def __init__(self, timeline: Timeline, values: Values) -> None:  # noqa: ARG002
        """Fill a vessel."""
        self._timeline = timeline
        self._vessel = Vessel(timeline)
        self._strings = Events(timeline, STRING_STREAM)
        self._simmer = Events(timeline, SIMMER_STREAM)
        self._rattle = Events(timeline, RATTLE_STREAM)
        self._mood = Drifts(timeline, MOOD_STREAM, 0.7, 1)
        self._seething = Drifts(timeline, BOIL_STREAM, 6.0, 4)
        self._noise = Noise(timeline, NOISE_STREAM)
        self._rumble = butterworth("bandpass", (70.0, 240.0), order=1)
        self._churn = butterworth("bandpass", (450.0, 2600.0), order=1)
        self._cover = StateVariable("lowpass")
        self._lines = Glides()
        self._cutoff_hz = Glide()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        intensity, boil = values.number("intensity"), values.number("boil")
        mood = float(np.exp(0.5 * self._mood.at(start)[0]))
        self._bubble(start, LEAST_HZ * (MOST_HZ / LEAST_HZ) ** intensity * mood, values)
        heat = boil * (0.25 + 0.75 * intensity)
        self._vessel.simmer(*self._simmer.take(start, 420.0 * heat), 0.5 + 0.5 * intensity)
        lifted = heat * values.number("lid") * mood
        self._vessel.rattle(*self._rattle.take(start, 26.0 * lifted), min(1.0, lifted))

        rumble, churn = self._lines.take(
            heat * np.array(((0.6,), (0.2 * intensity,))) * (1.0 + 0.5 * self._seething.at(start).reshape(2, 2)),
            QUANTUM_FRAMES,
        )
        noise = self._noise.take(start)
        out = self._rumble.process(correlated(noise, 0.8)) * rumble
        out += self._churn.process(correlated(noise[::-1], 0.3)) * churn
        self._vessel.sound(out)
        out = self._cover.process(out, self._cutoff_hz.take(_cutoff_hz(values), QUANTUM_FRAMES), LID_RESONANCE)
        self._vessel.sound_lid(out)
        return out

    def _bubble(self, start: int, rate_hz: float, values: Values) -> None:
        """Let strings of bubbles rise, so many that there are `rate_hz` bubbles a second."""
        mean_length = 1.0 + 0.5 * (LONGEST_STRING - 1) * values.number("gulps") ** 1.5
        onsets, draws = self._strings.take(start, rate_hz / mean_length)
        position = self._timeline.position(start)
        if position == 0:
            onsets = np.append(onsets, round(FIRST_S * SAMPLE_RATE))
            draws = np.vstack([draws, np.full(draws.shape[1], 0.5)])
        self._vessel.strings(onsets, position // QUANTUM_FRAMES * MAX_EVENTS, draws, values)


BUBBLES = Effect(
    id="bubbles",
    title="Bubbles",
    description="Bubbles in water, potions or mud: one, or boiling without an end.",
    ucs_cat_id="WATRBubl",
    version=1,
    parameters=(
        Number(
            "intensity",
            "How many bubbles rise: 0 three a second, 1 more than a hundred.",
            0.0,
            1.0,
            0.45,
            live=True,
        ),
        Number("size", "How large they are: 0 a fizz of beads, 1 the size of a fist.", 0.0, 1.0, 0.5, live=True),
        Number(
            "gulps", "How much they come in strings: 0 each alone, 1 a dozen in a gulp.", 0.0, 1.0, 0.35, live=True
        ),
        Number("viscosity", "How thick the liquid is: 0 water, 1 mud that plops.", 0.0, 1.0, 0.0, live=True),
        Number(
            "boil", "How hard it boils below: a rumble, and a simmer of tiny bubbles.", 0.0, 1.0, 0.2, live=True
        ),
        Number("lid", "How far a lid covers it: duller, and it rattles when it boils.", 0.0, 1.0, 0.0, live=True),
        Number(
            "depth",
            "Where they are heard: 0 as they burst at the surface, 1 deep below.",
            0.0,
            1.0,
            0.0,
            live=True,
        ),
    ),
    presets=(
        Preset(
            "cauldron",
            "A witch's cauldron, slow and thick.",
            {"intensity": 0.4, "size": 0.75, "gulps": 0.45, "viscosity": 0.35, "boil": 0.4},
            "LIQBubl",
        ),
        Preset(
            "boiling_pot",
            "A pot of water at a rolling boil.",
            {"intensity": 0.9, "size": 0.5, "gulps": 0.3, "boil": 0.9},
            "FOODCook",
        ),
        Preset(
            "covered_pot",
            "The same with its lid on, which rattles.",
            {"intensity": 0.85, "size": 0.5, "gulps": 0.3, "boil": 1.0, "lid": 0.6},
            "FOODCook",
        ),
        Preset(
            "potion",
            "A potion that fizzes in its flask.",
            {"intensity": 0.6, "size": 0.15, "gulps": 0.5, "boil": 0.3},
            "LIQBubl",
        ),
        Preset(
            "underwater",
            "Air that escapes and rises past, heard under water.",
            {"intensity": 0.55, "size": 0.7, "gulps": 1.0, "depth": 0.75, "boil": 0.25},
            "WATRBubl",
        ),
        Preset(
            "aquarium",
            "The air stone of an aquarium.",
            {"intensity": 0.75, "size": 0.25, "gulps": 0.15, "boil": 0.1},
            "WATRBubl",
        ),
        Preset(
            "mud_pot",
            "Hot mud that swells and bursts.",
            {"intensity": 0.15, "size": 0.9, "gulps": 0.2, "viscosity": 0.9, "boil": 0.1},
            "GEOMudpot",
        ),
        Preset(
            "lava",
            "Lava that heaves and spits.",
            {"intensity": 0.3, "size": 1.0, "gulps": 0.3, "viscosity": 1.0, "boil": 0.7, "brightness": -0.4},
            "GEOLava",
        ),
    ),
    one_shot=OneShot(play, gain_db=8.2),
    endless=Endless(Bubbles, gain_db=-6.1),
)
