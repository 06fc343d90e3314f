"""Electric arc: sparks that jump a gap again and again, the air that sizzles, the hum of what feeds them."""

import numpy as np
import numpy.typing as npt

from swash_model.dsp import chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.chance import Noise
from swash_model.dsp.drift import Drift, Drifts
from swash_model.dsp.envelopes import Glide, decay, fade_out
from swash_model.dsp.filters import butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Effect, Endless, Number, OneShot, Preset, Values
from swash_model.procedural.effects._beats import Beats

UNEVEN = 0.16  # of the time between two sparks: mains keep time, air does not
BRANCHES = 3  # a spark is so many, within two milliseconds
BRANCH_S = 0.0022
DRAWS = 6  # of each branch
HUM_LEVELS = np.array([1.0, 0.55, 0.2, 0.24, 0.14, 0.07, 0.03])  # of partials 1, 2, 3, 4, 6, 8 and 12
HUM_LEVEL = 0.1
SIZZLE_LEVEL = 0.3
RAMP = np.arange(1, QUANTUM_FRAMES + 1) / QUANTUM_FRAMES
SIZZLE_HZ = (2600.0, 12_000.0)
DRIVE = 1.8  # every microphone is overloaded by a spark
LARGEST = 2.4  # times the common spark

NOISE_STREAM = 1
SPUTTER_STREAM, PLACE_STREAM, HUM_STREAM = 10, 14, 16
BEAT_STREAM, SPARK_STREAM, GAP_STREAM = 40, 41, 42


class Sparks:
    """The sparks of one gap, as grains and puffs of noise; `object_seed` is the gap."""

    def __init__(self, timeline: Timeline, capacity: int = 512) -> None:
        self._timeline = timeline
        self._pitch = 0.85 + 0.3 * chance.uniform(timeline.object_seed, GAP_STREAM, 0)
        self._hiss = BurstBank(2 * capacity)
        self._ring = GrainBank(2 * capacity)

    def add(
        self,
        onsets: npt.NDArray[np.int64],
        numbers: npt.NDArray[np.int64],
        strength: Samples,
        current: float,
        pan: float,
    ) -> None:
        """Let sparks jump, arrays of shape (sparks,); onsets are frames after the start of the next piece."""
        count = BRANCHES * len(onsets)
        if not count:
            return
        draws = np.stack(
            [
                chance.uniforms(self._timeline.seed, SPARK_STREAM, int(number), BRANCHES * DRAWS)
                for number in numbers
            ]
        )
        draws = np.ascontiguousarray(draws.reshape(-1, DRAWS).T)  # (draws, sparks * branches)
        first = np.arange(count) % BRANCHES == 0
        late_s = BRANCH_S * draws[0] ** 2 * ~first
        onset = np.repeat(onsets, BRANCHES) + (late_s * SAMPLE_RATE).astype(np.int64)
        # Power law: a few reach right across, most are threads.
        size = np.minimum((0.12 + draws[1]) ** -0.55, LARGEST) * (0.6 + 0.4 * first)
        level = np.repeat(strength, BRANCHES) * size * (0.22 + 0.78 * current)
        both = np.tile(onset, 2)
        aside = np.tile(pan + 0.5 * (draws[2] - 0.5), 2)
        # Thicker is lower, and longer: the channel is wider and takes longer to cool.
        low = self._pitch * 2.2 ** (0.5 - current)
        snap_hz, body_hz = (4200.0 + 5500.0 * draws[3]) * low**0.5, (1200.0 + 1900.0 * draws[4]) * low
        self._hiss.add(
            both,
            centre_hz=np.concatenate([snap_hz, body_hz]),
            resonance=np.repeat([0.5, 0.8], count),
            decay=np.concatenate([np.full(count, 2600.0), (1000.0 - 550.0 * current) / size**0.5]),
            amplitude=np.concatenate([0.4 * level, 0.33 * level]),
            pan=aside,
            key=draws[[5, 0]].ravel(),
        )
        # The channel bursts open: a chirp that falls within 3 ms, and the push of the whole of it.
        chirp_hz, push_hz = (5000.0 + 3000.0 * draws[4]) * low**0.5, (260.0 + 640.0 * draws[3] ** 2) * low
        self._ring.add(
            both,
            frequency_hz=np.concatenate([chirp_hz, push_hz]),
            decay=np.repeat([1300.0, 620.0 - 350.0 * current], count),
            amplitude=np.concatenate([0.35 * level, 0.2 * (0.2 + current) * level]),
            pan=aside,
            phase=np.concatenate([6.28 * draws[5], np.zeros(count)]),
            rise=np.repeat([-230.0, 0.0], count),
            attack_s=0.00006,
        )

    def sound(self, out: Samples) -> None:
        """Add the next frames of every spark to `out`, shape (2, frames)."""
        self._hiss.sound(out)
        self._ring.sound(out)


