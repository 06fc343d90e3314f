"""Reads what Unity writes of scenes and assets: one YAML document an object, with a type and a file ID."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_HEAD = re.compile(r"^--- !u!(?P<type>\d+) &(?P<id>-?\d+)(?P<stripped> stripped)?$", re.MULTILINE)


@dataclass(frozen=True)
class UnityObject:
    """One object of a file: its class ID (1 is a GameObject), its file ID, its class and its fields."""

    class_id: int
    file_id: int
    name: str
    fields: dict[str, Any]


def read(path: Path) -> list[UnityObject]:
    """Return the objects of a text asset, in their order. Raise ValueError when it is none."""
    text = path.read_text(encoding="utf-8")
    if not text.startswith("%YAML 1.1\n%TAG !u! tag:unity3d.com,2011:\n"):
        raise ValueError(f"{path}: Unity's header is missing")
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    objects = []
    for head, end in zip(heads, ends, strict=True):
        ((name, fields),) = yaml.safe_load(text[head.end() : end]).items()
        objects.append(UnityObject(int(head["type"]), int(head["id"]), name, fields))
    return objects


def references(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every {fileID: ...} below a value."""
    if isinstance(value, dict):
        if "fileID" in value:
            yield value
        for below in value.values():
            yield from references(below)
    elif isinstance(value, list):
        for below in value:
            yield from references(below)
