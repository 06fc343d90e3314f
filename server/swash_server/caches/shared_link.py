"""The way to a Redis or a Valkey: no question takes long, and where nothing answers none is asked.

Imported only where the settings name one: its package is the extra `shared`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.maint_notifications import MaintNotificationsConfig

from swash_server.observability.metrics import Metrics

BYTES_A_SECOND = 64e6  # half of what a gigabit carries: a sound may take this much longer
CONNECTIONS = 32
OPEN_AFTER = 3  # failures in a row, each of which cost its caller the limit
PROBE_S, MOST_PROBE_S = 0.25, 4.0  # from one look at a server that is down to the next; each twice the last
CLOSE_S = 0.5
CANCEL_S, CANCELS = 0.1, 5

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class DownError(Exception):
    """The shared tier did not answer in time, or not as it should; whoever asked does without it."""


class RefusedError(DownError):
    """It answered that it would not: memory full, no permission, a value of another type."""


class Link:
    """Asks a server that servers share, and stops asking it when it fails. Lives on the event loop.

    A breaker: OPEN_AFTER failures in a row open it, and nothing is asked; meanwhile a task looks, ever more
    seldom, whether the server is back.
    """

    def __init__(self, url: str, metrics: Metrics, *, limit_s: float) -> None:
        """Take a URL, redis://user:password@host:port/database or rediss://; nothing is connected yet.

        `limit_s` is for a connection, and for the answer to a small question with the way there and back.
        """
        self._limit_s = limit_s
        parts = urlsplit(url)
        self.where = f"{parts.hostname}:{parts.port or 6379}"  # no password: this stands in the log
        self._metrics = metrics
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=limit_s,
            socket_connect_timeout=limit_s,
            socket_timeout=None,  # `ask` knows better; and who listens for news may wait for long
            retry=Retry(NoBackoff(), 0),  # the breaker decides
            protocol=2,
            driver_info=None,  # a greeting less for each connection
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        self.redis = Redis(connection_pool=self._pool)
        self._failures = OPEN_AFTER  # down until it has answered once
        self._watching: asyncio.Task[None] | None = None
        metrics.shared_up.set(0)

    @property
    def up(self) -> bool:
        """Return whether it is worth asking."""
        return self._failures < OPEN_AFTER

    async def start(self) -> None:
        """Ask once; where there is no answer the server starts without, and looks again behind."""
        if not await self._probe():
            log.warning("shared tier %s does not answer; sounds are remembered here alone meanwhile", self.where)
            self._watch()

    async def ask(self, op: str, question: Callable[[Redis], Awaitable[Any]], *, expected_bytes: int = 0) -> Any:
        """Return the answer to a question; raise DownError when there is none in time, or RefusedError.

        `op` is the label of its metrics, and `expected_bytes` what travels, for which it gets more time.
        """
        if not self.up:
            raise DownError(f"shared tier {self.where} is down")
        try:
            answer = await self._timed(op, question, self._limit_s + expected_bytes / BYTES_A_SECOND)
        except ResponseError as error:
            self._metrics.shared_failures.labels(op).inc()
            self._failures = 0
            raise RefusedError(str(error)) from error
        except Exception as error:  # whatever another program answers, a call goes on without it
            self._metrics.shared_failures.labels(op).inc()
            self._fail(error)
            raise DownError(f"shared tier {self.where}: {error!r}") from error
        if self.up:  # what was asked before it went down may be answered after
            self._failures = 0
        return answer

    async def close(self) -> None:
        """Look no more, and hang up."""
        await ended(self._watching)
        await self._hang_up()

    async def _timed(self, op: str, question: Callable[[Redis], Awaitable[Any]], limit_s: float) -> Any:
        with self._metrics.shared_seconds.labels(op).time():
            async with asyncio.timeout(limit_s):
                return await question(self.redis)

    def _fail(self, error: Exception) -> None:
        was_up = self.up
        self._failures = min(self._failures + 1, OPEN_AFTER)
        if was_up and not self.up:
            self._metrics.shared_up.set(0)
            log.warning("shared tier %s is down, and not asked until it answers again: %r", self.where, error)
            self._watch()

    def _watch(self) -> None:
        self._watching = asyncio.create_task(self._until_up())

    async def _until_up(self) -> None:
        await self._hang_up()  # what hangs on an old connection would fail again
        pause_s = PROBE_S
        while True:
            await asyncio.sleep(pause_s)
            if await self._probe():
                log.info("shared tier %s answers again", self.where)
                return
            pause_s = min(2 * pause_s, MOST_PROBE_S)

    async def _probe(self) -> bool:
        """Return whether it answers; from then on it is asked."""
        try:
            answer = await self._timed("probe", lambda redis: redis.ping(), 2 * self._limit_s)
        except Exception:  # noqa: BLE001 - likewise; the next look finds out
            answer = None
        if answer is not True:
            self._metrics.shared_failures.labels("probe").inc()
            return False
        self._failures = 0
        self._metrics.shared_up.set(1)
        return True

    async def _hang_up(self) -> None:
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_S):
                await self._pool.disconnect(inuse_connections=False)


async def ended(task: "asyncio.Task[None] | None") -> None:
    """Cancel a task until it has ended: one that connects may swallow a cancellation and go on."""
    for _ in range(CANCELS):
        if task is None or task.done():
            return
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_S)
