"""Retro sounds: one oscillator that slides, jumps, wobbles and bursts, as the chips of old games did it."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import firwin, upfirdn

from swash_model.dsp import chance
from swash_model.dsp.filters import StateVariable, butterworth
from swash_model.dsp.oscillators import pulse, saw
from swash_model.dsp.stereo import centred
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values
from swash_model.procedural.effects._notes import KEYS, semitones_up, tonic_hz

OVERSAMPLING = 4  # everything that has corners is made so much finer, and its aliases are filtered off
TAPS = 95
HIGHEST_HZ, LOWEST_HZ = 8000.0, 20.0
NOISE_STEPS = 24  # of noise in a period: an explosion at 100 Hz draws 2400 numbers a second
WAVES = ("own", "square", "saw", "triangle", "sine", "noise")

OBJECT_STREAM, PERFORMANCE_STREAM, NOISE_STREAM = 10, 11, 12


@dataclass(frozen=True, slots=True)
class Recipe:
    """One family of sounds.

    The pitch starts near `hz` and slides by `slide` octaves a second, which itself changes by `curve` a
    second; with `notes`, (s, semitones), it steps through a melody in the key instead. `vibrato` is
    (semitones, Hz). The envelope is `attack_s`, `hold_s` with a `punch` 0..1 at its start, `fall_s`.
    `duty` of a square moves by `duty_slide` a second. `lowpass_hz` moves by `lowpass_slide` octaves a
    second. `noise` is how much noise is mixed in; `repeat_s` when the pitch starts over, 0 never;
    `flange_ms` how far a copy of itself sweeps away from it.
    """

    wave: str
    hz: float
    hold_s: float
    fall_s: float
    slide: float = 0.0
    curve: float = 0.0
    notes: tuple[tuple[float, float], ...] = ()
    vibrato: tuple[float, float] = (0.0, 0.0)
    attack_s: float = 0.001
    punch: float = 0.0
    duty: float = 0.5
    duty_slide: float = 0.0
    lowpass_hz: float = 14_000.0
    lowpass_slide: float = 0.0
    highpass_hz: float = 60.0
    noise: float = 0.0
    repeat_s: float = 0.0
    flange_ms: float = 0.0
    level_db: float = 0.0


RECIPES = {
    "jump": Recipe(
        "square", 240.0, 0.11, 0.2, slide=6.5, curve=-16.0, duty=0.5, duty_slide=-0.6, highpass_hz=120.0
    ),
    "coin": Recipe(
        "square", 990.0, 0.1, 0.42, notes=((0.0, -5.0), (0.075, 0.0)), punch=0.4, highpass_hz=200.0, level_db=-1.0
    ),
    "power_up": Recipe(
        "square",
        330.0,
        0.5,
        0.26,
        notes=tuple((0.07 * step, at) for step, at in enumerate((0.0, 4.0, 7.0, 12.0, 16.0, 19.0, 24.0))),
        vibrato=(0.35, 11.0),
        duty=0.25,
        duty_slide=0.35,
        level_db=-3.5,
    ),
    "hurt": Recipe(
        "saw", 520.0, 0.05, 0.2, slide=-9.0, curve=18.0, punch=0.5, noise=0.45, lowpass_hz=7000.0, level_db=6.5
    ),
    "blip": Recipe("square", 880.0, 0.045, 0.05, notes=((0.0, 0.0),), duty=0.25, highpass_hz=150.0, level_db=1.5),
    "explosion": Recipe(
        "noise",
        190.0,
        0.22,
        0.85,
        slide=-2.4,
        curve=1.2,
        punch=0.7,
        lowpass_hz=9000.0,
        lowpass_slide=-3.2,
        highpass_hz=30.0,
        flange_ms=3.5,
        level_db=-1.0,
    ),
    "shoot": Recipe(
        "square",
        1700.0,
        0.06,
        0.2,
        slide=-13.0,
        curve=22.0,
        punch=0.3,
        duty=0.4,
        duty_slide=-1.1,
        highpass_hz=150.0,
        level_db=1.0,
    ),
    "game_over": Recipe(
        "triangle",
        330.0,
        0.85,
        0.5,
        notes=((0.0, 7.0), (0.18, 6.0), (0.36, 5.0), (0.54, 3.0), (0.76, 0.0)),
        vibrato=(0.4, 6.5),
        lowpass_hz=9000.0,
        level_db=-2.5,
    ),
}


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one sound, shape (2, frames)."""
    recipe = _mutated(timeline, values, RECIPES[values.choice("kind")])
    if values.choice("wave") != "own":
        recipe = replace(recipe, wave=values.choice("wave"))
    frames = round((recipe.attack_s + recipe.hold_s + recipe.fall_s) * SAMPLE_RATE)
    t = np.arange(frames) / SAMPLE_RATE
    hz = _pitch_hz(recipe, values, t)
    envelope = _envelope(recipe, t)
    sound = _coarse(_wave(timeline, recipe, hz, t), envelope, values.number("crunch"))
    if recipe.flange_ms:
        sound = _flanged(sound, recipe, t)
    cutoff_hz = np.clip(recipe.lowpass_hz * 2.0 ** (recipe.lowpass_slide * t), 150.0, 20_000.0)
    sound = StateVariable("lowpass", channels=1).process(sound[None], cutoff_hz, 0.8)
    sound = butterworth("highpass", recipe.highpass_hz, order=1, channels=1).process(sound)
    # The filters ring on after the last frame: let them end where the envelope does.
    sound[0, -240:] *= np.linspace(1.0, 0.0, min(240, frames))
    return centred(sound[0] * 10.0 ** (recipe.level_db / 20.0))


