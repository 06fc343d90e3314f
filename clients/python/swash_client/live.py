"""A live session, whichever way it travels: its commands as messages, and what comes back followed and checked."""

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypedDict, TypeVar, Unpack

from swash.v1 import sound_pb2 as pb
from swash_client.errors import (
    DamagedSoundError,
    FieldViolation,
    InvalidRequestError,
    NotReadyError,
    OverloadedError,
    SwashError,
    UnavailableError,
    UnknownSoundError,
)
from swash_client.request import PcmEncoding, invalid, pcm_encoding, set_field, set_parameters
from swash_client.sound import Layer, Value
from swash_client.wire import layer_of

log = logging.getLogger(__name__)

INVALID_ARGUMENT, NOT_FOUND, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, UNAVAILABLE = 3, 5, 8, 9, 14
_REFUSALS: dict[int, type[SwashError]] = {
    RESOURCE_EXHAUSTED: OverloadedError,
    FAILED_PRECONDITION: NotReadyError,
    UNAVAILABLE: UnavailableError,
}


class Live(TypedDict, total=False):
    """How a live session travels. None, or left out: the server chooses.

    encoding: "pcm_s16le", or "pcm_f32le" at twice the bytes.
    sample_rate: 8000 to 96000, a multiple of 100; else 48000.
    channels: 1 or 2; else 2.
    ceiling_dbtp: highest true peak, -30 to 0; else -1.
    ahead_s: how far ahead of play-out frames are made, and so how long a command takes to be heard, 0.02 to 2;
        else 0.04.
    unpaced: gathers the commands until `finish`, then makes the frames as fast as it can: for recordings.
    log: keeps what `swash replay` makes the same samples from.
    """

    encoding: PcmEncoding
    sample_rate: int | None
    channels: int | None
    ceiling_dbtp: float | None
    ahead_s: float | None
    unpaced: bool
    log: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """How a session sounds. Commands take effect at multiples of `quantum_frames`."""

    request_id: str
    engine: str
    engine_version: str
    sample_rate: int
    channels: int
    encoding: PcmEncoding
    quantum_frames: int
    ahead_s: float
    licence: str

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame, as it travels."""
        return self.channels * (2 if self.encoding == "pcm_s16le" else 4)

    @property
    def bytes_a_second(self) -> int:
        """Bytes of one second."""
        return self.sample_rate * self.frame_bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """A command took effect at `frame` of the session.

    `layers`, `confidence` and `unknown_words` are those of a start or a crossfade; `seed` and `object_seed` make
    the same sound again.
    """

    frame: int
    layers: tuple[Layer, ...]
    seed: int
    object_seed: int
    confidence: float
    unknown_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """How a session was: its frames, and how often they came later than they were due."""

    frames: int
    underruns: int


OnEnded: TypeAlias = Callable[[int, int], object]
"""Is told the number of a voice that is over, and the first frame without it."""

OnRefused: TypeAlias = Callable[[SwashError], object]
"""Is told of a command that could not be done; without it the session's logger is."""

Answer: TypeAlias = Applied | SwashError
CommandT = TypeVar("CommandT")


class Follower:
    """Follows the events of one session: what was answered, what ended, and that no frame is missing."""

    def __init__(self, *, on_ended: OnEnded | None = None, on_refused: OnRefused | None = None) -> None:
        self._on_ended = on_ended
        self._on_refused = on_refused
        self._answered: dict[int, Callable[[Answer], object]] = {}
        self._sha256 = hashlib.sha256()
        self.opened: Opened | None = None
        self.closed: Closed | None = None
        self.frames = 0
        self.log: list[str] = []

    def expect(self, command: int, answered: Callable[[Answer], object]) -> None:
        """Have this told when a command is answered."""
        self._answered[command] = answered

    def take_in(self, event: pb.PerformResponse) -> bytes:
        """Return the audio in an event, b"" when it has none; raise DamagedSoundError at a gap."""
        match event.WhichOneof("event"):
            case "opened":
                self._keep(event.opened.log_line)
                self.opened = _opened(event.opened)
            case "applied":
                self._keep(event.applied.log_line)
                self._answer(event.applied.id, _applied(event.applied))
            case "refused":
                self._answer(event.refused.id, _refusal(event.refused))
            case "audio":
                self._count(event.audio)
                return event.audio.data
            case "voice_ended":
                if self._on_ended is not None:
                    self._on_ended(event.voice_ended.voice, event.voice_ended.frame)
            case "closed":
                self._close(event.closed)
        return b""  # also an event that is newer than this client

    def give_up(self, error: SwashError) -> None:
        """Answer every command that still waits: the session is over."""
        while self._answered:
            self._answered.popitem()[1](error)

    def _answer(self, command: int, answer: Answer) -> None:
        answered = self._answered.pop(command, None)
        if answered is not None:
            answered(answer)
        if isinstance(answer, SwashError):
            if self._on_refused is not None:
                self._on_refused(answer)
            else:
                log.warning("a command was refused: %s", answer)

    def _count(self, audio: pb.Audio) -> None:
        if self.opened is None or audio.first_frame != self.frames:
            raise DamagedSoundError(f"audio is missing after frame {self.frames}")
        self._sha256.update(audio.data)
        self.frames += len(audio.data) // self.opened.frame_bytes

    def _close(self, closed: pb.SessionClosed) -> None:
        self._keep(closed.log_line)
        if closed.frames != self.frames:
            raise DamagedSoundError(f"{self.frames} of {closed.frames} frames arrived")
        if closed.sha256 != self._sha256.digest():
            raise DamagedSoundError("the SHA-256 of the samples that arrived is not the server's")
        self.closed = Closed(closed.frames, closed.underruns)

    def _keep(self, line: str) -> None:
        if line:
            self.log.append(line)


