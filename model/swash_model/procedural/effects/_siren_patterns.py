"""What sirens play: tones that charge and discharge towards their targets, over and over."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swash_model.dsp.timeline import Samples

Step = tuple[float, float, float, float]
"""How long (s), towards which pitch (Hz), how fast (time constant, s), how loud (0..1)."""

INSTANT_S = 0.004  # an electronic tone moves that fast, without a click


@dataclass(frozen=True, slots=True)
class Pattern:
    """One turn of a siren: its steps, and how far into it a performance may begin (shares of it)."""

    steps: tuple[Step, ...]
    begins: tuple[float, float] = (0.0, 0.0)


def _tones(*tones: tuple[float, float], gap_s: float = 0.0) -> tuple[Step, ...]:
    """Return tones of (Hz, s), with silence between them."""
    steps: list[Step] = []
    for hz, length_s in tones:
        steps.append((length_s, hz, INSTANT_S, 1.0))
        if gap_s:
            steps.append((gap_s, hz, INSTANT_S, 0.0))
    return tuple(steps)


def _yelps(count: int, length_s: float, low_hz: float = 300.0, high_hz: float = 1750.0) -> tuple[Step, ...]:
    rise_s, fall_s = 0.45 * length_s, 0.55 * length_s
    return ((rise_s, high_hz, 0.6 * rise_s, 1.0), (fall_s, low_hz, 0.6 * fall_s, 1.0)) * count


def _whoops(count: int, length_s: float, low_hz: float, high_hz: float, gap_s: float = 0.02) -> tuple[Step, ...]:
    # Away from a target below where it starts: slow at first, then ever faster.
    time_s = length_s / np.log(high_hz / low_hz)
    return ((gap_s, low_hz, gap_s / 6.0, 0.15), (length_s - gap_s, 1e-6, -time_s, 1.0)) * count


def _beeps(count: int, hz: float, length_s: float, gap_s: float, pause_s: float) -> tuple[Step, ...]:
    return (*_tones(*((hz, length_s),) * count, gap_s=gap_s), (pause_s, hz, INSTANT_S, 0.0))


PATTERNS = {
    # A capacitor through a resistor, up and down: 12 turns a minute, as patrol cars have it.
    "wail": Pattern(((1.9, 1780.0, 0.9, 1.0), (3.1, 480.0, 1.05, 1.0)), (0.02, 0.3)),
    "yelp": Pattern(_yelps(1, 0.33), (0.0, 0.9)),
    "hi_lo": Pattern(_tones((440.0, 0.72), (587.33, 0.72)), (0.0, 0.9)),  # a fourth, as German engines sound it
    "whoop": Pattern(_whoops(1, 0.95, 420.0, 1500.0), (0.03, 0.3)),
    "klaxon": Pattern(
        ((0.12, 330.0, 0.05, 1.0), (0.5, 415.0, 0.1, 1.0), (0.55, 170.0, 0.28, 0.8), (0.43, 120.0, 0.2, 0.0)),
        (0.0, 0.03),
    ),
    "beeper": Pattern(_beeps(4, 2093.0, 0.075, 0.055, 0.48), (0.0, 0.03)),
    "smoke": Pattern(_beeps(3, 3150.0, 0.5, 0.5, 1.0), (0.0, 0.05)),  # three long ones, as ISO 8201 asks
    "air_raid": Pattern(((4.6, 475.0, 1.9, 1.0), (5.4, 165.0, 2.4, 1.0)), (0.09, 0.25)),
    "car": Pattern(
        (
            *_yelps(6, 0.27, 500.0, 1900.0),
            *_tones(*((1150.0, 0.2), (870.0, 0.2)) * 4),
            *_whoops(5, 0.32, 600.0, 1700.0),
            *_tones(*((1480.0, 0.09),) * 9, gap_s=0.09),
            *_whoops(2, 0.8, 500.0, 1800.0),
        ),
        (0.0, 0.6),
    ),
}


class Course:
    """A pattern made ready: the pitch at any point of it, and how often the tone has turned by then."""

    def __init__(self, pattern: Pattern) -> None:
        length_s, target_hz, time_s, level = np.array(pattern.steps).T
        self.period_s = float(length_s.sum())
        self._begin_s = np.concatenate([[0.0], np.cumsum(length_s)[:-1]])
        self._target_hz, self._time_s, self._level = target_hz, time_s, level
        self._from_hz = _starts(length_s, target_hz, time_s)
        away = self._from_hz - target_hz
        whole = target_hz * length_s + away * time_s * (1.0 - np.exp(-length_s / time_s))
        self._begin_turns = np.concatenate([[0.0], np.cumsum(whole)[:-1]])
        self.turns = float(whole.sum())

    def at(self, share: Samples) -> tuple[Samples, Samples, Samples]:
        """Return pitch (Hz), turns of the tone since the pattern began, and level, at shares 0..1 of it."""
        within_s = share * self.period_s
        step: npt.NDArray[np.intp] = np.searchsorted(self._begin_s, within_s, side="right") - 1
        t_s, target_hz, time_s = within_s - self._begin_s[step], self._target_hz[step], self._time_s[step]
        away = self._from_hz[step] - target_hz
        left = np.exp(-t_s / time_s)
        turns = self._begin_turns[step] + target_hz * t_s + away * time_s * (1.0 - left)
        return target_hz + away * left, turns, self._level[step]


def _starts(length_s: Samples, target_hz: Samples, time_s: Samples) -> Samples:
    """Return the pitch at which each step begins once the pattern has gone round for ever."""
    kept = np.exp(-length_s / time_s)
    shift = target_hz * (1.0 - kept)
    # Each step maps its first pitch to its last by shift + kept * first; the whole turn leads back to itself.
    whole_shift, whole_kept = 0.0, 1.0
    for k, s in zip(kept, shift, strict=True):
        whole_shift, whole_kept = s + k * whole_shift, k * whole_kept
    first = whole_shift / (1.0 - whole_kept)
    starts = []
    for k, s in zip(kept, shift, strict=True):
        starts.append(first)
        first = s + k * first
    return np.array(starts)
