"""How a server starts, is ready, drains and ends; and what it does with a model that was never fetched whole."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines, ModelChoice, load_engines
from swash_model.procedural.engine import ProceduralEngine
from tests.serving import STOP_S, ServerProcess, ServerThread, rendered, until

GOLDEN = Path(__file__).parent.parent / "data" / "stable_audio_open_small"
SERVICE = "swash.v1.SoundService"
SWASH = str(Path(sys.executable).parent / "swash")
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
CLICK = pb.RenderRequest(effect="ui_click", seed=1)
LONG = pb.RenderRequest(effect="rain", seed=1, duration_s=60.0)  # 11 MB: more than a connection holds
TIMEOUT_S = 30.0


def page(http_address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(http_address + path, timeout=TIMEOUT_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@contextmanager
def health(address: str) -> Iterator[Callable[[str], int]]:
    """Give what tells the health of a service."""
    with grpc.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)

        def check(service: str) -> int:
            status: int = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT_S).status
            return status

        yield check


def code_of(call: Callable[[], object]) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as failed:
        call()
    code: grpc.StatusCode = failed.value.code()
    return code


class Held(ProceduralEngine):
    """The procedural engine, warm when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def warm_up(self) -> None:
        super().warm_up()
        assert self.go.wait(TIMEOUT_S)


def test_a_server_is_alive_while_it_warms_up_and_ready_only_then() -> None:
    engine = Held()
    server = ServerThread(Engines({DEFAULT_ENGINE: engine}, {}))
    with ThreadPoolExecutor(1) as aside:
        starting = aside.submit(server.__enter__)
        try:
            until(lambda: not server.http.endswith(":0"), "the port is bound", tries=10**8)
            until(lambda: page(server.http, "/livez") == (200, "ALIVE"), "it lives")
            assert page(server.http, "/readyz") == page(server.http, "/healthz") == (503, "NOT_SERVING")
            with health(server.address) as check, server.stub() as stub:
                for service in ("", SERVICE, "engine.procedural"):
                    assert check(service) == NOT_SERVING
                assert code_of(lambda: rendered(stub, CLICK)) is grpc.StatusCode.UNAVAILABLE
                engine.go.set()
                starting.result(TIMEOUT_S)
                for service in ("", SERVICE, "engine.procedural"):
                    assert check(service) == SERVING
                assert page(server.http, "/readyz") == (200, "SERVING")
                assert rendered(stub, CLICK).trailer.frames
                # What nobody asked for is not unwell: it is not there.
                assert code_of(lambda: check("engine.stable_audio")) is grpc.StatusCode.NOT_FOUND
        finally:
            engine.go.set()
            starting.result(TIMEOUT_S)
            server.__exit__()


def test_a_server_that_drains_says_so_at_once_and_takes_calls_until_balancers_have_noticed(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--drain-s=600", "--grace-s=600") as server:
        host, _, port = server.http.removeprefix("http://").partition(":")
        kept = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT_S)
        kept.request("GET", "/livez")
        first = kept.getresponse()
        assert (first.read(), first.headers.get("connection")) == (b"ALIVE", None)
        with grpc.insecure_channel(server.address) as channel:
            watching: Any = health_pb2_grpc.HealthStub(channel)
            states = watching.Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S)
            assert next(states).status == SERVING
            server.process.send_signal(signal.SIGHUP)  # harmless: what follows goes its way
            server.process.send_signal(signal.SIGTERM)
            assert next(states).status == NOT_SERVING
            with health(server.address) as check:
                assert check(SERVICE) == check("engine.procedural") == NOT_SERVING
            assert page(server.http, "/readyz") == (503, "NOT_SERVING")
            assert rendered(SoundServiceStub(channel), CLICK).trailer.frames  # as long as it is found, it serves
        kept.request("GET", "/livez")
        last = kept.getresponse()
        assert (last.read(), last.headers.get("connection")) == (b"ALIVE", "close")
        kept.close()
        # Whoever will not wait says so again.
        assert server.stop() == -signal.SIGTERM


