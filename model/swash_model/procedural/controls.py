"""Controls in motion: each number moves to its target along a ramp, one step a quantum."""

import math
from dataclasses import dataclass

from swash_model.dsp.timeline import QUANTUM_S
from swash_model.errors import InvalidAskError
from swash_model.procedural.effect import Effect, Number, Values
from swash_model.spec import Value

DEFAULT_RAMP_S = 0.03  # short enough to feel at once, long enough not to click


@dataclass(slots=True)
class _Ramp:
    target: float
    steps: int


class Controls:
    """The parameters of one voice. Latched at quantum edges, so they do not depend on block sizes."""

    def __init__(self, effect: Effect, values: dict[str, Value]) -> None:
        """Start at these values, every parameter given."""
        self._effect = effect
        self._values = values
        self._ramps: dict[str, _Ramp] = {}
        self._now = Values(values)

    def set(self, name: str, value: Value, ramp_s: float = DEFAULT_RAMP_S) -> None:
        """Move a live number to `value` over `ramp_s`.

        Raises InvalidAskError for a name that is unknown or not live, or a value out of range.
        """
        parameter = self._effect.parameter(name)
        if not (isinstance(parameter, Number) and parameter.live):
            raise InvalidAskError(f"parameters[{name}]", "cannot change while it sounds; start another voice")
        target = parameter.checked(value)
        self._ramps[name] = _Ramp(target, max(1, round(ramp_s / QUANTUM_S)))

    def step(self) -> Values:
        """Return the values for the next quantum."""
        if not self._ramps:
            return self._now
        for name, ramp in list(self._ramps.items()):
            parameter = self._effect.parameter(name)
            now = self._values[name]
            assert isinstance(parameter, Number)
            assert isinstance(now, float)
            self._values[name] = _towards(now, ramp, logarithmic=parameter.curve == "logarithmic")
            if ramp.steps == 0:
                del self._ramps[name]
        self._now = Values(self._values)
        return self._now


def _towards(now: float, ramp: _Ramp, *, logarithmic: bool) -> float:
    """Return the next value on the way, and count the step."""
    share = 1.0 / ramp.steps
    ramp.steps -= 1
    if ramp.steps == 0:
        return ramp.target
    if logarithmic:
        return now * math.pow(ramp.target / now, share)
    return now + (ramp.target - now) * share
