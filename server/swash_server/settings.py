"""Everything an operator can set, read once at the command line."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

import platformdirs

MIB = 1024 * 1024

Precision: TypeAlias = Literal["auto", "exact", "fast"]
Device: TypeAlias = Literal["cpu", "cuda"]
ShowPrompts: TypeAlias = Literal["local", "all", "none"]
LogFormat: TypeAlias = Literal["auto", "console", "json"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
LogCalls: TypeAlias = Literal["auto", "on", "off"]
Switch: TypeAlias = Literal["on", "off"]

_RANGES = (
    ("grpc_port", 0, 65_535),
    ("http_port", 0, 65_535),
    ("store_mib", 1, 2**24),
    ("memory_mib", 1, 2**20),
    ("recording_mib", 1, 2**20),
    ("max_recordings", 1, 10_000),
    ("workers", 0, 256),
    ("neural_threads", 0, 256),
    ("max_neural_queue", 0, 1000),
    ("max_behind", 0, 1000),
    ("max_pinned_mib", 0, 2**24),
    ("max_tags", 0, 100_000),
    ("max_sessions", 0, 10_000),
    ("max_voices", 0, 10_000),
    ("live_workers", 0, 256),
    ("grace_s", 0, 3600),
)

_CHOICES = (
    ("precision", Precision),
    ("device", Device),
    ("show_prompts", ShowPrompts),
    ("log_format", LogFormat),
    ("log_level", LogLevel),
    ("log_calls", LogCalls),
    ("log_prompts", Switch),
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
    http_port: Annotated[int, "Port of gRPC-Web, Connect, /metrics and /healthz; 0 takes a free one."] = 8080
    cors_origin: Annotated[
        tuple[str, ...],
        "A site whose pages may call, https://game.example or *; pages of this machine always may. Repeatable.",
    ] = ()
    show_prompts: Annotated[
        ShowPrompts,
        "Who reads on the dashboard what callers asked for: browsers on this machine, all, or none.",
    ] = "local"
    store: Annotated[Path | None, "Folder that remembers sounds; 'off' keeps none."] = field(
        default_factory=default_store
    )
    store_mib: Annotated[int, "Most disk that the store may take, MiB."] = 2048
    memory_mib: Annotated[int, "Most memory that finished sounds may take, MiB."] = 256
    recording_mib: Annotated[int, "Most memory that sounds still being made may take, MiB."] = 512
    max_recordings: Annotated[int, "Most sounds made at once; more are refused: RESOURCE_EXHAUSTED."] = 64
    workers: Annotated[int, "Threads that make sound; 0 is one for each core but one."] = 0
    model: Annotated[Path | None, "Folder of the weights of stable_audio; without, that engine is absent."] = None
    t5: Annotated[Path | None, "Folder of its text encoder; by default t5 in that of the weights."] = None
    precision: Annotated[
        Precision,
        "How it computes: exact in float32; auto in bfloat16 where this CPU has it; fast partly in int8.",
    ] = "auto"
    device: Annotated[Device, "What computes it: the CPU, or an NVIDIA GPU."] = "cpu"
    neural_threads: Annotated[int, "Threads of one neural sound; 0 is one for each core."] = 0
    max_neural_queue: Annotated[int, "Most neural sounds that wait; more are refused: RESOURCE_EXHAUSTED."] = 32
    max_behind: Annotated[int, "Most neural sounds made behind after a fallback; 0 makes none."] = 16
    max_pinned_mib: Annotated[
        int,
        "Most that preloaded sounds may take, MiB: of the store, at most nine tenths of it; without, of memory.",
    ] = 1024
    max_tags: Annotated[
        int, "Most tags that sounds are preloaded under; more are refused: RESOURCE_EXHAUSTED."
    ] = 1000
    max_sessions: Annotated[int, "Most live sessions at once; more are refused: RESOURCE_EXHAUSTED."] = 64
    max_voices: Annotated[int, "Most live voices of all sessions; each layer of a prompt counts."] = 64
    live_workers: Annotated[
        int, "Processes that live voices are made in, begun with the first session; 0 is one for each core."
    ] = 0
    grace_s: Annotated[float, "Seconds that calls may still take after SIGTERM."] = 10.0
    log_format: Annotated[
        LogFormat, "A line of the log: for people, or one JSON object; auto is json where no terminal reads it."
    ] = "auto"
    log_level: Annotated[LogLevel, "The least that is logged."] = "info"
    log_calls: Annotated[LogCalls, "A line for each call when it ends; auto writes them as JSON only."] = "auto"
    log_prompts: Annotated[
        Switch, "Whether the log, and traces, may hold words of callers; off hides what errors say too."
    ] = "off"
    otel_endpoint: Annotated[
        str | None,
        "Base URL of an OpenTelemetry collector: traces go there by OTLP/HTTP; needs the extra otel.",
    ] = None

    def __post_init__(self) -> None:
        """Raise InvalidSettingError for a value out of range."""
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                raise InvalidSettingError(f"{name.replace('_', '-')}: {low:g} to {high:g}, got {value:g}")
        for name, choice in _CHOICES:
            value, allowed = getattr(self, name), get_args(choice)
            if value not in allowed:
                raise InvalidSettingError(f"{name.replace('_', '-')}: {', '.join(allowed)}, got {value!r}")
        for origin in self.cors_origin:
            if origin != "*" and not re.fullmatch(r"https?://[^/\s*]+", origin):
                raise InvalidSettingError(f"cors-origin: http(s)://host[:port] or *, got {origin!r}")
        if self.otel_endpoint is not None and not re.fullmatch(r"https?://[^/\s]+(/\S*)?", self.otel_endpoint):
            raise InvalidSettingError(f"otel-endpoint: http(s)://host[:port][/path], got {self.otel_endpoint!r}")
        if self.t5 is not None and self.model is None:
            raise InvalidSettingError(f"t5: only together with a model, got {self.t5} and no model")
