"""A sound whose connection breaks goes on: what the caller hears is what was made, to the byte."""

import asyncio
import math
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2

from swash.v1 import sound_pb2 as pb
from swash_client import (
    AsyncClient,
    Block,
    Client,
    DamagedSoundError,
    DeadlineError,
    OverloadedError,
    Progress,
    UnavailableError,
)
from swash_client.asking import Asking
from tests.clients.python.scripted import (
    BLOCK_FRAMES,
    PCM,
    Scripted,
    Slow,
    abort,
    audio,
    fail,
    header,
    play,
    progress,
    trailer,
    whole_take,
)
from tests.fault_proxy import FaultProxy, Faults
from tests.serving import ServerProcess

BROKEN = (grpc.StatusCode.UNAVAILABLE, "Socket closed")
SOON = error_details_pb2.RetryInfo(retry_delay=Duration(nanos=10_000_000))
BEGIN, FIRST, SECOND, END = whole_take()
ASKED = pb.RenderRequest(prompt="rain", takes=1, encoding=pb.ENCODING_PCM_S16LE)


async def blocks_of(client: Any, **asked: Any) -> list[Block]:
    """Hear a stream of either client to its end."""
    stream = client.stream("rain", **asked)
    if isinstance(client, AsyncClient):
        async with stream:
            return [block async for block in stream]
    stream = await stream

    def heard() -> list[Block]:
        with stream:
            return list(stream)

    return await asyncio.to_thread(heard)


@pytest.mark.parametrize(
    "break_of",
    [
        BROKEN,
        (grpc.StatusCode.INTERNAL, "Received RST_STREAM with error code 2"),
        (grpc.StatusCode.UNAVAILABLE, "GOAWAY received"),
    ],
)
async def test_a_stream_goes_on_at_the_next_frame_of_the_very_sound(
    scripted: Scripted, client: Any, break_of: tuple[grpc.StatusCode, str]
) -> None:
    begin = header(object_seed=4, engine="procedural", key="ab", request_id="first")
    again = header(object_seed=4, engine="procedural", key="ab", request_id="second")
    scripted.scripts = [fail(*break_of, after=(begin, FIRST)), play(again, SECOND, END)]
    blocks = await blocks_of(client, timeout_s=30)
    np.testing.assert_array_equal(np.concatenate(blocks), PCM / 32_768)
    first, second = scripted.requests
    assert not first.HasField("seed")
    assert (second.seed, second.object_seed, second.engine) == (7, 4, "procedural")
    assert (second.prompt, second.first_frame, second.takes) == ("rain", BLOCK_FRAMES, 1)
    assert scripted.times_left_s[1] < 31  # one deadline for both


async def test_a_stream_that_breaks_before_its_trailer_is_still_proved(scripted: Scripted, client: Any) -> None:
    wrong = trailer(b"other", len(PCM))
    for end in (END, wrong):
        scripted.scripts = [fail(*BROKEN, after=(BEGIN, FIRST, SECOND)), play(BEGIN, end)]
        if end is END:
            np.testing.assert_array_equal(np.concatenate(await blocks_of(client)), PCM / 32_768)
        else:
            with pytest.raises(DamagedSoundError, match="SHA-256"):
                await blocks_of(client)
        assert scripted.requests[-1].first_frame == len(PCM)


async def test_another_sound_is_never_taken_for_the_rest_of_this_one(scripted: Scripted, client: Any) -> None:
    other = header(key="cd", engine_version="2")
    scripted.scripts = [
        fail(*BROKEN, after=(header(key="ab", engine_version="1"), FIRST)),
        play(other, SECOND, END),
    ]
    with pytest.raises(DamagedSoundError, match="another sound: key is cd, was ab"):
        await blocks_of(client)


async def test_a_fallback_goes_on_as_what_was_heard(scripted: Scripted, client: Any) -> None:
    begin = header(engine="procedural", fallback=True)
    scripted.scripts = [fail(*BROKEN, after=(begin, FIRST)), play(header(engine="procedural"), SECOND, END)]
    wishes = {"engine": "stable_audio", "steps": 4, "init_key": "ab" * 32, "loop_method": "crossfade"}
    sound = await client.render("thunder", fallback=True, **wishes)
    np.testing.assert_array_equal(sound.samples, PCM / 32_768)
    assert sound.header.fallback
    second = scripted.requests[1]
    assert {field.name for field, _ in second.ListFields()} == {
        "prompt", "engine", "seed", "object_seed", "takes", "encoding", "first_frame",
    }  # fmt: skip
    assert second.engine == "procedural"


