"""Glass break: the blow, the cracks that run, the shards that fly, fall, hop and tinkle to rest."""

from dataclasses import dataclass

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.chance import Noise
from swash_model.dsp.contact import contact_force
from swash_model.dsp.envelopes import decay, fade_out
from swash_model.dsp.filters import butterworth
from swash_model.dsp.modal import MATERIALS, modes_of, ring
from swash_model.dsp.stereo import centred, correlated
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values
from swash_model.procedural.effects._pieces import GRAVITY_M_S2, Hits, Ringing, hits_of, ring_pieces, tick_pieces

# A free square plate of side a and thickness h: f = 13.5 / (2 pi) * h / a^2 * sqrt(E / (12 rho (1 - nu^2))),
# and its next modes (Leissa, "Vibration of Plates", NASA SP-160, 1969); the root is 1590 m/s for window glass.
PLATE_M_S = 13.5 / (2.0 * np.pi) * 1590.0
PLATE_RATIOS = np.array((1.0, 1.467, 1.811, 2.596))
SHARD_LOSS = 0.0035
LOWEST_HZ, HIGHEST_HZ = 900.0, 12_000.0
REFERENCE_MM = 4.0
LONGEST_S = 4.0

BLOW_STREAM, CRACK_STREAM, SHARD_STREAM, FLIGHT_STREAM, TINKLE_STREAM = 10, 20, 30, 60, 90
NOISE_STREAM, TICK_STREAM = 1, 120


@dataclass(frozen=True, slots=True)
class Kind:
    """How a thing of glass breaks.

    `pieces` at half a metre; `small` and `large`: sides of shards against the typical, `few` how rare the large
    ones are; `crack_s`: how long cracks run; `body`: level of what it rang with before; `free`: how freely a
    shard rings.
    """

    pieces: float
    small: float
    large: float
    few: float
    crack_s: float
    body: float
    free: float


