import wave
from pathlib import Path

import numpy as np
import pytest

from swash.v1 import sound_pb2 as pb
from swash_client import Block, Sound, SoundFile
from swash_client.wire import header_of, trailer_of
from tests.clients.python.scripted import PCM

HEADER = header_of(pb.Header(sample_rate=44_100, channels=2))
TRAILER = trailer_of(pb.Trailer(frames=6))


def saved(samples: Block, path: Path) -> Block:
    Sound(samples, HEADER, TRAILER).save(path)
    with wave.open(str(path)) as file:
        assert file.getparams()[:4] == (2, 2, 44_100, len(samples))
        return np.frombuffer(file.readframes(len(samples)), "<i2").reshape(-1, 2)


def test_a_saved_sound_is_the_sound_that_came(tmp_path: Path) -> None:
    samples = (PCM / 32_768).astype(np.float32)
    np.testing.assert_array_equal(saved(samples, tmp_path / "rain.wav"), PCM)


def test_a_sample_above_full_scale_is_clipped_and_never_wraps(tmp_path: Path) -> None:
    samples = np.array([[1.0, -1.0], [1.5, -1.5]], np.float32)
    expected = [[32_767, -32_768], [32_767, -32_768]]
    np.testing.assert_array_equal(saved(samples, tmp_path / "loud.wav"), expected)


def test_a_saved_file_holds_its_bytes(tmp_path: Path) -> None:
    SoundFile(b"fLaC", HEADER, TRAILER).save(tmp_path / "rain.flac")
    assert (tmp_path / "rain.flac").read_bytes() == b"fLaC"


def test_a_sound_cannot_be_changed_by_accident() -> None:
    sound = Sound(np.zeros((1, 2), np.float32), HEADER, TRAILER)
    with pytest.raises(AttributeError):
        sound.header = HEADER  # type: ignore[misc]
