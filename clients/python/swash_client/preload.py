"""Sounds that a server makes before they are needed, and what it tells of them."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from swash.v1 import sound_pb2 as pb
from swash_client.errors import FieldViolation, InvalidRequestError
from swash_client.request import Priority, priority_number, sound_request
from swash_client.sound import Progress

Manifest: TypeAlias = str | os.PathLike[str] | Iterable[Mapping[str, Any]]
"""A manifest: its path, its text (YAML or JSON, of several lines or in braces), or requests as mappings: the
keywords of `Ask`, and `prompt`, `takes` and `encoding`."""

MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PreloadedTake:
    """A take that is kept now, or has failed: `done` of `total` takes are, this one included.

    `sound` counts the sounds from 0, `take` the takes of one, and `name` is the sound's, if it has one. `cached`
    says where it came from: "no" if it was made for this. `failure` is empty when it is ready, and then `key` and
    `frames` are there.
    """

    total: int
    done: int
    sound: int
    name: str
    take: int
    key: str
    seed: int
    frames: int
    cached: str
    failure: str


@dataclass(frozen=True, slots=True)
class PreloadProgress:
    """How far a sound is that takes its time; the rest as in PreloadedTake."""

    total: int
    done: int
    sound: int
    name: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class Unloaded:
    """What was let go of: takes that no tag holds any more, and the bytes they take until they are forgotten."""

    takes: int
    stored_bytes: int


def preload_request(manifest: Manifest, tag: str | None, priority: Priority | None = None) -> pb.PreloadRequest:
    """Return the request for a manifest; raise InvalidRequestError when it cannot be read."""
    request = pb.PreloadRequest(tag=tag or "", priority=priority_number(priority))
    match manifest:
        case str() if "\n" in manifest or manifest.lstrip().startswith("{"):
            request.manifest = manifest
        case str() | os.PathLike():
            request.manifest = _read(Path(manifest))
        case _:
            request.sounds.sounds.extend(sound_request(**asked) for asked in manifest)
            request.sounds.SetInParent()  # also when there are none
    return request


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # of a file that is far too long, the rest stays there
        if len(data) > MAX_BYTES:
            raise _invalid(f"at most {MAX_BYTES} bytes, {path} has more")
        return data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(f"cannot read {path} ({getattr(error, 'strerror', None) or error})") from error


def _invalid(problem: str) -> InvalidRequestError:
    return InvalidRequestError(f"manifest: {problem}", [FieldViolation("manifest", problem)])