class Desk(ABC, Generic[CommandT]):
    """Where voices are started and steered. Nothing here waits: each command is answered by what it returns."""

    def __init__(self) -> None:
        self._last_voice = 0

    @abstractmethod
    def command(self, request: pb.PerformRequest) -> CommandT:
        """Send a command."""

    def start(
        self,
        prompt: str | None = None,
        *,
        effect: str | None = None,
        parameters: Mapping[str, Value] | None = None,
        seed: int | None = None,
        object_seed: int | None = None,
        armed: bool = False,
        fade_in_s: float | None = None,
        at_frame: int | None = None,
    ) -> "Voice[CommandT]":
        """Begin a voice, of a prompt or of an effect ("rain", "rain/tin_roof").

        Armed, it is silent until it is triggered. `fade_in_s` 0 to 60; else 5 ms, and none for what ends by
        itself. `at_frame` of the session, else at once.
        """
        self._last_voice += 1
        message = pb.StartVoice(voice=self._last_voice, armed=armed)
        _fill(message, prompt, effect, parameters, seed, object_seed)
        _set_ms(message, "fade_in_ms", fade_in_s)
        request = _timed(pb.PerformRequest(start=message), at_frame)
        return Voice(self, self._last_voice, self.command(request))

    def stop(self, *, release_s: float | None = None, at_frame: int | None = None) -> CommandT:
        """End every voice within `release_s`, 0 to 60; else 0.1."""
        message = pb.StopVoice()
        _set_ms(message, "release_ms", release_s)
        return self.command(_timed(pb.PerformRequest(stop=message), at_frame))


class Voice(Generic[CommandT]):
    """One voice of a session. `started` is the command that began it."""

    def __init__(self, desk: Desk[CommandT], number: int, started: CommandT) -> None:
        self._desk = desk
        self.number = number
        self.started = started

    def set(
        self,
        name: str,
        value: Value,
        *,
        ramp_s: float | None = None,
        layer: int = 0,
        at_frame: int | None = None,
    ) -> CommandT:
        """Move a control: of what sounds a live number, of an armed voice any parameter, from the next trigger on.

        `ramp_s` 0 to 600; else 0.03. `layer` of the voice's prompt, 0 the first.
        """
        message = pb.SetParameter(voice=self.number)
        set_field(message, "name", name)
        set_field(message, "layer", layer)
        set_field(message.value, "choice" if isinstance(value, str) else "number", value)
        _set_ms(message, "ramp_ms", ramp_s)
        return self._desk.command(_timed(pb.PerformRequest(set_parameter=message), at_frame))

    def trigger(
        self,
        parameters: Mapping[str, Value] | None = None,
        *,
        seed: int | None = None,
        at_frame: int | None = None,
    ) -> CommandT:
        """Sound an armed voice once more; `parameters` for this once."""
        message = pb.TriggerVoice(voice=self.number)
        set_parameters(message.parameters, parameters)
        if seed is not None:
            set_field(message, "seed", seed)
        return self._desk.command(_timed(pb.PerformRequest(trigger=message), at_frame))

    def crossfade(
        self,
        prompt: str | None = None,
        *,
        effect: str | None = None,
        parameters: Mapping[str, Value] | None = None,
        seed: int | None = None,
        object_seed: int | None = None,
        fade_s: float | None = None,
        at_frame: int | None = None,
    ) -> CommandT:
        """Let it sound like something else, over `fade_s`, 0.01 to 60; else 1."""
        message = pb.CrossfadeVoice(voice=self.number)
        _fill(message, prompt, effect, parameters, seed, object_seed)
        _set_ms(message, "fade_ms", fade_s)
        return self._desk.command(_timed(pb.PerformRequest(crossfade=message), at_frame))

    def stop(self, *, release_s: float | None = None, at_frame: int | None = None) -> CommandT:
        """End it within `release_s`, 0 to 60; else 0.1."""
        message = pb.StopVoice(voice=self.number)
        _set_ms(message, "release_ms", release_s)
        return self._desk.command(_timed(pb.PerformRequest(stop=message), at_frame))


