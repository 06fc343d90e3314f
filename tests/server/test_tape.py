"""A tape plays from its start for everyone, however late they come."""

import asyncio

import numpy as np
import pytest

from swash_model.spec import Block
from swash_server.making.tape import FIRST_PIECE_FRAMES, PIECE_FRAMES, Facts, MemoryTier, Progress, Tape


def some(frames: int, value: float = 0.5) -> Block:
    return np.full((frames, 2), value, np.float32)


def finished(key: str, frames: int) -> Tape:
    tape = Tape(key, 48_000, None)
    tape.append(some(frames))
    tape.finish(Facts(frames, -20.0, -1.0, 0.1))
    return tape


async def played(tape: Tape) -> Block:
    return np.concatenate([piece async for piece in tape.play()])


async def test_a_late_player_hears_the_same_from_the_start() -> None:
    tape = Tape("key", 48_000, None)
    early = asyncio.create_task(played(tape))
    tape.append(some(100, 0.1))
    await asyncio.sleep(0)
    tape.append(some(100, 0.2))
    late = asyncio.create_task(played(tape))
    tape.finish(Facts(200, -20.0, -1.0, 0.1))
    np.testing.assert_array_equal(await early, await late)
    assert tape.frames == 200


async def test_the_first_piece_is_small_and_the_others_are_large() -> None:
    tape = finished("key", FIRST_PIECE_FRAMES + PIECE_FRAMES + 5)
    assert [len(piece) for piece in tape.pieces] == [FIRST_PIECE_FRAMES, PIECE_FRAMES, 5]


async def test_a_failure_reaches_every_player() -> None:
    tape = Tape("key", 48_000, None)
    players = [asyncio.create_task(played(tape)) for _ in range(2)]
    tape.append(some(10))
    await asyncio.sleep(0)
    tape.fail(ValueError("broken"))
    for player in players:
        with pytest.raises(ValueError, match="broken"):
            await player


async def test_progress_is_told_until_the_first_frames_and_to_the_slow_only_the_latest() -> None:
    tape = Tape("key", 48_000, None)
    told: list[Progress] = []

    async def listen() -> None:
        while (news := await tape.news(told[-1] if told else None)) is not None:
            told.append(news)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    for step in range(3):
        tape.tell(Progress(0, step, 3))
    await asyncio.sleep(0)
    tape.tell(Progress(0, 3, 3))
    await asyncio.sleep(0)
    tape.append(some(10))
    await listening
    assert [progress.step for progress in told] == [2, 3]


async def test_a_failure_ends_the_progress_of_every_player() -> None:
    tape = Tape("key", 48_000, None)
    listening = asyncio.create_task(tape.news(None))
    await asyncio.sleep(0)
    tape.fail(ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        await listening


async def test_whoever_records_hears_that_a_tape_is_abandoned_however_late_they_ask() -> None:
    tape, heard = Tape("key", 48_000, None), asyncio.Event()
    tape.join()
    tape.leave()
    tape.on_abandoned(heard.set)
    assert heard.is_set()


async def test_only_the_last_player_to_leave_abandons_a_recording() -> None:
    tape = Tape("key", 48_000, None)
    tape.join()
    tape.join()
    tape.leave()
    assert not tape.abandoned
    tape.leave()
    assert tape.abandoned


async def test_a_finished_tape_is_never_abandoned() -> None:
    tape = finished("key", 10)
    tape.join()
    tape.leave()
    assert not tape.abandoned


async def test_memory_keeps_what_was_played_last_within_its_bytes() -> None:
    memory = MemoryTier(3 * 8000)
    for key in "abc":
        memory.put(finished(key, 1000))
    memory.get("a")
    memory.put(finished("d", 1000))
    assert memory.get("b") is None
    assert all(memory.get(key) for key in "acd")
    assert memory.nbytes == 3 * 8000


async def test_a_tape_larger_than_the_memory_is_not_kept() -> None:
    memory = MemoryTier(8000)
    memory.put(finished("small", 500))
    memory.put(finished("large", 2000))
    assert memory.get("large") is None
    assert memory.get("small") is not None


async def test_what_is_made_of_a_tape_is_made_once_and_weighed() -> None:
    tape = finished("key", 10)
    made = 0

    async def make() -> list[bytes]:
        nonlocal made
        made += 1
        return [b"12345"]

    before = tape.nbytes
    results = await asyncio.gather(tape.kept("file", make), tape.kept("file", make))
    await asyncio.sleep(0)
    assert list(results) == [[b"12345"]] * 2
    assert made == 1
    assert tape.nbytes == before + 5
