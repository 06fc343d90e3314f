"""A real gRPC server that answers with what a test tells it: for the faults a good server does not have."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

import grpc
import numpy as np
from google.protobuf.any_pb2 import Any as Detail
from google.protobuf.message import Message
from google.rpc import status_pb2
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceServicer, add_SoundServiceServicer_to_server

Script: TypeAlias = Callable[[pb.RenderRequest, Any], Iterator[pb.RenderResponse]]

PCM = np.array([[0, 100], [-32_768, 32_767], [3, -4], [5, 6], [-7, 8], [9, 10]], "<i2")  # (frames, channels)
BLOCK_FRAMES = 4


@dataclass
class Scripted(SoundServiceServicer):
    """Answers each Render call with the next script, and keeps the requests."""

    scripts: list[Script] = field(default_factory=list)
    requests: list[pb.RenderRequest] = field(default_factory=list)
    performances: list[Callable[[Iterator[pb.PerformRequest]], Iterator[pb.PerformResponse]]] = field(
        default_factory=list
    )
    preloads: list[pb.PreloadRequest] = field(default_factory=list)
    times_left_s: list[float] = field(default_factory=list)
    address: str = ""

    def Render(self, request: pb.RenderRequest, context: Any) -> Iterator[pb.RenderResponse]:  # noqa: N802
        self.requests.append(request)
        self.times_left_s.append(context.time_remaining())
        yield from self.scripts.pop(0)(request, context)

    def Fetch(self, request: pb.FetchRequest, context: Any) -> pb.FetchResponse:  # noqa: N802
        raise NotImplementedError

    def Perform(self, requests: Iterator[pb.PerformRequest], _context: Any) -> Iterator[pb.PerformResponse]:  # noqa: N802
        yield from self.performances.pop(0)(requests)

    def Listen(self, request: pb.ListenRequest, context: Any) -> Iterator[pb.PerformResponse]:  # noqa: N802
        raise NotImplementedError

    def Control(self, request: pb.ControlRequest, context: Any) -> pb.ControlResponse:  # noqa: N802
        raise NotImplementedError

    def Preload(self, request: pb.PreloadRequest, context: Any) -> Iterator[pb.PreloadResponse]:  # noqa: N802
        self.preloads.append(request)
        self.times_left_s.append(context.time_remaining())
        yield pb.PreloadResponse(total=2, done=0, name="surf", progress=pb.Progress(take=0, step=1, steps=4))
        ready = pb.PreloadedTake(take=0, key="ab", seed=3, frames=10, cached=pb.CACHED_STORE)
        yield pb.PreloadResponse(total=2, done=1, name="surf", take=ready)
        yield pb.PreloadResponse(total=2, done=2, sound=1, take=pb.PreloadedTake(failure="no room"))

    def Unload(self, request: pb.UnloadRequest, context: Any) -> pb.UnloadResponse:  # noqa: N802
        self.times_left_s.append(context.time_remaining())
        return pb.UnloadResponse(takes=len(request.tag), stored_bytes=1000)

    def ListEffects(self, _request: pb.ListEffectsRequest, context: Any) -> pb.ListEffectsResponse:  # noqa: N802
        self.times_left_s.append(context.time_remaining())
        force = pb.Parameter(name="force", unit="N", minimum=1, maximum=9, default_number=4, live=True)
        surface = pb.Parameter(name="surface", choices=["gravel", "snow"], default_choice="snow")
        preset = pb.Preset(name="heavy", parameters={"force": pb.ParameterValue(number=9)}, ucs_cat_id="FEETHmn")
        kind = pb.EFFECT_KIND_EITHER
        steps = pb.Effect(id="footsteps", kind=kind, parameters=[force, surface], presets=[preset], version=3)
        return pb.ListEffectsResponse(effects=[steps])

    def ResolvePrompt(self, request: pb.ResolvePromptRequest, context: Any) -> pb.ResolvePromptResponse:  # noqa: N802
        self.times_left_s.append(context.time_remaining())
        return pb.ResolvePromptResponse(unknown_words=request.prompt.split(), suggestions=["rain", "wind"])

    def GetServerInfo(self, _request: pb.GetServerInfoRequest, context: Any) -> pb.GetServerInfoResponse:  # noqa: N802
        self.times_left_s.append(context.time_remaining())
        engine = pb.EngineInfo(name="procedural", version="1", state=pb.ENGINE_STATE_WARMING_UP)
        info = pb.GetServerInfoResponse(engines=[engine], encodings=[pb.ENCODING_OGG_OPUS])
        info.uptime.FromMilliseconds(2500)
        return info


@contextmanager
def serving(service: Scripted) -> Iterator[Scripted]:
    """Serve on a free port until the test ends."""
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        add_SoundServiceServicer_to_server(service, server)
        service.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        try:
            yield service
        finally:
            server.stop(0).wait()


def header(take: int = 0, **fields: Any) -> pb.RenderResponse:
    """Begin a take of the stereo sound `PCM`."""
    known = {"encoding": pb.ENCODING_PCM_S16LE, "sample_rate": 48_000, "channels": 2, "seed": 7 + take}
    return pb.RenderResponse(header=pb.Header(take=take, **{**known, **fields}))


def progress(step: int, take: int = 0, queue_position: int = 0) -> pb.RenderResponse:
    """Tell how far a take of four steps is."""
    return pb.RenderResponse(progress=pb.Progress(take=take, queue_position=queue_position, step=step, steps=4))


def from_the_future() -> pb.RenderResponse:
    """Send an event that this contract does not know: its field 14 is a message."""
    return pb.RenderResponse.FromString(b"\x72\x02\x08\x01")


def audio(data: bytes, first_frame: int = 0) -> pb.RenderResponse:
    """Bring some audio."""
    return pb.RenderResponse(audio=pb.Audio(data=data, first_frame=first_frame))


def trailer(data: bytes, frames: int, take: int = 0) -> pb.RenderResponse:
    """End a take."""
    digest = hashlib.sha256(data).digest()
    return pb.RenderResponse(trailer=pb.Trailer(take=take, frames=frames, loudness_lufs=-20, sha256=digest))


def whole_take(take: int = 0) -> list[pb.RenderResponse]:
    """Play `PCM` in two blocks."""
    first, rest = PCM[:BLOCK_FRAMES].tobytes(), PCM[BLOCK_FRAMES:].tobytes()
    end = trailer(first + rest, len(PCM), take)
    return [header(take), audio(first), audio(rest, BLOCK_FRAMES), end]


def play(*events: pb.RenderResponse) -> Script:
    """Send these events and end well."""
    return lambda _request, _context: iter(events)


class Slow:
    """Plays some events, then the rest when the test says so; `left` is set when the caller has gone."""

    def __init__(self, *begin: pb.RenderResponse, rest: tuple[pb.RenderResponse, ...] = ()) -> None:
        self.go_on = threading.Event()
        self.left = threading.Event()
        self._begin, self._rest = begin, rest

    def __call__(self, _request: pb.RenderRequest, context: Any) -> Iterator[pb.RenderResponse]:
        if not context.add_callback(self._leave):  # the caller had gone before we came to ask
            self._leave()
        yield from self._begin
        self.go_on.wait()
        yield from self._rest

    def _leave(self) -> None:
        self.left.set()
        self.go_on.set()


def fail(
    code: grpc.StatusCode, message: str, *details: Message, after: tuple[pb.RenderResponse, ...] = ()
) -> Script:
    """Send some events, then fail with google.rpc details."""

    def script(request: pb.RenderRequest, context: Any) -> Iterator[pb.RenderResponse]:
        yield from after
        abort(context, code, message, *details)

    return script


def abort(context: Any, code: grpc.StatusCode, message: str, *details: Message) -> NoReturn:
    """End a call with a status that carries details."""
    status = status_pb2.Status(code=code.value[0], message=message)
    for detail in details:
        packed = Detail()
        packed.Pack(detail)
        status.details.append(packed)
    context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort_with_status raises")