KINDS = {
    "pane": Kind(115.0, 0.55, 3.2, 3.0, 0.035, 1.0, 1.0),
    "vessel": Kind(80.0, 0.6, 2.2, 2.0, 0.012, 1.3, 1.2),
    "tempered": Kind(230.0, 0.5, 0.9, 1.0, 0.09, 1.4, 0.35),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What the shards fall on: how hard, how much of their speed it gives back, how much they grate on it."""

    hardness: float
    restitution: float
    grate: float
    level: float


GROUNDS = {
    "stone": Ground(1.0, 0.42, 1.0, 1.0),
    "wood": Ground(0.72, 0.36, 0.7, 0.8),
    "carpet": Ground(0.25, 0.12, 0.35, 0.35),
    "grass": Ground(0.35, 0.1, 0.6, 0.4),
}


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one break, shape (2, frames)."""
    kind, ground = KINDS[values.choice("kind")], GROUNDS[values.choice("floor")]
    fall_s = (2.0 * values.number("fall_m") / GRAVITY_M_S2) ** 0.5
    frames = round(min(fall_s + 1.4 + 0.4 * values.number("size_m") ** 0.5, LONGEST_S) * SAMPLE_RATE)
    out = centred(_blow(timeline, values, kind, frames))
    _crack(timeline, values, kind, out)
    _shatter(timeline, values, kind, ground, out)
    level = 10.0 ** (0.2 * (values.number("force") - 0.7)) * (values.number("size_m") / 0.6) ** -0.1
    return fade_out(out * level, 0.15)


def _blow(timeline: Timeline, values: Values, kind: Kind, frames: int) -> Samples:
    """Return the thing itself, whole for the last time: it rings only until the cracks have crossed it."""
    size_m, thick = values.number("size_m"), values.number("thickness_mm") / REFERENCE_MM
    force = values.number("force")
    place = chance.uniform(timeline.seed, BLOW_STREAM, 0)
    modes = modes_of(
        MATERIALS["glass"],
        size_m=min(max(size_m * thick**-0.4, 0.05), 2.5),
        object_seed=timeline.object_seed,
        position=0.15 + 0.3 * place,
        damping=7.0,
    )
    signs = np.where(chance.uniforms(timeline.object_seed, BLOW_STREAM, 1, len(modes.gain)) < 0.5, -1.0, 1.0)
    modes.gain[:] *= signs
    push = contact_force(0.9, force)
    return ring(modes, push, frames) * (0.25 * kind.body)


def _crack(timeline: Timeline, values: Values, kind: Kind, out: Samples) -> None:
    """Add the cracks that run: hundreds of snaps in a moment, then single ones, over a tearing noise."""
    size_m, force = values.number("size_m"), values.number("force")
    thick = values.number("thickness_mm") / REFERENCE_MM
    lasts_s = kind.crack_s * (0.6 + 0.8 * (size_m / 0.5) ** 0.5) * thick**0.2
    noise = correlated(
        Noise(timeline, NOISE_STREAM).take(0, min(out.shape[1], round(9.0 * lasts_s * SAMPLE_RATE))), 0.3
    )
    tear = butterworth("highpass", 1700.0 * thick**-0.35 * (0.6 + 0.6 * force)).process(noise)
    envelope = decay(tear.shape[1], lasts_s) + 0.25 * decay(tear.shape[1], 0.25 * lasts_s)
    out[:, : tear.shape[1]] += 0.16 * force * envelope * tear

    snaps = round((50.0 + 90.0 * force) * (size_m / 0.5) ** 0.3)
    draw = chance.uniforms(timeline.seed, CRACK_STREAM, 0, 6 * snaps).reshape(6, snaps)
    at_s = -1.4 * lasts_s * np.log(1.0 - 0.99 * draw[0])
    at_s[:3] = (0.0, 0.0004, 0.0021)  # the first of them is the blow
    strength = np.minimum(draw[1] ** -0.5, 7.0) * (0.25 + 0.75 * np.exp(-at_s / lasts_s))
    strength[:3] = 2.5
    bank = BurstBank(capacity=snaps + 2)
    # What breaks gives way as a whole, with a thump; the wider, the lower.
    thump_hz = 230.0 * (size_m * thick**0.3 / 0.5) ** -0.4
    bank.add(
        np.zeros(2, np.int64),
        centre_hz=np.array((thump_hz, 3.1 * thump_hz)),
        resonance=1.1,
        decay=np.array((55.0, 110.0)),
        amplitude=np.array((0.36, 0.26)) * (kind.body * force * (size_m / 0.5) ** 0.4 * thick**0.4),
        pan=np.zeros(2),
        key=chance.uniforms(timeline.seed, BLOW_STREAM, 2, 2),
    )
    bank.add(
        (at_s * SAMPLE_RATE).astype(np.int64),
        centre_hz=2200.0 * 6.0 ** draw[2] * thick**-0.3,
        resonance=1.2,
        decay=300.0 + 900.0 * draw[3],
        amplitude=0.095 * force * strength,
        pan=1.4 * draw[4] - 0.7,
        key=draw[5],
    )
    bank.sound(out)


def _shatter(timeline: Timeline, values: Values, kind: Kind, ground: Ground, out: Samples) -> None:
    """Add the shards: set free they ring, in the air they touch, on the ground they hop and tinkle."""
    size_m, force = values.number("size_m"), values.number("force")
    thick = values.number("thickness_mm") / REFERENCE_MM
    count = round(kind.pieces * (size_m / 0.5) ** 0.35 * (0.25 + 1.5 * values.number("shards")))
    draw = chance.uniforms(timeline.seed, SHARD_STREAM, 0, 6 * count).reshape(6, count)
    # Thick glass breaks into larger pieces, and a hard blow into smaller ones.
    typical_m = 0.037 * thick**0.62 * (size_m / 0.5) ** 0.15 * (1.25 - 0.4 * force)
    side_m = typical_m * kind.small * (kind.large / kind.small) ** (draw[0] ** kind.few)
    side_m = np.minimum(side_m, 0.5 * size_m)
    hz = PLATE_M_S * 0.001 * thick * REFERENCE_MM / side_m**2
    hz = np.maximum(HIGHEST_HZ * (1.0 - np.exp(-hz / HIGHEST_HZ)), LOWEST_HZ * (1.0 + draw[2]))
    heavy = side_m / (typical_m * kind.large)
    rings = np.pi * hz * SHARD_LOSS + (35.0 + 120.0 * draw[1]) / kind.free
    level = 0.26 * (0.2 + 0.8 * heavy) * (0.4 + 1.2 * draw[5] ** 2)
    pan = 1.5 * draw[3] - 0.75
    in_air = Ringing(hz, rings, level, pan, PLATE_RATIOS, 0.12, np.full(count, 0.00002))

    # In the air: most as soon as the cracks have passed, some as they part.
    parted_s = -(0.02 + 0.07 * size_m**0.5) * np.log(1.0 - 0.98 * draw[4])
    flying = np.flatnonzero(draw[2] < 0.7)
    again = flying[::3]  # and some meet another on the way down
    met_s = parted_s[again] + 0.05 + 0.3 * draw[1, again]
    at_s = np.concatenate([parted_s[flying] + 0.002, met_s])
    touching = Hits(at_s, np.concatenate([flying, again]), 0.7 * np.exp(-at_s / 0.2))
    ring_pieces(out, timeline.seed, SHARD_STREAM, touching, in_air)
    hits = _landing(timeline, values, ground, parted_s, count)
    softness_s = 0.00002 * 40.0 ** (1.0 - ground.hardness)
    on_ground = Ringing(
        hz, rings * (1.0 + 3.0 * (1.0 - ground.hardness)), level * ground.level, pan, PLATE_RATIOS, 0.12,
        np.full(count, softness_s),
    )  # fmt: skip
    ring_pieces(out, timeline.seed, FLIGHT_STREAM, hits, on_ground)
    tick_pieces(
        out,
        timeline.seed,
        TICK_STREAM,
        hits,
        level=0.5 * level * ground.grate,
        centre_hz=np.full(count, 2500.0 + 5500.0 * ground.hardness**2),
        fall_s=0.0008 + 0.0015 * draw[1],
        pan=pan,
    )


def _landing(timeline: Timeline, values: Values, ground: Ground, parted_s: Samples, count: int) -> Hits:
    """Return when the shards come down: those from the top of the thing last, some late."""
    size_m, fall_m = values.number("size_m"), values.number("fall_m")
    draw = chance.uniforms(timeline.seed, FLIGHT_STREAM, 0, 4 * count).reshape(4, count)
    height_m = fall_m + 0.6 * size_m * draw[0] + 0.02
    # Thrown up or down by the blow.
    thrown_m_s = (2.0 * draw[1] - 1.0) * 1.2 * values.number("force") * min(fall_m, 1.0)
    speed = (thrown_m_s**2 + 2.0 * GRAVITY_M_S2 * height_m) ** 0.5
    landing_s = parted_s + (speed + thrown_m_s) / GRAVITY_M_S2
    landing_s += np.where(draw[2] < 0.12, 0.6 * draw[3], 0.0)
    kept = ground.restitution * (0.6 + 0.8 * draw[3])
    return hits_of(timeline.seed, TINKLE_STREAM, landing_s, speed, restitution=kept, hops=3)


GLASS_BREAK = Effect(
    id="glass_break",
    title="Glass break",
    description="Glass that shatters: a window, a bottle, a bulb, the side of a car, and the shards that fall.",
    ucs_cat_id="GLASBrk",
    version=1,
    parameters=(
        Choice(
            "kind", "What breaks: a pane, a vessel, or tempered glass that bursts to crumbs.", tuple(KINDS), "pane"
        ),
        Number(
            "size_m",
            "How large it is: larger is lower, with more shards.",
            0.05,
            3.0,
            0.6,
            "m",
            curve="logarithmic",
        ),
        Number(
            "thickness_mm",
            "How thick the glass is: thicker is heavier, with larger and lower shards.",
            0.5,
            15.0,
            4.0,
            "mm",
            curve="logarithmic",
        ),
        Number("force", "How hard it is hit: louder, with a sharper crash.", 0.1, 1.0, 0.7),
        Number("shards", "How many pieces come of it.", 0.0, 1.0, 0.5),
        Number("fall_m", "How far the shards fall before they land.", 0.0, 6.0, 0.9, "m"),
        Choice("floor", "What they land on.", tuple(GROUNDS), "stone"),
    ),
    presets=(
        Preset("window", "A window pane, smashed.", {}, "GLASBrk"),
        Preset(
            "shop_window",
            "A large thick pane that comes down in sheets.",
            {"size_m": 2.5, "thickness_mm": 8.0, "force": 1.0, "shards": 0.9, "fall_m": 1.5},
            "GLASCrsh",
        ),
        Preset(
            "bottle",
            "A bottle thrown against stone.",
            {"kind": "vessel", "size_m": 0.25, "thickness_mm": 3.5, "force": 0.8, "shards": 0.4, "fall_m": 0.05},
            "GLASBrk",
        ),
        Preset(
            "wine_glass",
            "A thin glass dropped on tiles.",
            {"kind": "vessel", "size_m": 0.15, "thickness_mm": 1.2, "force": 0.45, "shards": 0.3, "fall_m": 0.02},
            "GLASBrk",
        ),
        Preset(
            "light_bulb",
            "A bulb that pops.",
            {"kind": "vessel", "size_m": 0.07, "thickness_mm": 0.6, "force": 0.6, "shards": 0.25, "fall_m": 1.2},
            "GLASBrk",
        ),
        Preset(
            "car_window",
            "Tempered glass that bursts and pours down as crumbs.",
            {"kind": "tempered", "size_m": 0.8, "thickness_mm": 3.5, "force": 0.9, "shards": 0.8, "fall_m": 0.7},
            "GLASBrk",
        ),
        Preset(
            "picture_frame",
            "A framed picture that falls from the wall on floorboards.",
            {"size_m": 0.35, "thickness_mm": 2.0, "force": 0.4, "shards": 0.35, "fall_m": 0.02, "floor": "wood"},
            "GLASBrk",
        ),
        Preset(
            "window_on_carpet",
            "A pane broken inwards, over a carpet.",
            {"size_m": 0.7, "force": 0.6, "floor": "carpet"},
            "GLASBrk",
        ),
    ),
    one_shot=OneShot(play, gain_db=-1.3),
)
