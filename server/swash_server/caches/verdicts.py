"""What the quality gate said of sounds that failed, so that none is made twice to find out."""

import asyncio

import numpy as np
from cachetools import LRUCache

from swash_server.caches.store import Store, Stored
from swash_server.errors import QualityError

MAX_VERDICTS = 10_000  # in memory, some 300 bytes each
FAILED = "failed"


class Verdicts:
    """Remembers by key why a sound failed: in memory, and in the store as a sound without frames."""

    def __init__(self, store: Store | None) -> None:
        """Take the store; None remembers nothing beyond this process."""
        self._store = store
        self._errors: LRUCache[str, tuple[str, str]] = LRUCache(MAX_VERDICTS)

    def get(self, key: str) -> QualityError | None:
        """Return why the sound of a key failed, if that is known without looking into the store."""
        known = self._errors.get(key)
        return None if known is None else QualityError(*known, key)

    def read(self, key: str, stored: Stored) -> QualityError | None:
        """Return why the sound of a key failed, if that is what the store remembers of it."""
        try:
            reason, problem = stored.meta[FAILED]
        except (KeyError, TypeError, ValueError):
            return None
        self._errors[key] = str(reason), str(problem)
        return self.get(key)

    async def put(self, key: str, sample_rate: int, error: QualityError) -> None:
        """Remember why the sound of a key failed."""
        self._errors[key] = error.reason, error.problem
        if self._store is not None:
            stored = Stored(np.zeros((0, 1), np.float32), sample_rate, {FAILED: [error.reason, error.problem]})
            await asyncio.to_thread(self._store.put, key, stored)
