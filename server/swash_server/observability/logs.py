"""The log: a line for each event, for people or as JSON, without a word of what callers ask for.

All of it is standard logging, which every library here speaks; nothing is set up but by `written`.
"""

import contextlib
import json
import logging
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from swash_server.doors.call_record import CallRecord
from swash_server.doors.request_id import REQUEST_ID
from swash_server.errors import WorkerError
from swash_server.observability.log_writer import LogWriter
from swash_server.observability.telemetry import SPAN
from swash_server.settings import Settings

STANDARD_ERROR = 2
OURS = ("swash", "swash_server", "swash_model")
CALLS = "swash_server.calls"
MAX_MESSAGE_CHARACTERS = 4000
MAX_EXCEPTION_CHARACTERS = 16_000
SELDOM_S = 60.0  # a collector that is down is worth a line a minute
# Their messages are the system's or the interpreter's, and hold no word of a caller.
PLAIN_ERRORS = (OSError, ImportError, MemoryError, WorkerError)
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

log = logging.getLogger(__name__)
calls = logging.getLogger(CALLS)


@contextlib.contextmanager
def written(settings: Settings, descriptor: int = STANDARD_ERROR) -> Iterator[None]:
    """Write the log of this process to a file descriptor, as the settings say, until the end."""
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not os.isatty(descriptor))
    form = (JsonLines if as_json else ConsoleLines)(prompts=settings.log_prompts == "on")

    def left_out(count: int) -> str:
        text = f"{count} lines were left out: whoever reads this log is too slow"
        return form.format(logging.makeLogRecord({"name": __name__, "levelname": "WARNING", "msg": text}))

    writer = LogWriter(descriptor, left_out)
    handler = _Handler(form, writer)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    calls_on = settings.log_calls == "on" or (settings.log_calls == "auto" and as_json)
    # Of libraries' debugging, which may show what they are given, nothing.
    levels = {"": max(level, logging.INFO), **dict.fromkeys(OURS, level)}
    levels[CALLS] = logging.INFO if calls_on else logging.WARNING
    before = {name: logging.getLogger(name).level for name in levels}
    _set(levels)
    root = logging.getLogger()
    root.addHandler(handler)
    logging.captureWarnings(True)
    threading.excepthook = _of_thread
    sys.unraisablehook = _unraisable
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = threading.__excepthook__, sys.__unraisablehook__
        logging.captureWarnings(False)
        root.removeHandler(handler)
        _set(before)
        writer.close()


def _set(levels: Mapping[str, int]) -> None:
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def call_ended(record: CallRecord, code: str) -> None:
    """Write the line of a call, if that is wanted."""
    if calls.isEnabledFor(logging.INFO):
        calls.info("%s %s", record.method, code, extra={"fields": record.fields(code)})


class _Handler(logging.Handler):
    """Makes the line in the thread and the context of the event, and leaves the writing to another thread."""

    def __init__(self, form: logging.Formatter, writer: LogWriter) -> None:
        super().__init__()
        self.setFormatter(form)
        self.addFilter(_Seldom("opentelemetry"))
        self.addFilter(_unless_caller_left)
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._writer.put(self.format(record))
        except Exception:  # noqa: BLE001 - where an event ends: the log must not fail what it tells of
            text = f"a line of {record.name} could not be made"
            self._writer.put(
                self.format(logging.makeLogRecord({"name": __name__, "levelname": "ERROR", "msg": text}))
            )


