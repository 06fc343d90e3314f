"""What a gRPC status means to a caller: the one place where one becomes the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from swash_client.errors import (
    AccessError,
    DeadlineError,
    FieldViolation,
    InternalError,
    InvalidRequestError,
    NotReadyError,
    OverloadedError,
    SwashError,
    UnavailableError,
    UnknownSoundError,
)

_SAME_MESSAGE: dict[grpc.StatusCode, type[SwashError]] = {
    grpc.StatusCode.FAILED_PRECONDITION: NotReadyError,
    grpc.StatusCode.UNAUTHENTICATED: AccessError,
    grpc.StatusCode.PERMISSION_DENIED: AccessError,
    grpc.StatusCode.INTERNAL: InternalError,
}


@contextmanager
def typed_errors(address: str) -> Iterator[None]:
    """Turn the gRPC errors of a call to `address` into ours."""
    try:
        yield
    except grpc.RpcError as error:
        raise error_of(error, address) from error


def error_of(error: grpc.RpcError, address: str) -> SwashError:
    """Return the typed error that a gRPC error of a call to `address` stands for."""
    code = error.code()
    message = error.details() or code.name
    details = _details(error)
    match code:
        case grpc.StatusCode.INVALID_ARGUMENT:
            return InvalidRequestError(message, _violations(details))
        case grpc.StatusCode.NOT_FOUND:
            return _unknown_sound(message, details)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return OverloadedError(message, _retry_after_s(details))
        case grpc.StatusCode.UNAVAILABLE:
            return _unavailable(message, details, address)
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return DeadlineError(f"{message} at {address}; give a longer timeout_s or ask for a shorter sound")
    kind = _SAME_MESSAGE.get(code)
    return kind(message) if kind else SwashError(f"{code.name}: {message}")


def _details(error: grpc.RpcError) -> list[Any]:
    """Return the google.rpc details of an error, none when it has none or a proxy has changed it."""
    try:
        status = rpc_status.from_call(cast(grpc.Call, error))  # asks for no more than an error has
    except ValueError:  # the status inside says something else than the status outside
        return []
    return list(status.details) if status else []


def _violations(details: list[Any]) -> list[FieldViolation]:
    """Return the fields at fault."""
    bad_request = error_details_pb2.BadRequest()
    return [
        FieldViolation(violation.field, violation.description)
        for detail in details
        if detail.Unpack(bad_request)
        for violation in bad_request.field_violations
    ]


def _retry_after_s(details: list[Any]) -> float | None:
    """Return the seconds after which the server wants to be asked again."""
    retry = error_details_pb2.RetryInfo()
    for detail in details:
        if detail.Unpack(retry):
            return float(retry.retry_delay.seconds + retry.retry_delay.nanos * 1e-9)
    return None


def _unknown_sound(message: str, details: list[Any]) -> UnknownSoundError:
    """Return what to try instead, which a server may send as the resolution of the prompt."""
    resolution = pb.ResolvePromptResponse()
    for detail in details:
        if detail.Unpack(resolution):
            return UnknownSoundError(message, resolution.suggestions, resolution.unknown_words)
    return UnknownSoundError(message)


def _unavailable(message: str, details: list[Any], address: str) -> UnavailableError:
    """Tell a server that says "later" from no server at all."""
    retry_after_s = _retry_after_s(details)
    if retry_after_s is not None:
        return UnavailableError(message, retry_after_s)
    return UnavailableError(f"no server answers at {address}; start one with `swash serve` ({message})")
