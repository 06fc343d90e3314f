"""A real server, on free ports: in a process of its own as an operator starts it, or in this one."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_model.engines import Engines
from swash_server.app import App
from swash_server.settings import Settings

START_S = 120.0  # the very first start compiles every kernel
STOP_S = 20.0
POLL_S = 0.001


class ServerProcess:
    """`swash serve` on free ports, up when the constructor returns."""

    def __init__(self, store: Path, *flags: str, environment: dict[str, str] | None = None) -> None:
        command = [
            str(Path(sys.executable).parent / "swash"), "serve",
            "--grpc-port=0", "--http-port=0", f"--store={store}", *flags,
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self.address = self.http = ""
        self.log: list[str] = []
        self._up = threading.Event()
        self._ports: tuple[int, int] | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._up.wait(START_S) or self._ports is None:
            self.kill()
            raise RuntimeError("the server did not start:\n" + "".join(self.log))
        self.address = f"127.0.0.1:{self._ports[0]}"
        self.http = f"http://127.0.0.1:{self._ports[1]}"

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if found := re.search(r"gRPC on \S+:(\d+), https?://\S+:(\d+)/", line):
                self._ports = int(found[1]), int(found[2])
                self._up.set()
        self._up.set()

    def stop(self) -> int:
        """End it as an operator does, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        self._ended()
        return self.process.returncode

    def kill(self) -> None:
        """End it as the kernel does when memory is out."""
        self.process.kill()
        self._ended()

    def _ended(self) -> None:
        self.process.wait(STOP_S)
        self._reader.join(STOP_S)
        assert self.process.stderr is not None
        self.process.stderr.close()

    def metric(self, name: str, **labels: str) -> float:
        """Return a metric's value now; 0 when it has none yet."""
        return metric(self.http, name, labels)

    @contextmanager
    def stub(self) -> Iterator[SoundServiceStub]:
        with grpc.insecure_channel(self.address) as channel:
            yield SoundServiceStub(channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()
        else:
            self._ended()


class ServerThread:
    """An App with the engines that a test gives it, in a thread of this process; it serves within `with`."""

    def __init__(self, engines: Engines, *, store: Path | None = None, **settings: object) -> None:
        self._settings = Settings(grpc_port=0, http_port=0, store=store, grace_s=0.0, **settings)  # type: ignore[arg-type]
        self._app = App(self._settings, engines)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    @property
    def address(self) -> str:
        """Return the address of its gRPC port."""
        return f"127.0.0.1:{self._app.grpc_port}"

    @property
    def http(self) -> str:
        """Return the address of its HTTP port."""
        return f"http://127.0.0.1:{self._app.http_port}"

    def metric(self, name: str, **labels: str) -> float:
        """Return a metric's value now; 0 when it has none yet."""
        return metric(self.http, name, labels)

    @contextmanager
    def stub(self) -> Iterator[SoundServiceStub]:
        with grpc.insecure_channel(f"127.0.0.1:{self._app.grpc_port}") as channel:
            yield SoundServiceStub(channel)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._app.stop(), self._loop).result(STOP_S)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._app.start(), self._loop).result(START_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def metric(http: str, name: str, labels: Mapping[str, str]) -> float:
    """Return the sum of a metric's values that have these labels."""
    with urllib.request.urlopen(f"{http}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    total = 0.0
    for line in text.splitlines():
        if re.match(rf"{name}(\{{|\s)", line) and all(f'{k}="{v}"' in line for k, v in labels.items()):
            total += float(line.rpartition(" ")[2])
    return total


def until(what: Callable[[], bool], said: str, tries: int = 5000) -> None:
    """Ask again until it is so, and let the server go on in between, though it be in this process."""
    never = threading.Event()
    for _ in range(tries):
        if what():
            return
        never.wait(POLL_S)
    raise AssertionError(f"never so: {said}")


class Answer:
    """One take of a Render call, as its bytes came."""

    def __init__(self, events: list[pb.RenderResponse]) -> None:
        self.progress = [event.progress for event in events if event.HasField("progress")]
        self.header = events[len(self.progress)].header
        self.audio = b"".join(event.audio.data for event in events if event.HasField("audio"))
        self.messages = [event.audio for event in events if event.HasField("audio")]
        self.trailer = events[-1].trailer


def takes(stub: SoundServiceStub, request: pb.RenderRequest, timeout_s: float = 60.0) -> list[Answer]:
    answers: list[Answer] = []
    events: list[pb.RenderResponse] = []
    for event in stub.Render(request, timeout=timeout_s):
        events.append(event)
        if event.HasField("trailer"):
            answers.append(Answer(events))
            events = []
    assert not events, "a take without its trailer"
    return answers


def rendered(stub: SoundServiceStub, request: pb.RenderRequest, timeout_s: float = 60.0) -> Answer:
    (answer,) = takes(stub, request, timeout_s)
    return answer


def violation_of(stub: SoundServiceStub, request: pb.RenderRequest) -> error_details_pb2.BadRequest.FieldViolation:
    """Return the one field that a request is refused for, and what is said of it."""
    with pytest.raises(grpc.RpcError) as refused:
        takes(stub, request)
    error = refused.value
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert isinstance(error, grpc.Call)
    status = rpc_status.from_call(error)
    assert status is not None
    assert len(status.message) < 1000
    bad_request = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(bad_request)
    (violation,) = bad_request.field_violations
    return violation
