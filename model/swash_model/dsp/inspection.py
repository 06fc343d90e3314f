"""What can be wrong with a finished sound, and what it is like, in numbers."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.signal import welch

from swash_model.dsp.loudness import loudness_lufs, true_peak_dbtp
from swash_model.dsp.seam import NEAR_S, SHORTEST_FRAMES, Seam, seam_of
from swash_model.spec import Block

FULL_SCALE = 0.999  # a flat top from here on is clipped; a limiter at 0 dBTP leaves flat tops further down
CLIPPED_FRAMES = 3  # equal samples at one extreme: two may be chance

# A click is one jump from a sample to the next that is CLICK_RATIO times as large as any other within CLICK_NEAR_S
# at either side. Sounds that are made of jumps (a fire, glass, a square wave, the front of a blast) have more than
# one there: of all presets the most lonely jump is 4 times its surroundings.
CLICK_RATIO = 8.0
CLICK_NEAR_S = 0.05  # longer than half a period of the lowest square wave that is heard as a tone
CLICK_FRAMES = 3  # a wrong sample is two jumps, and what resampled or limited it has spread it a little
CLICK_JUMP = 0.003  # -50 dBFS: a smaller one is not heard under anything
CLICK_FLOOR = 1e-4  # what surrounds a jump counts as at least so much: 3 steps of 16 bits
CLICK_SHORTEST_S = 0.005  # below, a jump has no surroundings
SPAN_FRAMES = 64  # jumps are looked at in spans, of which all but a few can be passed over

MAX_TOLD = 100  # clicks and clipped runs of a channel that are told one by one
LEAST_DBFS = -140.0

ONSET_DB = -40.0  # against the peak: fainter is not yet the sound
TAIL_DB = -60.0
SPECTRUM_FRAMES = 8192


@dataclass(frozen=True, slots=True)
class Survey:
    """What one quick pass over a sound tells. Peaks, means and powers (mean squares) are linear, one a channel.

    `clipped` and `clicks` are frames in order, where a clipped run begins and where a jump lands (the number of
    frames: at the end); at most MAX_TOLD a channel. With samples that are not finite nothing else is known.
    """

    frames: int
    not_finite: int
    peaks: tuple[float, ...]
    means: tuple[float, ...]
    powers: tuple[float, ...]
    clipped: tuple[int, ...]
    clicks: tuple[int, ...]

    @property
    def peak(self) -> float:
        """Return the highest level of any channel; 0 of an empty sound."""
        return max(self.peaks, default=0.0)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a finished sound is like.

    Levels are -140 dBFS at the least, `loudness_lufs` -70, `true_peak_dbtp` -120. `onset_s` is when it first comes
    within 40 dB of its peak, `tail_s` how long it stays 60 dB below that at the end, `centroid_hz` the centre of
    gravity of its power spectrum; all three 0 of silence. `seam` is there for loops long enough to have one.
    """

    sample_rate: int
    channels: int
    survey: Survey
    loudness_lufs: float
    true_peak_dbtp: float
    peak_dbfs: float
    dc_dbfs: tuple[float, ...]
    onset_s: float
    tail_s: float
    centroid_hz: float
    seam: Seam | None

    @property
    def duration_s(self) -> float:
        """Return the length."""
        return self.survey.frames / self.sample_rate


@njit(cache=True, nogil=True)
def _pass_over(samples, full_scale, clipped_frames, spans, peaks, sums, squares, runs):  # type: ignore[no-untyped-def]
    """Survey samples (frames, channels) once; return how many are not finite.

    Written are the largest jump that lands in each span, shape (channels, spans); peaks, sums and sums of squares
    by channel; and the frames where clipped runs begin, shape (channels, told), -1 after the last.
    """
    frames, channels = samples.shape
    not_finite = 0
    for channel in range(channels):
        last = samples[0, channel]
        peak = np.float32(0.0)
        total = power = np.float64(0.0)
        flat, told = 0, 0
        for span in range(spans.shape[1]):
            largest = np.float32(0.0)
            part = part_power = np.float32(0.0)  # short sums as precise as the samples, long ones twice as much
            for frame in range(span * SPAN_FRAMES, min(frames, (span + 1) * SPAN_FRAMES)):
                sample = samples[frame, channel]
                part += sample
                part_power += sample * sample
                largest = max(largest, abs(sample - last))
                level = abs(sample)
                peak = max(peak, level)
                if level >= full_scale:
                    flat = flat + 1 if sample == last else 1
                    if flat == clipped_frames and told < runs.shape[1]:
                        runs[channel, told] = frame - clipped_frames + 1
                        told += 1
                last = sample
            if not math.isfinite(part) or not math.isfinite(largest):
                for frame in range(span * SPAN_FRAMES, min(frames, (span + 1) * SPAN_FRAMES)):
                    not_finite += not math.isfinite(samples[frame, channel])
            spans[channel, span] = largest
            total += part
            power += part_power
        peaks[channel], sums[channel], squares[channel] = peak, total, power
    return not_finite


