"""From a sound file to what is to be said of it: what it is like, and whether it is fit to ship."""

import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from swash_model.dsp.inspection import Inspection, inspect
from swash_model.spec import Block

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus")
MAX_FILE_BYTES = 512 * 2**20
MAX_SAMPLES = 2 * 600 * 48_000  # 10 min in stereo: some 1 GiB while it is measured
MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 8000, 192_000
OPUS_RATE = 48_000  # loop points of Opus count frames at this rate, whatever the file's own
COMMENTS_BYTES = 2**20  # comments stand at the beginning of a file

SILENT_DBFS = -90.0
DC_DBFS = -40.0  # more costs headroom, and clicks where a sound is started or cut
DC_SHORTEST_S = 0.2  # below, half a wave of something deep looks like an offset
MAX_SEAM = 2.5  # loops that close to the sample have 1.2 at most, those that are merely cut often 2 to 17
TOLD = 5  # clicks and clipped runs by their time

_KINDS = (b"RIFF", b"fLaC", b"OggS")


class UnreadableError(Exception):
    """A file is no sound that can be checked; the message says why."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What a project asks of its sounds; None asks nothing."""

    loudness_lufs: float | None = None
    tolerance_lu: float = 1.0
    ceiling_dbtp: float | None = None
    max_onset_s: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: `faults` in words, none of a sound that passes; `loop` its first frame and the end."""

    inspection: Inspection
    loop: tuple[int, int] | None
    faults: tuple[str, ...]


def report_on(path: Path, targets: Targets, *, loops: bool = False) -> Report:
    """Return what is to be said of a file; raise UnreadableError. `loops` takes all of it for a loop."""
    samples, sample_rate, loop = read_sound(path)
    if loop is None and loops:
        loop = 0, len(samples)
    if loop is not None and loop != (0, len(samples)):
        whole = inspect(samples, sample_rate)
        seam = inspect(samples[slice(*loop)], sample_rate, loop=True).seam
    else:
        whole = inspect(samples, sample_rate, loop=loop is not None)
        seam = whole.seam
    faults = [*_broken(whole), *_missed(whole, targets)]
    if seam is not None and max(seam.jump, seam.slope, seam.flux) > MAX_SEAM:
        worst = max(("jump", "slope", "flux"), key=lambda name: float(getattr(seam, name)))
        faults.append(f"the seam is heard: a {worst} {getattr(seam, worst):.1f} times what is inside the loop")
    return Report(replace(whole, seam=seam), loop, tuple(faults))


def read_sound(path: Path) -> tuple[Block, int, tuple[int, int] | None]:
    """Return a file's samples, shape (frames, channels), its rate and its loop; raise UnreadableError."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise UnreadableError(f"at most {MAX_FILE_BYTES >> 20} MiB, got {size / 2**20:.0f}")
        with path.open("rb") as file:
            head = file.read(COMMENTS_BYTES)
        # Looked at before libsndfile does: it would try two dozen formats more, each with code of its own.
        if head[:4] not in _KINDS:
            raise UnreadableError(f"a WAV, FLAC or Ogg file, got {head[:4]!r}" if head else "an empty file")
        with soundfile.SoundFile(path) as sound:
            _check_shape(sound.frames, sound.channels, sound.samplerate)
            samples = sound.read(sound.frames, dtype="float32", always_2d=True)
            rate, scale = sound.samplerate, sound.samplerate / OPUS_RATE if sound.subtype == "OPUS" else 1.0
    except (OSError, soundfile.LibsndfileError) as error:
        raise UnreadableError(getattr(error, "strerror", None) or "damaged, or of a kind unknown here") from error
    loop = _loop_of_wav(path) if head[:4] == b"RIFF" else _loop_of_comments(head, scale)
    if loop is not None and not 0 <= loop[0] < loop[1] <= len(samples):
        raise UnreadableError(f"loop points within its {len(samples)} frames, got {loop[0]} to {loop[1]}")
    return samples, rate, loop


