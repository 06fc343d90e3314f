"""NVIDIA's Triton Inference Server, from the package nvidia-pytriton, on the CPU and on free ports."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = Path("build/triton")  # `make bench-triton` makes it
START_S = 120.0
CACHE_BYTES = 100 * 1024 * 1024
MODELS = ("cached", "streamed", "pieces", "slow")
STREAMS = ("streamed", "pieces")
PIECE_BYTES = 16 * 1024


@dataclass(frozen=True)
class Triton:
    """A running server."""

    address: str
    http: str

    def executions(self, model: str) -> int:
        """Return how many requests a model has computed."""
        with urllib.request.urlopen(f"{self.http}/v2/models/{model}/stats", timeout=10) as answer:
            (stats,) = json.load(answer)["model_stats"]
        return int(stats["execution_count"])


@contextmanager
def triton(sizes: Sequence[int]) -> Iterator[Triton]:
    """Give a server whose sounds have pieces of so many bytes."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "models"
        for model in MODELS:
            _write(
                repository, model, [size // 2 for size in (_pieces(sum(sizes)) if model == "pieces" else sizes)]
            )
        grpc_port, http_port, metrics_port = _free_ports(3)
        server = _packages() / "pytriton" / "tritonserver"
        backends = Path(folder) / "backends"
        shutil.copytree(server / "backends", backends)
        shutil.copy(server / "python_backend_stubs/3.11/triton_python_backend_stub", backends / "python")
        command = [
            str(server / "bin" / "tritonserver"),
            f"--model-repository={repository}", f"--backend-directory={backends}",
            f"--cache-directory={server / 'caches'}", f"--cache-config=local,size={CACHE_BYTES}",
            "--http-address=127.0.0.1", "--grpc-address=127.0.0.1", f"--http-port={http_port}",
            f"--grpc-port={grpc_port}", f"--metrics-port={metrics_port}", "--allow-gpu-metrics=false",
        ]  # fmt: skip
        environment = {
            **os.environ,
            "LD_LIBRARY_PATH": str(_packages() / "nvidia_pytriton.libs"),
            "TRITON_PACKAGES": str(_packages()),
        }
        log = Path(folder) / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)
        try:
            http = f"http://127.0.0.1:{http_port}"
            _wait_for(f"{http}/v2/health/ready", process, log)
            yield Triton(f"127.0.0.1:{grpc_port}", http)
        finally:
            process.terminate()
            process.wait(30)


def _pieces(size: int) -> list[int]:
    """Return the sizes of pieces of 16 KiB that make up so many bytes."""
    return [min(PIECE_BYTES, size - at) for at in range(0, size, PIECE_BYTES)]


def _packages() -> Path:
    (packages,) = ENVIRONMENT.resolve().glob("lib/python3.11/site-packages")
    return packages


def _write(repository: Path, model: str, samples: list[int]) -> None:
    folder = repository / model
    (folder / "1").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("models.py"), folder / "1" / "model.py")
    policy = "model_transaction_policy { decoupled: true }" if model in STREAMS else ""
    cache = "" if model in STREAMS else "response_cache { enable: true }"  # it has none for streams
    (folder / "config.pbtxt").write_text(f"""
        name: "{model}"
        backend: "python"
        max_batch_size: 0
        input [{{ name: "seed" data_type: TYPE_INT64 dims: [1] }}]
        output [{{ name: "pcm" data_type: TYPE_INT16 dims: [-1] }}]
        instance_group [{{ count: 1 kind: KIND_CPU }}]
        parameters {{ key: "samples" value: {{ string_value: "{json.dumps(samples)}" }} }}
        {policy} {cache}
    """)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("Triton did not start:\n" + log.read_text()[-3000:])
