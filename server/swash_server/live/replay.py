"""From the log of a live session to a file: the same samples, offline."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.errors import InvalidAskError
from swash_model.procedural.session_log import SessionLog
from swash_model.spec import Block
from swash_server.formats import wav
from swash_server.formats.encode import PCM, Encoding, file_of, pcm_s16
from swash_server.making.mastering import Mastering, master

WHOLE_S = 1800.0  # what is encoded whole is held in memory


def write(session: SessionLog, output: Path, encoding: Encoding) -> None:
    """Write a session of any length as it is made, or one that must be encoded whole.

    Raises InvalidAskError when that would be longer than half an hour.
    """
    head = session.head
    if encoding in PCM or encoding is Encoding.WAV:
        with output.open("wb") as file:
            if encoding is Encoding.WAV:
                file.write(wav.head(session.frames, head.channels, head.sample_rate))
            for block in _blocks(session):
                file.write(PCM.get(encoding, pcm_s16)(block))
        return
    if session.frames > WHOLE_S * head.sample_rate:
        raise InvalidAskError(
            "output",
            f".wav, .s16 or .f32 for more than {WHOLE_S:g} s, got {output.suffix} for {session.frames} frames",
        )
    sound = np.concatenate([np.zeros((0, head.channels), np.float32), *_blocks(session)])
    output.write_bytes(file_of(sound, head.sample_rate, encoding))


def _blocks(session: SessionLog) -> Iterator[Block]:
    head = session.head
    quanta = (np.ascontiguousarray(quantum.T, np.float32) for quantum in session.quanta())
    mastering = Mastering(head.sample_rate, head.channels, None, head.ceiling_dbtp)
    return master(quanta, source_rate=SAMPLE_RATE, frames=session.frames, mastering=mastering)
