"""A real Redis on a free port, which a test may kill, stop and start again."""

import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

import redis

from tests.serving import until
from tests.tools import redis_server

STOP_S = 20.0


class RedisProcess:
    """`redis-server` that writes nothing to disk, up within `with`."""

    def __init__(self, folder: Path, *flags: str, password: str | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._folder = folder
        self._flags = [*flags, *(["--requirepass", password] if password else [])]
        self.client = redis.Redis(port=self.port, password=password, socket_timeout=STOP_S)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [redis_server(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *self._flags],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )
        until(self._answers, "redis answers", tries=100_000)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(STOP_S)
        self._process = None

    def hang(self) -> None:
        """Let it take connections and questions, and answer none."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def sounds(self) -> set[str]:
        """Return the keys of the sounds."""
        names = {name.decode() for name in self.client.scan_iter("swash:v1:*", count=1000)}
        return {name.removeprefix("swash:v1:") for name in names if ":claim:" not in name}

    def claims(self) -> set[str]:
        """Return the keys of the sounds that somebody has the right to make."""
        return {
            name.decode().removeprefix("swash:v1:claim:") for name in self.client.scan_iter("swash:v1:claim:*")
        }

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()
        self.client.close()
