"""Wind: air that roars past the ear, sings round wires, shakes leaves and moans under doors."""

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.chance import Noise
from swash_model.dsp.collisions import Collisions
from swash_model.dsp.drift import Drift
from swash_model.dsp.envelopes import Glides
from swash_model.dsp.filters import Pink, StateVariable, butterworth
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Effect, Endless, Number, Preset, Values

GUSTS = ((0.11, 0.46), (0.55, 0.28))  # Hz and share of the gusts that pass over both places
TURBULENCE = ((2.3, 0.16), (6.5, 0.1))  # and of the eddies that are smaller than the way between them
GUST_DEPTH = 1.8  # at 1 the speed moves by a factor of 1.7 (RMS): squalls; open country has 1.2
PLACES_M = 6.0  # how far apart the two channels stand, along the wind

STROUHAL = 0.2  # a cylinder sheds vortices at 0.2 speed / diameter (Reynolds numbers 300 to 10^5)
TONE_Q = 32.0
TONE_SPEED_M_S = 3.0  # below it a wire makes no sound worth hearing
LEAF_SPEED_M_S = 1.5  # leaves stir from Beaufort 2 on
OUTDOORS_HZ, INDOORS_HZ = 20_000.0, 500.0  # what walls let through

NOISE_STREAM, BODY_STREAM, TONE_STREAM = 1, 2, 3
SHARED_STREAM, OWN_STREAM, SING_STREAM, LEAF_STREAM = 10, 20, 30, 40
OBJECT_STREAM = 50


def deflectors_m(object_seed: int) -> Samples:
    """Return the diameters of the 2 to 5 wires and edges that this wind sings around, thinnest first."""
    count = 2 + int(4 * chance.uniform(object_seed, OBJECT_STREAM, 0))
    share = (np.arange(count) + chance.uniforms(object_seed, OBJECT_STREAM, 1, count)) / count
    return np.asarray(0.002 * 30.0 ** (share**1.5))


def roar_level(speed_m_s: Samples) -> Samples:
    """Return the amplitude of moving air: speed^1.7 in a breeze, and bent over towards a storm.

    A hurricane is 50 dB above a breeze, and no mix has room for that.
    """
    x = speed_m_s / 10.0
    return np.asarray(x**1.7 / (1.0 + x**1.45))


def tone_level(speed_m_s: float) -> float:
    """Return the amplitude of aeolian tones: none below 3 m/s, then faster than the roar, then with it."""
    x = max(speed_m_s - TONE_SPEED_M_S, 0.0) / 10.0
    return float(0.8 * x**2.5 / (0.35 + x**2.3))


class Gusts:
    """The speed of the air at two places: what passes the left one reaches the right one later."""

    def __init__(self, timeline: Timeline, speed_m_s: float) -> None:
        """Expect the mean speed, latched here for the time that a gust takes to cross."""
        travel_frames = round(min(max(PLACES_M / max(speed_m_s, 0.1), 0.2), 1.5) * SAMPLE_RATE)
        shared = [
            (Drift(timeline, SHARED_STREAM + number, rate_hz), share)
            for number, (rate_hz, share) in enumerate(GUSTS)
            # In a loop that holds one knot of it a gust would be a constant, louder or softer.
            if (timeline.cycles(rate_hz) or 2) >= 2
        ]
        self._sides = [
            [(drift, share, lead) for drift, share in shared]
            + [
                (Drift(timeline, OWN_STREAM + 2 * side + number, rate_hz), share, 0)
                for number, (rate_hz, share) in enumerate(TURBULENCE)
            ]
            for side, lead in enumerate((travel_frames, 0))
        ]

    def at(self, frame: int) -> Samples:
        """Return how far above or below its mean the wind is left and right, -1..1, shape (2,)."""
        return np.array(
            [sum(share * drift.at(frame + lead) for drift, share, lead in side) for side in self._sides]
        )


