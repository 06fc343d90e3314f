"""The events of a Render call, followed and checked; how they arrive, sync or async, is not known here."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from swash.v1 import sound_pb2 as pb
from swash_client.errors import DamagedSoundError
from swash_client.sound import PCM16_FULL_SCALE, Block, Header, Progress, Sound, SoundFile, Trailer
from swash_client.wire import header_of, progress_of, trailer_of

OnProgress: TypeAlias = Callable[[Progress], None]
"""Is told how far a sound is before its header comes; what it raises ends the call and reaches the caller."""

_SAMPLE_BYTES = {"pcm_s16le": 2, "pcm_f32le": 4}


class Reader:
    """Follows the events of one call in order and proves each take whole; keeps no audio.

    `header` and `trailer` are those of the take that is arriving or arrived last, None until they come.
    """

    def __init__(self, on_progress: OnProgress | None = None) -> None:
        self._on_progress = on_progress
        self.header: Header | None = None
        self.trailer: Trailer | None = None
        self._sha256 = hashlib.sha256()
        self._frames = 0

    def take_in(self, event: pb.RenderResponse) -> bytes:
        """Return the audio in an event, b"" when it has none; raise DamagedSoundError at a gap."""
        match event.WhichOneof("event"):
            case "progress":
                if self._on_progress is not None:
                    self._on_progress(progress_of(event.progress))
            case "header":
                self._begin(header_of(event.header))
            case "audio":
                self._count(event.audio)
                return event.audio.data
            case "trailer":
                self._finish(trailer_of(event.trailer))
        return b""  # also an event that is newer than this client

    def whole(self) -> tuple[Header, Trailer]:
        """Return the header and the trailer of the take that has just ended; raise when it has not."""
        if self.header is None or self.trailer is None:
            raise DamagedSoundError("the stream ended before the sound did")
        return self.header, self.trailer

    def _begin(self, header: Header) -> None:
        if self.header is not None and not self._anew(header):
            self.whole()  # the take before must have ended
        self.header, self.trailer = header, None
        self._sha256, self._frames = hashlib.sha256(), 0

    def _anew(self, header: Header) -> bool:
        """Return whether a header begins again the file that broke off; PCM goes on instead."""
        assert self.header is not None
        same = (header.take, header.encoding) == (self.header.take, self.header.encoding)
        return self.trailer is None and same and header.encoding not in _SAMPLE_BYTES

    def _count(self, audio: pb.Audio) -> None:
        header = self._arriving()
        if header.encoding not in _SAMPLE_BYTES:
            return  # bytes of a file have no frame numbers
        frames, rest = divmod(len(audio.data), _SAMPLE_BYTES[header.encoding] * header.channels)
        if rest or audio.first_frame != self._frames:
            raise DamagedSoundError(f"audio is missing after frame {self._frames}")
        self._sha256.update(audio.data)
        self._frames += frames

    def _finish(self, trailer: Trailer) -> None:
        if self._arriving().encoding in _SAMPLE_BYTES:
            if trailer.frames != self._frames:
                raise DamagedSoundError(f"{self._frames} of {trailer.frames} frames arrived")
            if trailer.sha256 != self._sha256.digest():
                raise DamagedSoundError("the SHA-256 of the samples that arrived is not the server's")
        self.trailer = trailer

    def _arriving(self) -> Header:
        if self.header is None or self.trailer is not None:
            raise DamagedSoundError("an event came between the trailer and the next header")
        return self.header


@dataclass(frozen=True, slots=True)
class Take:
    """One take as its bytes came."""

    header: Header
    trailer: Trailer
    data: bytes

    def sound(self) -> Sound:
        """Return the take as samples."""
        return Sound(block_of(self.data, self.header), self.header, self.trailer)

    def file(self) -> SoundFile:
        """Return the take as a file."""
        return SoundFile(self.data, self.header, self.trailer)


class Recording:
    """Keeps the takes of one call."""

    def __init__(self, on_progress: OnProgress | None = None) -> None:
        self._reader = Reader(on_progress)
        self._parts: list[bytes] = []
        self._takes: list[Take] = []

    def take_in(self, event: pb.RenderResponse) -> None:
        """Keep what an event brings."""
        data = self._reader.take_in(event)
        if event.HasField("header"):
            self._parts.clear()  # of a file that broke off and begins anew
        self._parts.append(data)
        if event.HasField("trailer"):
            header, trailer = self._reader.whole()
            self._takes.append(Take(header, trailer, b"".join(self._parts)))
            self._parts.clear()

    def takes(self, count: int) -> list[Take]:
        """Return the takes once the call has ended; raise DamagedSoundError unless there are `count`."""
        self._reader.whole()
        if len(self._takes) != count:
            raise DamagedSoundError(f"{len(self._takes)} of {count} takes arrived")
        return self._takes


def block_of(data: bytes, header: Header) -> Block:
    """Return the PCM bytes of a take as float32 samples, shape (frames, channels)."""
    return samples_of(data, header.encoding, header.channels)


def samples_of(data: bytes, encoding: str, channels: int) -> Block:
    """Return PCM bytes as float32 samples, shape (frames, channels)."""
    if encoding == "pcm_f32le":
        samples = np.frombuffer(data, "<f4").astype(np.float32)
    else:
        samples = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(PCM16_FULL_SCALE)
    return samples.reshape(-1, channels)
