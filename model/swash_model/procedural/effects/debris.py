"""Debris: rubble, stones, bricks, boards, metal or shards that come down and lie still at last."""

from dataclasses import dataclass

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.collisions import Collisions
from swash_model.dsp.contact import contact_s
from swash_model.dsp.envelopes import fade_out
from swash_model.dsp.filters import butterworth
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values
from swash_model.procedural.effects._pieces import GRAVITY_M_S2, Hits, Ringing, hits_of, ring_pieces, tick_pieces

REFERENCE_M = 0.1
HIGHEST_HZ = 13_000.0
SURGES = 4  # a fall comes in surges: what lies on what has come loose follows it
LONGEST_S = 11.0
STEP_FRAMES = 480  # of the gravel's level
THUD_DECAY = 42.0  # 1/s, of the ground

PLATE = np.array((1.0, 1.65, 2.53, 3.4))
BAR = np.array((1.0, 2.76, 5.4, 8.9))
CLAY = np.array((1.0, 1.42, 2.31, 3.05))

PIECE_STREAM, FALL_STREAM, SURGE_STREAM, GRIND_STREAM = 10, 20, 30, 35
HIT_STREAM, TICK_STREAM, THUD_STREAM, PAN_STREAM = 40, 60, 70, 45


@dataclass(frozen=True, slots=True)
class Stuff:
    """What comes down.

    `first_hz` of a piece of 10 cm, `pitch` the power of the size that it falls with; `loss` and `handling` as
    in dsp.modal; `ratios` its partials; `hardness` 0..1; `density` against stone; `restitution` the speed it
    keeps; `grate_hz`, `grate` and `dust`: the crunch of a touch, and of all that is small.
    """

    first_hz: float
    pitch: float
    loss: float
    handling: float
    ratios: Samples
    hardness: float
    density: float
    restitution: float
    grate_hz: float
    grate: float
    dust: float


