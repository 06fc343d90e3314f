"""Cloth: clothes that rustle as somebody moves, or a flag, a tent, a sail that flaps in the wind."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swash_model.dsp import chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.chance import Events, Noise
from swash_model.dsp.drift import Drift, Drifts
from swash_model.dsp.envelopes import Glide, Glides, fade_out
from swash_model.dsp.filters import StateVariable
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Endless, Number, OneShot, Preset, Values
from swash_model.procedural.effects._beats import Beats

UNEVEN = 0.55  # of the time between two flaps
SLOWEST_HZ, FASTEST_HZ = 0.5, 14.0
FOLDS = 3  # that a flap turns over, one after the other
CREASES = 5  # that crackle after it
FLAP_DRAWS = 24
FOLD_S = 0.011
THREAD_HZ = 90.0  # threads catch on each other about so often, which is what makes it no mere hiss

NOISE_STREAM = 1
GUST_STREAM, SWAY_STREAM, THREAD_STREAM, PLACE_STREAM = 10, 11, 12, 14
BEAT_STREAM, FLAP_STREAM, CREASE_STREAM, BUMP_STREAM, PIECE_STREAM = 40, 41, 42, 43, 44


@dataclass(frozen=True, slots=True)
class Fabric:
    """How a fabric sounds: where its rustle lies and how wide (Q), its creases' pitch and level, its weight.

    `weight` is how much air a flap of it moves: the thump. `snap` is how sharply its edge cracks.
    """

    rustle_hz: float
    resonance: float
    crease_hz: float
    crease: float
    weight: float
    snap: float
    level: float


FABRICS = {
    "silk": Fabric(5200.0, 0.45, 7000.0, 0.25, 0.25, 0.5, 0.75),
    "cotton": Fabric(2300.0, 0.5, 3800.0, 0.35, 0.6, 0.8, 1.0),
    "wool": Fabric(1000.0, 0.5, 1800.0, 0.12, 0.9, 0.4, 1.5),
    "canvas": Fabric(1300.0, 0.5, 2600.0, 0.6, 1.2, 1.2, 1.2),
    "leather": Fabric(1050.0, 0.8, 1500.0, 0.9, 0.8, 0.6, 1.2),
    "nylon": Fabric(4200.0, 0.4, 5600.0, 1.3, 0.5, 1.1, 0.7),
}


def rustle(timeline: Timeline, values: Values) -> Samples:
    """Return one movement of clothes, shape (2, frames)."""
    fabric = FABRICS[values.choice("fabric")]
    energy, size = values.number("energy"), _size(timeline, values)
    frames = round(values.number("duration_s") * SAMPLE_RATE)
    level, centre_hz = _bumps(timeline, values, fabric, size, frames)
    white = correlated(Noise(timeline, NOISE_STREAM).take(0, frames), 0.45)
    band = StateVariable("bandpass").process(white, centre_hz, fabric.resonance)
    body = StateVariable("bandpass").process(white[::-1], 0.3 * centre_hz, 0.6)
    out = (band + 0.45 * fabric.weight * body) * level * _threads(timeline, frames, energy)
    _crumple(timeline, values, fabric, level, out)
    louder = fabric.level * 10.0 ** ((14.0 * energy - 7.0) / 20.0)
    return fade_out(louder * out, 0.3 * frames / SAMPLE_RATE)


def _size(timeline: Timeline, values: Values) -> float:
    """Return what the size of the piece does to its pitch, 1 at a metre; no two pieces are cut alike."""
    own = chance.uniform(timeline.object_seed, PIECE_STREAM, 0)
    return float(values.number("size_m") ** -0.3 * (0.88 + 0.24 * own))


def _bumps(
    timeline: Timeline, values: Values, fabric: Fabric, size: float, frames: int
) -> tuple[Samples, Samples]:
    """Return the level of a movement, strokes that overlap, and the centre of its band in Hz, both (frames,)."""
    duration_s, energy = values.number("duration_s"), values.number("energy")
    count = max(1, round((3.0 + 4.0 * energy) * min(2.5, duration_s / 0.5) ** 0.8))
    draw = chance.uniforms(timeline.seed, BUMP_STREAM, 0, 4 * count).reshape(4, count)
    t = np.arange(frames) / SAMPLE_RATE
    level, weighted = np.full(frames, 1e-4), np.full(frames, 1e-4)
    for bump in range(count):
        # The first at once; the others anywhere, and softer towards the end.
        at_s = 0.0 if bump == 0 else (0.08 + 0.8 * (bump - draw[0, bump]) / count) * duration_s
        width_s = (0.045 + 0.11 * draw[1, bump]) * (1.3 - 0.6 * energy) * min(1.5, duration_s / 0.4)
        way = np.clip((t - at_s) / width_s, 0.0, 1.0)
        shape = np.sin(np.pi * way ** (0.35 + 0.3 * draw[2, bump])) ** 1.6
        shape *= (0.35 + 0.65 * draw[2, bump]) * (1.0 - 0.5 * at_s / duration_s)
        level += shape
        weighted += shape * 2.0 ** (1.2 * draw[3, bump] - 0.6)
    rub = 0.1 * np.exp(-1.2 * t / duration_s)  # it never lies quite still
    hurried = 0.75 + 0.6 * energy * level / level.max()  # faster is brighter
    centre_hz = fabric.rustle_hz * size * weighted / level * hurried
    return level + rub, np.minimum(centre_hz, 15_000.0)


def _threads(timeline: Timeline, frames: int, energy: float) -> Samples:
    """Return the gain of threads that catch and slip, around 1, shape (frames,)."""
    knots = np.arange(0, frames + SAMPLE_RATE // 40, round(SAMPLE_RATE / (THREAD_HZ * (0.7 + 0.6 * energy))))
    catches = chance.uniforms(timeline.seed, THREAD_STREAM, 0, len(knots))
    return np.asarray(np.interp(np.arange(frames), knots, 0.4 + 1.8 * catches**2))


def _crumple(timeline: Timeline, values: Values, fabric: Fabric, level: Samples, out: Samples) -> None:
    """Add creases that give way while it moves, most where it moves most."""
    crisp = values.number("crispness")
    count = round(160.0 * crisp * values.number("duration_s") * (0.4 + 0.6 * values.number("energy")))
    if not count:
        return
    draw = chance.uniforms(timeline.seed, CREASE_STREAM, 0, 6 * count).reshape(6, count)
    onsets = np.searchsorted(np.cumsum(level) / level.sum(), draw[0]).astype(np.int64)
    strength = 0.5 + np.minimum(1.5, level[np.minimum(onsets, len(level) - 1)])
    creases = BurstBank(count)
    _crease(creases, fabric, onsets, strength * (0.35 + 0.65 * crisp), draw[1:], _size(timeline, values))
    creases.sound(out)


def _crease(
    bank: BurstBank,
    fabric: Fabric,
    onsets: npt.NDArray[np.int64],
    strength: Samples | float,
    draws: Samples,
    size: float,
) -> None:
    """Let creases snap over: draws are (5, creases)."""
    bank.add(
        onsets,
        centre_hz=fabric.crease_hz * size * 3.0 ** (draws[0] - 0.5),
        resonance=1.0 + 3.0 * draws[1],
        decay=350.0 + 1400.0 * draws[2],
        amplitude=fabric.crease * strength * np.minimum((draws[3] + 0.02) ** -0.6 - 0.98, 4.0),
        pan=1.2 * draws[4] - 0.6,
        key=draws[1],
    )


def flaps_hz(wind_m_s: float, size_m: float) -> float:
    """Return how often a piece of cloth flaps: eddies leave it the faster the wind and the shorter it is."""
    return float(np.clip(0.75 * wind_m_s / size_m**0.7, SLOWEST_HZ, FASTEST_HZ))


class Flag:
    """A voice of cloth in the wind: flap after flap, over a rustle that never stops."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Hang it out; in a loop the pace of its flaps is latched here."""
        self._timeline = timeline
        self._fabric = FABRICS[values.choice("fabric")]
        self._size_m = values.number("size_m")
        self._size = _size(timeline, values)
        self._beats = Beats(timeline, BEAT_STREAM, flaps_hz(values.number("wind_m_s"), self._size_m), UNEVEN)
        self._gust = Drift(timeline, GUST_STREAM, 0.45)
        self._sway = Drift(timeline, SWAY_STREAM, 2.7)
        self._place = Drift(timeline, PLACE_STREAM, 0.9)
        self._threads = Drifts(timeline, THREAD_STREAM, 38.0, 2)
        self._creases = Events(timeline, CREASE_STREAM)
        self._noise = Noise(timeline, NOISE_STREAM)
        self._band = StateVariable("bandpass")
        self._body = StateVariable("bandpass")
        self._centre_hz = Glide()
        self._levels = Glides()
        self._puffs = BurstBank(512)

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        wind_m_s, energy, crisp = (values.number(name) for name in ("wind_m_s", "energy", "crispness"))
        gust = 1.0 + 0.45 * self._gust.at(start)
        strength = (0.35 + 1.0 * energy) * gust * (wind_m_s / 8.0) ** 0.5
        due = self._beats.take(start, flaps_hz(wind_m_s, self._size_m))
        for onset, number in zip(due.onsets, due.numbers, strict=True):
            self._flap(int(onset), int(number), strength, start, crisp)
        stirred = strength * (0.55 + 0.45 * self._sway.at(start))
        onsets, draws = self._creases.take(start, 45.0 * crisp * stirred)
        _crease(
            self._puffs,
            self._fabric,
            onsets,
            0.3 * (0.35 + 0.65 * crisp) * stirred,
            draws[:, :5].T.copy(),
            self._size,
        )

        # The wind in the weave: brighter as it blows harder.
        out = self._rustle(start, stirred, min(14_000.0, self._fabric.rustle_hz * self._size * gust**0.7))
        self._puffs.sound(out)
        return np.asarray(out * self._fabric.level)

    def _rustle(self, start: int, stirred: float, centre_hz: float) -> Samples:
        end = start + QUANTUM_FRAMES
        white = correlated(self._noise.take(start), 0.4)
        centres_hz = self._centre_hz.take(centre_hz, QUANTUM_FRAMES)
        levels = self._levels.take(0.1 * stirred * (0.5 + self._threads.at(end)) ** 2, QUANTUM_FRAMES)
        out = self._band.process(white, centres_hz, self._fabric.resonance)
        out += 0.5 * self._fabric.weight * self._body.process(white[::-1], 0.3 * centres_hz, 0.6)
        return np.asarray(out * levels)

    def _flap(self, onset: int, number: int, strength: float, start: int, crisp: float) -> None:
        """Let it turn over once: a thump of air, folds that run along it, the crack of its edge, its creases."""
        draw = chance.uniforms(self._timeline.seed, FLAP_STREAM, number, FLAP_DRAWS)
        fabric, size = self._fabric, self._size
        level = strength * (0.4 + 0.8 * draw[0] ** 1.5)
        pan = np.clip(0.5 * self._place.at(start) + 0.3 * (draw[1] - 0.5), -1.0, 1.0)
        hard = min(level, 2.0) ** 1.5  # only a hard flap cracks
        fold = np.arange(FOLDS)
        run_s = (fold + 0.6 * draw[2 : 2 + FOLDS]) * FOLD_S * (0.5 + draw[5]) / size
        after_s = 0.015 + 0.09 * draw[10 : 10 + CREASES]
        delay_s = np.concatenate([run_s, run_s[-1:] + 0.002, after_s])
        count = FOLDS + 1 + CREASES
        own = draw[FLAP_DRAWS - count :]
        self._puffs.add(
            onset + (delay_s * SAMPLE_RATE).astype(np.int64),
            centre_hz=np.concatenate(
                [
                    fabric.rustle_hz * size * (0.35 + 0.5 * draw[6:9]),
                    [1.5 * fabric.rustle_hz * size**0.5 * (0.8 + 0.4 * draw[9])],
                    fabric.crease_hz * size * 2.5 ** (own[-CREASES:] - 0.5),
                ]
            ),
            resonance=np.concatenate([np.full(FOLDS, 0.55), [0.6], np.full(CREASES, 1.5)]),
            decay=np.concatenate([22.0 + 30.0 * draw[6:9] * size, [150.0], 300.0 + 900.0 * own[-CREASES:]]),
            amplitude=np.concatenate(
                [
                    0.16 * level * np.array([0.5, 1.0, 0.75]),
                    [0.36 * fabric.snap * hard * (0.3 + draw[9])],
                    0.3 * fabric.crease * crisp * hard * own[:CREASES],
                ]
            ),
            pan=np.clip(pan + 0.3 * (own - 0.5), -1.0, 1.0),
            key=own,
        )
        # The air that it pushes: no drum, so a puff of noise without a pitch.
        self._puffs.add(
            np.array([onset, onset + round(run_s[1] * SAMPLE_RATE)]),
            centre_hz=size * np.array([75.0 + 45.0 * draw[7], 170.0 + 120.0 * draw[8]]),
            resonance=0.8,
            decay=np.array([24.0, 42.0]) * size,
            amplitude=0.17 * fabric.weight * level * np.array([1.0, 0.6]),
            pan=np.full(2, 0.6 * pan),
            key=draw[[6, 9]],
        )


