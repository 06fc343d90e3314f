"""What a model will cost is told before its weights are here, and the count behind it is right."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from transformers import T5Config

from swash_model.stable_audio import plan, random_model
from swash_model.stable_audio.config import parse_config
from swash_model.stable_audio.errors import ModelFilesError
from swash_model.stable_audio.plan import Part, Sizes
from swash_model.stable_audio.pointwise import INT8
from swash_model.stable_audio.precision import EXACT, Forms
from tests.model.stable_audio.tiny import tiny_config, tiny_t5

AUTO = Forms(torch.bfloat16, torch.bfloat16, torch.bfloat16)
FAST = Forms(INT8, torch.bfloat16, torch.bfloat16)
RATES = {torch.float32: 200e9, torch.bfloat16: 400e9, INT8: 740e9}  # two quiet cores of Zen 4


@pytest.fixture(scope="module")
def released() -> Sizes:
    return plan.sizes_of()


@pytest.fixture(scope="module")
def parts(released: Sizes) -> dict[str, Part]:
    return {part.name: part for part in plan.parts_of(released)}


def test_the_work_of_the_released_model_is_what_others_counted(released: Sizes) -> None:
    work = plan.work_of(released, released.longest_s)
    assert work.text / 1e9 == pytest.approx(11.0, rel=0.03)
    assert (work.steps / 8 + work.condition) / 1e9 == pytest.approx(165.3, rel=0.03)
    assert work.decoding / 1e9 == pytest.approx(1290.8, rel=0.03)
    assert sum(work) / 1e9 == pytest.approx(2624.5, rel=0.03)


def test_the_parameters_of_the_released_model_are_the_published_ones(parts: dict[str, Part]) -> None:
    assert parts["transformer"].parameters == 340_879_488 + 198_272
    assert parts["T5"].parameters == 109_628_544
    assert parts["decoder"].parameters == pytest.approx(78_122_626, rel=0.001)
    assert parts["encoder"].parameters == pytest.approx(77_989_888, rel=0.001)


def test_memory_in_float32_is_four_bytes_a_parameter(parts: dict[str, Part]) -> None:
    for part in parts.values():
        assert part.memory_bytes(EXACT) == 4 * part.parameters


def test_the_coarser_the_precision_the_less_memory(parts: dict[str, Part]) -> None:
    fast, auto, exact = (sum(part.memory_bytes(forms) for part in parts.values()) for forms in (FAST, AUTO, EXACT))
    assert fast < auto < exact
    assert exact == pytest.approx(2 * auto, rel=0.02)  # embeddings stay as they are


def test_the_disk_space_is_that_of_the_files(tmp_path: Path) -> None:
    random_model.write(tmp_path, 0, tiny_config(), tiny_t5())
    parts = {part.name: part for part in plan.parts_of(plan.sizes_of(tmp_path))}
    told = sum(parts[name].disk_bytes for name in ("transformer", "decoder", "encoder"))
    assert told == pytest.approx((tmp_path / "model.safetensors").stat().st_size, rel=0.1)  # tiny: names weigh


def test_a_short_sound_is_sampled_whole_and_decoded_in_part(released: Sizes) -> None:
    long, short = (plan.work_of(released, seconds) for seconds in (released.longest_s, 1.0))
    assert short.steps == long.steps
    assert short.decoding == pytest.approx(long.decoding * 22 / 256, rel=0.01)


def test_twice_the_steps_are_twice_the_work(released: Sizes) -> None:
    assert plan.work_of(released, 1.0, 16).steps == 2 * plan.work_of(released, 1.0, 8).steps


@pytest.mark.parametrize("forms, measured_s", [(EXACT, 15.5), (AUTO, 8.9), (FAST, 7.1)], ids=str)
def test_the_seconds_are_near_those_of_a_machine_that_was_measured(
    released: Sizes, forms: Forms, measured_s: float
) -> None:
    work = plan.work_of(released, released.longest_s)
    assert plan.expected_s(work, RATES, forms) == pytest.approx(measured_s, rel=0.25)


def test_this_machine_multiplies_in_every_form() -> None:
    sizes = Sizes(parse_config(tiny_config()), T5Config.from_dict(tiny_t5()))
    rates = plan.measured_rates(sizes, [FAST, EXACT], measure_s=0.01)
    assert set(rates) == {torch.float32, torch.bfloat16, INT8}
    assert all(rate > 0.0 for rate in rates.values())
    assert set(plan.measured_rates(sizes, [EXACT], measure_s=0.01)) == {torch.float32}


def test_configs_alone_are_enough(tmp_path: Path) -> None:
    (tmp_path / "model_config.json").write_text(json.dumps(tiny_config()))
    assert plan.sizes_of(tmp_path).config.sample_rate == 32_000
    (tmp_path / "t5").mkdir()
    (tmp_path / "t5" / "config.json").write_text(json.dumps(tiny_t5()))
    assert plan.sizes_of(tmp_path).t5.d_model == 24


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model_type": "t5", "d_model": "wide"}'])
def test_a_folder_that_describes_no_t5_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "model_config.json").write_text(json.dumps(tiny_config()))
    (tmp_path / "t5").mkdir()
    (tmp_path / "t5" / "config.json").write_text(text)
    with pytest.raises(ModelFilesError, match="T5"):
        plan.sizes_of(tmp_path)


def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match=r"model_config\.json"):
        plan.sizes_of(tmp_path)
