"""The neural engine keeps what every engine promises: the same sound again, of the length it says, or an error."""

import gc
import json
import math
import shutil
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from swash_model.dsp.seam import seam_of
from swash_model.engine import Watch
from swash_model.errors import InvalidAskError
from swash_model.spec import Ask, Block, LoopMethod, NeuralAsk, Recording, Spec
from swash_model.stable_audio.ending import Ending, crossfaded
from swash_model.stable_audio.engine import StableAudioEngine
from swash_model.stable_audio.errors import ModelFilesError
from swash_model.stable_audio.model import Options, Sound, StableAudio
from swash_model.stable_audio.precision import EXACT, Precision, forms_of
from tests.hearing import correlation
from tests.model.stable_audio.test_model import other_shape, random_weights

RATE = 44_100
LONGEST_S = 0.603  # 13 latents of 2048 frames
PRECISIONS = ("exact", "auto")
ROUNDING = 1e-4  # between the networks as they run and as they are written down
SHORT = NeuralAsk(steps=2)


def warm(folder: Path, precision: str = "exact", t5_folder: Path | None = None) -> StableAudioEngine:
    engine = StableAudioEngine(folder, t5_folder, precision, threads=1)
    engine.warm_up()
    return engine


@pytest.fixture(scope="module")
def engine(golden: Path) -> StableAudioEngine:
    return warm(golden)


@pytest.fixture(scope="module", params=PRECISIONS)
def precise(request: pytest.FixtureRequest, golden: Path, engine: StableAudioEngine) -> StableAudioEngine:
    return engine if request.param == "exact" else warm(golden, request.param)


@pytest.fixture
def fresh(golden: Path) -> StableAudioEngine:
    """Give an engine that remembers nothing."""
    return warm(golden)


def ask(prompt: str = "light rain", *, neural: NeuralAsk = SHORT, **asked: Any) -> Ask:
    return Ask(prompt=prompt, neural=neural, **{"duration_s": 0.4, "seed": 3, **asked})


def spec_of(engine: StableAudioEngine, asked: Ask) -> Spec:
    return engine.resolve(asked).spec


def joined(blocks: Iterator[Block]) -> Block:
    return np.concatenate([np.zeros((0, 2), np.float32), *blocks])


def sound_of(engine: StableAudioEngine, asked: Ask) -> Block:
    return joined(engine.render(spec_of(engine, asked)))


def noise(seconds: float, rate: int = RATE, channels: int = 2, seed: int = 1) -> Block:
    samples = np.random.default_rng(seed).standard_normal((round(seconds * rate), channels))
    return (0.2 * samples).astype(np.float32)


def tone(seconds: float, rate: int, channels: int = 2, hz: float = 440.0) -> Block:
    wave = 0.3 * np.sin(2 * math.pi * hz / rate * np.arange(round(seconds * rate)))
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def recording(samples: Block, rate: int = RATE) -> Recording:
    return Recording(f"{rate} {samples.tobytes().hex()[:64]} {samples.shape}", rate, samples)


def relative(made: Block, right: Block) -> float:
    return float(np.linalg.norm(made - right) / np.linalg.norm(right))


# The same again.


def test_one_spec_is_one_sound_remembered_or_made_again(precise: StableAudioEngine, golden: Path) -> None:
    asked = ask()
    first, remembered = sound_of(precise, asked), sound_of(precise, asked)
    np.testing.assert_array_equal(first, remembered)
    another = warm(golden, "exact" if "f32-f32" in precise.version else "auto")
    assert another.version == precise.version
    np.testing.assert_array_equal(sound_of(another, asked), first)


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 4},
        {"prompt": "hail"},
        {"neural": NeuralAsk(steps=3)},
        {"neural": NeuralAsk(steps=2, guidance=3.0)},
        {"neural": NeuralAsk(steps=2, guidance=3.0, negative_prompt="wind howling")},
        {"neural": NeuralAsk(steps=2, short_window=True)},
        {"neural": NeuralAsk(steps=2, init=recording(noise(0.3)))},
    ],
)
def test_whatever_else_is_asked_is_another_sound(engine: StableAudioEngine, other: dict[str, Any]) -> None:
    made = sound_of(engine, ask(**other))
    assert made.shape == sound_of(engine, ask()).shape
    assert relative(made, sound_of(engine, ask())) > 0.01
    assert spec_of(engine, ask(**other)).canonical() != spec_of(engine, ask()).canonical()


