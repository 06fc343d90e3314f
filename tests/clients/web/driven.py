"""A real Chromium that does what a test tells it, step by step."""

import json
import subprocess
from collections.abc import Callable
from typing import Any, Self

from tests import tools
from tests.clients.web.browser import HERE

TRIES = 400  # each takes some milliseconds in the browser
CLOSE_S = 20.0


class Driven:
    """One page. Each step returns when the page has done it, and fails with what the browser says."""

    def __init__(self, *flags: str) -> None:
        modules = tools.node_modules()
        order = {
            "playwright": str(modules / "playwright-core"),
            "axe": str(modules / "axe-core" / "axe.min.js"),
            "chromium": str(tools.chromium()),
            "flags": flags,
        }
        self._process = subprocess.Popen(
            [str(tools.node()), str(HERE / "driven.mjs"), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(CLOSE_S)
        self._process.stdout.close()

    def __call__(self, name: str, *given: Any) -> Any:
        """Do one of the commands of driven.mjs, and return what it gives."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, *given]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the browser is gone"
        answer = json.loads(line)
        assert "failed" not in answer, f"{name} {given}: {answer['failed']}"
        return answer["gave"]

    def until(self, expression: str, wanted: Callable[[Any], bool] = bool) -> Any:
        """Evaluate an expression of JavaScript, frame after frame, until it gives what is wanted; return that."""
        each = f"new Promise((done) => requestAnimationFrame(() => done({expression})))"
        for _ in range(TRIES):
            if wanted(found := self("evaluate", each)):
                return found
        raise AssertionError(f"never so: {expression}; the last was {found!r}")
