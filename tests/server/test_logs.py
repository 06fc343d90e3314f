"""The log of a real server: a line for each event, an id for each call, and no word of what callers ask for."""

import json
import logging
import os
import re
import socket
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from swash.v1 import sound_pb2 as pb
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines
from swash_model.procedural.engine import ProceduralEngine
from swash_server.observability import logs
from swash_server.observability.log_writer import LogWriter
from swash_server.settings import InvalidSettingError, Settings
from tests.server.hand_engine import HandEngine
from tests.serving import Answer, ServerProcess, ServerThread, rendered, takes, until
from tests.web_calls import WebCall, WebError, web_unary

SECRET = "fnordling"
TIMEOUT_S = 60.0


class Log:
    """What `written` writes within `with`, from a pipe that somebody reads."""

    def __init__(self) -> None:
        self._reading, self.descriptor = os.pipe()
        self._parts: list[bytes] = []
        self._thread = threading.Thread(target=self._read)

    def _read(self) -> None:
        while part := os.read(self._reading, 65_536):
            self._parts.append(part)

    @property
    def text(self) -> str:
        return b"".join(self._parts).decode()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@contextmanager
def logged(**settings: Any) -> Iterator[Log]:
    """Give the log of this process; it is whole after `with`."""
    log = Log()
    log._thread.start()
    try:
        with logs.written(Settings(store=None, **settings), log.descriptor):
            yield log
    finally:
        os.close(log.descriptor)
        log._thread.join()
        os.close(log._reading)


def records(server: ServerProcess) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log]


def calls_of(server: ServerProcess, count: int) -> list[dict[str, Any]]:
    """Return the lines of the last calls, once there are as many."""

    def lines() -> list[dict[str, Any]]:
        server.metric("swash_calls_total")  # takes the time of a call
        return [line for line in records(server) if line["logger"] == logs.CALLS]

    before = len(lines())
    assert before <= count
    until(lambda: len(lines()) >= count, f"{count} calls are logged")
    return lines()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[ServerProcess]:
    """Give a server of which no terminal reads the log."""
    with ServerProcess(tmp_path) as server:
        yield server


def test_a_call_is_one_line_of_json_with_all_that_it_was(fresh: ServerProcess) -> None:
    request = pb.RenderRequest(prompt="rain on a tin roof", seed=3, duration_s=0.5)
    with fresh.stub() as stub:
        made = rendered(stub, request)
        found = Answer(list(WebCall(fresh.http, "Render", request.SerializeToString())))
        with pytest.raises(grpc.RpcError):
            takes(stub, pb.RenderRequest(prompt="rain", duration_s=-1.0))
        stub.ListEffects(pb.ListEffectsRequest())
    first, second, third, fourth = calls_of(fresh, 4)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])
    assert (first["level"], first["message"]) == ("INFO", "Render OK")
    assert first["request_id"] == made.header.request_id
    told = {name: first[name] for name in ("method", "code", "transport", "engine", "effect", "seed", "cached")}
    assert told == {
        "method": "Render", "code": "OK", "transport": "grpc", "engine": "procedural",
        "effect": "rain/tin_roof", "seed": 3, "cached": "no",
    }  # fmt: skip
    assert 0.0 < first["first_frames_ms"] <= first["total_ms"]
    assert first["bytes"] > len(made.audio)
    assert (second["transport"], second["cached"], second["bytes"]) == ("grpc_web", "memory", first["bytes"])
    assert second["request_id"] == found.header.request_id
    assert (third["code"], third["bytes"], "engine" in third) == ("INVALID_ARGUMENT", 0, False)
    assert (fourth["method"], "seed" in fourth) == ("ListEffects", False)
    assert "tin roof" not in "".join(fresh.log)


GOOD_IDS = ["a", "shop-17.b_C", "x" * 64]
BAD_IDS = ["", "x" * 65, "two words", "semi;colon", 'quo"te', "tab\there"]


@pytest.mark.parametrize("given", [*GOOD_IDS, *BAD_IDS])
def test_a_callers_own_id_is_kept_where_it_is_one(server: ServerProcess, given: str) -> None:
    request = pb.RenderRequest(effect="ui_click", seed=1)
    ids = [
        Answer(list(WebCall(server.http, "Render", request.SerializeToString(), {"x-request-id": given})))
        .header.request_id
    ]  # fmt: skip
    if "\t" not in given:  # gRPC sends none such
        with server.stub() as stub:
            ids.append(Answer(list(stub.Render(request, metadata=(("x-request-id", given),)))).header.request_id)
    for request_id in ids:
        assert request_id == given if given in GOOD_IDS else re.fullmatch("[0-9a-f]{16}", request_id)


