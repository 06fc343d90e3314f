"""From a Spec to samples: its layers sounded together, with an end or without."""

from collections.abc import Iterator

import numpy as np

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.effect import Effect, Values
from swash_model.procedural.playing import Playing, Sounding, layer_seed
from swash_model.spec import DEFAULT_ENDLESS_S, Spec

SETTLE_S = 6.0  # longer than any tail: a loop starts as if it had been running
FADE_IN_S = 0.005
FADE_OUT_S = 0.05
PIECE_FRAMES = 10 * QUANTUM_FRAMES  # of a one-shot at a time: out at once, and small enough for the caches


def duration_s(spec: Spec) -> float:
    """Return the length of an endless sound, s."""
    return DEFAULT_ENDLESS_S if spec.duration_s is None else spec.duration_s


def one_shots(spec: Spec) -> Iterator[Samples]:
    """Yield all layers together in pieces, cut where they have died away or where the caller said."""
    playing = [
        Sounding(effect.one_shot, timeline, values, level_db, trim=spec.trim)
        for effect, values, timeline, level_db in _layers(spec)
        if effect.one_shot
    ]
    last = None if spec.duration_s is None else max(1, round(spec.duration_s * SAMPLE_RATE))
    start = 0
    while last is None or start < last:
        playing = [sounding for sounding in playing if sounding.ready()]
        if not playing:
            return
        count = min(PIECE_FRAMES, *(sounding.ready() for sounding in playing))
        mix = np.zeros((2, count))
        for sounding in playing:
            mix += sounding.take(count)
        if last is not None:
            mix *= _fall(start, count, last, min(FADE_OUT_S, 0.15 * last / SAMPLE_RATE))
        yield mix[:, : None if last is None else last - start]
        start += count


def endless(spec: Spec) -> Iterator[Samples]:
    """Yield quanta of a sound that goes on; for a loop exactly one turn, begun as if it had been running."""
    frames = round(duration_s(spec) * SAMPLE_RATE)
    playing: list[Playing] = []
    once = np.zeros((2, frames + QUANTUM_FRAMES))  # one-shots among the layers
    for effect, values, timeline, level_db in _layers(spec):
        if effect.endless:
            playing.append(Playing(effect, effect.endless, timeline, values, level_db))
        elif effect.one_shot:
            sounding = Sounding(effect.one_shot, timeline, values, level_db, trim=spec.trim)
            _lay(once[:, :frames], sounding.whole(), around=spec.loop)
    if spec.loop:
        settle = -(-round(SETTLE_S * SAMPLE_RATE) // QUANTUM_FRAMES) * QUANTUM_FRAMES
        for start in range(-settle, 0, QUANTUM_FRAMES):
            for layer in playing:
                layer.block(start % frames)
    fade_s = 0.0 if spec.loop else min(FADE_OUT_S, 0.15 * frames / SAMPLE_RATE)
    for start in range(0, frames, QUANTUM_FRAMES):
        mix = np.zeros((2, QUANTUM_FRAMES))
        for layer in playing:
            mix += layer.block(start)
        if not spec.loop:
            mix *= _rise(start)  # before the one-shots: they begin at once
        mix += once[:, start : start + QUANTUM_FRAMES]
        if not spec.loop:
            mix *= _fall(start, QUANTUM_FRAMES, frames, fade_s)
        yield mix[:, : frames - start]


def _layers(spec: Spec) -> Iterator[tuple[Effect, Values, Timeline, float]]:
    """Yield each layer's effect, parameters, timeline and level."""
    loop_frames = round(duration_s(spec) * SAMPLE_RATE) if spec.loop else None
    for number, layer in enumerate(spec.layers):
        timeline = Timeline(
            seed=layer_seed(spec.seed, number),
            object_seed=layer_seed(spec.object_seed, number),
            loop_frames=loop_frames,
        )
        yield EFFECTS[layer.effect], Values(dict(layer.parameters)), timeline, layer.level_db


def _lay(into: Samples, sound: Samples, *, around: bool) -> None:
    """Add a one-shot from the first frame on; in a loop its tail rings around into the start."""
    frames = into.shape[1]
    for at in range(0, sound.shape[1] if around else min(frames, sound.shape[1]), frames):
        part = sound[:, at : at + frames]
        into[:, : part.shape[1]] += part


def _rise(start: int) -> Samples:
    """Return the gain of a quantum at the beginning of a sound that is cut out of an endless one."""
    share = (start + np.arange(QUANTUM_FRAMES)) / (FADE_IN_S * SAMPLE_RATE)
    return np.asarray(np.sin(np.minimum(share, 1.0) * np.pi / 2.0))


def _fall(start: int, count: int, frames: int, fade_s: float) -> Samples:
    """Return the gain of some frames of a sound that is cut off after `frames`."""
    share = (frames - 1 - start - np.arange(count)) / (fade_s * SAMPLE_RATE)
    return np.asarray(np.sin(np.clip(share, 0.0, 1.0) * np.pi / 2.0))
