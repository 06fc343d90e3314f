"""What the ways in cost: native gRPC, gRPC-Web and Connect, asked for the same cached sounds in turn."""

import http.client
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import grpc

from benchmarks.measuring import fresh_server, percentiles_ms, ratio, table
from swash.v1 import sound_pb2 as pb
from tests.serving import rendered

CALLS = 400
SOUNDS = {
    "a step": pb.RenderRequest(effect="footsteps", seed=1),
    "10 s of rain, 1.9 MB": pb.RenderRequest(effect="rain", seed=1, duration_s=10.0),
}
METHOD = "/swash.v1.SoundService/Render"


def main() -> None:
    """Print a row for each sound and door; the doors take turns, so that a slow minute is everybody's."""
    with fresh_server("--log-calls=off") as server, grpc.insecure_channel(server.address) as channel:
        native: Any = channel.unary_stream(METHOD)
        with closing(http.client.HTTPConnection(urlsplit(server.http).netloc)) as connection:
            doors: dict[str, Callable[[bytes], Iterator[bytes]]] = {
                "gRPC": lambda request: iter(native(request, timeout=60)),
                "gRPC-Web": lambda request: _posted(connection, request, "application/grpc-web+proto"),
                "Connect": lambda request: _posted(connection, request, "application/connect+proto"),
            }
            rows = []
            for name, sound in SOUNDS.items():
                with server.stub() as stub:
                    rendered(stub, sound)
                first: dict[str, list[float]] = {door: [] for door in doors}
                whole: dict[str, list[float]] = {door: [] for door in doors}
                for _ in range(CALLS):
                    for door, call in doors.items():
                        first_s, whole_s = _timed(call(sound.SerializeToString()))
                        first[door].append(first_s)
                        whole[door].append(whole_s)
                rows += [
                    (
                        name, door, percentiles_ms(first[door]), ratio(first[door], first["gRPC"]),
                        percentiles_ms(whole[door]), ratio(whole[door], whole["gRPC"]),
                    )
                    for door in doors
                ]  # fmt: skip
    head = ("cached sound", "door", "first audio p50 / p99 ms", "of gRPC", "whole p50 / p99 ms", "of gRPC")
    table(f"The ways in, one client, {CALLS} calls each", head, rows)


def _timed(messages: Iterator[bytes]) -> tuple[float, float]:
    """Return the seconds to the first audio, and to the end."""
    began_s = time.perf_counter()
    first_s = 0.0
    for message in messages:
        if not first_s and pb.RenderResponse.FromString(message).HasField("audio"):
            first_s = time.perf_counter() - began_s
    return first_s, time.perf_counter() - began_s


def _posted(connection: http.client.HTTPConnection, request: bytes, kind: str) -> Iterator[bytes]:
    """Yield the messages of a call over a connection that is kept."""
    connection.request("POST", METHOD, struct.pack(">BI", 0, len(request)) + request, {"content-type": kind})
    with connection.getresponse() as response:
        while head := response.read(5):
            flags, length = struct.unpack(">BI", head)
            data = response.read(length)
            if flags:
                response.read()
                return
            yield data


if __name__ == "__main__":
    main()
