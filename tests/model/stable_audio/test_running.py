"""The networks as they run make what the networks as they are written down make, however the work is cut up."""

import gc
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from swash_model.stable_audio import random_model
from swash_model.stable_audio.config import OobleckConfig
from swash_model.stable_audio.fast_model import FastStableAudio
from swash_model.stable_audio.fast_oobleck import FastDecoder, FastEncoder, Window, windows
from swash_model.stable_audio.model import Model, Options, Sound, StableAudio, Start, load, load_encoder
from swash_model.stable_audio.oobleck import Decoder, Encoder
from swash_model.stable_audio.operators import Int8Linear, Operators, PlainConv, PlainLinear
from swash_model.stable_audio.pointwise import INT8, Pointwise
from swash_model.stable_audio.precision import EXACT, Forms, has_compiler
from swash_model.stable_audio.quality import relative_error, step_error
from swash_model.stable_audio.verify import verify_running
from tests.model.stable_audio.test_model import other_shape, random_weights
from tests.model.stable_audio.tiny import tiny_config, tiny_t5

RAIN, STEPS, WIND = Sound("light rain", 2.0, 7), Sound("Heavy footsteps", 1.0, 8), Sound("", 11.0, 2**32 - 1)
SHORT = Options(steps=3, latent_frames=5)
ROUNDING = 1e-4  # of compiled passes, whose sums are taken in another order; two sounds differ by 0.1 or more
JOINED = 2e-5  # of audio whose peaks are near 1: sums of another length are taken in another order

BF16 = Forms(torch.bfloat16, torch.bfloat16, torch.bfloat16)
FORMS = {"exact": EXACT, "auto": BF16, "fast": replace(BF16, dit=INT8)}
# Relative errors of a step and of a whole sound of random weights, about three times what was seen; a mistake
# makes 0.3 of a step and 1 of a sound.
STEP_ERROR = {"exact": 1e-5, "auto": 0.02, "fast": 0.06}
SOUND_ERROR = {"exact": 5e-5, "auto": 0.3, "fast": 0.6}
CODER_ERROR = {"exact": 1e-5, "auto": 0.15, "fast": 0.15}


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def running(folder: Path, forms: Forms = EXACT, *, packed: bool = True, compiled: bool = False) -> FastStableAudio:
    plain = load(folder)  # one of its own: the T5 is taken over
    return FastStableAudio(plain, forms, lambda: plain.encoder, compiled=compiled, packed=packed)


@pytest.fixture(scope="module")
def fast(golden: Path) -> FastStableAudio:
    return running(golden)


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def same(one: Tensor, other: Tensor, atol: float = 0.0) -> None:
    torch.testing.assert_close(one, other, atol=atol, rtol=0.0)


def near(made: Tensor, right: Tensor) -> bool:
    """Return whether two differ by their last bits alone, whatever their size."""
    return bool((made - right).abs().max() < 3e-5 * right.abs().max())


@pytest.mark.parametrize("packed", [True, False])
def test_every_recorded_sound_is_made_as_the_reference_made_it(golden: Path, packed: bool) -> None:
    checks = list(verify_running(running(golden, packed=packed), golden))
    assert {check.stage for check in checks} >= {"dit", "latents", "audio", "whole", "encoder"}
    assert not [check for check in checks if not check.passed]


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("precision", FORMS)
def test_each_precision_is_as_near_as_it_says(
    precision: str, packed: bool, golden: Path, model: StableAudio
) -> None:
    made = running(golden, FORMS[precision], packed=packed)
    assert step_error(made, model) < STEP_ERROR[precision]
    sounds = [RAIN, STEPS]
    assert relative_error(made.generate(sounds), model.generate(sounds)) < SOUND_ERROR[precision]
    latents, audio = noise(1, 8, 13), 0.3 * noise(1, 2, 13 * 2048)
    assert relative_error(made.decode(latents), model.decode(latents)) < CODER_ERROR[precision]
    assert relative_error(made.encode(audio).mean, model.encode(audio).mean) < CODER_ERROR[precision]


def test_integers_are_used_where_they_are_asked_for_and_can_be(golden: Path, model: StableAudio) -> None:
    made = running(golden, FORMS["fast"])
    kinds = {chosen.rpartition(": ")[2] for chosen in made.chosen}
    if "Int8Linear" not in kinds:
        pytest.skip("this machine has no integer products")
    assert step_error(made, model) > step_error(running(golden, BF16), model)
    assert not any("exactly: Int8Linear" in chosen for chosen in made.chosen)


