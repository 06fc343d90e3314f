"""Explosion: a blast, a fireball, a boom that shakes the ground, echoes, and what rains down."""

import math

import numpy as np
from numba import njit
from scipy.signal import butter

from swash_model.dsp import bubbles, chance
from swash_model.dsp.blasts import friedlander
from swash_model.dsp.chance import Noise
from swash_model.dsp.collisions import Collisions
from swash_model.dsp.envelopes import decay, fade_out, rise, seconds
from swash_model.dsp.filters import DENORMAL, butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values

DRIVE = 2.2  # the air close to a blast, and every microphone, is overloaded
ECHOES = 9
CONTROL_FRAMES = 32

FIRE_STREAM, BOOM_STREAM, DIRT_STREAM = 1, 2, 3
ECHO_STREAM, STONE_STREAM, BUBBLE_STREAM = 40, 41, 42


@njit(cache=True, nogil=True)
def _burst(shock, fire, boom, sections, size, near, out):  # type: ignore[no-untyped-def]
    """Fill out (2, frames) with fireball, boom and sub, driven together with the shock (frames,).

    `fire` and `boom` are noise (2, frames). Each envelope is a product carried from frame to frame.
    """
    fire_fall = math.exp(-1.0 / ((0.1 + 0.4 * size) * SAMPLE_RATE))
    cool = math.exp(-CONTROL_FRAMES / ((0.03 + 0.14 * size) * SAMPLE_RATE))
    boom_fall = math.exp(-1.0 / ((0.15 + 0.85 * size) * SAMPLE_RATE))
    boom_wait = math.exp(-1.0 / ((0.005 + 0.025 * size) * SAMPLE_RATE))
    sub_fall = math.exp(-1.0 / ((0.05 + 0.4 * size) * SAMPLE_RATE))
    heat, fire_level, boom_level, waiting, sub_level, phase = 1.0, 1.0, 1.0, 1.0, 1.0, 0.0
    g, a = 0.0, 0.0
    memory = np.zeros((2, 6))
    for frame in range(out.shape[1]):
        if frame % CONTROL_FRAMES == 0:
            cutoff_hz = 80.0 + (7500.0 - 4500.0 * size) * (0.25 + 0.75 * near) * heat
            g = math.tan(math.pi * cutoff_hz / SAMPLE_RATE)
            a = 1.0 / (1.0 + g * (g + 1.4))
            heat *= cool
        phase += 2.0 * math.pi * (28.0 + 45.0 * sub_level * (1.6 - size)) / SAMPLE_RATE
        ground = 0.9 * size * sub_level * math.sin(phase) if sub_level > 1e-4 else 0.0
        if frame < shock.shape[0]:
            ground += shock[frame]
        for channel in range(2):
            state = memory[channel]
            band = a * (state[0] + g * (fire[channel, frame] - state[1]))
            low = state[1] + g * band
            state[0] = 2.0 * band - state[0] + DENORMAL
            state[1] = 2.0 * low - state[1]
            x = boom[channel, frame]
            for k in range(2):
                section, s = sections[k], 2 + 2 * k
                y = section[0] * x + state[s]
                state[s] = section[1] * x - section[4] * y + state[s + 1] + DENORMAL
                state[s + 1] = section[2] * x - section[5] * y
                x = y
            x = ground + 0.9 * fire_level * low + 4.0 * size * boom_level * (1.0 - waiting) * x
            out[channel, frame] = math.tanh(DRIVE * x) if abs(x) > 0.01 else DRIVE * x
        fire_level *= fire_fall
        boom_level *= boom_fall
        waiting *= boom_wait
        sub_level *= sub_fall


@njit(cache=True, nogil=True)
def _echo(delays, levels, pans, poles, out):  # type: ignore[no-untyped-def]
    """Add delayed copies to out (2, frames), each duller than the one before."""
    dull = 0.5 * (out[0] + out[1])
    for echo in range(delays.shape[0]):
        pole, memory = poles[echo], 0.0
        left, right = levels[echo] * (1.0 - pans[echo]), levels[echo] * (1.0 + pans[echo])
        for frame in range(out.shape[1] - delays[echo]):
            memory = dull[frame] + pole * (memory - dull[frame]) + DENORMAL
            dull[frame] = memory
            out[0, frame + delays[echo]] += left * memory
            out[1, frame + delays[echo]] += right * memory
