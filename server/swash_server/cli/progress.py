"""A progress bar for sounds that take a while; silent when nobody watches."""

from types import TracebackType
from typing import Self

from rich import progress as rich
from rich.console import Console

from swash.v1 import sound_pb2

SAYS = "making sound"
STEPS_SHARE = 0.95  # of a sound made in steps: its decoding, after the last one, tells nothing
SAMPLE_BYTES = {sound_pb2.ENCODING_PCM_S16LE: 2, sound_pb2.ENCODING_PCM_F32LE: 4}


class Progress:
    """Shows how many of the takes and steps are done on standard error, if that is a terminal."""

    def __init__(self, *, shown: bool, takes: int) -> None:
        """Show nothing unless `shown`."""
        console = Console(stderr=True)
        self._bar = rich.Progress(
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.TaskProgressColumn(),
            rich.TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
        self._task = self._bar.add_task(SAYS, total=float(takes))
        self._header = sound_pb2.Header()
        self._takes = takes
        self._done = 0.0
        self._reached = 0.0

    @property
    def share(self) -> float:
        """Return how much of all takes is there, 0 to 1: it never falls."""
        return self._reached / self._takes

    def take_in(self, event: sound_pb2.RenderResponse) -> None:
        """Count an event of a Render call."""
        match event.WhichOneof("event"):
            case "progress":
                share = STEPS_SHARE * event.progress.step / max(1, event.progress.steps)
                self._show(self._done + share, _said(event.progress))
            case "header":
                self._header = event.header
            case "audio":
                self._show(self._done + self._share(event.audio))
            case "trailer":
                self._done += 1.0
                self._show(self._done)

    def _show(self, done: float, said: str = SAYS) -> None:
        self._reached = max(self._reached, done)  # the audio of a sound made in steps begins where they ended
        self._bar.update(self._task, completed=self._reached, description=said)

    def _share(self, audio: sound_pb2.Audio) -> float:
        """Return how much of the take is there; 0 while nobody knows."""
        sample_bytes = SAMPLE_BYTES.get(self._header.encoding)
        if not sample_bytes or not self._header.frames:
            return 0.0
        return audio.first_frame / self._header.frames

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


def _said(progress: sound_pb2.Progress) -> str:
    if progress.queue_position:
        return f"{SAYS}, {progress.queue_position} before it"
    return f"{SAYS}, step {progress.step} of {progress.steps}"


class Count:
    """Shows how many of several things are done on standard error, if that is a terminal."""

    def __init__(self, says: str, total: int, *, shown: bool) -> None:
        """Show nothing unless `shown`."""
        console = Console(stderr=True)
        self._bar = rich.Progress(
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.MofNCompleteColumn(),
            rich.TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
        self._task = self._bar.add_task(says, total=total)

    def one_more(self) -> None:
        """Count one that is done."""
        self._bar.advance(self._task)

    def reach(self, done: int, total: int) -> None:
        """Show that so many are done."""
        self._bar.update(self._task, completed=done, total=total)

    def stop(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    def say(self, line: str) -> None:
        """Write a line to standard error, above the bar."""
        self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
