"""What an engine is: something that turns a Spec into blocks of sound."""

from collections.abc import Iterator
from typing import Protocol

from swash_model.spec import Ask, Block, Resolved, Spec


class Engine(Protocol):
    """Makes sounds, one at a time a thread; two threads may render at once.

    A render is stopped by closing its iterator; nothing else is to be cleaned up.
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

    def render(self, spec: Spec) -> Iterator[Block]:
        """Yield blocks of shape (frames, 2) at `sample_rate`; for a loop exactly one turn of it."""
        ...
