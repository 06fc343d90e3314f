"""Tones: short notes with a pitch that bends, trills and roughens; what sings and chirps is made of them."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from swash_model.dsp.chance import GOLDEN, TO_UNIT, _mix
from swash_model.dsp.timeline import SAMPLE_RATE, Samples

MAX_TONES = 256  # at once, those that are still to come among them
PARTIALS = 12
CONTROL_FRAMES = 16  # pitch and level move in straight lines of 0.3 ms
HIGHEST_HZ = 20_000.0  # a partial above it would fold back
ROUGH_OCTAVES = 0.12  # how far a wholly rough voice breaks off its pitch
FIELDS = 18


@njit(cache=True, nogil=True, inline="always")
def _control(row, key, at):  # type: ignore[no-untyped-def]
    """Return the turns a frame and the level of a tone at one of its own frames."""
    life = row[1]
    share = min(at / life, 1.0)
    time_s = at / SAMPLE_RATE
    octave = row[3] + share * (row[4] + share * row[5])
    if row[7] != 0.0:
        octave += row[7] * math.sin(2.0 * math.pi * row[6] * time_s)
    level = 1.0
    if at < row[10]:
        level *= 0.5 - 0.5 * math.cos(math.pi * at / row[10])
    left = life - at
    if left < row[11]:
        level *= 0.5 - 0.5 * math.cos(math.pi * max(left, 0.0) / row[11])
    if row[9] != 0.0:
        level *= 1.0 - row[9] * (0.5 + 0.5 * math.cos(2.0 * math.pi * row[8] * time_s))
    if row[12] != 0.0:
        hashed = _mix(key + np.uint64(at) * GOLDEN)
        break_off = np.float64(hashed >> np.uint64(11)) * (2.0 * TO_UNIT) - 1.0
        octave += ROUGH_OCTAVES * row[12] * break_off
        hashed = _mix(hashed + GOLDEN)
        level *= 1.0 - row[12] * (np.float64(hashed >> np.uint64(11)) * TO_UNIT)
    return min(2.0**octave, HIGHEST_HZ) / SAMPLE_RATE, level


@njit(cache=True, nogil=True)
def _sound(state, weights, keys, alive, out):  # type: ignore[no-untyped-def]
    """Add the living tones to out (2, frames); return how many live on (moved to the front)."""
    frames = out.shape[1]
    kept = 0
    for tone in range(alive):
        row, weight, key = state[tone], weights[tone], keys[tone]
        age, life, partials, turn = int(row[0]), int(row[1]), int(row[2]), row[15]
        left, right = row[13], row[14]
        frame, last = max(0, -age), min(frames, life - age)
        while frame < last:
            point = (age + frame) // CONTROL_FRAMES * CONTROL_FRAMES
            step, level = _control(row, key, point)
            to_step, to_level = _control(row, key, point + CONTROL_FRAMES)
            to_step, to_level = (to_step - step) / CONTROL_FRAMES, (to_level - level) / CONTROL_FRAMES
            within = age + frame - point
            until = min(last, frame + CONTROL_FRAMES - within)
            while frame < until:
                angle = 2.0 * math.pi * turn
                sine = math.sin(angle)
                value = weight[0] * sine
                if partials > 1:
                    twice = 2.0 * math.cos(angle)
                    before = 0.0
                    for partial in range(1, partials):
                        # sin((k + 1) x) = 2 cos(x) sin(k x) - sin((k - 1) x)
                        before, sine = sine, twice * sine - before
                        value += weight[partial] * sine
                value *= level + to_level * within
                out[0, frame] += left * value
                out[1, frame] += right * value
                turn += step + to_step * within
                within += 1
                frame += 1
            turn -= math.floor(turn)
        if age + frames < life:
            row[0], row[15] = age + frames, turn
            if kept != tone:
                state[kept], weights[kept], keys[kept] = row, weight, key
            kept += 1
    return kept


@dataclass(frozen=True, slots=True)
class Tones:
    """Some tones, each array of shape (tones,) or one number for all.

    `hz` is the pitch at the beginning, the middle and the end, shape (tones, 3): a parabola in octaves runs
    through them. `life_s` is the whole length, in which `attack_s` and `release_s` are raised cosines.
    `vibrato` and `tremolo` have a rate and a depth: octaves to either side, and 0..1 of the level, which
    begins at the bottom of the tremolo, so that at depth 1 it is a train of separate pulses. `rough` 0..1
    breaks pitch and level up, as a hoarse throat does. `partials` are the amplitudes of up to PARTIALS
    harmonics, shape (tones, partials) or (partials,).
    """

    life_s: Samples
    hz: Samples
    level: Samples
    attack_s: Samples | float
    release_s: Samples | float
    partials: Samples
    vibrato_hz: Samples | float = 0.0
    vibrato: Samples | float = 0.0
    tremolo_hz: Samples | float = 0.0
    tremolo: Samples | float = 0.0
    rough: Samples | float = 0.0


class ToneBank:
    """Tones that sound on from quantum to quantum until they are over.

    The list of living tones is carried: a song that begins at the end of a loop ends in its start.
    """

    def __init__(self, capacity: int = MAX_TONES) -> None:
        self._state = np.zeros((capacity, FIELDS))
        self._weights = np.zeros((capacity, PARTIALS))
        self._keys = np.zeros(capacity, np.uint64)
        self._alive = 0

    @property
    def silent(self) -> bool:
        """Return whether nothing sounds and nothing is to come."""
        return self._alive == 0

    def add(self, onsets: npt.NDArray[np.int64], tones: Tones, *, pan: Samples | float, key: Samples) -> None:
        """Start tones, `onsets` frames after the start of the next quantum, shape (tones,).

        `pan` is -1 left to 1 right (equal power); `key` in [0, 1) picks the chance of the rough ones. Tones
        above the bank's capacity are dropped.
        """
        count = min(len(onsets), len(self._state) - self._alive)
        new = slice(self._alive, self._alive + count)
        rows, weights = self._state[new], self._weights[new]
        octaves = np.log2(tones.hz)[:count]
        angle = np.broadcast_to((np.asarray(pan) + 1.0) * (np.pi / 4.0), (len(onsets),))[:count]
        bend = 2.0 * (octaves[:, 0] + octaves[:, 2] - 2.0 * octaves[:, 1])
        rows[:, 0] = -onsets[:count]  # age in frames; negative: still to come
        rows[:, 1] = np.maximum(1.0, tones.life_s[:count] * SAMPLE_RATE)
        rows[:, 3], rows[:, 4], rows[:, 5] = octaves[:, 0], octaves[:, 2] - octaves[:, 0] - bend, bend
        numbers = (tones.vibrato_hz, tones.vibrato, tones.tremolo_hz, tones.tremolo)
        for field, number in enumerate((*numbers, tones.attack_s, tones.release_s, tones.rough), 6):
            rows[:, field] = number if isinstance(number, float) else number[:count]
        rows[:, 10:12] *= SAMPLE_RATE
        rows[:, 13] = tones.level[:count] * np.cos(angle)
        rows[:, 14] = tones.level[:count] * np.sin(angle)
        rows[:, 15] = 0.0
        weights[:] = 0.0
        given = np.broadcast_to(tones.partials, (len(onsets), tones.partials.shape[-1]))[:count]
        weights[:, : given.shape[1]] = given
        weights[np.arange(1, PARTIALS + 1) * tones.hz[:count].max(axis=1)[:, None] > HIGHEST_HZ] = 0.0
        rows[:, 2] = np.where(weights != 0.0, np.arange(1, PARTIALS + 1), 1).max(axis=1)
        self._keys[new] = (np.asarray(key)[:count] * 2.0**53).astype(np.uint64)
        self._alive += count

    def sound(self, out: Samples) -> None:
        """Add the next frames of every living tone to `out`, shape (2, frames)."""
        self._alive = _sound(self._state, self._weights, self._keys, self._alive, out)
