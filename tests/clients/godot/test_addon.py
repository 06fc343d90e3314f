"""The Godot addon in the engine, against a real server: the tests themselves are in project/."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from swash_client import Client
from swash_server.callers import tokens
from tests.clients.godot import harness
from tests.clients.godot.gate import Gate
from tests.fault_proxy import FaultProxy, Faults
from tests.serving import ServerProcess
from tools import godot_uid

SILENT = harness.HERE / "project/client"  # what needs no sound card
HEARD = harness.HERE / "project/audio"


SHARED = "addon_suite.gd"


@pytest.fixture(scope="module")
def silent(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> harness.Verdicts:
    with _guarded(tmp_path_factory.mktemp("guarded")) as told:
        return _run(SILENT, server, f"--perform_sha256={_performed(server)}", *told, audio=False)


@pytest.fixture(scope="module")
def heard(server: ServerProcess) -> harness.Verdicts:
    return _run(HEARD, server, audio=True)


@pytest.mark.xdist_group("godot_silent")
@pytest.mark.parametrize("name", harness.tests_in(SILENT))
def test_the_client(silent: harness.Verdicts, name: str) -> None:
    silent.check(name)


@pytest.mark.xdist_group("godot_heard")
@pytest.mark.parametrize("name", harness.tests_in(HEARD))
def test_what_is_heard(heard: harness.Verdicts, name: str) -> None:
    heard.check(name)


def test_every_script_has_a_uid_of_its_own() -> None:
    assert godot_uid.problems() == []
    uids = list(godot_uid.wanted().values())
    assert len(set(uids)) == len(uids) > 20


def test_the_uid_tool_mends_what_is_missing_wrong_and_left_over(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/kept.gd").write_text("extends Node\n")
    (tmp_path / "a/gone.gd.uid").write_text("uid://abc\n")
    assert len(godot_uid.problems(tmp_path)) == 2
    godot_uid.mend(tmp_path)
    assert godot_uid.problems(tmp_path) == []
    assert re.fullmatch(r"uid://[a-y0-8]{1,13}\n", (tmp_path / "a/kept.gd.uid").read_text())
    assert not (tmp_path / "a/gone.gd.uid").exists()


def _run(folder: Path, server: ServerProcess, *args: str, audio: bool) -> harness.Verdicts:
    with Gate(server.http) as gate:
        told = [f"--nobody={_nobody()}", f"--gate={gate.url}", f"--gate_control={gate.control}", *args]
        shared = {f"tests/{SHARED}": (folder.parent / SHARED).read_bytes()}
        return harness.run_tests(folder, server=server.http, args=told, files=shared, audio=audio)


@contextmanager
def _guarded(folder: Path) -> Iterator[list[str]]:
    """Start a server that asks who calls; give what test_trust.gd wants to know of it."""
    token = tokens.made()
    (folder / "tokens").write_text(f"game play sha256:{tokens.digest_of(token).hex()}\n")
    with ServerProcess(folder / "store", f"--tokens={folder / 'tokens'}") as running:
        above = running.http.removeprefix("http://")
        with (
            FaultProxy(above, Faults(reset_after_bytes=300_000, bytes_a_second=2_000_000)) as breaking,
            FaultProxy(above, Faults(reset_after_bytes=200)) as hopeless,
        ):
            yield [
                f"--guarded={running.http}",
                f"--token={token}",
                f"--breaking=http://{breaking.address}",
                f"--hopeless=http://{hopeless.address}",
            ]


def _nobody() -> str:
    """Return an address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _performed(server: ServerProcess) -> str:
    """Play what test_session.gd plays, over the rpc of two directions; return the SHA-256 of its samples."""
    with (
        Client(server.address) as client,
        client.perform(sample_rate=16_000, channels=1, unpaced=True, log=True) as session,
    ):
        rain = session.start(effect="rain", seed=4, at_frame=0)
        rain.set("intensity", 0.9, ramp_s=0.5, at_frame=3200)
        boots = session.start(effect="footsteps", seed=5, object_seed=6, armed=True, at_frame=0)
        boots.trigger(at_frame=4800)
        boots.trigger({"surface": "wood"}, at_frame=8000)
        boots.set("surface", "snow", at_frame=9600)
        boots.trigger(seed=9, at_frame=11_200)
        rain.crossfade("strong wind", seed=7, fade_s=0.3, at_frame=8000)
        session.stop(release_s=0.2, at_frame=16_000)
        session.finish()
        pcm = (session.rest() * 32768.0).round().astype("<i2").tobytes()
    return sha256(pcm).hexdigest()
