import asyncio
import inspect
from typing import Any

import grpc
import numpy as np
import pytest

from swash.v1 import sound_pb2 as pb
from swash_client import AsyncClient, Client, DamagedSoundError, Neural, Progress, UnavailableError
from tests.clients.python.scripted import (
    PCM,
    Scripted,
    Slow,
    audio,
    fail,
    from_the_future,
    header,
    play,
    progress,
    trailer,
    whole_take,
)

BROKEN = (grpc.StatusCode.UNAVAILABLE, "Socket closed")


async def test_sixteen_bit_samples_arrive_as_floats_of_the_same_value(scripted: Scripted, client: Any) -> None:
    scripted.scripts = [play(*whole_take())]
    sound = await client.render("rain")
    assert sound.samples.dtype == np.float32
    np.testing.assert_array_equal(sound.samples, PCM / 32_768)
    assert sound.duration_s == 6 / 48_000
    assert sound.header.seed == 7
    assert sound.trailer.loudness_lufs == -20


async def test_float_samples_arrive_as_they_are(scripted: Scripted, client: Any) -> None:
    wave = np.linspace(-1, 1, 10, dtype="<f4").reshape(5, 2)
    begin = header(encoding=pb.ENCODING_PCM_F32LE)
    scripted.scripts = [play(begin, audio(wave.tobytes()), trailer(wave.tobytes(), 5))]
    np.testing.assert_array_equal((await client.render("rain", encoding="pcm_f32le")).samples, wave)


async def test_a_file_arrives_byte_for_byte(scripted: Scripted, client: Any) -> None:
    begin = header(encoding=pb.ENCODING_FLAC)
    scripted.scripts = [play(begin, audio(b"fLaC"), audio(b"123"), trailer(PCM.tobytes(), len(PCM)))]
    file = await client.render_file("rain", encoding="flac")
    assert file.data == b"fLaC123"
    assert file.duration_s == 6 / 48_000


async def test_takes_come_in_order_each_with_its_seed(scripted: Scripted, client: Any) -> None:
    scripted.scripts = [play(*whole_take(0), *whole_take(1), *whole_take(2))]
    sounds = await client.takes("step", count=3)
    assert [sound.header.seed for sound in sounds] == [7, 8, 9]
    for sound in sounds:
        np.testing.assert_array_equal(sound.samples, PCM / 32_768)
    assert scripted.requests[0].takes == 3


async def test_silence_of_no_length_is_a_sound(scripted: Scripted, client: Any) -> None:
    scripted.scripts = [play(header(), trailer(b"", 0))]
    assert (await client.render("rain")).samples.shape == (0, 2)


async def test_events_newer_than_the_client_are_passed_over(scripted: Scripted, client: Any) -> None:
    begin, first, second, end = whole_take()
    for new in (pb.RenderResponse(), from_the_future()):
        scripted.scripts = [play(new, begin, new, first, new, second, new, end, new)]
        np.testing.assert_array_equal((await client.render("rain")).samples, PCM / 32_768)


BEGIN, FIRST, SECOND, END = whole_take()
REST = [FIRST, SECOND, END]


@pytest.mark.parametrize(
    "events, says",
    [
        ([BEGIN, FIRST, SECOND, trailer(b"other", 6)], "SHA-256"),
        ([BEGIN, FIRST, END], "4 of 6 frames"),
        ([BEGIN, SECOND, END], "missing after frame 0"),
        ([BEGIN, audio(b"\0\0\0\0\0"), END], "missing after frame 0"),
        ([BEGIN, FIRST, SECOND], "ended before the sound"),
        ([BEGIN, FIRST, BEGIN], "ended before the sound"),
        ([FIRST, SECOND, END], "next header"),
        ([BEGIN, FIRST, SECOND, END, END], "next header"),
        ([], "ended before the sound"),
        ([*whole_take(), *whole_take()], "2 of 1 takes"),
    ],
)
async def test_a_sound_that_is_not_what_was_made_is_refused(
    scripted: Scripted, client: Any, events: list[pb.RenderResponse], says: str
) -> None:
    scripted.scripts = [play(*events)]
    with pytest.raises(DamagedSoundError, match=says):
        await client.render("rain")


