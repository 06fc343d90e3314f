"""Trained weights from files into networks: mapped, not copied, and every tensor accounted for."""

import json
import pickle
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import T5Config, T5EncoderModel

from swash_model.stable_audio.config import read_text
from swash_model.stable_audio.errors import ModelFilesError

FILES = ("model.safetensors", "model.ckpt")
MAX_HEADER_BYTES = 16 * 1024 * 1024  # names and shapes of the tensors; those of a small model take 0.1 MB
MAX_TENSORS = 100_000
DTYPES = (torch.float32, torch.float16, torch.bfloat16)
AUTOENCODER = "pretransform."  # its convolutions are stored as direction and length
T5_REST = ("decoder.", "lm_head.")  # the half of T5 that writes, which nobody asks here
SHOWN = 5


def weights_file(folder: Path) -> Path:
    """Return the file of weights in a folder, the safer format first."""
    for name in FILES:
        if (folder / name).is_file():
            return folder / name
    raise ModelFilesError(f"{folder}: holds neither {' nor '.join(FILES)}")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file by name, mapped: the disk is read when they are used.

    Replace a file by renaming another over it, never in place: whoever has mapped it would fall.
    """
    if path.suffix == ".ckpt":
        _check_archive(path)
        return _checkpoint(path)
    try:
        _check_header(path)
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
    except OSError as error:
        raise ModelFilesError(f"{path}: cannot be read ({error.strerror or error})") from error
    except SafetensorError as error:
        raise ModelFilesError(f"{path}: damaged or not whole ({error}); fetch it again") from error


def _check_header(path: Path) -> None:
    """Raise ModelFilesError for a header that no file of weights has, before any of it is parsed; or OSError."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if length > min(MAX_HEADER_BYTES, path.stat().st_size):
        raise ModelFilesError(
            f"{path}: damaged or not whole (a header of {length} bytes, of at most {MAX_HEADER_BYTES}); "
            "fetch it again"
        )