def opening(**live: Unpack[Live]) -> pb.PerformRequest:
    """Return the first request of a session."""
    unknown = live.keys() - Live.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected keyword argument: {', '.join(sorted(unknown))}")
    message = pb.OpenSession(encoding=pcm_encoding(live.get("encoding", "pcm_s16le")))
    for name in ("sample_rate", "channels", "ceiling_dbtp", "unpaced", "log"):
        if (value := live.get(name)) is not None:
            set_field(message, name, value)
    _set_ms(message, "ahead_ms", live.get("ahead_s"))
    return pb.PerformRequest(open=message)


def broken(error: SwashError, opened: Opened | None) -> SwashError:
    """Return the error that ended a session; of one that was open it says what to do."""
    if opened is None or not isinstance(error, UnavailableError):
        return error
    said = UnavailableError(
        f"{error}; a live session does not go on by itself: its voices are gone, open another", error.retry_after_s
    )
    said.__cause__ = error.__cause__
    return said


def save_log(lines: list[str], path: str | Path) -> None:
    """Write the log of a session, for `swash replay`; raise ValueError when none was kept."""
    if not lines:
        raise ValueError("no log was kept: open the session with log=True")
    Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _fill(
    message: pb.StartVoice | pb.CrossfadeVoice,
    prompt: str | None,
    effect: str | None,
    parameters: Mapping[str, Value] | None,
    seed: int | None,
    object_seed: int | None,
) -> None:
    if (prompt is None) == (effect is None):
        raise invalid("prompt", "give exactly one of prompt and effect")
    for name, value in {"prompt": prompt, "effect": effect, "seed": seed, "object_seed": object_seed}.items():
        if value is not None:
            set_field(message, name, value)
    set_parameters(message.parameters, parameters)


def _set_ms(message: Any, name: str, seconds: float | None) -> None:
    if seconds is None:
        return
    if not 0.0 <= seconds < 1e6:  # also refuses NaN
        raise invalid(name.removesuffix("_ms") + "_s", f"0 or more, got {seconds!r}")
    set_field(message, name, round(seconds * 1000.0))


def _timed(request: pb.PerformRequest, at_frame: int | None) -> pb.PerformRequest:
    if at_frame is not None:
        set_field(request, "at_frame", at_frame)
    return request


def _opened(opened: pb.SessionOpened) -> Opened:
    return Opened(
        request_id=opened.request_id,
        engine=opened.engine,
        engine_version=opened.engine_version,
        sample_rate=opened.sample_rate,
        channels=opened.channels,
        encoding="pcm_f32le" if opened.encoding == pb.ENCODING_PCM_F32LE else "pcm_s16le",
        quantum_frames=opened.quantum_frames,
        ahead_s=opened.ahead_ms / 1000.0,
        licence=opened.licence,
    )


def _applied(applied: pb.Applied) -> Applied:
    return Applied(
        frame=applied.frame,
        layers=tuple(map(layer_of, applied.layers)),
        seed=applied.seed,
        object_seed=applied.object_seed,
        confidence=applied.confidence,
        unknown_words=tuple(applied.unknown_words),
    )


def _refusal(refused: pb.Refused) -> SwashError:
    message = f"{refused.field}: {refused.message}" if refused.field else refused.message
    if refused.code == INVALID_ARGUMENT:
        return InvalidRequestError(message, [FieldViolation(refused.field, refused.message)])
    if refused.code == NOT_FOUND:
        return UnknownSoundError(message, refused.suggestions)
    return _REFUSALS.get(refused.code, SwashError)(message)
