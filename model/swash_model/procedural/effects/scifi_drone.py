"""Science-fiction drones: ships, reactors, fields and hives that hum, beat and breathe without an end."""

import math
from dataclasses import dataclass

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.chance import Events, Noise
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glides
from swash_model.dsp.filters import Pink, StateVariable, butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.oscillators import saws
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.dsp.turns import Turns
from swash_model.procedural.effect import Choice, Effect, Endless, Number, Preset, Values

CLUNK_RATIOS = np.array([1.0, 1.58, 2.24, 2.92, 4.2, 5.87, 8.3])  # a plate with ribs: no two in step
CLUNK_HZ = 95.0
FORMANT_Q = 5.0
FORMANT_LEVELS = (2.0, 3.4, 5.0)
WANDER_TURNS = 0.5
HUM_LEVEL, AIR_LEVEL, CLUNK_LEVEL = 0.34, 0.22, 2.1
CLUNK_ECHOES = ((0.0, 1.0), (0.17, 0.4), (0.31, 0.25), (0.52, 0.14))  # s, level

NOISE_STREAM, AIR_STREAM = 1, 2
FORMANT_STREAM, SWELL_STREAM, BREATH_STREAM, WANDER_STREAM = 10, 20, 30, 40
CLUNK_STREAM, OBJECT_STREAM = 60, 61


@dataclass(frozen=True, slots=True)
class Character:
    """What drones: saws (ratio, level), tense ones that come with tension, and what shapes them.

    `beat_hz` is how fast pairs of saws beat; `formants_hz` the middles of three bands that wander by
    `roam` octaves; `dull_hz` the cutoff of the hum; `air_hz` the band of the noise, `air` its level;
    `clunk` how often a hull clunks against the others; `throb_hz` how fast it throbs when it does.
    """

    saws: tuple[tuple[float, float], ...]
    tense: tuple[tuple[float, float], ...]
    beat_hz: float
    formants_hz: tuple[float, float, float]
    roam: float
    dull_hz: float
    air_hz: tuple[float, float]
    air: float
    clunk: float
    throb_hz: float


CHARACTERS = {
    "ship": Character(
        ((0.5, 0.22), (1.0, 0.8), (2.0, 0.6), (3.0, 0.4), (4.0, 0.3)),
        ((2.1189, 0.4), (5.657, 0.14)),
        0.35,
        (240.0, 620.0, 1450.0),
        0.45,
        430.0,
        (900.0, 7500.0),
        1.0,
        1.0,
        0.8,
    ),
    "reactor": Character(
        ((1.0, 0.7), (2.0, 0.7), (4.0, 0.5), (8.0, 0.35)),
        ((3.1748, 0.35), (7.551, 0.2)),
        1.1,
        (180.0, 900.0, 2600.0),
        0.6,
        700.0,
        (2500.0, 11_000.0),
        0.5,
        0.2,
        1.7,
    ),
    "void": Character(
        ((1.0, 0.35), (2.0, 0.6), (3.0, 0.5), (4.0, 0.35), (6.0, 0.3), (8.0, 0.16)),
        ((4.2379, 0.3), (5.657, 0.25)),
        0.22,
        (420.0, 980.0, 2100.0),
        0.8,
        420.0,
        (600.0, 3800.0),
        0.8,
        0.3,
        0.27,
    ),
    "hive": Character(
        ((1.0, 0.8), (1.414, 0.6), (2.236, 0.5), (3.317, 0.4), (4.583, 0.3)),
        ((1.5, 0.4), (2.9, 0.4)),
        2.3,
        (380.0, 1100.0, 2400.0),
        1.0,
        520.0,
        (1800.0, 6500.0),
        0.45,
        0.15,
        4.3,
    ),
    "field": Character(
        ((2.0, 0.8), (4.0, 0.6), (6.0, 0.45), (8.0, 0.35), (12.0, 0.2)),
        ((6.727, 0.3), (10.68, 0.25)),
        3.1,
        (700.0, 1900.0, 4800.0),
        0.5,
        1300.0,
        (4000.0, 14_000.0),
        0.9,
        0.0,
        8.3,
    ),
}


