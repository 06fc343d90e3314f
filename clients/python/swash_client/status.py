"""What a gRPC status means to a caller: the one place where one becomes the other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from swash_client.errors import (
    DeadlineError,
    FieldViolation,
    InternalError,
    InvalidRequestError,
    NotReadyError,
    OverloadedError,
    PermissionDeniedError,
    SwashError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
    UnknownSoundError,
)

# What gRPC says in words of its own of a call whose server, or a proxy on the way, went away in the middle.
_BREAKS = ("RST_STREAM", "GOAWAY", "Stream removed", "Connection reset")
_OF_TLS = ("SSL", "TLS", "certificate", "CERTIFICATE", "handshake")


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
    said = _SAYS.get(code)
    return said(message, _details(error), address) if said else SwashError(f"{code.name}: {message}")


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
    if any(word in message for word in _OF_TLS):
        return UnavailableError(
            f"no encrypted connection to {address}; "
            f"does its certificate name it, and is it signed by an authority of ca? ({message})"
        )
    return UnavailableError(f"no server answers at {address}; start one with `swash serve` ({message})")


def _internal(message: str, details: list[Any], address: str) -> SwashError:
    """Tell a mistake of the server from a connection that went away in the middle."""
    if not details and any(sign in message for sign in _BREAKS):
        return UnavailableError(f"the connection to {address} broke ({message})")
    return InternalError(message)


def _late(message: str, _details: list[Any], address: str) -> DeadlineError:
    return DeadlineError(f"{message} at {address}; give a longer timeout_s or ask for a shorter sound")


def _unauthenticated(message: str, _details: list[Any], address: str) -> UnauthenticatedError:
    return UnauthenticatedError(f"{message}; give a token, or a client_cert, that {address} knows")


def _denied(message: str, _details: list[Any], address: str) -> PermissionDeniedError:
    return PermissionDeniedError(f"{message}; ask with a token that {address} lets do this")


_SAYS: dict[grpc.StatusCode, Callable[[str, list[Any], str], SwashError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: lambda message, details, _: InvalidRequestError(
        message, _violations(details)
    ),
    grpc.StatusCode.NOT_FOUND: lambda message, details, _: _unknown_sound(message, details),
    grpc.StatusCode.RESOURCE_EXHAUSTED: lambda message, details, _: OverloadedError(
        message, _retry_after_s(details)
    ),
    grpc.StatusCode.FAILED_PRECONDITION: lambda message, _, __: NotReadyError(message),
    grpc.StatusCode.UNAVAILABLE: _unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: _late,
    grpc.StatusCode.UNAUTHENTICATED: _unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: _denied,
    grpc.StatusCode.OUT_OF_RANGE: lambda message, _, __: TooLargeError(message),
    grpc.StatusCode.INTERNAL: _internal,
}
