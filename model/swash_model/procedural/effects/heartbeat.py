"""Heartbeat: two thuds, as valves shut and blood stops short; once, or at any pace, calm or in fear."""

import math

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.envelopes import Glide, fade_out
from swash_model.dsp.filters import StateVariable
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Effect, Endless, Number, OneShot, Preset, Values

BREATH = 5.0  # beats
FASTEST_MEASURED_BPM = 110.0
LEAD = 0.14  # of a beat: room for the first one to come early
DRIVE = 1.6  # a chest is no linear thing, and small loudspeakers hear only the overtones

# What rings in each sound: Hz, decay 1/s, level, and how late it comes, s. The valves shut one after the other,
# those of the left side first.
LUB = np.array(
    (
        (33.0, 27.0, 0.45, 0.000),
        (51.0, 27.0, 1.00, 0.004),
        (79.0, 30.0, 0.60, 0.012),
        (118.0, 40.0, 0.32, 0.026),
        (171.0, 52.0, 0.14, 0.030),
    )
)
DUB = np.array(
    (
        (43.0, 46.0, 0.50, 0.000),
        (68.0, 36.0, 0.85, 0.002),
        (104.0, 42.0, 0.60, 0.006),
        (153.0, 55.0, 0.34, 0.030),
        (221.0, 70.0, 0.17, 0.032),
    )
)
RUSH = 7  # puffs that the rush of blood between the two is made of

BEAT_STREAM, RUSH_STREAM, HEART_STREAM, PACE_STREAM = 40, 41, 50, 60


def ejection_s(bpm: float) -> float:
    """Return the time between the two sounds, s.

    How long the left ventricle ejects: 0.413 - 0.0017 bpm (Weissler, Harris & Schoenfeld, "Systolic time intervals
    in heart failure in man", Circulation 37, 1968). They measured up to 110; beyond, it stays the same
    share of a beat.
    """
    measured = min(bpm, FASTEST_MEASURED_BPM)
    return (0.413 - 0.0017 * measured) * measured / bpm


