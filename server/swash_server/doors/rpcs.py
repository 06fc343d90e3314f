"""The rpcs of swash.v1 as tables: what each takes and gives, for every transport to serve."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from google.protobuf.message import DecodeError, Message

from swash.v1 import admin_pb2
from swash.v1 import sound_pb2 as pb
from swash_model.errors import InvalidAskError
from swash_server.admin import AdminService
from swash_server.service import SoundService

SERVICE = pb.DESCRIPTOR.services_by_name["SoundService"]
ADMIN_SERVICE = admin_pb2.DESCRIPTOR.services_by_name["AdminService"]


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
    service: str = SERVICE.full_name

    @property
    def path(self) -> str:
        """Return its path on either port."""
        return f"/{self.service}/{self.name}"

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
        Rpc("Fetch", Shape.UNARY, pb.FetchRequest, pb.FetchResponse, service.fetch),
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


def admin_rpcs(service: AdminService) -> tuple[Rpc, ...]:
    """Return every rpc for operators: on the port of native gRPC alone, where no browser calls."""
    asked = (
        ("GetStats", admin_pb2.GetStatsRequest, admin_pb2.GetStatsResponse, service.get_stats),
        ("PurgeCache", admin_pb2.PurgeCacheRequest, admin_pb2.PurgeCacheResponse, service.purge_cache),
    )
    return tuple(
        Rpc(name, Shape.UNARY, request, response, handle, ADMIN_SERVICE.full_name)
        for name, request, response, handle in asked
    )
