"""The clients and a real server that has a model: small, with random weights, of the real structure."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from swash_client import (
    AsyncClient,
    Client,
    InitAudio,
    InvalidRequestError,
    NotReadyError,
    Progress,
)
from tests.serving import ServerProcess

MODEL = Path(__file__).parents[2] / "data" / "stable_audio_open_small"
NEURAL = "stable_audio"


@pytest.fixture(scope="module")
def neural_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    store = tmp_path_factory.mktemp("store")
    # One thread: two that wait for each other on a busy machine take fifty times as long.
    with ServerProcess(store, f"--model={MODEL}", "--neural-threads=1") as running:
        yield running


@pytest.fixture
def sync(neural_server: ServerProcess) -> Iterator[Client]:
    with Client(neural_server.address) as client:
        yield client


def test_words_become_a_neural_sound_that_tells_how_it_was_made(sync: Client) -> None:
    heard: list[Progress] = []
    sound = sync.render("distant thunder", engine=NEURAL, duration_s=0.5, seed=3, on_progress=heard.append)
    assert sound.samples.shape == (24_000, 2)
    assert np.abs(sound.samples).max() > 0.001
    made = sound.header
    assert (made.engine, made.layers, made.fallback, made.prompt_truncated) == (NEURAL, (), False, False)
    assert made.neural is not None
    assert (made.neural.steps, made.neural.guidance, made.neural.negative_prompt) == (8, 1.0, None)
    assert made.neural.loop_method is None
    assert len(made.key) == 64
    steps = [told.step for told in heard]
    assert steps == sorted(steps)
    assert {told.steps for told in heard} == {8}


def test_a_neural_sound_comes_again_from_what_its_header_tells(sync: Client) -> None:
    first = sync.render(
        "rain", engine=NEURAL, duration_s=0.4, steps=3, guidance=2.0, negative_prompt="wind", short_window=True
    )
    neural = first.header.neural
    assert neural is not None
    again = sync.render(
        "rain",
        engine=first.header.engine,
        duration_s=0.4,
        seed=first.header.seed,
        steps=neural.steps,
        guidance=neural.guidance,
        negative_prompt=neural.negative_prompt,
        short_window=neural.short_window,
    )
    assert again.header.cached == "memory"
    assert again.header.key == first.header.key
    np.testing.assert_array_equal(first.samples, again.samples)


def test_a_stream_tells_its_steps_and_then_plays(sync: Client) -> None:
    heard: list[Progress] = []
    with sync.stream("wind", engine=NEURAL, duration_s=0.5, seed=8, on_progress=heard.append) as stream:
        assert stream.header.neural is not None
        told = len(heard)
        blocks = list(stream)
    assert told == len(heard) > 0
    whole = sync.render("wind", engine=NEURAL, duration_s=0.5, seed=8)
    np.testing.assert_array_equal(np.concatenate(blocks), whole.samples)


def test_takes_tell_which_of_them_is_being_made(sync: Client) -> None:
    heard: list[Progress] = []
    sounds = sync.takes("a door", engine=NEURAL, count=3, duration_s=0.3, seed=4, on_progress=heard.append)
    assert [sound.header.seed for sound in sounds] == [4, 5, 6]
    assert len({sound.trailer.sha256 for sound in sounds}) == 3
    takes = [told.take for told in heard]
    assert takes == sorted(takes)
    assert heard[0].take == 0


@pytest.mark.parametrize("method", ["latents", "crossfade"])
def test_a_neural_loop_tells_its_method(sync: Client, method: str) -> None:
    sound = sync.render("rain", engine=NEURAL, loop=True, duration_s=0.3, loop_method=method)  # type: ignore[arg-type]
    assert sound.header.neural is not None
    assert sound.header.neural.loop_method == method
    assert sound.header.loop is not None
    assert sound.header.loop.end_frame == len(sound.samples)


def test_one_audio_to_begin_with_is_the_same_however_it_comes(sync: Client, tmp_path: Path) -> None:
    rain = sync.render(effect="rain", seed=1, encoding="pcm_f32le", duration_s=0.3)
    sync.render_file(effect="rain", seed=1, encoding="wav", duration_s=0.3).save(tmp_path / "rain.wav")
    rate = rain.header.sample_rate
    ways: list[InitAudio] = [rain, (rain.samples, rate), (rain.samples.astype(np.float64), rate)]
    made = [
        sync.render("a gong", engine=NEURAL, seed=2, duration_s=0.4, init_audio=audio, init_noise_level=0.4)
        for audio in ways
    ]
    alone = sync.render("a gong", engine=NEURAL, seed=2, duration_s=0.4)
    assert len({sound.trailer.sha256 for sound in made}) == 1
    assert made[0].trailer.sha256 != alone.trailer.sha256
    assert made[0].header.neural is not None
    assert made[0].header.neural.init_noise_level == pytest.approx(0.4)
    from_file = sync.render("a gong", engine=NEURAL, seed=2, duration_s=0.4, init_audio=tmp_path / "rain.wav")
    assert from_file.header.neural is not None
    assert from_file.header.neural.init_noise_level == pytest.approx(0.7)


def test_a_sound_that_the_server_remembers_is_begun_with_by_its_key(sync: Client) -> None:
    rain = sync.render(effect="rain", seed=1, duration_s=0.3)
    sound = sync.render("a gong", engine=NEURAL, seed=2, duration_s=0.4, init_key=rain.header.key)
    assert sound.header.neural is not None
    assert sound.header.neural.init_noise_level == pytest.approx(0.7)
    with pytest.raises(InvalidRequestError) as caught:
        sync.render("a gong", engine=NEURAL, init_key="0" * 64)
    assert [violation.field for violation in caught.value.violations] == ["init_key"]


@pytest.mark.parametrize(
    "wishes, field",
    [
        ({"steps": 51}, "steps"),
        ({"guidance": 0.5}, "guidance"),
        ({"negative_prompt": "wind", "guidance": 1.0}, "guidance"),
        ({"init_noise_level": 0.5}, "init_noise_level"),
        ({"init_audio": b"no audio at all"}, "init_audio"),
        ({"init_audio": (np.zeros(44_100), 44_100)}, "init_audio"),
        ({"init_audio": (np.full(10_000, np.nan), 44_100)}, "init_audio"),
        ({"duration_s": 60.0}, "duration_s"),
    ],
)
def test_a_bad_neural_wish_names_the_field(sync: Client, wishes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        sync.render("rain", engine=NEURAL, **wishes)  # type: ignore[arg-type]
    assert [violation.field for violation in caught.value.violations] == [field]


def test_a_neural_wish_for_the_procedural_engine_says_whose_it_is(sync: Client) -> None:
    with pytest.raises(InvalidRequestError, match="stable_audio"):
        sync.render("rain", steps=8)


def test_the_largest_audio_to_begin_with_is_too_long_and_not_too_busy_a_server(sync: Client) -> None:
    longest = np.full((2_040_000, 1), 0.1, np.float32)  # as much as the client sends
    with pytest.raises(InvalidRequestError, match="init_audio"):
        sync.render("rain", engine=NEURAL, init_audio=(longest, 44_100))


def test_a_long_prompt_is_told_to_be_too_long(sync: Client) -> None:
    sound = sync.render("thunder and rain " * 50, engine=NEURAL, duration_s=0.2)
    assert sound.header.prompt_truncated


def test_where_there_is_no_model_the_procedural_engine_steps_in(server: ServerProcess) -> None:
    with Client(server.address) as client:
        with pytest.raises(NotReadyError, match="--model"):
            client.render("distant thunder", engine=NEURAL)
        sound = client.render("distant thunder", engine=NEURAL, steps=8, fallback=True, duration_s=1.0)
    assert sound.header.fallback
    assert (sound.header.engine, sound.header.neural) == ("procedural", None)
    assert sound.header.layers[0].effect == "thunder"


async def test_the_async_client_brings_the_same_neural_sound(sync: Client, neural_server: ServerProcess) -> None:
    wishes = {"engine": NEURAL, "duration_s": 0.4, "seed": 21, "steps": 4}
    heard: list[Progress] = []
    async with AsyncClient(neural_server.address) as client:
        sounds = await asyncio.gather(
            *(client.render("rain", on_progress=heard.append, **wishes) for _ in range(8))  # type: ignore[arg-type]
        )
    expected = await asyncio.to_thread(sync.render, "rain", **wishes)  # type: ignore[arg-type]
    for sound in sounds:
        np.testing.assert_array_equal(sound.samples, expected.samples)
    assert heard
    assert len({sound.header.key for sound in sounds}) == 1
