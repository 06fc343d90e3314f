"""`swash model`: the weights of the neural engine, from having none to knowing that they are right."""

import importlib.util
import math
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich import progress as rich
from rich.console import Console

from swash_model.errors import SoundError
from swash_model.stable_audio.released import MODEL_REPO
from swash_server.cli.failure import FAILED, INVALID, fail, told
from swash_server.cli.launch import prepare_for_torch

if TYPE_CHECKING:
    from swash_model.stable_audio.model import StableAudio
    from swash_model.stable_audio.plan import Sizes
    from swash_model.stable_audio.precision import Forms
    from swash_model.stable_audio.verify import Check

NEURAL = ("torch", "transformers", "tokenizers", "safetensors", "huggingface_hub")  # what the extra brings
DEVICES = ("cpu", "cuda")
SHORT_S = 1.0  # a footstep, a hit: what a game asks for most
LICENCE = f"""\
The weights of Stable Audio Open Small are under the Stability AI Community License: free for research, and for
commercial use by whoever earns less than 1 million US dollars a year (register with Stability AI); above that it
takes an enterprise licence. The sounds you make are yours, as far as the law lets anybody own them. T5 is under
Apache-2.0. So we read them, which is no legal advice; what counts is the text at
https://huggingface.co/{MODEL_REPO}"""
GATE = """\
{repo} is gated. Once, in a browser: log in at Hugging Face, open
https://huggingface.co/{repo} and accept the licence there. Then let this machine in:
make a token that may read gated repositories at https://huggingface.co/settings/tokens, and give it to
`hf auth login`, or here with --token."""


@click.group()
def model() -> None:
    """Bring, check and measure the weights of the neural engine."""
    prepare_for_torch(exact=True)  # `verify` is held to float32


folder_argument = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
t5_option = click.option(
    "--t5",
    "t5_folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder of T5, if it is not DIR/t5.",
)


@contextmanager
def _neural() -> Iterator[None]:
    """Say what to install where the neural engine's packages are not, and what went wrong where they are."""
    if absent := [name for name in NEURAL if importlib.util.find_spec(name) is None]:
        fail(f"the neural engine needs {', '.join(absent)}: pip install 'swash[neural]'", INVALID)
    with told():
        yield


@model.command()
@folder_argument
@t5_option
def check(folder: Path, t5_folder: Path | None) -> None:
    """Say what the model in DIR is and whether it is whole; exit with 1 when it is not."""
    with _neural():
        from swash_model.stable_audio.files import missing_files
        from swash_model.stable_audio.model import load

        if missing := missing_files(folder, t5_folder):
            for path in missing:
                click.echo(f"missing     {path}")
            fail(f"{folder} is not complete; docs/guides/bring-your-weights.md tells where the files are", FAILED)
        for name, said in _described(load(folder, t5_folder), folder, t5_folder or folder / "t5"):
            click.echo(f"{name:11} {said}")
        click.echo("complete    every tensor is there, of the right shape, and finite")
        click.echo(f"\n{LICENCE}")


def _described(loaded: "StableAudio", folder: Path, t5_folder: Path) -> Iterator[tuple[str, str]]:
    from swash_model.stable_audio.files import parameters_of, stored_types
    from swash_model.stable_audio.weights import weights_file

    config = loaded.config
    longest_s = config.latent_frames * config.ratio / config.sample_rate
    yield "model", str(folder)
    yield "sound", f"{config.sample_rate} Hz, {config.decoder.audio_channels} channels, at most {longest_s:.2f} s"
    for name, count in parameters_of(loaded).items():
        yield name, f"{count:,} parameters"
    for path in (weights_file(folder), t5_folder / "model.safetensors"):
        types = ", ".join(f"{count} of {name}" for name, count in stored_types(path).items())
        yield "file", f"{path}: {_size(path.stat().st_size)}; tensors: {types}"


@model.command()
@folder_argument
@t5_option
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True, help="What computes.")
def verify(folder: Path, t5_folder: Path | None, device: str) -> None:
    """Run every stage of the model in DIR against the vectors beside it; exit with 1 when one is missed.

    In float32: first the networks as they are written down, on the CPU, then as they run.
    """
    with _neural():
        from swash_model.stable_audio.verify import worst

        checks: list[Check] = []
        problem = ""
        try:
            checks.extend(_checks(folder, t5_folder, device))
        except SoundError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - where the command ends: whatever the files led to is the finding
            problem = f"{type(error).__name__}: {error}"
        for stage, furthest in worst(checks).items():
            missed = f"  {furthest.problem or 'TOO FAR OFF'}" if not furthest.passed else ""
            click.echo(f"{stage:16} {furthest.error:7.1e} of {furthest.tolerance:7.1e}  {furthest.vector}{missed}")
        if problem:
            click.echo(f"files            {' '.join(problem.split())}")
        passed = bool(checks) and not problem and all(each.passed for each in checks)
        click.echo(_verdict(checks, problem, passed=passed))
        sys.exit(0 if passed else FAILED)


def _checks(folder: Path, t5_folder: Path | None, device: str) -> Iterator["Check"]:
    """Yield the checks of the networks as they are written down, then of the same as they run."""
    from swash_model.stable_audio.engine import running_model
    from swash_model.stable_audio.model import load
    from swash_model.stable_audio.precision import Precision
    from swash_model.stable_audio.verify import verify as verify_plain
    from swash_model.stable_audio.verify import verify_running

    plain = load(folder, t5_folder)
    yield from verify_plain(plain, folder)
    yield from verify_running(running_model(plain, folder, Precision.EXACT, device), folder)


