"""Audio that a caller brings to begin with: from a file, or a sound from memory, to a Recording; checked here."""

import hashlib
import io
import struct

import numpy as np
import soundfile

from swash_model.errors import InvalidAskError
from swash_model.spec import Block, Recording

MIN_S, MAX_S = 0.1, 12.0  # no model takes more than 11.9 s; the engine knows its own limit, and checks again
MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 8000, 192_000
SILENCE_DBFS = -80.0
MAX_PEAK = 8.0  # +18 dBFS: louder is no sound but wrong numbers, and would drown what is made of it
UNKNOWN_BYTES = 0x7FFF0000  # from here on the size in a WAV's head means "until the end": a stream had none yet
OGG_LAST_PAGE = 4  # a flag of its header (RFC 3533)

_KINDS = {b"RIFF": "WAV", b"fLaC": "FLAC", b"OggS": "Ogg"}
_FORMATS = {"WAV": "WAV", "WAVEX": "WAV", "FLAC": "FLAC", "OGG": "Ogg"}  # as libsndfile calls them


def read(data: bytes, field: str = "init_audio") -> Recording:
    """Return the audio in a WAV, FLAC or Ogg file; raise InvalidAskError naming the field."""
    # Looked at before libsndfile does: it would try two dozen formats more, each with code of its own.
    kind = _KINDS.get(data[:4])
    if kind is None:
        raise InvalidAskError(field, f"a WAV, FLAC or Ogg file, got {_shown(data)}")
    if _cut_short(data, kind):
        raise InvalidAskError(field, f"a whole {kind} file, got one that is truncated")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if _FORMATS.get(file.format) != kind:
                raise InvalidAskError(field, f"a WAV, FLAC or Ogg file, got {file.format}")
            _check_shape(file.frames, file.channels, file.samplerate, field)
            samples = file.read(file.frames, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise InvalidAskError(field, f"a whole {kind} file, got one that is damaged or truncated") from error
    if len(samples) < file.frames:
        raise InvalidAskError(field, f"a whole {kind} file, got one that is truncated")
    return recording(samples, file.samplerate, field)


def recording(samples: Block, sample_rate: int, field: str) -> Recording:
    """Return samples, shape (frames, channels), as a Recording; raise InvalidAskError for what nobody can hear."""
    frames, channels = samples.shape
    _check_shape(frames, channels, sample_rate, field)
    peak = float(np.abs(samples).max())
    if not np.isfinite(peak):
        raise InvalidAskError(field, "finite samples, got NaN or infinity")
    if peak > MAX_PEAK:
        raise InvalidAskError(field, f"samples in [-1, 1], or at most {MAX_PEAK:g}, got {peak:g}")
    if peak <= 10.0 ** (SILENCE_DBFS / 20.0):
        raise InvalidAskError(field, f"not silent: a peak above {SILENCE_DBFS:g} dBFS, got {_dbfs(peak)}")
    digest = hashlib.blake2b(struct.pack("<II", channels, sample_rate), digest_size=32)
    digest.update(np.ascontiguousarray(samples, "<f4").view(np.uint8).data)
    return Recording(digest.hexdigest(), sample_rate, samples)


def _check_shape(frames: int, channels: int, sample_rate: int, field: str) -> None:
    if not 1 <= channels <= 2:
        raise InvalidAskError(field, f"1 or 2 channels, got {channels}")
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise InvalidAskError(field, f"{MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} frames a second, got {sample_rate}")
    if not MIN_S <= frames / sample_rate <= MAX_S:
        raise InvalidAskError(field, f"{MIN_S:g} to {MAX_S:g} s of audio, got {frames / sample_rate:.2f} s")


def _cut_short(data: bytes, kind: str) -> bool:
    """Return whether a file ends before its own head says; of such, libsndfile reads what there is."""
    match kind:
        case "WAV":
            return _wav_cut_short(data)
        case "Ogg":
            page = data[data.rfind(b"OggS") :]
            segments = page[26] if len(page) > 26 else 0
            whole = len(page) >= 27 + segments + sum(page[27 : 27 + segments])
            return not (whole and page[5] & OGG_LAST_PAGE)
    return False  # what a FLAC file lacks is noticed when it is read


def _wav_cut_short(data: bytes) -> bool:
    at = 12  # behind "RIFF", a size and "WAVE"
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        if name == b"data":
            return bool(size < UNKNOWN_BYTES and at + 8 + size > len(data))
        at += 8 + size + size % 2
    return True


def _dbfs(peak: float) -> str:
    return f"{20.0 * np.log10(peak):.0f} dBFS" if peak else "nothing at all"


def _shown(data: bytes) -> str:
    return f"{len(data)} bytes that begin with {data[:8]!r}" if data else "no bytes"
