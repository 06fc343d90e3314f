"""`swash check`: what is wrong with a file is said in words, and what is not is left alone."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from swash_model.spec import Block
from swash_server.formats import wav
from swash_server.formats.encode import Encoding, file_of
from swash_server.formats.provenance import Provenance, signed
from swash_server.making.checking import MAX_SAMPLES, Targets, UnreadableError, read_sound, report_on
from tests.hearing import sound_of

RATE = 48_000
SWASH = str(Path(sys.executable).parent / "swash")
ANYTHING = Targets()


def tone(seconds: float = 1.0, hz: float = 200.0) -> Block:
    frames = round(seconds * RATE)
    fade = np.minimum(1.0, np.minimum(np.arange(frames), np.arange(frames)[::-1]) / 480)
    wave = 0.25 * np.sin(2 * np.pi * hz / RATE * np.arange(frames)) * fade
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


def written(path: Path, sound: Block, subtype: str = "FLOAT") -> Path:
    soundfile.write(path, sound, RATE, subtype)
    return path


def with_click(sound: Block) -> None:
    sound[57_792 % len(sound)] += 0.4


def with_nan(sound: Block) -> None:
    sound[7] = np.nan


def clipped(sound: Block) -> None:
    np.clip(8.0 * sound, -1.0, 1.0, out=sound)


def left_only(sound: Block) -> None:
    sound[:, 1] = 0.0


def silent(sound: Block) -> None:
    sound[:] = 1e-6


def off_centre(sound: Block) -> None:
    sound += np.float32(0.02)


BROKEN: list[tuple[Callable[[Block], None], str]] = [
    (with_click, "clicks at 0.204 s"),
    (with_nan, "2 samples are not numbers"),
    (clipped, "clipped at 0.0"),
    (left_only, "channel 2 is silent"),
    (silent, "silent"),
    (off_centre, "off centre: DC of -34.0 dBFS, -40 at most"),
]


@pytest.mark.parametrize(("break_it", "said"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_wrong_is_said_in_words(break_it: Callable[[Block], None], said: str, tmp_path: Path) -> None:
    sound = tone()
    assert report_on(written(tmp_path / "good.wav", sound), ANYTHING).faults == ()
    break_it(sound)
    (fault, *_) = report_on(written(tmp_path / "bad.wav", sound), ANYTHING).faults
    assert fault.startswith(said)


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (Targets(loudness_lufs=-40.0), "too loud: "),
        (Targets(loudness_lufs=-5.0, tolerance_lu=3.0), "LUFS, -5 ± 3 asked for"),
        (Targets(ceiling_dbtp=-20.0), "true peak of -12.0"),
        (Targets(max_onset_s=0.05), "begins after 100 ms, 50 at most"),
    ],
)
def test_a_target_that_is_missed_is_said_and_one_that_is_met_is_not(
    targets: Targets, said: str, tmp_path: Path
) -> None:
    late = np.concatenate([np.zeros((4800, 2), np.float32), tone()])
    path = written(tmp_path / "late.wav", late)
    (fault,) = report_on(path, targets).faults
    assert said in fault
    loudness = report_on(path, ANYTHING).inspection.loudness_lufs
    met = Targets(loudness_lufs=loudness + 0.9, ceiling_dbtp=-11.9, max_onset_s=0.11)
    assert report_on(path, met).faults == ()


@pytest.mark.parametrize("encoding", [Encoding.WAV, Encoding.FLAC, Encoding.OGG_VORBIS, Encoding.OGG_OPUS])
def test_loop_points_are_found_in_every_format_and_the_seam_is_asked_about(
    encoding: Encoding, tmp_path: Path
) -> None:
    turn = sound_of("wind", duration_s=3.0, loop=True)
    frames = len(turn)
    told = Provenance("wind", "swash", "CC0-1.0", "WINDGust", {}, (0, frames))
    path = tmp_path / f"wind.{encoding.value}"
    path.write_bytes(signed(file_of(turn, RATE, encoding, loop=True), encoding, RATE, told))
    report = report_on(path, ANYTHING)
    assert report.loop == (0, frames)
    assert report.faults == ()
    assert report.inspection.seam is not None


def test_a_loop_that_is_merely_cut_out_is_heard_at_its_seam(tmp_path: Path) -> None:
    cut = sound_of("machine_hum", duration_s=4.0)[24_000:150_000]
    path = written(tmp_path / "hum.wav", cut, "PCM_16")
    assert not any("seam" in fault for fault in report_on(path, ANYTHING).faults)
    (fault,) = [fault for fault in report_on(path, ANYTHING, loops=True).faults if "seam" in fault]
    assert "times what is inside the loop" in fault


def test_a_loop_within_a_file_is_asked_about_by_itself(tmp_path: Path) -> None:
    turn = sound_of("wind", duration_s=3.0, loop=True)
    fade = np.linspace(0.0, 1.0, 24_000, dtype=np.float32)[:, None]
    sound = np.concatenate([turn[-24_000:] * fade, turn])
    file = file_of(sound, RATE, Encoding.WAV, loop=True)
    first_at = file.index(b"smpl") + 8 + 44
    path = tmp_path / "wind.wav"
    path.write_bytes(file[:first_at] + (24_000).to_bytes(4, "little") + file[first_at + 4 :])
    report = report_on(path, ANYTHING)
    assert report.loop == (24_000, len(sound))
    assert not any("seam" in fault for fault in report.faults)


UNREADABLE: list[tuple[bytes, str]] = [
    (b"", "an empty file"),
    (b"a dog barks", "a WAV, FLAC or Ogg file, got b'a do'"),
    (b"RIFF\0\0\0\0WAVEnothing", "damaged"),
    (wav.head(0, 2, RATE), "1 to 57600000 samples"),
    (wav.head(10, 3, RATE) + bytes(60), "1 or 2 channels, got 3"),
    (wav.head(10, 1, 4000) + bytes(20), "8000 to 192000 frames a second, got 4000"),
]


@pytest.mark.parametrize(("data", "said"), UNREADABLE, ids=[said for _, said in UNREADABLE])
def test_what_cannot_be_read_says_why(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "file.wav"
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match=said.replace("'", ".")):
        read_sound(path)


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(wav.head(MAX_SAMPLES // 2 + 1, 2, RATE))
        file.truncate(2 * MAX_SAMPLES + 100)  # a hole takes no disk
    with pytest.raises(UnreadableError, match="10 min in stereo"):
        read_sound(path)


def run(*arguments: str, folder: Path) -> tuple[int, str, str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        [SWASH, "check", *arguments], cwd=folder, env=environment, capture_output=True, timeout=100, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_scripts_tell_by_the_status_what_was_found(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    written(tmp_path / "in" / "good.wav", tone())
    bad = tone()
    with_click(bad)
    written(tmp_path / "in" / "deep" / "bad.flac", bad, "PCM_24")
    (tmp_path / "note.wav").write_text("not a sound")
    status, said, _ = run("in/good.wav", "--lufs", "-18±10", "--ceiling", "-1", folder=tmp_path)
    assert (status, said[:19]) == (0, "PASS  in/good.wav\n ")
    status, said, _ = run("-r", "in", folder=tmp_path)
    assert status == 1
    assert "FAIL  in/deep/bad.flac" in said
    assert "- clicks at 0.204 s" in said
    status, said, _ = run("-r", "in", "note.wav", "--json", folder=tmp_path)
    assert status == 2
    told = json.loads(said)
    assert [each.get("passes") for each in told] == [False, True, None]
    assert told[0]["clicks_s"] == [pytest.approx(0.204, abs=0.001)]
    assert "WAV, FLAC or Ogg" in told[2]["unreadable"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["."], "is a folder; -r looks into it"),
        (["-r", "."], "holds no .wav"),
        (["x.wav", "--lufs", "loud"], "a loudness from -70 to 0 LUFS"),
        (["x.wav", "--max-onset-ms", "-1"], "--max-onset-ms"),
        ([], "Missing argument"),
    ],
)
def test_a_wrong_command_line_says_what_to_change(arguments: list[str], said: str, tmp_path: Path) -> None:
    status, _, error = run(*arguments, folder=tmp_path)
    assert status == 2
    assert said in error
