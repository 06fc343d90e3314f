"""What must not be forgotten: finished sounds under tags, kept in the store or, where it cannot, in memory."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict

import numpy as np

from swash_server.caches.store import KEPT, Store, Stored
from swash_server.errors import OverloadedError, PinnedFullError, UnknownTagError
from swash_server.making.tape import MemoryTier, Tape

MIB = 1024 * 1024
RETRY_AFTER_S = 1.0


class Pins:
    """Keeps sounds under tags, together no larger than a bound. Lives on the event loop.

    With a store its index is the truth, and what stands here a copy of it, read again whenever a call begins:
    several servers may share a store. A sound that two tags hold counts once, and stays while one of them does.
    """

    def __init__(self, store: Store | None, memory: MemoryTier, *, max_bytes: int, max_tags: int) -> None:
        """Take the tiers and the bounds; a store keeps a tenth of its room for everything else."""
        self._store = store
        self._memory = memory
        self.max_bytes = max_bytes if store is None else min(max_bytes, int(KEPT * store.max_bytes))
        self._max_tags = max_tags
        self._held: dict[str, dict[str, int]] = {}  # in memory: bytes by key, by tag
        self._tags: dict[str, dict[str, int]] = {}
        self._promised: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._lock = asyncio.Lock()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """Return the bytes of all pinned sounds."""
        return self._bytes

    @property
    def takes(self) -> int:
        """Return how many sounds are pinned."""
        return len(self._sizes)

    async def load(self) -> None:
        """Read what is pinned since before this process."""
        async with self._lock:
            await self._read()

    async def begin(self, tag: str, sizes: dict[str, int]) -> set[str]:
        """Return the keys that are under a tag already.

        `sizes` are the least bytes of what is to come, by key; raise PinnedFullError if it cannot fit.
        """
        async with self._lock:
            await self._read()
        if tag not in self._tags and len(self._tags) >= self._max_tags:
            raise PinnedFullError(f"{len(self._tags)} tags are in use already, unload one")
        more = sum(size for key, size in sizes.items() if key not in self._sizes)
        if self._bytes + more > self.max_bytes:
            raise self._full(more)
        return set(self._tags.get(tag, ()))

    async def promise(self, tag: str, key: str, size: int) -> None:
        """Reckon with a sound of at least `size` bytes, and let the store keep it from the moment it comes.

        Raise PinnedFullError if it would not fit. The promise is kept by `keep`, or taken back by `forget`.
        """
        if key not in self._sizes and key not in self._promised:
            promised = self._bytes + sum(self._promised.values())
            if promised + size > self.max_bytes or promised >= self.max_bytes:
                raise self._full(size)
            self._promised[key] = size
        if self._store is not None:
            await asyncio.to_thread(self._store.pin, tag, key)

    async def keep(self, tag: str, tape: Tape, promised: str) -> None:
        """Pin a finished sound; raise PinnedFullError if it does not fit.

        `promised` is the key that was promised: the tape has another where the quality gate took another seed.
        """
        size = sum(piece.nbytes for piece in tape.pieces)
        async with self._lock:
            self._promised.pop(promised, None)
            if tape.key not in self._sizes:
                if self._bytes + size > self.max_bytes:
                    raise self._full(size)
                self._sizes[tape.key] = size
                self._bytes += size
            if self._store is None or not await asyncio.to_thread(_stored, self._store, tag, tape):
                self._memory.hold(tape)
                self._held.setdefault(tag, {})[tape.key] = size
            self._tags.setdefault(tag, {})[tape.key] = size

    async def forget(self, tag: str, keys: Iterable[str]) -> None:
        """Take promises back, but for what was kept."""
        keys = [key for key in keys if key not in self._tags.get(tag, ())]
        for key in keys:
            self._promised.pop(key, None)
        if self._store is not None and keys:
            await asyncio.to_thread(self._store.unpin, [(tag, key) for key in keys])

    async def unload(self, tag: str) -> tuple[int, int]:
        """Let go of all under a tag; return how many sounds may be forgotten now, and their bytes.

        Raise UnknownTagError when nothing is under it.
        """
        async with self._lock:
            noted = await self._read()
            if tag not in self._tags and tag not in noted:
                raise UnknownTagError(f"tag: nothing is preloaded under {tag[:100]!r}")
            if self._store is not None and tag in noted:
                pins = [(tag, key) for key in noted[tag]]
                if not await asyncio.to_thread(self._store.unpin, pins):
                    raise OverloadedError("another process holds the store's index", RETRY_AFTER_S)
            gone = self._tags.pop(tag, {})
            self._held.pop(tag, None)
            self._weigh()
            free = {key: size for key, size in gone.items() if key not in self._sizes}
            for key in free:
                self._memory.let_go(key)
        return len(free), sum(free.values())

    async def unload_all(self) -> None:
        """Let go of everything, under every tag."""
        async with self._lock:
            noted = await self._read()
        for tag in sorted(self._tags.keys() | noted.keys()):
            with suppress(UnknownTagError):  # let go of meanwhile
                await self.unload(tag)

    async def _read(self) -> dict[str, dict[str, int]]:
        """Read the store's index again and return it; what is in memory is known here alone."""
        noted = {} if self._store is None else await asyncio.to_thread(self._store.pinned)
        self._tags = _there(noted)
        for tag, sizes in self._held.items():
            self._tags[tag] = self._tags.get(tag, {}) | sizes
        self._weigh()
        return noted

    def _weigh(self) -> None:
        self._sizes = {key: size for sizes in self._tags.values() for key, size in sizes.items()}
        self._bytes = sum(self._sizes.values())

    def _full(self, more: int) -> PinnedFullError:
        return PinnedFullError(
            f"preloaded sounds may take {self.max_bytes / MIB:.4g} MiB; they take {self._bytes / MIB:.4g}, and "
            f"this is {more / MIB:.4g} more: unload a tag, or give the server a larger --max-pinned-mib"
        )


def _there(noted: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Return the pins whose sounds are there."""
    there = {tag: {key: size for key, size in sizes.items() if size} for tag, sizes in noted.items()}
    return {tag: sizes for tag, sizes in there.items() if sizes}


def _stored(store: Store, tag: str, tape: Tape) -> bool:
    """Return whether the store has a sound and keeps it; one that it had forgotten it is given again."""
    if not store.pin(tag, tape.key):
        return False
    if store.holds(tape.key):
        return True
    assert tape.facts is not None
    sound = Stored(np.concatenate(tape.pieces), tape.sample_rate, {"facts": asdict(tape.facts)})
    return store.put(tape.key, sound)
