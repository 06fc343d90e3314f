"""The command `swash`, as a shell runs it."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from swash.v1 import sound_pb2
from swash_server.cli.progress import Progress
from tests.serving import ServerProcess

MODEL = str(Path(__file__).parent.parent / "data" / "stable_audio_open_small")
ONE_THREAD = {
    "SWASH_NEURAL_THREADS": "1"
}  # two that wait for each other on a busy machine take fifty times as long
SWASH = str(Path(sys.executable).parent / "swash")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, **ONE_THREAD, "XDG_CACHE_HOME": str(tmp_path / "cache")}


def swash(
    *arguments: str, folder: Path, environment: dict[str, str], expect: int = 0
) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [SWASH, *arguments], cwd=folder, env=environment, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == expect, done.stderr.decode()
    return done


def test_words_become_a_file_and_a_picture(tmp_path: Path, environment: dict[str, str]) -> None:
    done = swash(
        "render", "slow waves on a pebble beach", "--seed", "7", "-d", "3", "-o", "waves.wav",
        "--picture", "waves.png", folder=tmp_path, environment=environment,
    )  # fmt: skip
    samples, rate = soundfile.read(tmp_path / "waves.wav")
    assert (samples.shape, rate) == ((144_000, 2), 48_000)
    with Image.open(tmp_path / "waves.png") as picture:
        assert picture.width > 500
    said = done.stderr.decode()
    assert "ocean_waves" in said
    assert "seed 7" in said
    assert not done.stdout


def test_a_server_and_this_process_make_the_same_file(
    tmp_path: Path, environment: dict[str, str], server: ServerProcess
) -> None:
    request = ["render", "light drizzle on a tin roof", "--seed", "5", "-d", "2"]
    swash(*request, "-o", "here.wav", folder=tmp_path, environment=environment)
    swash(*request, "-o", "there.wav", "--server", server.address, folder=tmp_path, environment=environment)
    assert (tmp_path / "here.wav").read_bytes() == (tmp_path / "there.wav").read_bytes()


def test_a_second_time_comes_from_the_store(tmp_path: Path, environment: dict[str, str]) -> None:
    request = ["render", "--effect", "impact", "--seed", "5", "-o", "hit.wav"]
    first = swash(*request, folder=tmp_path, environment=environment)
    second = swash(*request, folder=tmp_path, environment=environment)
    assert b"cached: no" in first.stderr
    assert b"cached: store" in second.stderr


@pytest.mark.parametrize("suffix", ["flac", "ogg", "opus"])
def test_the_file_name_chooses_the_format(tmp_path: Path, environment: dict[str, str], suffix: str) -> None:
    swash(
        "render", "--effect", "wind", "-d", "1", "-o", f"wind.{suffix}", folder=tmp_path, environment=environment
    )
    samples, rate = soundfile.read(tmp_path / f"wind.{suffix}")
    assert (len(samples), rate) == (48_000, 48_000)


def test_takes_get_numbers_and_the_name_comes_from_the_words(tmp_path: Path, environment: dict[str, str]) -> None:
    swash("render", "a wooden crate hit hard", "--takes", "3", folder=tmp_path, environment=environment)
    names = sorted(path.name for path in tmp_path.glob("*.wav"))
    assert names == [f"a_wooden_crate_hit_hard_{take:02}.wav" for take in (1, 2, 3)]
    assert len({(tmp_path / name).read_bytes() for name in names}) == 3


def test_parameters_are_numbers_and_choices(tmp_path: Path, environment: dict[str, str]) -> None:
    swash(
        "render", "--effect", "rain", "--set", "surface=metal", "--set", "intensity=0.9", "-d", "1",
        "-o", "rain.f32", folder=tmp_path, environment=environment,
    )  # fmt: skip
    samples = np.fromfile(tmp_path / "rain.f32", "<f4")
    assert len(samples) == 96_000
    assert np.abs(samples).max() > 0.01


def test_a_sound_goes_to_standard_output(tmp_path: Path, environment: dict[str, str]) -> None:
    done = swash("render", "--effect", "ui_click", "-o", "-", folder=tmp_path, environment=environment)
    samples, _ = soundfile.read(io.BytesIO(done.stdout))
    assert len(samples) > 100


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["render"], 2, "words or --effect"),
        (["render", "rain", "--effect", "rain"], 2, "words or --effect"),
        (["render", "--effect", "rain", "--set", "intensity"], 2, "NAME=VALUE"),
        (["render", "--effect", "rain", "--set", "intensity=9"], 2, "0 to 1, got 9"),
        (["render", "--effect", "rain", "-d", "1e9"], 2, "duration_s"),
        (["render", "--effect", "rain", "-o", "rain.mp3"], 2, ".wav"),
        (["render", "rain", "--engine", "stable_audio"], 1, "--model DIR"),
        (["render", "rain", "--steps", "8"], 2, "only the engine 'stable_audio'"),
        (["render", "rain", "--steps", "-1"], 2, "steps: cannot be -1"),
        (["render", "rain", "--rate", "-1"], 2, "sample_rate: cannot be -1"),
        (["render", "rain", "--loop-method", "tape"], 2, "crossfade"),
        (["render", "rain", "--init", "nowhere.wav"], 2, "cannot read nowhere.wav (No such file"),
        (["render", "rain", "--init", "/dev/zero"], 2, "/dev/zero has more"),
        (["render", "rain", "--init", "a.wav", "--init-key", "ab"], 2, "at most one of --init and --init-key"),
        (["render", "rain", "--t5", "here"], 2, "--t5 wants a --model"),
        (["render", "rain", "--timeout", "5"], 2, "--server"),
        (["render", "rain", "--server", "127.0.0.1:1", "--model", "here"], 2, "--model is for sounds made here"),
        (["render", "rain", "--server", "127.0.0.1:1", "--timeout", "nan"], 2, "above 0, got nan"),
        (["render", "rain", "--precision", "most"], 2, "exact"),
        (["render", "xyzzy plugh"], 3, "xyzzy"),
        (["render", "rain", "--server", "127.0.0.1:1"], 4, "swash serve"),
        (["render", "--effect", "ui_click", "-o", "/nowhere/at/all.wav"], 1, "/nowhere/at/all.wav"),
        (["effects", "vuvuzela"], 2, "vuvuzela"),
        (["serve", "--grpc-port", "99999"], 2, "grpc-port: 0 to 65535, got 99999"),
    ],
)
def test_what_goes_wrong_is_said_in_a_line_and_a_status(
    tmp_path: Path, environment: dict[str, str], arguments: list[str], status: int, said: str
) -> None:
    done = swash(*arguments, folder=tmp_path, environment=environment, expect=status)
    assert said in done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.fixture(scope="module")
def neural_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Give a server that has the small model."""
    with ServerProcess(tmp_path_factory.mktemp("store"), f"--model={MODEL}", environment=ONE_THREAD) as running:
        yield running


