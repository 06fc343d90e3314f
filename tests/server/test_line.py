"""The line before the neural engine: first come, first served, and whoever leaves lets the others move up."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from swash_server.errors import OverloadedError
from swash_server.line import NICENESS, Line, Place


def unheard(_ahead: int) -> None:
    pass


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line(max_waiting=2)
    yield line
    line.close()


async def settle() -> None:
    """Let every task that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_each_is_made_wholly_before_the_next_in_the_order_of_arrival(line: Line) -> None:
    done: list[str] = []

    async def make(place: Place, name: str) -> None:
        with place:
            await place.reached()
            for turn in range(3):
                await place.run(partial(done.append, f"{name} {turn}"))

    places = [(line.enter(0.0, unheard), name) for name in "abc"]
    await asyncio.gather(*(make(place, name) for place, name in reversed(places)))
    assert done == [f"{name} {turn}" for name in "abc" for turn in range(3)]


async def test_those_who_wait_are_told_how_many_are_before_them(line: Line) -> None:
    told: list[int] = []
    first, second = line.enter(0.0, unheard), line.enter(0.0, unheard)
    third = line.enter(0.0, told.append)
    line.leave(second)
    line.leave(first)
    await third.reached()
    assert told == [2, 1, 0]


async def test_whoever_gives_up_stops_waiting_though_others_are_before(line: Line) -> None:
    line.enter(0.0, unheard)
    place = line.enter(0.0, unheard)
    waiting = asyncio.create_task(place.reached())
    await settle()
    assert not waiting.done()
    place.give_up()
    await waiting


async def test_a_full_line_says_when_its_first_sound_should_be_done(line: Line) -> None:
    for expected_s in (30.0, 5.0, 5.0):
        line.enter(expected_s, unheard)
    assert line.waiting == 2
    with pytest.raises(OverloadedError, match="2 neural sounds are waiting") as error:
        line.enter(0.0, unheard)
    assert 25.0 <= error.value.retry_after_s <= 30.0


async def test_what_is_expected_counts_all_that_is_before(line: Line) -> None:
    line.enter(20.0, unheard)
    second = line.enter(5.0, unheard)
    assert 20.0 <= second.expected_s() <= 25.0


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own on Linux alone")
async def test_its_thread_and_those_it_starts_step_back_for_all_others(line: Line) -> None:
    def niceness() -> list[int]:
        found = [os.getpriority(os.PRIO_PROCESS, threading.get_native_id())]
        child = threading.Thread(
            target=lambda: found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        )
        child.start()
        child.join()
        return found

    ours = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert await line.run(niceness) == [min(19, ours + NICENESS)] * 2
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == ours