# A window at a time.


@pytest.mark.parametrize("first, size", [(11, 32), (1, 1), (3, 7), (59, 1), (60, 60), (64, 64)])
def test_windows_of_any_size_join_to_the_whole(
    fast: FastStableAudio, model: StableAudio, first: int, size: int
) -> None:
    latents = noise(1, 8, 60)
    whole = model.decode(latents)[0].T  # (frames, channels)
    parts = list(fast._decoder.windows(latents[0], windows(0, 60, first=first, size=size)))
    assert [len(part) for part in parts[:-1]] == [2048 * (size if at else first) for at in range(len(parts) - 1)]
    same(torch.cat(parts), whole, JOINED)


def test_a_part_in_the_middle_is_that_of_the_whole(fast: FastStableAudio, model: StableAudio) -> None:
    latents = noise(1, 8, 60)
    whole = model.decode(latents)[0].T
    for start, stop in ((0, 1), (17, 31), (59, 60)):
        (part,) = fast._decoder.windows(latents[0], iter([Window(start, stop)]))
        same(part, whole[start * 2048 : stop * 2048], JOINED)


def test_the_first_of_a_sound_is_that_of_the_whole_and_no_more(fast: FastStableAudio, model: StableAudio) -> None:
    latents = noise(1, 8, 60)
    whole = model.decode(latents)[0].T
    for wanted in (1, 11, 12, 50):
        same(torch.cat(list(fast.decoded(latents[0], wanted))), whole[: wanted * 2048], JOINED)
    assert list(fast.decoded(latents[0], 0)) == []


def test_a_window_needs_what_it_says_around_it_and_no_less(fast: FastStableAudio, model: StableAudio) -> None:
    latents, wanted, context = noise(1, 8, 60), 11, fast._decoder.context
    whole = model.decode(latents)[0].T[: wanted * 2048]

    def error_with(more: int) -> float:
        (part,) = fast._decoder.windows(latents[0, :, : wanted + more], windows(0, wanted))
        return (part - whole).abs().max().item()

    assert context == 10  # 9.27 latents were measured of the reference
    assert error_with(context) < JOINED
    assert error_with(context - 3) > 0.05
    assert error_with(context - 1) > error_with(context)


def test_the_encoder_joins_its_windows_too(fast: FastStableAudio, model: StableAudio) -> None:
    audio = 0.3 * noise(1, 2, 100 * 2048)  # four windows
    made, right = fast.encode(audio), model.encode(audio)
    same(made.mean, right.mean, 1e-4)
    same(made.deviation, right.deviation, 1e-4)


# Other shapes.


def filled(network: nn.Module) -> nn.Module:
    """Return a network with random weights that keep the size of what goes through about the same."""
    rng = torch.Generator().manual_seed(3)
    for parameter in network.parameters():
        fan_in = max(1, parameter[0].numel())
        spread = 0.1 if parameter.ndim == 1 else fan_in**-0.5
        parameter.copy_(spread * torch.randn(parameter.shape, generator=rng))
    return network.requires_grad_(False).eval()


SHAPES = [(2, 4, 8), (6, 2), (4,), (2, 2, 2, 2), (10, 4)]
ODD_SHAPES = [(2, 3, 5), (3,), (3, 4), (4, 3)]


def of_shape(strides: tuple[int, ...], latent_channels: int) -> OobleckConfig:
    return OobleckConfig(1, latent_channels, tuple(4 + 2 * at for at in range(len(strides) + 1)), strides)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("strides", [*SHAPES, *ODD_SHAPES])
def test_a_decoder_of_any_strides_is_its_plain_one(strides: tuple[int, ...], packed: bool) -> None:
    config = of_shape(strides, 3)
    plain = Decoder(config)
    filled(plain)
    decoder = FastDecoder(plain, config, Operators(torch.float32, plain=not packed), Pointwise(compiled=False))
    latents = noise(1, 3, 90)
    whole = plain(latents)
    assert near(decoder(latents), whole)
    for first, size in ((1, 2), (40, 7)):
        parts = list(decoder.windows(latents[0], windows(0, 90, first=first, size=size)))
        assert near(torch.cat(parts), whole[0].T)


