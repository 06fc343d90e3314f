"""Sirens and alarms: a tone that wails, yelps, whoops or beeps through a horn, and the street that answers."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import butter

from swash_model.dsp import chance
from swash_model.dsp.chance import Noise
from swash_model.dsp.drift import Drift
from swash_model.dsp.envelopes import Glide, Glides
from swash_model.dsp.filters import Sections, StateVariable, butterworth
from swash_model.dsp.oscillators import pulse
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.dsp.turns import Turns
from swash_model.procedural.effect import Choice, Effect, Endless, Number, Preset, Values
from swash_model.procedural.effects._resonances import resonances
from swash_model.procedural.effects._siren_patterns import PATTERNS, Course

SOUND_M_S = 343.0
EDGE_S = 0.002  # how fast a tone is switched on and off
WANDER_TURNS = 2.5  # no oscillator of a siren is a quartz: it strays by so many turns and comes back
ECHOES_S = ((0.083, 0.171, 0.292), (0.109, 0.211, 0.263))  # walls to the left and to the right of a street
ECHO_LEVELS = (0.34, 0.26, 0.2)

ALONG = np.arange(QUANTUM_FRAMES + 1) / QUANTUM_FRAMES  # a quantum

BREATH_STREAM, WANDER_STREAM, FLUTTER_STREAM, PERFORMANCE_STREAM, OBJECT_STREAM = 1, 10, 12, 20, 21


@dataclass(frozen=True, slots=True)
class Horn:
    """What sounds: a pulse of `duty`, a band (Hz), resonances (Hz, Q, level), how it is overdriven, its breath.

    `second` is the pitch of a second rotor over the first's, as a ratio of whole numbers, or none.
    """

    duty: float
    band_hz: tuple[float, float]
    resonances: tuple[tuple[float, float, float], ...]
    drive: float
    level_db: float
    breath: float = 0.0
    second: tuple[int, int] | None = None


SPEAKER = Horn(
    0.46, (420.0, 5200.0), ((1150.0, 3.0, 0.9), (2450.0, 4.0, 1.1), (3900.0, 5.0, 0.7)), 0.6, 0.0, 0.012
)
BRASS = Horn(0.42, (300.0, 7500.0), ((520.0, 2.0, 0.8), (1500.0, 2.5, 1.3), (2900.0, 3.0, 0.8)), 0.7, -1.0, 0.05)
# The rotor of a siren opens and closes its ports in straight lines; two rows of ports sound a minor third.
ROTOR = Horn(0.42, (150.0, 3800.0), ((430.0, 2.0, 1.0), (980.0, 2.0, 0.7)), 0.45, -1.0, 0.1, (6, 5))
# A toothed wheel snaps a sheet of steel back and forth: short pulses, and the sheet rings.
SHEET = Horn(
    0.16,
    (220.0, 9000.0),
    ((690.0, 6.0, 1.4), (1430.0, 8.0, 1.8), (2750.0, 9.0, 1.5), (4600.0, 8.0, 1.0)),
    1.6,
    0.0,
    0.03,
)
PIEZO = Horn(0.45, (1400.0, 12_000.0), ((3100.0, 3.0, 1.2),), 0.4, -1.0)
BUZZER = replace(PIEZO, level_db=4.0)  # it is silent for most of the time

HORNS = {
    "wail": SPEAKER,
    "yelp": SPEAKER,
    "hi_lo": BRASS,
    "whoop": SPEAKER,
    "klaxon": SHEET,
    "beeper": BUZZER,
    "smoke": PIEZO,
    "air_raid": ROTOR,
    "car": SPEAKER,
}


class Tone:
    """The phase of a siren's tone: where it is in its pattern, and how often it has turned."""

    def __init__(self, timeline: Timeline, kind: str) -> None:
        pattern, horn = PATTERNS[kind], HORNS[kind]
        self._timeline = timeline
        self._course = Course(pattern)
        first, last = pattern.begins
        begins = first + (last - first) * chance.uniform(timeline.seed, PERFORMANCE_STREAM, 0)
        self._rounds = Turns(timeline, np.array([begins]))
        self._unit = horn.second[1] if horn.second else 1  # turns that both rotors come home after
        # No two are tuned alike; what plays notes is in tune.
        detune = 0.0 if kind == "hi_lo" else 0.05 * (chance.uniform(timeline.object_seed, OBJECT_STREAM, 0) - 0.5)
        self._tuning = 1.0 + detune
        self._steady: tuple[float, float] | None = None
        self._offset, self._last = 0.0, 0.0
        self._pitch = Glide()

    def take(self, start: int, rate: float, pitch: float) -> tuple[Samples, Samples, Samples]:
        """Return turns, pitch (Hz) and level per frame of the quantum from absolute frame `start`."""
        rate_hz = rate / self._course.period_s
        turning = self._rounds.step(start, np.array([rate_hz]))
        rounds = turning.begin[0] + (turning.end - turning.begin)[0] * ALONG
        hz, turns, level = self._course.at(rounds % 1.0)
        turns_a_round, scale = self._scale(rate_hz, pitch, float(turning.cycles[0]))
        course = turns * scale + np.floor(rounds) * turns_a_round
        hz = hz[:-1] * self._pitch.take(pitch * self._tuning, QUANTUM_FRAMES)
        if self._steady not in (None, (rate, pitch)):
            # On the way to another pitch or pace: count turn by turn from where the tone is.
            counted = self._last + np.concatenate([[0.0], np.cumsum(hz / SAMPLE_RATE)])
            self._offset += counted[-1] - (course[-1] + self._offset)
            course = counted - self._offset
        self._steady = (rate, pitch)
        course = course + self._offset
        self._last = float(course[-1])
        return course[:-1], hz, level[:-1]

    def _scale(self, rate_hz: float, pitch: float, rounds: float) -> tuple[float, float]:
        """Return the turns in a round, whole ones in a loop of `rounds`, and what to multiply the course's by."""
        if rounds:
            rate_hz = rounds * SAMPLE_RATE / (self._timeline.loop_frames or 1)
        per_round = self._course.turns * pitch * self._tuning / (rate_hz * self._course.period_s)
        if rounds:
            per_round = max(1, round(rounds * per_round / self._unit)) * self._unit / rounds
        return per_round, per_round / self._course.turns


