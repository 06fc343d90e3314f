"""Splash: something falls into water: the slap, the cavity that closes behind it, bubbles, and what rains back."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swash_model.dsp import bubbles, chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.envelopes import fade_out
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Effect, Number, OneShot, Preset, Values

SMALLEST_M, LARGEST_M = 0.01, 2.0
GRAVITY_M_S2 = 9.81
LONGEST_S = 4.0
LOWEST_HZ = 55.0  # of the cavity: below, loudspeakers only move

SLAP_STREAM, SHEET_STREAM, CAVITY_STREAM = 10, 11, 12
CLOUD_STREAM, RAIN_STREAM, WASH_STREAM = 13, 14, 15


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that goes under: `size` and `speed` 0..1 on the scales of their parameters, the rest as given."""

    size_m: float
    size: float
    speed: float
    flatness: float
    spray: float
    depth: float

    @property
    def closing_s(self) -> float:
        """Return when the cavity behind a thing closes, s.

        2.06 sqrt(R / g), whatever its speed (Duclaux et al., "Dynamics of transient cavities", JFM 591, 2007);
        the largest are made to wait less, for they break up before.
        """
        return 2.06 * math.sqrt(0.5 * self.size_m / (1.0 + 0.5 * self.size_m) / GRAVITY_M_S2)

    @property
    def flight_s(self) -> float:
        """Return how long the highest drops stay in the air, s."""
        thrown_m_s = (0.6 + 6.5 * self.size**1.7) * (0.45 + 0.75 * self.speed) * (0.6 + 0.6 * self.spray)
        return float(2.0 * thrown_m_s / GRAVITY_M_S2)


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one splash, shape (2, frames)."""
    size_m = values.number("size_m")
    entry = Entry(
        size_m=size_m,
        size=math.log(size_m / SMALLEST_M) / math.log(LARGEST_M / SMALLEST_M),
        speed=math.log(values.number("speed_m_s")) / math.log(20.0),
        flatness=values.number("flatness"),
        spray=values.number("spray"),
        depth=values.number("depth"),
    )
    bursts, grains = BurstBank(), GrainBank(1024)
    _slap(bursts, grains, timeline, entry)
    _sheet(bursts, timeline, entry)
    _cavity(bursts, grains, timeline, entry)
    _cloud(grains, timeline, entry)
    _rain_back(bursts, grains, timeline, entry)
    _settle(bursts, timeline, entry)
    out = np.zeros((2, _frames(min(LONGEST_S, entry.closing_s + 1.5 * entry.flight_s + 0.4 + 0.7 * entry.size))))
    bursts.sound(out)
    grains.sound(out)
    # A boulder is 13 dB louder than a pebble, not the 60 of nature; what comes fast is held back as well.
    level_db = 5.0 * (entry.size - 0.6) + 7.0 * (entry.speed - 0.55) - 3.0 * (entry.flatness - 0.4)
    return np.asarray(fade_out(out, 0.1) * 10.0 ** (level_db / 20.0))


def _slap(bursts: BurstBank, grains: GrainBank, timeline: Timeline, entry: Entry) -> None:
    """Strike the surface: a crack that is the sharper the flatter the thing, and the push of its weight."""
    key = chance.uniforms(timeline.seed, SLAP_STREAM, 0, 8)
    flat, size = entry.flatness, entry.size
    layers = np.array(
        # centre Hz, decay 1/s, level
        (
            (5200.0 * 0.7**size, 220.0 * 0.35**size, 0.25 + 0.7 * flat),
            (1500.0 * 0.5**size, 110.0 * 0.35**size, 0.35 + 1.0 * flat),
            (520.0 * 0.35**size, 60.0 * 0.4**size, 0.4 + 0.8 * flat),
        )
    )
    sides = np.tile(layers, (2, 1)) * (1.0, 1.0, 0.3 + 0.9 * entry.speed)
    bursts.add(
        np.zeros(6, np.int64),
        centre_hz=sides[:, 0] * (0.85 + 0.3 * key[6]),
        resonance=0.5,
        decay=sides[:, 1],
        amplitude=0.42 * (0.5 + 0.5 * size) * sides[:, 2],
        pan=np.repeat((-0.35, 0.35), 3),
        key=key[:6],
    )
    grains.add(
        np.zeros(1, np.int64),
        frequency_hz=np.array([max(LOWEST_HZ, 210.0 * 0.26**size)]) * (0.9 + 0.2 * key[7]),
        decay=np.array([34.0 - 20.0 * size]),
        amplitude=np.array([(0.1 + 0.75 * size**1.5) * (0.4 + 0.6 * entry.speed) * (0.5 + 0.5 * entry.depth)]),
        pan=np.zeros(1),
        rise=np.array([-1.2]),
        attack_s=0.001 + 0.004 * size,
    )


def _sheet(bursts: BurstBank, timeline: Timeline, entry: Entry) -> None:
    """Throw up the crown: a sheet of water that tears, soon after the slap, into many pieces."""
    count = round(70 + 190 * entry.size * (0.5 + 0.5 * entry.spray))
    u = chance.uniforms(timeline.seed, SHEET_STREAM, 0, 6 * count).reshape(count, 6)
    spread_s = (0.03 + 0.11 * entry.size + 0.12 * entry.size**3) * (0.6 + 0.7 * entry.speed)
    late = -np.log(1.0 - 0.97 * u[:, 0])
    fine = u[:, 1] ** 0.8
    bursts.add(
        _onsets(0.002 + spread_s * late),
        # What tears later is finer: the sheet thins out as it rises.
        centre_hz=(750.0 * 0.6**entry.size) * 10.0 ** np.minimum(fine + 0.08 * late, 1.1),
        resonance=0.7,
        decay=(45.0 + 330.0 * fine) * 0.6**entry.size,
        amplitude=(0.12 + 0.2 * entry.spray) * (1.1 - 0.7 * fine) * (0.15 + u[:, 2] ** 2) * np.exp(-0.35 * late),
        pan=1.5 * (u[:, 3] - 0.5),
        key=u[:, 4],
    )


def _cavity(bursts: BurstBank, grains: GrainBank, timeline: Timeline, entry: Entry) -> None:
    """Close the cavity behind the thing: one large bubble, and those that it breaks up into."""
    drawn_in = entry.depth * (1.0 - 0.75 * entry.flatness)
    count = round(1 + 9 * entry.size)
    u = chance.uniforms(timeline.seed, CAVITY_STREAM, 0, 7 * count).reshape(count, 7)
    number = np.arange(count, dtype=np.float64)
    at_s = entry.closing_s * (0.8 + 0.3 * u[:, 0]) + number * (0.012 + 0.05 * entry.size) * (0.5 + u[:, 1])
    largest_m = 0.17 * entry.size_m / (1.0 + 3.4 * entry.size_m)
    radius = np.minimum(largest_m * 0.78**number * (0.85 + 0.3 * u[:, 2]), 3.0 / LOWEST_HZ)
    hz = bubbles.frequency_hz(radius)
    decay = np.maximum(2.0 * bubbles.decay(radius), 0.07 * hz + 17.0)  # so large a bubble is not round for long
    # What is small makes little but this one plop.
    level = drawn_in * (0.25 + 0.55 * entry.speed) * (1.7 - 0.9 * entry.size) * 0.85**number
    level *= 0.5 + 0.5 * u[:, 3]
    pan = 0.9 * (u[:, 4] - 0.5) * np.minimum(number, 3.0) / 3.0
    onsets = _onsets(at_s)
    grains.add(
        onsets,
        frequency_hz=hz,
        decay=decay,
        amplitude=0.75 * level,
        pan=pan,
        rise=(0.08 + 0.12 * u[:, 5]) * decay,
        attack_s=np.minimum(0.6 / hz, 0.006),
    )
    # The jet that shoots up as it closes.
    bursts.add(
        onsets,
        centre_hz=np.minimum(6.0 * hz, 2600.0),
        resonance=0.6,
        decay=30.0 + 0.12 * hz,
        amplitude=0.2 * level,
        pan=pan,
        key=u[:, 6],
    )


def _cloud(grains: GrainBank, timeline: Timeline, entry: Entry) -> None:
    """Let the bubbles sing that were dragged under with it."""
    count = round((14 + 260 * entry.size**1.3) * (0.3 + 0.7 * entry.depth))
    u = chance.uniforms(timeline.seed, CLOUD_STREAM, 0, 6 * count).reshape(count, 6)
    late = -np.log(1.0 - 0.97 * u[:, 0])
    after_s = 0.006 + 0.2 * entry.closing_s * u[:, 4] + (0.05 + 0.22 * entry.size) * late
    radius = bubbles.radius_m(u[:, 1], 0.0007, 0.0022 + 0.006 * entry.size, 1.8)
    decay = 1.7 * bubbles.decay(radius)
    grains.add(
        _onsets(after_s),
        frequency_hz=bubbles.frequency_hz(radius),
        decay=decay,
        amplitude=(0.3 - 0.14 * entry.size)
        * (0.3 + 0.7 * entry.speed)
        * (radius / 0.002) ** 0.8
        * u[:, 2] ** 2
        * np.exp(-0.5 * late),
        pan=1.3 * (u[:, 3] - 0.5),
        rise=np.where(u[:, 5] < 0.6, 0.12 * decay, 0.0),
        attack_s=0.0007,
    )


def _rain_back(bursts: BurstBank, grains: GrainBank, timeline: Timeline, entry: Entry) -> None:
    """Let what was thrown up fall back: ticks on the surface, each third one with a bubble of its own."""
    count = round((12 + 420 * entry.size**1.5) * entry.spray * (0.4 + 0.7 * entry.speed))
    if not count:
        return
    u = chance.uniforms(timeline.seed, RAIN_STREAM, 0, 8 * count).reshape(count, 8)
    late = u[:, 0] ** 1.3
    at_s = entry.flight_s * (0.25 + 1.15 * late)
    heavy = u[:, 1] ** 3
    level = (0.05 + 0.2 * heavy) * (1.3 - 1.1 * late)
    pan = 1.8 * (u[:, 2] - 0.5)
    bursts.add(
        _onsets(at_s),
        centre_hz=(2600.0 + 5200.0 * u[:, 3]) * (1.0 - (0.5 + 0.3 * entry.size) * heavy),
        resonance=0.7,
        decay=500.0 - (320.0 + 110.0 * entry.size) * heavy,
        amplitude=1.2 * level,
        pan=pan,
        key=u[:, 4],
    )
    rings = u[:, 5] < 0.33
    radius = 0.0005 + 0.0014 * u[rings, 6] ** 1.5
    decay = bubbles.decay(radius)
    grains.add(
        _onsets(at_s[rings] + 0.004 + 0.012 * u[rings, 7]),
        frequency_hz=bubbles.frequency_hz(radius),
        decay=decay,
        amplitude=0.9 * level[rings],
        pan=pan[rings],
        rise=0.1 * decay,
        attack_s=0.0005,
    )


def _settle(bursts: BurstBank, timeline: Timeline, entry: Entry) -> None:
    """Let the water close over it: a soft wash that sinks, in swells, until the surface is calm."""
    count = round(4 + 9 * entry.size)
    u = chance.uniforms(timeline.seed, WASH_STREAM, 0, 5 * count).reshape(count, 5)
    share = (np.arange(count) + u[:, 0]) / count
    lasts_s = 0.1 + 1.1 * entry.flight_s
    bursts.add(
        _onsets(0.01 + lasts_s * share),
        centre_hz=1100.0 * 0.7**entry.size * 2.2 ** (2.0 * u[:, 1] - 1.0),
        resonance=0.45,
        decay=(26.0 - 15.0 * entry.size) * (0.8 + 0.6 * u[:, 2]),
        amplitude=0.13 * (0.3 + 0.7 * entry.size) * (0.4 + 0.6 * entry.speed) * (1.0 - 0.85 * share),
        pan=1.4 * (u[:, 3] - 0.5),
        key=u[:, 4],
    )


def _frames(time_s: float) -> int:
    return round(time_s * SAMPLE_RATE)


def _onsets(at_s: Samples) -> npt.NDArray[np.int64]:
    return np.round(at_s * SAMPLE_RATE).astype(np.int64)


SPLASH = Effect(
    id="splash",
    title="Splash",
    description="Something falls into water: a pebble, a fish, a diver, a boulder.",
    ucs_cat_id="WATRSplsh",
    version=1,
    parameters=(
        Number(
            "size_m",
            "How large the thing is: a pebble plops high, a boulder booms.",
            SMALLEST_M,
            LARGEST_M,
            0.25,
            "m",
            curve="logarithmic",
        ),
        Number(
            "speed_m_s",
            "How fast it meets the water: louder, and thrown up higher.",
            1.0,
            20.0,
            5.0,
            "m/s",
            curve="logarithmic",
        ),
        Number("flatness", "How flat it lands: 0 dives in, 1 slaps.", 0.0, 1.0, 0.4),
        Number("spray", "How much water is thrown up and rains back.", 0.0, 1.0, 0.5),
        Number(
            "depth", "How deep the water is: 0 a puddle, 1 deep enough to swallow it with a gulp.", 0.0, 1.0, 0.8
        ),
    ),
    presets=(
        Preset(
            "pebble",
            "A pebble, tossed into a pond.",
            {"size_m": 0.025, "speed_m_s": 4.0, "flatness": 0.1, "spray": 0.35},
            "WATRSplsh",
        ),
        Preset(
            "stone",
            "A stone the size of a fist.",
            {"size_m": 0.1, "speed_m_s": 7.0, "flatness": 0.3},
            "WATRSplsh",
        ),
        Preset(
            "boulder",
            "A boulder rolls off a cliff into the sea.",
            {"size_m": 1.6, "speed_m_s": 14.0, "flatness": 0.5, "spray": 0.9, "depth": 1.0, "gain_db": -3.0},
            "WATRImpt",
        ),
        Preset(
            "dive",
            "A clean dive, hands first.",
            {"size_m": 0.4, "speed_m_s": 6.0, "flatness": 0.0, "spray": 0.2, "depth": 1.0},
            "WATRSplsh",
        ),
        Preset(
            "belly_flop",
            "Somebody lands flat.",
            {"size_m": 0.9, "speed_m_s": 5.0, "flatness": 1.0, "spray": 0.7, "depth": 0.6},
            "WATRImpt",
        ),
        Preset(
            "body_fall",
            "A body falls into deep water.",
            {"size_m": 0.7, "speed_m_s": 8.0, "flatness": 0.5, "spray": 0.6, "depth": 1.0},
            "WATRSplsh",
        ),
        Preset(
            "fish_jump",
            "A fish falls back from its leap.",
            {"size_m": 0.12, "speed_m_s": 2.5, "flatness": 0.8, "spray": 0.45, "depth": 0.7},
            "WATRSplsh",
        ),
        Preset(
            "puddle",
            "A boot into a puddle.",
            {"size_m": 0.2, "speed_m_s": 3.0, "flatness": 0.7, "spray": 0.6, "depth": 0.05},
            "WATRSplsh",
        ),
    ),
    one_shot=OneShot(play, gain_db=-3.2),
)