async def test_of_several_takes_only_what_is_left_is_asked_for(scripted: Scripted, client: Any) -> None:
    first, second, third = (whole_take(take) for take in range(3))
    scripted.scripts = [
        fail(*BROKEN, after=(*first, second[0], second[1])),
        play(header(seed=8), second[2], trailer(PCM.tobytes(), len(PCM))),
        fail(*BROKEN, after=(progress(1),)),
        play(progress(2), header(seed=9), *third[1:3], trailer(PCM.tobytes(), len(PCM))),
    ]
    told: list[Progress] = []
    sounds = await client.takes("step", count=3, on_progress=told.append)
    for sound in sounds:
        np.testing.assert_array_equal(sound.samples, PCM / 32_768)
    assert [(sound.header.take, sound.header.seed, sound.trailer.take) for sound in sounds] == [
        (0, 7, 0), (1, 8, 1), (2, 9, 2),
    ]  # fmt: skip
    assert [(request.takes, request.seed, request.first_frame) for request in scripted.requests] == [
        (3, 0, 0), (1, 8, BLOCK_FRAMES), (1, 9, 0), (1, 9, 0),
    ]  # fmt: skip
    assert [heard.take for heard in told] == [2, 2]


async def test_takes_follow_the_seed_that_was_chosen_and_not_the_one_that_replaced_it(
    scripted: Scripted, client: Any
) -> None:
    replaced = header(seed=999, replaced_seed=2**32 - 1)
    scripted.scripts = [
        fail(*BROKEN, after=(replaced, FIRST, SECOND, END)),
        play(header(seed=0), FIRST, SECOND, END),
    ]
    sounds = await client.takes("step", count=2)
    assert [sound.header.seed for sound in sounds] == [999, 0]
    assert scripted.requests[1].seed == 0  # one after the last


async def test_a_file_begins_anew_with_the_same_seed(scripted: Scripted, client: Any) -> None:
    begin = header(encoding=pb.ENCODING_FLAC, engine="procedural")
    end = trailer(PCM.tobytes(), len(PCM))
    scripted.scripts = [
        fail(*BROKEN, after=(begin, audio(b"fLa"))),
        play(begin, audio(b"fLaC"), audio(b"123"), end),
    ]
    file = await client.render_file("rain", encoding="flac")
    assert file.data == b"fLaC123"
    second = scripted.requests[1]
    assert (second.seed, second.first_frame, second.engine) == (7, 0, "procedural")


@pytest.mark.parametrize("code", [grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE])
async def test_a_server_without_room_is_asked_again_when_it_says(
    scripted: Scripted, client: Any, code: grpc.StatusCode
) -> None:
    scripted.scripts = [fail(code, "later", SOON), fail(code, "later", SOON), play(*whole_take())]
    np.testing.assert_array_equal((await client.render("rain")).samples, PCM / 32_768)
    assert scripted.requests[0] == scripted.requests[1] == scripted.requests[2]


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL,
        grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.UNAUTHENTICATED,
    ],
)  # fmt: skip
async def test_what_another_call_cannot_mend_is_not_asked_again(
    scripted: Scripted, client: Any, code: grpc.StatusCode
) -> None:
    scripted.scripts = [fail(code, "no")]
    with pytest.raises((Exception, asyncio.CancelledError)):
        await client.render("rain")
    assert len(scripted.requests) == 1


async def test_a_caller_may_switch_it_off(scripted: Scripted) -> None:
    scripted.scripts = [fail(*BROKEN, after=(BEGIN, FIRST)), fail(grpc.StatusCode.UNAVAILABLE, "later", SOON)]
    with Client(scripted.address, retries=0) as sync, pytest.raises(UnavailableError):
        sync.render("rain")
    async with AsyncClient(scripted.address, retries=0) as client:
        with pytest.raises(UnavailableError):
            await client.render("rain")
    assert len(scripted.requests) == 2


class Away:
    """Plays some, and is then away for longer than anyone waits; `gone` is set when it goes."""

    def __init__(self) -> None:
        self.gone = threading.Event()

    def __call__(self, _request: pb.RenderRequest, context: Any) -> Iterator[pb.RenderResponse]:
        yield from (BEGIN, FIRST)
        self.gone.set()
        later = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=50))
        abort(context, grpc.StatusCode.UNAVAILABLE, "later", later)


