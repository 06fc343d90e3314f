"""Laser: a ray gun of the films: a bolt that falls from a chirp to a growl."""

from dataclasses import dataclass

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.chance import Noise
from swash_model.dsp.envelopes import decay, fade_out
from swash_model.dsp.filters import StateVariable, butterworth
from swash_model.dsp.stereo import correlated, panned
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values

HIGHEST_HZ = 20_000.0  # no sideband above: it would come back as an alias
LOWEST_HZ = 45.0
DOUBLED_S = 0.007  # the second voice comes so much later, from the other side
TICK_S = 0.003
WIRE = 0.82  # what is left of the pitch after each turn along a wire
LINGERS = 1.6  # times the fall: how long a bolt sounds on at its lowest

NOISE_STREAM, BOLT_STREAM, GUN_STREAM = 1, 40, 41


@dataclass(frozen=True, slots=True)
class Character:
    """How a bolt is made.

    `saw`: its share against a sine; `index` and `ratio` of the frequency modulation; `bend`: above 1 it falls
    at once and lingers low, as a plucked wire does; `echoes` that a wire sends back, so many seconds apart;
    `formant`: the resonance over the pitch; `hiss`: the noise that follows it; `level` makes them about
    equally loud.
    """

    saw: float
    index: float
    ratio: float
    bend: float
    echoes: int
    echo_s: float
    formant: float
    hiss: float
    level: float


