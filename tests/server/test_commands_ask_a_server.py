"""The command `swash` in front of a server that wants to know who asks."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from swash.v1 import sound_pb2 as pb
from swash_client.server import Server
from swash_server.cli import bake_maker
from tests.certificates import Certificate
from tests.clients.python.scripted import Scripted, play, serving, whole_take
from tests.serving import ServerProcess

SWASH = str(Path(sys.executable).parent / "swash")
MANIFEST = "swash: 1\ntag: level\nsounds:\n- {effect: ui_click, seed: 7}\n"


@dataclass(frozen=True)
class Guarded:
    """A server behind TLS that knows two tokens, and what a caller sets to be let in."""

    server: ServerProcess
    folder: Path
    play: dict[str, str]
    bake: dict[str, str]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    authority = Certificate("an authority", authority=True)
    own = Certificate.of_server("a server", authority).write(folder)
    (folder / "ca.pem").write_bytes(authority.pem)
    tokens = {"play": "swash_" + "p" * 43, "bake": "swash_" + "b" * 43}
    lines = [
        f"{role} {role} sha256:{hashlib.sha256(token.encode()).hexdigest()}" for role, token in tokens.items()
    ]
    (folder / "tokens").write_text("".join(f"{line}\n" for line in lines))
    (folder / "tokens").chmod(0o600)
    flags = [f"--tls-cert={own['tls_cert']}", f"--tls-key={own['tls_key']}", f"--tokens={folder / 'tokens'}"]
    with ServerProcess(folder / "store", *flags) as server:
        told = {"SWASH_SERVER": server.address, "SWASH_CA": str(folder / "ca.pem")}
        yield Guarded(server, folder, *({**told, "SWASH_TOKEN": token} for token in tokens.values()))


def swash(
    folder: Path, *arguments: str, given: Mapping[str, str] | None = None, expect: int = 0
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), **(given or {})}
    done = subprocess.run(
        [SWASH, *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == expect, done.stderr
    return done


def test_a_token_in_the_environment_lets_every_command_in(guarded: Guarded, tmp_path: Path) -> None:
    (tmp_path / "level.yaml").write_text(MANIFEST)
    swash(tmp_path, "render", "rain", "-d", "0.5", "-o", "rain.wav", given=guarded.play)
    assert (tmp_path / "rain.wav").stat().st_size > 10_000
    assert len(json.loads(swash(tmp_path, "effects", "--json", given=guarded.play).stdout)) > 10
    assert "1 takes are kept" in swash(tmp_path, "preload", "level.yaml", given=guarded.bake).stderr
    assert "1 takes" in swash(tmp_path, "unload", "level", given=guarded.bake).stderr
    assert "1 made" in swash(tmp_path, "bake", "level.yaml", "-o", "audio", given=guarded.bake).stderr


def test_options_say_the_same_as_the_environment(guarded: Guarded, tmp_path: Path) -> None:
    ca, token, address = (guarded.play[name] for name in ("SWASH_CA", "SWASH_TOKEN", "SWASH_SERVER"))
    swash(
        tmp_path, "render", "rain", "-d", "0.2", "-o", "r.wav", "--server", address, "--ca", ca, "--token", token
    )


def test_who_is_not_let_in_is_told_what_to_bring(guarded: Guarded, tmp_path: Path) -> None:
    nobody = {**guarded.play, "SWASH_TOKEN": ""}
    assert "give a token" in swash(tmp_path, "render", "rain", expect=1, given=nobody).stderr
    stranger = {**guarded.play, "SWASH_TOKEN": "swash_" + "x" * 43}
    assert "give a token" in swash(tmp_path, "effects", expect=1, given=stranger).stderr
    (tmp_path / "level.yaml").write_text(MANIFEST)
    denied = swash(tmp_path, "preload", "level.yaml", expect=1, given=guarded.play).stderr
    assert "ask with a token" in denied


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["render", "rain", "--token", "abc"], "--token is for a server; name one with --server"),
        (["effects", "--tls"], "--tls is for a server"),
        (["render", "rain", "--server", "studio.local:1", "--token", "abc"], "only over an encrypted connection"),
        (["effects", "--server", "127.0.0.1:1", "--ca", "/nowhere.pem"], "cannot read /nowhere.pem"),
        (["unload", "x", "--client-cert", __file__], "a PEM file"),
        (["render", "rain", "--priority", "soon"], "interactive"),
    ],
)
def test_what_cannot_be_used_is_told_with_status_two(tmp_path: Path, arguments: list[str], says: str) -> None:
    said = swash(tmp_path, *arguments, expect=2).stderr
    assert says in " ".join(said.split())


def test_the_environment_names_the_server_too(tmp_path: Path) -> None:
    assert "127.0.0.1:1" in swash(tmp_path, "effects", expect=4, given={"SWASH_SERVER": "127.0.0.1:1"}).stderr
    # A token of the environment is not sent to where the sound is made without a server.
    swash(
        tmp_path,
        "render",
        "--effect",
        "ui_click",
        "-o",
        "click.wav",
        given={"SWASH_TOKEN": "abc", "SWASH_CA": "/nowhere"},
    )


async def test_a_priority_reaches_the_server(tmp_path: Path) -> None:
    (tmp_path / "level.yaml").write_text(MANIFEST)
    with serving(Scripted(scripts=[play(*whole_take())] * 3)) as service:
        at = ("--server", service.address)
        swash(tmp_path, "render", "rain", "--priority", "bake", "-o", "rain.s16", *at)
        swash(tmp_path, "render", "rain", "-o", "rain.s16", *at)
        swash(tmp_path, "preload", "level.yaml", "--priority", "interactive", *at, expect=1)
        swash(tmp_path, "preload", "level.yaml", *at, expect=1)
        async with bake_maker.there(Server(service.address), 20.0) as maker:
            await maker.take(pb.RenderRequest(prompt="rain", takes=1))
    assert [request.priority for request in service.requests] == [
        pb.PRIORITY_BAKE, pb.PRIORITY_UNSPECIFIED, pb.PRIORITY_BAKE,
    ]  # fmt: skip
    assert [request.priority for request in service.preloads] == [
        pb.PRIORITY_INTERACTIVE, pb.PRIORITY_UNSPECIFIED,
    ]  # fmt: skip
