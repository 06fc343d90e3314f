"""Turns: the least advanced sound goes first, and nobody who leaves blocks those behind."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import pytest

from swash_server.scheduler import Scheduler

Result = TypeVar("Result")


def on_thread(work: Callable[[], Result]) -> Callable[[], Awaitable[Result]]:
    return partial(asyncio.to_thread, work)


async def settle() -> None:
    """Let every task that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


async def test_the_sound_that_has_made_least_goes_first(gate: threading.Event) -> None:
    scheduler = Scheduler(1)
    order: list[str] = []
    busy = asyncio.create_task(scheduler.turn(on_thread(gate.wait), ahead_s=0.0))
    await settle()
    turns = [
        asyncio.create_task(scheduler.turn(on_thread(partial(order.append, name)), ahead_s=ahead_s))
        for name, ahead_s in (("far ahead", 9.0), ("new", 0.0), ("ahead", 2.0), ("new too", 0.0))
    ]
    await settle()
    gate.set()
    await asyncio.gather(busy, *turns)
    assert order == ["new", "new too", "ahead", "far ahead"]


async def test_whoever_stops_waiting_gives_the_turn_to_the_next(gate: threading.Event) -> None:
    scheduler = Scheduler(1)
    busy = asyncio.create_task(scheduler.turn(on_thread(gate.wait), ahead_s=0.0))
    await settle()
    leaving = asyncio.create_task(scheduler.turn(on_thread(lambda: None), ahead_s=0.0))
    staying = asyncio.create_task(scheduler.turn(on_thread(lambda: "made"), ahead_s=1.0))
    await settle()
    leaving.cancel()
    gate.set()
    assert await staying == "made"
    await busy


async def test_a_thread_is_free_only_when_its_work_has_ended(gate: threading.Event) -> None:
    """A caller who leaves in the middle of a turn does not let two turns run on one thread's share."""
    scheduler = Scheduler(1)
    leaving = asyncio.create_task(scheduler.turn(on_thread(gate.wait), ahead_s=0.0))
    await settle()
    leaving.cancel()
    waiting = asyncio.create_task(scheduler.turn(on_thread(lambda: "made"), ahead_s=0.0))
    await settle()
    assert not waiting.done()
    gate.set()
    assert await waiting == "made"


async def test_an_error_in_a_turn_reaches_its_caller_and_nobody_else() -> None:
    scheduler = Scheduler(1)
    with pytest.raises(ZeroDivisionError):
        await scheduler.turn(on_thread(lambda: 1 / 0), ahead_s=0.0)
    assert await scheduler.turn(on_thread(lambda: "made"), ahead_s=0.0) == "made"
