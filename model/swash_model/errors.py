"""What can be wrong with an ask. The server maps each type to one status."""

from collections.abc import Sequence


class SoundError(Exception):
    """The sound that was asked for cannot be made; the message says why and what to change."""


class InvalidAskError(SoundError):
    """A field of the ask is wrong."""

    def __init__(self, field: str, problem: str) -> None:
        """Name the field and say its range and what was got."""
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class UnknownSoundError(SoundError):
    """The words match no effect."""

    def __init__(self, prompt: str, suggestions: Sequence[str], unknown_words: Sequence[str]) -> None:
        """Carry what to try instead and what was not understood."""
        tried = ", ".join(repr(suggestion) for suggestion in suggestions)
        unknown = f" Not understood: {', '.join(unknown_words)}." if unknown_words else ""
        shown = prompt if len(prompt) <= 80 else prompt[:77] + "..."
        super().__init__(f"nothing sounds like {shown!r}.{unknown} Try {tried}.")
        self.suggestions = tuple(suggestions)
        self.unknown_words = tuple(unknown_words)


class EngineAbsentError(SoundError):
    """The engine that was asked for is not here; the message says how to bring it."""