class AeolianTones:
    """Narrow bands of noise whose pitch follows the wind: a wire whistles, a mast moans."""

    def __init__(self, timeline: Timeline) -> None:
        """Take wires and edges from the object's seed; each sings when the wind meets it right."""
        self._diameter_m = deflectors_m(timeline.object_seed)
        count = len(self._diameter_m)
        self._noise = Noise(timeline, TONE_STREAM, channels=count)
        self._moods = [Drift(timeline, SING_STREAM + number, 0.23 + 0.06 * number) for number in range(count)]
        self._band = StateVariable("bandpass", channels=count)
        self._lines = Glides()
        angle = (chance.uniforms(timeline.object_seed, OBJECT_STREAM, 2, count) * 0.8 + 0.1) * (np.pi / 2.0)
        self._pan = np.stack([np.cos(angle), np.sin(angle)])

    def block(self, start: int, speed_m_s: float, level: float) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        mood = np.array([drift.at(start + QUANTUM_FRAMES) for drift in self._moods])
        pitch_hz = STROUHAL * speed_m_s / self._diameter_m * (1.0 + 0.03 * mood)
        pitch_hz = np.clip(pitch_hz, 20.0, 6000.0)
        # A band of noise carries power by its width; this brings every pitch that is heard to one level.
        whole = np.sqrt(SAMPLE_RATE * TONE_Q / (np.pi * pitch_hz)) * np.minimum(pitch_hz / 120.0, 1.0)
        gain = level * whole * (0.55 + 0.45 * mood) ** 2
        cutoff_hz, gains = self._lines.take(np.stack([pitch_hz, gain]), QUANTUM_FRAMES)
        return np.asarray(self._pan @ (self._band.process(self._noise.take(start), cutoff_hz, TONE_Q) * gains))


class Wind:
    """A voice of wind at one place."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Start a wind; the way of its gusts is latched from `speed_m_s`."""
        self._gusts = Gusts(timeline, values.number("speed_m_s"))
        self._noise = Noise(timeline, NOISE_STREAM)
        self._body_noise = Noise(timeline, BODY_STREAM)
        self._pink = Pink()
        self._roar = StateVariable("lowpass")
        self._no_rumble = butterworth("highpass", 70.0)
        self._body = StateVariable("bandpass")
        self._tones = AeolianTones(timeline)
        self._leaves = [
            Collisions(timeline, LEAF_STREAM + side, rate_hz=2500.0, decay_s=0.0015) for side in range(2)
        ]
        self._leaf_low = butterworth("highpass", 1500.0, order=1)
        self._leaf_high = butterworth("lowpass", 6000.0)
        self._walls = StateVariable("lowpass")
        self._gap = StateVariable("bandpass")
        self._gap_hz = 90.0 * 2.0 ** chance.uniform(timeline.object_seed, OBJECT_STREAM, 3)
        self._lines = Glides()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        interior = values.number("interior")
        gusts = GUST_DEPTH * values.number("gust") * self._gusts.at(start + QUANTUM_FRAMES)
        speed_m_s = values.number("speed_m_s") * np.exp(gusts)
        mean_m_s = float(speed_m_s.mean())
        level = roar_level(speed_m_s)
        stirred = np.clip((speed_m_s - LEAF_SPEED_M_S) / 14.0, 0.0, 1.0) ** 1.2
        roar_hz, body_hz, gain, drive, foliage, walls_hz, gap_hz, gap = self._lines.take(
            np.stack(
                [
                    180.0 + 45.0 * speed_m_s,
                    350.0 + 75.0 * speed_m_s,
                    level * (1.0 - 0.5 * interior),
                    stirred,
                    np.full(2, values.number("foliage")),
                    np.full(2, OUTDOORS_HZ * (INDOORS_HZ / OUTDOORS_HZ) ** interior),
                    np.full(2, self._gap_hz * (0.85 + 0.018 * mean_m_s)),
                    1.2 * interior * level,
                ]
            ),
            QUANTUM_FRAMES,
        )
        roar = self._pink.process(correlated(self._noise.take(start), 0.8))
        moan = self._gap.process(roar, gap_hz, 8.0) * gap
        air = self._no_rumble.process(self._roar.process(roar, roar_hz, 0.6)) * 0.8
        air += self._body.process(correlated(self._body_noise.take(start), 0.3), body_hz, 0.9) * 0.22
        rustle = np.stack([leaves.take(start, drive[side]) for side, leaves in enumerate(self._leaves)])
        outside = air * gain + self._leaf_high.process(self._leaf_low.process(rustle)) * (0.5 * foliage)
        singing = values.number("whistle") * (1.0 + 0.4 * interior) * tone_level(mean_m_s)
        inside = self._walls.process(outside, walls_hz, 0.7071) + moan
        return np.asarray(inside + self._tones.block(start, mean_m_s, singing))