CHARACTERS = {
    "classic": Character(0.35, 2.0, 1.41, 1.0, 0, 0.0, 1.5, 0.12, 1.0),
    "wire": Character(0.1, 0.6, 2.76, 3.0, 4, 0.031, 2.0, 0.15, 0.9),
    "plasma": Character(0.5, 3.2, 0.53, 1.6, 0, 0.0, 2.5, 0.3, 1.0),
    "toy": Character(0.9, 0.0, 1.0, 0.8, 0, 0.0, 3.0, 0.0, 1.6),
}


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one bolt, shape (2, frames)."""
    character = CHARACTERS[values.choice("character")]
    charge = round(values.number("charge_s") * SAMPLE_RATE)
    lasts_s = values.number("duration_s")
    frames = round((LINGERS * lasts_s + character.echoes * character.echo_s + 0.03) * SAMPLE_RATE)
    out = np.zeros((2, charge + frames))
    if charge:
        out[:, :charge] += _charging(timeline, values, character, charge)
    bolt = out[:, charge:]
    late = round(DOUBLED_S * SAMPLE_RATE)
    bolt += panned(_voice(timeline, values, character, frames, 0), -0.35)
    bolt[:, late:] += panned(_voice(timeline, values, character, frames, 1)[:-late], 0.35)
    bolt += _recoil(timeline, values, frames)
    return fade_out(butterworth("highpass", 35.0).process(out), min(0.06, 0.3 * lasts_s))


def _voice(timeline: Timeline, values: Values, character: Character, frames: int, voice: int) -> Samples:
    """Return one of the two voices of a bolt, shape (frames,); the second is a little lower and duller."""
    first = _chirp(timeline, values, character, frames, voice)
    out = first.copy()
    for echo in range(1, character.echoes + 1):
        at = round(echo * character.echo_s * SAMPLE_RATE)
        # A wave that ran along the wire once more has been spread once more: it comes lower and softer.
        spread = np.interp(WIRE**echo * np.arange(frames - at), np.arange(frames), first)
        out[at:] += 0.62**echo * spread
    return character.level * out


def _chirp(timeline: Timeline, values: Values, character: Character, frames: int, voice: int) -> Samples:
    """Return a falling tone, shape (frames,): a sine or saw, modulated, through a resonance that falls with it."""
    pitch, fall, later, start = chance.uniforms(timeline.seed, BOLT_STREAM, voice, 4)
    own = chance.uniforms(timeline.object_seed, GUN_STREAM, 0, 3)
    lasts_s, dirt = values.number("duration_s"), values.number("dirt")
    first_hz = values.number("pitch_hz") * (0.95 + 0.1 * pitch) * (0.985 if voice else 1.0)
    octaves = values.number("fall_octaves") * (0.94 + 0.12 * fall)
    way = np.arange(frames) / (lasts_s * (0.95 + 0.1 * later) * SAMPLE_RATE)
    way = _bent(way, character.bend)
    warble = values.number("warble")
    rate_hz = 9.0 + 6.0 * own[0]
    wobble = 0.5 * warble * np.sin(2.0 * np.pi * rate_hz * np.arange(frames) / SAMPLE_RATE)
    hz = np.clip(first_hz * 2.0 ** (wobble - octaves * way), LOWEST_HZ, HIGHEST_HZ)

    turns = start + np.cumsum(hz) / SAMPLE_RATE
    ratio = character.ratio * (0.94 + 0.12 * own[1])
    # Carson's rule: sidebands reach (index + 1) times the modulator to either side.
    room = np.maximum((HIGHEST_HZ - hz) / (ratio * hz) - 1.0, 0.0)
    index = np.minimum(character.index * (0.4 + 1.2 * dirt) * (1.0 - 0.7 * np.minimum(way, 1.0)), room)
    turns += index * np.sin(2.0 * np.pi * ratio * turns) / (2.0 * np.pi)
    saw = min(1.0, character.saw * (0.6 + 0.8 * dirt))
    tone = (1.0 - saw) * np.sin(2.0 * np.pi * turns)
    if saw > 0.0:
        tone += 0.8 * saw * _sawtooth(turns, hz)
    if character.hiss * dirt > 0.0:
        tone += character.hiss * dirt * Noise(timeline, NOISE_STREAM + voice, 1).take(0, frames)[0]
    formant_hz = np.minimum(hz * character.formant * (0.85 + 0.3 * own[2]), HIGHEST_HZ)
    sung = StateVariable("bandpass", 1).process(tone[None], formant_hz, 1.4)[0]
    dull = StateVariable("lowpass", 1).process(tone[None], np.minimum(3.0 * formant_hz, HIGHEST_HZ), 0.8)[0]
    driven = np.tanh((1.0 + 2.5 * dirt) * (0.6 * dull + 0.7 * sung))
    return np.asarray(driven * _envelope(frames, lasts_s) * (0.55, 0.45)[voice])


def _bent(way: Samples, bend: float) -> Samples:
    """Return the share of the fall that is done: straight to the end and on for bend 1, at first faster above."""
    done = (1.0 - np.exp(-bend * way)) / (1.0 - np.exp(-bend))
    return np.asarray(np.minimum(done, 1.15))


def _envelope(frames: int, lasts_s: float) -> Samples:
    """Return the level of a bolt: there at once, half gone when it has fallen, then quickly over."""
    level = decay(frames, 0.75 * lasts_s)
    after = np.maximum(np.arange(frames) / SAMPLE_RATE - lasts_s, 0.0)
    level *= np.exp(-after / (0.16 * lasts_s))
    level[:24] *= np.arange(24) / 24.0
    return level


def _sawtooth(turns: Samples, hz: Samples) -> Samples:
    """Return a sawtooth of -1 to 1 at so many turns, its corner rounded over one frame (a polynomial step)."""
    share = turns - np.floor(turns)
    step = np.minimum(1.3 * hz / SAMPLE_RATE, 0.5)
    before, after = (1.0 - share) / step, share / step
    out = 2.0 * share - 1.0
    out -= np.where(after < 1.0, 2.0 * after - after * after - 1.0, 0.0)
    out -= np.where(before < 1.0, 1.0 - 2.0 * before + before * before, 0.0)
    return np.asarray(out)


def _recoil(timeline: Timeline, values: Values, frames: int) -> Samples:
    """Return what makes a gun of it, shape (2, frames): a tick, and a thump that drops away."""
    out = np.zeros((2, frames))
    tick = min(frames, round(6.0 * TICK_S * SAMPLE_RATE))
    noise = correlated(Noise(timeline, NOISE_STREAM + 2).take(0, tick), 0.6)
    out[:, :tick] += 0.35 * butterworth("highpass", 1500.0).process(noise) * decay(tick, TICK_S)
    thump = values.number("thump")
    if thump > 0.0:
        fall_s = 0.02 + 0.05 * thump
        hz = 60.0 + 170.0 * decay(frames, 0.5 * fall_s)
        out += 0.42 * thump * np.sin(2.0 * np.pi * np.cumsum(hz) / SAMPLE_RATE) * decay(frames, fall_s)
    return out


def _charging(timeline: Timeline, values: Values, character: Character, frames: int) -> Samples:
    """Return the whine of a gun that fills up before it fires, shape (2, frames): up to half the bolt's pitch."""
    way = np.arange(frames) / frames
    start = chance.uniforms(timeline.seed, BOLT_STREAM, 7, 2)
    out = np.zeros((2, frames))
    for voice, pan in ((0, -0.4), (1, 0.4)):
        hz = values.number("pitch_hz") * 0.06 * 8.0**way * (1.0 + 0.012 * voice)
        turns = start[voice] + np.cumsum(hz) / SAMPLE_RATE
        tremble = 1.0 + 0.3 * np.sin(2.0 * np.pi * (6.0 * way + 10.0 * way**2) * frames / SAMPLE_RATE)
        tone = np.sin(2.0 * np.pi * turns + 0.8 * np.sin(2.0 * np.pi * 2.0 * turns))
        tone += character.saw * _sawtooth(turns, hz)
        out += panned(0.22 * tone * tremble * (0.15 + 0.85 * way**2), pan)
    out[:, :48] *= np.arange(48) / 48.0
    return out


