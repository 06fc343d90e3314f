"""A waterfall: sheets of water that break up as they fall, hit pool or rock in clumps, and rise again as spray."""

import math

import numpy as np

from swash_model.dsp import bubbles, chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.chance import Events, Noise
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glide, Glides
from swash_model.dsp.filters import Pink, StateVariable, butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, Samples, Timeline
from swash_model.procedural.effect import Effect, Endless, Number, Preset, Values

LOWEST_M, HIGHEST_M = 2.0, 60.0
SPOTS = 6  # places where it lands: few enough that a lull of one is heard
GUSH_DB = 2.5  # so much harder or softer it lands from one second to the next; a thin fall sways twice as much

ROAR_STREAM, HISS_STREAM = 1, 2
CLUMP_STREAM, BUBBLE_STREAM = 30, 31
SPOT_STREAM, GUSH_STREAM, FLUTTER_STREAM = 50, 60, 70


class Waterfall:
    """A voice of falling water."""

    def __init__(self, timeline: Timeline, values: Values) -> None:  # noqa: ARG002
        """Find the rocks and the basin: where it lands, how hard and how low is the object's."""
        place, share, pitch = chance.uniforms(timeline.object_seed, SPOT_STREAM, 0, 3 * SPOTS).reshape(3, -1)
        basin, cliff = chance.uniforms(timeline.object_seed, SPOT_STREAM, 1, 2)
        self._pan = 1.8 * (np.arange(SPOTS) + place) / SPOTS - 0.9
        self._share = 0.4 + share
        self._pitch = 0.6 * 2.8**pitch
        self._basin, self._cliff = 0.8 + 0.4 * basin, 0.75 + 0.5 * cliff
        self._gushes = Drifts(timeline, GUSH_STREAM, 0.8, SPOTS)
        self._flutter = Drifts(timeline, FLUTTER_STREAM, 8.0, 6)  # three bands, two ears
        self._low_noise = Noise(timeline, ROAR_STREAM)
        self._high_noise = Noise(timeline, HISS_STREAM)
        self._pink = Pink()
        self._no_rumble = StateVariable("highpass")
        self._roar = StateVariable("lowpass")
        self._rush = StateVariable("bandpass")
        self._spray = butterworth("bandpass", (4800.0, 13_000.0), order=1)
        self._clumps = Events(timeline, CLUMP_STREAM)
        self._air = Events(timeline, BUBBLE_STREAM)
        self._bursts = BurstBank(256)
        self._grains = GrainBank(1024)
        self._colours = Glides()
        self._levels = Glides()
        self._level = Glide()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        flow, pool, spray = values.number("flow"), values.number("pool"), values.number("spray")
        high = math.log(values.number("height_m") / LOWEST_M) / math.log(HIGHEST_M / LOWEST_M)
        gush = self._share * 10.0 ** (GUSH_DB * (2.0 - flow) * self._gushes.at(start) / 20.0)
        out = self._noise(start, high, flow, pool, spray, gush)
        self._land(start, high, flow, pool, gush)
        self._drag_under(start, high, flow, pool, gush)
        self._bursts.sound(out)
        self._grains.sound(out)
        # Water that falls brings energy in proportion to its mass and its height; a mix has room for less.
        return out * self._level.take(10.0 ** ((3.0 * flow + 4.0 * high) / 20.0), QUANTUM_FRAMES)

    def _noise(self, start: int, high: float, flow: float, pool: float, spray: float, gush: Samples) -> Samples:
        """Return what is too dense to be told apart: roar, rush and spray, shape (2, frames)."""
        roar_hz, depth_hz, rush_hz = self._colours.take(
            np.array(
                (
                    self._basin * 560.0 * 0.36**high * 1.2 ** (1.0 - 2.0 * flow),
                    40.0 + 170.0 * ((1.0 - flow) * (1.0 - 0.7 * high)) ** 2,  # a trickle shakes no ground
                    self._cliff * 1800.0 * 0.6**pool * 0.75**high,
                )
            ),
            QUANTUM_FRAMES,
        )
        lean = np.array([(gush * (1.0 - self._pan)).sum(), (gush * (1.0 + self._pan)).sum()]) / gush.size
        roar, rush, spraying = self._levels.take(
            np.array(
                (
                    0.62 * (0.15 + 0.85 * flow) * (0.6 + 0.4 * pool) * (0.55 + 0.85 * high),
                    0.58 * (0.2 + 0.8 * flow) * (1.2 - 0.45 * pool),
                    0.55 * spray * (0.3 + 0.7 * flow) * (0.6 + 0.4 * high),
                )
            )[:, None]
            * lean
            * (1.0 + 0.14 * self._flutter.at(start).reshape(3, 2)),
            QUANTUM_FRAMES,
        )
        low = self._pink.process(correlated(self._low_noise.take(start), 0.6))
        white = self._high_noise.take(start)
        out = self._no_rumble.process(self._roar.process(low, roar_hz, 0.5), depth_hz, 0.7) * roar
        out += self._rush.process(correlated(white, 0.35), rush_hz, 0.35) * rush
        out += self._spray.process(correlated(white[::-1], 0.15)) * spraying
        return np.asarray(out)

    def _land(self, start: int, high: float, flow: float, pool: float, gush: Samples) -> None:
        """Let clumps of water land: slaps, lower into a pool, brighter and sharper on rock."""
        onsets, draws = self._clumps.take(start, (45.0 + 110.0 * flow) * float(gush.mean()))
        spot = _spots(gush, draws[:, 0])
        small = draws[:, 1] ** 0.6  # many small clumps, few large ones
        centre_hz = self._pitch[spot] * (420.0 * 0.8**high) * 7.0 ** (small * (1.0 - 0.35 * pool))
        self._bursts.add(
            onsets,
            centre_hz=centre_hz,
            resonance=0.6,
            decay=(28.0 + 130.0 * small) * (1.6 - 0.8 * pool),
            amplitude=0.4 * (0.5 + 0.5 * flow) * (1.15 - small) * (0.3 + draws[:, 2]),
            pan=np.clip(self._pan[spot] + 0.3 * (draws[:, 3] - 0.5), -1.0, 1.0),
            key=draws[:, 4],
        )

    def _drag_under(self, start: int, high: float, flow: float, pool: float, gush: Samples) -> None:
        """Let the air that the fall drags under sing: bubbles, the more and the larger the deeper the pool."""
        onsets, draws = self._air.take(start, (70.0 + 300.0 * flow) * (0.25 + 0.75 * pool) * float(gush.mean()))
        spot = _spots(gush, draws[:, 0])
        largest_m = 0.003 + 0.005 * pool * (0.4 + 0.6 * high)
        radius = bubbles.radius_m(draws[:, 1], 0.0006, largest_m, 2.0)
        decay = 1.6 * bubbles.decay(radius)  # churned water lets none ring out
        self._grains.add(
            onsets,
            frequency_hz=bubbles.frequency_hz(radius),
            decay=decay,
            amplitude=0.3 * (0.5 + 0.5 * pool) * (radius / 0.002) ** 0.9 * draws[:, 2] ** 1.5,
            pan=np.clip(self._pan[spot] + 0.4 * (draws[:, 3] - 0.5), -1.0, 1.0),
            rise=np.where(draws[:, 4] < 0.4, 0.1 * decay, 0.0),
            attack_s=0.0006,
        )


