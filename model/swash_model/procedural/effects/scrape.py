"""Scrape: a thing that is dragged over the ground, from a blade on stone to a wardrobe on floorboards."""

from dataclasses import dataclass

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.bodies import body_of
from swash_model.dsp.chance import Noise
from swash_model.dsp.collisions import Collisions
from swash_model.dsp.drift import Drifts
from swash_model.dsp.envelopes import Glides
from swash_model.dsp.filters import StateVariable, butterworth
from swash_model.dsp.modal import MATERIALS, REFERENCE_SIZE_M, Material, Modes, modes_of
from swash_model.dsp.resonator import Resonator
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Endless, Number, Preset, Values
from swash_model.procedural.effects._friction import CONTROL_FRAMES, Slips

MODES = 30  # of the thing: the strongest; more cost more than they are heard
REFERENCE_M_S = 1.0
IN_STEP = 14.0  # periods that jerks stay in step: nearly a tone

ROUGH_STREAM, RUB_STREAM = 1, 2
BUMP_STREAM, GRIT_STREAM, SNAG_STREAM, HEAVE_STREAM, CHATTER_STREAM, THING_STREAM = 20, 22, 24, 30, 40, 90


@dataclass(frozen=True, slots=True)
class Floor:
    """What it is dragged over.

    `grain_mm`: how far its bumps lie apart; `rough` and `loose`: how high they are, and how much lies about;
    `hiss`: the level of the rubbing itself, `grip` how much it chatters; `ring`: its own modes, `level` theirs.
    """

    grain_mm: float
    rough: float
    loose: float
    hiss: float
    grip: float
    ring: str
    level: float
    damping: float


