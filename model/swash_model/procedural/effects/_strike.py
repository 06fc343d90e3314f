"""One strike of lightning as it is heard: shocks, the crack of the nearest ones, the echo, the air between."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.signal import butter

from swash_model.dsp import chance
from swash_model.dsp.chance import Noise
from swash_model.dsp.filters import DENORMAL, butterworth
from swash_model.dsp.lightning import SOUND_M_S, Shocks, add_shocks, shocks
from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, SAMPLE_RATE, Samples, Timeline

ARRIVALS = 0.72  # of the duration, while the channel is heard; the rest is echo
CRACK_KM = 1.0  # from beyond, the air has taken the crack
BURSTS = 60  # that a crack is made of
ECHO = 6.0  # its band lets 14 dB less through: between two claps it is as loud as they are
DETOUR = 2.5  # times as far as the channel reaches up: sound heard late has been round the hills
LOUDEST = 10.0  # three times the nearest shock of a common strike
LOWEST_CUTOFF_HZ = 170.0  # lower, and small loudspeakers would have nothing to play
AIR_DAMPING = 1.6  # 1 / Q: no peak at the cutoff

CRACK_STREAM, ECHO_STREAM, BURST_STREAM = 1, 2, 40


@njit(cache=True, nogil=True)
def _add_bursts(onset, decay, left, right, start, noise, out):  # type: ignore[no-untyped-def]
    """Add bursts of noise (frames,) that die away from their onsets to out (2, frames); both begin at `start`."""
    for k in range(onset.shape[0]):
        first = max(onset[k], start)
        last = min(onset[k] + int(7.0 * decay[k]), start + out.shape[1])
        level = math.exp((onset[k] - first) / decay[k])
        fall = math.exp(-1.0 / decay[k])
        for frame in range(first, last):
            out[0, frame - start] += left[k] * level * noise[frame - start]
            out[1, frame - start] += right[k] * level * noise[frame - start]
            level *= fall


@njit(cache=True, nogil=True)
def _roll(cutoff_hz, sections, echo_s, noise, memory, out):  # type: ignore[no-untyped-def]
    """Add to shocks what hills and clouds return of them, and send it all through the air; out is (2, frames).

    `cutoff_hz` is one a quantum. The echo is noise (2, frames) at the level that shocks have had just now
    and of late, in a band of two `sections`. One loop for all of it: the two channels' filters keep the
    processor busy while each waits for its last frame.
    """
    near, far = 1.0 / (0.2 * SAMPLE_RATE), 1.0 / (echo_s * SAMPLE_RATE)
    g, a = 0.0, 0.0
    for frame in range(out.shape[1]):
        if frame % QUANTUM_FRAMES == 0:
            g = math.tan(math.pi * cutoff_hz[frame // QUANTUM_FRAMES] / SAMPLE_RATE)
            a = 1.0 / (1.0 + g * (g + AIR_DAMPING))
        heard = abs(out[0, frame] + out[1, frame])
        memory[2, 0] += near * (heard - memory[2, 0])
        memory[2, 1] += far * (heard - memory[2, 1])
        level = ECHO * (memory[2, 0] + memory[2, 1])
        for channel in range(2):
            state = memory[channel]
            # A correlation of 0.6: an echo comes from all around.
            x = level * (0.894 * noise[0, frame] + (0.447 - 0.894 * channel) * noise[1, frame])
            for k in range(2):
                section, s = sections[k], 2 + 2 * k
                y = section[0] * x + state[s]
                state[s] = section[1] * x - section[4] * y + state[s + 1] + DENORMAL
                state[s + 1] = section[2] * x - section[5] * y
                x = y
            # The air: a trapezoidal low-pass, as in dsp.filters.
            band = a * (state[0] + g * (out[channel, frame] + x - state[1]))
            low = state[1] + g * band
            state[0] = 2.0 * band - state[0] + DENORMAL
            state[1] = 2.0 * low - state[1]
            out[channel, frame] = low


class Strike:
    """One flash as it is heard, from its first sound on, in pieces of any whole number of quanta."""

    def __init__(self, seed: int, *, distance_km: float, power: float, duration_s: float, crack: float) -> None:
        timeline = Timeline(seed, 0)
        self._km = distance_km
        self._frame = 0
        self._frames = round(duration_s / QUANTUM_S) * QUANTUM_FRAMES
        self._level = _loudness(distance_km, power)
        self._shocks = shocks(seed, distance_m=1000.0 * distance_km, reach_s=ARRIVALS * duration_s, power=power)
        self._bursts = _bursts(seed, self._shocks, crack * max(0.0, 1.0 - distance_km / CRACK_KM))
        self._crack_noise = Noise(timeline, CRACK_STREAM, channels=1)
        self._crack = butterworth("highpass", 1500.0, order=1)
        # The echo of a near strike still has some of its edge.
        echo_hz = (35.0, 160.0 + 240.0 / (1.0 + distance_km))
        self._echo = np.asarray(butter(2, echo_hz, "bandpass", fs=SAMPLE_RATE, output="sos"))
        self._echo_s = min(0.9 + 0.25 * distance_km, 0.2 * duration_s)
        self._echo_noise = Noise(timeline, ECHO_STREAM)
        self._memory = np.zeros((3, 6))

    @property
    def over(self) -> bool:
        """Return whether all of it has been taken."""
        return self._frame >= self._frames

    def take(self, frames: int) -> Samples:
        """Return the next frames, shape (2, frames)."""
        start = self._frame
        self._frame += frames
        out = np.zeros((2, frames))
        if self._bursts is not None and start < self._bursts[0][-1] + SAMPLE_RATE:
            _add_bursts(*self._bursts, start, self._crack_noise.take(start, frames)[0], out)
            out = self._crack.process(out)
        add_shocks(self._shocks, start, out)
        # What is heard later comes from farther up the channel and by longer ways, so air dulls it more and more.
        t = (start + np.arange(0, frames, QUANTUM_FRAMES)) / SAMPLE_RATE
        km = self._km + DETOUR * t * SOUND_M_S / 1000.0
        cutoff_hz = np.maximum(LOWEST_CUTOFF_HZ, 9000.0 / (1.0 + 1.8 * km) ** 1.4)
        _roll(cutoff_hz, self._echo, self._echo_s, self._echo_noise.take(start, frames), self._memory, out)
        out *= self._level * self._fade(start, frames)
        # Claps that arrive at once would stand 9 dB over the others, and no game has room for that.
        return np.asarray(out / np.sqrt(1.0 + (out / LOUDEST) ** 2))

    def _fade(self, start: int, frames: int) -> Samples:
        """Return 1 while the channel is heard, then the way down to silence at the end."""
        left = (self._frames - start - np.arange(frames)) / ((1.0 - ARRIVALS) * self._frames)
        return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(left, 0.0, 1.0)))


def _loudness(distance_km: float, power: float) -> float:
    """Return the level of the nearest shock: the range that games have room for, less than the 43 dB of nature."""
    return float(3.95 * (1.2 + distance_km) ** -0.8 * 10.0 ** ((power - 0.6) * 0.7))


def _bursts(
    seed: int, sent: Shocks, crack: float
) -> tuple[npt.NDArray[np.int64], Samples, Samples, Samples] | None:
    """Return onsets, decays (frames), left and right levels of the crack: the first arrivals tear the air."""
    if crack <= 0.0:
        return None
    number = np.arange(BURSTS)
    at = np.minimum(number + number**2 // 20, len(sent.onset) - 1)  # every arrival at first, then ever fewer
    draw, length = chance.uniforms(seed, BURST_STREAM, 0, 2 * BURSTS).reshape(2, BURSTS)
    level = 1.2 * crack * (0.3 + 0.7 * draw)
    decay = (0.008 + 0.03 * length**2) * SAMPLE_RATE
    return sent.onset[at].astype(np.int64), decay, level * sent.left[at], level * sent.right[at]