class Street:
    """Walls on both sides that send the sound back, duller."""

    def __init__(self) -> None:
        self._delays = [[round(delay_s * SAMPLE_RATE) for delay_s in side] for side in ECHOES_S]
        self._reach = max(max(side) for side in self._delays)
        self._past = np.zeros(4 * self._reach)
        self._end = self._reach
        self._dull = butterworth("lowpass", 2300.0, order=1, channels=1)

    def answer(self, sound: Samples) -> Samples:
        """Return what comes back, shape (2, frames), of the next quantum of one sound, shape (frames,)."""
        if self._end + QUANTUM_FRAMES > self._past.shape[0]:
            self._past[: self._reach] = self._past[self._end - self._reach : self._end]
            self._end = self._reach
        self._past[self._end : self._end + QUANTUM_FRAMES] = self._dull.process(sound[None])[0]
        back = np.zeros((2, QUANTUM_FRAMES))
        for side, delays in enumerate(self._delays):
            for delay, level in zip(delays, ECHO_LEVELS, strict=True):
                back[side] += level * self._past[self._end - delay : self._end - delay + QUANTUM_FRAMES]
        self._end += QUANTUM_FRAMES
        return back


class Siren:
    """A voice of one siren or alarm."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Set up a siren; its `kind` is latched here."""
        kind = values.choice("kind")
        self._horn = HORNS[kind]
        self._tone = Tone(timeline, kind)
        self._wander = [Drift(timeline, WANDER_STREAM + number, rate) for number, rate in enumerate((0.4, 6.0))]
        self._noise = Noise(timeline, BREATH_STREAM, channels=1)
        self._flutter = Drift(timeline, FLUTTER_STREAM, 19.0)
        pole = np.exp(-1.0 / (EDGE_S * SAMPLE_RATE))
        self._edge = Sections(np.array([[1.0 - pole, 0.0, 0.0, 1.0, -pole, 0.0]] * 2), channels=1)
        self._throat = Sections(_throat(self._horn, timeline.object_seed), channels=1)
        self._top = StateVariable("lowpass", channels=1)
        self._street = Street()
        self._lines = Glides()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        doppler = SOUND_M_S / (SOUND_M_S - values.number("speed_m_s"))
        turns, hz, level = self._tone.take(start, values.number("rate"), values.number("pitch") * doppler)
        worn, drive, echoes = self._lines.take(
            np.array([values.number("worn"), values.number("drive"), values.number("echoes")]), QUANTUM_FRAMES
        )
        turns = turns + WANDER_TURNS * self._wander[0].take(start) + 1.4 * worn * self._wander[1].take(start)
        tone = self._wave(turns, hz)
        if self._horn.breath:
            tone += self._horn.breath * self._noise.take(start)[0]
        rough = 1.0 + 0.6 * worn * self._flutter.take(start)
        tone *= self._edge.process(level[None])[0] * rough
        heard = self._through_horn(tone, drive)
        back = self._street.answer(heard)
        return np.asarray(heard * (1.0 - 0.25 * echoes) + back * echoes)

    def _wave(self, turns: Samples, hz: Samples) -> Samples:
        tone = pulse(turns, hz / SAMPLE_RATE, self._horn.duty)
        if self._horn.second:
            upper, lower = self._horn.second
            tone += 0.8 * pulse(turns * upper / lower, hz * (upper / lower / SAMPLE_RATE), self._horn.duty)
        return tone

    def _through_horn(self, tone: Samples, drive: Samples) -> Samples:
        """Return the tone as its horn sends it out, shape (frames,)."""
        ringing = self._throat.process(tone[None])
        # Drive first lifts what is soft, then flattens what is loud.
        push = self._horn.drive * (0.35 + 2.2 * drive**1.5)
        flat = np.tanh(push * ringing) / np.tanh(0.6 + push) ** 0.8
        # What is driven softly moves as one piece, and keeps its edges to itself.
        top_hz = self._horn.band_hz[1] * (0.4 + 0.8 * drive)
        return np.asarray(self._top.process(flat, top_hz, 0.7071)[0] * 10.0 ** (self._horn.level_db / 20.0))


