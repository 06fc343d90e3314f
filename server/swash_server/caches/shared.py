"""Finished sounds that servers share: in a Redis or a Valkey, beside what each remembers for itself.

A value is the file that the store writes, byte for byte, so that a wrong one is never played; and of several
servers that are asked for the same neural sound one makes it. Imported only where the settings name such a tier.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from redis.asyncio import Redis

from swash_server.caches import sound_file
from swash_server.caches.shared_claim import Claim, News
from swash_server.caches.shared_link import DownError, Link, RefusedError, ended
from swash_server.caches.sound_file import DamagedError, Stored
from swash_server.observability.metrics import Metrics

INLINE_BYTES = 64 * 1024  # checked in less time than a thread takes to begin
MAX_KEEPING = 32
MAX_KEEPING_BYTES = 128 * 1024 * 1024  # on their way, of all sounds
MAX_WAITING = 256
MAX_WAIT_S = 120.0  # longer than a neural sound takes on any machine; then it is made here, too
FLUSH_S = 1.0  # for what is on its way when the server stops

Found: TypeAlias = tuple[Stored | None, Claim | None]
"""A sound, or the right to make it, or neither."""

NEITHER: Found = (None, None)


class Shared:
    """The tier behind the store. Lives on the event loop; nothing here fails a call, or holds one up for long."""

    def __init__(self, url: str, metrics: Metrics, *, limit_s: float, ttl_s: int, max_bytes: int) -> None:
        """Take the URL; nothing is connected before `start`.

        A call waits `limit_s` for an answer, and for a sound a little more, by its bytes. A sound stays `ttl_s`
        after its last use, and one whose value takes more than `max_bytes` is not kept.
        """
        self._ttl_s, self._max_bytes = ttl_s, max_bytes
        self._metrics = metrics
        self._link = Link(url, metrics, limit_s=limit_s)
        self._news = News(self._link)
        self._keeping: dict[asyncio.Task[None], int] = {}
        self._waiting = 0

    async def start(self) -> None:
        """Connect; a tier that does not answer is looked for behind."""
        await self._link.start()
        self._news.start()

    async def get(self, key: str, expected_bytes: int) -> Stored | None:
        """Return the sound of a key, exactly as it was put; None when it is not there, or nothing answers."""
        with suppress(DownError):
            return await self._get(key, expected_bytes)
        return None

    async def claim(
        self,
        key: str,
        expected_bytes: int,
        *,
        left: Callable[[], bool],
        on_left: Callable[[Callable[[], None]], None],
    ) -> Found:
        """Return a sound that another server has or makes, or the right to make it here, which must be released.

        Neither: make it without. Nothing answers, it has taken too long, too many wait, or the caller has `left`,
        of which `on_left` tells. A server that dies while it makes the sound loses the right after 2 s.
        """
        if self._waiting >= MAX_WAITING:
            return NEITHER
        self._waiting += 1
        try:
            with suppress(DownError):
                return await self._claimed(key, expected_bytes, left, on_left)
        finally:
            self._waiting -= 1
        return NEITHER

    def keep(self, key: str, stored: Stored, claim: Claim | None) -> None:
        """Give a sound to the others, behind, and release the claim; not where too much is on its way already."""
        size = stored.sound.nbytes
        full = len(self._keeping) >= MAX_KEEPING or sum(self._keeping.values()) + size > MAX_KEEPING_BYTES
        if full:
            self._metrics.shared_failures.labels("put").inc()
        put = self._link.up and size <= self._max_bytes and not full
        if put or claim is not None:
            task = asyncio.create_task(self._keep(key, stored if put else None, claim))
            self._keeping[task] = size if put else 0
            task.add_done_callback(self._keeping.pop)

    def release(self, claim: Claim) -> None:
        """Release, behind, the claim of a sound that was not made."""
        task = asyncio.create_task(claim.release())
        self._keeping[task] = 0
        task.add_done_callback(self._keeping.pop)

    async def close(self) -> None:
        """Put down what is on its way, within FLUSH_S, and hang up."""
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=FLUSH_S)
        for task in tuple(self._keeping):
            await ended(task)
        await self._news.close()
        await self._link.close()

    async def _claimed(
        self,
        key: str,
        expected_bytes: int,
        left: Callable[[], bool],
        on_left: Callable[[Callable[[], None]], None],
    ) -> Found:
        until_s = time.monotonic() + MAX_WAIT_S
        with self._news.of(key) as ear:
            on_left(ear.wake)
            while not left() and time.monotonic() < until_s:
                # Looked for first: most often another server has it.
                if (stored := await self._get(key, expected_bytes)) is not None:
                    return stored, None
                claim = Claim(self._link, key)
                if await claim.take():
                    return await self._looked_again(key, expected_bytes, claim)
                await ear.heard()
        return NEITHER

    async def _looked_again(self, key: str, expected_bytes: int, claim: Claim) -> Found:
        """Return a claim; or the sound, which another server may have finished between the look and the claim."""
        try:
            stored = await self._get(key, expected_bytes)
        except DownError:
            return None, claim
        except BaseException:
            self.release(claim)
            raise
        if stored is None:
            return None, claim
        self.release(claim)
        return stored, None

    async def _get(self, key: str, expected_bytes: int) -> Stored | None:
        """Return a sound; one that is not what was put is taken away. Raise DownError when nothing answers."""
        name = _name(key)
        most = self._max_bytes
        try:
            # A part of the value, that a huge one does not come whole; and it has been used.
            value, _ = await self._link.ask(
                "get",
                lambda redis: _used(redis, name, most + 1, self._ttl_s),
                expected_bytes=min(expected_bytes, most),
            )
            if not isinstance(value, bytes):
                raise DamagedError("no bytes")
            if not value or len(value) > most:  # another server may be allowed larger ones
                return None
            if len(value) <= INLINE_BYTES:
                return sound_file.unpacked(value, key)
            return await asyncio.to_thread(sound_file.unpacked, value, key)
        except RefusedError as refused:
            if "WRONGTYPE" not in str(refused):
                raise
        except DamagedError:
            pass
        self._metrics.shared_damaged.inc()
        await self._link.ask("delete", lambda redis: redis.unlink(name))
        return None

    async def _keep(self, key: str, stored: Stored | None, claim: Claim | None) -> None:
        try:
            if stored is not None:
                with suppress(DownError):
                    await self._put(key, stored)
        finally:
            if claim is not None:
                await claim.release()

    async def _put(self, key: str, stored: Stored) -> None:
        value = await asyncio.to_thread(sound_file.packed, key, stored)
        if len(value) <= self._max_bytes:
            await self._link.ask(
                "put", lambda redis: redis.set(_name(key), value, ex=self._ttl_s), expected_bytes=len(value)
            )


async def _used(redis: Redis, name: str, most_bytes: int, ttl_s: int) -> tuple[Any, Any]:
    """Return the first bytes of a value, and let it stay longer: one way there and back."""
    async with redis.pipeline(transaction=False) as both:
        await both.getrange(name, 0, most_bytes - 1)
        await both.expire(name, ttl_s)
        value, kept = await both.execute()
    return value, kept


def _name(key: str) -> str:
    return f"swash:v1:{key}"