def _check_shape(frames: int, channels: int, sample_rate: int) -> None:
    if not 1 <= channels <= 2:
        raise UnreadableError(f"1 or 2 channels, got {channels}")
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise UnreadableError(f"{MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} frames a second, got {sample_rate}")
    if not 0 < frames * channels <= MAX_SAMPLES:
        raise UnreadableError(f"1 to {MAX_SAMPLES} samples, 10 min in stereo at 48 kHz, got {frames * channels}")


def _loop_of_wav(path: Path) -> tuple[int, int] | None:
    """Return the first loop of a `smpl` chunk, its end as the frame behind it; None without one."""
    with path.open("rb") as file:
        file.seek(12)  # behind "RIFF", a size and "WAVE"
        while len(head := file.read(8)) == 8:
            name, size = struct.unpack("<4sI", head)
            if name == b"smpl":
                chunk = file.read(min(size, 60))
                if len(chunk) < 60 or struct.unpack_from("<I", chunk, 28)[0] < 1:
                    return None
                first, last = struct.unpack_from("<II", chunk, 44)
                return first, last + 1
            file.seek(size + size % 2, 1)
    return None


def _loop_of_comments(head: bytes, scale: float) -> tuple[int, int] | None:
    """Return the loop that the comments LOOPSTART and LOOPLENGTH tell, in frames; None without them."""
    start, length = (re.search(rb"(?i)%s=(\d{1,12})" % name, head) for name in (b"LOOPSTART", b"LOOPLENGTH"))
    if start is None or length is None:
        return None
    first = round(int(start[1]) * scale)
    return first, first + round(int(length[1]) * scale)


def _broken(told: Inspection) -> list[str]:
    """Return what is wrong with a sound whatever it is for."""
    survey, rate = told.survey, told.sample_rate
    if survey.not_finite:
        return [f"{survey.not_finite} samples are not numbers"]
    if told.peak_dbfs < SILENT_DBFS:
        return ["silent"]
    faults = []
    if survey.clipped:
        faults.append(f"clipped at {_times(survey.clipped, rate)}")
    if survey.clicks:
        faults.append(f"clicks at {_times(survey.clicks, rate)}")
    if 20.0 * np.log10(max(min(survey.peaks), 1e-12)) < SILENT_DBFS:
        faults.append(f"channel {int(np.argmin(survey.peaks)) + 1} is silent")
    if max(told.dc_dbfs) > DC_DBFS and told.duration_s >= DC_SHORTEST_S:
        faults.append(f"off centre: DC of {max(told.dc_dbfs):.1f} dBFS, {DC_DBFS:g} at most")
    return faults


def _missed(told: Inspection, targets: Targets) -> list[str]:
    """Return which targets a sound does not meet."""
    faults = []
    if targets.loudness_lufs is not None:
        off_lu = told.loudness_lufs - targets.loudness_lufs
        if abs(off_lu) > targets.tolerance_lu:
            wanted = f"{targets.loudness_lufs:g} ± {targets.tolerance_lu:g}"
            faults.append(
                f"too {'loud' if off_lu > 0 else 'soft'}: {told.loudness_lufs:.1f} LUFS, {wanted} asked for"
            )
    if targets.ceiling_dbtp is not None and told.true_peak_dbtp > targets.ceiling_dbtp:
        faults.append(f"true peak of {told.true_peak_dbtp:.2f} dBTP, {targets.ceiling_dbtp:g} at most")
    if targets.max_onset_s is not None and told.onset_s > targets.max_onset_s:
        faults.append(f"begins after {1000 * told.onset_s:.0f} ms, {1000 * targets.max_onset_s:g} at most")
    return faults


def _times(frames: tuple[int, ...], sample_rate: int) -> str:
    shown = ", ".join(f"{frame / sample_rate:.3f}" for frame in frames[:TOLD])
    return f"{shown} s" + (f" and {len(frames) - TOLD} times more" if len(frames) > TOLD else "")