@njit(cache=True, nogil=True)
def _find_clicks(samples, spans, near, beside, ratio, jump, floor, clicks):  # type: ignore[no-untyped-def]
    """Write the frames at which lonely jumps land, shape (channels, told), -1 after the last.

    A span is passed over as soon as one within `near` spans, but not beside it, has a jump that is large enough.
    """
    frames, channels = samples.shape
    for channel in range(channels):
        told = 0
        for span in range(spans.shape[1]):
            largest = spans[channel, span]
            if largest < jump or told == clicks.shape[1]:
                continue
            limit = largest / ratio - floor  # what surrounds it is to be smaller
            lonely = True
            for away in range(2, near):
                before, behind = span - away, span + away
                if (before >= 0 and spans[channel, before] > limit) or (
                    behind < spans.shape[1] and spans[channel, behind] > limit
                ):
                    lonely = False
                    break
            if not lonely:
                continue
            at = span * SPAN_FRAMES
            while at < 1 or abs(samples[at, channel] - samples[at - 1, channel]) < largest:
                at += 1
            for frame in range(max(1, at - near * SPAN_FRAMES), min(frames, at + near * SPAN_FRAMES + 1)):
                if abs(frame - at) > beside and abs(samples[frame, channel] - samples[frame - 1, channel]) > limit:
                    lonely = False
                    break
            if lonely and (told == 0 or at - clicks[channel, told - 1] > beside):
                clicks[channel, told] = at
                told += 1