@pytest.mark.parametrize("strides", SHAPES)
def test_how_far_a_window_looks_follows_from_the_strides(strides: tuple[int, ...]) -> None:
    config = of_shape(strides, 3)
    plain = Decoder(config)
    filled(plain)
    decoder = FastDecoder(plain, config, Operators(torch.float32), Pointwise(compiled=False))
    wanted, ratio = 5, len(plain(noise(1, 3, 1))[0, 0])
    latents = noise(1, 3, wanted + decoder.context + 50)
    whole = plain(latents)[0].T[: wanted * ratio]
    for more, enough in ((decoder.context, True), (decoder.context // 2, False)):
        (part,) = decoder.windows(latents[0, :, : wanted + more], iter([Window(0, wanted)]))
        assert near(part, whole) == enough


@pytest.mark.parametrize("strides", [*SHAPES, *ODD_SHAPES])
def test_an_encoder_of_any_strides_is_its_plain_one(strides: tuple[int, ...]) -> None:
    config = of_shape(strides, 6)
    plain = Encoder(config)
    filled(plain)
    encoder = FastEncoder(plain, config, Operators(torch.float32), Pointwise(compiled=False))
    ratio = torch.tensor(strides).prod().item()
    audio = noise(1, 1, int(80 * ratio))
    assert near(encoder(audio), plain(audio))


def test_a_model_of_any_other_shape_runs_as_it_is_written_down(golden: Path, folder: Path) -> None:
    content = other_shape(golden)
    for name in ("model_config.json", "model.safetensors"):
        (folder / name).unlink()
    (folder / "model_config.json").write_text(json.dumps(content))
    save_file(random_weights(content), folder / "model.safetensors")
    options = Options(guidance=2.0, start=Start(0.3 * noise(2, 200), 0.5))
    made, right = (each.generate([RAIN, WIND], options) for each in (running(folder), load(folder)))
    assert relative_error(made, right) < 1e-3  # odd strides and unscaled weights: it is loud


# Words.


def t5_runs(model: Model) -> list[int]:
    """Return a list that grows with every run of T5."""
    runs: list[int] = []
    model.conditioner.t5.register_forward_hook(lambda *_: runs.append(1))
    return runs


def test_a_prompt_is_read_once(golden: Path) -> None:
    fast = running(golden)
    runs = t5_runs(fast)
    first = fast.generate([RAIN], SHORT)
    assert len(runs) == 1
    same(fast.generate([RAIN], SHORT), first)
    fast.generate([replace(RAIN, seconds=9.0, seed=4), replace(RAIN, seed=5)], SHORT)
    assert len(runs) == 1
    fast.generate([STEPS, STEPS], replace(SHORT, guidance=2.0, negative_prompt=RAIN.prompt))
    assert len(runs) == 2


@pytest.mark.parametrize("prompt", ["", "rain", "Heavy footsteps on gravel, 2 steps", "so many words " * 40])
def test_what_is_read_of_a_prompt_is_all_there_is(fast: FastStableAudio, model: StableAudio, prompt: str) -> None:
    made, right = (each.condition([prompt], [3.5]) for each in (fast, model))
    same(made.rows, right.rows, 1e-5)
    same(made.overall, right.overall, 1e-6)


def test_prompts_of_a_batch_stay_apart(fast: FastStableAudio, model: StableAudio) -> None:
    prompts, seconds = ["rain", "wind", "", "rain"], [1.0, 2.0, 3.0, 11.0]
    made, right = (each.condition(prompts, seconds) for each in (fast, model))
    same(made.rows, right.rows, 1e-5)


# A batch, guidance, audio to begin with.


@pytest.mark.parametrize(
    "options",
    [
        SHORT,
        replace(SHORT, guidance=3.0),
        replace(SHORT, guidance=3.0, negative_prompt="wind howling"),
        replace(SHORT, start=Start(0.3 * noise(2, 9000), 0.8)),
        replace(SHORT, start=Start(0.3 * noise(1, 20_000), 0.3), guidance=2.0),
    ],
)
def test_a_batch_is_what_its_sounds_are_alone_and_what_the_plain_model_makes(
    fast: FastStableAudio, model: StableAudio, options: Options
) -> None:
    sounds = [STEPS, RAIN, WIND]
    together = fast.generate(sounds, options)
    for number, sound in enumerate(sounds):
        same(together[number : number + 1], fast.generate([sound], options))
    assert relative_error(together, model.generate(sounds, options)) < SOUND_ERROR["exact"]


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("precision", FORMS)
def test_in_every_precision_a_batch_is_to_the_bit_what_its_sounds_are_alone(
    precision: str, packed: bool, golden: Path
) -> None:
    made, sounds = running(golden, FORMS[precision], packed=packed), [STEPS, RAIN, WIND, replace(RAIN, seed=9)]
    for options in (SHORT, Options(steps=2, guidance=2.5)):
        together = made.generate(sounds, options)
        for number, sound in enumerate(sounds):
            same(together[number], made.generate([sound], options)[0])


def test_guidance_is_heard_and_the_negative_prompt_too(fast: FastStableAudio) -> None:
    plain = fast.generate([RAIN], SHORT)
    guided = fast.generate([RAIN], replace(SHORT, guidance=3.0))
    against = fast.generate([RAIN], replace(SHORT, guidance=3.0, negative_prompt="wind howling"))
    assert relative_error(guided, plain) > 0.01
    assert relative_error(against, guided) > 0.01


def test_the_encoder_is_asked_for_when_it_is_needed_and_once(golden: Path) -> None:
    plain = load(golden)
    asked: list[Encoder] = []

    def encoder() -> Encoder:
        asked.append(plain.encoder)
        return plain.encoder

    fast = FastStableAudio(plain, EXACT, encoder, compiled=False)
    fast.generate([RAIN], SHORT)
    assert not asked
    for _ in range(2):
        fast.generate([RAIN], replace(SHORT, start=Start(0.3 * noise(2, 9000), 0.8)))
    assert len(asked) == 1


@pytest.mark.skipif(not Path("/proc/self/maps").is_file(), reason="no list of what is mapped")
@pytest.mark.parametrize("precision", FORMS)
def test_the_file_of_weights_is_let_go_once_they_are_packed(precision: str, golden: Path, tmp_path: Path) -> None:
    folder = tmp_path / "to_be_let_go"
    shutil.copytree(golden, folder)
    mapped = str(folder / "model.safetensors")
    plain = load(folder)
    assert mapped in Path("/proc/self/maps").read_text()
    made = FastStableAudio(plain, FORMS[precision], lambda: load_encoder(folder), compiled=False)
    made.generate([RAIN], replace(SHORT, start=Start(0.3 * noise(2, 9000), 0.8)))
    del plain
    gc.collect()
    assert mapped not in Path("/proc/self/maps").read_text()


# Compiled. The compiler's own modules use what torch has deprecated.


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.skipif(not has_compiler(), reason="no C++ compiler")
def test_compiled_passes_make_the_same_sound_and_serve_every_length(tmp_path: Path) -> None:
    random_model.write(tmp_path, 0, tiny_config(), tiny_t5())
    eager, compiled = (running(tmp_path, compiled=each) for each in (False, True))
    sounds = [Sound("rain", 0.02, 1), Sound("wind", 0.01, 2)]
    same(compiled.generate(sounds), eager.generate(sounds), ROUNDING)
    graphs = _graphs_compiled()
    for latent_frames in (2, 7, 19):
        for batch in (1, 2):
            options = Options(latent_frames=latent_frames)
            made, right = (each.generate(sounds[:batch], options) for each in (compiled, eager))
            same(made, right, ROUNDING)
    assert _graphs_compiled() == graphs


def _graphs_compiled() -> int:
    from torch._dynamo.utils import counters

    return int(counters["stats"]["unique_graphs"])


# Operators that are not fit for this machine.


class RaisesWhenMade(PlainLinear):
    def __init__(self, *_: object) -> None:
        raise RuntimeError("could not create a primitive")


class RaisesWhenRun(PlainLinear):
    def __call__(self, x: Tensor) -> Tensor:
        raise NotImplementedError("not for this CPU")


class Absent(PlainLinear):
    def __init__(self, *_: object) -> None:
        self._kernel = torch.ops.mkldnn._no_such_kernel


class Wrong(PlainLinear):
    def __call__(self, x: Tensor) -> Tensor:
        return 1.1 * super().__call__(x)


class NotANumber(PlainLinear):
    def __call__(self, x: Tensor) -> Tensor:
        return super().__call__(x).fill_(torch.nan)


class Crawls(PlainLinear):
    def __call__(self, x: Tensor) -> Tensor:
        until_s = time.perf_counter() + 0.05
        while time.perf_counter() < until_s:  # a reference kernel: right, and busy for long
            made = super().__call__(x)
        return made


class WrongConv(PlainConv):
    def __call__(self, x: Tensor) -> Tensor:
        return super().__call__(x).flip(0)


class CrawlingConv(PlainConv):
    def __call__(self, x: Tensor) -> Tensor:
        until_s = time.perf_counter() + 0.05
        while time.perf_counter() < until_s:
            made = super().__call__(x)
        return made


@pytest.mark.parametrize("unfit", [RaisesWhenMade, RaisesWhenRun, Absent, Wrong, NotANumber, Crawls])
def test_a_product_that_is_not_fit_gives_way_to_its_twin(unfit: type[PlainLinear]) -> None:
    operators = Operators(torch.float32)
    operators._linears = [unfit, PlainLinear]
    weight, bias, x = noise(5, 7), noise(5, seed=2), noise(3, 7, seed=3)
    linear = operators.linear(weight, bias)
    assert type(linear) is PlainLinear
    assert operators.chosen == {"linear [5, 7]": "PlainLinear"}
    same(linear(x), functional.linear(x, weight, bias))


@pytest.mark.parametrize("unfit", [WrongConv, CrawlingConv])
def test_a_convolution_that_is_not_fit_gives_way_to_its_twin(unfit: type[PlainConv]) -> None:
    operators = Operators(torch.float32)
    operators._convs = [unfit, PlainConv]
    weight, bias, x = noise(5, 4, 7), noise(5, seed=2), noise(20, 4, seed=3)
    conv = operators.conv(weight, bias, padding=9, dilation=3)
    assert type(conv) is PlainConv
    assert set(operators.chosen.values()) == {"PlainConv"}
    same(conv(x), functional.conv1d(x.T[None], weight, bias, padding=9, dilation=3)[0].T, 1e-5)


def test_the_first_that_is_fit_is_taken_and_tried_once() -> None:
    tried: list[str] = []

    class Fit(PlainLinear):
        def __call__(self, x: Tensor) -> Tensor:
            tried.append("run")
            return super().__call__(x)

    operators = Operators(torch.float32)
    operators._linears = [Wrong, Fit, PlainLinear]
    made = operators.linear(noise(5, 7))
    trials = len(tried)
    assert type(made) is Fit
    assert trials > 0
    assert type(operators.linear(noise(5, 7, seed=9))) is Fit
    assert len(tried) == trials
    assert operators.chosen == {"linear [5, 7]": "Fit"}


def test_when_nothing_runs_the_error_of_the_last_is_told() -> None:
    operators = Operators(torch.float32)
    operators._linears = [Wrong, RaisesWhenMade]
    with pytest.raises(RuntimeError, match="could not create a primitive"):
        operators.linear(noise(5, 7))


def test_plain_operators_are_all_plain() -> None:
    for form in (torch.float32, torch.bfloat16, INT8):
        operators = Operators(form, plain=True)
        operators.linear(noise(5, 7))
        operators.conv(noise(5, 4, 7), padding=3)
        assert set(operators.chosen.values()) == {"PlainLinear", "PlainConv"}


def test_integers_cannot_be_added_before_they_are_scaled() -> None:
    try:
        integers = Int8Linear(noise(32, 64), None, INT8)
    except (RuntimeError, AttributeError):
        pytest.skip("this machine has no integer products")
    with pytest.raises(NotImplementedError):
        integers.added(noise(3, 64), noise(3, 32))


def test_a_model_whose_packed_products_fail_here_sounds_all_the_same(
    golden: Path, model: StableAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a machine whose torch was built without these kernels.
    monkeypatch.setattr("swash_model.stable_audio.operators.PackedLinear", Absent)
    monkeypatch.setattr("swash_model.stable_audio.operators.PackedConv", WrongConv)
    made = running(golden)
    assert {chosen.rpartition(": ")[2] for chosen in made.chosen} == {"PlainLinear", "PlainConv"}
    assert relative_error(made.generate([RAIN], SHORT), model.generate([RAIN], SHORT)) < SOUND_ERROR["exact"]
