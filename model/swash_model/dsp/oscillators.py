"""Oscillators: saws and pulses without aliases.

The steps of a wave are rounded by a polynomial two frames wide (polyBLEP: Välimäki & Huovilainen,
"Antialiasing Oscillators in Subtractive Synthesis", IEEE SPM 2007): an alias falls as sinc^2, so what
would fold down to low pitches is all but gone.
"""

import numpy as np
from numba import njit

from swash_model.dsp.timeline import QUANTUM_FRAMES, Samples


@njit(cache=True, nogil=True, inline="always")
def _rounding(phase, step):  # type: ignore[no-untyped-def]
    """Return what turns a step from 1 to -1 at phase 0 into one without corners."""
    if phase < step:
        x = phase / step
        return x + x - x * x - 1.0
    if phase > 1.0 - step:
        x = (phase - 1.0) / step
        return x * x + x + x + 1.0
    return 0.0


@njit(cache=True, nogil=True)
def _saws(first, last, gain, next_gain, out):  # type: ignore[no-untyped-def]
    """Add saws to out (2, frames); phases move from `first` to `last` (voices,), gains to the next (2, voices)."""
    frames = out.shape[1]
    for voice in range(first.shape[0]):
        left, right = gain[0, voice], gain[1, voice]
        to_left, to_right = (next_gain[0, voice] - left) / frames, (next_gain[1, voice] - right) / frames
        if left == 0.0 and right == 0.0 and to_left == 0.0 and to_right == 0.0:
            continue
        step = (last[voice] - first[voice]) / frames
        phase = first[voice] % 1.0
        for frame in range(frames):
            y = 2.0 * phase - 1.0 - _rounding(phase, step)
            out[0, frame] += left * y
            out[1, frame] += right * y
            left += to_left
            right += to_right
            phase += step
            if phase >= 1.0:
                phase -= 1.0


@njit(cache=True, nogil=True)
def _saw(turns, step, out):  # type: ignore[no-untyped-def]
    """Fill out (frames,) with a rising saw; turns and step are per frame."""
    for frame in range(out.shape[0]):
        phase = turns[frame] % 1.0
        out[frame] = 2.0 * phase - 1.0 - _rounding(phase, max(step[frame], 1e-9))


@njit(cache=True, nogil=True)
def _pulse(turns, step, duty, out):  # type: ignore[no-untyped-def]
    """Fill out (frames,) with a pulse wave of no mean; turns, step and duty are per frame."""
    for frame in range(out.shape[0]):
        phase = turns[frame] % 1.0
        width, edge = duty[frame], max(step[frame], 1e-9)
        y = 1.0 if phase < width else -1.0
        y += _rounding(phase, edge) - _rounding((phase - width) % 1.0, edge)
        out[frame] = y + 1.0 - 2.0 * width


def saws(
    first_turns: Samples,
    last_turns: Samples,
    first_gain: Samples,
    last_gain: Samples,
    frames: int = QUANTUM_FRAMES,
) -> Samples:
    """Return rising saws, shape (2, frames).

    The phase of each moves in a straight line from `first_turns` to `last_turns`, both of shape (voices,)
    in turns, over the frames; it must rise, by less than half a turn a frame. So does its peak from
    `first_gain` to `last_gain`, both of shape (2, voices): left and right.
    """
    out = np.zeros((2, frames))
    _saws(first_turns, last_turns, np.ascontiguousarray(first_gain), np.ascontiguousarray(last_gain), out)
    return out


def saw(turns: Samples, step: Samples) -> Samples:
    """Return one rising saw from -1 to 1, shape (frames,), of turns and steps as for `pulse`."""
    out = np.empty(len(turns))
    _saw(turns, step, out)
    return out


def pulse(turns: Samples, step: Samples, duty: Samples | float = 0.5) -> Samples:
    """Return a pulse wave of 2 from top to bottom without its mean, shape (frames,).

    `turns` is its phase and `step` how far that moves in a frame, both per frame; `duty` 0..1 is the share
    of the top, for all or per frame.
    """
    out = np.empty(len(turns))
    _pulse(turns, step, np.broadcast_to(np.asarray(duty, float), turns.shape), out)
    return out
