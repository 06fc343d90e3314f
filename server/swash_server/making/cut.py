"""From a tape to the messages of one encoding. Made once for a tape and kept with it, serialised."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

import numpy as np

from swash.v1 import sound_pb2
from swash_model.spec import Block
from swash_server.formats import wav
from swash_server.formats.encode import PCM, Encoding, file_of, pcm_f32, pcm_s16
from swash_server.making.tape import Tape
from swash_server.observability.telemetry import SPAN

FILE_PIECE_BYTES = 64 * 1024


def is_pcm(encoding: Encoding) -> bool:
    """Return whether an encoding is bare samples, which may start at any frame."""
    return encoding in PCM


async def messages(tape: Tape, encoding: Encoding, *, loop: bool, first_frame: int) -> AsyncGenerator[bytes]:
    """Yield serialised RenderResponse messages that hold the audio.

    PCM, and WAV of a length that is known beforehand, while it is recorded; other files when it is finished.
    """
    made = None
    if is_pcm(encoding):
        made = _pcm_messages(tape, encoding, first_frame)
    elif encoding is Encoding.WAV and tape.frames is not None:  # its head tells the length
        made = _wav_messages(tape, tape.frames, loop=loop)
    if made is not None:
        async with aclosing(made):
            async for message in made:
                yield message
        return
    for message in await tape.kept(encoding.name, partial(_file_messages, tape, encoding, loop=loop)):
        yield message


async def whole(tape: Tape, encoding: Encoding) -> bytes:
    """Return all samples of a finished sound in a PCM encoding, made once."""
    return bytes(await tape.kept(f"whole {encoding.name}", partial(_whole, tape, encoding)))


async def _whole(tape: Tape, encoding: Encoding) -> bytes:
    to_bytes = PCM[encoding]
    return await asyncio.to_thread(lambda: b"".join(map(to_bytes, tape.pieces)))


async def sha256(tape: Tape, encoding: Encoding) -> bytes:
    """Return the digest that the trailer carries: of the whole sound as 16-bit, or as floats if that was sent."""
    floats = encoding is Encoding.PCM_F32LE
    return bytes(await tape.kept(f"sha256 {floats}", partial(_digest, tape, floats=floats)))


async def _pcm_messages(tape: Tape, encoding: Encoding, first_frame: int) -> AsyncGenerator[bytes]:
    made = tape.messages.setdefault(encoding, [])
    to_bytes = PCM[encoding]
    start = 0
    index = 0
    async for piece in tape.play():
        if index == len(made):
            made.append(_message(to_bytes(piece), start))
        if start >= first_frame:
            yield made[index]
        elif start + len(piece) > first_frame:
            yield _message(to_bytes(piece[first_frame - start :]), first_frame)
        start += len(piece)
        index += 1


async def _wav_messages(tape: Tape, frames: int, *, loop: bool) -> AsyncGenerator[bytes]:
    made = tape.messages.setdefault(Encoding.WAV, [])
    index = 0
    async for piece in tape.play():
        if index == len(made):
            head = b"" if index else wav.head(frames, piece.shape[1], tape.sample_rate, loop=loop)
            made.append(_message(head + pcm_s16(piece)))
        yield made[index]
        index += 1
    if tail := wav.tail(frames, tape.sample_rate, loop=loop):
        yield _message(tail)


async def _file_messages(tape: Tape, encoding: Encoding, *, loop: bool) -> list[bytes]:
    await tape.finished()
    with SPAN.get().child("encode", encoding=encoding.name):
        return await asyncio.to_thread(_messages_of_file, tape.pieces, tape.sample_rate, encoding, loop=loop)


def _messages_of_file(pieces: list[Block], sample_rate: int, encoding: Encoding, *, loop: bool) -> list[bytes]:
    data = file_of(np.concatenate(pieces), sample_rate, encoding, loop=loop)
    return [_message(data[at : at + FILE_PIECE_BYTES]) for at in range(0, len(data), FILE_PIECE_BYTES)]


async def _digest(tape: Tape, *, floats: bool) -> bytes:
    to_bytes = pcm_f32 if floats else pcm_s16
    return await asyncio.to_thread(_sha256_of, tape.pieces, to_bytes)


def _sha256_of(pieces: list[Block], to_bytes: Callable[[Block], bytes]) -> bytes:
    sha256 = hashlib.sha256()
    for piece in pieces:
        sha256.update(to_bytes(piece))
    return sha256.digest()


def _message(data: bytes, first_frame: int = 0) -> bytes:
    audio = sound_pb2.Audio(data=data, first_frame=first_frame)
    return sound_pb2.RenderResponse(audio=audio).SerializeToString()
