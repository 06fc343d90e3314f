"""Footsteps: one step, or somebody walking, over fourteen grounds."""

import math

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Endless, Number, OneShot, Preset, Values
from swash_model.procedural.effects._step import step_sound
from swash_model.procedural.effects._step_surfaces import SHOES, SURFACES

SNEAK_HZ, WALK_HZ, RUN_HZ = 0.9, 1.8, 2.8  # steps a second
LEAN = 0.15  # how far each foot stands from the middle
LEAD = 0.12  # of a step: room for the first one to come early
GAIT_STREAM = 60


def rate_hz(speed: float) -> float:
    """Return steps a second for a speed of 0 (sneaking) to 1 (running)."""
    return float(np.interp(speed, (0.0, 0.5, 1.0), (SNEAK_HZ, WALK_HZ, RUN_HZ)))


def play(timeline: Timeline, values: Values) -> Samples:
    """Return a single step, shape (2, frames)."""
    foot = int(chance.uniform(timeline.seed, GAIT_STREAM, 0) < 0.5)
    return step_sound(timeline, values, foot)


class Gait:
    """A voice of somebody walking: step after step, left and right.

    Steps have numbers, and everything about a step comes from the hash of its number; in a loop there is
    an even number of them, so that left follows right over the seam too.
    """

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Start walking; in a loop the pace is latched here, so that whole steps fill it."""
        self._timeline = timeline
        self._steps: int | None = None
        if timeline.loop_frames:
            pairs = timeline.loop_frames / SAMPLE_RATE * rate_hz(values.number("speed")) / 2.0
            self._steps = 2 * max(1, round(pairs))
        self._walked = 0.0  # steps, as a count that runs on
        self._last: int | None = None
        self._sounding: list[tuple[int, Samples]] = []  # frames already heard, and the whole step

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        before, after = self._progress(start, values)
        step = math.floor(after)
        due = step + LEAD + self._jitter(step, values.number("irregularity"))
        # A step that a change of irregularity moved into the past comes at once.
        if due < after and step != self._last and (due >= before or self._last is not None):
            onset = max(0, int((due - before) / (after - before) * QUANTUM_FRAMES))
            self._sounding.append((-onset, self._step(step, values)))
            self._last = step
        return self._mixed()

    def _progress(self, start: int, values: Values) -> tuple[float, float]:
        """Return how many steps had been due at the start of the quantum, and how many are at its end."""
        loop_frames = self._timeline.loop_frames
        if loop_frames and self._steps:
            position = self._timeline.position(start)
            return position * self._steps / loop_frames, (position + QUANTUM_FRAMES) * self._steps / loop_frames
        before = self._walked
        self._walked += rate_hz(values.number("speed")) * QUANTUM_S
        return before, self._walked

    def _jitter(self, step: int, irregularity: float) -> float:
        """Return how early or late a step comes, as a share of the time between two."""
        return 0.1 * irregularity * (2.0 * chance.uniform(self._timeline.seed, GAIT_STREAM, step, 0) - 1.0)

    def _step(self, step: int, values: Values) -> Samples:
        """Return one whole step where its foot comes down, shape (2, frames)."""
        seed = int(chance.uniform(self._timeline.seed, GAIT_STREAM, step, 1) * 2**53)
        timeline = Timeline(seed=seed, object_seed=self._timeline.object_seed)
        foot = step % 2
        sway = 0.2 * (chance.uniform(self._timeline.seed, GAIT_STREAM, step, 2) - 0.5)
        angle = (LEAN * (2 * foot - 1 + sway) + 1.0) * math.pi / 4.0
        gains = np.array([[math.cos(angle)], [math.sin(angle)]]) * math.sqrt(2.0)
        return step_sound(timeline, values, foot) * gains

    def _mixed(self) -> Samples:
        """Return the next frames of every step that still sounds, shape (2, frames)."""
        out = np.zeros((2, QUANTUM_FRAMES))
        ringing = []
        for heard, sound in self._sounding:
            part = sound[:, max(0, heard) : heard + QUANTUM_FRAMES]
            at = max(0, -heard)
            out[:, at : at + part.shape[1]] += part
            if heard + QUANTUM_FRAMES < sound.shape[1]:
                ringing.append((heard + QUANTUM_FRAMES, sound))
        self._sounding = ringing
        return out


FOOTSTEPS = Effect(
    id="footsteps",
    title="Footsteps",
    description="One step, or somebody walking, on fourteen grounds.",
    ucs_cat_id="FEETHmn",
    version=2,
    parameters=(
        Choice("surface", "What is walked on.", tuple(SURFACES), "concrete"),
        Choice("shoe", "What is on the foot, from soft and dull to hard and bright.", tuple(SHOES), "hard"),
        Number("wetness", "How wet the ground is: spatter, bubbles and a duller ground.", 0.0, 1.0, 0.0),
        Number("weight", "How heavy the walker is: louder and lower.", 0.0, 1.0, 0.5),
        Number(
            "speed",
            "How fast: 0 sneaks, 0.5 walks, 1 runs (0.9, 1.8, 2.8 steps a second).",
            0.0,
            1.0,
            0.5,
            live=True,
        ),
        Number("firmness", "How firm the ground is: 0 loose and deep, 1 packed hard.", 0.0, 1.0, 0.5),
        Number("irregularity", "How unevenly steps fall: 0 marches, 1 stumbles.", 0.0, 1.0, 0.3, live=True),
    ),
    presets=(
        Preset(
            "heavy_boots_gravel",
            "A heavy walker in boots on gravel.",
            {"surface": "gravel", "shoe": "boot", "weight": 0.9},
            "FEETHmn",
        ),
        Preset(
            "sneaking_wood",
            "Somebody creeping over floorboards.",
            {"surface": "wood", "shoe": "soft", "speed": 0.1},
            "FEETHmn",
        ),
        Preset(
            "running_concrete",
            "Running shoes on a pavement.",
            {"surface": "concrete", "shoe": "soft", "speed": 1.0},
            "FEETHmn",
        ),
        Preset(
            "snow_walk",
            "Boots in deep snow that creaks.",
            {"surface": "snow", "shoe": "boot", "speed": 0.4, "firmness": 0.35},
            "FEETHmn",
        ),
        Preset(
            "high_heels_tile",
            "High heels crossing a tiled hall.",
            {"surface": "tile", "shoe": "heel", "weight": 0.3},
            "FEETHmn",
        ),
        Preset(
            "barefoot_sand",
            "Bare feet on a beach.",
            {"surface": "sand", "shoe": "barefoot", "speed": 0.4, "weight": 0.4},
            "FEETHmn",
        ),
        Preset(
            "wet_mud",
            "Wading through mud that holds on to the boots.",
            {"surface": "mud", "shoe": "boot", "wetness": 0.6, "speed": 0.35, "firmness": 0.3},
            "FEETHmn",
        ),
        Preset(
            "metal_catwalk",
            "Boots on a loose metal catwalk.",
            {"surface": "metal", "shoe": "boot", "weight": 0.6},
            "FEETHmn",
        ),
        Preset("dry_leaves", "A walk through autumn leaves.", {"surface": "leaves", "shoe": "soft"}, "FEETHmn"),
        Preset(
            "puddles",
            "Running through shallow water.",
            {"surface": "water_shallow", "shoe": "soft", "speed": 0.85},
            "FEETHmn",
        ),
    ),
    # Half a decibel under its reference, so that a hard heel peaks below full scale.
    one_shot=OneShot(play, gain_db=2.0),
    endless=Endless(Gait, gain_db=-4.0, min_loop_s=2.0),
)
