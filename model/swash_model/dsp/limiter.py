"""A limiter that looks ahead: what is too loud is turned down before it comes, the rest is left alone."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.signal import firwin

from swash_model.dsp.loudness import OVERSAMPLING
from swash_model.spec import Block

LOOK_AHEAD_S = 0.00175  # long enough that a fall in gain does not click, short enough to hide under its peak
RELEASE_S = 0.06
HOLD_FRAMES = 8  # the gain stays down around a peak, because a peak between frames is made by its neighbours
MARGIN_DB = 0.08  # what is turned down goes this far below the ceiling: a moving gain moves peaks a little

REACH_FRAMES = 48  # frames at each side that the sound between two frames is worked out from
CUTOFF = 0.957  # of the band: where the converters and meters that play and measure this begin to roll off
SHORTEST_RAMP_FRAMES = 16  # at low rates the look-ahead would be too few frames to be smooth

SEGMENT_FRAMES = 64  # peaks are sought in pieces, so that quiet pieces can be passed over
UNITY = 1 << 30  # gain reductions are whole numbers: their running sums never drift, so 0 dB is exactly 0 dB


def _interpolators() -> npt.NDArray[np.float32]:
    """Return the filters that give the sound at and between frames, shape (points, 2 * REACH_FRAMES).

    One long low-pass dealt out in turn, as in BS.1770-4 annex 2, whose 12 taps a point are up to 1 dB wrong
    on white noise; these stay within 0.1 dB of a converter's filter. A frame itself is a point too:
    with the top rolled off it may come out higher than it is written.
    """
    low_pass = firwin(2 * REACH_FRAMES * OVERSAMPLING + 1, CUTOFF / OVERSAMPLING, window=("kaiser", 3.5))
    points = [low_pass[point::OVERSAMPLING][: 2 * REACH_FRAMES][::-1] for point in range(OVERSAMPLING)]
    return np.ascontiguousarray(points, np.float32) * np.float32(OVERSAMPLING)


INTERPOLATORS = _interpolators()
LARGEST_GAIN = float(np.abs(INTERPOLATORS).sum(axis=1).max()) * 1.001  # no point exceeds its frames by more


@njit(cache=True, nogil=True)
def _peaks(samples, interpolators, quiet, peaks):  # type: ignore[no-untyped-def]
    """Write the highest level at and just after each frame; 0 where everything near is below `quiet`.

    `samples`, shape (channels, frames), reaches beyond `peaks` by one frame less than an interpolator.
    Sums run tap by tap over many frames: vectors without reordering any sum, so a frame gives the same
    bits in any block.
    """
    points, taps = interpolators.shape
    level = np.empty(SEGMENT_FRAMES, np.float32)
    for start in range(0, len(peaks), SEGMENT_FRAMES):
        frames = min(SEGMENT_FRAMES, len(peaks) - start)
        highest = peaks[start : start + frames]
        highest[:] = 0.0
        for channel in range(samples.shape[0]):
            near = samples[channel, start : start + frames + taps - 1]
            loudest = np.float32(0.0)
            for frame in range(len(near)):
                loudest = max(loudest, abs(near[frame]))
            if loudest <= quiet:
                continue
            for frame in range(frames):
                highest[frame] = max(highest[frame], abs(near[frame + taps // 2 - 1]))
            for point in range(points):
                level[:frames] = 0.0
                for tap in range(taps):
                    weight = interpolators[point, tap]
                    for frame in range(frames):
                        level[frame] += weight * near[frame + tap]
                for frame in range(frames):
                    highest[frame] = max(highest[frame], abs(level[frame]))


@njit(cache=True, nogil=True)
def _reduce(peaks, ceiling, target, release, start, memory, needed, envelopes, ramps, reductions):  # type: ignore[no-untyped-def]
    """Write by how much each frame is turned down: 0 not at all, 1 to silence.

    The largest need of the last frames, falling back slowly, averaged twice: down in time, without
    corners, and back to exactly 0. `start` counts frames since the beginning; `needed`, `envelopes` and
    `ramps` are rings of the last values of each stage.
    """
    envelope, held, held_at, envelope_sum, ramp_sum = memory
    whole = np.float64(UNITY) * len(envelopes) * len(ramps)
    for frame in range(len(peaks)):
        now = start + frame
        need = np.int64(0)
        if peaks[frame] > ceiling:
            need = np.int64(math.ceil((1.0 - target / peaks[frame]) * UNITY))
        needed[now % len(needed)] = need
        if need >= held:
            held, held_at = need, now
        elif now - held_at >= len(needed):  # the largest has left the ring: find the next
            held = np.int64(-1)
            for age in range(len(needed) - 1, -1, -1):
                if needed[(now - age) % len(needed)] >= held:
                    held, held_at = needed[(now - age) % len(needed)], now - age
        envelope = max(held, np.int64(envelope * release))

        slot = now % len(envelopes)
        envelope_sum += envelope - envelopes[slot]
        envelopes[slot] = envelope
        slot = now % len(ramps)
        ramp_sum += envelope_sum - ramps[slot]
        ramps[slot] = envelope_sum
        reductions[frame] = ramp_sum / whole
    memory[:] = envelope, held, held_at, envelope_sum, ramp_sum


@njit(cache=True, nogil=True)
def _turn_down(samples, reductions, out):  # type: ignore[no-untyped-def]
    """Write samples (channels, frames) to out (frames, channels), turned down; exact where they are not."""
    for frame in range(len(reductions)):
        gain = 1.0 - reductions[frame]
        for channel in range(samples.shape[0]):
            out[frame, channel] = samples[channel, frame] * gain


class Limiter:
    """Keeps the true peak of a sound under a ceiling; every channel is turned down alike.

    What comes out is `look_ahead_frames` behind what went in: the first blocks are shorter by that much
    and `flush` gives it back, so every frame keeps its place. Blocks of any size give the same sound.
    """

    def __init__(self, ceiling_dbtp: float, sample_rate: int, channels: int) -> None:
        self._ceiling = 10.0 ** (ceiling_dbtp / 20.0)
        self._target = self._ceiling * 10.0 ** (-MARGIN_DB / 20.0)
        self._release = math.exp(-1.0 / (RELEASE_S * sample_rate))
        ahead = round(LOOK_AHEAD_S * sample_rate) - REACH_FRAMES - HOLD_FRAMES // 2
        ramp = max(SHORTEST_RAMP_FRAMES, ahead // 2)
        self.look_ahead_frames = REACH_FRAMES + 2 * (ramp - 1) + HOLD_FRAMES // 2
        # A reduction reaches its full depth when both averages hold nothing else, and stays for the hold.
        self._needed = np.zeros(2 * ramp - 1 + HOLD_FRAMES, np.int64)
        self._envelopes = np.zeros(ramp, np.int64)
        self._ramps = np.zeros(ramp, np.int64)
        self._memory = np.zeros(5, np.int64)
        self._kept = np.zeros((channels, max(self.look_ahead_frames, 2 * REACH_FRAMES - 1)), np.float32)
        self._frames = 0

    def process(self, block: Block) -> Block:
        """Return the next frames, limited, as many as can be known already; shape (frames, channels)."""
        early = max(0, self.look_ahead_frames - self._frames)
        return self._limited(block)[early:]

    def flush(self) -> Block:
        """Return the frames that are still due; the sound is over, and nothing may follow."""
        silence = np.zeros((self.look_ahead_frames, len(self._kept)), np.float32)
        return self.process(silence)

    def _limited(self, block: Block) -> Block:
        """Return as many frames as came, `look_ahead_frames` late."""
        channels, kept = self._kept.shape
        samples = np.empty((channels, kept + len(block)), np.float32)
        samples[:, :kept] = self._kept
        samples[:, kept:] = block.T
        peaks, reductions = np.empty((2, len(block)))
        _peaks(samples[:, kept - 2 * REACH_FRAMES + 1 :], INTERPOLATORS, self._ceiling / LARGEST_GAIN, peaks)
        _reduce(
            peaks,
            self._ceiling,
            self._target,
            self._release,
            self._frames,
            self._memory,
            self._needed,
            self._envelopes,
            self._ramps,
            reductions,
        )
        out = np.empty((len(block), channels), np.float32)
        _turn_down(samples[:, kept - self.look_ahead_frames :], reductions, out)
        self._kept = samples[:, len(block) :].copy()
        self._frames += len(block)
        return out
