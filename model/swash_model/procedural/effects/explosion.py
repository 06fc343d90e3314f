"""Explosion: a blast, a fireball, a boom that shakes the ground, echoes, and what rains down."""

import math
from collections.abc import Iterator

import numpy as np
from numba import njit
from scipy.signal import butter

from swash_model.dsp import bubbles, chance
from swash_model.dsp.blasts import friedlander
from swash_model.dsp.chance import Noise
from swash_model.dsp.collisions import Collisions
from swash_model.dsp.envelopes import decay, fade_out, seconds, without_tail
from swash_model.dsp.filters import DENORMAL, butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values

FIRST_FRAMES = 2400  # 50 ms: before the first echo and the first stone
DRIVE = 2.2  # the air close to a blast, and every microphone, is overloaded
LINEAR = 0.01  # so low a tanh is a straight line within -100 dB, and dear
ECHOES = 9
PATTER, STONES = 0.35, 0.6  # dirt and stones are some 20 dB under the blast
CONTROL_FRAMES = 32
BILLOWS = 128  # at most; more than the longest has

FIRE_STREAM, BOOM_STREAM, DIRT_STREAM = 1, 2, 3
CHARGE_STREAM, ECHO_STREAM, STONE_STREAM, BUBBLE_STREAM = 40, 41, 42, 43
BILLOW_STREAM, SURGE_STREAM = 44, 45


@njit(cache=True, nogil=True)
def _burst(shock, fire, boom, sections, sub_hz, size, near, out):  # type: ignore[no-untyped-def]
    """Fill out (2, frames) with fireball, boom and sub, driven together with the shock (frames,).

    `fire` and `boom` are noise (2, frames), the low boom placed closer to the middle (correlations of 0.5 and
    0.8). Each envelope is a product carried from frame to frame.
    """
    fire_fall = math.exp(-1.0 / ((0.1 + 0.4 * size) * SAMPLE_RATE))
    cool = math.exp(-CONTROL_FRAMES / ((0.04 + 0.2 * size) * SAMPLE_RATE))
    boom_fall = math.exp(-1.0 / ((0.15 + 0.85 * size) * SAMPLE_RATE))
    boom_wait = math.exp(-1.0 / ((0.005 + 0.025 * size) * SAMPLE_RATE))
    sub_fall = math.exp(-1.0 / ((0.05 + 0.4 * size) * SAMPLE_RATE))
    heat, fire_level, boom_level, waiting, sub_level, phase = 1.0, 1.0, 1.0, 1.0, 1.0, 0.0
    g, a, full = 0.0, 0.0, 0.0
    memory = np.zeros((2, 6))
    for frame in range(out.shape[1]):
        if frame % CONTROL_FRAMES == 0:
            cutoff_hz = 80.0 + (7500.0 - 4500.0 * size) * (0.25 + 0.75 * near) * heat
            g = math.tan(math.pi * cutoff_hz / SAMPLE_RATE)
            a = 1.0 / (1.0 + g * (g + 1.4))
            full = (2500.0 / cutoff_hz) ** 0.4  # a narrower band of noise is softer; a cooling fire is not
            heat *= cool
        phase += 2.0 * math.pi * (sub_hz + 45.0 * sub_level * (1.6 - size)) / SAMPLE_RATE
        ground = 0.7 * size * sub_level * math.sin(phase) if sub_level > 1e-4 else 0.0
        if frame < shock.shape[0]:
            ground += shock[frame]
        for channel in range(2):
            state = memory[channel]
            x = 0.87 * fire[0, frame] + (0.5 - channel) * fire[1, frame]
            band = a * (state[0] + g * (x - state[1]))
            low = state[1] + g * band
            state[0] = 2.0 * band - state[0] + DENORMAL
            state[1] = 2.0 * low - state[1]
            x = boom[0, frame] + (0.35 - 0.7 * channel) * boom[1, frame]
            for k in range(2):
                section, s = sections[k], 2 + 2 * k
                y = section[0] * x + state[s]
                state[s] = section[1] * x - section[4] * y + state[s + 1] + DENORMAL
                state[s + 1] = section[2] * x - section[5] * y
                x = y
            x = ground + 0.75 * full * fire_level * low + 4.0 * size * boom_level * (1.0 - waiting) * x
            out[channel, frame] = math.tanh(DRIVE * x) if abs(x) > LINEAR else DRIVE * x
        fire_level *= fire_fall
        boom_level *= boom_fall
        waiting *= boom_wait
        sub_level *= sub_fall