class _Seldom(logging.Filter):
    """Lets one warning and one error a minute through from each module of a library that repeats itself."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._again_s: dict[tuple[str, int], float] = {}  # by module and level

    def filter(self, record: logging.LogRecord) -> bool:
        if not super().filter(record):  # another's
            return True
        what, now_s = (record.name, record.levelno), time.monotonic()
        if now_s < self._again_s.get(what, 0.0):
            return False
        self._again_s[what] = now_s + SELDOM_S
        return True


def _unless_caller_left(record: logging.LogRecord) -> bool:
    """Keep out what grpcio logs as an error, with its own traceback, when it writes to a caller who has gone.

    The call's own line says CANCELLED. The error has no public name: grpc 1.85, _cygrpc/aio/server.pyx.pxi.
    """
    kind = record.exc_info[0] if record.exc_info else None
    return not (record.name == "grpc._cython.cygrpc" and kind is not None and kind.__name__ == "ExecuteBatchError")


class _Lines(logging.Formatter):
    """What both forms of a line have in common. `prompts` lets callers' words through."""

    def __init__(self, *, prompts: bool) -> None:
        super().__init__()
        self._prompts = prompts

    def _message(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.name == "asyncio" and not self._prompts:
            message = re.split(r"[\n(<]", message)[0].rstrip()  # there it shows what it was given
        return message[:MAX_MESSAGE_CHARACTERS]

    def _fields(self, record: logging.LogRecord) -> Mapping[str, Any]:
        """Return what belongs to a line besides its message."""
        fields: dict[str, Any] = {}
        if (request_id := REQUEST_ID.get("")) != "":
            fields["request_id"] = request_id
        fields |= getattr(record, "fields", {})
        if (trace_id := SPAN.get().trace_id) is not None:
            fields["trace_id"] = trace_id
        return fields

    def _exception(self, record: logging.LogRecord) -> str | None:
        if not record.exc_info or record.exc_info[1] is None:
            return None
        error = record.exc_info[1]
        lines = traceback.format_exception(error) if self._prompts else wordless(error)
        return "".join(lines).rstrip("\n")[-MAX_EXCEPTION_CHARACTERS:]


class JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of an event."""
        told: dict[str, Any] = {
            "time": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": self._message(record),
            **self._fields(record),
        }
        if (exception := self._exception(record)) is not None:
            told["exception"] = exception
        return json.dumps(told, ensure_ascii=False, default=str)


class ConsoleLines(_Lines):
    """One line for a person, and below it the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of an event."""
        when = _time(record).astimezone().strftime("%H:%M:%S.%f")[:-3]
        ours = record.name.partition(".")[0] in OURS
        name = record.name.rpartition(".")[2] if ours else record.name
        fields = "".join(f"  {name}={_one_line(str(value))}" for name, value in self._fields(record).items())
        line = f"{when} {record.levelname:7} {name:10} {_one_line(self._message(record))}{fields}"
        if (exception := self._exception(record)) is not None:
            line += "".join(f"\n    {_one_line(each)}" for each in exception.splitlines())
        return line


def wordless(error: BaseException) -> Iterator[str]:
    """Yield an exception as Python shows it, without messages: they may repeat what a caller asked for."""
    chain: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in chain:
        chain.append(each)
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    for number, link in enumerate(reversed(chain)):
        if number:
            yield "\nThe above led to:\n\n"
        yield "Traceback (most recent call last):\n"
        yield from traceback.format_tb(link.__traceback__)
        kind = f"{type(link).__module__}.{type(link).__qualname__}".removeprefix("builtins.")
        yield f"{kind}: {link}\n" if isinstance(link, PLAIN_ERRORS) else f"{kind}\n"
        if isinstance(link, BaseExceptionGroup):
            for inner in link.exceptions:
                yield "\nwith\n\n"
                yield from wordless(inner)


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _one_line(text: str) -> str:
    """Return a text in which nothing begins a line or moves a terminal."""
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _of_thread(given: threading.ExceptHookArgs) -> None:
    """Log what ends a thread."""
    if given.exc_value is not None and not isinstance(given.exc_value, SystemExit):
        log.error("a thread failed", exc_info=given.exc_value)


def _unraisable(given: "sys.UnraisableHookArgs") -> None:
    """Log what nobody could be told."""
    if given.exc_value is not None:
        log.error("an error had no one to be told", exc_info=given.exc_value)
