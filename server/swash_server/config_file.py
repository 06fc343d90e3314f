"""Settings in a file: TOML, one key for each field of Settings."""

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from swash_server.settings import InvalidSettingError, Settings

MAX_BYTES = 1024 * 1024  # a file of settings is a page; what is longer is another file
OFF = "off"  # instead of a folder or a file: none
_WORDS: Mapping[type, str] = {bool: "true or false", int: "an integer", float: "a number", str: "a string"}


def read(path: Path) -> dict[str, Any]:
    """Return what a file sets, by field, of the types that TOML has; raise InvalidSettingError for what is wrong.

    Keys are those of Settings: `grpc_port = 50051`. A relative path is meant from the folder of the file.
    Ranges are checked where all settings have come together, for some hang on each other.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidSettingError(f"config: {path} cannot be read ({error.strerror})") from error
    if len(data) > MAX_BYTES:
        raise InvalidSettingError(f"config: at most {MAX_BYTES} bytes, {path} has more")
    try:
        content = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSettingError(f"{path}: no TOML: {error}") from error
    hints = typing.get_type_hints(Settings, include_extras=True)
    kinds = {field.name: typing.get_args(hints[field.name])[0] for field in dataclasses.fields(Settings)}
    for key in content:
        if key not in kinds:
            raise InvalidSettingError(f"{path}: {key}: no setting has this name{_meant(key, kinds)}")
    return {key: _checked(path, key, kinds[key], value) for key, value in content.items()}


def blamed(path: Path, name: str, error: InvalidSettingError) -> InvalidSettingError:
    """Return an error of a setting, named as flags are, as one of the file that set it."""
    _, _, problem = str(error).partition(": ")
    return InvalidSettingError(f"{path}: {name}: {problem}")


def _meant(key: str, kinds: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(key.replace("-", "_").lower(), kinds, n=1)
    return f"; did you mean {near[0]}?" if near else "; docs/reference/settings.md lists them"


def _checked(path: Path, key: str, kind: Any, value: Any) -> Any:
    """Return a value of the type that a setting wants."""
    if typing.get_origin(kind) is tuple:
        each = typing.get_args(kind)[0]
        if not isinstance(value, list) or not all(_is(one, each) for one in value):
            raise _wrong(path, key, "an array of strings" if each is str else "an array", value)
        return value
    choices = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    if choices:
        if value not in choices:
            raise _wrong(path, key, ", ".join(map(str, choices)), value)
        return value
    for plain in _plain(kind):
        if _is(value, plain):
            return _placed(path, value) if Path in _members(kind) else value
    raise _wrong(path, key, " or ".join(_WORDS[plain] for plain in _plain(kind)), value)


def _members(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)


def _plain(kind: Any) -> list[type]:
    """Return the types of TOML that a setting may have; absent is absent, and a path is a string."""
    return [str if member is Path else member for member in _members(kind) if member is not types.NoneType]


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _placed(file: Path, value: str) -> str:
    return value if value == OFF else str(file.absolute().parent / Path(value).expanduser())


def _wrong(path: Path, key: str, wanted: str, value: Any) -> InvalidSettingError:
    return InvalidSettingError(f"{path}: {key}: {wanted}, got {value!r:.80}")