def test_spaces_make_no_other_sound(engine: StableAudioEngine) -> None:
    neural = NeuralAsk(guidance=2.0, negative_prompt=" wind \n")
    one = spec_of(engine, ask("light rain", neural=replace(neural, negative_prompt="wind")))
    assert spec_of(engine, ask("  light \t rain\n", neural=neural)).canonical() == one.canonical()


def test_a_sound_is_the_beginning_of_what_the_networks_make(engine: StableAudioEngine, model: StableAudio) -> None:
    asked = ask(duration_s=0.4, trim=False, neural=NeuralAsk())
    whole = model.generate([Sound("light rain", 1.0, 3)], Options())[0].T  # told in whole seconds
    ending = Ending(RATE, trim=False)
    expected = np.concatenate([ending.process(whole[:17_640].numpy()), ending.flush()])
    np.testing.assert_allclose(sound_of(engine, asked), expected, atol=ROUNDING)


@pytest.mark.parametrize("short_window", [False, True])
def test_a_crossfaded_loop_is_made_of_a_longer_sound(
    engine: StableAudioEngine, model: StableAudio, short_window: bool
) -> None:
    # Half as long again, which takes ten latents; as a loop has no end, it is told that all of the window sounds.
    options = Options(latent_frames=10 if short_window else None)
    whole = model.generate([Sound("light rain", 1.0, 3)], options)[0].T
    expected = crossfaded(whole[: round(0.45 * RATE)].numpy(), round(0.15 * RATE))
    neural = NeuralAsk(loop_method=LoopMethod.CROSSFADE, short_window=short_window)
    made = sound_of(engine, ask(duration_s=0.3, loop=True, neural=neural))
    np.testing.assert_allclose(made, expected, atol=ROUNDING)


@pytest.mark.parametrize("latent_frames", [6, 9, 13])
def test_a_loop_of_latents_is_the_middle_of_many_turns(
    engine: StableAudioEngine, model: StableAudio, latent_frames: int
) -> None:
    *_, ring = model.sample([Sound("light rain", 1.0, 3)], Options(ring_frames=latent_frames))
    turns = model.decode(ring.repeat(1, 1, 5))[0].T.numpy()  # two before and two behind: as far as it looks
    made = sound_of(engine, ask(duration_s=latent_frames * 2048 / RATE, loop=True, neural=NeuralAsk()))
    np.testing.assert_allclose(made, np.split(turns, 5)[2], atol=ROUNDING)


def test_takes_made_together_are_to_the_bit_what_each_is_alone(precise: StableAudioEngine, golden: Path) -> None:
    asks = [ask(seed=seed) for seed in range(40, 46)]
    specs = [spec_of(precise, each) for each in asks]
    other = warm(golden, "exact" if "f32-f32" in precise.version else "auto")
    for number, (spec, asked) in enumerate(zip(specs, asks, strict=True)):
        together = joined(precise.render(spec, together=specs[number + 1 :]))
        np.testing.assert_array_equal(together, sound_of(other, asked))


def test_takes_that_follow_are_made_on_the_way(fresh: StableAudioEngine) -> None:
    *specs, another = (spec_of(fresh, ask(seed=seed)) for seed in range(4))
    joined(fresh.render(specs[0], together=specs[1:]))
    stages: list[str] = []
    joined(fresh.render(specs[2], Watch(stage=lambda name, _: stages.append(name))))
    assert stages == ["decode"]
    assert all(fresh.expected_s(spec) < fresh.expected_s(another) for spec in specs)


def test_what_follows_and_is_another_sound_changes_nothing(engine: StableAudioEngine, golden: Path) -> None:
    neighbours = [
        ask("hail", seed=51),
        ask(seed=52, neural=NeuralAsk(steps=3)),
        ask(seed=53, loop=True),
        ask(seed=54, neural=NeuralAsk(steps=2, init=recording(noise(0.3)))),
        ask(seed=50),  # itself
    ]
    asks = [ask(seed=50), *neighbours]
    together = [spec_of(engine, each) for each in neighbours]
    made = [joined(engine.render(spec_of(engine, asks[0]), together=together))]
    made += [sound_of(engine, each) for each in neighbours]
    other = warm(golden)
    for one, asked in zip(made, asks, strict=True):
        np.testing.assert_array_equal(one, sound_of(other, asked))


