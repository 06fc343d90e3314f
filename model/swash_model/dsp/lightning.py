"""Lightning: a crooked channel, every segment of which sends its own shock. Their sum is thunder.

A. A. Few, "Power spectrum of thunder", JGR 1969; Ribner & Roy, "Acoustics of thunder: a quasilinear model
for tortuous lightning", JASA 1982.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from swash_model.dsp import chance
from swash_model.dsp.chance import _uniform
from swash_model.dsp.timeline import SAMPLE_RATE, Samples

SOUND_M_S = 343.0

# The channel
TRUNK_SEGMENTS = 900  # at most
SHORTEST_M, LONGEST_M = 5.0, 30.0  # of a segment
BEND = 0.2  # of a heading, each way and axis: 16 degrees a segment, as photographed channels have
PULL = 0.06  # how soon a heading returns to where the channel goes
CLOUD_BASE_M = 2500.0  # above it the channel runs level, through the cloud
MEANDER = 35  # segments, some 400 m, after which the channel in the cloud takes another turn
BRANCHES, BRANCH_SEGMENTS = 5, 45

# Its shocks
FOOT = 1.4  # level where it strikes, so that a clap close by begins with its height
BRANCH_LEVEL = 0.35
FADING = 0.8  # of the level, towards the far end of the channel
NEAR_M = 80.0  # added to every distance, or a strike close by would be its foot and nothing else
STROKES = 3  # a flash runs through its channel again, after 40 to 100 ms, and flickers
SPREAD = 0.6  # of the width between the loudspeakers

WALK_STREAM = 1 << 25
SHOCK_STREAM, STROKE_STREAM = WALK_STREAM + 64, WALK_STREAM + 65


@njit(cache=True, nogil=True, inline="always")
def _goal(seed, stream, k, at):  # type: ignore[no-untyped-def]
    """Return where a trunk is going: up to the cloud, then through it and, by and large, away."""
    if at[2] < CLOUD_BASE_M:
        return 0.0, 0.0, 1.0
    turn = 3.6 * (_uniform(seed, stream, k // MEANDER, 8) - 0.5)  # across the view: a clap; along it: a rumble
    away = math.atan2(at[0], at[1]) + turn
    return math.sin(away), math.cos(away), 0.0


@njit(cache=True, nogil=True)
def _walk(seed, stream, pull, reach_m, at, heading, rows):  # type: ignore[no-untyped-def]
    """Fill rows with place (3), heading (3) and length of segments; return how many lie within reach."""
    for k in range(rows.shape[0]):
        goal = _goal(seed, stream, k, at)
        norm = 0.0
        for axis in range(3):
            bend = 2.0 * BEND * (2.0 * _uniform(seed, stream, k, axis) - 1.0)
            heading[axis] += bend + pull * (goal[axis] - heading[axis])
            norm += heading[axis] ** 2
        length = SHORTEST_M + (LONGEST_M - SHORTEST_M) * _uniform(seed, stream, k, 3) ** 2
        distance = 0.0
        for axis in range(3):
            heading[axis] /= math.sqrt(norm)
            at[axis] += heading[axis] * length
            distance += at[axis] ** 2
            rows[k, axis], rows[k, 3 + axis] = at[axis], heading[axis]
        rows[k, 6] = length
        if at[2] < 0.0:
            if pull == 0.0:
                return k  # a branch ends on the ground
            at[2], heading[2] = -at[2], abs(heading[2])  # the trunk comes from there and goes up
            rows[k, 2], rows[k, 5] = at[2], heading[2]
        if math.sqrt(distance) > reach_m:
            return k
    return rows.shape[0]


@njit(cache=True, nogil=True)
def _channel(seed, distance_m, reach_m, rows):  # type: ignore[no-untyped-def]
    """Fill rows with a trunk and its branches; return the segments of the trunk, and of all."""
    at, heading = np.array((0.0, distance_m, 0.0)), np.array((0.0, 0.0, 1.0))
    trunk = _walk(seed, WALK_STREAM, PULL, reach_m, at, heading, rows[:TRUNK_SEGMENTS])
    end = trunk
    for branch in range(1, BRANCHES + 1):
        # Branches leave the lower channel sideways and hang down, as they did when it grew to the ground.
        root = int(trunk * (0.05 + 0.6 * _uniform(seed, WALK_STREAM + branch, 0, 9)))
        at[:] = rows[root, :3]
        side = 2.0 * math.pi * _uniform(seed, WALK_STREAM + branch, 0, 10)
        heading[:] = (math.sin(side), math.cos(side), -0.4)
        end += _walk(seed, WALK_STREAM + branch, 0.0, reach_m, at, heading, rows[end : end + BRANCH_SEGMENTS])
    return trunk, end


@dataclass(frozen=True, slots=True)
class Shocks:
    """The N-waves of one flash as they arrive, the first at 0, each array of shape (shocks,).

    `onset`, `edge` and `fall` in frames: a wave rises over `edge`, falls from over- to under-pressure over
    `fall`, and returns over `edge`. `left` and `right` are its levels.
    """

    onset: Samples
    edge: Samples
    fall: Samples
    left: Samples
    right: Samples


def shocks(seed: int, *, distance_m: float, reach_s: float, power: float) -> Shocks:
    """Return what a flash `distance_m` away sends: its nearest segment at level FOOT, arrivals for `reach_s`.

    More `power`, 0..1, makes longer waves: the peak frequency falls with the square root of the energy.
    """
    rows = np.empty((TRUNK_SEGMENTS + BRANCHES * BRANCH_SEGMENTS, 7))
    trunk, count = _channel(seed, distance_m, distance_m + reach_s * SOUND_M_S, rows)
    range_m = np.sqrt((rows[:count, :3] ** 2).sum(axis=1))
    # The trunk is heard first: a branch that hangs nearer would put a soft start before the crack.
    nearest_m = range_m[:trunk].min()
    heard = np.flatnonzero((range_m >= nearest_m) & (range_m <= nearest_m + reach_s * SOUND_M_S))
    branch, count = heard >= trunk, len(heard)
    range_m, place, heading, length_m = range_m[heard], rows[heard, :3], rows[heard, 3:6], rows[heard, 6]
    along = np.abs((place * heading).sum(axis=1)) / range_m

    period, strength = chance.uniforms(seed, SHOCK_STREAM, 0, 2 * count).reshape(2, count)
    strength = (0.7 + 0.9 * strength**3) * np.where(branch, BRANCH_LEVEL, 1.0)
    # 2 to 7 ms near by: peaks at 200 to 70 Hz, as measured; the longer the way, the longer the wave.
    fall_s = (0.002 + 0.005 * period) * (0.5 + 0.8 * power) * (1.0 + 0.08 * range_m / 1000.0)
    # A segment that points at the listener is heard end after end: longer, softer and lower. One that lies
    # across the view is heard at once, which is why a clap is where the channel turns its side.
    spread_s = along * length_m / SOUND_M_S
    edge_s = np.minimum(spread_s, 0.3 * fall_s) + 2.0 / SAMPLE_RATE  # no smoother, being crooked itself
    level = strength * fall_s / (fall_s + spread_s) * (range_m.min() + NEAR_M) / (range_m + NEAR_M)
    level[range_m.argmin()] = FOOT
    level *= 1.0 - FADING * (range_m - range_m.min()) / (reach_s * SOUND_M_S)
    side = place[:, 0] / np.hypot(place[:, 0], place[:, 1])  # -1 left to 1 right
    angle = (1.0 + SPREAD * side) * (math.pi / 4.0)
    once = Shocks(
        onset=(range_m - range_m.min()) / SOUND_M_S * SAMPLE_RATE,
        edge=edge_s * SAMPLE_RATE,
        fall=fall_s * SAMPLE_RATE,
        left=math.sqrt(2.0) * level * np.cos(angle),
        right=math.sqrt(2.0) * level * np.sin(angle),
    )
    return _repeated(seed, once)


def _repeated(seed: int, once: Shocks) -> Shocks:
    """Return the shocks of every stroke of a flash, in the order of arrival."""
    gap, level = chance.uniforms(seed, STROKE_STREAM, 0, 2 * STROKES).reshape(2, STROKES)
    after = np.cumsum((0.04 + 0.06 * gap) * SAMPLE_RATE)
    after -= after[0]
    level = np.append(1.0, 0.4 + 0.5 * level[1:])
    onset = (once.onset + after[:, None]).ravel()
    order = np.argsort(onset)
    return Shocks(
        onset=onset[order],
        edge=np.tile(once.edge, STROKES)[order],
        fall=np.tile(once.fall, STROKES)[order],
        left=(once.left * level[:, None]).ravel()[order],
        right=(once.right * level[:, None]).ravel()[order],
    )


@njit(cache=True, nogil=True, inline="always")
def _add_line(out, start, begins, ends, value, slope, left, right):  # type: ignore[no-untyped-def]
    """Add value + slope * (t - begins) for begins <= t < ends, in frames, to out (2, frames) from start on."""
    first, last = max(start, math.ceil(begins)), min(start + out.shape[1], math.ceil(ends))
    for frame in range(first, last):
        wave = value + slope * (frame - begins)
        out[0, frame - start] += left * wave
        out[1, frame - start] += right * wave


@njit(cache=True, nogil=True)
def _add_shocks(onset, edge, fall, left, right, start, out):  # type: ignore[no-untyped-def]
    """Add the part of each N-wave that falls in the frames from start on to out (2, frames)."""
    for k in range(onset.shape[0]):
        if onset[k] >= start + out.shape[1]:
            break
        crest = onset[k] + edge[k]
        trough = crest + fall[k]
        if trough + edge[k] > start:
            _add_line(out, start, onset[k], crest, 0.0, 1.0 / edge[k], left[k], right[k])
            _add_line(out, start, crest, trough, 1.0, -2.0 / fall[k], left[k], right[k])
            _add_line(out, start, trough, trough + edge[k], -1.0, 1.0 / edge[k], left[k], right[k])


def add_shocks(sent: Shocks, start: int, out: Samples) -> None:
    """Add what arrives from frame `start` on to `out`, shape (2, frames)."""
    _add_shocks(sent.onset, sent.edge, sent.fall, sent.left, sent.right, start, out)
