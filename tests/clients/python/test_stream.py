import asyncio
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_client import (
    AsyncClient,
    Client,
    DamagedSoundError,
    InvalidRequestError,
    Progress,
    Stream,
    UnavailableError,
)
from tests.clients.python.scripted import (
    BLOCK_FRAMES,
    PCM,
    Scripted,
    Slow,
    fail,
    from_the_future,
    play,
    progress,
    trailer,
    whole_take,
)

BEGIN, FIRST, SECOND, END = whole_take()


@pytest.fixture
def slow(scripted: Scripted) -> Slow:
    script = Slow(BEGIN, FIRST, rest=(SECOND, END))
    scripted.scripts = [script]
    return script


@pytest.fixture
def sync(scripted: Scripted) -> Iterator[Client]:
    with Client(scripted.address) as client:
        yield client


def test_the_first_block_is_heard_before_the_second_is_made(sync: Client, slow: Slow) -> None:
    with sync.stream("rain") as stream:
        assert stream.header.sample_rate == 48_000
        first = next(stream)
        slow.go_on.set()
        (second,) = stream
        assert stream.trailer.frames == len(PCM)
    np.testing.assert_array_equal(np.concatenate([first, second]), PCM / 32_768)


async def test_the_async_first_block_is_heard_before_the_second_is_made(scripted: Scripted, slow: Slow) -> None:
    async with AsyncClient(scripted.address) as client, client.stream("rain") as stream:
        assert stream.header.sample_rate == 48_000
        first = await anext(stream)
        slow.go_on.set()
        (second,) = [block async for block in stream]
        assert stream.trailer.frames == len(PCM)
    np.testing.assert_array_equal(np.concatenate([first, second]), PCM / 32_768)


async def test_entering_a_stream_tells_how_far_its_sound_is(scripted: Scripted, sync: Client) -> None:
    scripted.scripts = [play(progress(0, queue_position=1), progress(2), from_the_future(), *whole_take())] * 2
    heard: list[Progress] = []
    with sync.stream("thunder", on_progress=heard.append) as stream:
        assert [(told.queue_position, told.step) for told in heard] == [(1, 0), (0, 2)]
        assert len(list(stream)) == 2
    client = AsyncClient(scripted.address)
    async with client, client.stream("thunder", on_progress=heard.append) as later:
        assert heard[2:] == heard[:2]
        assert len([block async for block in later]) == 2


def test_leaving_a_sound_that_takes_its_time_stops_the_call(scripted: Scripted, sync: Client) -> None:
    def enough(told: Progress) -> None:
        if told.step == 2:
            raise KeyboardInterrupt

    slow = Slow(progress(1), progress(2))
    scripted.scripts = [slow]
    with pytest.raises(KeyboardInterrupt), sync.stream("thunder", on_progress=enough):
        pytest.fail("entered")
    assert slow.left.wait(30)


def test_leaving_early_stops_the_call(sync: Client, slow: Slow) -> None:
    with sync.stream("rain") as stream:
        next(stream)
    assert slow.left.wait(30)
    assert not list(stream)


async def test_leaving_early_stops_the_async_call(scripted: Scripted, slow: Slow) -> None:
    async with AsyncClient(scripted.address) as client:
        async with client.stream("rain") as stream:
            await anext(stream)
        assert await asyncio.to_thread(slow.left.wait, 30)
        assert not [block async for block in stream]


def test_closing_while_the_next_block_is_awaited_ends_the_loop(scripted: Scripted, slow: Slow) -> None:
    def events() -> Iterator[pb.RenderResponse]:
        yield next(call)
        yield next(call)
        stream.close()  # as another thread does once the loop waits for the second block
        yield from call

    with grpc.insecure_channel(scripted.address) as channel:
        call = SoundServiceStub(channel).Render(pb.RenderRequest())
        stream = Stream(events(), call.cancel, scripted.address)
        assert [len(block) for block in stream] == [BLOCK_FRAMES]
        assert slow.left.wait(30)


async def test_closing_from_another_task_ends_the_async_loop(scripted: Scripted, slow: Slow) -> None:
    async with AsyncClient(scripted.address) as client, client.stream("rain") as stream:
        await anext(stream)
        asyncio.get_running_loop().call_soon(stream.close)
        assert not [block async for block in stream]


