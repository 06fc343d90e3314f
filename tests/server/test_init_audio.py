"""Audio that a caller brings: read whatever it came in, and refused in words that say what to change."""

import io
import struct
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from swash_model.errors import InvalidAskError
from swash_model.spec import Block
from swash_server.formats.init_audio import MAX_S, MIN_S, read, recording

RATE = 8000


def noise(duration_s: float = 1.0, channels: int = 2, sample_rate: int = RATE) -> Block:
    frames = round(duration_s * sample_rate)
    return np.random.default_rng(5).uniform(-0.5, 0.5, (frames, channels)).astype(np.float32)


def file_of(
    samples: npt.NDArray[Any], container: str = "WAV", codec: str = "FLOAT", sample_rate: int = RATE
) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, sample_rate, codec, format=container)
    return file.getvalue()


FILES = [
    ("WAV", "PCM_16", 44_100),
    ("WAV", "PCM_24", 44_100),
    ("WAV", "FLOAT", 192_000),
    ("WAVEX", "PCM_16", 44_100),
    ("FLAC", "PCM_16", 22_050),
    ("OGG", "VORBIS", 44_100),
    ("OGG", "OPUS", 48_000),
]


@pytest.mark.parametrize(("container", "codec", "sample_rate"), FILES)
def test_every_format_is_read(container: str, codec: str, sample_rate: int) -> None:
    made = recording_of(container, codec, sample_rate, channels=2)
    assert made == (sample_rate, (sample_rate // 2, 2))
    assert recording_of(container, codec, sample_rate, channels=1) == (sample_rate, (sample_rate // 2, 1))


def recording_of(container: str, codec: str, sample_rate: int, channels: int) -> tuple[int, tuple[int, ...]]:
    made = read(file_of(noise(0.5, channels, sample_rate), container, codec, sample_rate))
    assert made.samples.dtype == np.float32
    return made.sample_rate, made.samples.shape


def test_the_same_samples_are_the_same_audio_whatever_they_came_in() -> None:
    whole = np.round(noise() * 2.0**15).astype(np.int16)  # what both hold exactly
    wav, flac = read(file_of(whole, "WAV", "PCM_16")), read(file_of(whole, "FLAC", "PCM_16"))
    assert wav == flac
    assert wav.digest == recording(wav.samples, RATE, "init_key").digest


def test_other_samples_rates_or_channels_are_other_audio() -> None:
    mono = noise(channels=1)
    all_of_them = [
        read(file_of(mono)),
        read(file_of(-mono)),
        read(file_of(mono, sample_rate=2 * RATE)),
        read(file_of(mono.reshape(-1, 2))),
    ]
    assert len({made.digest for made in all_of_them}) == 4


def test_a_wav_file_of_a_stream_whose_length_was_not_known_is_read() -> None:
    data = bytearray(file_of(noise(), "WAV", "PCM_16"))
    at = data.index(b"data")
    struct.pack_into("<I", data, at + 4, 0xFFFFFFFF)
    assert read(bytes(data)) == read(file_of(noise(), "WAV", "PCM_16"))


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


WHOLE = file_of(noise(), "WAV", "PCM_16")
BAD: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "got no bytes"),
    ("words", b"a dog barks", "a WAV, FLAC or Ogg file, got 11 bytes that begin with b'a dog ba'"),
    ("another format", file_of(noise(), "AIFF", "PCM_16"), "a WAV, FLAC or Ogg file"),
    ("a head alone", WHOLE[:20], "truncated"),
    ("a WAV cut in half", half(WHOLE), "a whole WAV file, got one that is truncated"),
    ("a WAV without its last bytes", WHOLE[:-2], "truncated"),
    ("a FLAC cut in half", half(file_of(noise(), "FLAC", "PCM_16")), "truncated"),
    ("an Ogg cut in half", half(file_of(noise(), "OGG", "VORBIS")), "a whole Ogg file"),
    ("an Opus without its last byte", file_of(noise(), "OGG", "OPUS")[:-1], "a whole Ogg file"),
    ("a WAV that holds something else", b"RIFF\x10\x00\x00\x00CDDA" + b"data\x08\x00\x00\x00" + b"x" * 8, "WAV"),
    ("too long", file_of(noise(MAX_S + 0.01)), "0.1 to 12 s of audio, got 12.01 s"),
    ("too short", file_of(noise(MIN_S - 0.01)), "0.1 to 12 s of audio, got 0.09 s"),
    ("silence", file_of(np.zeros((RATE, 2), np.float32)), "not silent: a peak above -80 dBFS, got nothing at all"),
    ("nearly silence", file_of(noise() * np.float32(1e-4)), "got -86 dBFS"),
    ("surround", file_of(noise(channels=6)), "1 or 2 channels, got 6"),
    ("too low a rate", file_of(noise(sample_rate=4000), sample_rate=4000), "8000 to 192000 frames a second"),
    ("too high a rate", file_of(noise(sample_rate=384_000), sample_rate=384_000), "got 384000"),
    ("a NaN", file_of(np.where(np.arange(RATE)[:, None] == 99, np.nan, noise())), "finite samples"),
    ("an infinity", file_of(np.where(np.arange(RATE)[:, None] == 99, np.inf, noise())), "finite samples"),
    ("wrong numbers", file_of(noise() * np.float32(1e6)), "in [-1, 1]"),
]


@pytest.mark.parametrize(("data", "said"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_cannot_be_begun_with_is_refused_and_said_why(data: bytes, said: str) -> None:
    with pytest.raises(InvalidAskError) as error:
        read(data)
    assert error.value.field == "init_audio"
    assert said in error.value.problem


def test_a_file_that_claims_hours_is_refused_before_it_is_decoded() -> None:
    data = bytearray(file_of(noise(), "FLAC", "PCM_16"))
    # STREAMINFO: the count of samples is the low 36 bits of the 8 bytes at 18.
    packed = int.from_bytes(data[18:26], "big")
    data[18:26] = (packed & ~(2**36 - 1) | 2**36 - 1).to_bytes(8, "big")
    with pytest.raises(InvalidAskError, match="to 12 s of audio"):
        read(bytes(data))


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_read_or_refused_and_never_anything_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    container, codec, sample_rate = FILES[seed % len(FILES)]
    data = bytearray(file_of(noise(0.3, 2, sample_rate), container, codec, sample_rate))
    for at in rng.integers(0, min(len(data), 4000), size=8):
        data[at] = rng.integers(256)
    with suppress(InvalidAskError):
        assert np.isfinite(read(bytes(data)).samples).all()
