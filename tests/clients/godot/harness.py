"""Runs projects in the official Godot 4.6: its web build, in Chromium, without its editor."""

import json
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests import tools
from tests.clients.godot import pack

HERE = Path(__file__).parent
ADDON = tools.ROOT / "clients/godot/addons/swash"
PROJECT = tools.ROOT / "clients/godot"
LAUNCH_S = 60.0  # a browser on busy cores

HEADLESS = ("--headless",)  # no display, and audio that nobody hears
WITH_AUDIO = ("--display-driver", "headless", "--audio-driver", "ScriptProcessor")  # audio through the browser


@dataclass(frozen=True)
class Result:
    """What a run printed, and its exit code: None when it did not end in time."""

    lines: list[str]
    errors: list[str]
    code: int | None

    def __str__(self) -> str:
        return "\n".join([*self.lines, *(f"error: {error}" for error in self.errors), f"exit code: {self.code}"])


def run(
    folders: Mapping[str, Path],
    *,
    scene: str,
    server: str = "",
    args: Sequence[str] = (),
    files: Mapping[str, bytes] | None = None,
    audio: bool = False,
    timeout_s: float = 60.0,
) -> Result:
    """Start the engine with `scene` ("res://...") as the main scene, and wait until it quits.

    `folders` and `files` are the project, named by their places below res://; a later one replaces an earlier.
    Scripts find `--server=URL` and `args` in OS.get_cmdline_user_args().
    """
    tools.godot()
    project = pack.gathered(folders) | dict(files or {})
    project["project.godot"] = _with_main_scene(project.get("project.godot", b"config_version=5\n"), scene)
    project[pack.CLASSES] = pack.classes(project)
    arguments = [*(WITH_AUDIO if audio else HEADLESS), "--", f"--server={server}", *args]
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "game.pck"
        pack.pack(project, packed)
        with _served(packed) as url:
            return _browse(f"{url}/page.html?args={quote(json.dumps(arguments))}", timeout_s)


def _with_main_scene(settings: bytes, scene: str) -> bytes:
    """Return a project.godot that starts with `scene`, and prints each line at once: a crash would lose them."""
    text = re.sub(r"^run/(main_scene|flush_stdout_on_print)=.*\n", "", settings.decode(), flags=re.MULTILINE)
    if "[application]" not in text:
        text += "\n[application]\n"
    wanted = f'run/main_scene="{scene}"\nrun/flush_stdout_on_print=true\n'
    return text.replace("[application]\n", f"[application]\n\n{wanted}", 1).encode()


class _Files(SimpleHTTPRequestHandler):
    """Serves the engine, the page and the game that is run."""

    def __init__(self, *args: Any, packed: Path, **kwargs: Any) -> None:
        self._packed = packed
        super().__init__(*args, **kwargs)

    def translate_path(self, path: str) -> str:
        name = path.partition("?")[0].lstrip("/")
        if name == "game.pck":
            return str(self._packed)
        return str(HERE / name if name == "page.html" else tools.godot() / Path(name).name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the run has a log of its own."""


@contextmanager
def _served(packed: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, packed=packed)) as files:
        thread = threading.Thread(target=files.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{files.server_port}"
        finally:
            files.shutdown()
            thread.join()


def _browse(url: str, timeout_s: float) -> Result:
    command = [
        str(tools.node()), str(HERE / "browser.mjs"), str(tools.node_modules() / "playwright-core"),
        str(tools.chromium()), url, str(round(timeout_s * 1000)),
    ]  # fmt: skip
    # Chromium ends when its driver does: they talk over a pipe.
    said = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s + LAUNCH_S, check=False)
    lines: list[str] = []
    errors = [said.stderr] if said.stderr else []
    code = None
    for kind, what in map(json.loads, said.stdout.splitlines()):
        if kind == "exit":
            code = what
        else:
            (errors if kind == "error" else lines).append(what)
    return Result(lines, errors, code)


def tests_in(folder: Path) -> list[str]:
    """Name the tests of a folder as its run will: "test_file.test_function"."""
    return [
        f"{path.stem}.{name}"
        for path in sorted(folder.glob("test_*.gd"))
        for name in re.findall(r"^func (test_\w+)\(", path.read_text(), re.MULTILINE)
    ]


class Verdicts:
    """What became of the tests of one run."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._said = {
            found[2]: found[3]
            for line in result.lines
            if (found := re.match(r"(PASS|FAIL) (\S+?)(?:: (.*))?$", line)) is not None
        }

    def check(self, name: str) -> None:
        """Fail with what the engine said of this test, or with all it said when it did not get there."""
        if name not in self._said:
            pytest.fail(f"the engine ended before {name} did:\n{self._result}", pytrace=False)
        if self._said[name] is not None:
            pytest.fail(self._said[name], pytrace=False)


def run_tests(
    tests: Path,
    *,
    server: str = "",
    args: Sequence[str] = (),
    files: Mapping[str, bytes] | None = None,
    audio: bool = False,
    timeout_s: float = 90.0,
) -> Verdicts:
    """Run a folder's test_*.gd, packed at res://tests/ with its subfolders, with the demo project round them."""
    folders = {"": PROJECT, "tests": tests, "tests/runner": HERE / "runner"}
    scene = "res://tests/runner/main.tscn"
    return Verdicts(
        run(folders, scene=scene, server=server, args=args, files=files, audio=audio, timeout_s=timeout_s)
    )
