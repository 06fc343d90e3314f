"""A sound as it came from the server: its audio, what it is, and what was measured."""

import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Block: TypeAlias = npt.NDArray[np.float32]
"""Some audio: shape (frames, channels), in [-1, 1]."""

Value: TypeAlias = float | str
"""A parameter: a number, or the name of a choice."""

PCM16_FULL_SCALE = 32_768.0  # int16 spans [-32768, 32767]; a power of two keeps the way there and back exact


@dataclass(frozen=True, slots=True)
class Layer:
    """One sounding part: an effect with every parameter resolved, `level_db` against the first layer."""

    effect: str
    preset: str
    parameters: Mapping[str, Value]
    level_db: float
    ucs_cat_id: str


@dataclass(frozen=True, slots=True)
class Loop:
    """The frames [start_frame, end_frame) repeat without a seam."""

    start_frame: int
    end_frame: int


@dataclass(frozen=True, slots=True)
class Neural:
    """How the neural engine made a sound: asked for with the seed, the sound is the same.

    `negative_prompt` and `init_noise_level` are None when there was none. `loop_method` is "latents" or
    "crossfade" for a loop, else None.
    """

    steps: int
    guidance: float
    negative_prompt: str | None
    init_noise_level: float | None
    short_window: bool
    loop_method: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sound is whose header is still to come: `step` of `steps` are done of `take`, counted from 0.

    While `queue_position` is above 0, as many sounds are made before this one.
    """

    take: int
    queue_position: int
    step: int
    steps: int


@dataclass(frozen=True, slots=True)
class Header:
    """Everything needed to play a sound, and to ask for it again.

    `take` counts from 0. `confidence` is 0..1, and 1 when an effect was named. `frames` is None while a
    one-shot of unknown length was still being made. `encoding` is "pcm_s16le", "wav", ...; `cached` is "no",
    "joined" (another call was making it), "memory", "store" or "shared" (what several servers have in common).
    `unknown_words` meant nothing to the server.

    `layers` is empty and `neural` is there when a neural engine made it. `key` names the sound, for `init_key`;
    it is "" when the server tells none. `fallback` says that `engine` made it instead of the one asked for,
    `prompt_truncated` that the prompt was longer than the engine reads. `replaced_seed` is the seed that was asked
    for when what it gave failed the quality gate and `seed` was used instead; `english_prompt` is what the neural
    engine read of a prompt in another language.
    """

    request_id: str
    take: int
    engine: str
    engine_version: str
    layers: tuple[Layer, ...]
    confidence: float
    seed: int
    object_seed: int
    sample_rate: int
    channels: int
    encoding: str
    frames: int | None
    loop: Loop | None
    cached: str
    licence: str
    unknown_words: tuple[str, ...]
    key: str
    fallback: bool
    prompt_truncated: bool
    neural: Neural | None
    replaced_seed: int | None = None
    english_prompt: str | None = None


@dataclass(frozen=True, slots=True)
class Trailer:
    """What is known at the end of a take.

    Loudness is integrated (BS.1770-4), at least -70 LUFS; the true peak at least -120 dBTP. `render_s` is
    what the making took, once, for whoever asked first. `sha256` is over the PCM of the whole take.
    """

    take: int
    frames: int
    loudness_lufs: float
    true_peak_dbtp: float
    render_s: float
    sha256: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A whole sound; `samples` are float32, shape (frames, channels), in [-1, 1]."""

    samples: Block
    header: Header
    trailer: Trailer

    @property
    def duration_s(self) -> float:
        """Seconds of sound."""
        return len(self.samples) / self.header.sample_rate

    def save(self, path: str | Path) -> None:
        """Write a 16-bit WAV file, without loop points: ask `render_file` for a WAV that has them."""
        pcm = np.clip(np.rint(self.samples * PCM16_FULL_SCALE), -PCM16_FULL_SCALE, PCM16_FULL_SCALE - 1)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(self.header.channels)
            file.setsampwidth(2)
            file.setframerate(self.header.sample_rate)
            file.writeframes(pcm.astype("<i2").tobytes())


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A whole sound as the bytes of a WAV, FLAC, Ogg Vorbis or Ogg Opus file."""

    data: bytes
    header: Header
    trailer: Trailer

    @property
    def duration_s(self) -> float:
        """Seconds of sound."""
        return self.trailer.frames / self.header.sample_rate

    def save(self, path: str | Path) -> None:
        """Write the file."""
        Path(path).write_bytes(self.data)
