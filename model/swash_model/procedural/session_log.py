"""The log of a live session: what was heard and when, as lines of JSON that make the same samples again.

The first line says how the session sounded (rate, channels, ceiling) and by which engine; each other line is an
event with the frame at which it took effect; the last tells how many frames there were.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples
from swash_model.errors import InvalidAskError
from swash_model.procedural.catalogue import effect_named
from swash_model.procedural.performance import Crossfade, Event, Move, Sound, Start, Stop, Trigger, played
from swash_model.spec import Layer, Value

FORMAT = 1
QUANTA_A_SECOND = SAMPLE_RATE // QUANTUM_FRAMES
MAX_LINES = 1_000_000
MAX_LINE_CHARACTERS = 100_000
MAX_HOURS = 24
KINDS: dict[str, type] = {"start": Start, "move": Move, "trigger": Trigger, "crossfade": Crossfade, "stop": Stop}
NAMES = {kind: name for name, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Head:
    """How a session was heard. Only an engine of the same version is sure to make the same samples."""

    engine_version: str
    sample_rate: int
    channels: int
    ceiling_dbtp: float

    @property
    def quantum_frames(self) -> int:
        """Return the frames of one quantum at the session's rate."""
        return self.sample_rate // QUANTA_A_SECOND


@dataclass(frozen=True, slots=True)
class SessionLog:
    """A whole session: events with the frame at which they took effect, and its length in frames."""

    head: Head
    events: tuple[tuple[int, Event], ...]
    frames: int

    def quanta(self) -> Iterator[Samples]:
        """Yield the session as it was before mastering, each quantum of shape (2, QUANTUM_FRAMES)."""
        step = self.head.quantum_frames
        events = ((-(-frame // step), event) for frame, event in self.events)
        return played(events, self.frames // step)


def head_line(head: Head) -> str:
    """Return the first line."""
    return json.dumps({"swash_session": FORMAT, **asdict(head)})


def event_line(frame: int, event: Event) -> str:
    """Return the line of an event as it was applied."""
    return json.dumps({"frame": frame, NAMES[type(event)]: asdict(event)}, ensure_ascii=False)


def last_line(frames: int) -> str:
    """Return the last line."""
    return json.dumps({"frames": frames})


def read(lines: Iterable[str]) -> SessionLog:
    """Return the session that these lines tell.

    One that was broken off, without a last line, ends with its last event. Raises InvalidAskError naming the line.
    """
    head: Head | None = None
    events: list[tuple[int, Event]] = []
    frames: int | None = None
    for number, line in enumerate(lines, 1):
        if number > MAX_LINES:
            raise InvalidAskError(f"line {number}", f"at most {MAX_LINES} lines")
        if not line.strip():
            continue
        if frames is not None:
            raise InvalidAskError(f"line {number}", "nothing after the line that tells the frames")
        try:
            document = _document(line)
            if head is None:
                head = _head(document)
            elif "frame" not in document:
                frames = _whole(document, "frames", head.sample_rate * 3600 * MAX_HOURS)
            else:
                events.append(_timed(document, head.sample_rate * 3600 * MAX_HOURS))
        except InvalidAskError as error:
            raise InvalidAskError(f"line {number}: {error.field}", error.problem) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            shown = line.strip()[:80]
            raise InvalidAskError(f"line {number}", f"a line of a session log, got {shown!r}") from error
        if len(events) > 1 and events[-1][0] < events[-2][0]:
            raise InvalidAskError(f"line {number}: frame", f"{events[-2][0]} or later, got {events[-1][0]}")
    if head is None:
        raise InvalidAskError("line 1", "the head of a session log, got nothing")
    if frames is None:
        frames = events[-1][0] if events else 0
    return SessionLog(head, tuple(events), frames)


def _document(line: str) -> dict[str, Any]:
    if len(line) > MAX_LINE_CHARACTERS:
        raise InvalidAskError("length", f"at most {MAX_LINE_CHARACTERS} characters, got {len(line)}")
    document = json.loads(line)
    if not isinstance(document, dict):
        raise TypeError(line)
    return document


def _head(document: Mapping[str, Any]) -> Head:
    if document["swash_session"] != FORMAT:
        raise InvalidAskError("swash_session", f"{FORMAT}, got {document['swash_session']!r}")
    head = Head(
        engine_version=str(document["engine_version"]),
        sample_rate=_whole(document, "sample_rate", 96_000, 8000),
        channels=_whole(document, "channels", 2, 1),
        ceiling_dbtp=_number(document, "ceiling_dbtp", -30.0, 0.0),
    )
    if head.sample_rate % QUANTA_A_SECOND:
        raise InvalidAskError("sample_rate", f"a multiple of {QUANTA_A_SECOND}, got {head.sample_rate}")
    return head


def _timed(document: Mapping[str, Any], last_frame: int) -> tuple[int, Event]:
    frame = _whole(document, "frame", last_frame)
    name = next(name for name in document if name != "frame")
    return frame, _event(name, document[name])


def _event(name: str, given: Mapping[str, Any]) -> Event:
    if name not in KINDS:
        raise InvalidAskError("event", f"one of {', '.join(KINDS)}, got {name[:80]!r}")
    if name == "stop":
        voice = None if given["voice"] is None else _voice(given)
        return Stop(voice, _number(given, "release_s", 0.0, 60.0))
    voice = _voice(given)
    if name == "move":
        moved = _value(given["value"])
        return Move(
            voice, str(given["name"]), moved, _number(given, "ramp_s", 0.0, 600.0), _whole(given, "layer", 3)
        )
    if name == "trigger":
        seed = None if given["seed"] is None else _whole(given, "seed", 2**32 - 1)
        return Trigger(voice, tuple((str(key), _value(value)) for key, value in given["parameters"]), seed)
    sound = _sound(given["sound"])
    if name == "crossfade":
        return Crossfade(voice, sound, _number(given, "fade_s", 0.0, 60.0))
    fade_in_s = None if given["fade_in_s"] is None else _number(given, "fade_in_s", 0.0, 60.0)
    return Start(voice, sound, bool(given["armed"]), fade_in_s)


def _sound(given: Mapping[str, Any]) -> Sound:
    layers = tuple(map(_layer, given["layers"]))
    if not 1 <= len(layers) <= 4:
        raise InvalidAskError("layers", f"1 to 4, got {len(layers)}")
    return Sound(layers, _whole(given, "seed", 2**32 - 1), _whole(given, "object_seed", 2**32 - 1))


def _layer(given: Mapping[str, Any]) -> Layer:
    effect, _ = effect_named(str(given["effect"]))
    values = effect.resolved({str(name): _value(value) for name, value in given["parameters"]})
    return Layer(
        effect=effect.id,
        preset=str(given["preset"]),
        parameters=tuple(sorted(values.items())),
        level_db=_number(given, "level_db", -60.0, 12.0),
        ucs_cat_id=str(given["ucs_cat_id"]),
    )


def _voice(given: Mapping[str, Any]) -> int:
    return _whole(given, "voice", 2**32 - 1)


def _value(value: object) -> Value:
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise TypeError(value)


def _whole(given: Mapping[str, Any], name: str, most: int, least: int = 0) -> int:
    value = given[name]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidAskError(name, f"a whole number from {least} to {most}, got {value!r:.80}")
    return value


def _number(given: Mapping[str, Any], name: str, least: float, most: float) -> float:
    value = given[name]
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidAskError(name, f"a number from {least:g} to {most:g}, got {value!r:.80}")
    return float(value)
