"""The procedural engine: effects in layers, on one clock."""

import hashlib
import math
from collections.abc import Iterator

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.envelopes import fade_out
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.errors import InvalidAskError
from swash_model.procedural.catalogue import EFFECTS, effect_named
from swash_model.procedural.controls import Controls
from swash_model.procedural.effect import Effect, Endless, OneShot, Values
from swash_model.procedural.placement import Placement
from swash_model.procedural.prompt import understand
from swash_model.spec import (
    DEFAULT_ENDLESS_S,
    MAX_LOOP_S,
    Ask,
    Block,
    Layer,
    Resolved,
    Spec,
)

KERNELS_VERSION = 1  # rises with every change below dsp/ that alters samples
LAYER_STREAM = 1 << 24
SETTLE_S = 6.0  # longer than any tail: a loop starts as if it had been running
FADE_IN_S = 0.005
FADE_OUT_S = 0.05
TAIL_DB = -60.0


class ProceduralEngine:
    """Makes sound by rule. Holds no state between sounds; any number of threads may render."""

    name = "procedural"
    licence = "CC0-1.0"
    sample_rate = SAMPLE_RATE

    @property
    def version(self) -> str:
        """Return the kernels' version and a digest of every effect's."""
        effects = ",".join(f"{effect.id}.{effect.version}" for effect in EFFECTS.values())
        return f"{KERNELS_VERSION}-{hashlib.blake2b(effects.encode(), digest_size=4).hexdigest()}"

    def warm_up(self) -> None:
        """Read the words, and compile every kernel (or load it from disk) by sounding each effect once."""
        understand("")
        for effect in EFFECTS.values():
            values = Values(effect.resolved())
            timeline = Timeline(seed=1, object_seed=1)
            if effect.one_shot:
                _play(effect.one_shot, timeline, values)
            if effect.endless:
                voice = effect.endless.voice(timeline, values)
                placement = Placement(0.0)
                for quantum in range(3):
                    placement.process(voice.block(quantum * QUANTUM_FRAMES, values), values)

    def resolve(self, ask: Ask) -> Resolved:
        """Return what would sound for an effect id or for words."""
        if ask.effect is not None:
            layer = _layer(ask.effect, dict(ask.parameters))
            return Resolved(_spec(ask, (layer,), ask.duration_s, ask.loop))
        understood = understand(ask.prompt or "", loop=ask.loop)
        understood.raise_unless_playable()
        layers = tuple(
            _layer(
                part.effect_path,
                {**part.parameters, **(ask.parameters if number == 0 else {})},
                part.level_db,
            )
            for number, part in enumerate(understood.parts)
        )
        duration_s = ask.duration_s if ask.duration_s is not None else understood.duration_s
        spec = _spec(ask, layers, duration_s, ask.loop or understood.loop)
        return Resolved(spec, understood.confidence, understood.unknown_words)

    def version_of(self, spec: Spec) -> str:
        """Return the versions of the kernels and of the effects in this Spec."""
        effects = "+".join(f"{layer.effect}.{EFFECTS[layer.effect].version}" for layer in spec.layers)
        return f"{KERNELS_VERSION}-{effects}"

    def natural_channels(self, spec: Spec) -> int:
        """Return 2 for anything endless, 1 for a one-shot."""
        return 2 if spec.endless else 1

    def frames(self, spec: Spec, sample_rate: int) -> int | None:
        """Return the length at this rate; None for a one-shot, which ends when it has died away."""
        if not spec.endless:
            return None
        return round(_duration_s(spec) * sample_rate)

    def render(self, spec: Spec) -> Iterator[Block]:
        """Yield blocks of shape (frames, 2) at 48 kHz; for a loop exactly one turn of it."""
        if not spec.endless:
            yield _as_block(_one_shots(spec))
            return
        yield from _endless(spec)


def _layer(path: str, parameters: dict[str, float | str], level_db: float = 0.0) -> Layer:
    """Return a layer from "effect" or "effect/preset", every parameter resolved and checked."""
    effect, preset = effect_named(path)
    values = effect.resolved(preset.parameters if preset else {}, parameters)
    return Layer(
        effect=effect.id,
        preset=preset.name if preset else "",
        parameters=tuple(sorted(values.items())),
        level_db=level_db,
        ucs_cat_id=preset.ucs_cat_id if preset else effect.ucs_of(values),
    )


def _spec(ask: Ask, layers: tuple[Layer, ...], duration_s: float | None, loop: bool) -> Spec:
    effects = [EFFECTS[layer.effect] for layer in layers]
    asked_length = loop or duration_s is not None
    endless = any(effect.endless and (asked_length or not effect.one_shot) for effect in effects)
    if loop and not endless:
        raise InvalidAskError("loop", f"only endless effects loop, and {effects[0].id} ends by itself")
    if loop:
        duration_s = _loop_s(effects, duration_s or DEFAULT_ENDLESS_S, ask.sample_rate)
    return Spec(
        engine="procedural",
        layers=layers,
        duration_s=None if duration_s is None else round(duration_s, 4),
        loop=loop,
        trim=ask.trim,
        endless=endless,
        seed=ask.seed,
        object_seed=ask.object_seed,
    )


