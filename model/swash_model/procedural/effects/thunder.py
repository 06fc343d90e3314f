"""Thunder: one strike that cracks, claps and rolls away, or a storm of them."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.signal import butter

from swash_model.dsp import chance
from swash_model.dsp.chance import Events, Noise
from swash_model.dsp.filters import DENORMAL, butterworth
from swash_model.dsp.lightning import SOUND_M_S, Shocks, add_shocks, shocks
from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Effect, Endless, Number, OneShot, Preset, Values

ARRIVALS = 0.72  # of the duration, while the channel is heard; the rest is echo
CRACK_KM = 1.0  # from beyond, air has taken the crack
BURSTS = 60
AIR_DAMPING = 1.6  # no peak at the cutoff
ECHO = 6.0
DETOUR = 2.5
LOWEST_CUTOFF_HZ = 170.0
PIECE_FRAMES = 20 * QUANTUM_FRAMES  # at a time, of a whole strike: they stay in the cache
LONGEST_S = 15.0 * 1.25

CRACK_STREAM, ECHO_STREAM, BURST_STREAM = 1, 2, 40
STRIKE_STREAM, DUE_STREAM = 41, 42


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
        return out * (self._level * self._fade(start, frames))

    def _fade(self, start: int, frames: int) -> Samples:
        """Return 1 while the channel is heard, then the way down to silence at the end."""
        left = (self._frames - start - np.arange(frames)) / ((1.0 - ARRIVALS) * self._frames)
        return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(left, 0.0, 1.0)))


def _loudness(distance_km: float, power: float) -> float:
    """Return the level of the nearest shock: the range that games have room for, less than the 43 dB of nature."""
    return float(3.0 * (0.5 + distance_km) ** -0.8 * 10.0 ** ((power - 0.6) * 0.7))


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


def strike(timeline: Timeline, values: Values) -> Samples:
    """Return one whole strike, shape (2, frames)."""
    duration_s = values.number("duration_s")
    struck = Strike(
        timeline.seed,
        distance_km=values.number("distance_km"),
        power=values.number("power"),
        duration_s=duration_s,
        crack=values.number("crack"),
    )
    pieces = []
    while not struck.over:
        pieces.append(struck.take(PIECE_FRAMES))
    return np.concatenate(pieces, axis=1)


class Storm:
    """A voice of strikes that come by chance, each from its own distance."""

    def __init__(self, timeline: Timeline, values: Values) -> None:  # noqa: ARG002
        self._timeline = timeline
        self._events = Events(timeline, DUE_STREAM)
        self._strikes: list[Strike] = []
        self._begun = False

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        if not self._begun:
            self._begin(start, values)
        if self._due(start, values):
            self._strikes.append(self._strike(start, values))
        out = np.zeros((2, QUANTUM_FRAMES))
        for struck in self._strikes:
            out += struck.take(QUANTUM_FRAMES)
        self._strikes = [struck for struck in self._strikes if not struck.over]
        return out

    def _begin(self, start: int, values: Values) -> None:
        """Let the strikes of the turn before ring into a loop; an endless storm has none."""
        self._begun = True
        if self._timeline.loop_frames is None:
            return
        for quanta in range(round(LONGEST_S / QUANTUM_S), 0, -1):
            frames = quanta * QUANTUM_FRAMES
            if self._due(start - frames, values):
                struck = self._strike(start - frames, values)
                struck.take(frames)
                if not struck.over:
                    self._strikes.append(struck)

    def _due(self, start: int, values: Values) -> bool:
        """Return whether a strike begins in this quantum; the first one does within a second."""
        quantum = self._timeline.position(start) // QUANTUM_FRAMES
        first = int(100.0 * chance.uniform(self._timeline.seed, STRIKE_STREAM, 0))
        onsets, _ = self._events.take(start, values.number("strikes_per_min") / 60.0)
        return quantum == first or len(onsets) > 0

    def _strike(self, start: int, values: Values) -> Strike:
        """Return the strike of this quantum: nearer or farther, longer or shorter than the storm at large."""
        quantum = self._timeline.position(start) // QUANTUM_FRAMES
        draw = chance.uniforms(self._timeline.seed, STRIKE_STREAM, quantum + 1, 4)
        return Strike(
            int(draw[0] * 2.0**32),
            distance_km=min(15.0, max(0.1, values.number("distance_km") * 5.0 ** (draw[1] - 0.5))),
            power=values.number("power") * (0.6 + 0.4 * draw[2]),
            duration_s=values.number("duration_s") * (0.75 + 0.5 * draw[3]),
            crack=values.number("crack"),
        )


THUNDER = Effect(
    id="thunder",
    title="Thunder",
    description="A strike of lightning heard from near or far, or a storm of them.",
    ucs_cat_id="THUN",
    version=1,
    parameters=(
        Number(
            "distance_km",
            "How far the lightning strikes: below 1 it cracks, from 5 it only rumbles; for a storm its middle.",
            0.1,
            15.0,
            1.2,
            "km",
            curve="logarithmic",
            live=True,
        ),
        Number("power", "Energy of the strike: louder and deeper.", 0.0, 1.0, 0.6, live=True),
        Number("duration_s", "How long a strike is heard until it has rolled away.", 3.0, 15.0, 9.0, "s"),
        Number("crack", "How sharply a strike nearer than 1 km tears the air.", 0.0, 1.0, 0.7, live=True),
        Number(
            "strikes_per_min",
            "How many strikes a minute a storm has.",
            1.0,
            6.0,
            3.0,
            curve="logarithmic",
            live=True,
        ),
    ),
    presets=(
        Preset(
            "close_crack",
            "A strike a few houses away: it tears, cracks and booms.",
            {"distance_km": 0.15, "crack": 1.0, "power": 0.7, "duration_s": 7.0},
            "THUN",
        ),
        Preset(
            "overhead_clap",
            "A heavy clap right above, with a long echo.",
            {"distance_km": 0.5, "crack": 0.4, "power": 1.0, "duration_s": 10.0},
            "THUN",
        ),
        Preset("rolling", "Clap after clap, rolling away.", {"distance_km": 3.0, "duration_s": 13.0}, "THUN"),
        Preset("short_clap", "A single dry clap.", {"distance_km": 0.8, "power": 0.4, "duration_s": 3.5}, "THUN"),
        Preset(
            "distant_rumble",
            "A low rumble from behind the hills.",
            {"distance_km": 9.0, "duration_s": 11.0},
            "THUN",
        ),
        Preset(
            "far_horizon",
            "Barely there: the storm of another valley.",
            {"distance_km": 15.0, "power": 0.35, "duration_s": 8.0},
            "THUN",
        ),
        Preset(
            "storm",
            "A storm overhead, a strike every ten seconds or so.",
            {"distance_km": 1.5, "strikes_per_min": 6.0, "power": 0.8, "duration_s": 10.0},
            "STORM",
        ),
        Preset(
            "distant_storm",
            "A storm that stays away, grumbling.",
            {"distance_km": 7.0, "strikes_per_min": 4.0, "duration_s": 12.0},
            "STORM",
        ),
    ),
    one_shot=OneShot(strike, gain_db=-17.5),
    endless=Endless(Storm, gain_db=-18.5, min_loop_s=4.0),
)
