"""What of a model was never fetched whole, and what to do about it: the reasons behind most damaged files."""

from collections.abc import Iterator
from pathlib import Path

from swash_model.stable_audio.released import MODEL_FILES, T5_FILES
from swash_model.stable_audio.weights import FILES

# The first line of what lies in a repository instead of a large file:
# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
POINTER = b"version https://git-lfs.github.com/spec/"
BEGUN = ("*.part", "*.partial", "*.incomplete", "*.crdownload", "*.download", "*.aria2", "*.tmp")
CACHE = ".cache/huggingface/download"  # where huggingface-hub keeps what it has begun
ADVICE = "`swash model check DIR` tells all that is wrong, docs/guides/bring-your-weights.md how to fetch it"


def advice(folder: Path, t5_folder: Path | None = None) -> str:
    """Return what to do about a model that cannot be loaded, with what can be seen to have been left half done."""
    return "; ".join([*_seen(folder, t5_folder or folder / "t5"), ADVICE])


def _seen(folder: Path, t5_folder: Path) -> Iterator[str]:
    wanted = [*(folder / name for name in {*MODEL_FILES, *FILES}), *(t5_folder / name for name in T5_FILES)]
    if pointers := [path for path in sorted(wanted) if _is_pointer(path)]:
        yield f"{_names(pointers)}: only a pointer of Git LFS; run `git lfs pull` where it was cloned"
    begun = {path for each in (folder, t5_folder) for path in _begun(each)}
    if begun and not all(path.is_file() for path in wanted if path.name != FILES[1]):
        yield f"{_names(sorted(begun))}: begun and not finished; fetch it again, and the rest will come"
    if folder.is_dir() and not t5_folder.is_dir():
        yield f"{t5_folder}: no such folder; the text encoder t5-base goes there, or say where it is (--t5)"


def _begun(folder: Path) -> Iterator[Path]:
    for each in (folder, folder / CACHE):
        for pattern in BEGUN:
            yield from each.glob(pattern)


def _is_pointer(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(POINTER)) == POINTER
    except OSError:
        return False


def _names(paths: list[Path]) -> str:
    return ", ".join(path.name for path in paths[:3]) + (" and more" if len(paths) > 3 else "")