def test_two_threads_make_what_one_makes(fresh: StableAudioEngine, engine: StableAudioEngine) -> None:
    asks = [ask(prompt, seed=seed) for seed in range(60, 66) for prompt in ("rain", "wind")]
    asks += [ask("rain", seed=66, neural=NeuralAsk(steps=2, guidance=2.0)), ask("rain", seed=67, loop=True)]
    expected = [sound_of(engine, asked) for asked in asks]
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda asked: sound_of(fresh, asked), asks))
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_sounds_pulled_in_turns_stay_apart(fresh: StableAudioEngine, engine: StableAudioEngine) -> None:
    asks = [ask(seed=seed, duration_s=LONGEST_S) for seed in (70, 71)]
    renders = [fresh.render(spec_of(fresh, asked)) for asked in asks]
    pairs = list(zip(*renders, strict=True))  # a block of one, a block of the other
    assert len(pairs) > 1
    for blocks, asked in zip(zip(*pairs, strict=True), asks, strict=True):
        np.testing.assert_array_equal(joined(iter(blocks)), sound_of(engine, asked))


# The version.


@pytest.fixture
def copied(golden: Path, tmp_path: Path) -> Path:
    """Give a folder of the model whose files may be changed."""
    folder = tmp_path / "model"
    shutil.copytree(golden, folder)
    return folder


