"""`swash model`: what somebody who brings weights is told, down to the status a script sees."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from click.testing import CliRunner, Result
from safetensors.torch import load_file, save_file

from swash_model.stable_audio import random_model
from swash_server.cli import main
from tests.model.stable_audio.hub import EXPIRED, MODEL, STRANGER, TOKEN, Hub, files_of, serving
from tests.model.stable_audio.tiny import tiny_config, tiny_t5

GOLDEN = Path(__file__).parent.parent / "data" / "stable_audio_open_small"
SWASH = str(Path(sys.executable).parent / "swash")
BIAS = "model.model.to_timestep_embed.0.bias"
Tensors = dict[str, torch.Tensor]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of the golden model that a test may damage."""
    for path in GOLDEN.rglob("*"):
        if path.is_file():
            copy = tmp_path / "model" / path.relative_to(GOLDEN)
            copy.parent.mkdir(exist_ok=True, parents=True)
            copy.symlink_to(path)
    return tmp_path / "model"


@pytest.fixture(scope="module")
def random_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("random")
    random_model.write(folder, 0, tiny_config(), tiny_t5())
    return folder


def swash(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["model", *map(str, arguments)], catch_exceptions=False)


def last_line(done: Result) -> str:
    return done.stdout.splitlines()[-1]


def change(path: Path, make: Callable[[Tensors], object]) -> None:
    tensors = load_file(path)
    make(tensors)
    path.unlink()
    save_file(tensors, path)


def truncate(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


def test_a_whole_model_is_described_with_its_licence() -> None:
    done = swash("check", GOLDEN)
    assert done.exit_code == 0
    for said in ("44100 Hz, 2 channels, at most 0.60 s", "756,224 parameters", "365 of float16", "complete"):
        assert said in done.stdout
    for said in ("Community License", "1 million US dollars", "Apache-2.0", "no legal advice"):
        assert said in done.stdout


def test_every_missing_file_is_named_at_once(tmp_path: Path) -> None:
    done = swash("check", tmp_path)
    assert done.exit_code == 1
    missing = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("missing")]
    assert missing == [
        str(tmp_path / name)
        for name in (
            "model_config.json", "model.safetensors",
            "t5/config.json", "t5/model.safetensors", "t5/tokenizer.json",
        )
    ]  # fmt: skip
    assert "not complete" in done.stderr
    assert "bring-your-weights" in done.stderr


def test_the_older_format_of_weights_is_not_missing(folder: Path) -> None:
    torch.save({"state_dict": load_file(folder / "model.safetensors")}, folder / "model.ckpt")
    (folder / "model.safetensors").unlink()
    assert swash("check", folder).exit_code == 0


def test_a_folder_that_is_not_there_misses_everything(tmp_path: Path) -> None:
    done = swash("check", tmp_path / "nowhere")
    assert done.exit_code == 1
    assert done.stdout.count("missing") == 5


def test_t5_may_lie_elsewhere(folder: Path, tmp_path: Path) -> None:
    (folder / "t5").rename(tmp_path / "t5-base")
    assert swash("check", folder).exit_code == 1
    assert swash("check", folder, "--t5", tmp_path / "t5-base").exit_code == 0
    assert swash("verify", folder, "--t5", tmp_path / "t5-base").exit_code == 0