def _mutated(timeline: Timeline, values: Values, recipe: Recipe) -> Recipe:
    """Return the recipe as this game has it (object seed), and a little off it as it is played now (seed)."""
    mutate, length = values.number("mutate"), values.number("length")
    game = 2.0 * chance.uniforms(timeline.object_seed, OBJECT_STREAM, 0, 8) - 1.0
    now = 2.0 * chance.uniforms(timeline.seed, PERFORMANCE_STREAM, 0, 8) - 1.0
    stray = mutate * (game + 0.22 * now)
    pace = length * 2.0 ** (0.8 * stray[2])
    # What plays notes keeps to its key; the melody is its own, only its colour and pace differ.
    pitch = 1.0 if recipe.notes else 2.0 ** (0.9 * stray[0])
    vibrato = recipe.vibrato
    if not recipe.notes and vibrato[0] == 0.0:
        vibrato = (1.5 * mutate * max(float(game[5]), 0.0) ** 2, 9.0 + 5.0 * float(game[6]))
    return replace(
        recipe,
        hz=recipe.hz * pitch,
        slide=(recipe.slide * (1.0 + 0.5 * float(stray[1])) + 6.0 * values.number("slide")) / pace,
        curve=recipe.curve * (1.0 + 0.5 * float(stray[1])) / pace**2,
        attack_s=recipe.attack_s,
        hold_s=recipe.hold_s * pace,
        fall_s=recipe.fall_s * pace * 2.0 ** (0.5 * float(stray[4])),
        notes=tuple((at_s * pace, semitones) for at_s, semitones in recipe.notes),
        vibrato=vibrato,
        duty=float(np.clip(recipe.duty + 0.22 * stray[3], 0.1, 0.9)),
        duty_slide=recipe.duty_slide / pace,
        lowpass_hz=recipe.lowpass_hz * 2.0 ** (0.8 * float(stray[6])),
        lowpass_slide=recipe.lowpass_slide / pace,
        punch=float(np.clip(recipe.punch + 0.3 * stray[7], 0.0, 1.0)),
    )


def _pitch_hz(recipe: Recipe, values: Values, t: Samples) -> Samples:
    """Return the pitch per frame, Hz."""
    semitones = np.full(len(t), values.number("semitones"))
    start_hz = tonic_hz(values.choice("key"), recipe.hz) if recipe.notes else recipe.hz
    if recipe.notes:
        at_s, steps = np.array(recipe.notes).T
        semitones += steps[np.searchsorted(at_s, t, side="right") - 1]
    depth, rate_hz = recipe.vibrato
    if depth:
        # Held notes begin to shake only after a while.
        last_s = recipe.notes[-1][0] if recipe.notes else 0.0
        semitones += depth * np.clip((t - last_s) / 0.1, 0.0, 1.0) * np.sin(2.0 * np.pi * rate_hz * t)
    octaves = recipe.slide * t + 0.5 * recipe.curve * t * t
    return np.clip(start_hz * 2.0**octaves * semitones_up(semitones), LOWEST_HZ, HIGHEST_HZ)


def _envelope(recipe: Recipe, t: Samples) -> Samples:
    """Return the level per frame: a rise, a hold that begins with a punch, a fall in a straight line."""
    held = np.clip((t - recipe.attack_s) / max(recipe.hold_s, 1e-3), 0.0, 1.0)
    fallen = np.clip((t - recipe.attack_s - recipe.hold_s) / max(recipe.fall_s, 1e-3), 0.0, 1.0)
    level = np.clip(t / recipe.attack_s, 0.0, 1.0) * (1.0 + 1.2 * recipe.punch * (1.0 - held)) * (1.0 - fallen)
    return np.asarray(level / (1.0 + 0.6 * recipe.punch))