def changed(path: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    tensors = load_file(path)
    change(tensors)
    path.unlink()
    save_file(tensors, path)


def nudge(name: str) -> Callable[[dict[str, Tensor]], object]:
    def change(tensors: dict[str, Tensor]) -> None:
        tensors[name].view(-1)[0] += 0.25

    return change


def test_the_version_is_that_of_the_weights_wherever_they_lie(engine: StableAudioEngine, copied: Path) -> None:
    assert StableAudioEngine(copied).version == ""
    assert warm(copied).version == engine.version
    (copied / "t5").rename(copied.parent / "words")
    apart = warm(copied, t5_folder=copied.parent / "words")
    assert apart.version == engine.version
    np.testing.assert_array_equal(sound_of(apart, ask()), sound_of(engine, ask()))


@pytest.mark.parametrize(
    "file, name",
    [
        ("model.safetensors", "model.model.to_timestep_embed.0.bias"),
        ("model.safetensors", "pretransform.model.encoder.layers.0.bias"),
        ("t5/model.safetensors", "encoder.final_layer_norm.weight"),
    ],
)
def test_one_weight_that_changes_makes_another_version(
    engine: StableAudioEngine, copied: Path, file: str, name: str
) -> None:
    changed(copied / file, nudge(name))
    other = warm(copied)
    assert other.version != engine.version
    spec = spec_of(other, ask())
    assert other.version_of(spec) == other.version


def test_other_words_or_sizes_make_another_version(engine: StableAudioEngine, copied: Path) -> None:
    versions = {engine.version}
    for name, key, value in (
        ("model_config.json", "sample_rate", 48_000),
        ("t5/tokenizer.json", "added_tokens", []),
    ):
        content = json.loads((copied / name).read_text())
        (copied / name).write_text(json.dumps({**content, key: value}))
        versions.add(warm(copied).version)
    assert len(versions) == 3


@pytest.mark.parametrize("precision", ["auto", "fast"])
def test_another_precision_is_another_version(engine: StableAudioEngine, golden: Path, precision: str) -> None:
    other = warm(golden, precision)
    assert (other.version == engine.version) == (forms_of(Precision(precision)) == EXACT)
    assert relative(sound_of(other, ask()), sound_of(engine, ask())) < 0.6
    assert other.resolve(ask()).spec == engine.resolve(ask()).spec


# Lengths.


def test_the_longest_sound_is_told_in_milliseconds(engine: StableAudioEngine) -> None:
    assert engine.max_duration_s == LONGEST_S
    assert engine.sample_rate == RATE


DURATIONS_S = [0.1, 0.10001, 0.1234, 2048 / RATE * 3, 2049 / RATE * 3, 0.25, 1 / 3, 0.50001, 0.55, 0.6, LONGEST_S]


@pytest.mark.parametrize("short_window", [False, True])
@pytest.mark.parametrize("duration_s", DURATIONS_S)
def test_a_sound_is_as_long_as_was_said(engine: StableAudioEngine, duration_s: float, short_window: bool) -> None:
    neural = NeuralAsk(steps=1, short_window=short_window)
    for trim in (True, False):  # a length that is asked for is given
        spec = spec_of(engine, ask(duration_s=duration_s, trim=trim, neural=neural))
        assert spec.duration_s is not None
        assert spec.duration_s == pytest.approx(duration_s, abs=1e-4)
        assert len(joined(engine.render(spec))) == engine.frames(spec, RATE) == round(spec.duration_s * RATE)
        for rate in (8_000, 22_050, 48_000, 96_000):
            assert engine.frames(spec, rate) == round(spec.duration_s * rate)


@pytest.mark.parametrize("short_window", [False, True])
@pytest.mark.parametrize("method", LoopMethod)
@pytest.mark.parametrize("duration_s", [0.25, 0.26, 0.3, 1 / 3, 0.4567, 0.5, None])
def test_a_loop_is_one_turn_of_the_length_that_was_said(
    engine: StableAudioEngine, method: LoopMethod, duration_s: float | None, short_window: bool
) -> None:
    neural = NeuralAsk(steps=1, loop_method=method, short_window=short_window)
    spec = spec_of(engine, ask(duration_s=duration_s, loop=True, neural=neural))
    (turn,) = engine.render(spec)
    assert len(turn) == engine.frames(spec, RATE)
    assert spec.duration_s is not None
    if method is LoopMethod.LATENTS:  # as near as whole latents come, but no shorter than a loop may be
        assert len(turn) % 2048 == 0
        assert spec.duration_s >= 0.25
        assert duration_s is None or abs(spec.duration_s - duration_s) <= 2048 / RATE
    else:
        assert spec.duration_s == pytest.approx(duration_s or LONGEST_S - 0.1, abs=1e-4)


@pytest.mark.parametrize("method", LoopMethod)
@pytest.mark.parametrize("duration_s", [0.25, 0.3, 0.5, None])
def test_a_loop_can_be_asked_for_again_with_the_length_it_was_given(
    engine: StableAudioEngine, method: LoopMethod, duration_s: float | None
) -> None:
    neural = NeuralAsk(steps=1, loop_method=method)
    first = spec_of(engine, ask(duration_s=duration_s, loop=True, neural=neural))
    again = spec_of(engine, ask(duration_s=first.duration_s, loop=True, neural=neural))
    assert again == first
    assert first.duration_s is not None
    told = round(first.duration_s * 48_000) / 48_000  # as frames of another rate tell it
    again = spec_of(engine, ask(duration_s=told, loop=True, neural=neural))
    assert again.duration_s == pytest.approx(first.duration_s, abs=1e-4)


@pytest.mark.parametrize("method", LoopMethod)
@pytest.mark.parametrize("seed", range(3))
def test_a_loop_goes_on_where_it_began(engine: StableAudioEngine, method: LoopMethod, seed: int) -> None:
    neural = NeuralAsk(loop_method=method)
    turn = sound_of(engine, ask(duration_s=0.5, loop=True, seed=seed, neural=neural))
    seam = seam_of(turn, RATE)
    assert max(seam.jump, seam.slope, seam.flux) < 1.5
    assert abs(seam.level_db) < 2.0


def test_the_two_kinds_of_loop_are_two_sounds(engine: StableAudioEngine) -> None:
    latents, crossfade = (
        spec_of(engine, ask(loop=True, duration_s=0.3251, neural=replace(SHORT, loop_method=method)))
        for method in LoopMethod
    )
    assert latents.canonical() != crossfade.canonical()
    assert spec_of(engine, ask(loop=True, duration_s=0.3251)) == latents


def test_without_a_length_the_silence_behind_a_sound_is_cut(engine: StableAudioEngine) -> None:
    natural = spec_of(engine, ask(duration_s=None))
    assert (natural.duration_s, natural.trim, engine.frames(natural, RATE)) == (None, True, None)
    heard = joined(engine.render(natural))
    assert 0.1 * RATE <= len(heard) <= LONGEST_S * RATE
    whole = spec_of(engine, ask(duration_s=None, trim=False))
    assert (whole.duration_s, whole.trim) == (LONGEST_S, False)
    assert len(joined(engine.render(whole))) == engine.frames(whole, RATE)


def test_a_sound_starts_and_ends_without_a_click(engine: StableAudioEngine) -> None:
    for asked in (ask(), ask(duration_s=LONGEST_S), ask(duration_s=None)):
        heard = sound_of(engine, asked)
        assert not heard[0].any()
        assert np.abs(heard[-1]).max() < 0.01 * np.abs(heard).max()


def test_every_sound_has_two_channels(engine: StableAudioEngine) -> None:
    spec = spec_of(engine, ask())
    assert engine.natural_channels(spec) == 2
    for block in engine.render(spec):
        assert block.dtype == np.float32
        assert block.shape[1] == 2


def test_a_short_window_samples_no_more_than_is_heard(fresh: StableAudioEngine) -> None:
    whole, short = (
        spec_of(fresh, ask(duration_s=0.2, neural=NeuralAsk(short_window=each))) for each in (False, True)
    )
    assert fresh.expected_s(short) < fresh.expected_s(whole)
    one, other = (joined(fresh.render(each)) for each in (whole, short))
    assert one.shape == other.shape
    assert relative(other, one) > 0.1


def test_a_short_window_of_the_whole_length_is_the_whole_window(engine: StableAudioEngine) -> None:
    whole, short = (
        sound_of(engine, ask(duration_s=LONGEST_S, neural=replace(SHORT, short_window=each)))
        for each in (False, True)
    )
    np.testing.assert_array_equal(short, whole)


# What is refused.

INIT = recording(noise(0.3))
BAD: list[tuple[dict[str, Any], str]] = [
    ({"neural": NeuralAsk(steps=0)}, "steps: 1 to 50, got 0"),
    ({"neural": NeuralAsk(steps=51)}, "steps: 1 to 50, got 51"),
    ({"neural": NeuralAsk(guidance=0.5)}, "guidance: 1 to 15, got 0.5"),
    ({"neural": NeuralAsk(guidance=16.0)}, "guidance: 1 to 15, got 16"),
    ({"neural": NeuralAsk(guidance=math.nan)}, "guidance: 1 to 15, got nan"),
    ({"neural": NeuralAsk(guidance=math.inf)}, "guidance: 1 to 15, got inf"),
    ({"neural": NeuralAsk(guidance=1.0, negative_prompt="wind")}, "guidance: above 1 with a negative_prompt"),
    ({"neural": NeuralAsk(guidance=1.00001, negative_prompt="wind")}, "guidance: above 1 with a negative_prompt"),
    ({"neural": NeuralAsk(init=INIT, init_noise_level=0.1)}, "init_noise_level: 0.12 to 1, got 0.1"),
    ({"neural": NeuralAsk(init=INIT, init_noise_level=1.1)}, "init_noise_level: 0.12 to 1, got 1.1"),
    ({"neural": NeuralAsk(init=INIT, init_noise_level=math.nan)}, "init_noise_level: 0.12 to 1, got nan"),
    ({"neural": NeuralAsk(init_noise_level=0.5)}, "init_noise_level: only with init audio"),
    ({"neural": NeuralAsk(init=recording(noise(0.7)))}, "init_audio: 0.1 to 0.603 s of audio, got 0.7 s"),
    ({"neural": NeuralAsk(init=recording(noise(0.05)))}, "init_audio: 0.1 to 0.603 s of audio, got 0.05"),
    ({"duration_s": 0.05}, "duration_s: 0.1 to 0.603 of the engine 'stable_audio', got 0.05"),
    ({"duration_s": 0.604}, "duration_s: 0.1 to 0.603 of the engine 'stable_audio', got 0.604"),
    ({"duration_s": 8.0}, "duration_s: 0.1 to 0.603 of the engine 'stable_audio', got 8"),
    ({"duration_s": math.nan}, "duration_s: 0.1 to 0.603 of the engine 'stable_audio', got nan"),
    ({"duration_s": 0.2, "loop": True}, "duration_s: 0.25 to 0.603 for a loop .*, got 0.2"),
    ({"duration_s": 0.7, "loop": True}, "duration_s: 0.25 to 0.603 for a loop .*, got 0.7"),
    ({"duration_s": math.nan, "loop": True}, "duration_s: 0.25 to 0.603 for a loop .*, got nan"),
    (
        {"duration_s": 0.2, "loop": True, "neural": NeuralAsk(loop_method=LoopMethod.CROSSFADE)},
        "duration_s: 0.25 to 0.50[23] for a loop .*, got 0.2",
    ),
    (
        {"duration_s": 0.6, "loop": True, "neural": NeuralAsk(loop_method=LoopMethod.CROSSFADE)},
        "duration_s: 0.25 to 0.50[23] for a loop .*, got 0.6",
    ),
    ({"parameters": {"intensity": 0.5, "width": 1.0}}, "parameters: .* has none, got intensity, width"),
    ({"prompt": None, "effect": "rain"}, "effect: .* takes words: a prompt, got 'rain'"),
]


@pytest.mark.parametrize("wrong, said", BAD, ids=[said for _, said in BAD])
def test_what_cannot_be_made_names_the_field_the_range_and_what_was_got(
    engine: StableAudioEngine, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidAskError, match=f"^{said}") as caught:
        engine.resolve(replace(ask(), **wrong))
    assert caught.value.field == said.partition(":")[0]


@pytest.mark.parametrize(
    "neural",
    [
        NeuralAsk(steps=1),
        NeuralAsk(steps=50),
        NeuralAsk(guidance=15.0),
        NeuralAsk(init=INIT, init_noise_level=0.12),
        NeuralAsk(init=INIT, init_noise_level=1.0),
        NeuralAsk(init=recording(noise(0.1))),
        NeuralAsk(init=recording(noise(0.61))),  # of the longest sound, as another rate rounds it
        NeuralAsk(init=recording(noise(0.3, 8_000, 6), 8_000)),
    ],
)
def test_the_ends_of_each_range_can_be_made(engine: StableAudioEngine, neural: NeuralAsk) -> None:
    made = sound_of(engine, ask(neural=neural))
    assert made.shape == (17_640, 2)
    assert np.isfinite(made).all()


def test_what_nobody_chose_is_chosen_and_told(engine: StableAudioEngine) -> None:
    neural = spec_of(engine, ask(neural=NeuralAsk())).neural
    assert neural is not None
    assert (neural.steps, neural.guidance, neural.negative_prompt, neural.init) == (8, 1.0, None, None)
    against = spec_of(engine, ask(neural=NeuralAsk(negative_prompt="wind"))).neural
    assert against is not None
    assert against.guidance == 2.0
    begun = spec_of(engine, ask(neural=NeuralAsk(init=INIT))).neural
    assert begun is not None
    assert begun.init_noise_level == 0.7


# Words.


def test_a_prompt_that_is_too_long_is_told_and_its_beginning_is_heard(engine: StableAudioEngine) -> None:
    assert not engine.resolve(ask("light rain")).prompt_truncated
    assert not engine.resolve(ask("")).prompt_truncated
    beginning = "rain and wind " * 20
    long, longer = ask(beginning), ask(beginning + "and thunder")
    assert engine.resolve(long).prompt_truncated
    np.testing.assert_array_equal(sound_of(engine, longer), sound_of(engine, long))
    assert relative(sound_of(engine, ask("thunder " + beginning)), sound_of(engine, long)) > 0.01


def test_a_prompt_as_long_as_is_read_is_not_too_long(engine: StableAudioEngine, model: StableAudio) -> None:
    words = 0
    while int(model.conditioner.tokens(["rain " * (words + 1)]).mask.sum()) < 32:
        words += 1
    assert not engine.resolve(ask("rain " * words)).prompt_truncated
    assert engine.resolve(ask("rain " * (words + 32))).prompt_truncated


# Audio to begin with.


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
def test_audio_to_begin_with_is_the_same_at_any_rate(engine: StableAudioEngine, rate: int, channels: int) -> None:
    def begun_with(audio: Recording) -> Block:
        return sound_of(engine, ask(duration_s=0.5, neural=NeuralAsk(steps=4, init=audio, init_noise_level=0.3)))

    made = begun_with(recording(tone(0.6, rate, channels), rate))
    right = begun_with(recording(tone(0.6, RATE), RATE))
    alone = sound_of(engine, ask(duration_s=0.5, neural=NeuralAsk(steps=4)))
    assert relative(made, right) < 0.05 * relative(alone, right)


def test_audio_to_begin_with_that_nobody_may_write_to_is_taken(engine: StableAudioEngine) -> None:
    for channels in (1, 2):
        samples = np.frombuffer(noise(0.3, channels=channels).tobytes(), np.float32).reshape(-1, channels)
        assert not samples.flags.writeable
        made = sound_of(engine, ask(neural=NeuralAsk(steps=1, init=recording(samples))))
        assert np.isfinite(made).all()


def test_less_noise_leaves_more_of_the_audio_to_begin_with(engine: StableAudioEngine, model: StableAudio) -> None:
    samples = noise(LONGEST_S)
    padded = torch.from_numpy(np.pad(samples, ((0, 26_624 - len(samples)), (0, 0))).T.copy())[None]
    there_and_back = model.decode(model.encode(padded).mean)[0].T.numpy()
    heard = []
    for noise_level in (0.12, 0.5, 0.9, 1.0):
        neural = NeuralAsk(init=recording(samples), init_noise_level=noise_level)
        made = sound_of(engine, ask(duration_s=LONGEST_S, neural=neural))
        heard.append(correlation(made[:, 0], there_and_back[: len(made), 0]))
    assert heard[0] > heard[1] > heard[2]
    alone = sound_of(engine, ask(duration_s=LONGEST_S, neural=NeuralAsk()))
    assert correlation(alone[:, 0], there_and_back[: len(alone), 0]) < heard[1]


def test_a_loop_begins_with_audio_too(engine: StableAudioEngine) -> None:
    neural = replace(SHORT, init=recording(noise(0.6)), init_noise_level=0.4)
    for method in LoopMethod:
        looped = ask(loop=True, duration_s=0.4, neural=replace(neural, loop_method=method))
        alone = ask(loop=True, duration_s=0.4, neural=replace(SHORT, loop_method=method))
        assert relative(sound_of(engine, looped), sound_of(engine, alone)) > 0.1


# Whoever waits.


class Listener:
    """Writes down what it is told, and stops after a step or when told to."""

    def __init__(self, *, after_step: int | None = None) -> None:
        self.told: list[tuple[str, float]] = []
        self.left = False
        self._after_step = after_step
        self.watch = Watch(stopped=lambda: self.left, progress=self._progress, stage=self._stage)

    def _progress(self, step: int, steps: int) -> None:
        self.told.append((f"step {step} of {steps}", 0.0))
        self.left |= step == self._after_step

    def _stage(self, name: str, seconds: float) -> None:
        self.told.append((name, seconds))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.told]


