"""Servers for Prometheus to watch: one that is well, one that has too much to do, one whose engine is broken."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from swash.v1 import sound_pb2 as pb
from swash_client import Client
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.procedural.engine import ProceduralEngine
from tests.deploy.prometheus import Prometheus, eventually
from tests.server.bad_engine import BadEngine, Script
from tests.server.hand_engine import HandEngine
from tests.serving import ServerProcess, ServerThread, rendered, until
from tests.web_calls import web_unary

SILENT_SEED = 66
CALL_S = 60.0
MANIFEST = "swash: 1\ntag: watched\nsounds:\n  - {name: click, effect: ui_click}\n"


@dataclass
class Watched:
    """The servers, what turns their engines, and the Prometheus that watches them."""

    prometheus: Prometheus
    well: ServerProcess
    busy: ServerThread
    broken: ServerThread
    engine: BadEngine
    calls: int = 0

    @staticmethod
    def name(server: ServerProcess | ServerThread) -> str:
        """Return what Prometheus calls a server."""
        return server.http.removeprefix("http://")

    def call_again(self) -> None:
        """Have a sound made anew: what happened but once, before Prometheus looked, is no rate."""
        self.calls += 1
        with self.well.stub() as stub:
            rendered(stub, pb.RenderRequest(effect="ui_click", seed=1000 + self.calls))
        failing_call(self.busy, self.engine)

    def fires(self, alert: str, server: ServerProcess | ServerThread) -> None:
        """Wait until an alert is firing about a server."""
        wanted = (alert, self.name(server))
        eventually(lambda: wanted in self.prometheus.firing(), lambda: (wanted, self.prometheus.firing()))


@contextmanager
def watched(well: ServerProcess, folder: Path) -> Iterator[Watched]:
    """Give the servers under load, read by Prometheus since before their first call."""
    engine = BadEngine({SILENT_SEED: Script("silence")})
    lost = HandEngine(warm_up=RuntimeError("its weights are gone"))
    with (
        _serving(engine, store=folder / "busy", max_neural_queue=1) as busy,
        _serving(lost) as broken,
    ):
        names = {Watched.name(server) for server in (well, busy, broken)}
        (folder / "prometheus").mkdir()
        with Prometheus(folder / "prometheus", names) as prometheus:
            eventually(lambda: len(prometheus.series("up == 1")) == len(names), lambda: prometheus.log)
            with _loaded(well):
                _load_neural(busy, engine)
                yield Watched(prometheus, well, busy, broken, engine)
            engine.let_go()


def _serving(engine: HandEngine, **settings: Any) -> ServerThread:
    return ServerThread(Engines({NEURAL_ENGINE: engine, DEFAULT_ENGINE: ProceduralEngine()}, {}), **settings)


@contextmanager
def _loaded(server: ServerProcess) -> Iterator[None]:
    """Give a server everything to do that a game does, a session open."""
    with server.stub() as stub:
        for seed in (1, 2, 3, 1, 2, 3):
            rendered(stub, pb.RenderRequest(effect="ui_click", seed=seed))
        list(stub.Preload(pb.PreloadRequest(manifest=MANIFEST)))
        with pytest.raises(grpc.RpcError):
            rendered(stub, pb.RenderRequest(effect="no such effect"))
    web_unary(server.http, "GetServerInfo", pb.GetServerInfoRequest())
    with Client(server.address) as client, client.perform() as session:
        session.start("light rain on leaves", seed=1).set("intensity", 0.9)
        for _, _block in zip(range(10), session, strict=False):
            pass
        yield


def _load_neural(server: ServerThread, engine: BadEngine) -> None:
    """Have neural sounds made, of which one fails the quality gate."""
    engine.step(6)  # two of each sound, and two of what is made instead of the silent one
    with server.stub() as stub:
        for seed in (1, SILENT_SEED):
            rendered(stub, neural(seed))


def neural(seed: int) -> pb.RenderRequest:
    return pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, seed=seed, steps=2)


@contextmanager
def full_line(server: ServerThread, engine: BadEngine) -> Iterator[None]:
    """Give a line in which no place is left: one sound is made, one waits, and a third is refused."""
    with server.stub() as stub:
        calls = [stub.Render(neural(seed), timeout=CALL_S) for seed in (1001, 1002)]
        for call in calls:
            next(call)
        until(lambda: server.metric("swash_waiting_sounds") == 1, "one waits")
        with pytest.raises(grpc.RpcError, match="waiting already"):
            rendered(stub, neural(1003))
        yield
        engine.step(4)
        for call in calls:
            for _ in call:
                pass


def failing_call(server: ServerThread, engine: BadEngine) -> None:
    """Call for what fails through a mistake of ours."""
    engine.failure = RuntimeError("as a test wants it")
    engine.step()
    with server.stub() as stub, pytest.raises(grpc.RpcError):
        rendered(stub, neural(2000 + len(engine.begun)))
    engine.failure = None
