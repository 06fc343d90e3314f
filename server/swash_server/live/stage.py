"""What live sessions share: the processes that make them, and how many voices may sound at once."""

import asyncio
from typing import Protocol

from swash_server.callers.quotas import Held, Quotas
from swash_server.errors import OverloadedError
from swash_server.formats.encode import Encoding
from swash_server.live.crew import Crew, Seat
from swash_server.making.mastering import Mastering
from swash_server.observability.metrics import Metrics
from swash_server.workers.nursery import Nursery

RETRY_AFTER_S = 1.0


class Performer(Protocol):
    """A session, as far as the stage knows it."""

    @property
    def caller(self) -> str:
        """Return the name of whoever opened it."""
        ...

    def end(self, failure: Exception) -> None:
        """Release every voice, close soon, and tell this."""
        ...


class Stage:
    """Gives sessions their seats and keeps them within bounds."""

    def __init__(
        self,
        *,
        metrics: Metrics,
        workers: int,
        max_sessions: int,
        max_voices: int,
        quotas: Quotas | None = None,
        nursery: Nursery | None = None,
    ) -> None:
        """Make voices in `workers` processes; one of a prompt with three layers counts as three.

        They come from `nursery`, which others may use too; it ends with the stage.
        """
        self._nursery = nursery or Nursery()
        self._quotas = quotas or Quotas()
        self._crew = Crew(workers, self._nursery, on_restart=metrics.live_restarts.inc)
        self._metrics = metrics
        self.max_sessions = max_sessions
        self.max_voices = max_voices
        self._voices = 0
        self._sessions: set[Performer] = set()
        self._gone = asyncio.Event()
        metrics.sessions.set_function(lambda: len(self._sessions))
        metrics.sessions_limit.set(max_sessions)
        metrics.voices.set_function(lambda: self._voices)
        metrics.voices_limit.set(max_voices)

    async def seat(self, mastering: Mastering, encoding: Encoding) -> Seat:
        """Return a place to make a session in; the first waits until the processes have started."""
        return await self._crew.seat(mastering, encoding)

    def enter(self, session: Performer) -> None:
        """Count a session; raise OverloadedError when there are as many as may be, in all or of its caller."""
        if len(self._sessions) >= self.max_sessions:
            self._metrics.refused.labels("sessions").inc()
            raise OverloadedError(f"{len(self._sessions)} live sessions are open already", RETRY_AFTER_S)
        self._quotas.take(session.caller, Held.SESSIONS)
        self._sessions.add(session)

    def leave(self, session: Performer) -> None:
        """Count a session less."""
        if session in self._sessions:
            self._sessions.remove(session)
            self._quotas.give_back(session.caller, Held.SESSIONS)
        self._gone.set()

    def reserve(self, layers: int, caller: str) -> None:
        """Count voices; raise OverloadedError when there would be more than may be, in all or of this caller."""
        if self._voices + layers > self.max_voices:
            self._metrics.refused.labels("voices").inc()
            raise OverloadedError(f"{self._voices} of {self.max_voices} live voices sound already", RETRY_AFTER_S)
        self._quotas.take(caller, Held.VOICES, layers)
        self._voices += layers

    def release(self, layers: int, caller: str) -> None:
        """Count voices less."""
        self._quotas.give_back(caller, Held.VOICES, layers)
        self._voices -= layers

    async def end(self, failure: Exception, within_s: float) -> None:
        """Have every session release its voices and close; wait for them no longer than this."""
        for session in list(self._sessions):
            session.end(failure)
        try:
            async with asyncio.timeout(within_s):
                while self._sessions:
                    self._gone.clear()
                    await self._gone.wait()
        except TimeoutError:
            pass  # whoever does not read is cut off with the connection

    async def close(self) -> None:
        """End the processes."""
        await self._crew.close()
        await self._nursery.close()
