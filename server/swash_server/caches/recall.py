"""What is remembered of finished sounds: in memory, in the store, and which of them failed."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from swash_model.spec import Block
from swash_server.caches.store import Store, Stored
from swash_server.caches.verdicts import Verdicts
from swash_server.errors import QualityError
from swash_server.making.order import Order
from swash_server.making.tape import Cached, Facts, MemoryTier, Tape
from swash_server.observability.metrics import Metrics
from swash_server.observability.telemetry import SPAN

if TYPE_CHECKING:  # the package that it needs may not be there
    from swash_server.caches.shared import Shared
    from swash_server.caches.shared_claim import Claim

# Of the sounds of an engine that makes several at once only these are worth the way there and back: a footstep is
# made in that time. And none of them is waited for.
SHARED_LEAST_S = 2.0
UNKNOWN_LENGTH_S = 20.0
BYTES_A_SAMPLE = 4
MAX_COPYING = 32  # sounds of others on their way into the store

Replace: TypeAlias = Callable[[Tape, Order, QualityError], Order]
"""Lets a tape be of what is made instead of an order that failed; raises the error if enough was tried."""


class Recall:
    """The tiers, the nearest first. Lives on the event loop."""

    def __init__(
        self, *, metrics: Metrics, memory_bytes: int, store: Store | None, shared: "Shared | None" = None
    ) -> None:
        """Take the bound of memory; without `store` or `shared` a process, or a machine, remembers for itself."""
        self._metrics = metrics
        self.memory = MemoryTier(memory_bytes, on_evicted=metrics.evictions.labels("memory").inc)
        self.store = store
        self._shared = shared
        self._sharing: dict[Tape, Claim | None] = {}  # what others should have, and the right to make it
        self._copying: set[asyncio.Task[bool]] = set()
        self._verdicts = Verdicts(store)
        metrics.cache_bytes.labels("memory").set_function(lambda: self.memory.nbytes)
        metrics.cache_limit_bytes.labels("memory").set(memory_bytes)
        if store is not None:
            metrics.cache_bytes.labels("store").set_function(lambda: store.bytes)
            metrics.cache_limit_bytes.labels("store").set(store.max_bytes)

    def good(self, order: Order) -> Order:
        """Return what is made for an order: itself, or what replaces it; raise QualityError if all that failed."""
        if order.spec.neural is not None:
            while (error := self._verdicts.get(order.key())) is not None:
                order = order.instead(error)
        return order

    async def sound(self, key: str) -> tuple[Block, int] | None:
        """Return a finished sound, shape (frames, channels), and its sample rate; None when it is not here."""
        if (tape := self.memory.get(key)) is not None:
            return await asyncio.to_thread(np.concatenate, tape.pieces), tape.sample_rate
        stored = None if self.store is None else await asyncio.to_thread(self.store.get, key)
        if stored is None or self._verdicts.read(key, stored) is not None:
            return None
        return stored.sound, stored.sample_rate

    async def fill(self, tape: Tape, order: Order, replaced: Replace) -> Order | None:
        """Fill the tape from a tier behind memory and return None; or return what is left to be made.

        That is the order, or what replaces it where a tier knows that its sound failed; raise QualityError if
        enough seeds did. It may take as long as another server takes to make the sound: `settle` must follow.
        """
        while True:
            stored, tier = await self._looked_up(tape, order)
            if stored is None:
                break
            if (error := self._verdicts.read(tape.key, stored)) is not None:
                order = replaced(tape, order, error)
                continue
            try:
                facts = Facts(**stored.meta["facts"])
            except (KeyError, TypeError):  # written by a swash that knew other facts: as good as not there
                break
            tape.recalled = tier
            tape.append(stored.sound)
            tape.finish(facts)
            self.memory.put(tape)
            if tier is Cached.SHARED:
                self._copy(tape.key, stored)
            return None
        return order

    def settle(self, tape: Tape) -> None:
        """Let other servers make the sound of a tape that came to nothing here."""
        claim = self._sharing.pop(tape, None)
        if claim is not None and self._shared is not None:
            self._shared.release(claim)

    async def keep(self, tape: Tape, sound: Block, facts: Facts) -> None:
        """Remember a sound that was made, and end its tape."""
        stored = Stored(sound, tape.sample_rate, {"facts": asdict(facts)})
        if self.store is not None:
            # Before the end is told: a sound that somebody has heard to its end survives a kill.
            with SPAN.get().child("store") as span:
                if not await asyncio.to_thread(self.store.put, tape.key, stored):
                    self._metrics.unwritten.inc()
                    span.tell(unwritten=True)
        tape.finish(facts)
        self.memory.put(tape)
        if self._shared is not None and tape in self._sharing:
            self._shared.keep(tape.key, stored, self._sharing.pop(tape))

    async def forget(self, tier: Cached) -> tuple[int, int]:
        """Forget what memory or the store remembers and no tag holds; return how many sounds, and their bytes."""
        if tier is Cached.MEMORY:
            return self.memory.forget()
        return (0, 0) if self.store is None else await asyncio.to_thread(self.store.forget)

    def counts(self) -> dict[str, int]:
        """Return how many sounds each tier of this server holds."""
        store = {} if self.store is None else {Cached.STORE.value: self.store.count}
        return {Cached.MEMORY.value: self.memory.count, **store}

    async def failed(self, tape: Tape, error: QualityError) -> None:
        """Remember that the sound of a tape failed, and why."""
        await self._verdicts.put(tape.key, tape.sample_rate, error)

    def following(self, order: Order, is_here: Callable[[Order], bool]) -> Order:
        """Return an order with those of the takes that follow which are not here, as they will be made."""
        ahead = []
        for spec in order.together:
            try:
                follows = self.good(replace(order, spec=spec, tries=1))
            except QualityError:
                continue
            if not is_here(follows):
                ahead.append(follows.spec)
        return replace(order, together=tuple(ahead))

    async def close(self) -> None:
        """Write down what is not yet."""
        if self._shared is not None:
            await self._shared.close()
        await asyncio.gather(*self._copying)
        if self.store is not None:
            await asyncio.to_thread(self.store.close)

    async def _looked_up(self, tape: Tape, order: Order) -> tuple[Stored | None, Cached]:
        """Return what the nearest tier behind memory remembers under the key of a tape, and which that is."""
        stored, tier = None, Cached.STORE
        if self.store is not None:
            with SPAN.get().child("lookup", tier=tier.value) as lookup:
                stored = await asyncio.to_thread(self.store.get, tape.key)
                lookup.tell(found=stored is not None)
        if stored is None and self._shared is not None and _is_worth_sharing(order):
            tier = Cached.SHARED
            with SPAN.get().child("lookup", tier=tier.value) as lookup:
                stored = await self._from_others(self._shared, tape, order)
                lookup.tell(found=stored is not None)
        return stored, tier

    async def _from_others(self, shared: "Shared", tape: Tape, order: Order) -> Stored | None:
        """Return the sound of a tape that another server has; where one sound has every core, or makes now."""
        frames = order.frames() or round(UNKNOWN_LENGTH_S * order.mastering.sample_rate)
        expected_bytes = frames * order.mastering.channels * BYTES_A_SAMPLE
        # One right is enough: another seed of the same sound is only looked up.
        if not order.engine.exclusive or self._sharing.get(tape) is not None:
            self._sharing.setdefault(tape, None)
            return await shared.get(tape.key, expected_bytes)
        stored, self._sharing[tape] = await shared.claim(
            tape.key, expected_bytes, left=lambda: tape.abandoned, on_left=tape.on_abandoned
        )
        return stored

    def _copy(self, key: str, stored: Stored) -> None:
        """Have the store remember a sound of another server, behind."""
        if self.store is not None and len(self._copying) < MAX_COPYING:
            task = asyncio.create_task(asyncio.to_thread(self.store.put, key, stored))
            self._copying.add(task)
            task.add_done_callback(self._copying.discard)


def _is_worth_sharing(order: Order) -> bool:
    frames = order.frames()
    long = frames is not None and frames >= SHARED_LEAST_S * order.mastering.sample_rate
    return order.engine.exclusive or long
