"""Door: opened, closed, slammed, locked or knocked at; of wood or metal, from a cupboard to a vault."""

from collections.abc import Callable

import numpy as np

from swash_model.dsp.timeline import Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values
from swash_model.procedural.effects._door_leaf import BLOW_STREAM, LATCH_STREAM, MADE, Door

KNOCK_STREAM = 50


def _open(timeline: Timeline, values: Values) -> Samples:
    """Return an opening: the handle goes down, the latch lets go, the leaf comes unstuck and swings."""
    force, latch = values.number("force"), values.number("latch")
    released_s = (0.05 + 0.5 * latch) if latch > 0.0 else 0.004
    swing_s = 1.9 - 1.2 * force
    door = Door(timeline, values, released_s + swing_s)
    u = door.draw(BLOW_STREAM, 0, 6)
    if latch > 0.0:
        _unlatch(door, latch, released_s)
    door.thud(released_s, 0.06 + 0.14 * force)
    door.air(released_s, 0.12, 0.05 * door.scale * (0.3 + force), 700.0)
    door.swing(released_s + 0.02, swing_s, 0.35 + 0.5 * force)
    if latch > 0.0:  # the handle springs back
        back_s = released_s + 0.25 + 0.2 * u[0]
        door.click(back_s, 0.28 * latch**0.5, pitch=1.15)
        door.click(back_s + 0.018 + 0.02 * u[1], 0.12 * latch**0.5, pitch=1.3)
    return door.sound()


def _unlatch(door: Door, latch: float, lasts_s: float) -> None:
    """Add a latch drawn back: two clicks, or the heavy bolts of a vault one after the other."""
    bolts = 2 + round(4.0 * max(latch - 0.5, 0.0))
    u = door.draw(LATCH_STREAM, 900, 2 * bolts)
    for bolt in range(bolts):
        at_s = lasts_s * bolt / bolts * (0.85 + 0.3 * u[bolt]) if bolt else 0.0
        door.click(at_s, (0.35 + 0.65 * latch) * (0.6 + 0.5 * u[bolts + bolt]), pitch=1.1 if bolt % 2 else 0.9)
        if latch > 0.6:  # a bolt as thick as an arm shakes the leaf
            door.thud(at_s + 0.006, 0.13 * latch)


def _close(timeline: Timeline, values: Values) -> Samples:
    """Return a closing: the leaf swings to, meets the frame, and the latch falls in."""
    force, latch = values.number("force"), values.number("latch")
    swing_s = 0.2 + 0.75 * values.number("creak") ** 0.5 * (1.3 - force)
    door = Door(timeline, values, swing_s + 0.4 * latch)
    # A hand that takes it, or it would begin with nothing.
    door.click(0.0, 0.1 + 0.08 * latch, pitch=1.3, fall=2.0)
    door.swing(0.002, swing_s, 0.35 + 0.4 * force)
    door.thud(swing_s, 0.32 + 0.26 * force)
    door.air(swing_s, 0.15, 0.06 * door.scale * force, 500.0)
    door.rattle(swing_s + 0.01, 0.2 + 0.5 * force, 0.18 + 0.15 * force)
    _fall_in(door, latch, swing_s - 0.012, 0.5 + 0.5 * force)
    return door.sound()


def _fall_in(door: Door, latch: float, at_s: float, force: float) -> None:
    """Add a latch that rides up its plate and snaps in; a heavy one shoots its bolts after."""
    if latch == 0.0:
        return
    u = door.draw(LATCH_STREAM, 901, 8)
    level = force * (0.35 + 0.65 * latch)
    door.click(at_s, 0.55 * level, pitch=1.2)
    door.click(at_s + 0.02 + 0.016 * u[0], level, pitch=0.95)
    door.click(at_s + 0.05 + 0.03 * u[1], 0.3 * level, pitch=1.1)
    for bolt in range(round(5.0 * max(latch - 0.55, 0.0))):
        shot_s = at_s + 0.22 + 0.15 * bolt + 0.05 * u[2 + bolt]
        door.click(shot_s, level * (0.8 + 0.4 * u[4 + bolt]), pitch=0.85)
        door.thud(shot_s + 0.005, 0.25 * latch)


