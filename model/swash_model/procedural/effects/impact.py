"""Impact: a thing that is struck, or that falls and comes to rest; stuff, size and touch make the sound."""

from dataclasses import dataclass, replace

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.bodies import body_of
from swash_model.dsp.chance import Noise
from swash_model.dsp.contact import contact_force
from swash_model.dsp.envelopes import decay, fade_out
from swash_model.dsp.filters import butterworth
from swash_model.dsp.modal import MATERIALS, REFERENCE_SIZE_M, Modes, ring, ring_frames
from swash_model.dsp.stereo import centred, correlated
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values

LONGEST_S = 3.5
MOST_BOUNCES = 8
GRAVITY_M_S2 = 9.81
FAINTEST = 0.04  # of the first contact: a bounce below is not heard

SOFTEST = -0.35  # on the scale of hardness: 30 ms of contact, a pillow
TICK_S = 0.002
TICK_LEVEL = 0.45
GRIT_LEVEL = 0.9
STRETCH = round(0.012 * SAMPLE_RATE)  # contacts take their noise from different places, so that none is a copy
LONGEST_GRIT = 8 * STRETCH

HELD = 15.0  # a firm grip damps so many times more
GROUND_DECAY = 55.0  # 1/s: what lies under the thing gives one thump

CONTACT_STREAM, PLACE_STREAM, NOISE_STREAM = 10, 11, 12


@dataclass(frozen=True, slots=True)
class Nature:
    """How a material behaves as a thing that falls.

    `density` against stone: the heavy shakes the ground; `cavity` how hollow it may be: nobody makes boxes
    of ice; `restitution` is the share of its speed that it keeps in a bounce; `grit` how rough its surface
    is, and `grit_s` how long that crunches in a contact; `level_db` makes materials about equally loud at
    equal force.
    """

    density: float
    cavity: float
    restitution: float
    grit: float
    grit_s: float
    level_db: float


NATURES = {
    "metal": Nature(1.0, 1.0, 0.65, 0.6, 0.003, -1.0),
    "sheet_metal": Nature(0.25, 1.0, 0.40, 1.2, 0.015, -7.0),
    "wood": Nature(0.40, 1.0, 0.50, 1.8, 0.02, 0.0),
    "glass": Nature(0.35, 1.0, 0.60, 0.5, 0.002, 6.0),
    "ceramic": Nature(0.35, 1.0, 0.55, 0.6, 0.003, 5.0),
    "plastic": Nature(0.12, 1.0, 0.60, 0.7, 0.005, 2.5),
    "stone": Nature(1.0, 0.2, 0.40, 2.0, 0.012, 1.0),
    "rubber": Nature(0.15, 1.0, 0.85, 0.6, 0.004, 3.0),
    "bone": Nature(0.30, 0.6, 0.50, 1.2, 0.006, 2.0),
    "ice": Nature(0.45, 0.2, 0.45, 1.6, 0.012, 2.5),
}

