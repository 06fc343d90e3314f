"""`swash replay`: the log of a live session to a file, offline."""

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from swash_model.dsp.timeline import SAMPLE_RATE
from swash_model.errors import InvalidAskError
from swash_model.procedural import session_log
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Block
from swash_server import wav
from swash_server.cli.failure import told
from swash_server.cli.sound import encoding_named
from swash_server.cut import PCM
from swash_server.encode import Encoding, file_of, pcm_s16
from swash_server.mastering import Mastering, master
from swash_server.wire import ENCODINGS

WHOLE_S = 1800.0  # what is encoded whole is held in memory


@click.command()
@click.argument("log", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file: .wav .flac .ogg .opus .s16 .f32; the log's name with .wav unless given.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def replay(log: Path, output: Path | None, quiet: bool) -> None:
    """Make the samples of a live session again from its LOG, and write them to a file."""
    with told():
        output = output or log.with_suffix(".wav")
        encoding = ENCODINGS[encoding_named(output.suffix)]
        with log.open(encoding="utf-8") as lines:
            session = session_log.read(lines)
        head = session.head
        if head.engine_version != ProceduralEngine().version and not quiet:
            click.echo(
                f"swash: the session was made by engine version {head.engine_version}, this is "
                f"{ProceduralEngine().version}: some effects may sound otherwise",
                err=True,
            )
        mastering = Mastering(head.sample_rate, head.channels, None, head.ceiling_dbtp)
        quanta = (np.ascontiguousarray(quantum.T, np.float32) for quantum in session.quanta())
        blocks = master(quanta, source_rate=SAMPLE_RATE, frames=session.frames, mastering=mastering)
        _write(output, encoding, blocks, session)
        if not quiet:
            click.echo(
                f"{output}: {len(session.events)} events, {session.frames / head.sample_rate:.2f} s, "
                f"{head.sample_rate} Hz, {'mono' if head.channels == 1 else 'stereo'}",
                err=True,
            )


def _write(output: Path, encoding: Encoding, blocks: Iterator[Block], session: session_log.SessionLog) -> None:
    """Write a session of any length as it is made, or one that must be encoded whole."""
    head = session.head
    if encoding in PCM or encoding is Encoding.WAV:
        with output.open("wb") as file:
            if encoding is Encoding.WAV:
                file.write(wav.head(session.frames, head.channels, head.sample_rate))
            for block in blocks:
                file.write(PCM.get(encoding, pcm_s16)(block))
        return
    if session.frames > WHOLE_S * head.sample_rate:
        raise InvalidAskError(
            "output",
            f".wav, .s16 or .f32 for more than {WHOLE_S:g} s, got {output.suffix} for {session.frames} frames",
        )
    sound = np.concatenate([np.zeros((0, head.channels), np.float32), *blocks])
    output.write_bytes(file_of(sound, head.sample_rate, encoding))
