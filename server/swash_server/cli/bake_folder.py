"""The folder that a bake fills: whole files and an index of what they are, whenever it is interrupted."""

import hashlib
import json
import os
import sys
import threading
import uuid
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from swash_server.cli.bake_plan import Item

if sys.platform != "win32":
    import fcntl

VERSION = 1
INDEX = "index.json"
JOURNAL = "index.json.part"  # of a bake that is going on, or was killed
TEMPORARY = ".swash-"

Entry: TypeAlias = dict[str, Any]
"""What the index tells of a file."""


class Folder:
    """Files and their index. A file is written beside its place and moved there whole.

    What is done is added to a journal, a line a file, for an index of ten thousand entries cannot be written again
    after each; leaving `with` makes one index of both, and so does the next bake after a kill.
    """

    def __init__(self, path: Path, *, writing: bool) -> None:
        """Read what is there; `writing` makes the folder and shuts out other bakes. Raise OSError."""
        self._path = path
        self._lock: int | None = None
        if writing:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(path)
            for left in path.glob(f"{TEMPORARY}*"):
                left.unlink(missing_ok=True)
        self._writing = writing
        self._journal = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._head: Entry = {}
        self._order: list[str] = []
        self._read()

    def plan(self, head: Entry, files: Iterable[str]) -> None:
        """Say what the index is to be headed with, and which files there are to be, in order."""
        self._head = head
        self._order = list(files)

    def wrong(self, item: Item) -> str | None:
        """Return why a file must be made (again), None when it is as it should be."""
        entry = self._entries.get(item.file)
        path = self._path / item.file
        if entry is None or not path.is_file():
            return "missing"
        if entry["recipe"] != item.recipe:
            return "changed"
        if item.engine_version not in {None, entry["engine_version"]} or item.key not in {
            None,
            entry["asked_key"],
        }:
            return "of another version"
        return None if _sha256(path) == entry["sha256"] else "damaged"

    def left_over(self) -> list[str]:
        """Return the files of earlier bakes that are not planned any more."""
        planned = set(self._order)
        return sorted(file for file in self._entries if file not in planned)

    def prune(self) -> list[str]:
        """Remove what is left over; a file that somebody has changed stays. Return what was removed."""
        gone = []
        for file in self.left_over():
            path = self._path / file
            if path.is_file() and _sha256(path) == self._entries[file]["sha256"]:
                path.unlink()
                gone.append(file)
            del self._entries[file]
        return gone

    def put(self, item: Item, data: bytes, entry: Entry) -> None:
        """Write a file and note what it is. Safe to call from several threads, for different files."""
        assert self._journal is not None
        temporary = self._path / f"{TEMPORARY}{uuid.uuid4().hex}.tmp"
        try:
            temporary.write_bytes(data)
            temporary.replace(self._path / item.file)
        finally:
            temporary.unlink(missing_ok=True)
        entry = {"file": item.file, **entry, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        with self._journal, (self._path / JOURNAL).open("a") as journal:
            journal.write(json.dumps(entry) + "\n")
        self._entries[item.file] = entry

    def _read(self) -> None:
        """Read index and journal; of what is torn or no index of ours, nothing."""
        try:
            index = json.loads((self._path / INDEX).read_text())
            if index["swash_index"] == VERSION:
                self._note([*index["sounds"], *index["left_over"]])
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError):
            self._entries = {}
        try:
            lines = (self._path / JOURNAL).read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            try:
                self._note([json.loads(line)])
            except (ValueError, KeyError, TypeError):
                continue  # the last line of a bake that was killed

    def _note(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            needed = {"recipe", "asked_key", "engine_version", "sha256"}
            if needed - entry.keys() or Path(entry["file"]).name != entry["file"]:
                raise KeyError("no entry of ours")
            self._entries[entry["file"]] = entry

    def _write_index(self) -> None:
        index = {
            "swash_index": VERSION,
            **self._head,
            "sounds": [self._entries[file] for file in self._order if file in self._entries],
            "left_over": [self._entries[file] for file in self.left_over()],
        }
        temporary = self._path / f"{TEMPORARY}{uuid.uuid4().hex}.tmp"
        temporary.write_text(json.dumps(index, indent=1) + "\n")
        temporary.replace(self._path / INDEX)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writing:
            self._write_index()
            (self._path / JOURNAL).unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)


def _locked(path: Path) -> int | None:
    """Hold a folder against other bakes; the lock is its own and leaves no file behind."""
    if sys.platform == "win32":
        return None
    lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise OSError(f"{path}: another bake is writing into it") from error
    return lock


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