class Arc:
    """A voice of an arc that burns on."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Strike the arc; in a loop the rate of its sparks is latched here."""
        self._beats = Beats(timeline, BEAT_STREAM, values.number("rate_hz"), UNEVEN)
        self._sparks = Sparks(timeline)
        self._noise = Noise(timeline, NOISE_STREAM)
        self._band = butterworth("bandpass", SIZZLE_HZ, order=1)
        self._sway = Drift(timeline, SPUTTER_STREAM, 3.1)
        self._flutter = Drift(timeline, SPUTTER_STREAM + 1, 13.0)
        self._place = Drift(timeline, PLACE_STREAM, 0.8)
        self._swell = Drifts(timeline, HUM_STREAM, 0.7, len(HUM_LEVELS))
        self._out = False  # blown out by the sputter
        self._sizzle_level = Glide()
        self._hum_levels: Samples | None = None

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        current, sputter = values.number("current"), values.number("sputter")
        burning = self._burning(start, sputter)
        due = self._beats.take(start, values.number("rate_hz"))
        strength = np.full(len(due.onsets), burning)
        if self._out and burning > 0.0 and len(strength):
            strength[0] = LARGEST  # it takes more to bridge the gap anew
        self._out = burning == 0.0
        if burning > 0.0:
            self._sparks.add(due.onsets, due.numbers, strength, current, 0.35 * self._place.at(start))
        turns = due.before + (due.after - due.before) * np.arange(QUANTUM_FRAMES) / QUANTUM_FRAMES
        level = SIZZLE_LEVEL * values.number("sizzle") * burning * (0.35 + 0.65 * current)
        out = self._band.process(correlated(self._noise.take(start), 0.5))
        partials = _partials(turns)
        out *= self._sizzle_level.take(level, QUANTUM_FRAMES) * _throb(partials)
        out += self._hum(start, partials.imag, values.number("hum") * (0.45 + 0.55 * current))
        self._sparks.sound(out)
        return np.asarray(np.tanh(DRIVE * out))

    def _burning(self, start: int, sputter: float) -> float:
        """Return how well the arc burns, around 1; 0 when it is out."""
        unsteady = 0.5 * self._sway.at(start) + 0.5 * self._flutter.at(start)
        return min(max(1.0 + sputter * (2.0 * unsteady - 0.45), 0.0), 1.7)

    def _hum(self, start: int, partials: Samples, level: float) -> Samples:
        """Return what transformer and chassis sing, shape (frames,): even multiples of the mains."""
        levels = level * HUM_LEVEL * HUM_LEVELS * (1.0 + 0.3 * self._swell.at(start + QUANTUM_FRAMES))
        before = levels if self._hum_levels is None else self._hum_levels
        self._hum_levels = levels
        return np.asarray(before @ partials + RAMP * ((levels - before) @ partials))


def _partials(turns: Samples) -> npt.NDArray[np.complex128]:
    """Return partials 1, 2, 3, 4, 6, 8 and 12 of what has turned so often, (7, frames): powers of one rotation."""
    one = np.exp(2.0j * np.pi * turns)
    two = one * one
    four = two * two
    eight = four * four
    return np.stack([one, two, one * two, four, two * four, eight, four * eight])


def _throb(partials: npt.NDArray[np.complex128]) -> Samples:
    """Return the gain of the hiss, (frames,): the air is hottest halfway between two sparks."""
    return np.asarray(1.0 - 0.65 * partials[0].real)


def zap(timeline: Timeline, values: Values) -> Samples:
    """Return one discharge, shape (2, frames): a crack, sparks that tire, a last few threads."""
    duration_s, current = values.number("duration_s"), values.number("current")
    frames = round((1.15 * duration_s + 0.06) * SAMPLE_RATE)
    onset_s = _discharges(timeline, duration_s, values.number("rate_hz"))
    draws = chance.uniforms(timeline.seed, GAP_STREAM, 1, 2 * len(onset_s)).reshape(2, -1)
    lost = draws[0] < 0.55 * values.number("sputter") * np.minimum(1.0, 2.0 * onset_s / duration_s)
    strength = np.exp(-1.6 * onset_s / duration_s) * (0.6 + 0.8 * draws[1]) * ~lost
    strength[0] = LARGEST
    sparks = Sparks(timeline, capacity=BRANCHES * len(onset_s))
    out = np.zeros((2, frames))
    sparks.add((onset_s * SAMPLE_RATE).astype(np.int64), np.arange(len(onset_s)), strength, current, 0.0)
    sparks.sound(out)

    turns = np.interp(np.arange(frames) / SAMPLE_RATE, onset_s, np.arange(len(onset_s)))
    partials = _partials(turns)
    level = decay(frames, 0.32 * duration_s)
    white = correlated(Noise(timeline, NOISE_STREAM).take(0, frames), 0.5)
    air = butterworth("bandpass", SIZZLE_HZ, order=1).process(white) * _throb(partials)
    out += SIZZLE_LEVEL * values.number("sizzle") * (0.35 + 0.65 * current) * level * air
    hum = HUM_LEVELS @ partials.imag
    out += HUM_LEVEL * values.number("hum") * (0.45 + 0.55 * current) * level * hum
    return fade_out(np.tanh(DRIVE * out), 0.25 * duration_s)