@njit(cache=True, nogil=True)
def _echo(delays, levels, pans, pole, source, out):  # type: ignore[no-untyped-def]
    """Add delayed copies of the first `source` frames to out (2, frames), each duller than the one before."""
    dull = 0.5 * (out[0, :source] + out[1, :source])
    for echo in range(delays.shape[0]):
        memory = 0.0
        left, right = levels[echo] * (1.0 - pans[echo]), levels[echo] * (1.0 + pans[echo])
        for frame in range(min(source, out.shape[1] - delays[echo])):
            memory = dull[frame] + pole * (memory - dull[frame]) + DENORMAL
            dull[frame] = memory
            out[0, frame + delays[echo]] += left * memory
            out[1, frame + delays[echo]] += right * memory


def explosion(timeline: Timeline, values: Values) -> Iterator[Samples]:
    """Yield one explosion, shape (2, frames): its beginning at once, then the rest."""
    size, far = values.number("size"), values.number("far")
    frames = round((0.9 + 3.1 * size + 0.8 * far) * SAMPLE_RATE)
    if values.choice("medium") == "water":
        yield without_tail(_heard(timeline, size, far, frames, _under_water(timeline, size, frames)))
        return
    # Nothing that comes later reaches back, so the beginning made alone is the beginning of the whole.
    first = _heard(timeline, size, far, frames, _in_air(timeline, size, far, FIRST_FRAMES))
    yield first
    out = _in_air(timeline, size, far, frames)
    if (debris := values.number("debris") * (1.0 - far) ** 1.5) > 0.0:
        _rain_down(timeline, size, debris, out)
    yield without_tail(_heard(timeline, size, far, frames, out)[:, FIRST_FRAMES:], peak=np.abs(first).max())


def _heard(timeline: Timeline, size: float, far: float, frames: int, out: Samples) -> Samples:
    """Return an explosion of `frames`, or its beginning, with what comes back and from where it is heard."""
    _return(timeline, size, far, out)
    if far > 0.0:
        out = butterworth("lowpass", 9000.0 * 0.06**far).process(out)
    # The largest is 12 dB louder than a firecracker, the farthest 15 dB softer than the nearest.
    level = (0.25 + 0.75 * size) * 10.0 ** (-0.75 * far)
    out = level * butterworth("highpass", 25.0).process(out)
    return fade_out(out, 0.3 * frames / SAMPLE_RATE) if out.shape[1] == frames else out


def _in_air(timeline: Timeline, size: float, far: float, frames: int) -> Samples:
    """Return blast, fireball, boom and sub, shape (2, frames)."""
    out = np.empty((2, frames))
    # From 1 ms (a firecracker) to 34 ms (a bomb) of over-pressure; far away it has spread out.
    longer, deeper = chance.uniforms(timeline.seed, CHARGE_STREAM, 0, 2)  # no two charges are alike
    blast = friedlander(0.001 * 34.0**size * (0.85 + 0.3 * longer) * (1.0 + far)) * (2.4 - 1.6 * far)
    blast = blast[:frames]
    # A fireball goes up in billows and its boom in surges, never twice alike: not one even decay.
    fire = Noise(timeline, FIRE_STREAM).take(0, frames) * _billows(
        timeline, BILLOW_STREAM, size, 0.04 + 0.1 * size, frames
    )
    boom = Noise(timeline, BOOM_STREAM).take(0, frames) * _billows(
        timeline, SURGE_STREAM, size, 0.1 + 0.2 * size, frames
    )
    boom_hz = np.array((30.0, 140.0)) * (1.7 - 0.9 * size)
    sections = np.asarray(butter(2, boom_hz, "bandpass", fs=SAMPLE_RATE, output="sos"))
    _burst(blast, fire, boom, sections, 23.0 + 10.0 * deeper, size, 1.0 - far, out)
    out[:, : len(blast)] += 0.9 * blast * (1.0 - far)  # so that its front stands above all that follows
    return out


