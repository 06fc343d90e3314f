"""The clients and the real server together."""

import asyncio
import io
import wave
from collections.abc import Iterator

import numpy as np
import pytest

from swash_client import (
    AsyncClient,
    Client,
    DeadlineError,
    InvalidRequestError,
    NotReadyError,
    TooLargeError,
    UnknownSoundError,
)
from tests.serving import ServerProcess


@pytest.fixture
def sync(server: ServerProcess) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client


def test_a_prompt_becomes_a_sound(sync: Client) -> None:
    sound = sync.render("gentle ocean waves", duration_s=2.0, seed=3)
    assert sound.samples.shape == (96_000, 2)
    assert np.abs(sound.samples).max() > 0.01
    assert sound.header.layers[0].effect == "ocean_waves"
    assert sound.header.licence
    assert sound.duration_s == 2.0


def test_the_seed_that_the_server_chose_brings_the_sound_again(sync: Client) -> None:
    first = sync.render("gentle ocean waves", duration_s=1.5)
    again = sync.render("gentle ocean waves", duration_s=1.5, seed=first.header.seed)
    assert again.header.cached == "memory"
    np.testing.assert_array_equal(first.samples, again.samples)


def test_a_step_is_fetched_in_one_message(server: ServerProcess, sync: Client) -> None:
    step = sync.render(effect="footsteps", seed=77)
    whole = sync.fetch(effect="footsteps", seed=77)
    np.testing.assert_array_equal(whole.samples, step.samples)
    assert (whole.trailer.sha256, whole.header.key) == (step.trailer.sha256, step.header.key)

    async def fetched() -> bytes:
        async with AsyncClient(server.address) as client:
            return (await client.fetch(effect="footsteps", seed=77)).trailer.sha256

    assert asyncio.run(fetched()) == step.trailer.sha256


def test_what_one_message_cannot_hold_is_told(sync: Client) -> None:
    with pytest.raises(TooLargeError, match="Render streams it"):
        sync.fetch("wind", duration_s=20.0)


def test_floats_and_sixteen_bit_are_the_same_sound(sync: Client) -> None:
    short = sync.render("rain", duration_s=1.0, seed=5)
    long = sync.render("rain", duration_s=1.0, seed=5, encoding="pcm_f32le")
    assert np.abs(short.samples - long.samples).max() <= 1.01 / 32_768


def test_takes_share_the_object_and_differ_in_the_performance(sync: Client) -> None:
    steps = sync.takes("footstep on gravel", count=3, seed=10, object_seed=4)
    assert [step.header.seed for step in steps] == [10, 11, 12]
    assert {step.header.object_seed for step in steps} == {4}
    assert len({step.trailer.sha256 for step in steps}) == 3
    alone = sync.render("footstep on gravel", seed=11, object_seed=4)
    np.testing.assert_array_equal(alone.samples, steps[1].samples)


def test_a_stream_is_the_sound_in_blocks(sync: Client) -> None:
    with sync.stream("wind", duration_s=3.0, seed=8) as stream:
        assert stream.header.seed == 8
        blocks = list(stream)
        assert stream.trailer.frames == 3 * stream.header.sample_rate
    assert len(blocks) > 1
    whole = sync.render("wind", duration_s=3.0, seed=8)
    np.testing.assert_array_equal(np.concatenate(blocks), whole.samples)


def test_leaving_a_stream_stops_the_render(sync: Client) -> None:
    with sync.stream("wind", duration_s=30.0, seed=9) as stream:
        next(stream)
    cached = "joined"
    while cached == "joined":  # until the leaving has reached the server
        with sync.stream("wind", duration_s=30.0, seed=9) as stream:
            cached = stream.header.cached
    assert cached == "no"  # a render that went on would be in memory now


def test_a_wav_of_a_loop_holds_its_loop_points(sync: Client) -> None:
    file = sync.render_file("rain", loop=True, duration_s=2.0, sample_rate=44_100, channels=1)
    with wave.open(io.BytesIO(file.data)) as opened:
        assert opened.getparams()[:4] == (1, 2, 44_100, file.trailer.frames)
    assert b"smpl" in file.data
    assert file.header.loop is not None
    assert (file.header.loop.start_frame, file.header.loop.end_frame) == (0, file.trailer.frames)


def test_a_loud_long_sound_of_many_frames_fits_the_message_limit(sync: Client) -> None:
    wishes = {"duration_s": 20.0, "sample_rate": 96_000, "loudness_lufs": -20.0}
    sound = sync.render("wind", encoding="pcm_f32le", **wishes)  # type: ignore[arg-type]
    assert sound.trailer.loudness_lufs == pytest.approx(-20.0, abs=0.5)


def test_a_bad_request_names_the_field(sync: Client) -> None:
    with pytest.raises(InvalidRequestError, match="1 to 2") as caught:
        sync.render("rain", channels=3)
    assert [violation.field for violation in caught.value.violations] == ["channels"]


def test_an_unknown_sound_says_what_to_try(sync: Client) -> None:
    with pytest.raises(UnknownSoundError, match="zyxwq") as caught:
        sync.render("zyxwq fnordle")
    assert len(caught.value.suggestions) == 3
    assert caught.value.unknown_words == ("zyxwq", "fnordle")


def test_an_engine_without_weights_says_how_to_bring_them(sync: Client) -> None:
    with pytest.raises(NotReadyError, match="stable_audio"):
        sync.render("rain", engine="stable_audio")


def test_a_sound_that_takes_too_long_is_a_deadline(sync: Client) -> None:
    with pytest.raises(DeadlineError):
        sync.render("ocean waves", duration_s=120.0, timeout_s=0.05)


def test_the_server_lists_effects_that_can_be_asked_for(sync: Client) -> None:
    effects = {effect.id: effect for effect in sync.effects()}
    waves = effects["ocean_waves"]
    assert waves.ucs_cat_id
    number = next(parameter for parameter in waves.parameters if not parameter.choices)
    sound = sync.render(effect=waves.id, parameters={number.name: number.maximum}, duration_s=1.0)
    assert sound.header.layers[0].parameters[number.name] == number.maximum


def test_the_server_says_what_it_understands(sync: Client) -> None:
    resolution = sync.resolve("gentle ocean waves for 3 seconds")
    assert resolution.layers[0].effect == "ocean_waves"
    assert resolution.duration_s == 3.0
    assert not sync.resolve("zyxwq fnordle").layers


def test_the_server_tells_its_engines_and_limits(sync: Client) -> None:
    info = sync.server_info()
    assert {engine.name: engine.state for engine in info.engines}["procedural"] == "ready"
    assert info.default_engine == "procedural"
    assert info.limits.max_takes == 32
    assert {"pcm_s16le", "flac"} <= set(info.encodings)


async def test_the_async_client_brings_the_same_sound(sync: Client, server: ServerProcess) -> None:
    expected = await asyncio.to_thread(sync.render, "rain", duration_s=1.0, seed=21)
    async with AsyncClient(server.address) as client:
        sounds = await asyncio.gather(*(client.render("rain", duration_s=1.0, seed=21) for _ in range(8)))
        async with client.stream("rain", duration_s=1.0, seed=21) as stream:
            blocks = [block async for block in stream]
    for samples in (*(sound.samples for sound in sounds), np.concatenate(blocks)):
        np.testing.assert_array_equal(samples, expected.samples)