def test_leaving_a_stream_ends_its_wait_for_the_server(scripted: Scripted) -> None:
    away = Away()
    scripted.scripts = [away]

    def leave() -> None:
        away.gone.wait(30)
        stream.close()

    with Client(scripted.address) as client, client.stream("rain") as stream:
        next(stream)
        leaver = threading.Thread(target=leave)
        leaver.start()
        assert not list(stream)
        leaver.join()
    assert len(scripted.requests) == 1


async def test_closing_an_async_stream_ends_its_wait_for_the_server(scripted: Scripted) -> None:
    away = Away()
    scripted.scripts = [away]
    async with AsyncClient(scripted.address) as client, client.stream("rain") as stream:
        await anext(stream)
        rest = asyncio.ensure_future(anext(stream, None))
        await asyncio.to_thread(away.gone.wait, 30)
        stream.close()
        assert await rest is None
    assert len(scripted.requests) == 1


async def test_a_first_message_that_does_not_come_is_told_before_a_long_deadline(scripted: Scripted) -> None:
    first, second = Slow(), Slow()
    scripted.scripts = [first, second]
    with Client(scripted.address, timeout_s=0.2) as sync, pytest.raises(DeadlineError, match=r"within 0\.2 s"):
        sync.render("rain", timeout_s=60.0)
    assert await asyncio.to_thread(first.left.wait, 30)
    async with AsyncClient(scripted.address, timeout_s=0.2) as client:
        with pytest.raises(DeadlineError, match=r"within 0\.2 s"):
            await client.render("rain", timeout_s=60.0)
    assert await asyncio.to_thread(second.left.wait, 30)


# How long it waits, with chance and time given.


def waits(asking: Asking, error: UnavailableError | OverloadedError, left_s: float = math.inf) -> Iterator[float]:
    """Yield each wait until the error is raised."""
    while True:
        try:
            yield asking.wait_s(error, left_s)
        except (UnavailableError, OverloadedError):
            return


def test_waits_grow_and_are_spread_by_chance() -> None:
    for chance, expected in ((0.0, [0.125, 0.3125, 0.78125, 1.953125]), (1.0, [0.25, 0.625, 1.5625, 3.90625])):
        asking = Asking(ASKED, retries=4, chance=lambda chance=chance: chance)  # type: ignore[misc]
        asking.take_in(progress(1))
        assert list(waits(asking, UnavailableError("gone"))) == pytest.approx(expected)
    patient = Asking(ASKED, retries=20, chance=lambda: 1.0)
    patient.take_in(progress(1))
    assert max(waits(patient, UnavailableError("gone"))) == 8.0


def test_what_the_server_says_is_never_undercut() -> None:
    for chance in (0.0, 0.5, 1.0):
        told = list(waits(Asking(ASKED, retries=3, chance=lambda c=chance: c), OverloadedError("full", 2.0)))  # type: ignore[misc]
        assert told == [pytest.approx(2.0 * (1.0 + 0.25 * chance))] * 3


def test_nothing_is_awaited_that_comes_after_the_deadline() -> None:
    assert list(waits(Asking(ASKED), OverloadedError("full", 2.0), left_s=2.0)) == []
    assert list(waits(Asking(ASKED), OverloadedError("full", None))) == []


def test_every_new_frame_gives_all_tries_back() -> None:
    asking = Asking(ASKED, retries=1, chance=lambda: 0.0)
    asking.take_in(whole_take()[0])
    for block in whole_take()[1:3]:
        asking.take_in(block)
        assert len(list(waits(asking, UnavailableError("gone")))) == 1
    assert list(waits(asking, UnavailableError("gone"))) == []


# Against the real server, over a line that breaks. A reset may throw away what the client has not read yet, so
# some tries bring nothing new.
TRIES = 20


@pytest.fixture
def whole(server: ServerProcess) -> Block:
    """Return what an undisturbed caller hears."""
    with Client(server.address) as client:
        return client.render("rain", duration_s=3.0, seed=5).samples


@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_f32le"])
def test_a_line_that_is_reset_again_and_again_is_not_heard(server: ServerProcess, encoding: Any) -> None:
    with Client(server.address) as direct:
        expected = direct.render("rain", duration_s=3.0, seed=5, encoding=encoding)
    with (
        FaultProxy(server.address, Faults(reset_after_bytes=200_000)) as line,
        Client(line.address, retries=TRIES) as client,
    ):
        with client.stream("rain", duration_s=3.0, seed=5, encoding=encoding) as stream:
            heard = np.concatenate(list(stream))
        assert line.resets >= 2
    np.testing.assert_array_equal(heard, expected.samples)
    assert stream.trailer.sha256 == expected.trailer.sha256


