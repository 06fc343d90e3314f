"""Interface notification: a few tempered notes that say yes, no, beware or look here."""

from dataclasses import dataclass

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.envelopes import fade_out
from swash_model.dsp.grains import DECAY_60_DB, GrainBank
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values

LONGEST_S = 0.88
HIGHEST_HZ = 16_000.0  # no partial above: what is added from sines cannot alias
KEYS = ("c", "c_sharp", "d", "e_flat", "e", "f", "f_sharp", "g", "a_flat", "a", "b_flat", "b")
C0_HZ = 16.351_597_8  # with A4 = 440 Hz

PERFORMANCE_STREAM, OBJECT_STREAM = 10, 11


@dataclass(frozen=True, slots=True)
class Timbre:
    """How a note sounds: partials (ratio, level), how long it rings (s, -60 dB), its edges.

    Higher partials die sooner by ratio^-`hurry`; full `tone` raises them by ratio^`bloom`. With `gate_s`
    the note is held that long and then stops.
    """

    ratio: tuple[float, ...]
    level: tuple[float, ...]
    ring_s: float
    hurry: float
    attack_s: float
    release_s: float
    bloom: float
    gate_s: float | None = None


ODD = tuple(float(k) for k in range(1, 40, 2))
ALL = tuple(float(k) for k in range(1, 9))

MALLET = Timbre((1.0, 2.0, 3.0, 4.0, 6.0), (1.0, 0.3, 0.14, 0.1, 0.04), 0.42, 0.8, 0.003, 0.05, 1.0)
DAMPED = Timbre((1.0, 2.0, 3.0, 4.0), (1.0, 0.24, 0.1, 0.04), 0.24, 0.8, 0.004, 0.05, 1.0)
# A bell tuned like a celesta, not like a church: its partials must not blur the key. The pair at 1 beats.
BELL = Timbre(
    (1.0, 1.004, 2.0, 3.0, 4.2, 5.4, 6.8), (0.8, 0.35, 0.42, 0.26, 0.2, 0.12, 0.06), 0.85, 0.6, 0.002, 0.1, 0.7
)
# Squares from their odd partials, softened by Lanczos' factors so that the edges do not ring.
SQUARE = Timbre(ODD, tuple(float(np.sinc(k / 41.0)) / k for k in ODD), 3.0, 0.0, 0.005, 0.025, 0.35, 0.09)
REED = Timbre(ALL, tuple(k**-1.3 for k in ALL), 0.9, 0.3, 0.004, 0.03, 0.6, 0.09)


@dataclass(frozen=True, slots=True)
class Figure:
    """A motif: a tonic near `centre_hz`, and notes as (seconds, semitones above the tonic, level)."""

    timbre: Timbre
    centre_hz: float
    notes: tuple[tuple[float, float, float], ...]
    level_db: float