def _wave(timeline: Timeline, recipe: Recipe, hz: Samples, t: Samples) -> Samples:
    """Return the bare wave at four times the rate, shape (4 frames,), between -1 and 1."""
    step = np.repeat(hz / (OVERSAMPLING * SAMPLE_RATE), OVERSAMPLING)
    turns = np.cumsum(step)
    if recipe.wave == "square":
        duty = np.repeat(np.clip(recipe.duty + recipe.duty_slide * t, 0.06, 0.94), OVERSAMPLING)
        wave = 0.9 * pulse(turns, step, duty)
    elif recipe.wave == "saw":
        wave = 1.1 * saw(turns, step)
    elif recipe.wave == "triangle":
        wave = 1.5 * (4.0 * np.abs((turns + 0.25) % 1.0 - 0.5) - 1.0)
    elif recipe.wave == "sine":
        wave = 1.3 * np.sin(2.0 * np.pi * turns)
    else:
        return 1.2 * _steps(timeline, turns)
    if recipe.noise:
        wave = (1.0 - recipe.noise) * wave + recipe.noise * _steps(timeline, turns * 1.7)
    return wave


def _steps(timeline: Timeline, turns: Samples) -> Samples:
    """Return noise that holds its value for a part of each period, so that it has a pitch of its own."""
    step = (turns * NOISE_STEPS).astype(np.int64)
    return np.asarray(chance.white_noise(timeline.seed, NOISE_STREAM, 0, int(step[-1]) + 1)[step] / np.sqrt(3.0))


def _coarse(wave: Samples, envelope: Samples, crunch: float) -> Samples:
    """Return wave times envelope at the rate of frames, both rounded to the few levels that a chip has."""
    loud = np.repeat(envelope, OVERSAMPLING) * wave
    levels = 2.0 ** (8.0 - 6.0 * crunch)
    if crunch > 0.0:
        loud = (1.0 - crunch) * loud + crunch * np.round(loud * levels) / levels
    # Rounded before the filter: the corners that it makes fold down as little as the wave's own.
    fine = firwin(TAPS, 0.9 / OVERSAMPLING)
    middle = TAPS // 2 // OVERSAMPLING
    return np.asarray(upfirdn(fine, loud, 1, OVERSAMPLING)[middle : middle + len(envelope)])


def _flanged(sound: Samples, recipe: Recipe, t: Samples) -> Samples:
    """Return the sound and a copy that sweeps towards it."""
    delay = recipe.flange_ms / 1000.0 * SAMPLE_RATE * np.maximum(1.0 - t / (recipe.hold_s + recipe.fall_s), 0.0)
    frames = np.arange(len(sound), dtype=float)
    return np.asarray(0.7 * (sound + np.interp(frames - delay, frames, sound)))


RETRO_SFX = Effect(
    id="retro_sfx",
    title="Retro game sound",
    description="Jumps, coins, shots and blips as the sound chips of old consoles made them.",
    ucs_cat_id="GAMEArcd",
    version=1,
    parameters=(
        Choice("kind", "What happens.", tuple(RECIPES), "jump"),
        Choice("wave", "The wave that it is made from; own is what the kind comes with.", WAVES, "own"),
        Choice("key", "The key that its notes are in, to match the music.", KEYS, "c"),
        Number("semitones", "How much higher or lower than usual it is.", -24.0, 24.0, 0.0, "semitones"),
        Number("slide", "How much its pitch slides beyond its own way: up above 0, down below.", -1.0, 1.0, 0.0),
        Number("length", "How long it is: 2 is twice as long.", 0.5, 2.0, 1.0, curve="logarithmic"),
        Number("mutate", "How far the seeds lead away from the plain kind.", 0.0, 1.0, 0.25),
        Number("crunch", "How few levels the chip has: 0 smooth, 1 four steps.", 0.0, 1.0, 0.2),
    ),
    presets=(
        Preset("jump", "Up and over.", {"kind": "jump"}, "GAMEArcd"),
        Preset("coin", "One more.", {"kind": "coin", "key": "e", "mutate": 0.1}, "GAMEArcd"),
        Preset("power_up", "Stronger, up two octaves of a chord.", {"kind": "power_up"}, "GAMEArcd"),
        Preset("hurt", "A hit taken.", {"kind": "hurt"}, "GAMEArcd"),
        Preset("laser", "A shot from a small ship.", {"kind": "shoot"}, "SCIRetro"),
        Preset("explosion", "Noise that falls apart.", {"kind": "explosion", "crunch": 0.35}, "GAMEArcd"),
        Preset("menu_blip", "One line further.", {"kind": "blip", "mutate": 0.1}, "GAMEArcd"),
        Preset("game_over", "Down by half tones.", {"kind": "game_over", "mutate": 0.1}, "GAMEArcd"),
    ),
    one_shot=OneShot(play, gain_db=-15.7),
)