@dataclass(frozen=True)
class MadeHere:
    """Two takes of a neural sound that a command made without a server, where, and what it said."""

    request: tuple[str, ...]
    folder: Path
    environment: dict[str, str]
    said: str


@pytest.fixture(scope="module")
def made_here(tmp_path_factory: pytest.TempPathFactory) -> MadeHere:
    folder = tmp_path_factory.mktemp("neural")
    environment = {**os.environ, **ONE_THREAD, "XDG_CACHE_HOME": str(folder / "cache")}
    request = (
        "render", "distant thunder", "--seed", "7", "-d", "0.5", "--takes", "2",
        "--steps", "3", "--guidance", "2.5", "--negative", "wind", "--loudness", "-20",
    )  # fmt: skip
    here = ("--model", MODEL, "-o", "here.wav", "--picture", "here.png")
    said = swash(*request, *here, folder=folder, environment=environment).stderr.decode()
    return MadeHere(request, folder, environment, said)


def test_words_become_a_neural_sound_without_a_server(made_here: MadeHere) -> None:
    for take in ("01", "02"):
        samples, rate = soundfile.read(made_here.folder / f"here_{take}.wav")
        assert (samples.shape, rate) == ((24_000, 2), 48_000)
        assert np.abs(samples).max() > 0.001
        with Image.open(made_here.folder / f"here_{take}.png") as picture:
            assert picture.width > 500
    assert f"loading the model in {MODEL}" in made_here.said
    assert re.search(r"loaded in \d+\.\d s", made_here.said)
    line = r"here_01\.wav: stable_audio in 3 steps, 0\.50 s, .*seed 7, .*, key [0-9a-f]{64}\n"
    assert re.search(line, made_here.said)


def test_a_neural_server_makes_the_same_file(made_here: MadeHere, neural_server: ServerProcess) -> None:
    # Where a server is named, the variables that stand for --model and its like are another command's business.
    variables = {**made_here.environment, "SWASH_MODEL": "nowhere", "SWASH_PRECISION": "fast"}
    there = ("--engine", "stable_audio", "--server", neural_server.address, "-o", "there.wav", "--quiet")
    assert not swash(*made_here.request, *there, folder=made_here.folder, environment=variables).stderr
    for take in ("01", "02"):
        here, there_too = (made_here.folder / f"{place}_{take}.wav" for place in ("here", "there"))
        assert here.read_bytes() == there_too.read_bytes()


def test_a_neural_sound_comes_from_the_store_and_its_model_from_the_environment(made_here: MadeHere) -> None:
    variables = {**made_here.environment, "SWASH_MODEL": MODEL}
    again = ("--engine", "stable_audio", "-o", "again.wav")
    said = swash(*made_here.request, *again, folder=made_here.folder, environment=variables).stderr
    assert said.count(b"cached: store") == 2


