"""Door creak: hinges, boards and timbers that complain when they are moved."""

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glides, fade_out
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Effect, Endless, Number, OneShot, Preset, Values
from swash_model.procedural.effects._hinges import Hinges

KNOTS_HZ = 4.0  # a hand pushes no more evenly than that
RINGING_S = 0.25  # of the wood, after the last slip
START = 0.3  # of the speed: it gives way with a crack, and moves

PIECE_FRAMES = 10 * QUANTUM_FRAMES

SWAY_STREAM, KNOT_STREAM = 30, 40


class DoorCreak:
    """A voice of something that is moved to and fro, and creaks."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        self._hinges = _hung(timeline, values)
        self._sway = Drifts(timeline, SWAY_STREAM, 0.55, 1)
        self._push = Drifts(timeline, SWAY_STREAM + 1, 2.6, 1)
        self._lines = Glides()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        end = start + QUANTUM_FRAMES
        uneven = values.number("irregularity")
        sway, push = float(self._sway.at(end)[0]), float(self._push.at(end)[0])
        # At its most uneven it all but stops between two pushes.
        way = max(1.0 + uneven * (0.9 * sway + 0.6 * push - 0.15), 0.12)
        (swing,) = self._lines.take(np.array([min(values.number("speed") * way, 1.0)]), QUANTUM_FRAMES)
        return self._hinges.sound(start, swing, values.number("tension"))


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one swing, shape (2, frames), from the first crack to the last."""
    hinges, swing = _hung(timeline, values), _swing(timeline, values)
    made = [
        hinges.sound(start, swing[start : start + PIECE_FRAMES], values.number("tension"))
        for start in range(0, len(swing), PIECE_FRAMES)
    ]
    return fade_out(np.concatenate(made, axis=1), 0.05)


def _hung(timeline: Timeline, values: Values) -> Hinges:
    return Hinges(timeline, size_m=values.number("size_m"), rust=values.number("rust"))


def _swing(timeline: Timeline, values: Values) -> Samples:
    """Return how fast it turns, 0..1, shape (frames,): half a sine, pushed unevenly."""
    duration_s = values.number("duration_s")
    frames = round(duration_s * SAMPLE_RATE)
    way = np.arange(frames) / frames
    knots = 2 + int(duration_s * KNOTS_HZ)
    pushes = 2.0 * chance.uniforms(timeline.seed, KNOT_STREAM, 0, knots + 1) - 1.0
    at = way * knots
    share = 0.5 - 0.5 * np.cos(np.pi * (at % 1.0))
    left = at.astype(int)
    push = pushes[left] + (pushes[left + 1] - pushes[left]) * share
    bell = (START + (1.0 - START) * np.sin(np.pi * way**0.75)) * np.minimum(1.0, (1.0 - way) / 0.15)
    swing = max(values.number("speed"), 0.03) * bell * (1.0 + 0.75 * values.number("irregularity") * push)
    return np.concatenate([np.clip(swing, 0.0, 1.0), np.zeros(round(RINGING_S * SAMPLE_RATE))])


DOOR_CREAK = Effect(
    id="door_creak",
    title="Door creak",
    description="Hinges, boards and timbers that complain when they are moved: once, or on and on.",
    ucs_cat_id="DOORCreak",
    version=1,
    parameters=(
        Number("speed", "How fast it turns: from single cracks to a tone; 0 is still.", 0.0, 1.0, 0.55, live=True),
        Number(
            "tension",
            "How hard it is pressed together: 0 groans, 1 cries out, even and bright.",
            0.0,
            1.0,
            0.65,
            live=True,
        ),
        Number("size_m", "How large the wood is: larger is lower.", 0.2, 4.0, 1.8, "m", curve="logarithmic"),
        Number("rust", "Of what it turns on: 0 wooden pins, 1 rusted iron that squeals.", 0.0, 1.0, 0.3),
        Number(
            "irregularity",
            "How unevenly it is moved: 0 in one go, 1 by fits and starts.",
            0.0,
            1.0,
            0.5,
            live=True,
        ),
        Number("duration_s", "How long one swing takes; a lasting creak takes no notice.", 0.3, 6.0, 1.3, "s"),
    ),
    presets=(
        Preset("wooden_door", "A door in an old house, opened by hand.", {}, "DOORCreak"),
        Preset(
            "haunted_house",
            "A heavy door that opens by itself, in no hurry.",
            {"speed": 0.2, "tension": 0.7, "size_m": 2.4, "irregularity": 0.8, "duration_s": 4.0},
            "DOORCreak",
        ),
        Preset(
            "rusty_gate",
            "An iron gate that squeals as it swings.",
            {"speed": 0.5, "tension": 0.85, "size_m": 2.5, "rust": 1.0, "duration_s": 2.2},
            "DOORGate",
        ),
        Preset(
            "cupboard",
            "A small door on dry hinges.",
            {"speed": 0.6, "tension": 0.7, "size_m": 0.5, "rust": 0.5, "duration_s": 0.8},
            "DOORCab",
        ),
        Preset(
            "dungeon_door",
            "Thick oak on iron that has not moved for years.",
            {"speed": 0.3, "tension": 0.35, "size_m": 3.5, "rust": 0.65, "irregularity": 0.7, "duration_s": 3.0},
            "DOORDungn",
        ),
        Preset(
            "floorboard",
            "A loose board underfoot.",
            {"speed": 0.22, "tension": 0.4, "size_m": 0.9, "rust": 0.0, "irregularity": 0.6, "duration_s": 0.6},
            "WOODFric",
        ),
        Preset(
            "ship_timbers",
            "The hull of an old ship, working in the swell.",
            {"speed": 0.16, "tension": 0.45, "size_m": 4.0, "rust": 0.0, "irregularity": 1.0, "duration_s": 4.0},
            "WOODFric",
        ),
    ),
    one_shot=OneShot(play, gain_db=8.6),
    endless=Endless(DoorCreak, gain_db=1.4, min_loop_s=2.0),
)