def _spots(gush: Samples, draw: Samples) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return for each draw, 0..1, which spot it falls to: one that gushes has more of them."""
    return np.asarray(np.searchsorted(np.cumsum(gush) / gush.sum(), draw).clip(max=SPOTS - 1), np.int64)


WATERFALL = Effect(
    id="waterfall",
    title="Waterfall",
    description="Falling water, from a garden cascade to a cataract.",
    ucs_cat_id="WATRFall",
    version=1,
    parameters=(
        Number(
            "height_m",
            "How far the water falls: the higher the lower it roars.",
            LOWEST_M,
            HIGHEST_M,
            12.0,
            "m",
            curve="logarithmic",
            live=True,
        ),
        Number("flow", "How much water falls: 0 a veil of drops, 1 a cataract.", 0.0, 1.0, 0.5, live=True),
        Number(
            "pool",
            "What it falls on: 0 bare rock that spatters, 1 a deep pool that rumbles and bubbles.",
            0.0,
            1.0,
            0.6,
            live=True,
        ),
        Number("spray", "How much hangs in the air as spray: a hiss.", 0.0, 1.0, 0.4, live=True),
    ),
    presets=(
        Preset(
            "cascade",
            "A garden cascade over a few stones.",
            {"height_m": 2.0, "flow": 0.15, "pool": 0.4, "spray": 0.15},
            "WATRFall",
        ),
        Preset(
            "forest_fall",
            "A slender fall into a pool between trees.",
            {"height_m": 8.0, "flow": 0.4, "pool": 0.8, "spray": 0.3},
            "WATRFall",
        ),
        Preset(
            "cataract",
            "A wide river over the edge, close by.",
            {"height_m": 45.0, "flow": 1.0, "pool": 0.9, "spray": 0.6},
            "WATRFall",
        ),
        Preset(
            "on_rocks",
            "Water that bursts on bare rock.",
            {"height_m": 15.0, "flow": 0.55, "pool": 0.0, "spray": 0.7},
            "WATRFall",
        ),
        Preset(
            "veil",
            "A thin veil that falls as drops.",
            {"height_m": 25.0, "flow": 0.0, "pool": 0.25, "spray": 0.6},
            "WATRFall",
        ),
        Preset(
            "weir",
            "A low, wide weir in a river.",
            {"height_m": 2.5, "flow": 0.8, "pool": 1.0, "spray": 0.25},
            "WATRTurb",
        ),
        Preset(
            "distant_falls",
            "Great falls, behind the next hill.",
            {"height_m": 50.0, "flow": 0.9, "pool": 0.8, "distance_m": 150.0, "gain_db": 8.0},
            "WATRFall",
        ),
        Preset(
            "behind_the_fall",
            "In the cave behind the curtain of water.",
            {"height_m": 20.0, "flow": 0.7, "pool": 0.7, "spray": 0.1, "brightness": -0.3, "place": "cave"},
            "WATRFall",
        ),
    ),
    endless=Endless(Waterfall, gain_db=-19.2),
)
