"""What a server offers and understands: effects, words, engines, limits."""

from collections.abc import Mapping
from dataclasses import dataclass

from swash_client.sound import Layer, Value


@dataclass(frozen=True, slots=True)
class Parameter:
    """One control of an effect: a number, or a choice when `choices` is not empty.

    `minimum`, `maximum` and a numeric `default` are in `unit` ("" is a bare number). `curve` is "linear" or
    "logarithmic". `live` ones may change while the sound plays.
    """

    name: str
    description: str
    unit: str
    minimum: float
    maximum: float
    default: Value
    curve: str
    choices: tuple[str, ...]
    live: bool


@dataclass(frozen=True, slots=True)
class Preset:
    """A named setting of an effect, asked for as "effect/preset"."""

    name: str
    description: str
    parameters: Mapping[str, Value]
    ucs_cat_id: str


@dataclass(frozen=True, slots=True)
class Effect:
    """One procedural instrument.

    `kind` is "one_shot", "endless", or "either": one step, or walking when a duration or a loop is asked for.
    """

    id: str
    title: str
    description: str
    kind: str
    ucs_cat_id: str
    parameters: tuple[Parameter, ...]
    presets: tuple[Preset, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """An effect that the words may mean; only the order of scores matters."""

    effect: str
    score: float


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the server understands from a prompt.

    `layers` is empty when `render` would raise `UnknownSoundError`; then `suggestions` says what to try.
    `confidence` is 0..1. `duration_s` is what the words asked for, None when they did not.
    """

    layers: tuple[Layer, ...]
    confidence: float
    low_confidence: bool
    candidates: tuple[Candidate, ...]
    unknown_words: tuple[str, ...]
    suggestions: tuple[str, ...]
    duration_s: float | None
    loop: bool


@dataclass(frozen=True, slots=True)
class Engine:
    """What makes sound. `state` is "ready", "warming_up" or "absent"; `detail` says how to bring it."""

    name: str
    version: str
    state: str
    detail: str
    licence: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may ask for."""

    max_duration_s: float
    max_loop_s: float
    max_takes: int
    min_sample_rate: int
    max_sample_rate: int
    max_prompt_characters: int
    max_request_bytes: int
    max_voices: int
    max_sessions: int


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """A server: version, engines, limits, encodings ("pcm_s16le", "wav", ...) and uptime in seconds."""

    version: str
    engines: tuple[Engine, ...]
    default_engine: str
    limits: Limits
    encodings: tuple[str, ...]
    uptime_s: float
