"""What is asked (`Ask`), and what will sound (`Spec`): frozen, valid, and equal when the sound is equal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Block: TypeAlias = npt.NDArray[np.float32]
"""Some audio between modules: shape (frames, channels), in [-1, 1]."""

Value: TypeAlias = float | str
"""A parameter: a number, or the name of a choice."""

MAX_DURATION_S = 120.0
MIN_LOOP_S = 1.0
MAX_LOOP_S = 60.0
DEFAULT_ENDLESS_S = 8.0
MAX_PROMPT_CHARACTERS = 1000


class LoopMethod(Enum):
    """How a neural engine makes a loop: the seam sampled by the model, or crossfaded at equal power."""

    LATENTS = "latents"
    CROSSFADE = "crossfade"


@dataclass(frozen=True, slots=True)
class Recording:
    """Audio that a caller brought: shape (frames, channels) at `sample_rate`. Equal when its digest is."""

    digest: str
    sample_rate: int
    samples: Block = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NeuralAsk:
    """What a caller said that only a neural engine understands; None leaves it to the engine.

    `init` is audio to begin with, of which noise replaces `init_noise_level`. `short_window` samples only as
    much as the duration needs.
    """

    steps: int | None = None
    guidance: float | None = None
    negative_prompt: str | None = None
    init: Recording | None = None
    init_noise_level: float | None = None
    short_window: bool = False
    loop_method: LoopMethod | None = None


NOTHING_NEURAL = NeuralAsk()


@dataclass(frozen=True, slots=True)
class Ask:
    """What a caller said, before words become effects. Exactly one of `prompt` and `effect` is given.

    `effect` is an id or "id/preset"; `parameters` override what words and presets say;
    `duration_s` None is the natural length. `sample_rate` is the one the sound will be heard at: a loop
    is a whole number of its frames.
    """

    prompt: str | None = None
    effect: str | None = None
    parameters: Mapping[str, Value] = field(default_factory=dict)
    duration_s: float | None = None
    loop: bool = False
    trim: bool = True
    seed: int = 0
    object_seed: int = 0
    sample_rate: int = 48_000
    neural: NeuralAsk = NOTHING_NEURAL


@dataclass(frozen=True, slots=True)
class Layer:
    """One sounding part: an effect with every parameter resolved, sorted by name."""

    effect: str
    preset: str
    parameters: tuple[tuple[str, Value], ...]
    level_db: float
    ucs_cat_id: str

    @property
    def path(self) -> str:
        """Return the effect, and its preset if it started from one: "rain/tin_roof"."""
        return f"{self.effect}/{self.preset}" if self.preset else self.effect


@dataclass(frozen=True, slots=True)
class NeuralSpec:
    """What a neural engine makes, every choice made."""

    prompt: str
    negative_prompt: str | None
    steps: int
    guidance: float
    init: Recording | None
    init_noise_level: float
    short_window: bool
    loop_method: LoopMethod

    def canonical(self) -> tuple[str | float | bool | None, ...]:
        """Return values that are equal exactly when two are."""
        init = None if self.init is None else self.init.digest
        return (
            self.prompt,
            self.negative_prompt,
            self.steps,
            self.guidance,
            init,
            self.init_noise_level,
            self.short_window,
            self.loop_method.value,
        )


@dataclass(frozen=True, slots=True)
class Spec:
    """One sound, exactly: the same Spec from the same engine version is the same samples.

    `duration_s` None is a one-shot's own length. `endless` says that the sound has no end of its own.
    A procedural sound has layers, a neural one `neural` instead.
    """

    engine: str
    layers: tuple[Layer, ...]
    duration_s: float | None
    loop: bool
    trim: bool
    endless: bool
    seed: int
    object_seed: int
    neural: NeuralSpec | None = None

    def canonical(self) -> bytes:
        """Return bytes that are equal exactly when two Specs are."""
        layers = [
            (layer.effect, layer.preset, layer.parameters, layer.level_db, layer.ucs_cat_id)
            for layer in self.layers
        ]
        # Field by field: every hit computes this, and dataclasses.asdict is six times as slow.
        fields = (
            self.engine,
            layers,
            self.duration_s,
            self.loop,
            self.trim,
            self.endless,
            self.seed,
            self.object_seed,
        )
        return json.dumps(fields if self.neural is None else (*fields, self.neural.canonical())).encode()


@dataclass(frozen=True, slots=True)
class Resolved:
    """A Spec and how it was understood: `confidence` 0..1, and the words that meant nothing.

    `prompt_truncated` says that the prompt was longer than the engine reads.
    """

    spec: Spec
    confidence: float = 1.0
    unknown_words: tuple[str, ...] = ()
    prompt_truncated: bool = False