WIND = Effect(
    id="wind",
    title="Wind",
    description="Moving air: breeze to hurricane, in the open, in trees, round wires and through gaps.",
    ucs_cat_id="WIND",
    version=2,
    parameters=(
        Number("speed_m_s", "Mean speed: 3 is a breeze, 8 fresh, 20 a gale.", 0.0, 40.0, 8.0, "m/s", live=True),
        Number("gust", "How much the wind comes and goes.", 0.0, 1.0, 0.5, live=True),
        Number("whistle", "How much it sings around wires, edges and gaps.", 0.0, 1.0, 0.15, live=True),
        Number("foliage", "How many leaves and grasses rustle in it.", 0.0, 1.0, 0.1, live=True),
        Number(
            "interior", "How far it is heard from inside: dull, with a moan in the gaps.", 0.0, 1.0, 0.0, live=True
        ),
    ),
    presets=(
        Preset(
            "gentle_breeze",
            "A mild day: soft air and a few leaves.",
            {"speed_m_s": 3.5, "gust": 0.6, "whistle": 0.0, "foliage": 0.35},
            "WIND",
        ),
        Preset(
            "forest",
            "Wind that passes through the crowns of trees.",
            {"speed_m_s": 7.0, "gust": 0.7, "whistle": 0.0, "foliage": 1.0},
            "WINDVege",
        ),
        Preset(
            "desert",
            "Dry, bare, in long gusts.",
            {"speed_m_s": 11.0, "gust": 0.8, "whistle": 0.25, "foliage": 0.0, "brightness": 0.2},
            "WINDGust",
        ),
        Preset(
            "mountain_top",
            "Strong and steady over rock, with a howl.",
            {"speed_m_s": 18.0, "gust": 0.5, "whistle": 0.5, "foliage": 0.0},
            "WINDTonl",
        ),
        Preset(
            "howling_blizzard",
            "A snow storm that howls around a hut.",
            {"speed_m_s": 25.0, "gust": 0.9, "whistle": 0.9, "foliage": 0.0, "brightness": 0.3, "gain_db": -3.0},
            "WINDTonl",
        ),
        Preset(
            "gale",
            "A storm over open land that tears at bushes.",
            {"speed_m_s": 24.0, "gust": 0.7, "whistle": 0.1, "foliage": 0.4},
            "WINDGust",
        ),
        Preset(
            "window_draft",
            "Air that moans and whistles through the gap of a window.",
            {"speed_m_s": 10.0, "gust": 0.8, "whistle": 0.8, "foliage": 0.0, "interior": 0.7},
            "WINDInt",
        ),
        Preset(
            "inside_house",
            "A storm outside, heard through walls.",
            {"speed_m_s": 16.0, "gust": 0.8, "whistle": 0.1, "foliage": 0.3, "interior": 1.0},
            "WINDInt",
        ),
    ),
    endless=Endless(Wind, gain_db=-12.6, min_loop_s=2.0),
)