class Heart:
    """One heart, and the banks that its beats sound in."""

    def __init__(self, timeline: Timeline) -> None:
        """Take a heart: its tuning is the object's."""
        self._timeline = timeline
        self._tuning = 0.94 + 0.12 * chance.uniforms(timeline.object_seed, HEART_STREAM, 0, 2 * len(LUB)).reshape(
            2, -1
        )
        self._tuning *= 0.86 * 1.35 ** chance.uniform(timeline.object_seed, HEART_STREAM, 1)
        self._grains = GrainBank(128)
        self._bursts = BurstBank(64)
        self._flesh = StateVariable("lowpass")
        self._cutoff_hz = Glide()

    def beat(self, onset: int, index: int, values: Values) -> None:
        """Beat once, `onset` frames from now; `index` tells this beat from all others."""
        u = chance.uniforms(self._timeline.seed, BEAT_STREAM, index, 4 * len(LUB) + 8)
        stress, bpm = values.number("stress"), values.number("bpm")
        apart_s = ejection_s(bpm) * (0.97 + 0.06 * u[0])
        strength = (0.55 + 0.45 * stress) * (0.88 + 0.24 * u[1])
        # A calm heart's second sound is the softer one by far; fear brings them together.
        self._thud(onset, LUB, self._tuning[0], strength, values, u[8:18], u[2:4])
        later = onset + round(apart_s * SAMPLE_RATE)
        self._thud(later, DUB, self._tuning[1], strength * (0.58 + 0.22 * stress), values, u[18:28], u[4:6])
        if (blood := values.number("blood")) > 0.0:
            self._rush(onset, apart_s, index, blood * strength)

    def sound(self, frames: int, values: Values) -> Samples:
        """Return the next frames of every beat, shape (2, frames), as flesh and bone pass them on."""
        out = np.zeros((2, frames))
        self._grains.sound(out)
        self._bursts.sound(out)
        cutoff_hz = 320.0 * 5.0 ** values.number("clarity") * 2.0 ** values.number("stress")
        out = self._flesh.process(out, self._cutoff_hz.take(cutoff_hz, frames), 0.7)
        return np.asarray(np.tanh(DRIVE * out) / DRIVE)

    def _thud(
        self,
        onset: int,
        rings: Samples,
        tuning: Samples,
        strength: float,
        values: Values,
        u: Samples,
        key: Samples,
    ) -> None:
        """Shut a pair of valves: partials of the chest, and the dull knock of the blood."""
        stress, clarity = values.number("stress"), values.number("clarity")
        scale = 1.75 * 0.33 ** values.number("size") * (1.0 + 0.12 * stress)
        hz, decay, level, late_s = rings.T
        count = len(hz)
        # Hard beats are bright ones, and a stethoscope takes away the lowest.
        bright = (hz / 60.0) ** (0.5 * stress + 0.9 * clarity - 0.2)
        self._grains.add(
            onset + np.round(late_s / scale * (0.8 + 0.4 * u[:count]) * SAMPLE_RATE).astype(np.int64),
            frequency_hz=hz * scale * tuning * (0.98 + 0.04 * u[count:]),
            decay=decay * scale**0.7 * (1.0 + 0.3 * stress),
            amplitude=0.8 * strength * level * bright * np.where(np.arange(count) % 2, -1.0, 1.0),
            pan=np.linspace(-0.12, 0.12, count),
            rise=np.full(count, -1.1),  # what has shut slackens
            attack_s=(0.011 - 0.006 * stress) / scale**0.5,
        )
        self._bursts.add(
            np.full(2, onset),
            centre_hz=np.array([120.0, 420.0 + 240.0 * clarity]) * scale,
            resonance=np.array([0.8, 0.7]),
            decay=np.array([38.0, 75.0]) * scale**0.5,
            amplitude=strength * np.array([0.16, 0.03 + 0.09 * clarity + 0.05 * stress]),
            pan=np.array([-0.1, 0.1]),
            key=key,
        )

    def _rush(self, onset: int, apart_s: float, index: int, level: float) -> None:
        """Let blood rush from the first sound to the second, and a little beyond."""
        u = chance.uniforms(self._timeline.seed, RUSH_STREAM, index, 3 * RUSH).reshape(3, RUSH)
        share = (np.arange(RUSH) + 0.5) / RUSH
        self._bursts.add(
            onset + np.round((0.03 + 1.15 * apart_s * share) * SAMPLE_RATE).astype(np.int64),
            centre_hz=210.0 + 190.0 * np.sin(np.pi * share) + 60.0 * u[0],
            resonance=0.9,
            decay=22.0,
            amplitude=0.11 * level * np.sin(np.pi * share) ** 1.5 * (0.7 + 0.6 * u[1]),
            pan=0.8 * (u[2] - 0.5),
            key=u[0],
        )


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one beat, shape (2, frames)."""
    heart = Heart(timeline)
    heart.beat(0, 0, values)
    frames = round((ejection_s(values.number("bpm")) + 0.5) * SAMPLE_RATE)
    return fade_out(heart.sound(frames, values), 0.2)


class Heartbeat:
    """A voice of a heart that goes on beating.

    Beats have numbers, and everything about a beat comes from the hash of its number; in a loop there is a whole
    number of them.
    """

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Start beating; in a loop the pace is latched here, so that whole beats fill it."""
        self._timeline = timeline
        self._heart = Heart(timeline)
        self._beats = timeline.cycles(values.number("bpm") / 60.0)
        # Even a steady heart beats faster while we breathe in.
        self._breath = self._beats / max(1, round(self._beats / BREATH)) if self._beats else BREATH
        self._beaten = 0.0  # beats, as a count that runs on
        self._last: int | None = None

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        before, after = self._progress(start, values)
        beat = math.floor(after)
        index = beat % self._beats if self._beats else beat
        wander = 0.012 * math.sin(2.0 * math.pi * beat / self._breath)
        uneven = (0.008 + 0.11 * values.number("irregularity")) * self._jitter(index)
        due = beat + LEAD + wander + uneven
        if self._beats:
            comes = before <= due < after
        else:  # a beat that a change of irregularity moved into the past comes at once
            comes = beat != self._last and due < after and (due >= before or self._last is not None)
        if comes:
            onset = max(0, int((due - before) / (after - before) * QUANTUM_FRAMES))
            self._heart.beat(onset, index, values)
            self._last = beat
        return self._heart.sound(QUANTUM_FRAMES, values)

    def _progress(self, start: int, values: Values) -> tuple[float, float]:
        """Return how many beats had been due at the start of the quantum, and how many are at its end."""
        loop_frames = self._timeline.loop_frames
        if loop_frames and self._beats:
            position = self._timeline.position(start)
            return position * self._beats / loop_frames, (position + QUANTUM_FRAMES) * self._beats / loop_frames
        before = self._beaten
        self._beaten += values.number("bpm") / 60.0 * QUANTUM_S
        return before, self._beaten

    def _jitter(self, index: int) -> float:
        """Return how early or late a beat comes, -1..1."""
        return 2.0 * chance.uniform(self._timeline.seed, PACE_STREAM, index) - 1.0