def _check_archive(path: Path) -> None:
    """Raise ModelFilesError for an archive that would grow as it is read: a checkpoint is stored as it is."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except OSError as error:
        raise ModelFilesError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ModelFilesError(f"{path}: damaged or not whole ({error}); fetch it again") from error
    pickles = (part.file_size for part in parts if part.filename.endswith(".pkl"))
    if (
        len(parts) > MAX_TENSORS
        or any(part.compress_type != zipfile.ZIP_STORED for part in parts)
        or sum(pickles) > MAX_HEADER_BYTES
    ):
        raise ModelFilesError(f"{path}: damaged, or no checkpoint that torch has written; fetch it again")


def _checkpoint(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a pickle, of which nothing but tensors is ever built."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise ModelFilesError(
            f"{path}: damaged, not whole, or holds more than tensors; fetch it again, or model.safetensors"
        ) from error
    tensors = content.get("state_dict") if isinstance(content, dict) else None
    if not isinstance(tensors, dict) or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise ModelFilesError(f"{path}: holds no tensors under 'state_dict'")
    return tensors


def fill(networks: Mapping[str, nn.Module], path: Path) -> None:
    """Fill networks, given by the prefix of their tensors, from a file that must hold exactly theirs."""
    tensors = read_tensors(path)
    shapes = {name: shape for prefix in networks for name, shape in stored(prefix, networks[prefix]).items()}
    _account_for(shapes, tensors, path)
    for prefix, network in networks.items():
        _fill_from(tensors, prefix, network, path)


def fill_one(prefix: str, network: nn.Module, path: Path) -> None:
    """Fill one network from a file that holds others too, and has been accounted for before."""
    tensors = {name: tensor for name, tensor in read_tensors(path).items() if name.startswith(prefix)}
    _account_for(stored(prefix, network), tensors, path)
    _fill_from(tensors, prefix, network, path)


def _fill_from(tensors: Mapping[str, Tensor], prefix: str, network: nn.Module, path: Path) -> None:
    _put(network, {name: _weight(prefix + name, tensors, path) for name in network.state_dict()})


def stored(prefix: str, network: nn.Module) -> dict[str, torch.Size]:
    """Return the name and shape of every tensor that a file must hold for a network."""
    shapes = {}
    for name, tensor in network.state_dict().items():
        called = prefix + name
        if _is_normalised(called):
            shapes[f"{called}_g"] = torch.Size((len(tensor), 1, 1))
            shapes[f"{called}_v"] = tensor.shape
        else:
            shapes[called] = tensor.shape
    return shapes


def _is_normalised(name: str) -> bool:
    return name.startswith(AUTOENCODER) and name.endswith(".weight")


def _weight(name: str, tensors: Mapping[str, Tensor], path: Path) -> Tensor:
    """Return one float32 tensor as a network wants it; float32 in the file stays where it is mapped."""
    if not _is_normalised(name):
        return _finite(name, tensors[name].float(), path)
    length, direction = (_finite(name + part, tensors[name + part].float(), path) for part in ("_g", "_v"))
    return _finite(name, fold_weight_norm(length, direction), path)


def fold_weight_norm(length: Tensor, direction: Tensor) -> Tensor:
    """Return the weight whose length along its first axis is given: inputs of a transposed convolution."""
    norm = torch.linalg.vector_norm(direction, dim=(1, 2), keepdim=True)
    weight: Tensor = length * direction / norm
    return weight


def _finite(name: str, tensor: Tensor, path: Path) -> Tensor:
    if not all(bound.isfinite() for bound in tensor.aminmax()):  # NaN becomes both; no copy is made
        raise ModelFilesError(f"{path}: {name} holds NaN or infinity; the file is damaged or not trained well")
    return tensor


def _account_for(shapes: Mapping[str, torch.Size], tensors: Mapping[str, Tensor], path: Path) -> None:
    """Raise ModelFilesError unless a file holds exactly the tensors of these shapes, as floats."""
    both = sorted(shapes.keys() & tensors.keys())
    wrong = {
        "missing": sorted(shapes.keys() - tensors.keys()),
        "unknown": sorted(tensors.keys() - shapes.keys()),
        "misshapen": [
            f"{name} {list(tensors[name].shape)} instead of {list(shapes[name])}"
            for name in both
            if tensors[name].shape != shapes[name]
        ],
        "of another type": [f"{name} {tensors[name].dtype}" for name in both if tensors[name].dtype not in DTYPES],
    }
    if any(wrong.values()):
        said = "; ".join(f"{len(names)} {what}: {_listed(names)}" for what, names in wrong.items() if names)
        raise ModelFilesError(f"{path}: not the weights that model_config.json describes: {said}")


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _put(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    network.load_state_dict(state, strict=True, assign=True)
    network.eval().requires_grad_(False)


def read_t5(folder: Path, channels: int) -> tuple[Tokenizer, T5EncoderModel]:
    """Return the tokenizer and the encoder, which must give so many channels, from a folder of T5."""
    config = t5_config(folder / "config.json")
    if config.d_model != channels:
        raise ModelFilesError(f"{folder}: this T5 gives {config.d_model} channels, the model takes {channels}")
    with torch.device("meta"):
        t5 = T5EncoderModel(config)
    path = folder / "model.safetensors"
    tensors = {name: each for name, each in read_tensors(path).items() if not name.startswith(T5_REST)}
    if "shared.weight" in tensors:  # stored once, named twice
        tensors["encoder.embed_tokens.weight"] = tensors["shared.weight"]
    _account_for({name: each.shape for name, each in t5.state_dict().items()}, tensors, path)
    _put(t5, {name: _finite(name, tensor.float(), path) for name, tensor in tensors.items()})
    t5.tie_weights()
    return _tokenizer(folder / "tokenizer.json"), t5


def t5_config(path: Path) -> T5Config:
    """Return what a config.json of T5 says; raise ModelFilesError if it is of something else."""
    try:
        content = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFilesError(f"{path}: no T5 is described here ({error})") from error
    if not isinstance(content, dict) or content.get("model_type") != "t5":
        raise ModelFilesError(f"{path}: not of a T5")
    try:
        return T5Config.from_dict(content)
    except Exception as error:  # the library raises whatever a wrong value leads to
        raise ModelFilesError(f"{path}: no T5 is described here ({error})") from error


def _tokenizer(path: Path) -> Tokenizer:
    if not path.is_file():
        raise ModelFilesError(f"{path}: missing")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise ModelFilesError(f"{path}: damaged or not a tokenizer ({error})") from error
