"""Gunshot: one shot and what comes back of it, or automatic fire at any rate."""

from collections.abc import Iterator

import numpy as np

from swash_model.dsp.timeline import QUANTUM_FRAMES, QUANTUM_S, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Endless, Number, OneShot, Preset, Values
from swash_model.procedural.effects._beats import Beats
from swash_model.procedural.effects._gun import TERRAINS, WEAPONS, Gun, Make

PIECE_FRAMES = 10 * QUANTUM_FRAMES  # of a shot at a time: heard at once
FADED = 0.35  # of the shot, at its end
UNEVEN = 0.025  # of the time between two shots: a gun that is bolted down keeps time better, an arm does not

BEAT_STREAM = 60


def shot(timeline: Timeline, values: Values) -> Iterator[Samples]:
    """Yield one shot in pieces, shape (2, frames)."""
    away_m = values.number("distance_m")
    gun = Gun(timeline, _make(values))
    gun.fire(0, 0, away_m=away_m, cycle_s=1.0)
    late_s = away_m / 500.0 if values.number("crack") > 0.0 else 0.0  # the blast comes after the bullet
    frames = round((gun.lasts_s() + late_s) / QUANTUM_S) * QUANTUM_FRAMES
    for start in range(0, frames, PIECE_FRAMES):
        count = min(PIECE_FRAMES, frames - start)
        left = (frames - start - np.arange(count)) / (FADED * frames)
        yield gun.take(start, count, away_m) * np.sin(0.5 * np.pi * np.clip(left, 0.0, 1.0)) ** 2


class Burst:
    """A voice of shot after shot, for as long as the trigger is held."""

    def __init__(self, timeline: Timeline, values: Values) -> None:
        """Pull the trigger; in a loop the rate is latched here."""
        self._gun = Gun(timeline, _make(values))
        self._beats = Beats(timeline, BEAT_STREAM, values.number("rpm") / 60.0, UNEVEN)

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, frames)."""
        rate_hz, away_m = values.number("rpm") / 60.0, values.number("distance_m")
        due = self._beats.take(start, rate_hz)
        for onset, number in zip(due.onsets, due.numbers, strict=True):
            self._gun.fire(int(onset), int(number), away_m=away_m, cycle_s=1.0 / rate_hz)
        return self._gun.take(start, QUANTUM_FRAMES, away_m)


def _make(values: Values) -> Make:
    return Make(
        weapon=values.choice("weapon"),
        terrain=values.choice("terrain"),
        calibre=values.number("calibre"),
        suppressed=values.number("suppressed"),
        action=values.number("action"),
        crack=values.number("crack"),
    )


GUNSHOT = Effect(
    id="gunshot",
    title="Gunshot",
    description="A pistol, rifle, shotgun or musket: one shot and what the land returns of it, or automatic fire.",
    ucs_cat_id="GUNPis",
    version=1,
    parameters=(
        Choice("weapon", "What is fired.", tuple(WEAPONS), "pistol"),
        Number(
            "calibre",
            "How large a round for its kind: 0 snaps, 1 booms, and is 6 dB louder.",
            0.0,
            1.0,
            0.5,
        ),
        Number("suppressed", "How well a suppressor holds back the blast: 1 leaves a puff.", 0.0, 1.0, 0.0),
        Number("action", "How much of the gun's own working is heard: slide, bolt, lock.", 0.0, 1.0, 0.5),
        Number("crack", "How near the bullet cracks past, ahead of the blast if that is far.", 0.0, 1.0, 0.0),
        Choice(
            "terrain",
            "What returns the shot: nothing, an open field, trees, a street of houses, the hills of a valley.",
            tuple(TERRAINS),
            "field",
        ),
        Number(
            "rpm",
            "How many shots a minute while the trigger is held.",
            30.0,
            2400.0,
            600.0,
            "1/min",
            curve="logarithmic",
            live=True,
        ),
    ),
    presets=(
        Preset("pistol", "A service pistol in the open.", {}, "GUNPis"),
        Preset("rifle", "A hunting rifle in the open.", {"weapon": "rifle"}, "GUNRif"),
        Preset("shotgun", "A twelve-bore, close by.", {"weapon": "shotgun", "calibre": 0.6}, "GUNShotg"),
        Preset("musket", "Black powder: more boom than crack.", {"weapon": "musket", "action": 0.3}, "GUNAntq"),
        Preset(
            "suppressed_pistol",
            "A puff, and the clack of the slide.",
            {"suppressed": 0.9, "action": 0.9, "calibre": 0.3},
            "GUNSupr",
        ),
        Preset(
            "assault_rifle",
            "Automatic fire in a street.",
            {"weapon": "rifle", "calibre": 0.35, "terrain": "street", "rpm": 700.0},
            "GUNAuto",
        ),
        Preset(
            "sniper",
            "A heavy rifle that rolls away down a valley.",
            {"weapon": "rifle", "calibre": 1.0, "terrain": "valley", "action": 0.3},
            "GUNRif",
        ),
        Preset(
            "incoming_sniper",
            "A bullet cracks past; its shot comes after it.",
            {"weapon": "rifle", "calibre": 0.7, "terrain": "valley", "crack": 1.0, "distance_m": 180.0},
            "GUNRif",
        ),
        Preset(
            "machine_gun",
            "A heavy machine gun, slow and deep.",
            {"weapon": "rifle", "calibre": 0.9, "terrain": "valley", "rpm": 520.0, "action": 0.7},
            "GUNAuto",
        ),
        Preset(
            "distant_fire",
            "A machine gun two fields off.",
            {"weapon": "rifle", "calibre": 0.6, "action": 0.0, "rpm": 560.0, "distance_m": 250.0},
            "GUNAuto",
        ),
    ),
    one_shot=OneShot(shot, gain_db=-8.5),
    endless=Endless(Burst, gain_db=-22.7, min_loop_s=2.0),
)