def _slam(timeline: Timeline, values: Values) -> Samples:
    """Return a slam: frame, wall, latch and all that is loose answer at once."""
    force = values.number("force")
    door = Door(timeline, values, 0.5 + 0.4 * values.number("latch"))
    blow = 0.7 + 0.5 * force
    door.thud(0.0, blow)
    u = door.draw(BLOW_STREAM, 0, 2)
    door.thud(0.05 + 0.04 * u[0], 0.22 * blow)  # it springs back against the latch
    door.air(0.0, 0.25, 0.16 * door.scale * force, 380.0)
    door.noise(0.0, 45.0 * door.scale**-0.2, 0.09, 0.9 * force * door.made.thud * door.scale**0.7)
    door.noise(0.0, 150.0 * door.scale**-0.3, 0.12, 0.16 * blow * door.made.thud)  # the wall takes longer
    door.rattle(0.015, blow, 0.25 + 0.3 * force)
    _fall_in(door, values.number("latch"), 0.006, 0.8 + 0.6 * force)
    return door.sound()


def _latch(timeline: Timeline, values: Values) -> Samples:
    """Return a key, a handle or a bolt that is turned: a click, a slide, a clack."""
    force, latch = values.number("force"), max(values.number("latch"), 0.05)
    turn_s = 0.07 + 0.3 * latch * (1.2 - force)
    door = Door(timeline, values, turn_s + 0.5 * latch)
    u = door.draw(BLOW_STREAM, 0, 8)
    door.click(0.0, 0.4, pitch=1.25)
    wards = 2 + round(3.0 * latch)
    for ward in range(1, wards):
        door.click(turn_s * (ward + 0.5 * u[ward]) / (wards + 0.5), 0.08 + 0.1 * u[ward], pitch=1.5, fall=2.0)
    door.click(turn_s, 0.7 + 0.6 * force, pitch=0.85)
    door.click(turn_s + 0.012 + 0.012 * u[6], 0.45 * (0.5 + force), pitch=1.0)
    door.thud(turn_s, 0.12 + 0.22 * latch * force)
    return door.sound()


def _knock(timeline: Timeline, values: Values) -> Samples:
    """Return knuckles, or a fist: as often as asked, by a hand that is no machine."""
    force, count = values.number("force"), round(values.number("knocks"))
    pace_s = 0.24 - 0.07 * force
    door = Door(timeline, values, pace_s * count * 1.15)
    at_s = 0.0
    for number in range(count):
        u = door.draw(KNOCK_STREAM, number, 4)
        strength = (0.4 + 0.8 * force) * (0.8 + 0.4 * u[0]) * (1.0 if number else 0.9)
        knuckles = 0.62 + 0.16 * force + 0.1 * (u[1] - 0.5)
        door.blow(at_s, 1.5 * strength, knuckles, place=0)
        if u[2] < 0.7:  # the next knuckle comes after the first
            door.blow(at_s + 0.003 + 0.006 * u[3], 0.6 * strength, knuckles, place=0)
        door.noise(at_s, 1900.0 + 900.0 * u[1], 0.0025, 0.3 * strength)
        door.noise(at_s, 170.0 * door.scale**-0.3, 0.018, 0.14 * strength * (0.4 + 0.6 * values.number("hollow")))
        door.rattle(at_s + 0.006, 0.35 * strength, 0.08)
        at_s += pace_s * (0.88 + 0.24 * u[3]) * (1.0 + 0.06 * number)
    return door.sound()