FIGURES = {
    "confirm": Figure(MALLET, 620.0, ((0.0, 0.0, 0.8), (0.085, 7.0, 1.0)), 0.0),
    "cancel": Figure(DAMPED, 620.0, ((0.0, 7.0, 0.9), (0.085, 0.0, 1.0)), 2.0),
    "error": Figure(SQUARE, 125.0, ((0.0, 7.0, 1.0), (0.13, 6.0, 1.0)), -4.5),
    "warning": Figure(
        REED, 700.0, tuple((0.15 * beat, step, 0.7) for beat in range(3) for step in (0.0, 1.0)), -5.0
    ),
    "message": Figure(BELL, 1050.0, ((0.0, 0.0, 1.0),), -2.0),
    "success": Figure(
        MALLET, 620.0, ((0.0, 0.0, 0.7), (0.08, 4.0, 0.75), (0.16, 7.0, 0.8), (0.24, 12.0, 1.0)), -2.0
    ),
}


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one notification, shape (2, frames)."""
    figure = FIGURES[values.choice("kind")]
    tonic_hz = _tonic_hz(values.choice("key"), figure.centre_hz)
    pace = values.number("pace")
    out = np.zeros((2, round(LONGEST_S * SAMPLE_RATE)))
    end = 0
    for number, (at_s, semitones, level) in enumerate(figure.notes):
        first = round(at_s / pace * SAMPLE_RATE)
        frequency_hz = tonic_hz * 2.0 ** (semitones / 12.0)
        note = _note(timeline, values, figure.timbre, frequency_hz, number)[:, : out.shape[1] - first]
        end = max(end, first + note.shape[1])
        out[:, first : first + note.shape[1]] += level * note
    return np.asarray(fade_out(out[:, :end], 0.03) * 10.0 ** (figure.level_db / 20.0))


def _tonic_hz(key: str, centre_hz: float) -> float:
    """Return the tempered frequency of a key in the octave nearest to `centre_hz`."""
    lowest_hz = C0_HZ * 2.0 ** (KEYS.index(key) / 12.0)
    return float(lowest_hz * 2.0 ** np.round(np.log2(centre_hz / lowest_hz)))


def _note(timeline: Timeline, values: Values, timbre: Timbre, frequency_hz: float, number: int) -> Samples:
    """Return one note with its end, shape (2, frames)."""
    pace = values.number("pace")
    frequency = frequency_hz * np.array(timbre.ratio)
    heard = frequency < HIGHEST_HZ
    ratio, partials = np.array(timbre.ratio)[heard], int(heard.sum())
    now = chance.uniforms(timeline.seed, PERFORMANCE_STREAM, number, partials)
    interface = chance.uniforms(timeline.object_seed, OBJECT_STREAM, 0, partials)
    # A calmer pace lets notes ring on, but not in proportion: the whole stays short.
    ring_s = timbre.ring_s * pace**-0.5 * (0.9 + 0.2 * interface) * ratio**-timbre.hurry
    level = _levels(timbre, ratio, np.array(timbre.level)[heard], values.number("tone"))
    by_chance = 10.0 ** (0.6 * (now - 0.5) / 20.0)
    sides = 0.5 * (1.0 - 1.0 / ratio) * np.where(np.arange(partials) % 2, 1.0, -1.0)  # the fundamental stays put
    grains = GrainBank(capacity=partials)
    grains.add(
        np.zeros(partials, np.int64),
        frequency_hz=frequency[heard],
        decay=DECAY_60_DB / ring_s,
        amplitude=level * by_chance,
        pan=sides,
        attack_s=timbre.attack_s,
    )
    length_s = float(ring_s.max()) if timbre.gate_s is None else timbre.gate_s / pace + timbre.release_s
    out = np.zeros((2, round(min(length_s, LONGEST_S) * SAMPLE_RATE)))
    grains.sound(out)
    return fade_out(out, timbre.release_s)


def _levels(timbre: Timbre, ratio: Samples, level: Samples, tone: float) -> Samples:
    """Return the levels of partials at a tone, 0..1: as loud together as before, so that only the colour moves."""
    steepness = 2.0 * (tone - 0.5) * (timbre.bloom if tone > 0.5 else 1.5)
    tilted = level * ratio**steepness
    return np.asarray(tilted * np.sqrt((level**2).sum() / (tilted**2).sum()))


UI_NOTIFY = Effect(
    id="ui_notify",
    title="Interface notification",
    description="A short figure of notes: confirm, cancel, error, warning, message or success.",
    ucs_cat_id="UIAlert",
    version=1,
    parameters=(
        Choice("kind", "What it says.", tuple(FIGURES), "confirm"),
        Choice("key", "The key that it is in, to match the music.", KEYS, "c"),
        Number("tone", "How bright the notes are: 0 nearly pure, 1 rich in partials.", 0.0, 1.0, 0.5),
        Number(
            "pace", "How fast the notes follow each other: 2 is twice as fast.", 0.5, 2.0, 1.0, curve="logarithmic"
        ),
    ),
    presets=(
        Preset("confirm", "Yes: two notes up a fifth.", {"kind": "confirm"}, "UIAlert"),
        Preset("cancel", "Back: two damped notes down a fifth.", {"kind": "cancel"}, "UIAlert"),
        Preset("error", "No: two low buzzes.", {"kind": "error"}, "UIAlert"),
        Preset("warning", "Beware: three rubbing beeps.", {"kind": "warning"}, "UIAlert"),
        Preset("message", "Look here: one bell.", {"kind": "message", "key": "e"}, "UIAlert"),
        Preset("success", "Done: a major chord, climbing.", {"kind": "success"}, "UIAlert"),
        Preset(
            "achievement",
            "Won: the same, broader and brighter.",
            {"kind": "success", "key": "d", "tone": 0.75, "pace": 0.8},
            "UIAlert",
        ),
        Preset(
            "soft_confirm",
            "Yes, without a fuss.",
            {"kind": "confirm", "key": "a", "tone": 0.15, "pace": 0.9},
            "UIAlert",
        ),
    ),
    one_shot=OneShot(play, gain_db=-7.5),
)