@pytest.mark.parametrize(
    "damage, problem",
    [
        (lambda folder: truncate(folder / "model.safetensors"), r"model\.safetensors: damaged or not whole"),
        (lambda folder: truncate(folder / "t5" / "model.safetensors"), "damaged or not whole"),
        (lambda folder: truncate(folder / "t5" / "tokenizer.json"), "not a tokenizer"),
        (lambda folder: truncate(folder / "model_config.json"), "not JSON"),
        (
            lambda folder: change(folder / "model.safetensors", lambda tensors: tensors.pop(BIAS)),
            f"1 missing: {BIAS}",
        ),
        (
            lambda folder: change(folder / "model.safetensors", lambda tensors: tensors[BIAS].fill_(torch.nan)),
            f"{BIAS} holds NaN or infinity",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told_by_every_command(
    folder: Path, damage: Callable[[Path], None], problem: str
) -> None:
    damage(folder)
    done = swash("check", folder)
    assert done.exit_code == 1
    assert re.search(problem, done.stderr)
    done = swash("verify", folder)
    assert done.exit_code == 1
    assert last_line(done) == "verify: FAIL, worst files inf"
    assert re.search(problem, done.stdout)


def test_the_golden_model_passes_and_the_last_line_says_how_well() -> None:
    done = swash("verify", GOLDEN)
    assert done.exit_code == 0
    assert re.fullmatch(r"verify: pass, worst [a-z0-9]+ [0-9]\.[0-9]e-[0-9]{2}", last_line(done))
    stages = {line.split()[0] for line in done.stdout.splitlines()[:-1]}
    assert {"tokens", "t5", "conditioning", "dit", "schedule", "latents", "encoder", "audio", "whole"} <= stages
    assert "running audio " in done.stdout  # as the engine runs them, too


def test_one_changed_weight_is_found(folder: Path) -> None:
    change(folder / "model.safetensors", lambda tensors: tensors[BIAS][0].add_(1.0))
    done = swash("verify", folder)
    assert done.exit_code == 1
    assert re.fullmatch(
        r"verify: FAIL, worst (dit|latents|audio|whole) [0-9]\.[0-9]e[+-][0-9]{2}", last_line(done)
    )


def test_a_vector_that_nothing_can_make_is_found(folder: Path) -> None:
    change(folder / "vectors.safetensors", lambda vectors: vectors.update({"vocoder.out": torch.zeros(2)}))
    done = swash("verify", folder)
    assert done.exit_code == 1
    assert last_line(done) == "verify: FAIL, worst unknown inf"
    assert "vocoder.out" in done.stdout


def test_the_worst_is_so_by_its_tolerance_and_not_by_its_size(folder: Path) -> None:
    # 0.02 in audio is 20 times its tolerance, 100 in whole numbers 3 times
    def off(vectors: Tensors) -> None:
        vectors["ae.decoded_from_mean"].view(-1)[0].add_(0.02)
        vectors["post.peak_int16"].view(-1)[0].add_(100)

    change(folder / "vectors.safetensors", off)
    assert last_line(swash("verify", folder)) == "verify: FAIL, worst audio 2.0e-02"


@pytest.mark.parametrize("name", ["vectors.safetensors", "cases.json"])
def test_a_model_without_vectors_fails_and_says_what_is_not_there(folder: Path, name: str) -> None:
    (folder / name).unlink()
    done = swash("verify", folder)
    assert done.exit_code == 1
    assert last_line(done) == "verify: FAIL, worst files inf"
    assert name in done.stdout


def test_vectors_of_wrong_shapes_fail_and_do_not_crash(folder: Path) -> None:
    change(folder / "vectors.safetensors", lambda vectors: vectors.update({"dit.x": torch.zeros(3)}))
    done = swash("verify", folder)
    assert done.exit_code == 1
    assert last_line(done).startswith("verify: FAIL")


def test_a_folder_without_a_model_fails(tmp_path: Path) -> None:
    done = swash("verify", tmp_path / "nowhere")
    assert done.exit_code == 1
    assert last_line(done) == "verify: FAIL, worst files inf"


def test_a_random_model_is_whole_and_has_nothing_to_verify_against(random_folder: Path) -> None:
    assert swash("check", random_folder).exit_code == 0
    assert "vectors.safetensors" in swash("verify", random_folder).stdout


def test_the_plan_tells_memory_disk_and_seconds_in_every_precision() -> None:
    done = swash("plan")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].split() == ["parameters", "disk", "auto", "exact", "fast"]
    for said in ("606.78 M", "2.57 GB", "11.9 s sound", "1.0 s sound", "an estimate"):
        assert said in done.stdout


def test_the_plan_of_a_folder_needs_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "t5" / "model.safetensors").unlink()
    done = swash("plan", folder, "--precision", "exact")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].split() == ["parameters", "disk", "exact"]
    assert "0.6 s sound" in done.stdout


