"""The docs tell the truth: reference pages follow the code, links lead somewhere, and code blocks run."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from swash_model.procedural.catalogue import EFFECTS
from tools.reference import REFERENCE, pages

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN_S = 240.0


@pytest.mark.parametrize(
    "name", ["effects.md", "settings.md", "commands.md", "metrics.md", "manifest.schema.json"]
)
def test_reference_pages_follow_the_code(name: str) -> None:
    assert (REFERENCE / name).read_text() == pages()[name], "run tools/reference.py"


@pytest.mark.parametrize("effect", EFFECTS)
def test_every_effect_has_its_picture(effect: str) -> None:
    with Image.open(REFERENCE / "effects" / f"{effect}.png") as picture:
        assert picture.width >= 800


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), link


def test_the_readme_gives_a_sound_within_its_first_120_words() -> None:
    words = (ROOT / "README.md").read_text().split()
    assert any("waves.wav" in word for word in words[:120])


def test_the_readme_names_every_effect() -> None:
    text = (ROOT / "README.md").read_text()
    assert [effect for effect in EFFECTS if f"`{effect}`" not in text] == []


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that looks like a clone, where what the pages write does no harm."""
    folder = tmp_path_factory.mktemp("clone")
    environment = Path(sys.prefix)  # this one serves: `make install` finds its work done and installs nothing
    (folder / ".venv").mkdir()
    _link(environment, folder / ".venv", but={".installed", ".installed-all"})
    _link(ROOT, folder, but={".venv", environment.name})
    (folder / ".venv" / ".installed").touch()
    (folder / ".venv" / ".installed-all").touch()
    return folder


def _link(source: Path, into: Path, *, but: set[str]) -> None:
    for entry in source.iterdir():
        if entry.name not in but:
            (into / entry.name).symlink_to(entry)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give an environment with ports and a cache of its own; the pages name the default port."""
    with socket.socket() as grpc_port, socket.socket() as http_port:
        grpc_port.bind(("127.0.0.1", 0))
        http_port.bind(("127.0.0.1", 0))
        return {
            **os.environ,
            "SWASH_GRPC_PORT": str(grpc_port.getsockname()[1]),
            "SWASH_HTTP_PORT": str(http_port.getsockname()[1]),
            "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")),
        }


@pytest.fixture(scope="module")
def made(newcomer: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Give the server that `make serve` starts, once it says that it serves."""
    (serve,) = [block for block in blocks(ROOT / "README.md", "sh") if "make serve" in block]
    process = subprocess.Popen(
        serve, shell=True, cwd=newcomer, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "serving:" in line:
                break
        else:
            raise AssertionError("make serve ended without serving")
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
        process.stderr.close()


def run(block: str, newcomer: Path, environment: dict[str, str]) -> str:
    """Run a block as a newcomer would, against the port that the server took."""
    done = subprocess.run(
        ["bash", "-euc", block.replace("50051", environment["SWASH_GRPC_PORT"])],
        cwd=newcomer,
        env=environment,
        timeout=RUN_S,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.timeout(600)
def test_the_readme_works_word_for_word(
    newcomer: Path, environment: dict[str, str], made: subprocess.Popen[str]
) -> None:
    for block in blocks(ROOT / "README.md", "sh"):
        if not re.match(r"make (serve|test)", block):  # one is running; the other is running this
            run(block, newcomer, environment)
    with Image.open(newcomer / "waves.png") as picture:
        assert picture.width > 500
    assert (newcomer / "waves.wav").stat().st_size > 48_000
    assert (newcomer / "boots.wav").stat().st_size > 10_000
    (program,) = blocks(ROOT / "README.md", "python")
    (newcomer / "ten_lines.py").write_text(program.replace("50051", environment["SWASH_GRPC_PORT"]))
    said = run(".venv/bin/python ten_lines.py", newcomer, environment)
    assert "footsteps" in said
    assert len(list(newcomer.glob("step_*.wav"))) == 5
    assert len(program.strip().splitlines()) <= 10


@pytest.mark.parametrize(
    "page", ["getting-started.md", "command-line.md", "prompts.md", "bring-your-weights.md", "baking.md"]
)
def test_the_guides_work_word_for_word(page: str, newcomer: Path, environment: dict[str, str]) -> None:
    for block in blocks(ROOT / "docs" / "guides" / page, "sh"):
        if not re.match(r"make serve", block):
            run(block, newcomer, environment)
