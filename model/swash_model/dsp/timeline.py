"""Where a voice stands in time, and the seeds that its chance comes from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]
"""Audio inside the kernels: shape (channels, frames) or (frames,)."""

SAMPLE_RATE = 48_000
"""Frames a second inside every procedural voice; other rates are resampled once, at the end."""

QUANTUM_FRAMES = 480
"""Voices move in steps of 10 ms on an absolute clock, so any block size gives the same sound.

Not a power of two: a loop must be a whole number of quanta, and 10 ms is a whole number of frames at
48, 44.1, 32, 24, 16 and 8 kHz alike. See docs/decisions/0002-quantum.md.
"""

QUANTUM_S = QUANTUM_FRAMES / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Timeline:
    """The seeds of one voice, and the length after which its chance repeats.

    `seed` is this performance (this hit, this minute), `object_seed` the thing that sounds (which
    crate, which boots). With `loop_frames`, a whole number of quanta, every random number repeats
    after that many frames, so that the end joins the start; without, the voice is endless.
    """

    seed: int
    object_seed: int
    loop_frames: int | None = None

    def position(self, start: int) -> int:
        """Return the frame within the loop (or since the beginning) of absolute frame `start`."""
        return start % self.loop_frames if self.loop_frames else start

    def cycles(self, rate_hz: float) -> int | None:
        """Return how many whole periods of about `rate_hz` fill the loop, at least 1; None when endless."""
        if self.loop_frames is None:
            return None
        return max(1, round(self.loop_frames / SAMPLE_RATE * rate_hz))

    def rate_hz(self, rate_hz: float) -> float:
        """Return the rate nearest to `rate_hz` whose periods fill the loop exactly."""
        cycles = self.cycles(rate_hz)
        return rate_hz if cycles is None else cycles * SAMPLE_RATE / (self.loop_frames or 1)