STUFF = {**MATERIALS, "stone": replace(MATERIALS["stone"], loss=0.006, handling=6.0)}
"""As in the table, but for stone: there it is a floor, which the ground damps; a loose one rings."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One touch: when, how fast against the first one, and on which of two places."""

    frame: int
    strength: float
    place: int


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one impact and what follows it, shape (2, frames)."""
    nature = NATURES[values.choice("material")]
    contacts = _contacts(timeline, values, nature)
    noise = _touch_noise(timeline, values, len(contacts))
    body = _body(timeline, values, nature)
    ringing = ring_frames(body, LONGEST_S) + STRETCH
    frames = min(contacts[-1].frame + ringing, round(LONGEST_S * SAMPLE_RATE))
    out = centred(ring(body, _forces(contacts, values, nature, noise.mean(axis=0)), frames))
    _add_ticks(out, contacts, noise)
    return np.asarray(fade_out(out, 0.02) * 10.0 ** (_level_db(values, nature) / 20.0))


def _level_db(values: Values, nature: Nature) -> float:
    """Return the level that keeps a harder touch from being mainly a louder one, and a tap within hearing."""
    faint = -12.0 * np.log10(values.number("force"))
    return float(nature.level_db + faint - 8.0 * (values.number("hardness") - 0.6))


def _contacts(timeline: Timeline, values: Values, nature: Nature) -> list[Contact]:
    """Return the fall and the bounces in order; intervals shrink by the same share each time, as speed does."""
    size_m = values.number("size_m")
    free = values.number("bounce") ** 0.5 * (1.0 - values.number("damping"))
    weight = nature.density * (1.0 - 0.8 * nature.cavity * values.number("hollow"))
    kept = nature.restitution * free / (1.0 + 0.5 * weight * size_m)
    flight_s = 2.0 * (0.4 + 2.0 * values.number("force")) / GRAVITY_M_S2
    rock_s = 0.03 * (size_m / REFERENCE_SIZE_M) ** 0.5
    has_corners = nature.restitution < 0.8
    wobble = 0.25 if has_corners else 0.04
    contacts = []
    at_s, strength = 0.0, 1.0
    for bounce in range(MOST_BOUNCES):
        contacts.append(Contact(round(at_s * SAMPLE_RATE), strength, bounce % 2 if has_corners else 0))
        draw = chance.uniforms(timeline.seed, CONTACT_STREAM, bounce, 5)
        if has_corners and draw[0] < 0.8:  # the other corner comes down after the first
            rocked_s = at_s + rock_s * (0.3 + draw[1])
            contacts.append(Contact(round(rocked_s * SAMPLE_RATE), strength * free * (0.25 + 0.4 * draw[2]), 1))
        strength *= kept * (1.0 + wobble * (2.0 * draw[3] - 1.0))
        at_s += flight_s * strength * (1.0 + wobble * (2.0 * draw[4] - 1.0))
    heard = [contact for contact in contacts if contact.strength > FAINTEST]
    return sorted(heard, key=lambda contact: contact.frame)


def _hardness(values: Values, strength: float = 1.0) -> float:
    """Return how hard the touch is: what is fast yields less, and what is small lets go sooner."""
    faster = 0.45 * (values.number("force") * strength - 0.85)
    smaller = -0.17 * np.log(values.number("size_m") / REFERENCE_SIZE_M)
    return max(SOFTEST, float(values.number("hardness") + faster + smaller))


def _touch_noise(timeline: Timeline, values: Values, contacts: int) -> Samples:
    """Return the noise of rough surfaces, shape (2, frames): a stretch for each contact, and the longest grit."""
    white = correlated(Noise(timeline, NOISE_STREAM).take(0, contacts * STRETCH + LONGEST_GRIT), 0.4)
    hardness = _hardness(values)
    # Felt on felt makes no noise, and a tap hardly any.
    white *= values.number("force") ** 1.5 * min(max(0.1 + 0.9 * hardness, 0.05), 1.2)
    return butterworth("lowpass", min(18_000.0, 1200.0 * 15.0**hardness)).process(white)


def _forces(contacts: list[Contact], values: Values, nature: Nature, noise: Samples) -> Samples:
    """Return the forces on both places, shape (2, frames): for each contact a push with grit in it."""
    grit_frames = min(round(5.0 * nature.grit_s * SAMPLE_RATE), LONGEST_GRIT)
    # Of equal energy however long it takes: a longer crunch is a fainter one.
    grit = decay(grit_frames, nature.grit_s) * nature.grit * GRIT_LEVEL / (nature.grit_s * SAMPLE_RATE) ** 0.5
    out = np.zeros((2, contacts[-1].frame + LONGEST_GRIT))
    for number, contact in enumerate(contacts):
        push = contact_force(_hardness(values, contact.strength), values.number("force") * contact.strength)
        rough = noise[number * STRETCH :][:grit_frames] * grit * contact.strength
        out[contact.place, contact.frame : contact.frame + len(push)] += push
        out[contact.place, contact.frame : contact.frame + len(rough)] += rough
    return out


def _add_ticks(out: Samples, contacts: list[Contact], noise: Samples) -> None:
    """Add to each contact the tick of the touch itself, which no mode colours and which is not quite mono."""
    shape = decay(STRETCH, TICK_S) * TICK_LEVEL
    for number, contact in enumerate(contacts):
        into = out[:, contact.frame : contact.frame + STRETCH]
        tick = noise[:, number * STRETCH : (number + 1) * STRETCH] * shape * contact.strength
        into += tick[:, : into.shape[1]]


def _body(timeline: Timeline, values: Values, nature: Nature) -> Modes:
    """Return what rings, with gains for both places: the thing itself, and the ground that it falls on."""
    size_m, hollow = values.number("size_m"), nature.cavity * values.number("hollow")
    where = chance.uniforms(timeline.seed, PLACE_STREAM, 0, 2)
    body, other = (
        body_of(
            STUFF[values.choice("material")],
            size_m=size_m,
            hollow=hollow,
            object_seed=timeline.object_seed,
            position=0.08 + 0.4 * values.number("position") + 0.05 * where[place] + 0.11 * place,
            damping=HELD ** values.number("damping"),
        )
        for place in (0, 1)
    )
    gains = np.stack([body.gain, other.gain])
    draw = chance.uniforms(timeline.seed, PLACE_STREAM, 1, gains.size).reshape(gains.shape)
    gains *= 10.0 ** ((4.0 * draw - 2.0) / 20.0)  # 2 dB up or down: no hit is like another
    ground_hz = 72.0 * (size_m / REFERENCE_SIZE_M) ** -0.35
    ground = 1.3 * nature.density * size_m / (size_m + 0.6) * (1.0 - 0.6 * hollow)
    return Modes(
        np.append(body.frequency_hz, ground_hz),
        np.append(body.decay, GROUND_DECAY),
        np.append(gains, [[ground], [ground]], axis=1),
    )


IMPACT = Effect(
    id="impact",
    title="Impact",
    description="A thing of wood, metal, glass, stone or other stuff, struck or dropped.",
    ucs_cat_id="WOODImpt",
    version=1,
    parameters=(
        Choice("material", "What the thing is made of.", tuple(MATERIALS), "wood"),
        Number("size_m", "How large the thing is: larger is lower.", 0.05, 3.0, 0.5, "m", curve="logarithmic"),
        Number("hardness", "How hard the two surfaces are: 0 felt, 1 steel.", 0.0, 1.0, 0.6),
        Number("force", "How hard the hit is: louder and brighter.", 0.05, 1.0, 0.85),
        Number("hollow", "How much air it encloses: the boom of a box or a bottle.", 0.0, 1.0, 0.7),
        Number("position", "Where it is struck: 0 at the rim, 1 in the middle.", 0.0, 1.0, 0.6),
        Number("damping", "How firmly it is held: 0 rings freely, 1 only knocks.", 0.0, 1.0, 0.0),
        Number("bounce", "How much it bounces and rattles before it lies still.", 0.0, 1.0, 0.5),
    ),
    presets=(
        Preset(
            "wooden_crate",
            "A crate that is set down hard.",
            {"size_m": 0.8, "force": 1.0, "hollow": 0.9, "bounce": 0.3},
            "WOODImpt",
        ),
        Preset(
            "anvil",
            "A hammer on an anvil.",
            {
                "material": "metal",
                "size_m": 0.35,
                "hardness": 0.95,
                "hollow": 0.0,
                "position": 0.1,
                "bounce": 0.15,
            },
            "METLImpt",
        ),
        Preset(
            "metal_pipe",
            "A steel pipe that falls and clangs until it lies.",
            {"material": "metal", "size_m": 1.2, "hardness": 1.0, "hollow": 1.0, "position": 0.1, "bounce": 1.0},
            "METLImpt",
        ),
        Preset(
            "sheet_metal_bang",
            "A large metal sheet, struck hard near its rim.",
            {
                "material": "sheet_metal",
                "size_m": 1.0,
                "hardness": 0.9,
                "hollow": 0.1,
                "position": 0.0,
                "bounce": 0.1,
            },
            "METLImpt",
        ),
        Preset(
            "glass_bottle",
            "An empty bottle knocked against stone.",
            {"material": "glass", "size_m": 0.28, "hardness": 0.85, "force": 0.6, "hollow": 0.9, "bounce": 0.5},
            "GLASImpt",
        ),
        Preset(
            "ceramic_plate",
            "A plate dropped on a table, rattling.",
            {"material": "ceramic", "size_m": 0.28, "hardness": 0.85, "force": 0.75, "hollow": 0.1, "bounce": 0.9},
            "CERMImpt",
        ),
        Preset(
            "plastic_cup",
            "An empty cup that falls and hops.",
            {"material": "plastic", "size_m": 0.12, "hardness": 0.65, "hollow": 0.9, "bounce": 1.0},
            "PLASImpt",
        ),
        Preset(
            "stone_thud",
            "A heavy stone dropped on the ground.",
            {
                "material": "stone",
                "size_m": 1.3,
                "hardness": 0.6,
                "force": 1.0,
                "hollow": 0.0,
                "position": 0.1,
                "damping": 0.5,
                "bounce": 0.3,
            },
            "ROCKImpt",
        ),
        Preset(
            "ice_block",
            "A block of ice hitting the ground.",
            {"material": "ice", "size_m": 0.6, "hardness": 0.7, "bounce": 0.6},
            "ICEImpt",
        ),
        Preset(
            "bone_clatter",
            "A dry bone that falls and clatters.",
            {"material": "bone", "size_m": 0.35, "hardness": 0.75, "bounce": 1.0},
            "GOREBone",
        ),
        Preset(
            "rubber_ball",
            "A ball that bounces until it lies.",
            {"material": "rubber", "size_m": 0.22, "hardness": 0.5, "hollow": 0.8, "bounce": 1.0},
            "RUBRImpt",
        ),
    ),
    # Half a decibel under its reference, so that a knock of 100 ms peaks below full scale.
    one_shot=OneShot(play, gain_db=-8.4),
)
