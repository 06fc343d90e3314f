"""Pick-ups: what a game plays when something has been found: coins, gems, hearts, power, keys, ammunition."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.envelopes import fade_out
from swash_model.dsp.filters import butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.oscillators import pulse
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values
from swash_model.procedural.effects._notes import KEYS, Ringing, add_notes, semitones_up, tonic_hz

LONGEST_S = 2.4
MAJOR = (0, 2, 4, 5, 7, 9, 11, 12, 14)  # semitones: one more of a streak is one step up this scale
PENTATONIC = np.array([0, 2, 4, 7, 9, 12, 14, 16, 19, 21])

OBJECT_STREAM, PERFORMANCE_STREAM, SPARKLE_STREAM = 10, 20, 40

MALLET = Ringing((1.0, 2.0, 3.0, 4.0, 6.0), (1.0, 0.28, 0.12, 0.09, 0.03), 0.5, 0.8, 0.003)
SOFT = Ringing((1.0, 2.0, 3.0, 5.0), (1.0, 0.3, 0.1, 0.03), 0.8, 0.5, 0.008)
# A gem rings like a glass bell: close pairs beat, and the partials above the octave are its own.
GLASS = Ringing((1.0, 1.005, 2.0, 2.76, 4.07, 5.43), (0.7, 0.4, 0.3, 0.3, 0.18, 0.12), 1.1, 0.7, 0.001)
SPARK = Ringing((1.0, 2.76), (1.0, 0.35), 0.35, 1.0, 0.001)


@dataclass(frozen=True, slots=True)
class Tune:
    """A melody: a tonic near `centre_hz`, semitones above it, seconds between them, and what plays it."""

    centre_hz: float
    steps: tuple[float, ...]
    apart_s: float
    fewest: int
    level_db: float


TUNES = {
    "coin": Tune(1250.0, (-5.0, 0.0, 12.0), 0.07, 2, -6.0),
    "power_up": Tune(330.0, (0.0, 4.0, 7.0, 12.0, 16.0, 19.0, 24.0, 28.0, 31.0, 36.0), 0.055, 4, -8.0),
    "gem": Tune(1650.0, (0.0, 7.0, 12.0, 16.0, 19.0), 0.06, 2, 0.0),
    "heart": Tune(390.0, (0.0, 5.0, 9.0, 12.0), 0.11, 2, 2.0),
    "item": Tune(660.0, (0.0, 12.0, 16.0), 0.075, 1, 5.0),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """Things of metal that fall on each other: their first mode (Hz, lowest and highest), partials, decay.

    A mode decays by `held` + `loss` * its pitch (1/s); things land within `spread_s`, each on its edge
    `bounces` times; `tick` is the level of the touch, `thump` of the hand or the pouch.
    """

    hz: tuple[float, float]
    partials: tuple[float, ...]
    held: float
    loss: float
    spread_s: float
    bounces: int
    tick: float
    thump: float
    count: tuple[int, int]
    level_db: float


THINGS = {
    # A free disc (Leissa, NASA SP-160): modes of two, nought, three, one and four diameters.
    "gold": Thing((2700.0, 5200.0), (1.0, 1.73, 2.33, 3.91, 4.11), 6.0, 0.002, 0.4, 3, 0.35, 0.1, (1, 9), 11.0),
    # Bars of steel on a ring: free at both ends.
    "keys": Thing((2100.0, 4200.0), (1.0, 2.756, 5.404), 20.0, 0.003, 0.42, 4, 0.4, 0.06, (3, 9), 15.0),
    # A magazine: sheet steel held in a hand, and cartridges that rattle in it.
    "ammo": Thing((760.0, 1900.0), (1.0, 1.58, 2.24, 2.92, 4.2), 70.0, 0.035, 0.16, 2, 0.9, 1.0, (2, 6), 11.0),
}
KINDS = ("coin", "gold", "gem", "heart", "power_up", "ammo", "keys", "item")


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one pick-up, shape (2, frames)."""
    kind = values.choice("kind")
    out = np.zeros((2, round(LONGEST_S * SAMPLE_RATE)))
    if kind in THINGS:
        end_s = _jingle(out, timeline, values, THINGS[kind])
    else:
        end_s = PLAYERS[kind](out, timeline, values, TUNES[kind])
    _sparkle(out, timeline, values, end_s)
    return fade_out(out, 0.05)


def _up(values: Values) -> float:
    """Return how much higher a streak has brought it."""
    return float(semitones_up(MAJOR[round(values.number("streak"))]))


