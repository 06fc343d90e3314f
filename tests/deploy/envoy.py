"""A real Envoy with the configuration that ships, in front of real servers, on free ports."""

import json
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import grpc
import yaml

from swash.v1.sound_pb2_grpc import SoundServiceStub
from tests import tools
from tests.deploy.prometheus import eventually
from tests.serving import ServerProcess

FILE = tools.ROOT / "deploy/envoy/envoy.yaml"
WHERE = "/etc/envoy"
LIMIT_S = 30.0
OPTIONS = ("tls", "mtls", "pages")


def config(options: Sequence[str] = ()) -> str:
    """Return the configuration that ships with some of its options, as a text editor would choose them."""
    lines = []
    for line in FILE.read_text().splitlines():
        tag = next((option for option in options if line.startswith(f"#{option} ")), None)
        lines.append(line if tag is None else line.removeprefix(f"#{tag}"))
    return "\n".join(lines)


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


class Node:
    """A server on ports of its own, which it has again after a restart."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.grpc_port, self.http_port = free_port(), free_port()
        self._folder = folder
        self._flags = (
            f"--grpc-port={self.grpc_port}",
            f"--http-port={self.http_port}",
            "--node=127.0.0.1",
            *flags,
        )
        self.process: ServerProcess | None = None

    def start(self) -> None:
        """Start it; up when this returns."""
        self.process = ServerProcess(self._folder, *self._flags)

    def stop(self) -> int:
        """End it as an operator does, and return its exit status."""
        assert self.process is not None
        return self.process.stop()

    def kill(self) -> None:
        """End it as the kernel does, if it is there."""
        if self.process is not None and self.process.process.poll() is None:
            self.process.kill()

    def freeze(self) -> None:
        """Have it answer nothing any more, not even that it is gone."""
        assert self.process is not None
        self.process.process.send_signal(signal.SIGSTOP)

    def metric(self, name: str, **labels: str) -> float:
        assert self.process is not None
        return self.process.metric(name, **labels)

    def stub(self) -> AbstractContextManager[SoundServiceStub]:
        """Call this server and no other."""
        assert self.process is not None
        return self.process.stub()


@contextmanager
def nodes(folder: Path, count: int, *flags: str) -> Iterator[list[Node]]:
    """Give running servers, each with a store of its own; they end with the test."""
    started: list[Node] = []
    try:
        started += [Node(folder / f"store{number}", *flags) for number in range(count)]
        with ThreadPoolExecutor() as pool:
            list(pool.map(Node.start, started))
        yield started
    finally:
        with ExitStack() as ends:
            for node in started:
                ends.callback(node.kill)


class Envoy:
    """Balances between some nodes within `with`; `folder` stands for /etc/envoy."""

    def __init__(self, folder: Path, balanced: Sequence[Node], options: Sequence[str] = ()) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        settings = yaml.safe_load(config(options).replace(WHERE, str(folder)))
        settings["admin"]["address"]["socket_address"]["port_value"] = 0
        (listener,) = settings["static_resources"]["listeners"]
        listener["address"]["socket_address"].update(address="127.0.0.1", port_value=0)
        native, web = settings["static_resources"]["clusters"]
        for cluster, ports in (native, [n.grpc_port for n in balanced]), (web, [n.http_port for n in balanced]):
            (endpoints,) = cluster["load_assignment"]["endpoints"]
            endpoints["lb_endpoints"] = [{"endpoint": {"address": _address(port)}} for port in ports]
        (folder / "envoy.yaml").write_text(yaml.safe_dump(settings))
        self.log: list[str] = []
        self._up = threading.Event()
        self._admin = self.address = self.http = ""

    def __enter__(self) -> Self:
        admin = self._folder / "admin"
        self._process = subprocess.Popen(
            [
                tools.envoy(), "-c", self._folder / "envoy.yaml", "--admin-address-path", admin,
                "--disable-hot-restart", "--concurrency", "1",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._up.wait(LIMIT_S) or self._process.poll() is not None:
            self.__exit__()
            raise RuntimeError("Envoy did not start:\n" + "".join(self.log))
        self._admin = admin.read_text()
        (listener,) = json.loads(self._asked("listeners?format=json"))["listener_statuses"]
        port = listener["local_address"]["socket_address"]["port_value"]
        self.address, self.http = f"127.0.0.1:{port}", f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.log.append(line)
            if "starting workers" in line:
                self._up.set()
        self._up.set()

    def _asked(self, path: str) -> str:
        with urllib.request.urlopen(f"http://{self._admin}/{path}", timeout=LIMIT_S) as answer:
            text: str = answer.read().decode()
            return text

    @contextmanager
    def stub(self) -> Iterator[SoundServiceStub]:
        with grpc.insecure_channel(self.address) as channel:
            yield SoundServiceStub(channel)

    def stat(self, name: str) -> int:
        """Return a counter or gauge of https://www.envoyproxy.io/docs/envoy/latest/operations/admin."""
        found: list[dict[str, Any]] = json.loads(self._asked(f"stats?format=json&filter=^{name}$"))["stats"]
        return sum(each["value"] for each in found if "value" in each)

    def healthy(self, cluster: str = "swash_grpc") -> set[int]:
        """Return the ports of the nodes that get calls."""
        (status,) = (
            each
            for each in json.loads(self._asked("clusters?format=json"))["cluster_statuses"]
            if each["name"] == cluster
        )
        return {
            host["address"]["socket_address"]["port_value"]
            for host in status.get("host_statuses", ())
            if host["health_status"].get("eds_health_status", "HEALTHY") == "HEALTHY"
            and not any(value for key, value in host["health_status"].items() if key.startswith("failed"))
        }

    def expect_healthy(self, *balanced: Node) -> None:
        """Wait until exactly these nodes get calls, over both of their ports."""

        def so() -> bool:
            return self.healthy() == {node.grpc_port for node in balanced} and self.healthy("swash_http") == {
                node.http_port for node in balanced
            }

        eventually(so, lambda: (self.healthy(), self.healthy("swash_http")))