CLOTH = Effect(
    id="cloth",
    title="Cloth",
    description="Clothes that rustle in one movement, or cloth that flaps in the wind: a flag, a tent, a sail.",
    ucs_cat_id="CLOTHMvmt",
    version=1,
    parameters=(
        Choice(
            "fabric",
            "What it is made of, from hissing silk to dull wool and crackling nylon.",
            tuple(FABRICS),
            "cotton",
        ),
        Number("energy", "How vigorously it moves: louder, brighter and busier.", 0.0, 1.0, 0.5, live=True),
        Number(
            "crispness",
            "How much its creases crackle: 0 soft from washing, 1 new and starched.",
            0.0,
            1.0,
            0.4,
            live=True,
        ),
        Number(
            "size_m", "How large a piece: larger is lower and slower.", 0.2, 8.0, 1.2, "m", curve="logarithmic"
        ),
        Number("duration_s", "How long a single movement takes.", 0.12, 2.5, 0.6, "s", curve="logarithmic"),
        Number(
            "wind_m_s",
            "The wind that it flaps in: faster and harder.",
            1.0,
            25.0,
            8.0,
            "m/s",
            curve="logarithmic",
            live=True,
        ),
    ),
    presets=(
        Preset(
            "shirt_rustle",
            "A sleeve, an arm that moves.",
            {"size_m": 0.6, "energy": 0.35, "crispness": 0.2},
            "CLOTHMvmt",
        ),
        Preset(
            "coat_on",
            "A heavy coat is put on.",
            {"fabric": "wool", "duration_s": 1.4, "energy": 0.6, "size_m": 1.6},
            "FOLYClth",
        ),
        Preset(
            "rain_jacket",
            "A crackling rain jacket.",
            {"fabric": "nylon", "crispness": 0.8, "duration_s": 0.5},
            "CLOTHMvmt",
        ),
        Preset(
            "leather_jacket",
            "Leather that bends.",
            {"fabric": "leather", "crispness": 0.6, "duration_s": 0.7, "energy": 0.4},
            "LETHRMvmt",
        ),
        Preset(
            "silk_dress",
            "A silk dress turns.",
            {"fabric": "silk", "duration_s": 0.9, "energy": 0.45, "size_m": 1.8, "crispness": 0.25},
            "CLOTHMvmt",
        ),
        Preset(
            "flag",
            "A flag on its pole in a fresh breeze.",
            {"size_m": 1.8, "energy": 0.6, "wind_m_s": 10.0},
            "CLOTHFlp",
        ),
        Preset(
            "storm_flag",
            "A flag that the storm wants to tear.",
            {"size_m": 1.5, "energy": 0.7, "wind_m_s": 22.0, "crispness": 0.6},
            "CLOTHFlp",
        ),
        Preset(
            "sail",
            "A sail that luffs.",
            {"fabric": "canvas", "size_m": 6.0, "energy": 0.6, "wind_m_s": 9.0, "crispness": 0.7},
            "CLOTHFlp",
        ),
        Preset(
            "tent",
            "The walls of a tent in gusts.",
            {"fabric": "nylon", "size_m": 3.0, "energy": 0.35, "wind_m_s": 7.0, "crispness": 0.5},
            "CLOTHFlp",
        ),
    ),
    one_shot=OneShot(rustle, gain_db=-14.6),
    endless=Endless(Flag, gain_db=-3.0, min_loop_s=2.0),
)