def _notes_hz(values: Values, tune: Tune) -> Samples:
    """Return the notes that its worth pays for, Hz."""
    most = len(tune.steps)
    count = round(tune.fewest + (most - tune.fewest) * values.number("worth") ** 1.3)
    steps = np.array(tune.steps[:count])
    return np.asarray(tonic_hz(values.choice("key"), tune.centre_hz) * _up(values) * semitones_up(steps))


def _chip(out: Samples, timeline: Timeline, values: Values, tune: Tune) -> float:
    """Add square notes, each cut off by the next; the last one rings. Return when the last begins, s."""
    hz, tone = _notes_hz(values, tune), values.number("tone")
    apart = round(tune.apart_s / values.number("pace") * SAMPLE_RATE)
    ring_s = 0.16 + 0.16 * values.number("worth")
    last = apart * (len(hz) - 1)
    frames = min(out.shape[1], last + round(5.0 * ring_s * SAMPLE_RATE))
    at = np.arange(frames)
    note = np.minimum(at // apart, len(hz) - 1)
    held_s = np.maximum(at - last, 0) / SAMPLE_RATE
    # The last note settles into a slow shake; no two plays shake alike.
    now = chance.uniforms(timeline.seed, PERFORMANCE_STREAM, 0, 2)
    shake = 0.12 * np.clip((held_s - 0.1) / 0.15, 0.0, 1.0)
    shaken = semitones_up(shake * np.sin(2.0 * np.pi * (5.5 + now[0]) * held_s))
    step = hz[note] * shaken * (1.0 + 0.0012 * (now[1] - 0.5)) / SAMPLE_RATE
    within_s = (at - note * apart) / SAMPLE_RATE
    level = (1.0 - np.exp(-within_s / 0.0008)) * np.exp(-held_s / ring_s)
    level *= np.where(note < len(hz) - 1, 0.55 + 0.45 * np.exp(-within_s / 0.04), 1.0)
    wave = pulse(np.cumsum(step), step, 0.5 - 0.32 * tone) * level
    dull = butterworth("lowpass", 2200.0 * 7.0**tone, order=1, channels=1).process(wave[None])[0]
    out[:, :frames] += dull * 10.0 ** (tune.level_db / 20.0)
    return last / SAMPLE_RATE


def _bells(out: Samples, timeline: Timeline, values: Values, tune: Tune) -> float:
    return _rung(out, timeline, values, tune, GLASS)


def _warm(out: Samples, timeline: Timeline, values: Values, tune: Tune) -> float:
    """Add soft notes with their thirds, over a heart that beats once."""
    grains = GrainBank(capacity=2)
    grains.add(
        np.array([0, round(0.13 / values.number("pace") * SAMPLE_RATE)]),
        frequency_hz=np.array([92.0, 78.0]),
        decay=np.array([38.0, 30.0]),
        amplitude=np.array([0.55, 0.4]),
        pan=np.zeros(2),
        rise=np.array([-2.0, -2.0]),
        attack_s=0.004,
    )
    grains.sound(out)
    return _rung(out, timeline, values, tune, SOFT, thirds=0.6)


def _plain(out: Samples, timeline: Timeline, values: Values, tune: Tune) -> float:
    """Add a mallet's notes behind the pop of something that leaps into a bag."""
    grains = GrainBank(capacity=1)
    grains.add(
        np.zeros(1, np.int64),
        frequency_hz=np.array([300.0 * _up(values)]),
        decay=np.array([75.0]),
        amplitude=np.array([0.5]),
        pan=np.zeros(1),
        rise=np.array([22.0]),
        attack_s=0.001,
    )
    grains.sound(out)
    return _rung(out, timeline, values, tune, MALLET, first_s=0.035)


def _rung(
    out: Samples,
    timeline: Timeline,
    values: Values,
    tune: Tune,
    ringing: Ringing,
    thirds: float = 0.0,
    first_s: float = 0.0,
) -> float:
    """Add the melody as struck notes that ring into each other; return when the last begins, s."""
    hz = _notes_hz(values, tune)
    count = len(hz)
    now = chance.uniforms(timeline.seed, PERFORMANCE_STREAM, 1, 2 * count).reshape(2, count)
    apart_s = tune.apart_s / values.number("pace")
    at_s = first_s + apart_s * (np.arange(count) + 0.1 * (now[0] - 0.5) * (np.arange(count) > 0))
    level = (0.75 + 0.25 * np.arange(1, count + 1) / count) * 10.0 ** (
        0.08 * (now[1] - 0.5) + tune.level_db / 20.0
    )
    thing = 2.0 * chance.uniforms(timeline.object_seed, OBJECT_STREAM, 0, 2) - 1.0
    grains = GrainBank(capacity=256)
    pan = 0.5 * np.linspace(-1.0, 1.0, count) if count > 1 else np.zeros(1)
    add_notes(
        grains,
        ringing,
        at_s=at_s,
        frequency_hz=hz,
        level=level * 0.5,
        pan=pan,
        tone=values.number("tone") + 0.1 * thing[0],
        ring=(0.85 + 0.15 * thing[1]) * np.where(np.arange(count) == count - 1, 1.2, 0.7),
    )
    if thirds:
        add_notes(
            grains,
            ringing,
            at_s=at_s + 0.006,
            frequency_hz=hz * semitones_up(4.0 if count % 2 else 3.0) * 0.5,
            level=level * 0.5 * thirds,
            pan=-pan,
            tone=values.number("tone"),
        )
    grains.sound(out)
    return float(at_s[-1])


PLAYERS: dict[str, Callable[[Samples, Timeline, Values, Tune], float]] = {
    "coin": _chip,
    "power_up": _chip,
    "gem": _bells,
    "heart": _warm,
    "item": _plain,
}


def _jingle(out: Samples, timeline: Timeline, values: Values, thing: Thing) -> float:
    """Add things of metal that land on each other, as many as it is worth; return when the last lands, s."""
    worth, pace = values.number("worth"), values.number("pace")
    least, most = thing.count
    count = round(least + (most - least) * worth)
    own = chance.uniforms(timeline.object_seed, OBJECT_STREAM, 1, 3 * most).reshape(most, 3)[:count]
    lowest_hz, highest_hz = thing.hz
    first_hz = lowest_hz * (highest_hz / lowest_hz) ** own[:, 0] * _up(values)
    now = chance.uniforms(timeline.seed, PERFORMANCE_STREAM, 2, 4 * most * thing.bounces).reshape(-1, most, 4)
    now = now[:, :count]  # (bounces, things, draws)
    landed_s = np.sort(now[0, :, 0]) * thing.spread_s * (0.4 + 0.6 * worth) / pace
    landed_s -= landed_s[0]
    # Every touch follows the one before it sooner and is softer: an edge that rattles down.
    gaps_s = (0.035 + 0.05 * now[..., 1]) * 0.62 ** np.arange(thing.bounces)[:, None] / pace
    at_s = landed_s + np.concatenate([np.zeros((1, count)), np.cumsum(gaps_s[:-1], axis=0)])
    level = (0.45 + 0.55 * now[..., 2]) * 0.55 ** np.arange(thing.bounces)[:, None] / count**0.35
    pan = np.broadcast_to(0.7 * (2.0 * own[:, 1] - 1.0), at_s.shape)
    _clang(out, thing, at_s, first_hz, level, pan, values.number("tone"), own[:, 2])
    _touch(out, thing, at_s, level, pan, now[..., 3], values.number("tone"))
    return float(landed_s[-1])


def _clang(
    out: Samples,
    thing: Thing,
    at_s: Samples,
    first_hz: Samples,
    level: Samples,
    pan: Samples,
    tone: float,
    own: Samples,
) -> None:
    """Ring the modes of each touch, arrays of shape (touches, things)."""
    ratio = np.repeat(thing.partials, 2)[:, None, None]  # each mode with its twin
    apart = np.tile([1.0, 1.0 + 0.004], len(thing.partials))[:, None, None] + 0.006 * own * (ratio > 0.0)
    hz = np.minimum(ratio * apart * first_hz, 17_500.0) * np.ones_like(at_s)
    order = np.repeat(np.arange(len(thing.partials)), 2)[:, None, None]
    # Where it is touched differs each time: another mode is loudest.
    where = np.abs(np.sin(1.7 + 2.3 * (order + 1.0) * level / level.max()))
    amplitude = level * (0.3 + 0.7 * where) * ratio ** (1.6 * (tone - 0.75)) * np.where(hz < 17_000.0, 1.0, 0.0)
    shape = hz.shape
    grains = GrainBank(capacity=hz.size)
    grains.add(
        np.broadcast_to((at_s * SAMPLE_RATE).astype(np.int64), shape).ravel(),
        frequency_hz=hz.ravel(),
        decay=(thing.held + thing.loss * hz).ravel(),
        amplitude=(0.12 * amplitude).ravel() * 10.0 ** (thing.level_db / 20.0),
        pan=np.broadcast_to(pan, shape).ravel(),
        attack_s=0.0002,
    )
    grains.sound(out)


def _touch(
    out: Samples, thing: Thing, at_s: Samples, level: Samples, pan: Samples, key: Samples, tone: float
) -> None:
    """Add the ticks of the touches, and the thump of what holds the things."""
    onsets = (at_s * SAMPLE_RATE).astype(np.int64).ravel()
    bursts = BurstBank(capacity=2 * at_s.size)
    loud = level.ravel() * 10.0 ** (thing.level_db / 20.0)
    bursts.add(
        onsets,
        centre_hz=np.full(at_s.size, 3500.0 * 3.0**tone),
        resonance=0.7,
        decay=900.0,
        amplitude=0.35 * thing.tick * loud,
        pan=pan.ravel(),
        key=key.ravel(),
    )
    bursts.add(
        onsets[: at_s.shape[1]],
        centre_hz=np.full(at_s.shape[1], 260.0),
        resonance=1.2,
        decay=55.0,
        amplitude=0.3 * thing.thump * loud[: at_s.shape[1]],
        pan=np.zeros(at_s.shape[1]),
        key=key[0] * 0.97,
    )
    bursts.sound(out)


def _sparkle(out: Samples, timeline: Timeline, values: Values, end_s: float) -> None:
    """Add tiny bells in the key, from the last note on, that rise and thin out."""
    sparkle = values.number("sparkle")
    count = round(22.0 * sparkle)
    if not count:
        return
    draws = chance.uniforms(timeline.seed, SPARKLE_STREAM, 0, 4 * count).reshape(4, count)
    at_s = end_s + 0.03 + np.cumsum(0.012 + 0.05 * draws[0])
    octave = np.where(draws[1] > 0.6, 2.0, 1.0)
    hz = tonic_hz(values.choice("key"), 3000.0) * semitones_up(PENTATONIC[(10 * draws[2]).astype(int)]) * octave
    level = 0.13 * (0.4 + 0.6 * sparkle) * (0.4 + 0.6 * draws[3]) * np.exp(-1.8 * (at_s - end_s))
    grains = GrainBank(capacity=2 * count)
    add_notes(
        grains,
        SPARK,
        at_s=at_s,
        frequency_hz=hz,
        level=level,
        pan=np.where(np.arange(count) % 2, 0.7, -0.7) * draws[0],
        tone=values.number("tone"),
    )
    grains.sound(out)


PICKUP = Effect(
    id="pickup",
    title="Pick-up",
    description="Something has been found: a coin, a gem, a heart, power, ammunition, keys.",
    ucs_cat_id="GAMEVideo",
    version=1,
    parameters=(
        Choice("kind", "What has been found.", KINDS, "coin"),
        Choice("key", "The key that it is in, to match the music.", KEYS, "c"),
        Number("streak", "How many came before it in a row: each is a step up the major scale.", 0.0, 8.0, 0.0),
        Number("worth", "How much it is worth: more notes or more pieces, and longer.", 0.0, 1.0, 0.5),
        Number("tone", "How bright it is: 0 soft, 1 glittering.", 0.0, 1.0, 0.5),
        Number("sparkle", "How many tiny bells follow it.", 0.0, 1.0, 0.2),
        Number("pace", "How fast it goes: 2 is twice as fast.", 0.5, 2.0, 1.0, curve="logarithmic"),
    ),
    presets=(
        Preset("coin", "Two square notes up a fourth.", {"kind": "coin", "key": "e", "sparkle": 0.0}, "GAMEVideo"),
        Preset("gold_coins", "A handful of gold into a purse.", {"kind": "gold", "sparkle": 0.0}, "OBJCoin"),
        Preset("gem", "A stone that glitters.", {"kind": "gem", "sparkle": 0.6}, "GAMEVideo"),
        Preset("heart", "Life comes back, warm.", {"kind": "heart", "tone": 0.35, "sparkle": 0.1}, "GAMEVideo"),
        Preset("power_up", "Stronger: a chord that climbs.", {"kind": "power_up", "sparkle": 0.4}, "GAMEVideo"),
        Preset("ammo", "A magazine into a pouch.", {"kind": "ammo", "sparkle": 0.0}, "GAMEVideo"),
        Preset("key_ring", "Keys that jingle in a hand.", {"kind": "keys", "sparkle": 0.0}, "OBJKey"),
        Preset("item", "Something into the bag.", {"kind": "item", "sparkle": 0.1}, "GAMEVideo"),
    ),
    one_shot=OneShot(play, gain_db=-10.4),
)
