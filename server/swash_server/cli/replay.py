"""`swash replay`: the log of a live session to a file, offline."""

from pathlib import Path

import click

from swash_server.cli.failure import told
from swash_server.cli.sound import encoding_named


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
        # Imported here: the effects take a second to load, and the other commands do without.
        from swash_model.procedural import session_log
        from swash_model.procedural.engine import ProceduralEngine
        from swash_server.live.replay import write
        from swash_server.wire import ENCODINGS

        output = output or log.with_suffix(".wav")
        encoding = ENCODINGS[encoding_named(output.suffix)]
        with log.open(encoding="utf-8") as lines:
            session = session_log.read(lines)
        made_by, here = session.head.engine_version, ProceduralEngine().version
        if made_by != here and not quiet:
            click.echo(
                f"swash: the session was made by engine version {made_by}, this is {here}: "
                "some effects may sound otherwise",
                err=True,
            )
        write(session, output, encoding)
        if not quiet:
            rate = session.head.sample_rate
            click.echo(
                f"{output}: {len(session.events)} events, {session.frames / rate:.2f} s, {rate} Hz, "
                f"{'mono' if session.head.channels == 1 else 'stereo'}",
                err=True,
            )