class Hum:
    """Pairs of saws that beat against each other, left against right, and the tense ones between them."""

    def __init__(self, timeline: Timeline, character: Character) -> None:
        steady, tense = np.array(character.saws), np.array(character.tense)
        ratio = np.concatenate([steady[:, 0], tense[:, 0]])
        self._calm = np.concatenate([steady[:, 1], 0.0 * tense[:, 1]])
        self._tense = np.concatenate([0.0 * steady[:, 1], tense[:, 1]])
        self._ratio = np.repeat(ratio, 2)  # every saw and its twin
        count = len(self._ratio)
        draws = chance.uniforms(timeline.object_seed, OBJECT_STREAM, 0, count)
        self._beat_hz = character.beat_hz * (0.4 + 1.2 * draws) * np.tile([-0.5, 0.5], len(ratio))
        self._turns = Turns(timeline, chance.uniforms(timeline.seed, OBJECT_STREAM, 1, count))
        lean = np.tile([-1.0, 1.0], len(ratio)) * np.where(self._ratio < 1.5, 0.25, 0.75)
        self._sides = np.stack([1.0 - np.maximum(lean, 0.0), 1.0 + np.minimum(lean, 0.0)]) * 0.7
        self._swells = Drifts(timeline, SWELL_STREAM, 0.31, count)
        self._wander = Drifts(timeline, WANDER_STREAM, 0.5, count)
        self._gain: Samples | None = None

    def block(self, start: int, pitch_hz: float, size: float, tension: float, movement: float) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        end = start + QUANTUM_FRAMES
        beats = 1.0 + 4.0 * tension
        turning = self._turns.step(start, pitch_hz * self._ratio + self._beat_hz * beats)
        level = self._calm * (1.0 - 0.25 * tension) + self._tense * tension
        # The larger the thing, the lower the partials that it hums on.
        level = np.repeat(level, 2) * self._ratio ** (1.4 * (0.5 - size))
        swell = np.maximum(1.0 + (0.25 + 0.65 * movement) * self._swells.at(end), 0.05)
        gain = self._sides * level * swell
        before = gain if self._gain is None else self._gain
        self._gain = gain
        # Nothing that turns keeps time: every saw strays by a part of a turn and comes back.
        strayed = turning.shifted(WANDER_TURNS * self._wander.at(start), WANDER_TURNS * self._wander.at(end))
        return saws(strayed.begin, strayed.end, before, gain)


class Clunks:
    """A hull that works: far plates are knocked now and then, and the corridors answer."""

    def __init__(self, timeline: Timeline) -> None:
        self._events = Events(timeline, CLUNK_STREAM)
        self._grains = GrainBank(capacity=512)
        jitter = chance.uniforms(timeline.object_seed, OBJECT_STREAM, 2, len(CLUNK_RATIOS))
        self._hz = CLUNK_HZ * CLUNK_RATIOS * (0.94 + 0.12 * jitter)

    def block(self, start: int, rate_hz: float, size: float) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        for onset, draw in zip(*self._events.take(start, rate_hz), strict=True):
            hz = self._hz * (1.25 - 0.5 * size) * (0.85 + 0.3 * draw[0])
            level = CLUNK_LEVEL * (0.25 + 0.75 * draw[1] ** 2) * (CLUNK_HZ / hz) ** (0.5 + 0.7 * draw[2])
            for number, (delay_s, back) in enumerate(CLUNK_ECHOES):
                later = round(delay_s * (0.8 + 0.4 * draw[3]) * SAMPLE_RATE)
                self._grains.add(
                    np.full(len(hz), onset + later),
                    frequency_hz=hz,
                    decay=(3.0 + 0.013 * hz) * (1.0 + 0.15 * number),
                    amplitude=back * level * (CLUNK_HZ / hz) ** (0.25 * number),
                    pan=np.full(len(hz), np.clip(1.6 * draw[4] - 0.8 + 0.7 * math.sin(2.4 * number), -0.9, 0.9)),
                    phase=2.0 * np.pi * draw[5:12][: len(hz)],
                    attack_s=0.002 + 0.005 * number,
                )
        out = np.zeros((2, QUANTUM_FRAMES))
        self._grains.sound(out)
        return out