FLOORS = {
    "concrete": Floor(0.9, 1.0, 0.5, 1.0, 0.8, "stone", 0.15, 4.0),
    "wood": Floor(1.4, 1.1, 0.05, 0.6, 1.2, "wood", 0.8, 1.6),
    "tile": Floor(0.5, 0.85, 0.05, 0.8, 1.0, "ceramic", 0.12, 6.0),
    "metal": Floor(0.6, 0.8, 0.05, 0.8, 0.9, "sheet_metal", 0.7, 2.0),
    "gravel": Floor(4.0, 1.3, 1.7, 0.8, 0.4, "stone", 0.1, 6.0),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """What is dragged: its stuff, how hard it is, how hollow, and how much the floor damps it."""

    stuff: Material
    hard: float
    hollow: float
    held: float


THINGS = {
    "wood": Thing(MATERIALS["wood"], hard=0.55, hollow=0.5, held=3.0),
    "metal": Thing(MATERIALS["metal"], hard=1.0, hollow=0.0, held=7.0),
    "sheet_metal": Thing(MATERIALS["sheet_metal"], hard=1.0, hollow=0.7, held=6.0),
    "stone": Thing(MATERIALS["stone"], hard=0.8, hollow=0.0, held=2.0),
    "ceramic": Thing(MATERIALS["ceramic"], hard=1.0, hollow=0.4, held=6.0),
    "plastic": Thing(MATERIALS["plastic"], hard=0.6, hollow=0.9, held=1.8),
    "glass": Thing(MATERIALS["glass"], hard=1.0, hollow=0.4, held=6.0),
    "rubber": Thing(MATERIALS["rubber"], hard=0.25, hollow=0.0, held=1.5),
}


class Scrape:
    """A voice of one thing on one floor."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        self._floor = FLOORS[values.choice("floor")]
        self._hard = THINGS[values.choice("material")].hard
        self._size_m = values.number("size_m")
        self._body = Resonator(_modes(timeline, values, self._floor))
        self._heave = Drifts(timeline, HEAVE_STREAM, 0.8, 1)
        self._hand = Drifts(timeline, HEAVE_STREAM + 1, 5.0, 1)
        self._chatter = Slips(timeline, CHATTER_STREAM)
        self._rough = Noise(timeline, ROUGH_STREAM)
        self._profile = StateVariable("bandpass")
        self._bumps = Collisions(timeline, BUMP_STREAM, rate_hz=900.0, decay_s=0.0007)
        self._snags = Collisions(timeline, SNAG_STREAM, rate_hz=50.0, decay_s=0.003)
        self._grit = [Collisions(timeline, GRIT_STREAM + ear, rate_hz=700.0, decay_s=0.0012) for ear in range(2)]
        grain_hz = 5200.0 / self._floor.grain_mm**0.35
        self._stones = butterworth("bandpass", (0.45 * grain_hz, 2.2 * grain_hz), order=1)
        self._rub = StateVariable("bandpass")
        self._no_rumble = butterworth("highpass", 45.0)
        self._lines = Glides()

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        level, bite, catch, caught, bump_hz, rub_hz, jerk_hz, jerk, chatter, stones = self._lines.take(
            np.array(self._controls(start + QUANTUM_FRAMES, values)), QUANTUM_FRAMES
        )
        slips, motion = self._chatter.take(start, jerk_hz, IN_STEP)
        # Between two slips it sticks, and is all but silent.
        level = level * (1.0 + chatter * (1.9 * motion - 1.0))
        white = correlated(self._rough.take(start), 0.6)
        shaken = self._profile.process(white, _held(bump_hz), 0.45)
        bumps = self._bumps.take(start, level * bite)
        snags = self._snags.take(start, catch) * caught
        hits = 1.6 * self._hard * bumps + 7.0 * snags
        # However narrow the band that the bumps leave of the noise, it carries the weight of the thing.
        rough = (9.0 * shaken / np.sqrt(bump_hz) + 0.5 * self._hard * bite * white) * level + hits
        force = self._floor.rough * rough + slips * jerk
        out = self._body.process(self._no_rumble.process(force))
        # What no mode colours: the rubbing of the faces, and the grains that they crush and roll.
        rubbing = white * level + 2.5 * bumps + 4.5 * snags
        out += self._rub.process(rubbing, _held(rub_hz), 0.4) * (0.45 * self._floor.hiss * self._hard)
        loose = stones * np.minimum(level, 1.0)
        crushed = np.stack([side.take(start, 0.33 * loose) for side in self._grit])
        return np.asarray(out + self._stones.process(crushed) * (10.0 + 6.0 * loose))

    def _controls(self, frame: int, values: Values) -> tuple[float, ...]:
        """Return what moves with the controls, at an absolute frame.

        The level of the rubbing, how it bites, how often it catches and how hard; how often bumps pass (Hz), the
        colour of the rubbing (Hz); how often it sticks and slips (Hz), with which force, how much of the time; and
        how much is loose.
        """
        weight, grit, speed_m_s = values.number("weight"), values.number("grit"), self._speed_m_s(frame, values)
        share = speed_m_s / REFERENCE_M_S
        moving = min(share / 0.02, 1.0)
        pressed = (0.25 + 0.75 * weight) * moving
        chatter = min(values.number("chatter") * self._floor.grip, 1.0)
        # A surface of bumps `grain_mm` apart shakes what passes at v / grain times a second; weight dulls it.
        bump_hz = 1000.0 * speed_m_s / self._floor.grain_mm * self._hard**0.6 * (1.4 - 0.8 * weight)
        rub_hz = 2300.0 * (0.4 + self._hard) * (1.45 - 0.9 * weight) * share**0.4 + 400.0
        # Heavy and large things stutter, light ones moan; faster is quicker, until it only slides.
        jerk_hz = 60.0 * (0.25 + share) ** 0.7 * (self._size_m / REFERENCE_SIZE_M) ** -0.6 * (1.4 - 0.7 * weight)
        return (
            pressed * share**0.45,
            min(0.33 * pressed * share**0.5, 1.0),
            min(0.16 * moving * share**0.5, 1.0),
            1.6 * pressed * (1.3 - 0.6 * weight),
            min(max(bump_hz, 60.0), 9000.0),
            min(rub_hz, 9000.0),
            jerk_hz,
            4.0 * chatter * (0.3 + 0.7 * weight) * moving * min(share, 1.0) ** 0.5,
            chatter,
            (self._floor.loose * (0.3 + 0.6 * grit) + 0.5 * grit) * (1.3 - 0.6 * weight) * min(share, 1.5) ** 0.4,
        )

    def _speed_m_s(self, frame: int, values: Values) -> float:
        """Return how fast it moves at an absolute frame: steadily, or in heaves with rests between."""
        heave, hand = float(self._heave.at(frame)[0]), float(self._hand.at(frame)[0])
        pulled = min(max(0.5 + 1.3 * heave, 0.0), 1.0)
        deep = values.number("heave")
        return values.number("speed_m_s") * max((1.0 - deep + 1.6 * deep * pulled) * (1.0 + 0.2 * hand), 0.03)


def _held(values: Samples) -> Samples:
    """Return a cutoff that moves once in CONTROL_FRAMES, as (frames,): that is often enough, and cheaper."""
    return np.repeat(values[::CONTROL_FRAMES], CONTROL_FRAMES)


def _modes(timeline: Timeline, values: Values, floor: Floor) -> Modes:
    """Return what rings: the thing, as far as the floor lets it, and the floor."""
    made = THINGS[values.choice("material")]
    size_m, weight = values.number("size_m"), values.number("weight")
    thing = body_of(
        made.stuff,
        size_m=size_m,
        hollow=made.hollow,
        object_seed=timeline.object_seed,
        position=0.17,
        damping=made.held * (0.7 + 0.6 * weight),
    )
    # A scrape is no blow: what stirs the high modes goes on, and only the floor holds the low ones.
    thing.gain[:] *= (thing.frequency_hz / thing.frequency_hz[0]) ** 0.3
    strongest = np.sort(np.argsort(np.abs(thing.gain))[-MODES:])
    ground = modes_of(
        MATERIALS[floor.ring],
        size_m=2.6,
        object_seed=timeline.object_seed + 7,
        position=0.2,
        damping=floor.damping,
    )
    signs = np.where(chance.uniforms(timeline.object_seed, THING_STREAM, 0, len(ground.gain)) < 0.5, -1.0, 1.0)
    return Modes(
        np.append(thing.frequency_hz[strongest], ground.frequency_hz),
        np.append(thing.decay[strongest], ground.decay),
        np.append(thing.gain[strongest], ground.gain * signs * floor.level * (0.4 + 0.6 * weight)),
    )


SCRAPE = Effect(
    id="scrape",
    title="Scrape",
    description="A thing that is dragged over the ground: a crate, a chair, a slab of stone, a blade.",
    ucs_cat_id="WOODFric",
    version=1,
    parameters=(
        Choice("material", "What the thing is made of.", tuple(THINGS), "wood"),
        Choice("floor", "What it is dragged over.", tuple(FLOORS), "concrete"),
        Number("size_m", "How large the thing is: larger is lower.", 0.05, 3.0, 0.7, "m", curve="logarithmic"),
        Number(
            "speed_m_s",
            "How fast it is dragged: faster is louder and brighter; 0 is still.",
            0.0,
            3.0,
            0.6,
            "m/s",
            live=True,
        ),
        Number("weight", "How heavily it lies: louder, deeper, with harder jerks.", 0.0, 1.0, 0.5, live=True),
        Number(
            "chatter", "How much it sticks and slips: 0 slides, 1 stutters and moans.", 0.0, 1.0, 0.3, live=True
        ),
        Number("grit", "How much sand and gravel lies under it.", 0.0, 1.0, 0.2, live=True),
        Number("heave", "How it is pulled: 0 steadily, 1 in heaves with rests between.", 0.0, 1.0, 0.3, live=True),
    ),
    presets=(
        Preset(
            "wooden_crate",
            "A full crate pushed over concrete.",
            {"size_m": 0.9, "weight": 0.7, "heave": 0.6},
            "WOODFric",
        ),
        Preset(
            "chair",
            "A chair pulled back from a table, on floorboards.",
            {
                "floor": "wood",
                "size_m": 0.45,
                "speed_m_s": 0.5,
                "weight": 0.35,
                "chatter": 0.9,
                "grit": 0.0,
                "heave": 0.4,
            },
            "OBJFurn",
        ),
        Preset(
            "stone_slab",
            "The lid of a tomb, slowly moved aside.",
            {
                "material": "stone",
                "size_m": 2.0,
                "speed_m_s": 0.25,
                "weight": 1.0,
                "chatter": 0.4,
                "grit": 0.8,
                "heave": 0.7,
            },
            "ROCKFric",
        ),
        Preset(
            "metal_chest",
            "A steel chest dragged over concrete.",
            {"material": "sheet_metal", "size_m": 0.9, "speed_m_s": 0.7, "weight": 0.6},
            "METLFric",
        ),
        Preset(
            "blade_on_stone",
            "The point of a sword trailed over flagstones.",
            {
                "material": "metal",
                "floor": "tile",
                "size_m": 0.35,
                "speed_m_s": 1.1,
                "weight": 0.1,
                "chatter": 0.1,
                "grit": 0.1,
                "heave": 0.3,
            },
            "METLFric",
        ),
        Preset(
            "plastic_bin",
            "An empty bin pulled along the pavement.",
            {"material": "plastic", "size_m": 0.8, "speed_m_s": 1.2, "weight": 0.25, "grit": 0.4},
            "PLASFric",
        ),
        Preset(
            "wardrobe",
            "Heavy furniture shoved over a wooden floor, by heaves.",
            {
                "floor": "wood",
                "size_m": 2.2,
                "speed_m_s": 0.35,
                "weight": 1.0,
                "chatter": 0.8,
                "grit": 0.0,
                "heave": 0.9,
            },
            "OBJFurn",
        ),
        Preset(
            "boat_on_shingle",
            "A wooden boat hauled up a beach.",
            {"floor": "gravel", "size_m": 3.0, "weight": 0.8, "grit": 0.6, "heave": 1.0, "gain_db": -4.0},
            "WOODFric",
        ),
    ),
    endless=Endless(Scrape, gain_db=-22.4, min_loop_s=2.0),
)
