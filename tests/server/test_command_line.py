"""The command `swash`, as a shell runs it."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.serving import ServerProcess

SWASH = str(Path(sys.executable).parent / "swash")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}


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
        (["render", "rain", "--engine", "stable_audio"], 1, "procedural"),
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


def test_long_work_shows_a_bar_on_a_terminal(tmp_path: Path, environment: dict[str, str]) -> None:
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [SWASH, "render", "--effect", "rain", "-d", "20", "--takes", "2", "-o", "rain.wav"],
        cwd=tmp_path, env={**environment, "TERM": "xterm", "COLUMNS": "100"}, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(controller, 4096):
            shown += part
    except OSError:  # how Linux says that the other end of a terminal is closed
        pass
    os.close(controller)
    assert process.wait(60) == 0
    assert b"making sound" in shown