class Drone:
    """A voice of one drone."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Start a drone; its `character` is latched here."""
        self._character = CHARACTERS[values.choice("character")]
        self._hum = Hum(timeline, self._character)
        self._clunks = Clunks(timeline)
        self._noise, self._air_noise = Noise(timeline, NOISE_STREAM), Noise(timeline, AIR_STREAM)
        self._pink = Pink()
        self._dull = StateVariable("lowpass")
        self._formants = [StateVariable("bandpass") for _ in self._character.formants_hz]
        self._roams = Drifts(timeline, FORMANT_STREAM, 0.13, 6)
        self._breath = Drifts(timeline, BREATH_STREAM, 0.4, 2)
        self._air = butterworth("bandpass", self._character.air_hz, order=1)
        self._throb = Turns(timeline, np.zeros(1))
        self._lines = Glides()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        size, tension = values.number("size"), values.number("tension")
        movement, air = values.number("movement"), values.number("air")
        character, end = self._character, start + QUANTUM_FRAMES
        throb = self._throbbing(start, values.number("throb"), tension)
        roams, breath = self._roams.at(end), self._breath.at(end)
        smaller = 2.0 ** (0.9 * (0.5 - size))
        octaves = movement * character.roam * roams.reshape(3, 2) + 0.35 * tension
        formants_hz = np.array(character.formants_hz)[:, None] * 2.0**octaves * smaller
        dull_hz = character.dull_hz * smaller**1.7 * 2.0 ** (0.8 * tension + movement * roams[:2])
        lines = self._lines.take(
            np.vstack(
                [
                    formants_hz,
                    dull_hz * throb**0.7,
                    np.array([throb, throb]),
                    air * character.air * (1.0 + (0.3 + 0.4 * movement) * breath),
                ]
            ),
            QUANTUM_FRAMES,
        )
        hum = self._hum.block(start, values.number("pitch_hz"), size, tension, movement)
        noise = self._pink.process(correlated(self._noise.take(start), 0.5))
        source = hum + (0.25 + 0.6 * air) * character.air * noise
        out = 2.0 * self._dull.process(hum, lines[3], 0.9)
        for band, hz, level in zip(self._formants, lines[:3], FORMANT_LEVELS, strict=True):
            out += level * band.process(source, hz, FORMANT_Q)
        out *= HUM_LEVEL * lines[4]
        out += AIR_LEVEL * lines[5] * self._air.process(correlated(self._air_noise.take(start), 0.3))
        return np.asarray(out + self._clunks.block(start, 0.3 * character.clunk * values.number("clunks"), size))

    def _throbbing(self, start: int, depth: float, tension: float) -> float:
        """Return the level of the hum at the end of the quantum: it beats like a heart or a pump, around 1."""
        turning = self._throb.step(start, np.array([self._character.throb_hz * (1.0 + 0.5 * tension)]))
        beat = 0.5 - 0.5 * math.cos(2.0 * math.pi * float(turning.end[0]))
        return 1.0 + depth * (1.5 * beat * beat - 0.75)


SCIFI_DRONE = Effect(
    id="scifi_drone",
    title="Science-fiction drone",
    description="The hum of ships, reactors, force fields, hives and empty space.",
    ucs_cat_id="SCIShip",
    version=1,
    parameters=(
        Choice("character", "What drones.", tuple(CHARACTERS), "ship"),
        Number(
            "pitch_hz", "The pitch that all of it stands on.", 25.0, 110.0, 48.0, "Hz", "logarithmic", live=True
        ),
        Number(
            "size", "How large it is: 0 a cabin, 1 a hull of miles; darker and lower.", 0.0, 1.0, 0.5, live=True
        ),
        Number("tension", "How uneasy: rubbing tones, faster beating, brighter.", 0.0, 1.0, 0.2, live=True),
        Number("movement", "How much its colours swell and wander.", 0.0, 1.0, 0.5, live=True),
        Number("throb", "How deep it throbs.", 0.0, 1.0, 0.1, live=True),
        Number("air", "How much air, steam or static hisses in it.", 0.0, 1.0, 0.35, live=True),
        Number("clunks", "How often something far away knocks on the hull.", 0.0, 1.0, 0.3, live=True),
    ),
    presets=(
        Preset(
            "starship_bridge", "Air and distant engines on the bridge.", {"air": 0.5, "clunks": 0.15}, "SCIShip"
        ),
        Preset(
            "engine_room",
            "Beside the drive of a large ship.",
            {"size": 0.8, "throb": 0.6, "tension": 0.35, "clunks": 0.8, "air": 0.4},
            "SCIShip",
        ),
        Preset(
            "reactor_core",
            "Energy that pulses behind a shield.",
            {"character": "reactor", "throb": 0.8, "tension": 0.3},
            "SCIEnrg",
        ),
        Preset(
            "deep_space",
            "What emptiness would sound like.",
            {"character": "void", "size": 0.75, "movement": 0.8, "tension": 0.05, "air": 0.3},
            "DSGNDron",
        ),
        Preset(
            "alien_hive",
            "Something that lives, breathes and is not friendly.",
            {"character": "hive", "movement": 0.9, "tension": 0.6, "throb": 0.5},
            "DSGNErie",
        ),
        Preset(
            "force_field",
            "A wall of energy that buzzes when one comes near.",
            {"character": "field", "throb": 0.4, "air": 0.5, "size": 0.35, "clunks": 0.0},
            "SCIEnrg",
        ),
        Preset(
            "portal",
            "An open gate: it swirls and pulls.",
            {"character": "void", "pitch_hz": 72.0, "movement": 1.0, "throb": 0.7, "tension": 0.45, "air": 0.8},
            "DSGNDron",
        ),
        Preset(
            "derelict",
            "A dead ship whose hull still works.",
            {"pitch_hz": 34.0, "size": 1.0, "air": 0.12, "clunks": 1.0, "tension": 0.5, "movement": 0.7},
            "SCIShip",
        ),
    ),
    endless=Endless(Drone, gain_db=-20.0, min_loop_s=4.0),
)