async def test_cancelling_a_task_counts_even_when_its_stream_is_closed_too(scripted: Scripted, slow: Slow) -> None:
    async with AsyncClient(scripted.address) as client, client.stream("rain") as stream:
        await anext(stream)
        task = asyncio.ensure_future(anext(stream))
        loop = asyncio.get_running_loop()
        loop.call_soon(stream.close)
        loop.call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_cancelling_the_task_cancels_the_call(scripted: Scripted, slow: Slow) -> None:
    heard = asyncio.Event()

    async def listen() -> None:
        async with client.stream("rain") as stream:
            async for _ in stream:
                heard.set()

    async with AsyncClient(scripted.address) as client:
        task = asyncio.create_task(listen())
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(slow.left.wait, 30)


async def test_cancelling_a_render_cancels_its_call(scripted: Scripted, slow: Slow) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def script(request: pb.RenderRequest, context: Any) -> Iterator[pb.RenderResponse]:
        loop.call_soon_threadsafe(begun.set)
        yield from slow(request, context)

    scripted.scripts = [script]
    async with AsyncClient(scripted.address) as client:
        task = asyncio.create_task(client.render("rain"))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(slow.left.wait, 30)


def test_a_stream_with_a_wrong_digest_fails_at_its_end(scripted: Scripted, sync: Client) -> None:
    scripted.scripts = [play(BEGIN, FIRST, SECOND, trailer(b"other", len(PCM)))]
    with sync.stream("rain") as stream:
        next(stream)
        next(stream)
        with pytest.raises(DamagedSoundError, match="SHA-256"):
            next(stream)


async def test_an_async_stream_that_ends_early_fails(scripted: Scripted) -> None:
    scripted.scripts = [play(BEGIN, FIRST)]
    async with AsyncClient(scripted.address) as client, client.stream("rain") as stream:
        await anext(stream)
        with pytest.raises(DamagedSoundError, match="ended before"):
            await anext(stream)


def test_a_stream_that_may_not_go_on_says_so_after_what_was_heard(scripted: Scripted) -> None:
    scripted.scripts = [fail(grpc.StatusCode.UNAVAILABLE, "Socket closed", after=(BEGIN, FIRST))]
    with Client(scripted.address, retries=0) as once, once.stream("rain") as stream:
        assert len(next(stream)) == BLOCK_FRAMES
        with pytest.raises(UnavailableError, match="Socket closed"):
            next(stream)
    assert len(scripted.requests) == 1  # what was heard is not played again


async def test_a_stream_that_is_refused_fails_on_entering(scripted: Scripted, sync: Client) -> None:
    refused = fail(grpc.StatusCode.INVALID_ARGUMENT, "channels: 1 or 2")
    scripted.scripts = [refused, refused]
    with pytest.raises(InvalidRequestError, match="channels"), sync.stream("rain", channels=3):
        pytest.fail("entered")
    async with AsyncClient(scripted.address) as client:
        with pytest.raises(InvalidRequestError, match="channels"):
            async with client.stream("rain", channels=3):
                pytest.fail("entered")


async def test_a_stream_that_begins_wrong_stops_its_call(scripted: Scripted, sync: Client) -> None:
    first, second = Slow(FIRST), Slow(FIRST)  # no header
    scripted.scripts = [first, second]
    with pytest.raises(DamagedSoundError) as sync_error, sync.stream("rain"):
        pytest.fail("entered")
    assert first.left.wait(30), sync_error
    async with AsyncClient(scripted.address) as client:
        with pytest.raises(DamagedSoundError) as async_error:
            async with client.stream("rain"):
                pytest.fail("entered")
        assert await asyncio.to_thread(second.left.wait, 30), async_error


async def test_a_header_before_its_time_says_how_to_get_it(scripted: Scripted, sync: Client) -> None:
    scripted.scripts = [play(*whole_take())] * 2
    stream = sync.stream("rain")
    with pytest.raises(RuntimeError, match=r"with client\.stream"):
        _ = stream.header
    with pytest.raises(RuntimeError, match="after the last block"):
        _ = stream.trailer
    stream.close()
    async with AsyncClient(scripted.address) as client:
        later = client.stream("rain")
        with pytest.raises(RuntimeError, match=r"async with client\.stream"):
            _ = later.header
        with pytest.raises(RuntimeError, match="after the last block"):
            _ = later.trailer
        later.close()