def test_the_plan_of_no_model_says_so(tmp_path: Path) -> None:
    done = swash("plan", tmp_path)
    assert done.exit_code == 1
    assert "model_config.json: cannot be read" in done.stderr


def test_a_random_model_is_never_written_over_anything(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    for target in (tmp_path, tmp_path / "precious.txt"):
        done = swash("random", target)
        assert done.exit_code == 2
        assert "name another" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


@pytest.mark.parametrize("command", ["check", "verify", "plan", "random", "fetch"])
def test_without_the_extra_it_says_what_to_install(command: str, tmp_path: Path) -> None:
    program = "import sys; sys.modules['torch'] = None; from swash_server.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "model", command, str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pip install 'swash[neural]'" in done.stderr


def fetch(
    hub: Hub | None, folder: Path, home: Path, *arguments: str, token: str = ""
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    environment |= {
        "HF_ENDPOINT": hub.endpoint if hub else "http://127.0.0.1:1",
        "HF_HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "NO_PROXY": "*",
    }
    given = ["--token", token] if token else []
    return subprocess.run(
        [SWASH, "model", "fetch", *arguments, *given],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(Hub(files_of(GOLDEN))) as hub:
        yield hub


def test_a_fetched_model_is_whole_and_a_second_time_fetches_nothing(hub: Hub, tmp_path: Path) -> None:
    done = fetch(hub, tmp_path, tmp_path / "home", "model", token=TOKEN)
    assert done.returncode == 0, done.stderr
    assert "swash model check model" in done.stdout
    assert swash("check", tmp_path / "model").exit_code == 0
    asked = len(hub.ranges())
    again = fetch(hub, tmp_path, tmp_path / "home", "model", token=TOKEN)
    assert again.returncode == 0
    assert again.stdout.count(" here (") == 5
    assert len(hub.ranges()) == asked


def test_the_licence_and_the_gate_are_explained_before_anything_is_asked(tmp_path: Path) -> None:
    done = fetch(None, tmp_path, tmp_path / "home", "model")
    assert done.returncode == 1
    for said in ("Community License", "is gated", "accept the licence", "hf auth login", "is there a network?"):
        assert said in done.stderr
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    "token, advice", [("", "nobody is logged in"), (STRANGER, "has not been let in"), (EXPIRED, "not valid")]
)
def test_who_is_not_let_in_gets_one_line_of_advice(hub: Hub, tmp_path: Path, token: str, advice: str) -> None:
    done = fetch(hub, tmp_path, tmp_path / "home", "model", token=token)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("swash: ")
    assert advice in done.stderr.splitlines()[-1]


def test_a_run_that_was_cut_off_goes_on_the_next_time(hub: Hub, tmp_path: Path) -> None:
    hub.breaks_after = [1_000_000] * 6  # more than it tries by itself, and nothing new each time
    folder = tmp_path / "model"
    first = fetch(hub, tmp_path, tmp_path / "home", "model", token=TOKEN)
    assert first.returncode == 1
    assert "goes on where it was" in first.stderr
    (part,) = folder.glob("*.part")
    part.write_bytes(hub.files[f"{MODEL}/model.safetensors"][:1_000_000])
    asked = len(hub.ranges())
    assert fetch(hub, tmp_path, tmp_path / "home", "model", token=TOKEN).returncode == 0
    assert "bytes=1000000-" in hub.ranges()[asked:]
    assert swash("check", folder).exit_code == 0


def test_without_a_folder_it_goes_where_the_users_data_are(hub: Hub, tmp_path: Path) -> None:
    done = fetch(hub, tmp_path, tmp_path / "home", token=TOKEN)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "home/data/swash/models/stable-audio-open-small/model.safetensors").is_file()


def test_a_disk_too_small_is_told_before_the_first_byte(hub: Hub, tmp_path: Path) -> None:
    hub.told_bytes = 10**18
    done = fetch(hub, tmp_path, tmp_path / "home", "model", token=TOKEN)
    assert done.returncode == 1
    assert "are needed" in done.stderr
    assert not (tmp_path / "model").exists()