def _billows(timeline: Timeline, stream: int, size: float, apart_s: float, frames: int) -> Samples:
    """Return a level that starts at 1 and then rises and falls every `apart_s` or so, shape (frames,)."""
    wait, height = chance.uniforms(timeline.seed, stream, 0, 2 * BILLOWS).reshape(2, BILLOWS)
    at_s = np.concatenate([[0.0], np.cumsum(apart_s * (0.4 + 1.2 * wait))])
    level_db = np.concatenate([[0.0], (2.0 + 5.0 * size) * (2.0 * height - 1.0)])
    control = np.arange(0, frames + CONTROL_FRAMES, CONTROL_FRAMES)
    level = 10.0 ** (np.interp(control / SAMPLE_RATE, at_s, level_db) / 20.0)
    return np.asarray(np.interp(np.arange(frames), control, level))


def _return(timeline: Timeline, size: float, far: float, out: Samples) -> None:
    """Add what walls and hills send back; the place is the thing's, so it is the same each time."""
    draw = chance.uniforms(timeline.object_seed, ECHO_STREAM, 0, 2 * ECHOES).reshape(2, ECHOES)
    delays = np.sort(0.06 + 0.9 * draw[0] ** 1.5 * (0.4 + size))
    levels = (0.22 + 0.3 * far) * 0.8 ** np.arange(ECHOES)
    pole = math.exp(-2.0 * math.pi * (1500.0 - 600.0 * far) / SAMPLE_RATE)
    source = min(out.shape[1], round((0.4 + 1.2 * size) * SAMPLE_RATE))
    _echo((delays * SAMPLE_RATE).astype(np.int64), levels, 1.2 * draw[1] - 0.6, pole, source, out)


def _rain_down(timeline: Timeline, size: float, debris: float, out: Samples) -> None:
    """Add dirt that patters down and stones that bounce, from some tenths of a second on."""
    frames = out.shape[1]
    t = seconds(frames)
    first_s, last_s = 0.12 + 0.15 * size, 0.25 + 0.6 * size
    drive = np.clip((t - first_s) / last_s, 0.0, None)
    drive = debris * drive * drive * np.exp(2.0 - 2.0 * drive)
    patter = Collisions(timeline, DIRT_STREAM, rate_hz=120.0 + 500.0 * size, decay_s=0.0012).take(0, drive)
    out += PATTER * butterworth("bandpass", (1400.0, 7500.0), order=1, channels=1).process(patter[None])

    count = round((40.0 + 180.0 * size) * debris)
    draw = chance.uniforms(timeline.seed, STONE_STREAM, 0, 7 * count).reshape(7, count)
    # What was thrown highest comes last, and hardly anything at once: few at first, most of it in the middle.
    fall_s = first_s - 0.5 * last_s * np.log((1.0 - 0.98 * draw[0]) * (1.0 - 0.98 * draw[6]))
    heavy = draw[1] ** 3
    hz = (900.0 + 5600.0 * draw[2] ** 1.5) * (1.0 - 0.6 * heavy)
    stones = GrainBank(capacity=6 * count)
    for bounce in range(2):
        onset = fall_s + bounce * (0.06 + 0.12 * draw[3])
        for partial, ratio in enumerate((1.0, 1.63, 2.41)):  # a stone has no pitch to speak of
            stones.add(
                (onset * SAMPLE_RATE).astype(np.int64),
                frequency_hz=hz * ratio,
                decay=(500.0 + 1500.0 * draw[4]) * (1.0 + 0.5 * partial) * (1.0 - 0.6 * heavy),
                amplitude=STONES * (0.15 + heavy) * 0.45**bounce * 0.7**partial,
                pan=1.6 * draw[5] - 0.8,
                phase=6.28 * draw[4],
            )
    stones.sound(out)


