"""Sword clash: a blade that meets another, a shield, armour or a wall; it rings, chatters and slides."""

from dataclasses import dataclass, replace

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.bodies import body_of
from swash_model.dsp.chance import Noise
from swash_model.dsp.collisions import Collisions
from swash_model.dsp.contact import contact_force
from swash_model.dsp.envelopes import decay, fade_out
from swash_model.dsp.filters import butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.modal import MATERIALS, Modes, ring, ring_frames
from swash_model.dsp.stereo import correlated, panned
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values

LONGEST_S = 1.5
STRETCH = round(0.05 * SAMPLE_RATE)  # contacts take their grit from different places, so that none is a copy
GRIT_S = 0.0015
TICK_S = 0.0012
PLACES = 2  # along the blade, where it is hit and where it slides to

# A blade 90 cm long and 5 mm thick of steel: bending f = 3.57 Hz (2n + 1)^2, a free bar's (Euler and
# Bernoulli); torsion f = 440 Hz n, a flat strip's of 4 cm (Saint-Venant). Together they are dense and
# without a pitch, as a sword's ring is.
BENDING_HZ, TORSION_HZ, LENGTH_M = 3.57, 440.0, 0.9
LOWEST_HZ, HIGHEST_HZ = 350.0, 14_000.0
FLOPPY_HZ = 3500.0  # below, a blade is too thin to move much air
MODES, TWINS = 26, 7  # that are heard of a blade, and that beat
BLADE = 0.8  # brings its ring up to full scale
STEEL_LOSS = 0.00022
GRIP, GRIP_HZ = 2.0, 5000.0  # 1/s: a loose hand on the hilt, which takes most from the modes below

LOOSE = 8  # things that jingle, each with its own pitch

HILT, HILT_DECAY = 0.35, (70.0, 95.0)

FORM_STREAM, KEEP_STREAM, TWIN_STREAM, JINGLE_STREAM = 40, 41, 42, 43
CONTACT_STREAM, PLACE_STREAM, NOISE_STREAM, SCRAPE_STREAM, HISS_STREAM = 50, 51, 2, 52, 3


@dataclass(frozen=True, slots=True)
class Against:
    """What a blade meets: its stuff (None is another blade) and size against the blade's, how hard, how damped.

    `level` is how much of the sound is its own, `loose` how much of it jingles afterwards; `rings` is what is
    left of the blade's own ringing; `level_db` makes them about equally loud.
    """

    material: str | None
    size: float
    hardness: float
    damping: float
    level: float
    loose: float
    rings: float
    level_db: float


