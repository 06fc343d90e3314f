"""`swash play`: words to the loudspeakers."""

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import click

from swash.v1 import sound_pb2
from swash_client import DamagedSoundError
from swash_server.cli.failure import FAILED, fail, told
from swash_server.cli.progress import Progress
from swash_server.cli.sound import Source, events_of, request_of, sound_options

# Programs that play raw 16-bit samples from standard input, the most direct first.
PLAYERS = {
    "pw-play": "--raw --format=s16 --rate={rate} --channels={channels} -",
    "paplay": "--raw --format=s16le --rate={rate} --channels={channels}",
    "aplay": "-q -t raw -f S16_LE -r {rate} -c {channels}",
    "play": "-q -t raw -e signed -b 16 -L -r {rate} -c {channels} -",
    "ffplay": "-nodisp -autoexit -loglevel error -f s16le -ar {rate} -ch_layout {layout} -",
}
END_S = 300.0  # longer than the longest sound: a player that hangs is given up


@click.command()
@sound_options
@click.option("--player", type=click.Choice(list(PLAYERS)), help="The program that plays; the first one found.")
def play(settings: tuple[str, ...], source: Source, player: str | None, **asked: Any) -> None:
    """Make the sound of PROMPT and play it while it is made."""
    with told():
        request = request_of(settings, **asked, encoding=sound_pb2.ENCODING_PCM_S16LE)
        program = player or next((name for name in PLAYERS if shutil.which(name)), None)
        if program is None or not shutil.which(program):
            fail(f"no player found; install one of {', '.join(PLAYERS)}, or write a file: swash render", FAILED)
        _play(program, events_of(request, source))


def _play(program: str, events: Iterator[sound_pb2.RenderResponse]) -> None:
    header = _first_header(events)
    playing = subprocess.Popen(_command(program, header), stdin=subprocess.PIPE)
    assert playing.stdin is not None
    try:
        for event in events:
            playing.stdin.write(event.audio.data)
        playing.stdin.close()
        if playing.wait(END_S) != 0:
            fail(f"{program} ended with status {playing.returncode}", FAILED)
    except BrokenPipeError:
        fail(f"{program} stopped listening", FAILED)
    finally:
        if playing.poll() is None:
            playing.terminate()


def _first_header(events: Iterator[sound_pb2.RenderResponse]) -> sound_pb2.Header:
    """Wait for the header, showing how far the sound is."""
    with Progress(shown=True, takes=1) as progress:
        for event in events:
            if event.HasField("header"):
                return event.header
            progress.take_in(event)
    raise DamagedSoundError("the stream ended before the sound began")


def _command(program: str, header: sound_pb2.Header) -> list[str]:
    layout = "mono" if header.channels == 1 else "stereo"
    arguments = PLAYERS[program].format(rate=header.sample_rate, channels=header.channels, layout=layout)
    return [program, *arguments.split()]
