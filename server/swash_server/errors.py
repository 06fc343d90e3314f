"""What a caller is told when something goes wrong: one status for each kind of error, mapped in one place."""

from collections.abc import Sequence
from datetime import timedelta

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from swash.v1 import sound_pb2
from swash_model.errors import EngineAbsentError, InvalidAskError, SoundError, UnknownSoundError

# A status travels among a call's headers, for which gRPC has 8 KiB, and there its message stands twice.
MAX_MESSAGE_CHARACTERS = 900
MAX_PROBLEM_CHARACTERS = 200
MAX_DETAIL_BYTES = 3000


class SwashError(Exception):
    """Something the server refuses or cannot do; the message is for the caller."""

    code = grpc.StatusCode.INTERNAL


class OverloadedError(SwashError):
    """The server has as much to do as it may hold."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED

    def __init__(self, message: str, retry_after_s: float) -> None:
        """Say what is full, and when it is worth trying again."""
        super().__init__(f"{message}; try again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class QuotaError(OverloadedError):
    """A caller takes more than one caller may, whatever the server could still do."""

    def __init__(self, most: str, retry_after_s: float) -> None:
        """Say of what there is no more for this caller, and when it is worth trying again."""
        super().__init__(f"your own quota is used up, {most}", retry_after_s)


class TooLateError(SwashError):
    """The sound cannot begin before its caller's deadline; nothing of it was made."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED

    def __init__(self, expected_s: float, left_s: float) -> None:
        """Say when it would have begun, and how long that was wanted."""
        super().__init__(
            f"the first audio is expected in {expected_s:.3g} s and the deadline is in {max(0.0, left_s):.3g} s; "
            "allow more time, or fallback"
        )


class NotReadyError(SwashError):
    """The server is starting or draining."""

    code = grpc.StatusCode.UNAVAILABLE

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        """Say why, and when it is worth trying again."""
        super().__init__(f"{message}; try again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class UnauthenticatedError(SwashError):
    """Nobody knows who calls. Why, the caller is not told: it would help whoever tries."""

    code = grpc.StatusCode.UNAUTHENTICATED

    def __init__(self) -> None:
        """Say what to send."""
        super().__init__("no valid credentials; send the header authorization: Bearer TOKEN, or a certificate")


class PermissionDeniedError(SwashError):
    """The caller is known, and may not do this."""

    code = grpc.StatusCode.PERMISSION_DENIED


class TooLargeError(SwashError):
    """The sound does not fit into one message."""

    code = grpc.StatusCode.OUT_OF_RANGE


class PinnedFullError(SwashError):
    """What is preloaded leaves no room for more; waiting will not help."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class UnknownTagError(SwashError):
    """Nothing is preloaded under this tag."""

    code = grpc.StatusCode.NOT_FOUND


class UnknownSessionError(SwashError):
    """No live session has this name."""

    code = grpc.StatusCode.NOT_FOUND


class InvalidManifestError(SwashError):
    """Lines of a manifest are wrong."""

    code = grpc.StatusCode.INVALID_ARGUMENT

    def __init__(self, problems: Sequence[InvalidAskError], *, perhaps_more: bool = False) -> None:
        """Carry each field with its range and what was got; `perhaps_more` says that the rest was not read."""
        lines = [str(problem) for problem in problems]
        super().__init__("\n".join([*lines, *(["and perhaps more"] if perhaps_more else [])]))
        self.problems = tuple(problems)


class QualityError(SwashError):
    """A sound was made and is not fit to be heard: a mistake of an effect, or a bad throw of the neural engine.

    `reason` is the label of its metric: silence, clipping, dc, click, dead_channel, length or not_finite.
    """

    def __init__(self, reason: str, problem: str, key: str) -> None:
        """Say what is wrong with the sound of a key; the request can be repeated in a report."""
        super().__init__(f"the sound failed the quality gate ({reason}): {problem}; its key is {key}")
        self.reason, self.problem = reason, problem


class UnforeseenError(SwashError):
    """A mistake of ours. The traceback stands in the log under the id."""

    def __init__(self, request_id: str) -> None:
        """Name the call."""
        super().__init__(f"unforeseen error; the server's log tells more under {request_id}")


class WorkerError(Exception):
    """A process of live voices failed; the message is its traceback, in which nothing of a caller stands."""


_CODES: tuple[tuple[type[SoundError], grpc.StatusCode], ...] = (
    (InvalidAskError, grpc.StatusCode.INVALID_ARGUMENT),
    (UnknownSoundError, grpc.StatusCode.NOT_FOUND),
    (EngineAbsentError, grpc.StatusCode.FAILED_PRECONDITION),
)


def code_of(error: SwashError | SoundError) -> grpc.StatusCode:
    """Return the status that an error is answered with."""
    if isinstance(error, SwashError):
        return error.code
    return next((code for kind, code in _CODES if isinstance(error, kind)), grpc.StatusCode.INTERNAL)


def status_of(error: SwashError | SoundError) -> status_pb2.Status:
    """Return the status with its details: which field, when to come back, or what to try instead."""
    status = status_pb2.Status(code=code_of(error).value[0], message=_cut(str(error), MAX_MESSAGE_CHARACTERS))
    detail: Message | None = None
    if isinstance(error, InvalidAskError):
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=error.problem)
        detail = error_details_pb2.BadRequest(field_violations=[violation])
    elif isinstance(error, InvalidManifestError):
        detail = _bad_request(error.problems)
    elif isinstance(error, OverloadedError | NotReadyError):
        delay = Duration()
        delay.FromTimedelta(timedelta(seconds=error.retry_after_s))
        detail = error_details_pb2.RetryInfo(retry_delay=delay)
    elif isinstance(error, UnknownSoundError):
        detail = sound_pb2.ResolvePromptResponse(suggestions=error.suggestions, unknown_words=error.unknown_words)
    if detail is not None:
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _bad_request(problems: Sequence[InvalidAskError]) -> error_details_pb2.BadRequest:
    """Return as many of the fields as fit among a call's headers."""
    told = error_details_pb2.BadRequest()
    for problem in problems:
        if told.ByteSize() > MAX_DETAIL_BYTES:
            break
        told.field_violations.add(field=problem.field, description=_cut(problem.problem, MAX_PROBLEM_CHARACTERS))
    return told


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 3] + "..."