def misfortunes(server: ServerThread) -> None:
    """Ask for much that holds the word, most of which goes wrong."""
    told = f"rain and {SECRET}"
    with server.stub() as stub:
        rendered(stub, pb.RenderRequest(prompt=told, seed=1, duration_s=0.2))
        stub.ResolvePrompt(pb.ResolvePromptRequest(prompt=told))
        wrong = (
            pb.RenderRequest(prompt=SECRET),
            pb.RenderRequest(effect=SECRET),
            pb.RenderRequest(effect=f"rain/{SECRET}"),
            pb.RenderRequest(effect="rain", parameters={SECRET: pb.ParameterValue(number=1.0)}),
            pb.RenderRequest(effect="rain", parameters={"surface": pb.ParameterValue(choice=SECRET)}),
            pb.RenderRequest(prompt=told, engine=SECRET),
            pb.RenderRequest(prompt=told, init_key=SECRET),
            pb.RenderRequest(prompt=told, engine=NEURAL_ENGINE),
            pb.RenderRequest(prompt=told, engine=NEURAL_ENGINE, fallback=True, seed=2, duration_s=0.2),
            pb.RenderRequest(prompt=told, seed=5, duration_s=-1.0),
        )
        for request in wrong:
            with suppress(grpc.RpcError):
                takes(stub, request)
        manifest = f"swash: 1\nsounds: [{{prompt: {SECRET}}}, {{effect: rain, parameters: {{x: {SECRET}}}}}]\n"
        neural = f"swash: 1\nsounds: [{{prompt: {told}, engine: {NEURAL_ENGINE}, seed: 7}}]\n"
        for text in (manifest, neural, SECRET):
            with suppress(grpc.RpcError):
                list(stub.Preload(pb.PreloadRequest(tag=SECRET, manifest=text)))
        with pytest.raises(grpc.RpcError):
            stub.Unload(pb.UnloadRequest(tag=SECRET + "!"))
        live = [
            pb.PerformRequest(id=1, open=pb.OpenSession(unpaced=True)),
            pb.PerformRequest(id=2, start=pb.StartVoice(voice=1, prompt=SECRET)),
            pb.PerformRequest(id=3, start=pb.StartVoice(voice=2, prompt=told)),
            pb.PerformRequest(id=4, set_parameter=pb.SetParameter(voice=2, name=SECRET)),
        ]
        list(stub.Perform(iter(live), timeout=TIMEOUT_S))
    with pytest.raises(WebError):
        web_unary(server.http, "Control", pb.ControlRequest(session=SECRET))
    address = f"{server.http}/swash.v1.SoundService/"
    for method, body in (("ResolvePrompt", f'{{"prompt": "{SECRET}'), ("ResolvePrompt", f'{{"{SECRET}": 1}}')):
        asked = urllib.request.Request(address + method, body.encode(), {"content-type": "application/json"})
        with pytest.raises(urllib.error.HTTPError, match="400") as refused:
            urllib.request.urlopen(asked, timeout=TIMEOUT_S)
        refused.value.close()
    for path in (f"/{SECRET}", f"/dashboard/data?since={SECRET}"):
        with pytest.raises(urllib.error.HTTPError) as missing:
            urllib.request.urlopen(server.http + path, timeout=TIMEOUT_S)
        missing.value.close()
    host, port = server.http.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), TIMEOUT_S) as garbage:
        garbage.sendall(f"{SECRET} no HTTP\r\n\r\n".encode())
        assert garbage.recv(100).startswith(b"HTTP/1.1 400")


def broken() -> Engines:
    """Return engines of which the neural one fails as nobody foresaw, and says what it was asked."""
    neural = HandEngine()
    neural.failure = RuntimeError(f"cannot make {SECRET}\n  nor {SECRET}")
    neural.failure.__cause__ = KeyError(SECRET)
    neural.let_go()
    return Engines({DEFAULT_ENGINE: ProceduralEngine(), NEURAL_ENGINE: neural}, {})


def test_no_word_of_a_caller_is_logged_however_a_call_ends(tmp_path: Path) -> None:
    with logged(log_level="debug") as log:
        with ServerThread(broken(), store=tmp_path, live_workers=1) as server:
            misfortunes(server)
        in_callback = RuntimeError(SECRET)
        logging.getLogger("asyncio").error("Exception in callback told(%r)\nhandle: %r", SECRET, SECRET)
        failing = threading.Thread(target=_raise, args=(in_callback,))
        failing.start()
        failing.join()
        logs.log.error("a group", exc_info=ExceptionGroup(SECRET, [ValueError(SECRET)]))
    assert SECRET not in log.text
    lines = log.lines()
    codes = {line["code"] for line in lines if line["logger"] == logs.CALLS}
    assert {"OK", "NOT_FOUND", "INVALID_ARGUMENT", "INTERNAL"} <= codes
    failed = next(line for line in lines if line["logger"] == "swash_server.doors.guard")
    assert failed["level"] == "ERROR"
    assert f"call {failed['request_id']} failed" == failed["message"]
    assert re.search(r'hand_engine.py", line \d+, in render\n    raise self.failure\n', failed["exception"])
    assert failed["exception"].endswith("RuntimeError")
    assert "KeyError\n" in failed["exception"]
    messages = {line["message"] for line in lines}
    assert {"Exception in callback told", "a thread failed"} <= messages
    assert any(line["logger"] == "swash_server.manifests.preload" for line in lines)