def _discharges(timeline: Timeline, duration_s: float, rate_hz: float) -> Samples:
    """Return when the sparks of a discharge jump, s, shape (sparks,): in haste at first, then ever slower."""
    count = max(4, round(1.15 * rate_hz * duration_s))
    late = chance.uniforms(timeline.seed, BEAT_STREAM, 0, count)
    way = (np.arange(count) + 2.0 * UNEVEN * late) / count
    onset_s = duration_s * way * (0.6 + 0.4 * way)
    return np.asarray(onset_s - onset_s[0])


ELECTRIC_ARC = Effect(
    id="electric_arc",
    title="Electric arc",
    description="Sparks that jump a gap: one zap, or an arc that buzzes, sizzles and sputters on.",
    ucs_cat_id="ELECArc",
    version=1,
    parameters=(
        Number(
            "rate_hz",
            "How many sparks a second: 100 and 120 are the mains', 20 a stun gun's.",
            12.0,
            300.0,
            100.0,
            "Hz",
            curve="logarithmic",
            live=True,
        ),
        Number(
            "current",
            "How strong: 0 threads that tick, 1 thick bolts, louder and lower.",
            0.0,
            1.0,
            0.5,
            live=True,
        ),
        Number(
            "sputter",
            "How unsteadily it burns: from 0.7 on it goes out and strikes anew.",
            0.0,
            1.0,
            0.45,
            live=True,
        ),
        Number("sizzle", "How much the air hisses between the sparks.", 0.0, 1.0, 0.4, live=True),
        Number("hum", "How much of the transformer is heard.", 0.0, 1.0, 0.3, live=True),
        Number("duration_s", "How long a single zap lasts.", 0.05, 2.0, 0.4, "s", curve="logarithmic"),
    ),
    presets=(
        Preset("zap", "A short discharge.", {"duration_s": 0.3, "hum": 0.1}, "ELECZap"),
        Preset(
            "stun_gun",
            "The hard ticking of a stun gun.",
            {"rate_hz": 21.0, "current": 0.45, "sputter": 0.1, "sizzle": 0.0, "hum": 0.0, "duration_s": 1.2},
            "ELECZap",
        ),
        Preset(
            "tesla_coil",
            "Long streamers, torn from a coil.",
            {"rate_hz": 230.0, "current": 0.75, "sputter": 0.7, "hum": 0.1, "duration_s": 0.9},
            "ELECArc",
        ),
        Preset(
            "laboratory_arc",
            "A fat arc between two rods.",
            {"current": 0.6, "sputter": 0.35, "sizzle": 0.7, "hum": 0.6, "duration_s": 1.6},
            "ELECArc",
        ),
        Preset(
            "torn_cable",
            "A torn cable that spits in a puddle.",
            {"current": 0.8, "sputter": 1.0, "sizzle": 0.6, "hum": 0.3, "duration_s": 0.7},
            "ELECSprk",
        ),
        Preset(
            "loose_contact",
            "Small sparks in a fuse box.",
            {"current": 0.15, "sputter": 0.95, "sizzle": 0.1, "hum": 0.5, "duration_s": 0.25},
            "ELECSprk",
        ),
        Preset(
            "transformer",
            "A transformer that hums, with a trace of corona.",
            {"current": 0.02, "sputter": 0.3, "sizzle": 0.15, "hum": 1.0},
            "ELECBuzz",
        ),
        Preset(
            "lightning_spell",
            "A bolt from the hand.",
            {"current": 1.0, "rate_hz": 160.0, "sputter": 0.6, "sizzle": 0.6, "duration_s": 0.8},
            "MAGElem",
        ),
    ),
    one_shot=OneShot(zap, gain_db=-4.8),
    endless=Endless(Arc, gain_db=-15.7, min_loop_s=2.0),
)
