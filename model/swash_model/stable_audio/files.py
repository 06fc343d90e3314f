"""What lies in a model's folder: the files that there must be, and how much is in them."""

from collections import Counter
from pathlib import Path

from swash_model.stable_audio.model import StableAudio
from swash_model.stable_audio.released import MODEL_FILES, T5_FILES
from swash_model.stable_audio.weights import FILES, read_tensors


def missing_files(folder: Path, t5_folder: Path | None = None) -> list[Path]:
    """Return every file that a model needs and that is not there; weights may lie in the older format."""
    config, weights = MODEL_FILES
    there = any((folder / name).is_file() for name in FILES)
    wanted = [folder / config, *([] if there else [folder / weights])]
    wanted += [(t5_folder or folder / "t5") / name for name in T5_FILES]
    return [path for path in wanted if not path.is_file()]


def stored_types(path: Path) -> dict[str, int]:
    """Return how many tensors of each type a file of weights holds, by the type's name."""
    types = Counter(str(tensor.dtype).removeprefix("torch.") for tensor in read_tensors(path).values())
    return dict(types.most_common())


def parameters_of(model: StableAudio) -> dict[str, int]:
    """Return how many weights each network has."""
    networks = (("T5", model.conditioner.t5), ("transformer", model.dit))
    halves = (("decoder", model.decoder), ("encoder", model.encoder))
    return {name: sum(each.numel() for each in network.parameters()) for name, network in (*networks, *halves)}