def test_a_call_in_flight_ends_whole_and_a_new_one_is_refused(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--grace-s=60") as server, server.stub() as stub, server.stub() as other:
        assert rendered(other, CLICK).trailer.frames
        call = stub.Render(LONG, timeout=TIMEOUT_S)
        assert next(call).HasField("header")
        server.process.send_signal(signal.SIGTERM)
        until(lambda: page(server.http, "/readyz")[0] == 503, "it drains")
        assert code_of(lambda: rendered(other, CLICK)) is grpc.StatusCode.UNAVAILABLE
        assert list(call)[-1].HasField("trailer")
        server.process.wait(STOP_S)  # a second signal would cut it short
        assert server.stop() == 0


def test_what_does_not_end_within_the_grace_is_cut_off_and_the_server_ends_in_order(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--grace-s=0.5") as server, server.stub() as stub:
        call = stub.Render(LONG, timeout=TIMEOUT_S)
        assert next(call).HasField("header")
        assert server.stop() == 0
        assert code_of(lambda: list(call)) in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}


def test_a_server_stops_while_it_starts(tmp_path: Path) -> None:
    command = [SWASH, "serve", "--grpc-port=0", "--http-port=0", f"--store={tmp_path}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "warming up" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read()
        assert process.wait(STOP_S) == 0
    assert "serving" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("flag", ["--io-processes=1", "--io-processes=2"])
def test_a_second_server_on_a_port_fails_and_names_it(tmp_path: Path, server: ServerProcess, flag: str) -> None:
    config = tmp_path / "swash.toml"
    config.write_text(f'grpc_port = {server.address.rpartition(":")[2]}\nhttp_port = 0\nstore = "store"\n')
    done = subprocess.run(
        [SWASH, "serve", flag],
        env={**os.environ, "SWASH_CONFIG": str(config)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"cannot listen on {server.address} (gRPC); is another swash running?" in done.stderr
    assert rendered_by(server.address)


def rendered_by(address: str) -> int:
    with grpc.insecure_channel(address) as channel:
        return rendered(SoundServiceStub(channel), CLICK).trailer.frames


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d' * 32}\nsize 1362083452\n"


def truncate(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def moved(path: Path, to: Path) -> Path:
    to.parent.mkdir(parents=True, exist_ok=True)
    return path.rename(to)


def change(path: Path, **fields: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing is there": (shutil.rmtree, "no such folder"),
    "half of the weights": (lambda f: truncate(f / "model.safetensors", 2_000_000), "damaged or not whole"),
    "no byte of the weights": (lambda f: truncate(f / "model.safetensors", 0), "damaged or not whole"),
    "a pointer for weights": (lambda f: (f / "model.safetensors").write_text(POINTER), "git lfs pull"),
    "a pointer for T5": (lambda f: (f / "t5" / "model.safetensors").write_text(POINTER), "git lfs pull"),
    "a pointer for the config": (lambda f: (f / "model_config.json").write_text(POINTER), "git lfs pull"),
    "a page that says no": (lambda f: (f / "model.safetensors").write_text("<html>no" * 99), "fetch it again"),
    "a download begun": (
        lambda f: (f / "model.safetensors").rename(f / "model.safetensors.part"),
        "model.safetensors.part: begun and not finished",
    ),
    "a download of the hub begun": (
        lambda f: moved(f / "model.safetensors", f / ".cache/huggingface/download/ab.incomplete"),
        "ab.incomplete: begun and not finished",
    ),
    "no T5": (lambda f: shutil.rmtree(f / "t5"), "t5: no such folder"),
    "no tokenizer": (lambda f: (f / "t5" / "tokenizer.json").unlink(), "tokenizer.json: missing"),
    "another config": (lambda f: change(f / "model_config.json", model_type="lm"), "only 'diffusion_cond'"),
    "another T5": (lambda f: change(f / "t5" / "config.json", d_model=7), "this T5 gives 7 channels"),
    "a torn checkpoint": (
        lambda f: moved(f / "model.safetensors", f / "model.ckpt").write_bytes(b"PK" + bytes(999)),
        "model.ckpt: damaged",
    ),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_model_that_is_not_whole_says_what_to_do_and_the_procedural_engine_serves(
    tmp_path: Path, how: str
) -> None:
    damage, said = DAMAGE[how]
    folder = tmp_path / "model"
    shutil.copytree(GOLDEN, folder)
    damage(folder)
    with ServerThread(load_engines(ModelChoice(folder, threads=1)), model=folder) as server:
        with health(server.address) as check, server.stub() as stub:
            assert check("") == check("engine.procedural") == SERVING
            assert check("engine.stable_audio") == NOT_SERVING
            with pytest.raises(grpc.RpcError) as refused:
                rendered(stub, pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE))
            assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
            details = refused.value.details() or ""
            assert said in details
            assert "swash model check" in details
            assert rendered(stub, CLICK).trailer.frames
        assert server.metric("swash_engine_up", engine=NEURAL_ENGINE) == 0
