"""Audio that a caller brings, as a server reads it."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from swash_client import Block, InitAudio, InvalidRequestError, Sound, SoundFile
from swash_client.init_audio import MAX_BYTES, init_bytes
from swash_client.wire import header_of, trailer_of
from tests.clients.python.scripted import PCM, Scripted, header, play, trailer, whole_take

HEADER = header_of(header(sample_rate=44_100).header)
TRAILER = trailer_of(trailer(b"", 0).trailer)
BLOCK = (PCM / 32_768).astype(np.float32)


def read(audio: InitAudio) -> tuple[Block, int]:
    samples, sample_rate = soundfile.read(io.BytesIO(init_bytes(audio)), dtype="float32", always_2d=True)
    return samples, sample_rate


@pytest.mark.parametrize("sample_rate", [8000, 44_100, np.int64(192_000)])
@pytest.mark.parametrize("samples", [BLOCK, BLOCK[:, 0], BLOCK[:, :1], BLOCK.astype(np.float64), BLOCK[::-1]])
def test_samples_arrive_bit_for_bit_whatever_their_layout(samples: Any, sample_rate: int) -> None:
    arrived, arrived_rate = read((samples, sample_rate))
    np.testing.assert_array_equal(arrived, samples.reshape(len(BLOCK), -1))
    assert arrived_rate == sample_rate


def test_what_soundfile_reads_can_be_handed_on_as_it_is(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "drum.wav", PCM, 22_050)
    arrived, sample_rate = read(soundfile.read(tmp_path / "drum.wav"))
    np.testing.assert_array_equal(arrived, BLOCK)
    assert sample_rate == 22_050


def test_a_sound_that_came_can_be_sent_back() -> None:
    arrived, sample_rate = read(Sound(BLOCK, HEADER, TRAILER))
    np.testing.assert_array_equal(arrived, BLOCK)
    assert sample_rate == 44_100


def test_samples_above_full_scale_and_what_is_no_number_are_left_to_the_server_to_judge() -> None:
    arrived, _ = read((np.array([1.5, -2.0, np.nan, np.inf], np.float32), 48_000))
    np.testing.assert_array_equal(arrived[:, 0], np.array([1.5, -2.0, np.nan, np.inf], np.float32))


def test_a_file_is_sent_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "drum.flac"
    path.write_bytes(b"fLaC and so on")
    for audio in (path, str(path), path.read_bytes(), SoundFile(path.read_bytes(), HEADER, TRAILER)):
        assert init_bytes(audio) == b"fLaC and so on"


async def test_it_reaches_the_server(scripted: Scripted, client: Any) -> None:
    scripted.scripts = [play(*whole_take())]
    await client.render("a steel drum", init_audio=(BLOCK, 48_000))
    assert scripted.requests[0].init_audio == init_bytes((BLOCK, 48_000))


def test_a_wav_is_what_other_programs_take_for_one() -> None:
    data = init_bytes((BLOCK, 48_000))
    assert soundfile.info(io.BytesIO(data)).subtype == "FLOAT"
    assert len(data) == 58 + BLOCK.nbytes


@pytest.mark.parametrize(
    "audio, says",
    [
        (b"", "got 0"),
        (b"x" * (MAX_BYTES + 1), f"1 to {MAX_BYTES} bytes"),
        ((np.zeros(MAX_BYTES // 4 + 1, np.float32), 48_000), f"at most {MAX_BYTES} bytes"),
        ((PCM, 48_000), "floats in .*, got int16"),
        ((np.zeros((5, 3)), 48_000), r"got \(5, 3\)"),
        ((np.zeros(()), 48_000), r"got \(\)"),
        ((np.zeros(5), 0), "got 0"),
        ((np.zeros(5), 2**40), f"got {2**40}"),
        ((np.zeros(5), 44_100.0), "got tuple"),
        (np.zeros(5), "got ndarray"),
        (7, "got int"),
        ("/nowhere/drum.wav", r"cannot read /nowhere/drum\.wav \(No such file"),
        ("/", r"cannot read / \(Is a directory"),
        ("/dev/null", "/dev/null has none"),
        ("/dev/zero", "/dev/zero has more"),
    ],
)
def test_what_cannot_be_sent_says_why(audio: Any, says: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"init_audio: .*{says}") as caught:
        init_bytes(audio)
    assert [violation.field for violation in caught.value.violations] == ["init_audio"]