def test_steps_and_stages_are_told_in_order(fresh: StableAudioEngine) -> None:
    listener, spec = Listener(), spec_of(fresh, ask(neural=NeuralAsk(steps=3)))
    joined(fresh.render(spec, listener.watch))
    assert listener.names == ["text", "step 1 of 3", "step 2 of 3", "step 3 of 3", "sample", "decode"]
    assert all(math.isfinite(seconds) and seconds >= 0.0 for _, seconds in listener.told)
    again = Listener()
    joined(fresh.render(spec, again.watch))
    assert again.names == ["decode"]


def test_the_stage_of_audio_to_begin_with_is_told(fresh: StableAudioEngine) -> None:
    listener = Listener()
    joined(fresh.render(spec_of(fresh, ask(neural=NeuralAsk(steps=1, init=INIT))), listener.watch))
    assert listener.names == ["text", "encode", "step 1 of 1", "sample", "decode"]


def test_who_leaves_between_steps_stops_the_work(fresh: StableAudioEngine, engine: StableAudioEngine) -> None:
    listener, asked = Listener(after_step=2), ask(neural=NeuralAsk(steps=5))
    spec = spec_of(fresh, asked)
    assert list(fresh.render(spec, listener.watch)) == []
    assert listener.names == ["text", "step 1 of 5", "step 2 of 5"]
    assert fresh.expected_s(spec) > 0.0
    again = Listener()
    np.testing.assert_array_equal(joined(fresh.render(spec, again.watch)), sound_of(engine, asked))
    assert "step 1 of 5" in again.names  # nothing half made was remembered


