"""The rpcs of swash.v1.SoundService as a table: what each takes and gives, for every transport to serve."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from google.protobuf.message import DecodeError, Message

from swash.v1 import sound_pb2 as pb
from swash_model.errors import InvalidAskError
from swash_server.service import SoundService

SERVICE = pb.DESCRIPTOR.services_by_name["SoundService"]


class Shape(Enum):
    """How many messages travel."""

    UNARY = auto()  # one request, one answer
    STREAM = auto()  # one request, many answers
    DUPLEX = auto()  # many of both


@dataclass(frozen=True, slots=True)
class Rpc:
    """One rpc. `handle` takes what `parsed` gives, and the call; its answers may be serialised already."""

    name: str
    shape: Shape
    request: type[Message]
    response: type[Message]
    handle: Callable[..., Any]

    @property
    def path(self) -> str:
        """Return its path on either port."""
        return f"/{SERVICE.full_name}/{self.name}"

    def parsed(self, data: bytes) -> Message:
        """Return a request, or raise InvalidAskError for bytes that are none."""
        try:
            return self.request.FromString(data)
        except DecodeError as error:
            raise InvalidAskError("request", f"{len(data)} bytes that are no message of the contract") from error

    @staticmethod
    def serialised(answer: bytes | Message) -> bytes:
        """Return an answer as it travels."""
        return answer if isinstance(answer, bytes) else answer.SerializeToString()


def rpcs(service: SoundService) -> tuple[Rpc, ...]:
    """Return every rpc of a service."""
    return (
        Rpc("Render", Shape.STREAM, pb.RenderRequest, pb.RenderResponse, service.render),
        Rpc("Perform", Shape.DUPLEX, pb.PerformRequest, pb.PerformResponse, service.perform),
        Rpc("Listen", Shape.STREAM, pb.ListenRequest, pb.PerformResponse, service.listen),
        Rpc("Control", Shape.UNARY, pb.ControlRequest, pb.ControlResponse, service.control),
        Rpc("Preload", Shape.STREAM, pb.PreloadRequest, pb.PreloadResponse, service.preload),
        Rpc("Unload", Shape.UNARY, pb.UnloadRequest, pb.UnloadResponse, service.unload),
        Rpc("ListEffects", Shape.UNARY, pb.ListEffectsRequest, pb.ListEffectsResponse, service.list_effects),
        Rpc(
            "ResolvePrompt", Shape.UNARY, pb.ResolvePromptRequest, pb.ResolvePromptResponse, service.resolve_prompt
        ),
        Rpc(
            "GetServerInfo",
            Shape.UNARY,
            pb.GetServerInfoRequest,
            pb.GetServerInfoResponse,
            service.get_server_info,
        ),
    )
