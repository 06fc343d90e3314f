"""Turns: the least advanced sound goes first, and nobody who leaves blocks those behind."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import pytest

from swash_server.making.priority import Priority
from swash_server.making.scheduler import Scheduler
from tests.server.clocks import HandClock

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


class Rush:
    """A scheduler of one thread of which every turn is wanted; `turns` are given by hand, 10 ms each."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.scheduler = Scheduler(1, clock_s=self.clock)
        self.order: list[str] = []
        self._ends: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    def want(self, name: str, priority: Priority, *, ahead_s: float = 0.0, caller: str = "") -> asyncio.Task[None]:
        """Want one turn."""
        return asyncio.create_task(
            self.scheduler.turn(lambda: self.take(name), ahead_s=ahead_s, priority=lambda: priority, caller=caller)
        )

    async def pass_by(self, turns: int) -> None:
        """Let so many turns end."""
        for _ in range(turns):
            end = await self._ends.get()
            self.clock.pass_by(0.010)
            end.set()
            await settle()

    async def take(self, name: str) -> None:
        self.order.append(name)
        end = asyncio.Event()
        self._ends.put_nowait(end)
        await end.wait()


async def test_a_caller_with_fifty_sounds_does_not_hold_up_one_with_one() -> None:
    rush = Rush()
    wanted = [rush.want("first", Priority.INTERACTIVE, caller="studio")]
    await settle()
    wanted += [rush.want("studio", Priority.INTERACTIVE, caller="studio") for _ in range(50)]
    wanted += [
        rush.want(f"game {turn}", Priority.INTERACTIVE, caller="game", ahead_s=turn * 0.3) for turn in range(3)
    ]
    await settle()
    await rush.pass_by(54)
    assert rush.order[1:7] == ["game 0", "studio", "game 1", "studio", "game 2", "studio"]
    await asyncio.gather(*wanted)


async def test_who_has_enough_made_lets_others_begin_whoever_calls() -> None:
    rush = Rush()
    wanted = [rush.want("first", Priority.INTERACTIVE, caller="a")]
    await settle()
    wanted += [
        rush.want("ample", Priority.INTERACTIVE, caller="b", ahead_s=5.0),
        rush.want("new", Priority.INTERACTIVE, caller="a"),
    ]
    await settle()
    await rush.pass_by(3)
    assert rush.order == ["first", "new", "ample"]
    await asyncio.gather(*wanted)


async def test_what_is_baked_gets_some_turns_though_others_want_every_one() -> None:
    rush = Rush()
    bakes = [rush.want("bake", Priority.BAKE) for _ in range(20)]
    preloads = [rush.want("preload", Priority.PRELOAD) for _ in range(20)]
    hurried = [rush.want("now", Priority.INTERACTIVE) for _ in range(400)]
    await settle()
    await rush.pass_by(401)  # four seconds, and what had begun before
    assert 12 <= rush.order.count("preload") <= 16
    assert 6 <= rush.order.count("bake") <= 9
    for task in (*bakes, *preloads, *hurried):
        task.cancel()
    await asyncio.gather(*bakes, *preloads, *hurried, return_exceptions=True)


async def test_a_sound_that_becomes_urgent_while_it_waits_has_the_next_turn() -> None:
    rush = Rush()
    priority = Priority.BAKE
    wanted = [rush.want("first", Priority.INTERACTIVE)]
    await settle()
    wanted.append(rush.want("preload", Priority.PRELOAD))
    wanted.append(
        asyncio.create_task(
            rush.scheduler.turn(lambda: rush.take("joined"), ahead_s=0.0, priority=lambda: priority)
        )
    )
    await settle()
    priority = Priority.INTERACTIVE
    await rush.pass_by(3)
    assert rush.order == ["first", "joined", "preload"]
    await asyncio.gather(*wanted)
