"""The text of a manifest, YAML or JSON, as plain data: nothing in it can run, refer or nest without end."""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml

from swash_model.errors import InvalidAskError

FIELD = "manifest"
MAX_BYTES = 1024 * 1024
MAX_DEPTH = 8  # a manifest needs four; far less than what a parser's stack holds
MAX_DIGITS = 40  # the time that Python takes for a number grows with the square of its digits

Plain: TypeAlias = Any
"""What JSON can say: None, bool, int, float, str, lists of these and dicts from str."""

# YAML 1.2's core schema. PyYAML's own resolver speaks YAML 1.1, where `no` is false, `010` is 8 and `1:30` is 90.
_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_WHOLE = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

# libyaml where it is, twenty times as fast; both only parse, and build nothing.
_Parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def plain(text: str) -> Plain:
    """Return what a manifest of at most 1 MiB says; raise InvalidAskError with the line where it goes wrong."""
    size = len(text.encode(errors="surrogatepass"))
    if not text.strip() or size > MAX_BYTES:
        raise InvalidAskError(FIELD, f"1 to {MAX_BYTES} bytes of YAML or JSON, got {size}")
    said = None
    if text.lstrip().startswith("{"):
        with contextlib.suppress(ValueError):  # it may still be YAML, and that tells the line where it is not
            said = _json(text)
    if said is None:
        said = _yaml(text)
    _check(said)
    return said


def _json(text: str) -> Plain:
    def refuse(constant: str) -> Plain:
        raise _wrong(f"finite numbers, got {constant}")

    try:
        return json.loads(text, object_pairs_hook=_without_repeats, parse_constant=refuse)
    except RecursionError as error:
        raise _too_deep() from error


def _without_repeats(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    said: dict[str, Plain] = {}
    for key, value in pairs:
        if key in said:
            raise _wrong(f"each name once, got {key[:80]!r} again")
        said[key] = value
    return said


def _check(said: Plain, depth: int = 1) -> None:
    """Raise InvalidAskError for what is nested too deep, and for halves of characters, which JSON can escape."""
    if depth > MAX_DEPTH:
        raise _too_deep()
    if isinstance(said, str):
        try:
            said.encode()
        except UnicodeEncodeError as error:
            raise _wrong(f"whole characters, got {said[error.start]!a}") from error
    elif isinstance(said, dict | list):
        for key in said if isinstance(said, dict) else ():
            _check(key, depth)
        for value in said.values() if isinstance(said, dict) else said:
            _check(value, depth + 1)


def _yaml(text: str) -> Plain:
    try:
        # Events and no more: aliases are seen before they are followed, and depth before it is built.
        events = yaml.parse(text, Loader=_Parser)
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                said = _value(next(events), events, 1)
                break
        else:
            raise _wrong("a manifest, got nothing but comments")
        next(events)  # the end of the document
        if isinstance(after := next(events), yaml.DocumentStartEvent):
            raise _wrong("one document, got another", after)
        return said
    except yaml.YAMLError as error:
        raise _wrong(_said(error)) from error


def _value(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Plain:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        raise _wrong("no anchors (&) and no aliases (*): `defaults` hold what sounds share", event)
    if (tag := getattr(event, "tag", None)) is not None:
        raise _wrong(f"no tags, got {tag[:80]}", event)
    if depth > MAX_DEPTH:
        raise _too_deep()
    match event:
        case yaml.ScalarEvent():
            return _scalar(event)
        case yaml.SequenceStartEvent():
            return [_value(each, events, depth + 1) for each in _until(events, yaml.SequenceEndEvent)]
    said: dict[str, Plain] = {}
    for key_event in _until(events, yaml.MappingEndEvent):
        if not isinstance(key_event, yaml.ScalarEvent):
            raise _wrong("names before the colons", key_event)
        _value(key_event, events, depth)  # has it an anchor or a tag?
        if key_event.value in said:
            raise _wrong(f"each name once, got {key_event.value[:80]!r} again", key_event)
        said[key_event.value] = _value(next(events), events, depth + 1)
    return said


def _until(events: Iterator[yaml.Event], end: type[yaml.Event]) -> Iterator[yaml.Event]:
    while not isinstance(event := next(events), end):
        yield event


def _scalar(event: yaml.ScalarEvent) -> Plain:
    text: str = event.value
    if not event.implicit[0]:  # in quotes, or a block of text
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if len(text) <= MAX_DIGITS and _WHOLE.fullmatch(text):
        return int(text)
    if len(text) <= MAX_DIGITS and _NUMBER.fullmatch(text):
        return float(text)
    return text


def _said(error: yaml.YAMLError) -> str:
    """Return in a line what PyYAML found wrong, and where."""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"YAML or JSON, got {where}{problem}"


def _wrong(problem: str, event: yaml.Event | None = None) -> InvalidAskError:
    where = f"line {event.start_mark.line + 1}: " if event is not None and event.start_mark else ""
    return InvalidAskError(FIELD, f"{where}{problem}")


def _too_deep() -> InvalidAskError:
    return _wrong(f"at most {MAX_DEPTH} lists and maps inside each other, got more")