def test_a_model_in_the_environment_waits_until_its_engine_is_asked_for(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    variables = {**environment, "SWASH_MODEL": MODEL, "SWASH_PRECISION": "exact"}
    said = swash("render", "rain", "-d", "0.5", "-o", "rain.wav", folder=tmp_path, environment=variables).stderr
    assert b"rain.wav: rain, " in said
    assert b"loading" not in said


def test_a_sound_begins_with_a_file_or_with_one_that_is_remembered(
    tmp_path: Path, environment: dict[str, str], neural_server: ServerProcess
) -> None:
    def render(*arguments: str) -> str:
        request = ["render", "a wooden door", "--engine", "stable_audio", "--seed", "5", "-d", "0.5"]
        server = ["--server", neural_server.address, "--loudness", "-20"]
        done = swash(*request, *server, *arguments, folder=tmp_path, environment=environment)
        return done.stderr.decode()

    key = render("-o", "door.f32").rpartition("key ")[2].strip()
    swash("render", "--effect", "rain", "-d", "0.3", "-o", "rain.flac", folder=tmp_path, environment=environment)
    render("-o", "from_file.f32", "--init", "rain.flac", "--noise-level", "0.3")
    render("-o", "from_key.f32", "--init-key", key, "--noise-level", "0.3")
    render("-o", "from_key_again.f32", "--init-key", key, "--noise-level", "0.3")
    alone, file, remembered, again = (
        (tmp_path / f"{name}.f32").read_bytes() for name in ("door", "from_file", "from_key", "from_key_again")
    )
    assert len({alone, file, remembered}) == 3
    assert remembered == again


def test_a_neural_loop_closes_either_way(
    tmp_path: Path, environment: dict[str, str], neural_server: ServerProcess
) -> None:
    for method in ("latents", "crossfade"):
        swash(
            "render", "rain", "--server", neural_server.address, "--engine", "stable_audio", "--loop", "-d", "0.3",
            "--loop-method", method, "--short-window", "--seed", "1", "-o", f"{method}.wav",
            folder=tmp_path, environment=environment,
        )  # fmt: skip
    assert (tmp_path / "latents.wav").read_bytes() != (tmp_path / "crossfade.wav").read_bytes()


def test_an_engine_that_is_not_here_falls_back_and_says_so(
    tmp_path: Path, environment: dict[str, str], server: ServerProcess
) -> None:
    request = ["render", "distant thunder", "--engine", "stable_audio", "--steps", "8", "--fallback", "-d", "1"]
    for source in ([], ["--server", server.address, "--timeout", "60"]):
        done = swash(*request, *source, "-o", "thunder.wav", folder=tmp_path, environment=environment)
        assert re.search(rb"thunder\.wav: thunder.*, fallback$", done.stderr, re.MULTILINE)


def test_a_model_that_is_not_there_is_told_and_a_fallback_goes_without(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    request = ["render", "distant thunder", "--model", "nowhere", "-d", "1", "-o", "thunder.wav"]
    done = swash(*request, folder=tmp_path, environment=environment, expect=1)
    assert b"swash: " in done.stderr
    assert b"nowhere" in done.stderr
    assert b"Traceback" not in done.stderr
    done = swash(*request, "--fallback", folder=tmp_path, environment=environment)
    assert b"nowhere" in done.stderr
    assert re.search(rb"thunder\.wav: thunder.*, fallback$", done.stderr, re.MULTILINE)


def test_a_prompt_too_long_for_the_model_is_told(
    tmp_path: Path, environment: dict[str, str], neural_server: ServerProcess
) -> None:
    request = ["render", "thunder and rain " * 50, "--engine", "stable_audio", "-d", "0.2", "-o", "long.wav"]
    done = swash(*request, "--server", neural_server.address, folder=tmp_path, environment=environment)
    assert b"prompt truncated" in done.stderr


def test_effects_are_listed_for_people_and_for_programs(
    tmp_path: Path, environment: dict[str, str], server: ServerProcess
) -> None:
    people = swash("effects", "rain", folder=tmp_path, environment=environment).stdout.decode()
    assert "intensity" in people
    assert "tin_roof" in people
    here = json.loads(swash("effects", "--json", folder=tmp_path, environment=environment).stdout)
    there = json.loads(
        swash("effects", "--json", "--server", server.address, folder=tmp_path, environment=environment).stdout
    )
    assert here == there
    assert {effect["id"] for effect in here} >= {"rain", "wind", "footsteps"}


def test_the_doctor_finds_a_fit_machine(tmp_path: Path, environment: dict[str, str]) -> None:
    said = swash("doctor", folder=tmp_path, environment=environment).stdout.decode()
    assert "kernels" in said
    assert "WRONG" not in said


def stand_in(folder: Path, name: str, program: str) -> dict[str, str]:
    """Put a program on a path of its own, where there is no real player."""
    folder.mkdir()
    (folder / name).write_text(f"#!/bin/sh\n{program}\n")
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def test_play_hands_the_sound_to_the_player(tmp_path: Path, environment: dict[str, str]) -> None:
    path = stand_in(tmp_path / "bin", "aplay", f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/heard')
    swash(
        "play", "--effect", "impact", "--seed", "3", "--player", "aplay", folder=tmp_path,
        environment={**environment, **path},
    )  # fmt: skip
    swash("render", "--effect", "impact", "--seed", "3", "-o", "hit.s16", folder=tmp_path, environment=environment)
    assert (tmp_path / "heard").read_bytes() == (tmp_path / "hit.s16").read_bytes()
    assert "-r 48000 -c 1" in (tmp_path / "arguments").read_text()


def test_play_waits_for_a_sound_that_takes_its_time(
    tmp_path: Path, environment: dict[str, str], neural_server: ServerProcess
) -> None:
    path = stand_in(tmp_path / "bin", "aplay", f"cat > {tmp_path}/heard")
    request = [
        "thunder",
        "--engine",
        "stable_audio",
        "--seed",
        "3",
        "-d",
        "0.4",
        "--server",
        neural_server.address,
    ]
    swash("play", *request, "--player", "aplay", folder=tmp_path, environment={**environment, **path})
    swash("render", *request, "-o", "thunder.s16", folder=tmp_path, environment=environment)
    assert (tmp_path / "heard").read_bytes() == (tmp_path / "thunder.s16").read_bytes()


def test_a_player_that_breaks_is_no_hang(tmp_path: Path, environment: dict[str, str]) -> None:
    path = stand_in(tmp_path / "bin", "aplay", "exit 3")
    done = swash(
        "play", "--effect", "wind", "-d", "60", "--player", "aplay", folder=tmp_path,
        environment={**environment, **path}, expect=1,
    )  # fmt: skip
    assert b"aplay" in done.stderr


def test_without_a_player_play_says_what_to_install(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "empty").mkdir()
    done = swash(
        "play", "--effect", "ui_click", folder=tmp_path,
        environment={**environment, "PATH": str(tmp_path / "empty")}, expect=1,
    )  # fmt: skip
    assert b"no player found" in done.stderr


def seen(*arguments: str, folder: Path, environment: dict[str, str]) -> str:
    """Return what a command shows on a terminal."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [SWASH, *arguments], cwd=folder, env={**environment, "TERM": "xterm", "COLUMNS": "100"}, stderr=terminal
    )
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(controller, 4096):
            shown += part
    except OSError:  # how Linux says that the other end of a terminal is closed
        pass
    os.close(controller)
    assert process.wait(60) == 0
    return shown.decode()


def test_long_work_shows_a_bar_on_a_terminal(tmp_path: Path, environment: dict[str, str]) -> None:
    request = ["render", "--effect", "rain", "-d", "20", "--takes", "2", "-o", "rain.wav"]
    assert "making sound" in seen(*request, folder=tmp_path, environment=environment)


def test_a_neural_sound_shows_its_steps_on_a_terminal(
    tmp_path: Path, environment: dict[str, str], neural_server: ServerProcess
) -> None:
    request = ["render", "thunder", "--engine", "stable_audio", "--steps", "50", "-d", "0.5", "-o", "thunder.wav"]
    shown = seen(*request, "--server", neural_server.address, folder=tmp_path, environment=environment)
    assert re.search(r"making sound, step \d+ of 50", shown)


def test_the_bar_moves_with_steps_and_never_back() -> None:
    def event(**fields: Any) -> sound_pb2.RenderResponse:
        return sound_pb2.RenderResponse(progress=sound_pb2.Progress(steps=4, **fields))

    header = sound_pb2.Header(frames=100, channels=1, encoding=sound_pb2.ENCODING_PCM_S16LE)
    take = [
        event(queue_position=2),
        *(event(step=step) for step in range(5)),
        sound_pb2.RenderResponse(header=header),
        *(sound_pb2.RenderResponse(audio=sound_pb2.Audio(first_frame=frame)) for frame in (0, 50)),
        sound_pb2.RenderResponse(trailer=sound_pb2.Trailer()),
    ]
    progress = Progress(shown=False, takes=2)
    shown = [progress.share]
    for happened in [*take, *take]:
        progress.take_in(happened)
        shown.append(progress.share)
    assert shown == sorted(shown)
    assert shown[len(take)] == 0.5
    assert shown[-1] == 1.0
    assert len(set(shown)) == 2 * 5 + 1  # each step of each take is seen
