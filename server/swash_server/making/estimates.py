"""How long procedural sounds take here, by what they took lately."""

from collections import OrderedDict, deque
from dataclasses import dataclass

REMEMBERED = 16  # sounds of each kind
ENOUGH = 4  # of them, before anything is said
MAX_KINDS = 1000  # effects, presets and what prompts mix of them; the one not made for longest is forgotten


@dataclass(frozen=True, slots=True)
class Taken:
    """What one sound took: compute seconds to its first frames and to its end, for seconds of audio."""

    first_s: float
    work_s: float
    audio_s: float


class Estimates:
    """Knows the last sounds of each kind. Lives on the event loop."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._kinds: OrderedDict[str, deque[Taken]] = OrderedDict()

    def took(self, kind: str, taken: Taken) -> None:
        """Learn from a sound."""
        self._kinds.setdefault(kind, deque(maxlen=REMEMBERED)).append(taken)
        self._kinds.move_to_end(kind)
        if len(self._kinds) > MAX_KINDS:
            self._kinds.popitem(last=False)

    def first_s(self, kind: str, audio_s: float | None) -> float:
        """Return the compute seconds to the first frames at the least: as quick as the quickest of late.

        In proportion to the length where that is known, for some sounds are needed whole before their first frame;
        0 for a kind of which little is known.
        """
        return min((taken.first_s * _times(taken, audio_s) for taken in self._of(kind)), default=0.0)

    def work_s(self, kind: str, audio_s: float | None) -> float:
        """Return the compute seconds of a whole sound, on average; 0 for a kind of which little is known."""
        known = [taken.work_s * _times(taken, audio_s) for taken in self._of(kind)]
        return sum(known) / len(known) if known else 0.0

    def _of(self, kind: str) -> tuple[Taken, ...]:
        known = tuple(self._kinds.get(kind, ()))
        return known if len(known) >= ENOUGH else ()


def _times(taken: Taken, audio_s: float | None) -> float:
    """Return how many times as long a sound is; 1 where nobody knows."""
    return 1.0 if audio_s is None or not taken.audio_s else audio_s / taken.audio_s
