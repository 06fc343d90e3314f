"""Finished sounds on disk, remembered over restarts: one file a sound, named by what it is."""

import contextlib
import os
import re
import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from swash_server.caches import sound_file
from swash_server.caches.sound_file import DamagedError, Stored
from swash_server.caches.store_index import Index

if sys.platform != "win32":
    import fcntl

__all__ = ["Store", "Stored"]

KEPT = 0.9  # of the bound after some had to go, so that not every sound pushes another out
AHEAD = 1.1  # of the bound: where those that write outrun what makes room, they make some themselves
SWEPT_AT_ONCE = 16  # then whoever waits for the lock has it
USES_AT_ONCE = 64
MAX_USES = 4096  # while another process holds the index
ABANDONED_S = 60.0  # a file that has been written for longer than this belongs to a process that died
KEY = re.compile(r"[0-9a-f]{64}")
SHARD = re.compile(r"[0-9a-f]{2}")


class Store:
    """Keeps sounds below a folder, together no larger than a bound; the longest unused go first, the pinned never.

    A sound is written beside its place and moved there whole, and read back only if every bit is as it
    was: a process may be killed at any time, the disk may be full or forbidden, and a sound is then
    missing, never wrong. Several stores may share a folder. Calls block; any thread may make them. Room is made
    behind, by a thread that lives as long as something has to go.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        *,
        on_damaged: Callable[[], object] | None = None,
        on_evicted: Callable[[int], object] | None = None,
    ) -> None:
        """Open a folder, made if need be.

        `on_damaged` hears of every file that could not be trusted, and `on_evicted` how many sounds had to go.
        """
        self._folder = folder
        self.max_bytes = max_bytes
        self._on_damaged = on_damaged
        self._on_evicted = on_evicted
        self._lock = threading.Lock()
        self._sweeper: threading.Thread | None = None
        self._closed = False
        self._newest = ""
        self._crowded = False  # sounds have to go, as the index was last seen
        self._use_lock = threading.Lock()  # never held for longer than a moment: reading waits for no index
        self._used: dict[str, None] = {}  # in order of use, not yet told to the index
        self._pins: set[tuple[str, str]] = set()  # tags and keys: only for an index that must be begun anew
        self._index: Index | None = None
        self._total = (0, 0)
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self._open_index()
            while self._in_index(self._make_some_room) and self._crowded:
                pass

    @property
    def bytes(self) -> int:
        """Return the bytes of all sounds, as they were when this store last wrote."""
        return self._total[0]

    @property
    def count(self) -> int:
        """Return the number of sounds, as it was when this store last wrote."""
        return self._total[1]

    def get(self, key: str) -> Stored | None:
        """Return the sound of a key, 64 hex digits, exactly as it was put; None when it is not here."""
        path = self._path(key)
        try:
            with open(path, "rb", opener=_at_once) as file:
                try:
                    stored = sound_file.read(file, key, self.max_bytes)
                except DamagedError:
                    self._discard(path, key, os.fstat(file.fileno()))
                    raise
        except FileNotFoundError:
            return None
        except (OSError, DamagedError):
            if self._on_damaged:
                self._on_damaged()
            return None
        self._note_use(key)
        return stored

    def put(self, key: str, stored: Stored) -> bool:
        """Remember a sound; return whether there was room and permission."""
        if stored.sound.nbytes > self.max_bytes:
            return False
        path = self._path(key)
        # A name of its own: two writers of one sound must not share a half-written file.
        temporary = path.with_name(f"{key}.{uuid.uuid4().hex}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("xb") as file:
                    size = sound_file.write(file, key, stored)
                if size > self.max_bytes:
                    return False
                with self._lock:
                    temporary.replace(path)
                    if self._in_index(lambda index: self._add(index, key, size)) and self._crowded:
                        self._sweep_behind()
                    kept = path.exists()  # it goes again where what is pinned fills the store
            finally:
                temporary.unlink(missing_ok=True)
            return kept
        except OSError:
            return False

    def holds(self, key: str) -> bool:
        """Return whether there is a file for a key; only `get` knows whether it is whole."""
        return self._path(key).exists()

    def pin(self, tag: str, key: str) -> bool:
        """Never push out the sound of a key, which may be still to come, while a tag holds it.

        Return whether it is noted. Several tags may hold a key; a restart changes nothing.
        """
        with self._lock:
            noted = self._in_index(lambda index: index.pin([(tag, key)]))
            if noted:
                self._pins.add((tag, key))
        return noted

    def unpin(self, pins: Iterable[tuple[str, str]]) -> bool:
        """Let go of keys under tags; return whether it is noted."""
        gone = list(pins)
        with self._lock:
            noted = self._in_index(lambda index: index.unpin(gone))
            if noted:
                self._pins.difference_update(gone)
        return noted

    def pinned(self) -> dict[str, dict[str, int]]:
        """Return the keys under each tag, with the bytes of their sounds: 0 of one that is not here."""
        tags: dict[str, dict[str, int]] = {}

        def read(index: Index) -> None:
            tags.clear()
            for tag, key, size in index.pins():
                tags.setdefault(tag, {})[key] = size

        with self._lock:
            self._in_index(read)
        return tags

    def purge(self) -> int:
        """Forget every sound, the pinned too, but not the pins; return how many there were."""
        with self._lock:
            sounds = self._sounds()
            for key in sounds:
                self._unlink(key)
            self._in_index(lambda index: index.remove(index.sizes()))
        return len(sounds)

    def forget(self) -> tuple[int, int]:
        """Forget every sound that no tag holds; return how many there were, and their bytes."""
        sounds = size = 0
        more = True

        def some(index: Index) -> None:
            nonlocal sounds, size, more
            before_bytes, _ = index.total
            keys = index.remove_oldest(until_bytes=-1, but="", most=SWEPT_AT_ONCE)
            for key in keys:
                self._unlink(key)
            after_bytes, _ = index.total
            sounds, size, more = sounds + len(keys), size + before_bytes - after_bytes, bool(keys)

        while more:  # others have their turn in between
            with self._lock:
                if not self._in_index(some):
                    break
        return sounds, size

    def settle(self) -> None:
        """Wait until what has to go is gone."""
        with self._lock:
            sweeper = self._sweeper
        if sweeper is not None:
            sweeper.join()

    def close(self) -> None:
        """Write down what was used last, and let go of the index; what has to go yet goes at the next start."""
        with self._lock:
            self._closed = True
        self.settle()
        with self._lock:
            self._in_index(self._tell_uses)
            if self._index:
                self._index.close()
            self._index = None

    def _path(self, key: str) -> Path:
        assert KEY.fullmatch(key), "a key is 64 hex digits"
        return self._folder / key[:2] / f"{key}.swash"

    def _unlink(self, key: str) -> None:
        with contextlib.suppress(OSError):
            self._path(key).unlink()

    def _discard(self, path: Path, key: str, damaged: os.stat_result) -> None:
        """Remove a damaged file, unless another has taken its place meanwhile."""
        with self._lock, contextlib.suppress(OSError):
            if os.path.samestat(path.stat(), damaged):
                path.unlink()
                self._in_index(lambda index: index.remove([key]))

    def _note_use(self, key: str) -> None:
        with self._use_lock:
            self._used.pop(key, None)
            self._used[key] = None
            many = len(self._used) >= USES_AT_ONCE
            if len(self._used) > MAX_USES:
                del self._used[next(iter(self._used))]
        if many and self._lock.acquire(blocking=False):  # who has it may wait for another process: next time
            try:
                self._in_index(self._tell_uses)
            finally:
                self._lock.release()

    def _sweep_behind(self) -> None:
        """Have room made, under the lock, by a thread that need not be waited for."""
        if self._sweeper is None and not self._closed:
            self._sweeper = threading.Thread(target=self._sweep, name="swash-store")
            self._sweeper.start()

    def _sweep(self) -> None:
        more = True
        while more:
            with self._lock:
                more = not self._closed and self._in_index(self._make_some_room) and self._crowded
                if not more:
                    self._sweeper = None

    # The index. All below runs under the lock.

    def _in_index(self, action: Callable[[Index], None]) -> bool:
        """Do something in the index; when it is broken, once more in a new one; else leave it be.

        Return whether it was done.
        """
        for _ in range(2):
            if self._index is None:
                return False
            try:
                action(self._index)
                self._total = self._index.total
            except sqlite3.Error as error:
                if _is_busy(error):
                    return False  # the files are the truth, and the index is put right at the next start
                self._open_index()
            else:
                return True
        return False

    def _add(self, index: Index, key: str, size: int) -> None:
        self._tell_uses(index)
        index.add([(key, size)])
        self._newest = key
        crowded = index.total[0] > self.max_bytes
        if crowded and not index.is_pinned(key) and index.pinned_bytes + size > self.max_bytes:
            index.remove([key])  # what is pinned fills the store
            self._unlink(key)
        self._crowded = index.total[0] > self.max_bytes
        if index.total[0] > AHEAD * self.max_bytes:
            self._make_some_room(index)

    def _make_some_room(self, index: Index) -> None:
        """Let the longest unused go, a few at a time; `_crowded` says afterwards whether more have to."""
        most_bytes = self.max_bytes
        if self._crowded:
            most_bytes = int(KEPT * self.max_bytes)
        if index.total[0] <= most_bytes:
            self._crowded = False
            return
        gone = index.remove_oldest(until_bytes=int(KEPT * self.max_bytes), but=self._newest, most=SWEPT_AT_ONCE)
        for key in gone:
            self._unlink(key)
        if gone and self._on_evicted:
            self._on_evicted(len(gone))
        self._crowded = len(gone) == SWEPT_AT_ONCE

    def _tell_uses(self, index: Index) -> None:
        with self._use_lock:
            used, self._used = self._used, {}
        if used:
            index.use(used)

    def _open_index(self) -> None:
        """Open the index and put it right by the files; broken, it is begun anew; without a disk, in memory."""
        if self._index:
            self._index.close()
        path = self._folder / "index.sqlite"
        with _alone(self._folder):
            try:
                self._index = _opened(path)
                self._put_right(self._index)
            except (sqlite3.Error, OSError):
                self._index = Index(None)
                self._put_right(self._index)

    def _put_right(self, index: Index) -> None:
        found, known = self._sounds(), index.sizes()
        index.pin(self._pins)  # those of a broken index
        index.remove([key for key in known.keys() - found.keys() if not self._path(key).exists()])
        new = [key for key, status in found.items() if known.get(key) != status.st_size]
        new.sort(key=lambda key: found[key].st_mtime_ns)
        index.add([(key, found[key].st_size) for key in new])

    def _sounds(self) -> dict[str, os.stat_result]:
        """Return key and status of every file of ours; sweep away what was never finished."""
        sounds = {}
        for entry in self._entries():
            key, _, kind = entry.name.partition(".")
            if not KEY.fullmatch(key):
                continue
            with contextlib.suppress(OSError):  # gone meanwhile
                status = entry.stat(follow_symlinks=False)
                if kind == "swash":
                    sounds[key] = status
                elif kind.endswith("tmp") and time.time() - status.st_mtime > ABANDONED_S:
                    Path(entry.path).unlink()
        return sounds

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        """Yield every file of every shard that may be read."""
        with contextlib.suppress(OSError), os.scandir(self._folder) as shards:
            for shard in shards:
                if SHARD.fullmatch(shard.name):
                    with contextlib.suppress(OSError), os.scandir(shard.path) as entries:
                        yield from entries


def _at_once(path: str, flags: int) -> int:
    """Open without waiting: a pipe where a file should be has nobody at its other end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _is_busy(error: sqlite3.Error) -> bool:
    """Return whether another process held the index for too long, and nothing is wrong with it."""
    code = getattr(error, "sqlite_errorcode", 0)  # errors of Python's own have none
    return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _opened(path: Path) -> Index:
    """Return the index at a path; one that is broken is begun anew."""
    try:
        return Index(path)
    except sqlite3.OperationalError:  # locked, full or forbidden: nothing says that it is broken
        raise
    except sqlite3.DatabaseError:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        return Index(path)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, if it has one: of several processes one at a time puts the index right."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            lock = held.enter_context((folder / "lock").open("ab"))
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
