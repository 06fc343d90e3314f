"""A performance: voices that come, change and go on one clock. The same events give the same samples."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.errors import InvalidAskError
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.controls import DEFAULT_RAMP_S
from swash_model.procedural.effect import Effect, Values
from swash_model.procedural.playing import Playing, Sounding, layer_seed
from swash_model.spec import Layer, Value

TRIGGER_STREAM = 1 << 25
FADE_IN_S = 0.005  # of what goes on; what ends by itself begins at once
CROSSFADE_S = 1.0
RELEASE_S = 0.1
MAX_HITS = 16  # of one voice at once: the eldest makes room, faded out within a quantum
FADE = np.arange(1, QUANTUM_FRAMES + 1)


@dataclass(frozen=True, slots=True)
class Sound:
    """What a voice sounds like: its layers, the loudest first, and its seeds."""

    layers: tuple[Layer, ...]
    seed: int
    object_seed: int


@dataclass(frozen=True, slots=True)
class Start:
    """Begins a voice. Armed, it sounds only when triggered. `fade_in_s` None is FADE_IN_S, or none at all."""

    voice: int
    sound: Sound
    armed: bool = False
    fade_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Moves a control of one layer to `value` over `ramp_s`."""

    voice: int
    name: str
    value: Value
    ramp_s: float = DEFAULT_RAMP_S
    layer: int = 0


@dataclass(frozen=True, slots=True)
class Trigger:
    """Sounds an armed voice once; `parameters` hold for this once, `seed` None follows from the voice's."""

    voice: int
    parameters: tuple[tuple[str, Value], ...] = ()
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Crossfade:
    """Changes what a voice sounds like, at equal power."""

    voice: int
    sound: Sound
    fade_s: float = CROSSFADE_S


@dataclass(frozen=True, slots=True)
class Stop:
    """Ends a voice, or with None every voice."""

    voice: int | None = None
    release_s: float = RELEASE_S


Event: TypeAlias = Start | Move | Trigger | Crossfade | Stop


class Performance:
    """Plays events, quantum by quantum. One thread at a time."""

    def __init__(self) -> None:
        """Begin in silence."""
        self._voices: dict[int, _Voice] = {}

    @property
    def sounding(self) -> bool:
        """Return whether anything is to be heard; an armed voice that waits is not."""
        return any(voice.sounding for voice in self._voices.values())

    @property
    def voices(self) -> tuple[int, ...]:
        """Return the numbers that are taken."""
        return tuple(self._voices)

    @property
    def held(self) -> tuple[int, ...]:
        """Return the voices that nobody has stopped."""
        return tuple(number for number, voice in self._voices.items() if not voice.stopping)

    def apply(self, event: Event) -> Event:
        """Let an event take effect with the next block; return it with every choice made.

        Raises InvalidAskError, and then nothing has changed.
        """
        if isinstance(event, Start):
            if event.voice in self._voices:
                raise InvalidAskError("voice", f"a number that no voice has, got {event.voice}, which sounds")
            self._voices[event.voice] = _Voice(event)
        elif isinstance(event, Stop):
            for voice in list(self._voices.values()) if event.voice is None else [self._voice(event.voice)]:
                voice.stop(event.release_s)
        elif isinstance(event, Trigger):
            return self._voice(event.voice).trigger(event)
        elif isinstance(event, Crossfade):
            self._voice(event.voice).crossfade(event)
        else:
            self._voice(event.voice).move(event)
        return event

    def block(self) -> Samples:
        """Return the next quantum of every voice together, shape (2, QUANTUM_FRAMES)."""
        mix = np.zeros((2, QUANTUM_FRAMES))
        for voice in self._voices.values():
            voice.add(mix)
        return mix

    def take_ended(self) -> list[int]:
        """Return the voices that are over since the last call, and let go of them."""
        ended = [number for number, voice in self._voices.items() if voice.over]
        for number in ended:
            del self._voices[number]
        return ended

    def _voice(self, number: int) -> "_Voice":
        if number not in self._voices:
            raise InvalidAskError("voice", f"a voice that sounds, got {number}, which does not")
        return self._voices[number]