HEARTBEAT = Effect(
    id="heartbeat",
    title="Heartbeat",
    description="A heart: one beat, or beating on, calm or in fear.",
    ucs_cat_id="HMNHart",
    version=1,
    parameters=(
        Number(
            "bpm",
            "Beats a minute; the two sounds of a beat draw together as it quickens.",
            40.0,
            200.0,
            70.0,
            "bpm",
            curve="logarithmic",
            live=True,
        ),
        Number("stress", "How hard it beats: 0 asleep, 1 in mortal fear.", 0.0, 1.0, 0.3, live=True),
        Number(
            "size",
            "How large the heart is: 0 a small animal's, 0.5 a human's, 1 a giant's.",
            0.0,
            1.0,
            0.5,
            live=True,
        ),
        Number(
            "clarity",
            "How it is heard: 0 felt in one's own chest, 1 through a stethoscope.",
            0.0,
            1.0,
            0.25,
            live=True,
        ),
        Number("blood", "How much blood is heard rushing with each beat.", 0.0, 1.0, 0.15, live=True),
        Number("irregularity", "How unevenly it beats: 0 steady, 1 stumbling.", 0.0, 1.0, 0.1, live=True),
    ),
    presets=(
        Preset("calm", "A heart at rest.", {"bpm": 60.0, "stress": 0.15}, "HMNHart"),
        Preset("running", "After a sprint.", {"bpm": 150.0, "stress": 0.7, "blood": 0.3}, "HMNHart"),
        Preset(
            "panic",
            "Pounding in the ears.",
            {"bpm": 175.0, "stress": 1.0, "blood": 0.6, "irregularity": 0.2},
            "HMNHart",
        ),
        Preset(
            "low_health",
            "Badly hurt: heavy, and all that is left to hear.",
            {"bpm": 95.0, "stress": 0.75, "blood": 0.5, "clarity": 0.0},
            "HMNHart",
        ),
        Preset(
            "dying",
            "Slow, weak and stumbling.",
            {"bpm": 42.0, "stress": 0.0, "irregularity": 0.9, "clarity": 0.1},
            "HMNHart",
        ),
        Preset(
            "stethoscope",
            "As a doctor hears it.",
            {"bpm": 72.0, "stress": 0.3, "clarity": 1.0, "blood": 0.4},
            "HMNHart",
        ),
        Preset(
            "giant",
            "Something huge is alive behind the wall.",
            {"bpm": 40.0, "size": 1.0, "stress": 0.6},
            "HMNHart",
        ),
        Preset(
            "small_animal",
            "A small thing, held in the hand.",
            {"bpm": 190.0, "size": 0.05, "stress": 0.4, "clarity": 0.5},
            "HMNHart",
        ),
    ),
    one_shot=OneShot(play, gain_db=7.3),
    endless=Endless(Heartbeat, gain_db=1.7),
)
