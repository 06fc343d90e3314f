"""Many callers at once, by every door: each hears what it asked for, and nothing of the others."""

import json
import struct
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from swash.v1 import sound_pb2 as pb
from tests.serving import Answer, ServerProcess, rendered
from tests.web_calls import WebCall

CALLERS = 64
WORDS = (
    "rain",
    "wind",
    "slow waves on a pebble beach",
    "crackling fire",
    "footsteps on gravel",
    "rain on a tin roof",
)


def request_of(number: int) -> pb.RenderRequest:
    return pb.RenderRequest(prompt=WORDS[number % len(WORDS)], seed=1000 + number, duration_s=0.5, channels=2)


def natively(server: ServerProcess, request: pb.RenderRequest) -> Answer:
    with server.stub() as stub:
        return rendered(stub, request)


def by_grpc_web(server: ServerProcess, request: pb.RenderRequest) -> Answer:
    return Answer(list(WebCall(server.http, "Render", request.SerializeToString())))


def by_connect(server: ServerProcess, request: pb.RenderRequest) -> Answer:
    message = request.SerializeToString()
    call = urllib.request.Request(
        f"{server.http}/swash.v1.SoundService/Render",
        struct.pack(">BI", 0, len(message)) + message,
        {"content-type": "application/connect+proto"},
    )
    with urllib.request.urlopen(call, timeout=60) as answer:
        data = answer.read()
    events, at = [], 0
    while at < len(data):
        flags, length = struct.unpack_from(">BI", data, at)
        content = data[at + 5 : at + 5 + length]
        at += 5 + length
        if flags & 2:
            assert json.loads(content) == {}
        else:
            events.append(pb.RenderResponse.FromString(content))
    return Answer(events)


DOORS = (natively, by_grpc_web, by_connect)


def test_of_64_callers_at_once_each_hears_its_own_sound(server: ServerProcess, tmp_path: Path) -> None:
    requests = [request_of(number) for number in range(CALLERS)]
    alone = [natively(server, request).audio for request in requests]  # one after another, by another server
    with ServerProcess(tmp_path) as crowded, ThreadPoolExecutor(CALLERS) as callers:
        for _ in range(2):  # made, then remembered

            def heard(number: int) -> Answer:
                return DOORS[number % len(DOORS)](crowded, requests[number])

            together = list(callers.map(heard, range(CALLERS)))
            assert [answer.audio == expected for answer, expected in zip(together, alone, strict=True)] == [
                True
            ] * CALLERS
            assert [answer.header.seed for answer in together] == [request.seed for request in requests]
            assert len({answer.header.request_id for answer in together}) == CALLERS
    assert len(set(alone)) == CALLERS