STUFF = {
    "stone": Stuff(2100.0, 0.8, 0.018, 90.0, PLATE, 0.8, 1.0, 0.36, 3200.0, 1.1, 1.0),
    "brick": Stuff(1500.0, 0.7, 0.022, 60.0, CLAY, 0.75, 0.75, 0.3, 2600.0, 1.0, 1.1),
    "wood": Stuff(950.0, 0.75, 0.022, 40.0, BAR, 0.65, 0.45, 0.42, 1900.0, 1.2, 0.35),
    "metal": Stuff(1700.0, 0.8, 0.0022, 14.0, PLATE, 0.95, 0.6, 0.5, 5200.0, 0.5, 0.3),
    "glass": Stuff(2600.0, 0.9, 0.0035, 60.0, CLAY, 1.0, 0.25, 0.4, 7000.0, 0.5, 0.5),
    "ceramic": Stuff(2300.0, 0.8, 0.006, 60.0, CLAY, 0.95, 0.5, 0.38, 5000.0, 0.7, 0.7),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What it comes down on: how hard, how much speed it gives back, and how much of a thud it answers with."""

    hardness: float
    restitution: float
    thud: float
    thud_hz: float


GROUNDS = {
    "stone": Ground(1.0, 1.0, 0.7, 85.0),
    "wood": Ground(0.7, 0.85, 1.3, 110.0),
    "soil": Ground(0.3, 0.4, 1.0, 70.0),
}


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one fall of debris, shape (2, frames), the first piece at once."""
    stuff, ground = STUFF[values.choice("material")], GROUNDS[values.choice("ground")]
    largest_m, amount = values.number("size_m"), values.number("amount")
    pieces = round(8.0 * 14.0**amount)
    draw = chance.uniforms(timeline.seed, PIECE_STREAM, 0, 4 * pieces).reshape(4, pieces)
    # Many small ones to a large one: evenly many in each octave of size.
    side_m = largest_m * (0.08 + 0.1 * amount) ** draw[0]
    side_m[0] = 0.7 * largest_m
    landing_s = _landing_s(timeline, values.number("duration_s"), pieces)
    fall_m = values.number("fall_m") * (0.5 + draw[1])
    speed = np.sqrt(2.0 * GRAVITY_M_S2 * (fall_m + 0.05))
    free = 1.6 * values.number("bounce") * stuff.restitution * ground.restitution * (0.6 + 0.8 * draw[2])
    hits = hits_of(timeline.seed, HIT_STREAM, landing_s, speed, restitution=np.minimum(free, 0.75), hops=4)

    longest_s = float(hits.at_s.max()) + 0.6
    frames = round(min(longest_s, LONGEST_S) * SAMPLE_RATE)
    out = np.zeros((2, frames))
    ringing = _ringing(timeline, stuff, ground, side_m)
    ring_pieces(out, timeline.seed, HIT_STREAM, hits, ringing)
    weight = side_m / largest_m
    tick_pieces(
        out,
        timeline.seed,
        TICK_STREAM,
        hits,
        level=0.55 * stuff.grate * weight**0.8 * (0.4 + 0.6 * ground.hardness),
        centre_hz=stuff.grate_hz * (0.35 + 0.65 * ground.hardness) * (side_m / REFERENCE_M) ** -0.25,
        fall_s=0.0015 + 0.012 * np.minimum(side_m, 1.0) ** 0.6,
        pan=ringing.pan,
    )
    _thud(out, timeline, stuff, ground, side_m, hits)
    _grind(out, timeline, stuff, values.number("dust"), hits, weight)
    level = (largest_m / 0.3) ** -0.12 * 10.0 ** (0.25 * (0.5 - amount))
    level *= (values.number("fall_m") / 2.0 + 0.05) ** 0.15
    return fade_out(out * level, 0.2)


def _landing_s(timeline: Timeline, duration_s: float, pieces: int) -> Samples:
    """Return when each piece first touches the ground, s, shape (pieces,): in surges, then in stragglers."""
    surge = chance.uniforms(timeline.seed, SURGE_STREAM, 0, SURGES) ** 1.4
    surge[0] = 0.0
    draw = chance.uniforms(timeline.seed, FALL_STREAM, 0, 3 * pieces).reshape(3, pieces)
    which = np.minimum((SURGES * draw[0] ** 1.3).astype(int), SURGES - 1)
    after = -0.1 * np.log(1.0 - 0.99 * draw[1])
    at = np.where(draw[2] < 0.6, 0.75 * surge[which] + after, draw[1] ** 1.3)
    at[0] = 0.0
    return np.asarray(duration_s * np.minimum(at, 1.0))


def _ringing(timeline: Timeline, stuff: Stuff, ground: Ground, side_m: Samples) -> Ringing:
    """Return how the pieces ring; small ones higher, shorter and fainter."""
    pieces = len(side_m)
    draw = chance.uniforms(timeline.seed, PAN_STREAM, 0, 3 * pieces).reshape(3, pieces)
    # What it all came from is one thing: one kind of brick, one wall.
    own = 0.85 + 0.3 * chance.uniform(timeline.object_seed, PIECE_STREAM, 0)
    hz = stuff.first_hz * own * (side_m / REFERENCE_M) ** -stuff.pitch * (0.75 + 0.5 * draw[0])
    hz = HIGHEST_HZ * (1.0 - np.exp(-hz / HIGHEST_HZ))
    hardness = stuff.hardness * (0.4 + 0.6 * ground.hardness)
    touch = np.array(
        [contact_s(min(hardness - 0.12 * float(np.log(side / REFERENCE_M)), 1.1), 1.0) for side in side_m]
    )
    lost = np.pi * hz * stuff.loss + stuff.handling * (0.7 + 0.8 * draw[1]) * (1.0 + 1.5 * (1.0 - ground.hardness))
    level = 0.5 * (side_m / side_m.max()) ** 0.9 * (0.5 + draw[2])
    return Ringing(hz, lost, level, 1.5 * draw[1] - 0.75, stuff.ratios, 0.14, touch)


def _thud(out: Samples, timeline: Timeline, stuff: Stuff, ground: Ground, side_m: Samples, hits: Hits) -> None:
    """Add what the ground answers to the heavier pieces."""
    push = hits.strength * np.minimum((side_m / 0.3) ** 1.5, 1.5)[hits.piece] * stuff.density * ground.thud
    heavy = push > 0.02
    count = int(heavy.sum())
    draw = chance.uniforms(timeline.seed, THUD_STREAM, 0, 4 * count).reshape(2, 2, count)
    onsets = (hits.at_s[heavy] * SAMPLE_RATE).astype(np.int64)
    bank = BurstBank(capacity=2 * count + 1)
    # The thump in the ground, and the knock of what lies on it; neither has a pitch.
    for part, (up, fall, level) in enumerate(((1.0, 1.0, 0.5), (3.6, 2.2, 0.35))):
        bank.add(
            onsets,
            centre_hz=up * ground.thud_hz * (0.7 + 0.7 * draw[part, 0]),
            resonance=1.0,
            decay=THUD_DECAY * fall * (0.8 + 0.6 * draw[part, 0]),
            amplitude=level * push[heavy],
            pan=0.4 * (2.0 * draw[part, 1] - 1.0),
            key=draw[part, 1],
        )
    bank.sound(out)


def _grind(out: Samples, timeline: Timeline, stuff: Stuff, dust: float, hits: Hits, weight: Samples) -> None:
    """Add the gravel, splinters and dust that run after the pieces."""
    if dust == 0.0:
        return
    steps = out.shape[1] // STEP_FRAMES + 1
    fallen = np.bincount(
        np.minimum((hits.at_s * SAMPLE_RATE / STEP_FRAMES).astype(int), steps - 1),
        weights=(weight**1.5)[hits.piece] * hits.strength,
        minlength=steps,
    )
    t = np.arange(round(1.2 * SAMPLE_RATE / STEP_FRAMES)) * STEP_FRAMES / SAMPLE_RATE
    running = np.convolve(fallen, 0.35 * np.exp(-t / 0.22) + np.exp(-t / 0.04))[:steps]
    level = np.interp(np.arange(out.shape[1]) / STEP_FRAMES, np.arange(steps), running)
    drive = dust * stuff.dust * level / (0.5 + level)
    patter = np.stack(
        [
            Collisions(timeline, GRIND_STREAM + ear, rate_hz=1800.0, decay_s=0.0011).take(0, 0.33 * drive)
            for ear in range(2)
        ]
    )
    band = (0.45 * stuff.grate_hz, 2.6 * stuff.grate_hz)
    out += 1.1 * butterworth("bandpass", band, order=1).process(patter)


DEBRIS = Effect(
    id="debris",
    title="Debris",
    description="Rubble, stones, bricks, boards, metal or shards that come down and scatter.",
    ucs_cat_id="ROCKCrsh",
    version=1,
    parameters=(
        Choice("material", "What comes down.", tuple(STUFF), "stone"),
        Number(
            "size_m", "How large the largest piece is: larger is lower.", 0.02, 1.5, 0.3, "m", curve="logarithmic"
        ),
        Number("amount", "How many pieces there are: 0 a handful, 1 a hundred.", 0.0, 1.0, 0.5),
        Number("duration_s", "How long they keep coming down.", 0.2, 8.0, 1.5, "s", curve="logarithmic"),
        Number(
            "fall_m",
            "From how high they fall: faster, with longer hops.",
            0.1,
            10.0,
            1.5,
            "m",
            curve="logarithmic",
        ),
        Number("bounce", "How much they hop before they lie still.", 0.0, 1.0, 0.6),
        Number("dust", "How much gravel and dust runs after them.", 0.0, 1.0, 0.5),
        Choice("ground", "What they come down on.", tuple(GROUNDS), "stone"),
    ),
    presets=(
        Preset("rubble", "A piece of a wall comes down.", {"size_m": 0.5, "amount": 0.8, "dust": 0.9}, "ROCKCrsh"),
        Preset(
            "small_rocks",
            "Pebbles that trickle down a slope.",
            {"size_m": 0.06, "amount": 0.6, "duration_s": 2.5, "fall_m": 0.5, "bounce": 0.9, "dust": 0.25},
            "ROCKMvmt",
        ),
        Preset(
            "rockslide",
            "Boulders and stones that roll into a valley.",
            {"size_m": 1.2, "amount": 1.0, "duration_s": 6.0, "fall_m": 4.0, "dust": 0.8, "ground": "soil"},
            "ROCKCrsh",
        ),
        Preset(
            "bricks",
            "A stack of bricks that topples.",
            {"material": "brick", "size_m": 0.24, "amount": 0.45, "duration_s": 0.9, "bounce": 0.5, "dust": 0.3},
            "ROCKCrsh",
        ),
        Preset(
            "wood_planks",
            "Boards that clatter down.",
            {"material": "wood", "size_m": 1.2, "amount": 0.3, "duration_s": 1.0, "fall_m": 1.2, "dust": 0.1},
            "WOODCrsh",
        ),
        Preset(
            "splinters",
            "What is left of a crate, raining down.",
            {"material": "wood", "size_m": 0.35, "amount": 0.65, "duration_s": 0.8, "bounce": 0.8, "dust": 0.4},
            "WOODCrsh",
        ),
        Preset(
            "glass_shards",
            "Broken glass that rains on stone.",
            {"material": "glass", "size_m": 0.12, "amount": 0.8, "duration_s": 1.2, "dust": 0.3},
            "GLASCrsh",
        ),
        Preset(
            "scrap_metal",
            "Metal parts thrown on a heap.",
            {"material": "metal", "size_m": 0.5, "amount": 0.4, "duration_s": 1.0, "dust": 0.1},
            "METLCrsh",
        ),
        Preset(
            "roof_tiles",
            "Tiles that slide off a roof and smash.",
            {
                "material": "ceramic",
                "size_m": 0.3,
                "amount": 0.55,
                "duration_s": 1.6,
                "fall_m": 5.0,
                "bounce": 0.3,
            },
            "CERMCrsh",
        ),
        Preset(
            "ceiling_collapse",
            "A ceiling that gives way, stone and all.",
            {
                "size_m": 0.9,
                "amount": 1.0,
                "duration_s": 2.5,
                "fall_m": 3.0,
                "dust": 1.0,
                "ground": "wood",
                "gain_db": -4.0,
            },
            "DESTRClpse",
        ),
    ),
    one_shot=OneShot(play, gain_db=-2.3),
)