ACTIONS: dict[str, Callable[[Timeline, Values], Samples]] = {
    "open": _open,
    "close": _close,
    "slam": _slam,
    "latch": _latch,
    "knock": _knock,
}
LEVELS_DB = {"open": 8.0, "close": 2.0, "slam": -2.0, "latch": 7.0, "knock": -4.0}
"""What is softer by nature is brought nearer to the rest: it is listened for."""


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one thing done to a door, shape (2, frames)."""
    action = values.choice("action")
    return np.asarray(ACTIONS[action](timeline, values) * 10.0 ** (LEVELS_DB[action] / 20.0))


DOOR = Effect(
    id="door",
    title="Door",
    description="A door that is opened, closed, slammed, locked or knocked at, of wood, metal, glass or stone.",
    ucs_cat_id="DOORWood",
    version=1,
    parameters=(
        Choice("action", "What is done to it.", tuple(ACTIONS), "close"),
        Choice("material", "What the leaf is made of.", tuple(MADE), "wood"),
        Number("size_m", "How high the door is: larger is lower.", 0.3, 5.0, 2.0, "m", curve="logarithmic"),
        Number("force", "How hard it is moved or struck: louder, quicker and brighter.", 0.0, 1.0, 0.5),
        Number("hollow", "How hollow the leaf is: 0 solid oak, 1 a thin box.", 0.0, 1.0, 0.5),
        Number("latch", "How heavy the lock is: 0 none, 0.3 a handle, 1 the bolts of a vault.", 0.0, 1.0, 0.3),
        Number("creak", "How much the hinges complain while it opens or closes.", 0.0, 1.0, 0.2),
        Number("rattle", "How loosely it sits in its frame.", 0.0, 1.0, 0.3),
        Number("knocks", "How often somebody knocks, in whole knocks.", 1.0, 8.0, 3.0),
    ),
    presets=(
        Preset("wooden_open", "A room door, opened.", {"action": "open", "material": "wood"}, "DOORWood"),
        Preset("wooden_close", "A room door, closed.", {"action": "close", "material": "wood"}, "DOORWood"),
        Preset(
            "slam",
            "A wooden door, slammed in anger.",
            {"action": "slam", "material": "wood", "force": 0.9, "rattle": 0.5},
            "DOORWood",
        ),
        Preset("knock", "Somebody knocks three times.", {"action": "knock", "creak": 0.0}, "DOORKnck"),
        Preset(
            "police_knock",
            "A fist that will not go away.",
            {"action": "knock", "force": 1.0, "knocks": 5.0, "rattle": 0.6},
            "DOORKnck",
        ),
        Preset("latch", "A handle, pressed and let go.", {"action": "latch", "latch": 0.25}, "DOORHdwr"),
        Preset(
            "creaking_open",
            "An old door that opens on dry hinges.",
            {"action": "open", "material": "wood", "force": 0.2, "latch": 0.35, "creak": 0.9, "size_m": 2.3},
            "DOORCreak",
        ),
        Preset(
            "metal_open",
            "A steel fire door, pushed open.",
            {"action": "open", "material": "metal", "latch": 0.5, "creak": 0.25, "force": 0.6},
            "DOORMetl",
        ),
        Preset(
            "metal_close",
            "A steel fire door that falls shut.",
            {"action": "close", "material": "metal", "latch": 0.5, "creak": 0.0, "force": 0.7},
            "DOORMetl",
        ),
        Preset(
            "cell_slam",
            "A cell door, thrown shut.",
            {"action": "slam", "material": "metal", "hollow": 0.1, "latch": 0.8, "force": 0.9, "rattle": 0.6},
            "DOORPrisn",
        ),
        Preset(
            "vault_open",
            "Bolts are drawn, and a ton of steel moves.",
            {
                "action": "open",
                "material": "metal",
                "size_m": 3.0,
                "hollow": 0.0,
                "latch": 1.0,
                "creak": 0.3,
                "force": 0.15,
                "rattle": 0.0,
            },
            "DOORMetl",
        ),
        Preset(
            "vault_close",
            "A ton of steel comes home, and the bolts shoot.",
            {
                "action": "close",
                "material": "metal",
                "size_m": 3.0,
                "hollow": 0.0,
                "latch": 1.0,
                "creak": 0.1,
                "force": 0.8,
                "rattle": 0.0,
            },
            "DOORMetl",
        ),
        Preset(
            "cupboard_close",
            "A kitchen cupboard, shut.",
            {"action": "close", "size_m": 0.6, "hollow": 0.9, "latch": 0.1, "creak": 0.0, "rattle": 0.5},
            "DOORCab",
        ),
        Preset(
            "stone_close",
            "The door of a tomb falls to.",
            {"action": "close", "material": "stone", "size_m": 3.0, "hollow": 0.0, "latch": 0.0, "force": 0.9},
            "DOORSton",
        ),
    ),
    one_shot=OneShot(play, gain_db=3.0),
)