class _Voice:
    """One voice: what it sounds like now, and while it changes what it was."""

    def __init__(self, event: Start) -> None:
        fade_in_s = None if event.armed else event.fade_in_s
        self._sources = [_Source(event.sound, armed=event.armed, fade_in_s=fade_in_s)]
        self._armed = event.armed
        self._triggers = 0

    @property
    def over(self) -> bool:
        return not self._sources

    @property
    def stopping(self) -> bool:
        return all(source.fading for source in self._sources)

    @property
    def sounding(self) -> bool:
        return any(source.sounding for source in self._sources)

    def add(self, mix: Samples) -> None:
        """Add the next quantum to `mix`."""
        for source in self._sources:
            source.add(mix)
        self._sources = [source for source in self._sources if not source.over]

    def move(self, event: Move) -> None:
        self._sources[-1].move(event)

    def trigger(self, event: Trigger) -> Trigger:
        if not self._armed:
            raise InvalidAskError(
                "voice", f"a voice that was started armed, got {event.voice}, which sounds by itself"
            )
        source = self._sources[-1]
        seed = event.seed
        if seed is None:
            seed = int(chance.uniform(source.sound.seed, TRIGGER_STREAM, self._triggers) * 2**32)
        triggered = replace(event, seed=seed)
        source.trigger(seed, dict(event.parameters))
        self._triggers += 1
        return triggered

    def crossfade(self, event: Crossfade) -> None:
        new = _Source(event.sound, armed=self._armed, fade_in_s=None if self._armed else event.fade_s)
        for source in self._sources:
            source.fade_out(event.fade_s)
        self._sources.append(new)

    def stop(self, release_s: float) -> None:
        for source in self._sources:
            source.fade_out(release_s)


class _Source:
    """The layers of one Sound, faded in and out together."""

    def __init__(self, sound: Sound, *, armed: bool, fade_in_s: float | None) -> None:
        self.sound = sound
        self._armed = armed
        self._layers = [_SoundingLayer(sound, number, armed=armed) for number in range(len(sound.layers))]
        if armed and not any(layer.effect.one_shot for layer in self._layers):
            names = " and ".join(layer.effect.id for layer in self._layers)
            raise InvalidAskError("armed", f"only what also sounds once, and {names} only goes on")
        self._at = 0
        self._fade_in_frames = 0.0 if fade_in_s is None else fade_in_s * SAMPLE_RATE
        self._soft = fade_in_s is None
        self._fade_out_frames = 0.0
        self._fading_for: int | None = None  # frames since it began to fade out

    @property
    def sounding(self) -> bool:
        return any(layer.sounding for layer in self._layers)

    @property
    def fading(self) -> bool:
        return self._fading_for is not None

    @property
    def over(self) -> bool:
        if self._fading_for is not None and self._fading_for >= self._fade_out_frames:
            return True
        waits = self._armed and self._fading_for is None
        return not waits and not self.sounding

    def add(self, mix: Samples) -> None:
        block = np.zeros((2, QUANTUM_FRAMES))
        for layer in self._layers:
            layer.add(block, self._at, soft=self._soft)
        if self._at < self._fade_in_frames:
            block *= _gain((self._at + FADE) / self._fade_in_frames)
        if self._fading_for is not None:
            block *= _gain(1.0 - (self._fading_for + FADE) / max(self._fade_out_frames, QUANTUM_FRAMES))
            self._fading_for += QUANTUM_FRAMES
        self._at += QUANTUM_FRAMES
        mix += block

    def fade_out(self, duration_s: float) -> None:
        """Begin to fade out; one that does already goes on as it does, unless this is sooner."""
        frames = duration_s * SAMPLE_RATE
        if self._fading_for is None:
            self._fading_for, self._fade_out_frames = 0, frames
            return
        left = self._fade_out_frames - self._fading_for
        if frames < left:
            # The same share of the way, at the new pace: the gain does not jump.
            share = self._fading_for / self._fade_out_frames
            self._fade_out_frames = frames / (1.0 - share)
            self._fading_for = round(share * self._fade_out_frames)

    def move(self, event: Move) -> None:
        if event.layer >= len(self._layers):
            raise InvalidAskError("layer", f"0 to {len(self._layers) - 1} of this voice, got {event.layer}")
        self._layers[event.layer].move(event)

    def trigger(self, seed: int, parameters: dict[str, Value]) -> None:
        able = [layer for layer in self._layers if layer.effect.one_shot]
        for layer in able:
            layer.trigger(seed, parameters if layer is able[0] else {})


