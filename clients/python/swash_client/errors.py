"""What can go wrong with a call, one type for each thing a caller would do differently."""

from collections.abc import Sequence
from dataclasses import dataclass


class SwashError(Exception):
    """A call failed; the message says why. The gRPC error, where there was one, is the `__cause__`."""


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field of the request, and what is wrong with it: its range and what was got."""

    field: str
    description: str


class InvalidRequestError(SwashError):
    """Something in the request is out of range or unknown: change it, do not retry."""

    def __init__(self, message: str, violations: Sequence[FieldViolation] = ()) -> None:
        """Carry the fields at fault."""
        super().__init__(message)
        self.violations = tuple(violations)


class TooLargeError(SwashError):
    """The sound is too large for one message: render or stream it."""


class UnknownSoundError(SwashError):
    """The prompt matches nothing; an effect that is not there is an InvalidRequestError instead."""

    def __init__(self, message: str, suggestions: Sequence[str] = (), unknown_words: Sequence[str] = ()) -> None:
        """Carry what to try instead and what was not understood; empty when only the message tells."""
        super().__init__(message)
        self.suggestions = tuple(suggestions)
        self.unknown_words = tuple(unknown_words)


class UnknownTagError(SwashError):
    """Nothing is preloaded under this tag."""


class OverloadedError(SwashError):
    """The server has as much to do as it may hold; `retry_after_s` None: it does not say when to come back."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        """Carry the seconds after which it is worth trying again."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnavailableError(SwashError):
    """No server there, it is starting or draining, or the connection broke.

    `retry_after_s` is None when nobody answered.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        """Carry the seconds after which it is worth trying again."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DeadlineError(SwashError):
    """`timeout_s` passed before the answer was whole; the server has stopped the work."""


class NotReadyError(SwashError):
    """The engine that was asked for cannot be used here; the message says how to bring it."""


class AccessError(SwashError):
    """The server does not let this caller in; asking again the same way does not help."""


class UnauthenticatedError(AccessError):
    """The server does not know who calls: it wants a token or a certificate, or other ones than these."""


class PermissionDeniedError(AccessError):
    """The server knows who calls, and does not let them do this: another token may."""


class InternalError(SwashError):
    """A mistake in the server; the message holds an id that stands in its log."""


class DamagedSoundError(SwashError):
    """What arrived is not what was made: frames are missing, the digest differs, or the stream ended early."""
