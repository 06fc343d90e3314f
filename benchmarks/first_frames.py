"""From the call to the first audio, as a client on the same machine sees it: cold, then cached."""

import time
from collections.abc import Iterator

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from benchmarks.measuring import fresh_server, percentiles_ms, ratio, table
from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_model.procedural.catalogue import EFFECTS
from tests.serving import rendered

CALLS = 60


def main() -> None:
    """Print one row an effect, beside an empty call in the same run."""
    with fresh_server() as server, grpc.insecure_channel(server.address) as channel:
        stub = SoundServiceStub(channel)
        rendered(stub, pb.RenderRequest(effect="ui_click", seed=0))
        empty = list(_empty(channel))
        rows = [("empty call", percentiles_ms(empty), "1", percentiles_ms(empty), "1")]
        for effect in sorted(EFFECTS):
            cold = [_first_s(stub, effect, seed) for seed in range(1, CALLS + 1)]
            cached = [_first_s(stub, effect, 1) for _ in range(CALLS)]
            rows.append(
                (effect, percentiles_ms(cold), ratio(cold, empty), percentiles_ms(cached), ratio(cached, empty))
            )
    head = ("effect", "cold p50 / p99 ms", "of an empty call", "cached p50 / p99 ms", "of an empty call")
    table(f"First frames, one client, {CALLS} calls each", head, rows)


def _empty(channel: grpc.Channel) -> Iterator[float]:
    health = health_pb2_grpc.HealthStub(channel)
    for _ in range(CALLS * 4):
        began = time.perf_counter()
        health.Check(health_pb2.HealthCheckRequest(), timeout=10)  # type: ignore[attr-defined]
        yield time.perf_counter() - began


def _first_s(stub: SoundServiceStub, effect: str, seed: int) -> float:
    """Return the time to the first audio; the rest is read too, so that calls do not overlap."""
    request = pb.RenderRequest(effect=effect, seed=seed)
    began = time.perf_counter()
    first = 0.0
    for event in stub.Render(request, timeout=60):
        if event.HasField("audio") and not first:
            first = time.perf_counter() - began
    return first
