"""A real Prometheus with the rules that ship, hurried: what takes it minutes takes seconds here."""

import json
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Self

import yaml

from tests import tools

DEPLOY = tools.ROOT / "deploy"
FOLDER = DEPLOY / "prometheus"
EVERY = "1s"
LIMIT_S = 60.0


class Prometheus:
    """Reads the metrics of some servers, "127.0.0.1:8080", within `with`."""

    def __init__(self, folder: Path, targets: Collection[str]) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY}
        config["scrape_configs"][0]["static_configs"] = [{"targets": sorted(targets)}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        (folder / "rules.yml").write_text((FOLDER / "rules.yml").read_text())
        (folder / "alerts.yml").write_text(re.sub(r" +for: .*\n", "", (FOLDER / "alerts.yml").read_text()))
        self.log: list[str] = []
        self._up = threading.Event()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [
                tools.prometheus(), f"--config.file={self._folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self._folder / 'data'}", f"--web.listen-address={self._address}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._up.wait(LIMIT_S) or self._process.poll() is not None:
            self.__exit__()
            raise RuntimeError("Prometheus did not start:\n" + "".join(self.log))
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
            if "ready to receive web requests" in line:
                self._up.set()
        self._up.set()

    def series(self, expr: str) -> list[dict[str, Any]]:
        """Return what an expression gives now; raise ValueError with what Prometheus has against it."""
        found: list[dict[str, Any]] = self.api("query", query=expr)["result"]
        return found

    def firing(self) -> set[tuple[str, str]]:
        """Return the alerts that are firing, with the server that each is about."""
        alerts = self.series('ALERTS{alertstate="firing"}')
        return {(alert["metric"]["alertname"], alert["metric"].get("instance", "")) for alert in alerts}

    def api(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer of https://prometheus.io/docs/prometheus/latest/querying/api."""
        url = f"http://{self._address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refused:
            with refused:
                raise ValueError(json.load(refused)["error"]) from None


def eventually(so: Callable[[], bool], said: Callable[[], object]) -> None:
    """Ask again until it is so; each answer comes over a socket, and lets Prometheus go on meanwhile."""
    until_s = time.monotonic() + LIMIT_S
    while not so():
        if time.monotonic() > until_s:
            raise AssertionError(f"not so after {LIMIT_S:g} s: {said()}")


def expressions() -> dict[str, str]:
    """Return every expression of rules and alerts by its name."""
    found = {}
    for file in ("rules.yml", "alerts.yml"):
        for group in yaml.safe_load((FOLDER / file).read_text())["groups"]:
            for rule in group["rules"]:
                found[rule.get("record") or rule["alert"]] = rule["expr"]
    return found


def alerts() -> dict[str, Any]:
    """Return every alert by its name."""
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}