def survey(sound: Block, sample_rate: int, *, loop: bool = False) -> Survey:
    """Return what is wrong with a whole sound, shape (frames, channels), if anything is. Some 1 ns a sample.

    `loop` says that it goes round: the first frame follows the last. Otherwise silence lies before and behind it.
    """
    frames, channels = sound.shape
    nothing = (0.0,) * channels
    if not frames:
        return Survey(0, 0, nothing, nothing, nothing, (), ())
    samples = np.ascontiguousarray(sound, np.float32)
    spans = np.empty((channels, -(-frames // SPAN_FRAMES)), np.float32)
    peaks, (sums, squares) = np.empty(channels, np.float32), np.empty((2, channels))
    runs = np.full((channels, MAX_TOLD), -1, np.int64)
    not_finite = _pass_over(samples, FULL_SCALE, CLIPPED_FRAMES, spans, peaks, sums, squares, runs)
    if not_finite:
        return Survey(frames, int(not_finite), nothing, nothing, nothing, (), ())
    return Survey(
        frames=frames,
        not_finite=0,
        peaks=tuple(map(float, peaks)),
        means=tuple(map(float, sums / frames)),
        powers=tuple(map(float, squares / frames)),
        clipped=_in_order(runs),
        clicks=_clicks(samples, spans, sample_rate, loop=loop),
    )


def inspect(sound: Block, sample_rate: int, *, loop: bool = False) -> Inspection:
    """Return all that can be told of a whole sound, shape (frames, channels).

    `loop` says that it goes round. What is not finite counts as silence.
    """
    surveyed = survey(sound, sample_rate, loop=loop)
    finite = np.nan_to_num(sound, posinf=0.0, neginf=0.0) if surveyed.not_finite else sound
    peak = float(np.abs(finite).max()) if sound.size else 0.0
    shortest = max(SHORTEST_FRAMES, round(4 * NEAR_S * sample_rate))
    return Inspection(
        sample_rate=sample_rate,
        channels=sound.shape[1],
        survey=surveyed,
        loudness_lufs=loudness_lufs(finite, sample_rate),
        true_peak_dbtp=true_peak_dbtp(finite, sample_rate),
        peak_dbfs=dbfs(peak),
        dc_dbfs=tuple(dbfs(abs(mean)) for mean in surveyed.means),
        onset_s=onset_s(finite, sample_rate),
        tail_s=tail_s(finite, sample_rate),
        centroid_hz=centroid_hz(finite, sample_rate),
        seam=seam_of(finite, sample_rate) if loop and len(sound) >= shortest else None,
    )


def dbfs(level: float) -> float:
    """Return a linear level, 1 full scale, in dBFS; -140 at the least."""
    return max(LEAST_DBFS, 20.0 * math.log10(max(level, 1e-12)))


def onset_s(sound: Block, sample_rate: int) -> float:
    """Return when a sound first comes within 40 dB of its peak; 0 of silence."""
    heard = _within(sound, ONSET_DB)
    return float(heard[0]) / sample_rate if len(heard) else 0.0


def tail_s(sound: Block, sample_rate: int) -> float:
    """Return how long a sound stays more than 60 dB below its peak at its end; 0 of silence."""
    heard = _within(sound, TAIL_DB)
    return float(len(sound) - 1 - heard[-1]) / sample_rate if len(heard) else 0.0


def centroid_hz(sound: Block, sample_rate: int) -> float:
    """Return the centre of gravity of the power spectrum of all channels (Welch's method); 0 of silence."""
    if not np.any(sound):
        return 0.0
    frequency, power = welch(sound, sample_rate, nperseg=min(SPECTRUM_FRAMES, len(sound)), axis=0)
    power = power.sum(axis=1)
    return float((frequency * power).sum() / max(power.sum(), 1e-30))


def _within(sound: Block, level_db: float) -> npt.NDArray[np.intp]:
    """Return the frames of which a channel comes within so much of the peak."""
    if not np.any(sound):
        return np.zeros(0, np.intp)
    level = np.abs(sound).max(axis=1)
    return np.flatnonzero(level >= level.max() * 10.0 ** (level_db / 20.0))


def _clicks(samples: Block, spans: npt.NDArray[np.float32], sample_rate: int, *, loop: bool) -> tuple[int, ...]:
    frames = len(samples)
    if frames < CLICK_SHORTEST_S * sample_rate:
        return ()
    near = max(2, round(CLICK_NEAR_S * sample_rate / SPAN_FRAMES))
    clicks = {*_in_order(_lonely(samples, spans, near))}
    edge = near * SPAN_FRAMES
    if frames >= edge:
        first, last, silence = samples[:edge], samples[-edge:], np.zeros((edge, samples.shape[1]), np.float32)
        if _clicks_between(last if loop else silence, first, near):
            clicks.add(0)
        if not loop and _clicks_between(last, silence, near):
            clicks.add(frames)
    return tuple(sorted(clicks))


def _clicks_between(before: Block, behind: Block, near: int) -> bool:
    """Return whether there is a click where one sound follows another."""
    around = np.concatenate([before, behind])
    jumps = np.abs(np.diff(around, axis=0, prepend=around[:1]))
    spans = np.maximum.reduceat(jumps, np.arange(0, len(jumps), SPAN_FRAMES)).T
    at = _lonely(around, np.ascontiguousarray(spans), near)
    return bool((np.abs(at - len(before)) <= CLICK_FRAMES).any())


def _lonely(samples: Block, spans: npt.NDArray[np.float32], near: int) -> npt.NDArray[np.int64]:
    """Return the frames at which lonely jumps land, shape (channels, told), -1 after the last."""
    clicks = np.full((samples.shape[1], MAX_TOLD), -1, np.int64)
    _find_clicks(samples, spans, near, CLICK_FRAMES, CLICK_RATIO, CLICK_JUMP, CLICK_FLOOR, clicks)
    return clicks


def _in_order(frames: npt.NDArray[np.int64]) -> tuple[int, ...]:
    """Return the frames of all channels, each once, in order."""
    return tuple(sorted({int(frame) for frame in frames.ravel() if frame >= 0}))
