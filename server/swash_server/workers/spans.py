"""The spans of the making of one sound: its waiting, its rendering with the parts of it, and its measuring."""

from collections.abc import Callable

from swash_server.observability.telemetry import NO_SPAN, SPAN, Span


class WorkSpans:
    """Begun where the sound was ordered; whatever thread or process makes it."""

    def __init__(self, engine: str, queued: Span) -> None:
        """Take the span of its waiting, which ends with the first turn."""
        self._engine = engine
        self._queued = queued
        self._above = SPAN.get()  # on a thread, and in another process, there is no call
        self._span = NO_SPAN
        self._begun = False

    def begin(self) -> None:
        """Say that a turn begins; all but the first do nothing."""
        if not self._begun:
            self._begun = True
            self._queued.end()
            self._span = self._above.child("render", engine=self._engine)

    def heard(self) -> None:
        """Say that the first frames are there."""
        self._span.event("first_block")

    def again(self) -> None:
        """Say that it is made once more, as what made it has ended."""
        self._span.event("made_again")

    def staged(self, told: Callable[[str, float], None]) -> Callable[[str, float], None]:
        """Return what hears of parts of the work, and tells `told` too."""

        def stage(name: str, seconds: float) -> None:
            told(name, seconds)
            self._span.past(name, seconds)

        return stage

    def ended(self, frames: int, error: BaseException | None = None) -> None:
        """Say that nothing more is rendered; again does nothing."""
        self._queued.end()
        self._span.tell(frames=frames)
        self._span.end(error)

    def measuring(self) -> Span:
        """Begin the span of checking and measuring the whole."""
        return self._above.child("measure")
