"""What a place adds to a sound: its first echoes, its reverberation, and what water keeps back.

The reverberation is a feedback delay network: eight delay lines that feed each other through a Householder
matrix, each with a one-pole low-pass that lets it die in the time of the place, treble sooner (Jot & Chaigne,
"Digital delay networks for designing artificial reverberators", AES 90, 1991). Allpasses before it (Schroeder,
"Natural sounding artificial reverberation", JAES 10, 1962) make one click many.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from swash_model.dsp.filters import DENORMAL, StateVariable
from swash_model.dsp.timeline import SAMPLE_RATE, Samples

LINES = 8
DIFFUSION = 0.62
DIFFUSERS_FRAMES = np.array([142, 379, 107, 277])
REFERENCE_T60_S = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """A place: how its walls answer.

    `lines_ms` are the times between walls, `t60_s` the reverberation time in the bass and `treble` its share at
    the very top; `wet_db` the level of what comes back; `echoes` the first ones, (ms, gain, pan). `cutoff_hz`
    dulls everything, as water does.
    """

    lines_ms: tuple[float, ...]
    t60_s: float
    treble: float
    wet_db: float
    echoes: tuple[tuple[float, float, float], ...] = ()
    cutoff_hz: float | None = None


PLACES = {
    "room": Place(
        lines_ms=(7.1, 9.7, 11.9, 13.1, 16.3, 18.7, 21.1, 23.9),
        t60_s=0.4,
        treble=0.5,
        wet_db=-14.0,
        echoes=((4.3, 0.26, -0.5), (6.1, 0.23, 0.6), (9.4, 0.18, -0.2), (13.7, 0.14, 0.4)),
    ),
    "hall": Place(
        lines_ms=(29.3, 34.7, 41.3, 47.9, 53.1, 59.7, 66.1, 71.9),
        t60_s=1.8,
        treble=0.35,
        wet_db=-4.0,
        echoes=((17.3, 0.28, -0.6), (24.1, 0.25, 0.7), (37.9, 0.2, -0.3), (52.6, 0.16, 0.3), (71.3, 0.12, 0.0)),
    ),
    "cave": Place(
        lines_ms=(36.7, 43.1, 49.3, 58.7, 66.7, 74.9, 86.3, 96.7),
        t60_s=2.7,
        treble=0.2,
        wet_db=5.0,
        echoes=((31.0, 0.35, 0.6), (58.0, 0.3, -0.7), (97.0, 0.25, 0.2), (139.0, 0.2, -0.4), (191.0, 0.14, 0.5)),
    ),
    "underwater": Place(
        lines_ms=(5.3, 6.7, 8.3, 9.9, 11.3, 12.7, 14.9, 16.1),
        t60_s=0.7,
        treble=0.3,
        wet_db=-6.0,
        cutoff_hz=650.0,
    ),
}
"""By name; anywhere else nothing comes back."""


@njit(cache=True, nogil=True)
def _reverberate(  # type: ignore[no-untyped-def]
    samples, send, width, heard, taps, diffusers, lines, lengths, gains, poles, state, at, wet, out
):
    """Fill out (2, frames) with what comes back of samples (2, frames).

    `send` and `width` are (before, after) of the quantum; `heard` (2, H), `diffusers` (2, 2, D) and `lines`
    (LINES, L) are ring buffers; `taps` is (echoes, 3): frames, gain left, gain right; `at` counts frames.
    """
    frames = samples.shape[1]
    matrix = 2.0 / lengths.shape[0]
    feeds = np.empty(lengths.shape[0])
    for frame in range(frames):
        share = (frame + 1) / frames
        level = send[0] + (send[1] - send[0]) * share
        wide = width[0] + (width[1] - width[0]) * share
        now = at + frame
        left = right = 0.0
        place = now % heard.shape[1]
        for channel in range(2):
            heard[channel, place] = samples[channel, frame] * level
        for tap in range(taps.shape[0]):
            then = (now - int(taps[tap, 0])) % heard.shape[1]
            came = heard[0, then] + heard[1, then]
            left += taps[tap, 1] * came
            right += taps[tap, 2] * came
        total = 0.0
        for line in range(lengths.shape[0]):
            came = lines[line, now % lengths[line]]
            state[line] = gains[line] * (1.0 - poles[line]) * came + poles[line] * state[line] + DENORMAL
            feeds[line] = state[line]
            total += state[line]
            # Signs in pairs: neither ear hears the sum, and the two are not alike.
            if line % 2 == 0:
                left += wet * state[line] * (1.0 if line % 4 == 0 else -1.0)
            else:
                right += wet * state[line] * (1.0 if line % 4 == 1 else -1.0)
        for channel in range(2):
            x = heard[channel, place]
            for stage in range(2):
                length = DIFFUSERS_FRAMES[2 * channel + stage]
                ring = diffusers[channel, stage]
                then = now % length
                y = ring[then] - DIFFUSION * x
                ring[then] = x + DIFFUSION * y + DENORMAL
                x = y
            for line in range(channel, lengths.shape[0], 2):
                lines[line, now % lengths[line]] = x + feeds[line] - matrix * total
        mid, side = 0.5 * (left + right), 0.5 * (left - right) * wide
        out[0, frame], out[1, frame] = mid + side, mid - side


class Room:
    """A place around one voice. Remembers its echoes."""

    def __init__(self, place: Place) -> None:
        """Begin in silence."""
        self.tail_s = place.t60_s
        self._lengths = np.array([round(each * SAMPLE_RATE / 1000.0) for each in place.lines_ms])
        # Each line falls by 60 dB in t60_s, at the very top of the spectrum in `treble` of it.
        self._gains = 10.0 ** (-3.0 * self._lengths / (place.t60_s * SAMPLE_RATE))
        self._poles = 0.25 * math.log(10.0) * np.log10(self._gains) * (1.0 - 1.0 / place.treble**2)
        self._poles = np.minimum(self._poles, 0.9)
        self._lines = np.zeros((LINES, int(self._lengths.max())))
        self._state = np.zeros(LINES)
        self._diffusers = np.zeros((2, 2, int(DIFFUSERS_FRAMES.max())))
        angles = [(pan + 1.0) * 0.25 * math.pi for _, _, pan in place.echoes]
        self._taps = np.array(
            [
                (ms * SAMPLE_RATE / 1000.0, 0.5 * gain * math.cos(angle), 0.5 * gain * math.sin(angle))
                for (ms, gain, _), angle in zip(place.echoes, angles, strict=True)
            ]
        ).reshape(-1, 3)
        furthest = int(self._taps[:, 0].max()) if len(self._taps) else 0
        self._heard = np.zeros((2, furthest + 1))
        # A longer reverberation holds more of what was sent into it.
        self._wet = 10.0 ** (place.wet_db / 20.0) / math.sqrt(max(place.t60_s, 0.1) / REFERENCE_T60_S) / 2.0
        self._at = 0
        self._cutoff_hz = place.cutoff_hz
        self._dull = StateVariable("lowpass")
        self._last: tuple[float, float] | None = None

    def process(self, samples: Samples, *, send: float = 1.0, width: float = 1.0) -> Samples:
        """Return samples, shape (2, frames), with what comes back of them.

        `send` is the gain of what the place hears, `width` how far apart its two sides are; both glide from the
        last call's.
        """
        if self._cutoff_hz is not None:
            samples = self._dull.process(samples, self._cutoff_hz, 0.75)
        before, self._last = self._last or (send, width), (send, width)
        wet = np.empty(samples.shape)
        _reverberate(
            np.ascontiguousarray(samples),
            np.array((before[0], send)),
            np.array((before[1], width)),
            self._heard,
            self._taps,
            self._diffusers,
            self._lines,
            self._lengths,
            self._gains,
            self._poles,
            self._state,
            self._at,
            self._wet,
            wet,
        )
        self._at += samples.shape[1]
        return np.asarray(samples + wet)