def test_who_leaves_before_it_begins_costs_no_step(fresh: StableAudioEngine) -> None:
    listener = Listener()
    listener.left = True
    assert list(fresh.render(spec_of(fresh, ask()), listener.watch)) == []
    assert not [name for name in listener.names if name.startswith("step")]


@pytest.mark.parametrize("loop", [False, True])
def test_who_leaves_after_the_last_step_hears_nothing(fresh: StableAudioEngine, loop: bool) -> None:
    listener, asked = Listener(after_step=2), ask(loop=loop)
    assert list(fresh.render(spec_of(fresh, asked), listener.watch)) == []
    assert len(sound_of(fresh, asked)) > 0


def test_who_leaves_between_windows_hears_no_more(fresh: StableAudioEngine, engine: StableAudioEngine) -> None:
    listener, asked = Listener(), ask(duration_s=LONGEST_S)
    blocks = fresh.render(spec_of(fresh, asked), listener.watch)
    first = next(blocks)
    listener.left = True
    assert list(blocks) == []
    whole = sound_of(engine, asked)
    assert 0 < len(first) < len(whole)
    np.testing.assert_array_equal(first, whole[: len(first)])
    np.testing.assert_array_equal(sound_of(fresh, asked), whole)


def test_a_render_that_is_closed_leaves_nothing_wrong(fresh: StableAudioEngine, engine: StableAudioEngine) -> None:
    asked = ask(duration_s=LONGEST_S)
    blocks = fresh.render(spec_of(fresh, asked))
    next(blocks)
    blocks.close()  # type: ignore[attr-defined]  # it is a generator
    np.testing.assert_array_equal(sound_of(fresh, asked), sound_of(engine, asked))