def _under_water(timeline: Timeline, size: float, frames: int) -> Samples:
    """Return a shock, the gas bubble that swells and falls in again and again, and what boils up."""
    noise = correlated(Noise(timeline, FIRE_STREAM).take(0, frames), 0.6)
    out = 4.0 * butterworth("lowpass", 320.0 - 160.0 * size).process(noise)
    falls_s = 0.04 + 0.08 * size
    roar = decay(frames, falls_s) + 0.15 * decay(frames, 0.2 + 0.6 * size)
    pulses = np.zeros(frames)
    blast = friedlander(0.002 + 0.006 * size)
    pulses[: len(blast)] = 3.0 * blast
    # Each collapse sends a pulse, softer and sooner after the last (Cole, "Underwater Explosions", 1948).
    period_s, at_s = 0.09 + 0.4 * size, 0.0
    for number in range(4):
        at_s += period_s * 0.72**number
        at = round(at_s * SAMPLE_RATE)
        width = (0.002 + 0.004 * size) * (1.0 + 0.4 * number) * SAMPLE_RATE
        about = np.arange(-round(8.0 * width), round(8.0 * width))
        pulses[at + about] += 2.4 * 0.6**number * np.exp(-np.abs(about) / width)
        roar[at:] += 0.7 * 0.6**number * decay(frames - at, falls_s)
    out = out * roar + pulses
    out = np.tanh(1.6 * butterworth("lowpass", 900.0 - 300.0 * size).process(out))
    _boil(timeline, size, out)
    return out


def _boil(timeline: Timeline, size: float, out: Samples) -> None:
    """Add the bubbles that are left; so deep they keep their pitch."""
    count = round(30.0 + 90.0 * size)
    draw = chance.uniforms(timeline.seed, BUBBLE_STREAM, 0, 4 * count).reshape(4, count)
    radius = bubbles.radius_m(draw[0], 0.004, 0.022, 1.8)
    after_s = 0.1 - (0.2 + 0.5 * size) * np.log(1.0 - 0.95 * draw[1])
    boiling = GrainBank(capacity=count)
    boiling.add(
        (after_s * SAMPLE_RATE).astype(np.int64),
        frequency_hz=bubbles.frequency_hz(radius),
        decay=bubbles.decay(radius),
        amplitude=0.35 * (radius / 0.01) ** 0.5 * draw[2] * np.exp(-after_s / (0.4 + 0.8 * size)),
        pan=1.4 * draw[3] - 0.7,
        attack_s=0.004,
    )
    boiling.sound(out)


EXPLOSION = Effect(
    id="explosion",
    title="Explosion",
    description="From a firecracker to a bomb, close by or beyond the hills, in air or under water.",
    ucs_cat_id="EXPLReal",
    version=2,
    parameters=(
        Number(
            "size",
            "How much explodes: 0 a firecracker, 0.4 a grenade, 1 a bomb; longer and deeper.",
            0.0,
            1.0,
            0.6,
        ),
        Number("far", "How far off it sounds: 1 is a dull thud from beyond the hills.", 0.0, 1.0, 0.15),
        Number("debris", "How much dirt and stone rains down afterwards.", 0.0, 1.0, 0.4),
        Choice("medium", "Where it goes off: under water it is muffled and boils.", ("air", "water"), "air"),
    ),
    presets=(
        Preset("grenade", "A hand grenade on soil.", {"size": 0.4, "far": 0.05, "debris": 0.6}, "EXPLReal"),
        Preset("firecracker", "A banger on the pavement.", {"size": 0.0, "far": 0.0, "debris": 0.0}, "FRWKRec"),
        Preset("car_bomb", "A car goes up, and comes down in parts.", {"size": 0.7, "debris": 0.9}, "EXPLReal"),
        Preset("huge_blast", "A bomb, much too close.", {"size": 1.0, "far": 0.0, "debris": 1.0}, "EXPLReal"),
        Preset(
            "distant_artillery",
            "A shell lands kilometres away.",
            {"size": 0.8, "far": 0.9, "debris": 0.0},
            "EXPLReal",
        ),
        Preset(
            "quarry_blast",
            "Rock is blasted across the valley.",
            {"size": 0.75, "far": 0.5, "debris": 1.0},
            "EXPLReal",
        ),
        Preset("underwater_mine", "A sea mine, heard under water.", {"size": 0.85, "medium": "water"}, "EXPLReal"),
        Preset("depth_charge", "A charge far below.", {"size": 0.6, "far": 0.6, "medium": "water"}, "EXPLReal"),
    ),
    one_shot=OneShot(explosion, gain_db=-8.4),
)
