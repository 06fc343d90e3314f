"""What an effect is: one procedural instrument, its controls and its settings."""

from collections.abc import Callable, ItemsView, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from swash_model.dsp.room import PLACES
from swash_model.dsp.timeline import Samples, Timeline
from swash_model.errors import InvalidAskError
from swash_model.spec import MIN_LOOP_S, Value

Curve = Literal["linear", "logarithmic"]


@dataclass(frozen=True, slots=True)
class Number:
    """A control with a range. `live` controls may move while the sound plays."""

    name: str
    description: str
    minimum: float
    maximum: float
    default: float
    unit: str = ""
    curve: Curve = "linear"
    live: bool = False

    def checked(self, value: Value) -> float:
        """Return the value when it is in range; raise InvalidAskError otherwise."""
        expected = f"a number from {self.minimum:g} to {self.maximum:g}{self.unit and ' ' + self.unit}"
        if isinstance(value, str):
            raise InvalidAskError(f"parameters[{self.name}]", f"{expected}, got {value[:80]!r}")
        if not self.minimum <= value <= self.maximum:  # also refuses NaN
            raise InvalidAskError(f"parameters[{self.name}]", f"{expected}, got {value:g}")
        # Rounded, and nought without a sign, so that requests that sound equal are equal.
        return float(f"{value:.6g}") + 0.0

    def clamped(self, value: float) -> float:
        """Return the value, moved into range."""
        return min(max(value, self.minimum), self.maximum)


@dataclass(frozen=True, slots=True)
class Choice:
    """A control that picks one of several names. Never live: it changes what the thing is."""

    name: str
    description: str
    choices: tuple[str, ...]
    default: str

    def checked(self, value: Value) -> str:
        """Return the value when it is one of the choices; raise InvalidAskError otherwise."""
        if value not in self.choices:
            got = repr(value[:80]) if isinstance(value, str) else f"{value:g}"
            problem = f"one of {', '.join(self.choices)}, got {got}"
            raise InvalidAskError(f"parameters[{self.name}]", problem)
        return str(value)


Parameter = Number | Choice


@dataclass(frozen=True, slots=True)
class Preset:
    """A named setting: the parameters that differ from the defaults, and its UCS category."""

    name: str
    description: str
    parameters: Mapping[str, Value]
    ucs_cat_id: str


class Values:
    """The parameters of a voice at one moment, by name."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        """Take every parameter of the effect."""
        self._values = dict(values)

    def number(self, name: str) -> float:
        """Return a number control."""
        value = self._values[name]
        assert not isinstance(value, str), name
        return value

    def choice(self, name: str) -> str:
        """Return the name that a choice control stands on."""
        value = self._values[name]
        assert isinstance(value, str), name
        return value

    def items(self) -> ItemsView[str, Value]:
        """Return every name and value."""
        return self._values.items()

    def changed(self, name: str, value: Value) -> "Values":
        """Return these values with one of them replaced."""
        return Values({**self._values, name: value})


class Voice(Protocol):
    """One sounding instance of an endless effect. Remembers its filters and its ringing grains."""

    def block(self, start: int, values: Values) -> Samples:
        """Return the quantum from absolute frame `start`, shape (2, QUANTUM_FRAMES).

        Called for start = 0, 1, 2, ... quanta without a gap. Number controls have been smoothed and may
        differ a little from the last call's; inside the quantum the voice glides between them.
        """
        ...


@dataclass(frozen=True, slots=True)
class OneShot:
    """A sound that ends by itself.

    `play` returns the whole of it, shape (2, frames), with its onset in the first 2 ms (a swell's in
    the first 30 ms); the engine cuts off the tail that nobody hears. A long one may yield it in pieces
    instead, to be heard before it is done, and cuts off its own tail.

    `gain_db` brings it, at default parameters, to its reference loudness; measured once by
    tools/calibrate.py and never per take, so that soft stays softer than hard.
    """

    play: Callable[[Timeline, Values], Samples | Iterator[Samples]]
    gain_db: float


@dataclass(frozen=True, slots=True)
class Endless:
    """A sound without an end: `voice` starts an instance; `gain_db` as for OneShot.

    `min_loop_s` is the shortest loop that holds one whole period of it.
    """

    voice: Callable[[Timeline, Values], Voice]
    gain_db: float
    min_loop_s: float = MIN_LOOP_S


@dataclass(frozen=True, slots=True)
class Effect:
    """One instrument. At least one of `one_shot` and `endless` is there.

    `version` rises with every change that alters its samples: it is part of every key.
    """

    id: str
    title: str
    description: str
    ucs_cat_id: str
    version: int
    parameters: tuple[Parameter, ...]
    presets: tuple[Preset, ...]
    one_shot: OneShot | None = None
    endless: Endless | None = None
    _by_name: dict[str, Parameter] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name.update({parameter.name: parameter for parameter in self.every_parameter})

    @property
    def every_parameter(self) -> tuple[Parameter, ...]:
        """Return its own parameters and those that every effect has, unless it has its own of that name."""
        own = {parameter.name for parameter in self.parameters}
        return self.parameters + tuple(parameter for parameter in COMMON if parameter.name not in own)

    def parameter(self, name: str) -> Parameter:
        """Return one parameter; raise InvalidAskError when there is none of this name."""
        if name not in self._by_name:
            known = ", ".join(sorted(self._by_name))
            raise InvalidAskError(f"parameters[{name[:80]}]", f"unknown for {self.id}, which has {known}")
        return self._by_name[name]

    def preset(self, name: str) -> Preset:
        """Return one preset; raise InvalidAskError when there is none of this name."""
        for preset in self.presets:
            if preset.name == name:
                return preset
        known = ", ".join(preset.name for preset in self.presets)
        raise InvalidAskError("effect", f"{self.id} has no preset {name[:80]!r}; it has {known}")

    def ucs_of(self, values: Mapping[str, Value]) -> str:
        """Return the category for these values: a preset's that makes the same choices, else the effect's."""
        for preset in self.presets:
            choices = {name: value for name, value in preset.parameters.items() if isinstance(value, str)}
            if choices and all(values[name] == value for name, value in choices.items()):
                return preset.ucs_cat_id
        return self.ucs_cat_id

    def resolved(self, *settings: Mapping[str, Value]) -> dict[str, Value]:
        """Return every parameter, from the defaults and then each setting in turn, all checked."""
        values: dict[str, Value] = {parameter.name: parameter.default for parameter in self.every_parameter}
        for setting in settings:
            for name, value in setting.items():
                values[name] = self.parameter(name).checked(value)
        return values


PLACE = Choice(
    "place",
    "Where it is heard: what the walls send back, or the water keeps. Leave it open where the game adds its own.",
    ("open", *PLACES),
    "open",
)

COMMON: tuple[Parameter, ...] = (
    Number("gain_db", "Level against the calibrated one.", -40.0, 12.0, 0.0, "dB", live=True),
    Number("brightness", "Tilt around 2 kHz: -1 is 6 dB duller, 1 is 6 dB brighter.", -1.0, 1.0, 0.0, live=True),
    Number("distance_m", "How far away: softer, and duller by the air.", 0.0, 300.0, 0.0, "m", live=True),
    Number("width", "How far apart the two channels stand: 0 mono, 1 as designed.", 0.0, 1.0, 1.0, live=True),
    PLACE,
)
"""Parameters that every effect has; `placement` applies them."""