def _loop_s(effects: list[Effect], asked_s: float, sample_rate: int) -> float:
    """Return the length nearest to what was asked that is whole quanta, and whole frames at `sample_rate`."""
    shortest_s = max(effect.endless.min_loop_s for effect in effects if effect.endless)
    if not shortest_s <= asked_s <= MAX_LOOP_S:
        names = " and ".join(effect.id for effect in effects)
        raise InvalidAskError(
            "duration_s", f"{shortest_s:g} to {MAX_LOOP_S:g} for a loop of {names}, got {asked_s:g}"
        )
    step = math.lcm(QUANTUM_FRAMES, SAMPLE_RATE // math.gcd(SAMPLE_RATE, sample_rate))
    return max(1, round(asked_s * SAMPLE_RATE / step)) * step / SAMPLE_RATE


def _duration_s(spec: Spec) -> float:
    return DEFAULT_ENDLESS_S if spec.duration_s is None else spec.duration_s


def _layer_seed(seed: int, number: int) -> int:
    """Return the seed of a layer: the first one's is the caller's, so that adding a layer changes no other."""
    return seed if number == 0 else int(chance.uniform(seed, LAYER_STREAM, number) * 2**32)


def _layers(spec: Spec) -> Iterator[tuple[Effect, Values, Timeline, float]]:
    """Yield each layer's effect, parameters, timeline and level."""
    loop_frames = round(_duration_s(spec) * SAMPLE_RATE) if spec.loop else None
    for number, layer in enumerate(spec.layers):
        timeline = Timeline(
            seed=_layer_seed(spec.seed, number),
            object_seed=_layer_seed(spec.object_seed, number),
            loop_frames=loop_frames,
        )
        yield EFFECTS[layer.effect], Values(dict(layer.parameters)), timeline, layer.level_db


def _play(one_shot: OneShot, timeline: Timeline, values: Values, level_db: float = 0.0) -> Samples:
    """Return a whole one-shot, placed, shape (2, frames)."""
    placement = Placement(one_shot.gain_db + level_db)
    return placement.process(one_shot.play(timeline, values), values)


def _one_shots(spec: Spec) -> Samples:
    """Return all layers together, cut where they have died away or where the caller said."""
    sounds = [
        _play(effect.one_shot, timeline, values, level_db)
        for effect, values, timeline, level_db in _layers(spec)
        if effect.one_shot
    ]
    mix = np.zeros((2, max(sound.shape[1] for sound in sounds)))
    for sound in sounds:
        mix[:, : sound.shape[1]] += sound
    if spec.trim:
        mix = _trimmed(mix)
    if spec.duration_s is not None and mix.shape[1] > (frames := round(spec.duration_s * SAMPLE_RATE)):
        mix = fade_out(mix[:, : max(1, frames)], min(FADE_OUT_S, 0.15 * spec.duration_s))
    return mix


def _trimmed(samples: Samples) -> Samples:
    """Return samples up to where they stay 60 dB below their peak, with a fade of 10 ms."""
    level = np.abs(samples).max(axis=0)
    heard = np.flatnonzero(level > level.max() * 10.0 ** (TAIL_DB / 20.0))
    if not len(heard):
        return samples
    end = min(samples.shape[1], int(heard[-1]) + 1 + round(0.01 * SAMPLE_RATE))
    return fade_out(samples[:, :end], 0.01)


class _Playing:
    """One layer of an endless sound."""

    def __init__(
        self, endless: Endless, controls: Controls, timeline: Timeline, level_db: float, values: Values
    ) -> None:
        self._voice = endless.voice(timeline, values)
        self._controls = controls
        self._placement = Placement(endless.gain_db + level_db)

    def block(self, start: int) -> Samples:
        values = self._controls.step()
        return self._placement.process(self._voice.block(start, values), values)


def _endless(spec: Spec) -> Iterator[Block]:
    frames = round(_duration_s(spec) * SAMPLE_RATE)
    playing: list[_Playing] = []
    once = np.zeros((2, frames + QUANTUM_FRAMES))  # one-shots among the layers
    for effect, values, timeline, level_db in _layers(spec):
        if effect.endless:
            controls = Controls(effect, dict(values.items()))
            playing.append(_Playing(effect.endless, controls, timeline, level_db, values))
        elif effect.one_shot:
            _lay(once[:, :frames], _play(effect.one_shot, timeline, values, level_db), around=spec.loop)
    if spec.loop:
        settle = -(-round(SETTLE_S * SAMPLE_RATE) // QUANTUM_FRAMES) * QUANTUM_FRAMES
        for start in range(-settle, 0, QUANTUM_FRAMES):
            for layer in playing:
                layer.block(start % frames)
    for start in range(0, frames, QUANTUM_FRAMES):
        mix = once[:, start : start + QUANTUM_FRAMES].copy()
        for layer in playing:
            mix += layer.block(start)
        if not spec.loop:
            mix *= _edges(start, frames)
        yield _as_block(mix[:, : frames - start])


def _lay(into: Samples, sound: Samples, *, around: bool) -> None:
    """Add a one-shot from the first frame on; in a loop its tail rings around into the start."""
    frames = into.shape[1]
    for at in range(0, sound.shape[1] if around else min(frames, sound.shape[1]), frames):
        part = sound[:, at : at + frames]
        into[:, : part.shape[1]] += part


def _edges(start: int, frames: int) -> Samples:
    """Return the gain of a quantum at the beginning or the end of a sound that is no loop."""
    at = start + np.arange(QUANTUM_FRAMES)
    rise = np.clip(at / (FADE_IN_S * SAMPLE_RATE), 0.0, 1.0)
    fall = np.clip((frames - at) / min(FADE_OUT_S * SAMPLE_RATE, 0.15 * frames), 0.0, 1.0)
    return np.asarray(np.sin(rise * np.pi / 2.0) * np.sin(fall * np.pi / 2.0))


def _as_block(samples: Samples) -> Block:
    return np.ascontiguousarray(samples.T, np.float32)
