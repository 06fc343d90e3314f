"""The line before the neural engine: first come, first served, and whoever leaves lets the others move up."""

import asyncio

import pytest

from swash_server.errors import OverloadedError
from swash_server.line import Line, Place


def unheard(_ahead: int) -> None:
    pass


@pytest.fixture
def line() -> Line:
    return Line(max_waiting=2)


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
                await settle()
                done.append(f"{name} {turn}")

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