AGAINST = {
    "sword": Against(None, 1.0, 1.06, 1.0, 1.0, 0.0, 1.0, 0.0),
    "metal_shield": Against("sheet_metal", 0.7, 0.97, 3.0, 0.17, 0.3, 0.5, 5.0),
    "wooden_shield": Against("wood", 0.65, 0.7, 1.5, 0.7, 0.1, 0.12, 9.0),
    "armour": Against("sheet_metal", 0.28, 0.98, 7.0, 0.35, 1.0, 0.5, 6.0),
    "stone": Against("stone", 1.3, 1.02, 1.5, 0.3, 0.0, 0.95, 3.0),
}


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one clash, shape (2, frames)."""
    against = AGAINST[values.choice("against")]
    contacts = _contacts(timeline, values)
    noise = correlated(Noise(timeline, NOISE_STREAM).take(0, STRETCH * (len(contacts) + 1)), 0.5)
    slide, hiss = _slide(timeline, values, against)
    forces = _forces(contacts, values, against, noise.mean(axis=0))
    length = max(forces.shape[1], len(slide))
    push = np.zeros((PLACES, length))
    push[:, : forces.shape[1]] += forces
    push[1, : len(slide)] += slide
    blade = _blade(timeline, values, 0, against.rings)
    met = (
        _blade(timeline, values, 1, against.rings) if against.material is None else _met(timeline, values, against)
    )
    frames = length + max(ring_frames(blade, LONGEST_S), ring_frames(met, LONGEST_S))
    out = panned(ring(blade, push, frames), -0.25) + panned(against.level * ring(met, push, frames), 0.25)
    for number, (frame, strength) in enumerate(contacts):
        tick = noise[:, number * STRETCH : (number + 1) * STRETCH] * decay(STRETCH, TICK_S)
        out[:, frame : frame + STRETCH] += 0.12 * strength * values.number("force") ** 1.5 * tick
    out[:, : hiss.shape[1]] += hiss
    if against.loose > 0.0:
        _jingle(timeline, values, against, out)
    out = butterworth("highpass", 90.0).process(out)
    softer_db = -12.0 * np.log10(values.number("force"))  # a touch is not lost
    return np.asarray(fade_out(out, 0.05) * 10.0 ** ((against.level_db + softer_db) / 20.0))


def _jingle(timeline: Timeline, values: Values, against: Against, out: Samples) -> None:
    """Add what is loose about armour or a shield: plates, buckles and rings that knock a while."""
    count = round(4.0 + 26.0 * against.loose)
    draw = chance.uniforms(timeline.seed, JINGLE_STREAM, 0, 5 * count).reshape(5, count)
    own = chance.uniforms(timeline.object_seed, JINGLE_STREAM, 1, LOOSE)
    after_s = 0.006 - 0.07 * np.log(1.0 - 0.97 * draw[0])
    hz = 1500.0 * 6.0 ** own[(LOOSE * draw[1]).astype(int)]
    bank = GrainBank(capacity=2 * count)
    for ratio, level in ((1.0, 1.0), (1.47, 0.7)):
        bank.add(
            (after_s * SAMPLE_RATE).astype(np.int64),
            frequency_hz=hz * ratio,
            decay=60.0 + 140.0 * draw[2],
            amplitude=0.22 * level * values.number("force") * draw[3] ** 1.5 * np.exp(-after_s / 0.12),
            pan=1.2 * draw[4] - 0.6,
            phase=6.28 * draw[2],
            attack_s=0.0002,
        )
    bank.sound(out)


def _contacts(timeline: Timeline, values: Values) -> list[tuple[int, float]]:
    """Return frames and strengths: edges that meet bounce off each other a few times within 60 ms."""
    chatter = values.number("chatter")
    contacts = [(0, 1.0)]
    at_s, strength = 0.0, 1.0
    for bounce in range(round(7.0 * chatter)):
        draw = chance.uniforms(timeline.seed, CONTACT_STREAM, bounce, 2)
        at_s += 0.014 * 0.8**bounce * (0.5 + draw[0])
        strength *= 0.45 + 0.4 * draw[1]
        contacts.append((round(at_s * SAMPLE_RATE), strength))
    return contacts


def _forces(contacts: list[tuple[int, float]], values: Values, against: Against, noise: Samples) -> Samples:
    """Return the forces at both places, shape (2, frames): pushes, with the grit of edge on edge in them."""
    force = values.number("force")
    hardness = against.hardness - 0.4 * (1.0 - force)
    grit_frames = round(5.0 * GRIT_S * SAMPLE_RATE)
    grit = 0.8 * decay(grit_frames, GRIT_S) / (GRIT_S * SAMPLE_RATE) ** 0.5
    out = np.zeros((PLACES, contacts[-1][0] + STRETCH))
    for number, (frame, strength) in enumerate(contacts):
        push = contact_force(hardness, force * strength)
        rough = noise[number * STRETCH :][:grit_frames] * grit * force**1.7 * strength * against.hardness**3
        place = number % PLACES
        out[place, frame : frame + len(push)] += push
        out[place, frame : frame + grit_frames] += rough
    # As with the tick of any contact: what yields lets no sharp edge through.
    return butterworth("lowpass", min(18_000.0, 1200.0 * 12.0**hardness)).process(out)


def _slide(timeline: Timeline, values: Values, against: Against) -> tuple[Samples, Samples]:
    """Return the force of edge sliding along edge, (frames,), and what is heard of it directly, (2, frames)."""
    scrape = values.number("scrape")
    if scrape == 0.0:
        return np.zeros(0), np.zeros((2, 0))
    frames = round((0.06 + 0.5 * scrape) * SAMPLE_RATE)
    longer, skewed = chance.uniforms(timeline.seed, SCRAPE_STREAM, 0, 2)
    frames = round(frames * (0.8 + 0.4 * longer))
    way = (np.arange(frames) / frames) ** (0.5 + 0.25 * skewed)
    speed = np.sin(np.pi * way) ** 1.5
    level = (0.35 + 0.65 * scrape) * values.number("force")
    nicks = Collisions(timeline, SCRAPE_STREAM, rate_hz=5000.0, decay_s=0.00012).take(0, 0.6 * speed)
    force = 0.05 * level * against.hardness * nicks
    white = correlated(Noise(timeline, HISS_STREAM).take(0, frames), 0.5)
    hiss = butterworth("bandpass", (3500.0, 11_000.0), order=1).process(white * nicks + 0.25 * white * speed)
    return force, 0.06 * level * against.hardness**5 * hiss


def _blade(timeline: Timeline, values: Values, number: int, rings: float) -> Modes:
    """Return the modes of blade 0 or 1 with gains at both places, shape (2, modes)."""
    seed = timeline.object_seed
    shorter, thicker, wider = chance.uniforms(seed, FORM_STREAM, 16 * number, 3)
    length = values.number("length_m") * (1.0 if number == 0 else 0.85 + 0.2 * shorter)
    bends = np.arange(2, 90)
    bending = BENDING_HZ * (0.85 + 0.3 * thicker) * (2 * bends + 1) ** 2 * (LENGTH_M / length) ** 1.8
    twists = np.arange(1, 60)
    # A shorter blade is thinner and narrower too, so that its pitch does not rise with the full square.
    torsion = TORSION_HZ * (0.85 + 0.3 * wider) * twists * (LENGTH_M / length) ** 0.9
    hz = np.concatenate([bending, torsion])
    own = 1.0 + 0.04 * (chance.uniforms(seed, FORM_STREAM, 16 * number + 1, len(hz)) - 0.5)
    waves = np.concatenate([bends + 0.5, twists])
    hz, waves = (hz * own)[(hz > LOWEST_HZ) & (hz < HIGHEST_HZ)], waves[(hz > LOWEST_HZ) & (hz < HIGHEST_HZ)]
    heard = np.argsort(chance.uniforms(seed, KEEP_STREAM, number, len(hz)))[:MODES]
    hz, waves = hz[heard], waves[heard]

    where = 0.12 + 0.55 * values.number("position")
    moved = 0.04 * chance.uniforms(timeline.seed, PLACE_STREAM, number, PLACES)
    gains = np.stack(
        [0.25 + np.abs(np.sin(np.pi * waves * (where + moved[place] + 0.13 * place))) for place in range(PLACES)]
    )
    draw = chance.uniforms(timeline.seed, PLACE_STREAM, 4 + number, gains.size).reshape(gains.shape)
    floppy_hz = FLOPPY_HZ * (LENGTH_M / length) ** 0.6  # what is larger moves more air
    signs = np.where(chance.uniforms(seed, FORM_STREAM, 16 * number + 2, len(hz)) < 0.5, -1.0, 1.0)
    gains *= signs * 10.0 ** ((8.0 * draw - 4.0) / 20.0) * (hz / (hz + floppy_hz)) ** 1.6
    spread = 0.6 * 2.5 ** chance.uniforms(seed, FORM_STREAM, 16 * number + 3, len(hz))
    held = 14.0 ** (1.0 - values.number("ring")) / rings
    fall = (np.pi * hz * STEEL_LOSS + GRIP * (1.0 + GRIP_HZ / hz)) * spread * held
    # Edge and back are not quite alike, so a mode comes as a pair that beats.
    twins = np.argsort(hz)[:TWINS]
    apart = 1.0006 + 0.0025 * chance.uniforms(seed, TWIN_STREAM, number, len(twins))
    # Guard, pommel and the fist on the hilt: the knock under the ring.
    hilt_hz = np.array((240.0, 430.0)) * (0.85 + 0.3 * thicker) * (LENGTH_M / length) ** 0.4
    return Modes(
        np.concatenate([hz, hz[twins] * apart, hilt_hz]),
        np.concatenate([fall, fall[twins] * 1.15, HILT_DECAY]),
        BLADE * np.concatenate([gains, 0.6 * gains[:, twins], np.full((PLACES, 2), HILT)], axis=1),
    )


def _met(timeline: Timeline, values: Values, against: Against) -> Modes:
    """Return the modes of what the blade meets, with gains at both places, shape (2, modes)."""
    assert against.material is not None
    stuff = replace(MATERIALS[against.material], modes=min(24, MATERIALS[against.material].modes))
    where = chance.uniforms(timeline.seed, PLACE_STREAM, 9, PLACES)
    body, other = (
        body_of(
            stuff,
            size_m=against.size * (0.7 + 0.3 * values.number("length_m")),
            hollow=0.3,
            object_seed=timeline.object_seed,
            position=0.15 + 0.3 * where[place] + 0.1 * place,
            damping=against.damping,
        )
        for place in range(PLACES)
    )
    gains = np.stack([body.gain, other.gain])
    draw = chance.uniforms(timeline.seed, PLACE_STREAM, 10, gains.size).reshape(gains.shape)
    return Modes(body.frequency_hz, body.decay, gains * 10.0 ** ((6.0 * draw - 3.0) / 20.0))


SWORD_CLASH = Effect(
    id="sword_clash",
    title="Sword clash",
    description="A blade that meets another blade, a shield, armour or stone.",
    ucs_cat_id="WEAPSwrd",
    version=1,
    parameters=(
        Choice("against", "What the blade meets.", tuple(AGAINST), "sword"),
        Number(
            "length_m",
            "How long the blade is: a dagger is higher than a greatsword.",
            0.25,
            1.6,
            0.9,
            "m",
            curve="logarithmic",
        ),
        Number("force", "How hard they meet: louder and brighter.", 0.1, 1.0, 0.8),
        Number("ring", "How freely the steel rings: 0 is caught in a bind, 1 sings on.", 0.0, 1.0, 0.8),
        Number("scrape", "How far the edges slide along each other afterwards.", 0.0, 1.0, 0.25),
        Number("chatter", "How often they bounce off each other as they meet.", 0.0, 1.0, 0.4),
        Number("position", "Where along the blade: 0 near the hilt, 1 near the tip.", 0.0, 1.0, 0.6),
    ),
    presets=(
        Preset("parry", "A blow caught, blade on blade.", {}, "WEAPSwrd"),
        Preset(
            "heavy_clash",
            "Two greatswords meet with full weight.",
            {"length_m": 1.5, "force": 1.0, "chatter": 0.6, "ring": 0.85},
            "WEAPSwrd",
        ),
        Preset(
            "light_tap",
            "Points that feel each other out.",
            {"force": 0.2, "scrape": 0.0, "chatter": 0.15, "position": 0.95},
            "WEAPSwrd",
        ),
        Preset(
            "dagger_parry",
            "A dagger turns a blow aside.",
            {"length_m": 0.32, "ring": 0.5, "scrape": 0.4},
            "WEAPKnif",
        ),
        Preset(
            "blade_slide",
            "A bind: the blades grind along each other to the hilt.",
            {"force": 0.5, "ring": 0.35, "scrape": 1.0, "chatter": 0.7, "position": 0.4},
            "WEAPSwrd",
        ),
        Preset(
            "iron_shield",
            "A sword on an iron shield.",
            {"against": "metal_shield", "force": 0.9, "ring": 0.5},
            "WEAPArmr",
        ),
        Preset(
            "wooden_shield",
            "A sword bites into a wooden shield.",
            {"against": "wooden_shield", "ring": 0.3, "scrape": 0.0},
            "WEAPArmr",
        ),
        Preset("plate_armour", "A blow that plate turns aside.", {"against": "armour", "ring": 0.45}, "WEAPArmr"),
        Preset(
            "stone_wall",
            "A missed blow rings off a wall.",
            {"against": "stone", "scrape": 0.35, "ring": 0.8},
            "WEAPSwrd",
        ),
    ),
    one_shot=OneShot(play, gain_db=-13.8),
)
