"""Everything an operator can set, read once at the command line."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import platformdirs

MIB = 1024 * 1024


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
