"""The line before an engine: the most urgent first, nobody for ever last, and whoever leaves lets others go on."""

import asyncio

import pytest

from swash_server.errors import OverloadedError
from swash_server.making.line import LEVEL_S, Line, Place
from swash_server.making.priority import Priority
from tests.server.clocks import HandClock

INTERACTIVE, PRELOAD, BAKE = Priority


def unheard(_ahead: int) -> None:
    pass


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def line(clock: HandClock) -> Line:
    return Line(max_waiting=2, clock_s=clock)


@pytest.fixture
def long_line(clock: HandClock) -> Line:
    return Line(max_waiting=1000, clock_s=clock)


async def settle() -> None:
    """Let every task that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


def places(line: Line, names: str, priority: Priority, caller: str = "") -> dict[str, Place]:
    return {name: line.enter(5.0, unheard, priority=priority, caller=caller) for name in names}


def served(line: Line, waiting: dict[str, Place]) -> str:
    """Leave each place once it is begun, one after the other, and return the names in that order."""
    left, order = dict(waiting), ""
    while left:
        (name,) = (name for name, place in left.items() if place.begun)
        line.leave(left.pop(name))
        order += name
    return order


async def test_each_is_made_wholly_before_the_next_in_the_order_of_arrival(line: Line) -> None:
    done: list[str] = []

    async def make(place: Place, name: str) -> None:
        with place:
            await place.reached()
            for turn in range(3):
                await settle()
                done.append(f"{name} {turn}")

    named = [(line.enter(0.0, unheard), name) for name in "abc"]
    await asyncio.gather(*(make(place, name) for place, name in reversed(named)))
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


def test_a_full_line_says_when_its_first_sound_should_be_done(line: Line) -> None:
    for expected_s in (30.0, 5.0, 5.0):
        line.enter(expected_s, unheard)
    assert line.waiting(INTERACTIVE) == 2
    with pytest.raises(OverloadedError, match="2 interactive sounds are waiting") as error:
        line.enter(0.0, unheard)
    assert error.value.retry_after_s == 30.0


def test_what_is_expected_counts_all_that_is_before(line: Line, clock: HandClock) -> None:
    line.enter(20.0, unheard)
    second = line.enter(5.0, unheard)
    assert second.expected_s() == 25.0
    clock.pass_by(8.0)
    assert second.expected_s() == 17.0


def test_the_more_urgent_goes_first_and_those_it_passes_are_told(line: Line) -> None:
    told: list[int] = []
    making = line.enter(5.0, unheard)
    bake = line.enter(5.0, told.append, priority=BAKE)
    rest = places(line, "p", PRELOAD) | places(line, "i", INTERACTIVE)
    assert told == [1, 2, 3]
    assert served(line, {"m": making, "b": bake, **rest}) == "mipb"
    assert told == [1, 2, 3, 2, 1, 0]


def test_the_queue_of_one_priority_takes_no_places_of_another(line: Line) -> None:
    line.enter(5.0, unheard)
    places(line, "12", BAKE)
    with pytest.raises(OverloadedError, match="2 bake sounds"):
        line.enter(5.0, unheard, priority=BAKE)
    places(line, "12", INTERACTIVE)
    assert [line.waiting(priority) for priority in Priority] == [2, 0, 2]


def test_somebody_who_comes_waits_for_one_sound_though_a_hundred_bakes_have_waited_for_hours(
    long_line: Line, clock: HandClock
) -> None:
    line = long_line
    waiting = [line.enter(5.0, unheard, priority=BAKE) for _ in range(100)]
    waits = []
    for _ in range(40):
        clock.pass_by(3600.0)
        (made,) = (place for place in waiting if place.begun)
        waiting.remove(made)
        line.leave(made)
        clock.pass_by(1.0)
        comes = line.enter(5.0, unheard)
        (made,) = (place for place in waiting if place.begun)
        clock.pass_by(4.0)
        waiting.remove(made)
        line.leave(made)
        assert comes.begun
        waits.append(comes.waited_s)
        clock.pass_by(5.0)
        line.leave(comes)
    assert max(waits) == 4.0


def test_bakes_go_on_though_somebody_always_waits(long_line: Line, clock: HandClock) -> None:
    """A sound takes 5 s, and two are always wanted now: a preload is made in every 30 s, a bake in 60."""
    line = long_line
    unhurried = [line.enter(5.0, unheard, priority=priority) for priority in (BAKE, PRELOAD) for _ in range(100)]
    hurried = [line.enter(5.0, unheard) for _ in range(2)]
    made = dict.fromkeys(Priority, 0)
    longest_s = 0.0
    for _ in range(720):  # an hour
        clock.pass_by(5.0)
        (place,) = (place for place in [*unhurried, *hurried] if place.begun)
        made[place.priority] += 1
        if place.priority is INTERACTIVE:
            hurried.remove(place)
            hurried.append(line.enter(5.0, unheard))
            longest_s = max(longest_s, place.waited_s)
        else:
            unhurried.remove(place)
        line.leave(place)
    minutes = 60.0
    assert 1.5 * minutes <= made[PRELOAD] <= 2.0 * minutes
    assert 0.8 * minutes <= made[BAKE] <= 1.0 * minutes
    assert made[INTERACTIVE] >= 0.75 * 720
    assert longest_s <= 4 * 5.0


def test_whoever_joins_in_a_hurry_moves_the_place_forward(long_line: Line) -> None:
    told: list[int] = []
    first = long_line.enter(5.0, unheard)
    bakes = places(long_line, "ab", BAKE)
    joined = long_line.enter(5.0, told.append, priority=BAKE)
    joined.hurry(INTERACTIVE)
    joined.hurry(PRELOAD)
    assert told == [3, 1]
    assert served(long_line, {"f": first, **bakes, "j": joined}) == "fjab"


def test_callers_are_served_in_turn_whoever_has_more_waiting(long_line: Line) -> None:
    many = places(long_line, "abcd", INTERACTIVE, caller="studio")
    few = places(long_line, "xy", INTERACTIVE, caller="game")
    assert served(long_line, {**many, **few}) == "abxcyd"


def test_a_preload_rises_after_half_a_minute_and_not_before(long_line: Line, clock: HandClock) -> None:
    first = long_line.enter(5.0, unheard)
    preload = long_line.enter(5.0, unheard, priority=PRELOAD)
    clock.pass_by(LEVEL_S - 1.0)
    second, third = (long_line.enter(5.0, unheard) for _ in range(2))
    long_line.leave(first)
    assert second.begun
    clock.pass_by(1.0)
    long_line.leave(second)
    assert preload.begun
    assert not third.begun


def test_what_is_less_urgent_takes_no_place_and_not_all_of_the_memory(clock: HandClock) -> None:
    line = Line(10, at_once=2, apart=True, max_bytes=1000, workers=2, clock_s=clock)
    bakes = [line.enter(1.0, unheard, priority=BAKE, nbytes=300) for _ in range(3)]
    assert [place.begun for place in bakes] == [True, True, False]
    urgent = [line.enter(1.0, unheard, nbytes=200) for _ in range(3)]
    assert [place.begun for place in urgent] == [True, True, False]
    assert line.nbytes == 1000
    line.leave(bakes[0])
    assert not bakes[2].begun  # 700 of 1000 are taken: the rest is for those who wait now
    line.leave(urgent[0])
    assert urgent[2].begun


def test_a_large_sound_is_not_passed_by_small_ones_for_ever(clock: HandClock) -> None:
    line = Line(10, at_once=8, apart=True, max_bytes=1000, clock_s=clock)
    first = line.enter(1.0, unheard, nbytes=600)
    large = line.enter(1.0, unheard, nbytes=5000)
    small = line.enter(1.0, unheard, nbytes=1)
    assert (large.begun, small.begun) == (False, False)
    line.leave(first)
    assert large.begun
    line.leave(large)
    assert small.begun
