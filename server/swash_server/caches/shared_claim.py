"""Who makes a sound that several servers are asked for at once: one of them, as long as it lives."""

import asyncio
import uuid
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from swash_server.caches.shared_link import DownError, Link, ended

CLAIM_MS = 2000  # a server that dies lets go after this
BEAT_S = 0.7  # two beats may be lost
RECHECK_S = 0.5  # a server that makes a sound may die without a word
AGAIN_S = 1.0  # to listen again after the connection was lost

DONE = "swash:v1:done"

# A claim may be another's by now: compare, then act, in one step.
EXTEND = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
)
RELEASE = """
    if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
    redis.call('del', KEYS[1])
    redis.call('publish', KEYS[2], ARGV[2])
    return 1
"""


class Claim:
    """The right to make the sound of a key, kept by beats until it is released."""

    def __init__(self, link: Link, key: str) -> None:
        self._link = link
        self._key = key
        self._token = uuid.uuid4().hex
        self._beating: asyncio.Task[None] | None = None

    async def take(self) -> bool:
        """Return whether the right is ours; raise DownError when nobody can say."""
        taken = await self._link.ask(
            "claim", lambda redis: redis.set(_name(self._key), self._token, nx=True, px=CLAIM_MS)
        )
        if taken:
            self._beating = asyncio.create_task(self._beat())
        return bool(taken)

    async def release(self) -> None:
        """Let go, and tell who waits."""
        await ended(self._beating)
        with suppress(DownError):
            await self._link.ask(
                "release", lambda redis: redis.eval(RELEASE, 2, _name(self._key), DONE, self._token, self._key)
            )

    async def _beat(self) -> None:
        """Stay the owner; one who has lost the right makes the sound nevertheless, for it is half made."""
        kept: Any = 1
        while kept:
            await asyncio.sleep(BEAT_S)
            with suppress(DownError):
                kept = await self._link.ask(
                    "extend", lambda redis: redis.eval(EXTEND, 1, _name(self._key), self._token, CLAIM_MS)
                )


class News:
    """Hears which sounds other servers are done with: one connection, whatever is waited for."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._listening: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._listening = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Listen no more."""
        await ended(self._listening)

    def of(self, key: str) -> "_Ear":
        """Return, as a context manager, what hears of a key from now on."""
        return _Ear(self._waiting, key)

    async def _listen(self) -> None:
        while True:
            if self._link.up:
                with suppress(Exception):  # lost: who waits looks for itself meanwhile
                    await self._hear()
            await asyncio.sleep(AGAIN_S)

    async def _hear(self) -> None:
        async with self._link.redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(DONE)
            async for message in channel.listen():
                key = message["data"].decode("ascii", "replace")
                for event in self._waiting.get(key, ()):
                    event.set()


class _Ear:
    """Waits for the news of one key."""

    def __init__(self, waiting: dict[str, set[asyncio.Event]], key: str) -> None:
        self._waiting = waiting
        self._key = key
        self._event = asyncio.Event()

    def __enter__(self) -> Self:
        self._waiting.setdefault(self._key, set()).add(self._event)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        events = self._waiting[self._key]
        events.discard(self._event)
        if not events:
            del self._waiting[self._key]

    async def heard(self) -> None:
        """Return when there is news, or when it is time to look."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RECHECK_S):
                await self._event.wait()
        self._event.clear()

    def wake(self) -> None:
        """Wait no more."""
        self._event.set()


def _name(key: str) -> str:
    return f"swash:v1:claim:{key}"
