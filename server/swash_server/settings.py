"""Everything an operator can set, read once at the command line."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import platformdirs

MIB = 1024 * 1024


_RANGES = (
    ("grpc_port", 0, 65_535),
    ("http_port", 0, 65_535),
    ("store_mib", 1, 2**24),
    ("memory_mib", 1, 2**20),
    ("recording_mib", 1, 2**20),
    ("max_recordings", 1, 10_000),
    ("workers", 0, 256),
    ("grace_s", 0, 3600),
)


class InvalidSettingError(ValueError):
    """A setting is out of range."""


def default_store() -> Path:
    """Return where sounds are remembered unless the operator says otherwise."""
    return platformdirs.user_cache_path("swash") / "store"


@dataclass(frozen=True, slots=True)
class Settings:
    """A server's settings. Each is a flag of `swash serve` and an environment variable SWASH_<NAME>."""

    host: Annotated[str, "Address to listen on: loopback unless you say otherwise."] = "127.0.0.1"
    grpc_port: Annotated[int, "Port of native gRPC; 0 takes a free one."] = 50051
    http_port: Annotated[int, "Port of /metrics and /healthz; 0 takes a free one."] = 8080
    store: Annotated[Path | None, "Folder that remembers sounds; 'off' keeps none."] = field(
        default_factory=default_store
    )
    store_mib: Annotated[int, "Most disk that the store may take, MiB."] = 2048
    memory_mib: Annotated[int, "Most memory that finished sounds may take, MiB."] = 256
    recording_mib: Annotated[int, "Most memory that sounds still being made may take, MiB."] = 512
    max_recordings: Annotated[int, "Most sounds made at once; more are refused: RESOURCE_EXHAUSTED."] = 64
    workers: Annotated[int, "Threads that make sound; 0 is one for each core but one."] = 0
    grace_s: Annotated[float, "Seconds that calls may still take after SIGTERM."] = 10.0

    def __post_init__(self) -> None:
        """Raise InvalidSettingError for a value out of range."""
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                raise InvalidSettingError(f"{name.replace('_', '-')}: {low:g} to {high:g}, got {value:g}")