def _throat(horn: Horn, object_seed: int) -> Samples:
    """Return the band and the resonances of one horn as second-order sections, shape (sections, 6)."""
    band = np.asarray(butter(1, horn.band_hz, "bandpass", fs=SAMPLE_RATE, output="sos"))
    draws = chance.uniforms(object_seed, OBJECT_STREAM, 1, len(horn.resonances))
    peaks = [
        (hz * (0.94 + 0.12 * draw), q, level) for (hz, q, level), draw in zip(horn.resonances, draws, strict=True)
    ]
    return np.concatenate([band, resonances(peaks)])


SIREN_ALARM = Effect(
    id="siren_alarm",
    title="Siren and alarm",
    description="Sirens of patrol cars, engines, ships and cities, klaxons, and alarms that beep.",
    ucs_cat_id="ALRMSirn",
    version=1,
    parameters=(
        Choice("kind", "What sounds, and in which pattern.", tuple(PATTERNS), "wail"),
        Number("pitch", "How high it is: 2 is an octave above 1.", 0.5, 2.0, 1.0, curve="logarithmic", live=True),
        Number(
            "rate",
            "How fast the pattern goes: 2 is twice as fast.",
            0.25,
            4.0,
            1.0,
            curve="logarithmic",
            live=True,
        ),
        Number(
            "speed_m_s",
            "How fast it comes nearer, or goes away when below 0: the pitch shifts by Doppler.",
            -60.0,
            60.0,
            0.0,
            "m/s",
            live=True,
        ),
        Number("drive", "How hard the horn is overdriven: brighter and rougher.", 0.0, 1.0, 0.35, live=True),
        Number("echoes", "How much the walls of a street send back.", 0.0, 1.0, 0.25, live=True),
        Number("worn", "How old it is: the tone wavers and rasps.", 0.0, 1.0, 0.1, live=True),
    ),
    presets=(
        Preset("police", "A patrol car that wails through streets.", {"kind": "wail", "echoes": 0.4}, "VEHSirn"),
        Preset(
            "ambulance", "Two tones, a fourth apart.", {"kind": "hi_lo", "drive": 0.5, "echoes": 0.4}, "VEHSirn"
        ),
        Preset(
            "chase",
            "A patrol car close behind: fast yelps.",
            {"kind": "yelp", "drive": 0.6, "echoes": 0.5},
            "VEHSirn",
        ),
        Preset(
            "red_alert",
            "All hands: whoops through a ship.",
            {"kind": "whoop", "pitch": 0.8, "drive": 0.6, "echoes": 0.3},
            "ALRMSirn",
        ),
        Preset("klaxon", "A submarine dives.", {"kind": "klaxon", "drive": 0.7, "echoes": 0.2}, "ALRMSirn"),
        Preset("smoke_alarm", "Three long beeps from the ceiling.", {"kind": "smoke", "echoes": 0.0}, "ALRMElec"),
        Preset(
            "air_raid",
            "A rotor that winds up and down over a city.",
            {"kind": "air_raid", "echoes": 0.7, "worn": 0.3},
            "ALRMSirn",
        ),
        Preset("car_alarm", "A parked car that has been touched.", {"kind": "car", "echoes": 0.45}, "ALRMElec"),
    ),
    # The longest pattern takes 10 s; in a shorter loop it is hurried.
    endless=Endless(Siren, gain_db=-24.5, min_loop_s=5.0),
)
