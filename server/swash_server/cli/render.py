"""`swash render`: words to a file."""

import io
import re
import sys
from pathlib import Path
from typing import Any, get_args

import click

from swash.v1 import sound_pb2
from swash_client import Header, Priority
from swash_client.recording import Recording, Take
from swash_server.cli.failure import told
from swash_server.cli.progress import Progress
from swash_server.cli.sound import Source, encoding_named, events_of, request_of, sound_options


@click.command()
@sound_options
@click.option("--takes", type=int, help="How many takes, 1 to 32: seeds count up, the object stays.")
@click.option(
    "--priority",
    type=click.Choice(get_args(Priority)),
    help="Who goes first when a server is busy; interactive by default.",
)
@click.option("--no-trim", is_flag=True, help="Keep the silence at the end of a one-shot.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file: .wav .flac .ogg .opus .s16 .f32; named after the words unless given. '-': standard output.",
)
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw the sound into a PNG.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def render(
    settings: tuple[str, ...],
    source: Source,
    output: Path | None,
    picture: Path | None,
    no_trim: bool,
    quiet: bool,
    **asked: Any,
) -> None:
    """Make the sound of PROMPT and write it to a file."""
    with told():
        request = request_of(settings, **asked, trim=False if no_trim else None)
        output = output or Path(_named_after(request) + ".wav")
        request.encoding = sound_pb2.ENCODING_WAV if str(output) == "-" else encoding_named(output.suffix)
        for take in _takes(request, source, quiet=quiet):
            path = _numbered(output, take, request.takes)
            _write(take.data, path)
            if picture is not None:
                _draw(take, _numbered(picture, take, request.takes))
            if not quiet:
                click.echo(f"{path}: {_summary(take)}", err=True)


def _takes(request: sound_pb2.RenderRequest, source: Source, *, quiet: bool) -> list[Take]:
    """Return every take, whole and proved."""
    recording = Recording()
    events = events_of(request, source, quiet=quiet)
    with Progress(shown=not quiet, takes=request.takes or 1) as progress:
        for event in events:
            recording.take_in(event)
            progress.take_in(event)
    return recording.takes(request.takes or 1)


def _named_after(request: sound_pb2.RenderRequest) -> str:
    words = request.prompt or request.effect
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:60] or "sound"


def _numbered(path: Path, take: Take, takes: int) -> Path:
    return path if takes <= 1 else path.with_stem(f"{path.stem}_{take.header.take + 1:02}")


def _write(data: bytes, path: Path) -> None:
    if str(path) == "-":
        sys.stdout.buffer.write(data)
    else:
        path.write_bytes(data)


def _summary(take: Take) -> str:
    header, trailer = take.header, take.trailer
    notes = [
        *(["fallback"] if header.fallback else []),
        *(["prompt truncated"] if header.prompt_truncated else []),
        *([f"instead of seed {header.replaced_seed}"] if header.replaced_seed is not None else []),
        *([f"read as {header.english_prompt!r}"] if header.english_prompt else []),
        *([f"not understood: {' '.join(header.unknown_words)}"] if header.unknown_words else []),
        *([f"key {header.key}"] if header.neural is not None else []),
    ]
    return (
        f"{_what(header)}, {trailer.frames / header.sample_rate:.2f} s, {header.sample_rate} Hz, "
        f"{'mono' if header.channels == 1 else 'stereo'}, {trailer.loudness_lufs:.1f} LUFS, "
        f"seed {header.seed}, confidence {header.confidence:.2f}, cached: {header.cached}"
        + "".join(f", {note}" for note in notes)
    )


def _what(header: Header) -> str:
    """Name what sounds: the layers, or of a neural sound, which has none, how it was made."""
    if header.neural is not None:
        return f"{header.engine} in {header.neural.steps} step{'s' if header.neural.steps != 1 else ''}"
    return " + ".join(layer.effect + (layer.preset and f"/{layer.preset}") for layer in header.layers)


def _draw(take: Take, path: Path) -> None:
    # Imported here: Matplotlib takes a second to load, and few renders want a picture.
    import soundfile

    from swash_server.formats.picture import draw

    if take.header.encoding.startswith("pcm"):
        samples = take.sound().samples
    else:
        samples, _ = soundfile.read(io.BytesIO(take.data), dtype="float32", always_2d=True)
    draw(samples, take.header.sample_rate, path, title=f"{_what(take.header)}, seed {take.header.seed}")