def test_the_first_block_comes_before_the_last_is_decoded(engine: StableAudioEngine) -> None:
    listener = Listener()
    blocks = engine.render(spec_of(engine, ask(duration_s=LONGEST_S, seed=90)), listener.watch)
    next(blocks)
    assert "decode" not in listener.names
    assert len(list(blocks)) >= 1
    assert listener.names[-1] == "decode"


# How long it will take.


def test_the_time_that_a_sound_will_take_is_told(fresh: StableAudioEngine) -> None:
    def expected_s(**asked: Any) -> float:
        seconds = fresh.expected_s(spec_of(fresh, ask(**asked)))
        assert 0.0 < seconds < 120.0
        return seconds

    plain = expected_s(neural=NeuralAsk())
    assert expected_s(neural=NeuralAsk(steps=16)) > plain
    assert expected_s(neural=NeuralAsk(guidance=2.0)) > plain
    assert expected_s(loop=True) > 0.0
    assert expected_s(duration_s=None) > 0.0
    assert expected_s(neural=NeuralAsk(init=INIT)) >= plain


def test_what_is_remembered_takes_less(fresh: StableAudioEngine) -> None:
    spec, another = (spec_of(fresh, ask(seed=seed)) for seed in (1, 2))
    joined(fresh.render(spec))
    assert 0.0 <= fresh.expected_s(spec) < fresh.expected_s(another)
    # Another length of the same latents is remembered too.
    shorter = [replace(each, duration_s=0.2) for each in (spec, another)]
    assert fresh.expected_s(shorter[0]) < fresh.expected_s(shorter[1])