def _raise(error: Exception) -> None:
    raise error


def test_an_operator_who_wants_prompts_in_the_log_gets_them(tmp_path: Path) -> None:
    with (
        logged(log_prompts="on") as log,
        ServerThread(broken(), store=tmp_path, log_prompts="on", live_workers=1) as server,
    ):
        misfortunes(server)
    failed = next(line for line in log.lines() if line["logger"] == "swash_server.doors.guard")
    assert f"RuntimeError: cannot make {SECRET}" in failed["exception"]
    assert any(line.get("prompt") == f"rain and {SECRET}" for line in log.lines())


def test_what_the_system_says_is_told() -> None:
    with logged() as log:
        logs.log.error("a disk", exc_info=OSError(28, "No space left on device"))
    (line,) = log.lines()
    assert line["exception"].endswith("OSError: [Errno 28] No space left on device")


def test_for_people_an_event_is_one_line_and_its_traceback_stands_below() -> None:
    with logged(log_format="console", log_calls="on", log_prompts="on") as log:
        logging.getLogger("swash_server.app").info("engine %r\nis\x1b[31m warm\u2028", "rain")
        logging.getLogger("swash_server.app").debug("no more than asked for")
        logging.getLogger("numba.core").debug("nor of libraries")
        logs.calls.info("Render OK", extra={"fields": {"seed": 3, "prompt": "rain\nwind"}})
        logs.log.error("failed", exc_info=ValueError("why"))
        logging.captureWarnings(True)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", DeprecationWarning, stacklevel=1)
    first, second, third, *below, warned = log.text.splitlines()
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.\d{3} INFO    app        engine 'rain'\\nis\\x1b\[31m warm\\u2028", first
    )
    assert second.endswith(r" INFO    calls      Render OK  seed=3  prompt=rain\nwind")
    assert third.endswith(" ERROR   logs       failed")
    assert below == ["    ValueError: why"]
    assert "DeprecationWarning: old" in warned


def test_calls_are_logged_as_the_operator_says() -> None:
    for form, which, there in (
        ("json", "auto", True), ("console", "auto", False), ("auto", "auto", True),
        ("json", "off", False), ("console", "on", True),
    ):  # fmt: skip
        with logged(log_format=form, log_calls=which) as log:
            logs.calls.info("Render OK")
        assert ("Render OK" in log.text) == there
    with logged(log_level="warning") as log:
        logging.getLogger("swash").info("serving")
        logging.getLogger("swash").warning("nearly full")
    assert "serving" not in log.text
    assert "nearly full" in log.text


def test_afterwards_the_log_is_as_before() -> None:
    root, ours = logging.getLogger(), logging.getLogger("swash_server")
    before = (root.level, list(root.handlers), ours.level, threading.excepthook)
    with logged(log_level="debug"):
        assert ours.level == logging.DEBUG
    assert (root.level, list(root.handlers), ours.level, threading.excepthook) == before


def test_a_reader_who_is_too_slow_holds_nobody_up_and_is_told_what_was_left_out() -> None:
    reading, writing = os.pipe()
    lines = 1000
    writer = LogWriter(writing, lambda count: f"{count} left out", max_lines=10)
    for _ in range(lines):  # far more than a pipe holds, and nobody reads
        writer.put("x" * 1000)
    writer.close(within_s=0.0)
    got = b""
    while not got.endswith(b"left out\n"):
        got += os.read(reading, 65_536)
    writer.close()
    os.close(writing)
    os.close(reading)
    *came, told = got.decode().splitlines()
    assert told == f"{lines - len(came)} left out"
    assert set(came) == {"x" * 1000}


def test_when_nobody_reads_any_more_the_server_goes_on() -> None:
    reading, writing = os.pipe()
    writer = LogWriter(writing, str)
    os.close(reading)
    for _ in range(100):
        writer.put("lost")
    writer.close()
    os.close(writing)
    assert not writer._thread.is_alive()


def test_a_line_that_cannot_be_made_is_told_and_nothing_fails() -> None:
    class Broken:
        def __str__(self) -> str:
            raise ValueError("no text of it")

    with logged(log_format="json") as log:
        logging.getLogger("swash").info("some sounds", extra={"fields": {"count": Broken()}})
    assert log.lines()[0]["message"] == "a line of swash could not be made"


def test_a_form_that_is_none_is_refused() -> None:
    for name, wrong in (("log_format", "xml"), ("log_level", "loud"), ("log_calls", "some"), ("log_prompts", "1")):
        with pytest.raises(InvalidSettingError, match=name.replace("_", "-")):
            Settings(store=None, **{name: wrong})  # type: ignore[arg-type]
