"""Pulses: what happens once or more a turn, each time a little otherwise; cylinders and valves are these."""

import math

import numpy as np
from numba import njit

from swash_model.dsp.chance import _uniform
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.dsp.turns import Turning

PULSE_STREAM = 1 << 25


@njit(cache=True, nogil=True)
def _pulses(  # type: ignore[no-untyped-def]
    seed, stream, begin, first, last, cycles, places, gains, jitter, spread, rise, fall, memory, out
):
    """Fill out (frames,) with exp(-fall t) - exp(-rise t) after every pulse, which comes between two frames.

    A pulse is known by its turn and place alone, so that any quantum can find its own.
    """
    frames, count = out.shape[0], places.shape[0]
    slow, fast = memory[0], memory[1]
    keep_slow, keep_fast = math.exp(-fall), math.exp(-rise)
    number = (math.floor(begin) - 1) * count
    turn = begin
    at, gain = -math.inf, 0.0
    for frame in range(frames):
        share = (frame + 1) / frames
        next_turn = begin + share * (first + 0.5 * share * (last - first))
        slow, fast = slow * keep_slow, fast * keep_fast
        while at <= next_turn:
            if at > turn:
                late = (next_turn - at) / (next_turn - turn)  # frames ago
                slow += gain * math.exp(-fall * late)
                fast += gain * math.exp(-rise * late)
            whole = math.floor(number / count)
            place = number - whole * count
            known = whole % cycles if cycles > 0 else whole
            draw = 2.0 * _uniform(seed, stream, known, 2 * place) - 1.0
            at = whole + places[place] + jitter * draw
            gain = gains[place] * (1.0 + spread * (2.0 * _uniform(seed, stream, known, 2 * place + 1) - 1.0))
            number += 1
        turn = next_turn
        out[frame] = slow - fast
    memory[0], memory[1] = slow, fast


class PulseTrain:
    """Pulses at fixed places of a turn, each a little early or late, weak or strong.

    Each rises over one time and falls over another. A pulse belongs to its turn: the same turn has the
    same pulse in every pass of a loop.
    """

    def __init__(self, timeline: Timeline, stream: int, places: Samples) -> None:
        """Take where in a turn the pulses come, ascending in [0, 1), shape (places,)."""
        self._seed = timeline.seed
        self._stream = stream + PULSE_STREAM
        self._places = np.ascontiguousarray(places)
        self._memory = np.zeros(2)
        gaps = np.diff(np.append(places, places[0] + 1.0))
        self._most_jitter = 0.45 * float(gaps.min())  # more, and pulses would overtake each other

    def take(
        self, turning: Turning, gains: Samples, *, rise_s: float, fall_s: float, jitter: float, spread: float
    ) -> Samples:
        """Return the next quantum, shape (QUANTUM_FRAMES,), for one thing that turns.

        A pulse of gain 1 peaks at about 1. `gains` has shape (places,); `jitter` is how early or late a pulse
        may come, in turns; `spread` how much weaker or stronger, 0..1; `rise_s` is below `fall_s`.
        """
        out = np.empty(QUANTUM_FRAMES)
        ratio = fall_s / rise_s
        # The two exponentials are farthest apart at t = ln(ratio) rise fall / (fall - rise).
        peak = ratio ** (-1.0 / (ratio - 1.0)) * (1.0 - 1.0 / ratio)
        _pulses(
            self._seed,
            self._stream,
            float(turning.begin[0]),
            float(turning.first[0]),
            float(turning.last[0]),
            int(turning.cycles[0]),
            self._places,
            gains / peak,
            min(jitter, self._most_jitter),
            spread,
            1.0 / (rise_s * SAMPLE_RATE),
            1.0 / (fall_s * SAMPLE_RATE),
            self._memory,
            out,
        )
        return out