async def test_a_call_that_goes_wrong_is_left_at_once(scripted: Scripted, client: Any) -> None:
    slow = Slow(BEGIN, SECOND)  # without the first block
    scripted.scripts = [slow]
    with pytest.raises(DamagedSoundError) as error:
        await client.render("rain")
    assert await asyncio.to_thread(slow.left.wait, 30), error


async def test_a_sound_broken_off_before_its_header_is_asked_for_again_as_it_was(
    scripted: Scripted, client: Any
) -> None:
    heard: list[Progress] = []
    scripted.scripts = [fail(*BROKEN, after=(progress(3),)), play(progress(1), *whole_take())]
    sound = await client.render("thunder", engine="stable_audio", steps=4, on_progress=heard.append)
    np.testing.assert_array_equal(sound.samples, PCM / 32_768)
    assert [told.step for told in heard] == [3, 1]  # it began anew
    assert scripted.requests[0] == scripted.requests[1]


async def test_a_sound_that_never_began_is_asked_for_once_more(scripted: Scripted, client: Any) -> None:
    scripted.scripts = [fail(*BROKEN)] * 3
    with pytest.raises(UnavailableError):
        await client.render("rain")
    assert len(scripted.requests) == 2


async def test_a_sound_that_takes_its_time_tells_how_far_it_is(scripted: Scripted, client: Any) -> None:
    heard: list[Progress] = []
    told = [progress(0, queue_position=2), progress(0), progress(4)]
    scripted.scripts = [play(*told, *whole_take(0), progress(4, take=1), *whole_take(1))]
    await client.takes("thunder", count=2, on_progress=heard.append)
    expected = [(0, 2, 0, 4), (0, 0, 0, 4), (0, 0, 4, 4), (1, 0, 4, 4)]
    assert heard == [Progress(*values) for values in expected]


async def test_who_does_not_ask_how_far_a_sound_is_hears_it_all_the_same(scripted: Scripted, client: Any) -> None:
    scripted.scripts = [play(progress(1), *whole_take())]
    np.testing.assert_array_equal((await client.render("thunder")).samples, PCM / 32_768)


async def test_a_listener_that_fails_ends_the_call_with_its_own_error(scripted: Scripted, client: Any) -> None:
    def listen(_told: Progress) -> None:
        raise LookupError("no such window")

    slow = Slow(progress(1))
    scripted.scripts = [slow]
    with pytest.raises(LookupError, match="no such window"):
        await client.render("thunder", on_progress=listen)
    assert await asyncio.to_thread(slow.left.wait, 30)


async def test_a_header_tells_how_a_neural_sound_was_made(scripted: Scripted, client: Any) -> None:
    neural = pb.Neural(
        steps=4, guidance=2, negative_prompt="birds", init_noise_level=0.5, short_window=True,
        loop_method=pb.LOOP_METHOD_CROSSFADE,
    )  # fmt: skip
    begin = header(engine="stable_audio", key="ab" * 32, prompt_truncated=True, neural=neural)
    scripted.scripts = [
        play(begin, FIRST, SECOND, END),
        play(header(neural=pb.Neural(steps=8, guidance=1)), *REST),
    ]
    made = (await client.render("thunder")).header
    assert made.neural == Neural(4, 2.0, "birds", 0.5, True, "crossfade")
    assert (made.key, made.prompt_truncated, made.fallback) == ("ab" * 32, True, False)
    assert made.layers == ()
    assert (await client.render("thunder")).header.neural == Neural(8, 1.0, None, None, False, None)


async def test_a_procedural_header_has_nothing_neural_and_says_when_it_is_a_fallback(
    scripted: Scripted, client: Any
) -> None:
    scripted.scripts = [play(header(fallback=True), *REST)]
    made = (await client.render("thunder")).header
    assert made.neural is None
    assert made.fallback


def test_both_clients_take_the_same_arguments() -> None:
    def arguments(client: type) -> dict[str, list[inspect.Parameter]]:
        methods = {name: method for name, method in vars(client).items() if not name.startswith("_")}
        return {name: list(inspect.signature(method).parameters.values()) for name, method in methods.items()}

    assert arguments(Client) == arguments(AsyncClient)