# Folders.


def damaged(folder: Path, what: str) -> None:
    name, _, how = what.partition(": ")
    path = folder / name
    if how == "gone":
        path.unlink()
    elif how == "cut short":
        path.write_bytes(path.read_bytes()[:-1000])
    elif how == "of something else":
        path.write_text('{"model_type": "bert"}')
    else:
        changed(path, lambda tensors: next(iter(tensors.values())).fill_(math.nan))


@pytest.mark.parametrize(
    "what",
    [
        "model_config.json: gone",
        "model_config.json: of something else",
        "model.safetensors: gone",
        "model.safetensors: cut short",
        "model.safetensors: not a number",
        "t5/config.json: gone",
        "t5/config.json: of something else",
        "t5/model.safetensors: gone",
        "t5/model.safetensors: cut short",
        "t5/tokenizer.json: gone",
        "t5/tokenizer.json: of something else",
    ],
)
def test_a_damaged_folder_is_told_when_it_is_loaded(copied: Path, what: str) -> None:
    damaged(copied, what)
    engine = StableAudioEngine(copied, threads=1)
    with pytest.raises(ModelFilesError, match=str(copied)):
        engine.warm_up()
    assert engine.version == ""


def test_a_folder_that_is_not_there_is_told_when_it_is_loaded(tmp_path: Path, golden: Path) -> None:
    with pytest.raises(ModelFilesError, match="nowhere"):
        StableAudioEngine(tmp_path / "nowhere", threads=1).warm_up()
    with pytest.raises(ModelFilesError, match="no_words"):
        StableAudioEngine(golden, tmp_path / "no_words", threads=1).warm_up()


def test_a_model_of_odd_strides_keeps_its_lengths_too(golden: Path, copied: Path) -> None:
    content = other_shape(golden)
    (copied / "model_config.json").write_text(json.dumps(content))
    (copied / "model.safetensors").unlink()
    save_file(random_weights({**content, "sample_size": 30 * 256}), copied / "model.safetensors")
    # Long enough to be a sound: 256 latents of 30 frames at 32 kHz.
    (copied / "model_config.json").write_text(json.dumps({**content, "sample_size": 30 * 256}))
    engine = warm(copied)
    for duration_s in (0.1, 0.2, engine.max_duration_s):
        spec = spec_of(engine, ask(duration_s=duration_s, trim=False))
        assert len(joined(engine.render(spec))) == engine.frames(spec, engine.sample_rate)
    assert engine.max_duration_s < 30 * 256 / 32_000


def test_audio_to_begin_with_is_let_go_once_its_sound_is_made_and_the_sound_still_remembered(
    fresh: StableAudioEngine,
) -> None:
    told: list[str] = []

    def made() -> weakref.ref[Block]:
        audio = noise(0.3)
        spec = fresh.resolve(Ask(prompt="a bell", neural=NeuralAsk(steps=2, init=recording(audio)))).spec
        for _ in fresh.render(spec, Watch(stage=lambda stage, _seconds: told.append(stage))):
            pass
        assert spec.neural is not None
        assert spec.neural.init is not None
        return weakref.ref(spec.neural.init.samples)

    brought = made()
    gc.collect()
    assert brought() is None
    assert "sample" in told
    told.clear()
    made()
    assert told == ["decode"]