def _verdict(checks: "list[Check]", problem: str, *, passed: bool) -> str:
    """Return the last line, which programs read."""
    if problem or not checks:
        return "verify: FAIL, worst files inf"
    furthest = max(checks, key=_share)
    return f"verify: {'pass' if passed else 'FAIL'}, worst {furthest.stage} {furthest.error:.1e}"


def _share(check: "Check") -> float:
    """Return how much of its tolerance an error takes."""
    if check.tolerance == 0.0:
        return 0.0 if check.error == 0.0 else math.inf
    return check.error / check.tolerance


@model.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@click.option("--repo", default=MODEL_REPO, show_default=True, help="The model on Hugging Face.")
@click.option("--revision", help="Its branch, tag or commit; without, the newest.")
@click.option("--token", help="Of Hugging Face; without, the one that `hf auth login` left.")
def fetch(folder: Path | None, repo: str, revision: str | None, token: str | None) -> None:
    """Fetch the weights and T5 into DIR, or else where the user's data are; what broke off goes on."""
    with _neural():
        folder = folder or _default_folder()
        click.echo(f"{LICENCE}\n\n{GATE.format(repo=repo)}\n", err=True)
        from swash_model.stable_audio import download

        remotes = download.find(folder, repo, revision, token)
        missing = [remote for remote in remotes if not remote.is_here()]
        download.check_space(folder, missing)
        for remote in remotes:
            state = "to fetch" if remote in missing else "here"
            click.echo(
                f"{remote.path}: {_size(remote.size_bytes)}, {state} ({remote.repo} at {remote.commit[:10]})"
            )
        with _bar("fetching", sum(remote.size_bytes for remote in missing)) as bar:
            for remote in missing:
                download.fetch(remote, lambda got: bar.advance(bar.task_ids[0], got))
        click.echo(f"all here; next: swash model check {folder}")


def _default_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("swash") / "models" / "stable-audio-open-small"


@model.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@click.option(
    "--precision", type=click.Choice(["auto", "exact", "fast"]), help="Tell of this one; without, of all three."
)
def plan(folder: Path | None, precision: str | None) -> None:
    """Estimate memory, disk and seconds a sound on this machine, of the model in DIR or of the released one."""
    with _neural():
        from swash_model.stable_audio import plan as planning
        from swash_model.stable_audio.precision import Precision, forms_of

        sizes = planning.sizes_of(folder)
        asked = [Precision(precision)] if precision else list(Precision)
        for line in _table(sizes, {each.value: forms_of(each) for each in asked}):
            click.echo(line)


def _table(sizes: "Sizes", forms: "dict[str, Forms]") -> Iterator[str]:
    from swash_model.stable_audio import plan as planning

    def row(name: str, numbers: str, disk: str, cells: Iterable[str]) -> str:
        return f"{name:12}{numbers:>15}" + "".join(f"{cell:>11}" for cell in (disk, *cells))

    parts = planning.parts_of(sizes)
    memory = {part.name: [part.memory_bytes(each) for each in forms.values()] for part in parts}
    yield row("", "parameters", "disk", forms)
    for part in parts:
        cells = map(_size, memory[part.name])
        yield row(part.name, f"{part.parameters / 1e6:.2f} M", _size(part.disk_bytes), cells)
    yield row("the rest", "", "", [_size(planning.PROCESS_BYTES)] * len(forms))
    in_all = [sum(column) + planning.PROCESS_BYTES for column in zip(*memory.values(), strict=True)]
    numbers, disk = sum(part.parameters for part in parts), sum(part.disk_bytes for part in parts)
    yield row("together", f"{numbers / 1e6:.2f} M", _size(disk), map(_size, in_all))

    rates = planning.measured_rates(sizes, forms.values())
    for seconds in dict.fromkeys((sizes.longest_s, min(SHORT_S, sizes.longest_s))):
        work = planning.work_of(sizes, seconds)
        expected = (f"{planning.expected_s(work, rates, each):.1f} s" for each in forms.values())
        yield row(f"{seconds:.1f} s sound", f"{sum(work) / 1e9:.1f} GFLOP", "", expected)
    measured = ", ".join(f"{planning.NAMES[form]} {rate / 1e9:.0f}" for form, rate in rates.items())
    yield ""
    yield "The encoder is loaded only for audio to begin with. The seconds are an estimate: products were measured"
    yield f"just now ({measured} GFLOP/s, {planning.threads()} threads), beside whatever else runs here, and"
    yield f"{planning.EFFICIENCY:.0%} of that is counted on from end to end."


@model.command()
@folder_argument
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Other seeds are other weights.",
)
def random(folder: Path, seed: int) -> None:
    """Write a model of random weights into DIR, as large and slow as the real one: to measure, not to hear."""
    with _neural():
        from swash_model.stable_audio import random_model

        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            fail(f"{folder}: is there already and not an empty folder; name another", INVALID)
        size = random_model.size_bytes()
        there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
        if (free := shutil.disk_usage(there).free) < size:
            fail(f"{folder}: {_size(size)} are needed and {_size(free)} are free", FAILED)
        click.echo(f"{folder}: takes {_size(size)} of the {_size(free)} that are free there", err=True)
        with _bar("making weights", size) as bar:
            random_model.write(folder, seed, made=lambda made: bar.advance(bar.task_ids[0], made))
        click.echo(f"{folder}: random weights, seed {seed}; it makes noise, at the real one's pace")


def _bar(doing: str, size_bytes: int) -> rich.Progress:
    """Return a bar of bytes on standard error, if that is a terminal."""
    console = Console(stderr=True)
    bar = rich.Progress(
        rich.TextColumn(doing),
        rich.BarColumn(),
        rich.DownloadColumn(),
        rich.TransferSpeedColumn(),
        rich.TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    bar.add_task("", total=size_bytes)
    return bar


def _size(size_bytes: float) -> str:
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e8 else f"{size_bytes / 1e6:.2f} MB"
