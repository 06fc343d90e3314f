import io
import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from swash_model.errors import InvalidAskError
from swash_model.spec import Block
from swash_server.formats import wav
from swash_server.formats.encode import Encoding, file_of, pcm_f32, pcm_s16
from tests.hearing import correlation, level_db, mono, pcm16, sound_of

FILES = [Encoding.WAV, Encoding.FLAC, Encoding.OGG_VORBIS, Encoding.OGG_OPUS]
LOSSLESS = [Encoding.WAV, Encoding.FLAC]
LOSSY = [Encoding.OGG_VORBIS, Encoding.OGG_OPUS]
SAMPLE_RATES = [8_000, 22_050, 44_100, 48_000, 96_000]


@pytest.fixture(scope="module")
def waves() -> Block:
    return sound_of("ocean_waves", duration_s=3.0)


def read(file: bytes) -> tuple[Block, int]:
    samples, sample_rate = soundfile.read(io.BytesIO(file), dtype="float32", always_2d=True)
    return samples, sample_rate


def read_s16(file: bytes) -> npt.NDArray[np.int16]:
    samples, _ = soundfile.read(io.BytesIO(file), dtype="int16", always_2d=True)
    return np.asarray(samples)


def chunks(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each chunk of a RIFF file, and prove that they fill it."""
    riff, riff_bytes, wave = struct.unpack_from("<4sI4s", file)
    assert (riff, wave) == (b"RIFF", b"WAVE")
    assert riff_bytes == len(file) - 8
    at = 12
    while at < len(file):
        name, content_bytes = struct.unpack_from("<4sI", file, at)
        yield name, file[at + 8 : at + 8 + content_bytes]
        at += 8 + content_bytes + content_bytes % 2
    assert at == len(file)


def test_sixteen_bits_are_rounded_and_clipped() -> None:
    block = np.array([[0.0, 1.0], [-1.0, 2.0], [-2.0, 0.49 / 32_767], [0.51 / 32_767, -0.51 / 32_767]], np.float32)
    samples = struct.unpack("<8h", pcm_s16(block))
    assert samples == (0, 32_767, -32_767, 32_767, -32_768, 0, 1, -1)


def test_thirty_two_bits_are_the_samples_themselves(waves: Block) -> None:
    np.testing.assert_array_equal(np.frombuffer(pcm_f32(waves), "<f4").reshape(waves.shape), waves)


def test_blocks_join_to_the_same_bytes(waves: Block) -> None:
    parts = np.split(waves, [1, 500, 30_001])
    assert b"".join(pcm_s16(part) for part in parts) == pcm_s16(waves)
    assert b"".join(pcm_f32(part) for part in parts) == pcm_f32(waves)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
@pytest.mark.parametrize("encoding", LOSSLESS)
def test_a_lossless_file_holds_every_sample(
    encoding: Encoding, sample_rate: int, channels: int, waves: Block
) -> None:
    sound = waves[:, :channels]
    file = file_of(sound, sample_rate, encoding)
    np.testing.assert_array_equal(read_s16(file), pcm16(sound))
    assert read(file)[1] == sample_rate


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate", [24_000, 44_100, 48_000])
@pytest.mark.parametrize("encoding", LOSSY)
def test_a_lossy_file_sounds_the_same(encoding: Encoding, sample_rate: int, channels: int, waves: Block) -> None:
    if encoding is Encoding.OGG_OPUS and sample_rate == 44_100:
        return
    sound = waves[:, :channels]
    heard, rate = read(file_of(sound, sample_rate, encoding))
    assert rate == sample_rate
    assert heard.shape == sound.shape
    assert correlation(mono(heard), mono(sound)) > 0.97
    assert level_db(heard) == pytest.approx(level_db(sound), abs=0.3)


@pytest.mark.parametrize("frames", [1, 2, 63, 1000, 4096, 4097])
@pytest.mark.parametrize("encoding", FILES)
def test_every_length_comes_back(encoding: Encoding, frames: int, waves: Block) -> None:
    assert len(read(file_of(waves[:frames], 48_000, encoding))[0]) == frames


def test_a_very_long_vorbis_file_does_not_overflow_the_encoders_stack(waves: Block) -> None:
    sound = np.tile(waves[:, :1], (16, 1))  # 9 MB of samples, where a stack has 8
    assert len(read(file_of(sound, 48_000, Encoding.OGG_VORBIS))[0]) == len(sound)


@pytest.mark.parametrize("encoding", FILES)
def test_equal_sounds_give_equal_files(encoding: Encoding, waves: Block) -> None:
    assert file_of(waves, 48_000, encoding) == file_of(waves.copy(), 48_000, encoding)
    assert file_of(waves, 48_000, encoding) != file_of(waves[:-1], 48_000, encoding)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_loop_says_in_its_wav_that_all_of_it_repeats(channels: int, waves: Block) -> None:
    sound = waves[:, :channels]
    file = file_of(sound, 44_100, Encoding.WAV, loop=True)
    names = [name for name, _ in chunks(file)]
    assert names == [b"fmt ", b"data", b"smpl"]
    sampler = dict(chunks(file))[b"smpl"]
    _, _, period_ns, unity_note, _, _, _, loops, more_bytes = struct.unpack_from("<9I", sampler)
    assert (period_ns, unity_note, loops, more_bytes) == (22_676, 60, 1, 0)
    _, kind, start, end, fraction, times = struct.unpack_from("<6I", sampler, 36)
    assert (kind, start, end, fraction, times) == (0, 0, len(sound) - 1, 0, 0)
    assert len(sampler) == 60
    np.testing.assert_array_equal(read_s16(file), pcm16(sound))


def test_a_one_shot_has_no_loop_in_its_wav(waves: Block) -> None:
    file = file_of(waves, 48_000, Encoding.WAV)
    assert [name for name, _ in chunks(file)] == [b"fmt ", b"data"]
    assert len(file) == 44 + waves.size * 2


@pytest.mark.parametrize("loop", [False, True])
def test_a_wav_can_be_streamed_when_its_length_is_known(loop: bool, waves: Block) -> None:
    frames, channels = waves.shape
    streamed = [wav.head(frames, channels, 48_000, loop=loop)]
    streamed += [pcm_s16(block) for block in np.array_split(waves, 7)]
    streamed += [wav.tail(frames, 48_000, loop=loop)]
    assert b"".join(streamed) == file_of(waves, 48_000, Encoding.WAV, loop=loop)


@pytest.mark.parametrize("sample_rate", [8_000, 12_000, 16_000, 24_000, 48_000])
def test_opus_carries_its_five_rates(sample_rate: int, waves: Block) -> None:
    heard, rate = read(file_of(waves[:2000], sample_rate, Encoding.OGG_OPUS))
    assert (len(heard), rate) == (2000, sample_rate)


def test_opus_at_another_rate_says_what_to_ask_for(waves: Block) -> None:
    with pytest.raises(InvalidAskError, match="44100; ask for one of them, or for OGG_VORBIS") as error:
        file_of(waves, 44_100, Encoding.OGG_OPUS)
    assert error.value.field == "encoding"


@pytest.mark.parametrize("encoding", [Encoding.PCM_S16LE, Encoding.PCM_F32LE])
def test_pcm_is_a_file_without_a_head(encoding: Encoding, waves: Block) -> None:
    encoded = file_of(waves, 48_000, encoding)
    assert encoded == (pcm_s16(waves) if encoding is Encoding.PCM_S16LE else pcm_f32(waves))