LASER = Effect(
    id="laser",
    title="Laser",
    description="A bolt of a ray gun: it chirps, falls and is gone.",
    ucs_cat_id="LASRGun",
    version=1,
    parameters=(
        Choice(
            "character",
            "What it is like: the films' chirp, a struck steel wire, boiling plasma, or a toy.",
            tuple(CHARACTERS),
            "classic",
        ),
        Number(
            "pitch_hz",
            "Where it begins to fall: a large gun is lower.",
            500.0,
            8000.0,
            3600.0,
            "Hz",
            curve="logarithmic",
        ),
        Number("fall_octaves", "How far it falls; nothing is a steady note.", 0.0, 5.0, 3.4, "octaves"),
        Number("duration_s", "How long it takes to fall.", 0.06, 1.2, 0.24, "s", curve="logarithmic"),
        Number("dirt", "How rough it is: overtones, noise and overdrive.", 0.0, 1.0, 0.4),
        Number("warble", "How far its pitch wavers as it falls.", 0.0, 1.0, 0.0),
        Number("thump", "How hard it kicks: a low drop under the chirp.", 0.0, 1.0, 0.4),
        Number("charge_s", "How long it whines up before it fires; 0 fires at once.", 0.0, 2.0, 0.0, "s"),
    ),
    presets=(
        Preset("pistol", "A hand laser: short and high.", {"duration_s": 0.16, "pitch_hz": 4500.0}, "LASRGun"),
        Preset(
            "rifle", "A rifle of the space marines.", {"thump": 0.8, "dirt": 0.6, "pitch_hz": 3000.0}, "LASRGun"
        ),
        Preset(
            "blaster",
            "A blaster, as if a hammer struck a steel cable.",
            {"character": "wire", "duration_s": 0.32, "pitch_hz": 5200.0, "fall_octaves": 4.0},
            "LASRGun",
        ),
        Preset(
            "heavy_cannon",
            "A ship's cannon.",
            {
                "character": "plasma",
                "pitch_hz": 1100.0,
                "fall_octaves": 4.0,
                "duration_s": 0.6,
                "dirt": 0.7,
                "thump": 1.0,
            },
            "SCIWeap",
        ),
        Preset(
            "plasma_shot",
            "A ball of plasma, spat out.",
            {"character": "plasma", "pitch_hz": 2000.0, "duration_s": 0.35, "dirt": 0.9},
            "SCIWeap",
        ),
        Preset(
            "charged_shot",
            "It whines up, then lets go.",
            {"charge_s": 0.9, "thump": 0.9, "duration_s": 0.5, "pitch_hz": 2600.0},
            "LASRGun",
        ),
        Preset(
            "toy_ray_gun",
            "A toy: pew.",
            {"character": "toy", "duration_s": 0.22, "dirt": 0.1, "thump": 0.0, "pitch_hz": 3000.0},
            "LASRGun",
        ),
        Preset(
            "warbling_ray",
            "The ray gun of an old matinee.",
            {"warble": 0.8, "fall_octaves": 1.2, "duration_s": 0.9, "pitch_hz": 1800.0, "thump": 0.0},
            "LASRGun",
        ),
    ),
    one_shot=OneShot(play, gain_db=-4.8),
)
