"""Names that callers give are names, never paths: whatever they hold, no file is touched for it."""

import http.client
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_model.engines import load_engines
from tests.serving import ServerThread, rendered

CALL_S = 30.0
MARK = "mark7c1"
NAMES = [
    f"../../{MARK}", f"/etc/{MARK}", f"{MARK}/../../x", f"..\\..\\{MARK}", f"C:\\{MARK}", f"\\\\host\\{MARK}",
    f"//host/{MARK}", f"{MARK}\0.wav", f"~/{MARK}", f"file:///{MARK}", f"$HOME/{MARK}", f"%2e%2e%2f{MARK}",
    f"CON.{MARK}", f"{MARK}:stream", f"\u2025/{MARK}", f"\uff0e\uff0e/{MARK}", f"{MARK}\n", "." * 3000 + MARK,
]  # fmt: skip
FILES = ("open", "os.", "shutil.", "glob.", "pathlib.", "sqlite3.connect", "subprocess.Popen", "tempfile.")


class Watch:
    """What this process did with files while it was on: every event of Python's own audit."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hear)  # for good: there is no way to take one away

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event.startswith(FILES):
            self.seen.append(f"{event} {arguments!r}")


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("all") / "store"


@pytest.fixture(scope="module")
def serving(store: Path) -> Iterator[ServerThread]:
    with ServerThread(load_engines(), store=store) as server:
        yield server


@contextmanager
def untouched(watch: Watch, server: ServerThread, store: Path) -> Iterator[SoundServiceStub]:
    """Fail where a file outside the store, or one that a caller's name is in, was touched."""
    with server.stub() as stub:
        rendered(stub, pb.RenderRequest(effect="ui_click", seed=1))  # what is imported once, is
        watch.seen.clear()
        watch.on = True
        try:
            yield stub
            rendered(stub, pb.RenderRequest(effect="ui_click", seed=1))
        finally:
            watch.on = False
    ours = (str(store), sys.prefix, sys.base_prefix)  # the others are modules, imported late
    outside = [each for each in watch.seen if each.startswith("open") and not any(path in each for path in ours)]
    assert not [each for each in watch.seen if MARK in each] + outside
    assert {path.name for path in store.parent.iterdir()} == {"store"}


def ended(call: Callable[[], object]) -> grpc.StatusCode:
    """Return how a call ends; a stream is read to its end."""
    try:
        answer = call()
        if hasattr(answer, "__iter__"):
            list(answer)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


REFUSED = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_name_in_a_call_is_a_path(watch: Watch, serving: ServerThread, store: Path, name: str) -> None:
    with untouched(watch, serving, store) as stub:
        for request in (
            pb.RenderRequest(effect=name),
            pb.RenderRequest(effect=f"rain/{name}"),
            pb.RenderRequest(effect="rain", engine=name),
            pb.RenderRequest(prompt="rain", engine="stable_audio", init_key=name),
            pb.RenderRequest(effect="rain", parameters={name: pb.ParameterValue(number=0.5)}),
            pb.RenderRequest(effect="rain", parameters={"surface": pb.ParameterValue(choice=name)}),
            pb.RenderRequest(prompt=name),
        ):
            assert ended(partial(stub.Render, request, timeout=CALL_S)) in REFUSED
        assert ended(partial(stub.Unload, pb.UnloadRequest(tag=name), timeout=CALL_S)) in REFUSED
        assert ended(partial(stub.Control, pb.ControlRequest(session=name), timeout=CALL_S)) in REFUSED


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_name_in_a_manifest_is_a_path(watch: Watch, serving: ServerThread, store: Path, name: str) -> None:
    with untouched(watch, serving, store) as stub:
        for field in ("init_audio", "init_key", "engine", "ucs_cat_id"):
            manifest = f"swash: 1\ntag: t\nsounds:\n  - {{effect: rain, {field}: {json.dumps(name)}}}\n"
            assert ended(partial(stub.Preload, pb.PreloadRequest(manifest=manifest), timeout=CALL_S)) in REFUSED
        said = pb.PreloadSounds(sounds=[pb.RenderRequest(effect=name)])
        assert ended(partial(stub.Preload, pb.PreloadRequest(sounds=said, tag="t"), timeout=CALL_S)) in REFUSED


def test_a_tag_and_a_name_may_look_like_paths_and_are_none(
    watch: Watch, serving: ServerThread, store: Path
) -> None:
    manifest = f"swash: 1\nsounds:\n  - {{effect: ui_click, duration_s: 0.1, name: '../../{MARK}'}}\n"
    with untouched(watch, serving, store) as stub:
        for tag in (f"../{MARK}", f"/{MARK}", f"C:{MARK}"):
            code = ended(partial(stub.Preload, pb.PreloadRequest(manifest=manifest, tag=tag), timeout=CALL_S))
            assert code in {grpc.StatusCode.OK, *REFUSED}


PATHS = [
    "/pages/../settings.py", "/pages/..%2fsettings.py", "/pages/%2e%2e/settings.py", "/pages/....//settings.py",
    "/pages//etc/passwd", "/../../etc/passwd", "/pages/..\\settings.py", "/pages/audition.js/..", "//etc/passwd",
    "/pages/%00", "/pages/audition.js%00.css", "/%2e%2e/%2e%2e/etc/passwd", "/pages/.", "/pages",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_the_pages_are_no_folder(watch: Watch, serving: ServerThread, store: Path, path: str) -> None:
    with untouched(watch, serving, store):
        connection = http.client.HTTPConnection("127.0.0.1", int(serving.http.rpartition(":")[2]), timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
    assert answer.status in {404, 307, 400}
    assert b"root:" not in body
    assert b"InvalidSettingError" not in body
