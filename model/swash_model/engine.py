"""What an engine is: something that turns a Spec into blocks of sound."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from swash_model.spec import Ask, Block, Resolved, Spec


def _never() -> bool:
    return False


def _unheard(*_told: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Watch:
    """Whoever waits for a sound: whether they still do, and what they are told. Called from the engine's thread.

    `progress(step, steps)` after each step of an engine that has steps; `stage(name, seconds)` for each part of
    the work, once it is done.
    """

    stopped: Callable[[], bool] = _never
    progress: Callable[[int, int], None] = _unheard
    stage: Callable[[str, float], None] = _unheard


UNWATCHED = Watch()


class Engine(Protocol):
    """Makes sounds, one at a time a thread; two threads may render at once.

    A render is stopped by closing its iterator, or from another thread by `watch.stopped`, upon which it ends
    early; nothing else is to be cleaned up.
    """

    @property
    def name(self) -> str:
        """Return the name callers use: "procedural"."""
        ...

    @property
    def licence(self) -> str:
        """Return the terms of its output."""
        ...

    @property
    def sample_rate(self) -> int:
        """Return the frames a second of its blocks."""
        ...

    @property
    def version(self) -> str:
        """Return the version of the engine as a whole."""
        ...

    @property
    def exclusive(self) -> bool:
        """Return whether one sound takes every core: then they are made one after the other, on one thread."""
        ...

    def expected_s(self, spec: Spec) -> float:
        """Return the seconds to the first block of this Spec, by what was measured here; 0 for at once."""
        ...

    def warm_up(self) -> None:
        """Load and compile all that a first call would wait for."""
        ...

    def resolve(self, ask: Ask) -> Resolved:
        """Return what would sound; raise InvalidAskError or UnknownSoundError."""
        ...

    def version_of(self, spec: Spec) -> str:
        """Return what must change whenever the samples of this Spec do."""
        ...

    def natural_channels(self, spec: Spec) -> int:
        """Return 1 for what a game places in space itself, 2 for a bed."""
        ...

    def frames(self, spec: Spec, sample_rate: int) -> int | None:
        """Return the length at this rate, or None when only making it tells."""
        ...

    def render(self, spec: Spec, watch: Watch = UNWATCHED, together: Sequence[Spec] = ()) -> Iterator[Block]:
        """Yield blocks of shape (frames, 2) at `sample_rate`; for a loop exactly one turn of it.

        `together` are Specs that will be asked for next: an engine may make them in one go and remember.
        """
        ...
