"""What one caller may take of a server: calls in a second, sounds at once, live sessions and voices."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from swash_server.errors import QuotaError

MAX_CALLERS = 10_000  # that are remembered: some 4 MB; who has not called for longest is forgotten for a new one
RETRY_AFTER_S = 1.0
ROUNDING = 1e-6


class Held(Enum):
    """What a caller has until it is given back; the words are those of the metric's label and of the error."""

    SOUNDS = "sounds"  # being made, or waiting to be
    SESSIONS = "sessions"
    VOICES = "voices"


@dataclass(slots=True)
class _Account:
    tokens: float
    filled_s: float
    held: dict[Held, int] = field(default_factory=dict)


def _unheard(_reason: str) -> None:
    pass


class Quotas:
    """Counts by caller, named as `Identity.name` names them. Lives on the event loop; 0 is no limit.

    Calls are counted by a token bucket: `burst` at once, and `rate` a second from then on.
    """

    def __init__(
        self,
        *,
        rate: float = 0.0,
        burst: int = 1,
        sounds: int = 0,
        sessions: int = 0,
        voices: int = 0,
        refused: Callable[[str], object] = _unheard,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the limits of each caller; `refused` hears why one was refused, `clock_s` is monotonic time."""
        self._rate = rate
        self._burst = burst
        self._most = {Held.SOUNDS: sounds, Held.SESSIONS: sessions, Held.VOICES: voices}
        self._refused = refused
        self._clock_s = clock_s
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    @property
    def callers(self) -> int:
        """Return how many callers are remembered."""
        return len(self._accounts)

    def call(self, name: str) -> None:
        """Count a call; raise QuotaError when its caller has made too many of late."""
        if not self._rate:
            return
        account = self._account(name)
        now_s = self._clock_s()
        account.tokens = min(self._burst, account.tokens + self._rate * (now_s - account.filled_s))
        account.filled_s = now_s
        if account.tokens < 1.0 - ROUNDING:  # whoever comes when told to is let in
            self._refused("client_rate")
            raise QuotaError(f"{self._rate:g} calls a second", (1.0 - account.tokens) / self._rate)
        account.tokens -= 1.0

    def take(self, name: str, what: Held, count: int = 1) -> None:
        """Count what a caller has from now on; raise QuotaError when that would be too much."""
        most = self._most[what]
        if not most:
            return
        held = self._account(name).held
        if held.get(what, 0) + count > most:
            self._refused(f"client_{what.value}")
            raise QuotaError(f"{most} {what.value} at once", RETRY_AFTER_S)
        held[what] = held.get(what, 0) + count

    def give_back(self, name: str, what: Held, count: int = 1) -> None:
        """Count what a caller has no longer."""
        if not self._most[what] or (account := self._accounts.get(name)) is None:
            return
        account.held[what] = account.held.get(what, 0) - count
        if account.held[what] <= 0:
            del account.held[what]

    @contextmanager
    def holding(self, name: str, what: Held) -> Iterator[None]:
        """Count one within `with`; raise QuotaError when that would be too much."""
        self.take(name, what)
        try:
            yield
        finally:
            self.give_back(name, what)

    def _account(self, name: str) -> _Account:
        if (account := self._accounts.get(name)) is None:
            account = self._accounts[name] = _Account(float(self._burst), self._clock_s())
            self._forget()
        self._accounts.move_to_end(name)
        return account

    def _forget(self) -> None:
        """Drop whoever has been away longest and has nothing; those who have something are few."""
        for _ in range(len(self._accounts)):
            if len(self._accounts) <= MAX_CALLERS:
                return
            name, eldest = next(iter(self._accounts.items()))
            if eldest.held:
                self._accounts.move_to_end(name)
            else:
                del self._accounts[name]
