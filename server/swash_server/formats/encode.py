"""From samples to the bytes a caller asked for. Equal sounds give equal bytes."""

import enum
import io
import zlib

import numpy as np
import soundfile

from swash_model.errors import InvalidAskError
from swash_model.spec import Block
from swash_server.formats import ogg, wav

S16_SCALE = np.float32(32_767.0)  # -32768 is never reached, so that both halves are alike
OPUS_SAMPLE_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
VORBIS_COMPRESSION = 0.4  # of libsndfile, 0 best: quality 6, about 180 kbit/s in stereo at 48 kHz
OPUS_COMPRESSION = 0.7  # about 160 kbit/s in stereo
PIECE_FRAMES = 4096  # libvorbis puts all it gets at once on its stack, and overflows it (libsndfile #1095)


class Encoding(enum.Enum):
    """How the audio travels."""

    PCM_S16LE = "pcm_s16le"
    PCM_F32LE = "pcm_f32le"
    WAV = "wav"
    FLAC = "flac"
    OGG_VORBIS = "ogg_vorbis"
    OGG_OPUS = "ogg_opus"


def pcm_s16(block: Block) -> bytes:
    """Return signed 16-bit samples, little-endian, interleaved; what is beyond full scale is clipped."""
    scaled = block * S16_SCALE
    np.rint(scaled, out=scaled)
    np.clip(scaled, -32_768.0, 32_767.0, out=scaled)
    return scaled.astype("<i2").tobytes()


def pcm_f32(block: Block) -> bytes:
    """Return 32-bit float samples, little-endian, interleaved."""
    return block.astype("<f4", copy=False).tobytes()


PCM = {Encoding.PCM_S16LE: pcm_s16, Encoding.PCM_F32LE: pcm_f32}


def file_of(sound: Block, sample_rate: int, encoding: Encoding, loop: bool = False) -> bytes:
    """Return a whole sound as a file (PCM: its samples); raise InvalidAskError for a rate Opus does not know."""
    frames, channels = sound.shape
    match encoding:
        case Encoding.PCM_S16LE:
            return pcm_s16(sound)
        case Encoding.PCM_F32LE:
            return pcm_f32(sound)
        case Encoding.WAV:
            head = wav.head(frames, channels, sample_rate, loop=loop)
            return head + pcm_s16(sound) + wav.tail(frames, sample_rate, loop=loop)
        case Encoding.FLAC:
            samples = np.frombuffer(pcm_s16(sound), "<i2").reshape(sound.shape)
            return _written(samples, sample_rate, "FLAC", "PCM_16")
        case Encoding.OGG_VORBIS:
            file = _written(sound, sample_rate, "OGG", "VORBIS", VORBIS_COMPRESSION)
        case Encoding.OGG_OPUS:
            _check_opus(sample_rate)
            file = _written(sound, sample_rate, "OGG", "OPUS", OPUS_COMPRESSION)
    return ogg.with_serial(file, serial=zlib.crc32(pcm_f32(sound)))


def _check_opus(sample_rate: int) -> None:
    if sample_rate not in OPUS_SAMPLE_RATES:
        rates = ", ".join(map(str, OPUS_SAMPLE_RATES))
        raise InvalidAskError(
            "encoding", f"OGG_OPUS carries {rates} Hz, got {sample_rate}; ask for one of them, or for OGG_VORBIS"
        )


def _written(
    samples: Block | np.ndarray[tuple[int, ...], np.dtype[np.int16]],
    sample_rate: int,
    container: str,
    codec: str,
    compression: float | None = None,
) -> bytes:
    """Return what libsndfile writes."""
    file = io.BytesIO()
    with soundfile.SoundFile(
        file,
        "w",
        sample_rate,
        samples.shape[1],
        codec,
        format=container,
        compression_level=compression,
    ) as out:
        for start in range(0, len(samples), PIECE_FRAMES):
            out.write(samples[start : start + PIECE_FRAMES])
    return file.getvalue()