async def test_the_async_client_does_not_hear_it_either(server: ServerProcess, whole: Block) -> None:
    with FaultProxy(server.address, Faults(reset_after_bytes=200_000)) as line:
        async with AsyncClient(line.address, retries=TRIES) as client:
            sound = await client.render("rain", duration_s=3.0, seed=5)
            async with client.stream("rain", duration_s=3.0, seed=5) as stream:
                heard = np.concatenate([block async for block in stream])
        assert line.resets >= 4
    np.testing.assert_array_equal(sound.samples, whole)
    np.testing.assert_array_equal(heard, whole)


def test_takes_over_a_line_that_breaks_are_those_of_one_that_does_not(server: ServerProcess) -> None:
    asked: dict[str, Any] = {"effect": "rain", "count": 4, "seed": 2**32 - 2, "duration_s": 1.0}
    with Client(server.address) as direct:
        expected = direct.takes(**asked)
    with (
        FaultProxy(server.address, Faults(reset_after_bytes=150_000)) as line,
        Client(line.address, retries=TRIES) as client,
    ):
        heard = client.takes(**asked)
        assert line.resets >= 3
    assert [take.trailer.sha256 for take in heard] == [take.trailer.sha256 for take in expected]
    assert [take.header.seed for take in heard] == [2**32 - 2, 2**32 - 1, 0, 1]
    assert [take.header.take for take in heard] == [0, 1, 2, 3]


def test_a_black_hole_is_noticed_long_before_the_deadline_and_the_sound_goes_on(
    server: ServerProcess, whole: Block
) -> None:
    with (
        FaultProxy(server.address, Faults(bytes_a_second=400_000.0)) as line,
        Client(line.address, keepalive_s=1.0, timeout_s=90.0) as client,
        client.stream("rain", duration_s=3.0, seed=5) as stream,
    ):
        heard = [next(stream)]
        line.faults = Faults(silent=True)
        healed = threading.Timer(2.5, setattr, (line, "faults", Faults()))  # after the keepalive has given up
        healed.start()
        heard.extend(stream)
        healed.join()
    np.testing.assert_array_equal(np.concatenate(heard), whole)


def test_a_server_that_starts_again_plays_on_where_the_one_before_was_killed(
    tmp_path: Path, server: ServerProcess
) -> None:
    asked: dict[str, Any] = {"duration_s": 60.0, "seed": 6}
    with Client(server.address) as direct:
        expected = direct.render("rain", **asked)
    first = ServerProcess(tmp_path)
    port = re.sub(".*:", "", first.address)
    try:
        # Slow enough that most of it is not there yet when the server is killed.
        with Client(first.address, timeout_s=100.0) as client, client.stream("rain", **asked) as stream:
            heard = [next(stream)]
            first.kill()
            with ServerProcess(tmp_path, f"--grpc-port={port}"):
                heard.extend(stream)
    finally:
        if first.process.poll() is None:
            first.kill()
    np.testing.assert_array_equal(np.concatenate(heard), expected.samples)
    assert stream.trailer.sha256 == expected.trailer.sha256


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_question_into_a_black_hole_is_given_up(server: ServerProcess, kind: str) -> None:
    with FaultProxy(server.address) as line:
        if kind == "sync":
            with Client(line.address, keepalive_s=1.0) as sync:
                assert sync.effects()
                line.faults = Faults(silent=True)
                with pytest.raises(UnavailableError):
                    sync.effects()
        else:
            async with AsyncClient(line.address, keepalive_s=1.0) as client:
                assert await client.effects()
                line.faults = Faults(silent=True)
                with pytest.raises(UnavailableError):
                    await client.effects()


def test_a_black_hole_in_place_of_a_server_is_no_server(server: ServerProcess) -> None:
    with (
        FaultProxy(server.address, Faults(silent=True)) as line,
        Client(line.address, retries=0) as client,
        pytest.raises(UnavailableError, match="no server answers"),
    ):
        client.render("rain")


def test_a_live_session_whose_line_breaks_says_that_it_does_not_go_on(server: ServerProcess) -> None:
    with (
        FaultProxy(server.address) as line,
        Client(line.address, retries=TRIES) as client,
        client.perform() as session,
    ):
        session.start("rain").started.applied()
        next(session)
        line.faults = Faults(reset_after_bytes=0)
        with pytest.raises(UnavailableError, match="does not go on by itself"):
            list(session)