class _SoundingLayer:
    """One layer: an effect that goes on, or the hits of one that does not."""

    def __init__(self, sound: Sound, number: int, *, armed: bool) -> None:
        layer = sound.layers[number]
        self.effect: Effect = EFFECTS[layer.effect]
        self._number = number
        self._level_db = layer.level_db
        self._values = dict(layer.parameters)
        self._object_seed = layer_seed(sound.object_seed, number)
        self._armed = armed
        self._playing: Playing | None = None
        self._hits: list[Sounding] = []
        self._leaving: list[Sounding] = []
        if armed:
            return
        if self.effect.endless:
            timeline = Timeline(layer_seed(sound.seed, number), self._object_seed)
            values = Values(self._values)
            self._playing = Playing(self.effect, self.effect.endless, timeline, values, self._level_db)
        else:
            self._hit(sound.seed, self._values)

    @property
    def sounding(self) -> bool:
        return self._playing is not None or bool(self._hits) or bool(self._leaving)

    def add(self, block: Samples, at: int, *, soft: bool) -> None:
        """Add the next quantum; `soft` lets what goes on rise from nothing at its start."""
        if self._playing is not None:
            played = self._playing.block(at)
            if soft and at < FADE_IN_S * SAMPLE_RATE:
                played = played * _gain((at + FADE) / (FADE_IN_S * SAMPLE_RATE))
            block += played
        for hit in self._leaving:
            block += _quantum(hit) * _gain(1.0 - FADE / QUANTUM_FRAMES)
        for hit in self._hits:
            block += _quantum(hit)
        self._leaving = []
        self._hits = [hit for hit in self._hits if hit.ready()]

    def move(self, event: Move) -> None:
        if self._playing is not None:
            self._playing.set(event.name, event.value, event.ramp_s)
        elif self._armed:
            self._values[event.name] = self.effect.parameter(event.name).checked(event.value)
        else:
            raise InvalidAskError(
                f"parameters[{event.name[:80]}]", f"{self.effect.id} ends by itself and moves no more"
            )

    def trigger(self, seed: int, parameters: dict[str, Value]) -> None:
        checked = {name: self.effect.parameter(name).checked(value) for name, value in parameters.items()}
        while len(self._hits) >= MAX_HITS:
            self._leaving.append(self._hits.pop(0))
        self._hit(seed, {**self._values, **checked})

    def _hit(self, seed: int, values: dict[str, Value]) -> None:
        assert self.effect.one_shot
        timeline = Timeline(layer_seed(seed, self._number), self._object_seed)
        self._hits.append(Sounding(self.effect.one_shot, timeline, Values(values), self._level_db))


def _quantum(sounding: Sounding) -> Samples:
    """Return the next quantum of a sound that ends by itself, silence after its end; shape (2, QUANTUM_FRAMES)."""
    quantum = np.zeros((2, QUANTUM_FRAMES))
    filled = 0
    while filled < QUANTUM_FRAMES and (ready := sounding.ready()):
        count = min(ready, QUANTUM_FRAMES - filled)
        quantum[:, filled : filled + count] = sounding.take(count)
        filled += count
    return quantum


def _gain(share: Samples) -> Samples:
    """Return the gain of an equal-power fade, by how much of it is done."""
    return np.asarray(np.sin(np.clip(share, 0.0, 1.0) * np.pi / 2.0))


def played(events: Iterator[tuple[int, Event]], quanta: int) -> Iterator[Samples]:
    """Yield so many quanta of a performance; `events` come with the quantum that they take effect at, in order."""
    performance = Performance()
    due = next(events, None)
    for quantum in range(quanta):
        while due is not None and due[0] <= quantum:
            performance.apply(due[1])
            due = next(events, None)
        yield performance.block()
        performance.take_ended()
