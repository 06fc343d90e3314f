"""What is remembered of finished sounds: in memory, in the store, and which of them failed."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TypeAlias

import numpy as np

from swash_model.spec import Block
from swash_server.errors import QualityError
from swash_server.metrics import Metrics
from swash_server.order import Order
from swash_server.store import Store, Stored
from swash_server.tape import Cached, Facts, MemoryTier, Tape
from swash_server.telemetry import SPAN
from swash_server.verdicts import Verdicts

Replace: TypeAlias = Callable[[Tape, Order, QualityError], Order]
"""Lets a tape be of what is made instead of an order that failed; raises the error if enough was tried."""


class Recall:
    """The tiers, the nearest first. Lives on the event loop."""

    def __init__(self, *, metrics: Metrics, memory_bytes: int, store: Store | None) -> None:
        """Take the bound of memory; `store` None remembers nothing beyond this process."""
        self._metrics = metrics
        self.memory = MemoryTier(memory_bytes)
        self.store = store
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
        """Fill the tape from the store and return None; or return what is left to be made.

        That is the order, or what replaces it where the store knows that its sound failed; raise QualityError if
        enough seeds did.
        """
        while self.store is not None:
            with SPAN.get().child("lookup", tier="store") as lookup:
                stored = await asyncio.to_thread(self.store.get, tape.key)
                lookup.tell(found=stored is not None)
            if stored is None:
                break
            if (error := self._verdicts.read(tape.key, stored)) is not None:
                order = replaced(tape, order, error)
                continue
            try:
                facts = Facts(**stored.meta["facts"])
            except (KeyError, TypeError):  # written by a swash that knew other facts: as good as not there
                break
            tape.recalled = Cached.STORE
            tape.append(stored.sound)
            tape.finish(facts)
            self.memory.put(tape)
            return None
        return order

    async def keep(self, tape: Tape, sound: Block, facts: Facts) -> None:
        """Remember a sound that was made, and end its tape."""
        if self.store is not None:
            # Before the end is told: a sound that somebody has heard to its end survives a kill.
            stored = Stored(sound, tape.sample_rate, {"facts": asdict(facts)})
            with SPAN.get().child("store") as span:
                if not await asyncio.to_thread(self.store.put, tape.key, stored):
                    self._metrics.unwritten.inc()
                    span.tell(unwritten=True)
        tape.finish(facts)
        self.memory.put(tape)

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
        if self.store is not None:
            await asyncio.to_thread(self.store.close)
