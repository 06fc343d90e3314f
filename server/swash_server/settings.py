"""Everything an operator can set, read once at the command line."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

import platformdirs

from swash_server.callers.identity import is_loopback

MIB = 1024 * 1024

EnginesIn: TypeAlias = Literal["process", "thread"]
Precision: TypeAlias = Literal["auto", "exact", "fast"]
Device: TypeAlias = Literal["cpu", "cuda"]
ShowPrompts: TypeAlias = Literal["local", "all", "none"]
LogFormat: TypeAlias = Literal["auto", "console", "json"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
LogCalls: TypeAlias = Literal["auto", "on", "off"]
MetricsAccess: TypeAlias = Literal["all", "local", "token"]
Switch: TypeAlias = Literal["on", "off"]

AUTO_NODE = "auto"

_RANGES = (
    ("grpc_port", 0, 65_535),
    ("http_port", 0, 65_535),
    ("max_connections", 1, 1_000_000),
    ("max_connections_per_address", 1, 1_000_000),
    ("max_streams", 1, 100_000),
    ("request_s", 1, 3600),
    ("stall_s", 1, 3600),
    ("store_mib", 1, 2**24),
    ("memory_mib", 1, 2**20),
    ("shared_limit_ms", 1, 10_000),
    ("shared_ttl_s", 60, 366 * 86_400),
    ("shared_max_mib", 1, 512),
    ("recording_mib", 1, 2**20),
    ("max_recordings", 1, 10_000),
    ("workers", 0, 256),
    ("neural_threads", 0, 256),
    ("max_queue", 0, 100_000),
    ("max_neural_queue", 0, 1000),
    ("client_rate", 0, 1_000_000),
    ("client_burst", 1, 1_000_000),
    ("client_recordings", 0, 10_000),
    ("client_sessions", 0, 10_000),
    ("client_voices", 0, 10_000),
    ("max_behind", 0, 1000),
    ("max_pinned_mib", 0, 2**24),
    ("max_tags", 0, 100_000),
    ("max_sessions", 0, 10_000),
    ("max_voices", 0, 10_000),
    ("live_workers", 0, 256),
    ("drain_s", 0, 3600),
    ("grace_s", 0, 3600),
    ("io_processes", 1, 64),
)

_CHOICES = (
    ("engines_in", EnginesIn),
    ("precision", Precision),
    ("device", Device),
    ("show_prompts", ShowPrompts),
    ("log_format", LogFormat),
    ("log_level", LogLevel),
    ("log_calls", LogCalls),
    ("log_prompts", Switch),
    ("insecure_bind", Switch),
    ("metrics_access", MetricsAccess),
    ("reflection", Switch),
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
    tls_cert: Annotated[
        Path | None, "Certificate of both ports, PEM, with those up to its authority's; read when it changes."
    ] = None
    tls_key: Annotated[Path | None, "Its key, PEM, not encrypted."] = None
    tls_client_ca: Annotated[
        Path | None, "Authorities of client certificates, PEM: whoever has none of theirs gets no connection."
    ] = None
    tokens: Annotated[
        Path | None, "File of who may call, by token or certificate, as `swash token` writes it."
    ] = None
    insecure_bind: Annotated[
        Switch, "Whether it may listen beyond this machine without TLS: where something else keeps strangers away."
    ] = "off"
    metrics_access: Annotated[
        MetricsAccess,
        "Who reads /metrics: all who reach it, those on this machine, or besides them whoever has a token.",
    ] = "all"
    reflection: Annotated[Switch, "Whether gRPC tells its contract to whoever asks, as grpcurl does."] = "on"
    allowed_host: Annotated[
        tuple[str, ...],
        "A name that the HTTP port answers to besides localhost and addresses, or *; without any, no other "
        "while it listens on loopback, every name else. Repeatable.",
    ] = ()
    max_connections: Annotated[int, "Most connections of each port; more are refused."] = 4096
    max_connections_per_address: Annotated[
        int, "Most connections of one address to the HTTP port; more where a proxy speaks for all."
    ] = 512
    max_streams: Annotated[int, "Most calls at once on one connection of gRPC; more wait at the caller."] = 512
    request_s: Annotated[
        float, "Seconds in which a request has come; over HTTP its head, and in as many again its body."
    ] = 30.0
    stall_s: Annotated[float, "Seconds that a caller may leave an answer unread; then the call is cut off."] = 60.0
    show_prompts: Annotated[
        ShowPrompts,
        "Who reads on the dashboard what callers asked for: browsers on this machine, all, or none.",
    ] = "local"
    store: Annotated[Path | None, "Folder that remembers sounds; 'off' keeps none."] = field(
        default_factory=default_store
    )
    store_mib: Annotated[int, "Most disk that the store may take, MiB."] = 2048
    memory_mib: Annotated[int, "Most memory that finished sounds may take, MiB."] = 256
    shared: Annotated[
        str | None,
        "URL of a Redis or Valkey whose sounds servers share: redis://host:6379/0, or rediss:// for TLS; needs "
        "the extra shared. With a password rather as SWASH_SHARED: flags are read by whoever lists processes.",
    ] = field(default=None, repr=False)
    shared_limit_ms: Annotated[
        int, "Most milliseconds that a call waits for its answer; more for a large sound, by its bytes."
    ] = 50
    shared_ttl_s: Annotated[float, "Seconds that a sound stays there after its last use."] = 7 * 86_400.0
    shared_max_mib: Annotated[int, "Largest sound that goes there, MiB."] = 16
    recording_mib: Annotated[int, "Most memory that sounds still being made may take, MiB."] = 512
    max_recordings: Annotated[
        int, "Most sounds that are begun and take turns, with those as urgent or more; others wait."
    ] = 64
    max_queue: Annotated[
        int, "Most sounds of each priority that wait to be begun; more are refused: RESOURCE_EXHAUSTED."
    ] = 256
    workers: Annotated[int, "Processes that make sound; 0 is one for each core but one."] = 0
    engines_in: Annotated[
        EnginesIn,
        "Where sounds are made by rule: in processes apart, niced and begun anew when they die, or in threads. "
        "The neural engine is always apart.",
    ] = "process"
    model: Annotated[Path | None, "Folder of the weights of stable_audio; without, that engine is absent."] = None
    t5: Annotated[Path | None, "Folder of its text encoder; by default t5 in that of the weights."] = None
    precision: Annotated[
        Precision,
        "How it computes: exact in float32; auto in bfloat16 where this CPU has it; fast partly in int8.",
    ] = "auto"
    device: Annotated[Device, "What computes it: the CPU, or an NVIDIA GPU."] = "cpu"
    neural_threads: Annotated[int, "Threads of one neural sound; 0 is one for each core."] = 0
    ray_address: Annotated[
        str | None,
        "Ray cluster whose replicas make neural sounds: auto, that of this machine; HOST:PORT; or local, begun "
        "here with the model. Needs the extra ray.",
    ] = None
    ray_app: Annotated[str, "Application of Ray Serve that the replicas are of."] = "swash"
    max_neural_queue: Annotated[
        int, "Most neural sounds of each priority that wait; more are refused: RESOURCE_EXHAUSTED."
    ] = 32
    client_rate: Annotated[
        float, "Most calls a second of one caller, by token, certificate or address; 0 is no limit, as below."
    ] = 0.0
    client_burst: Annotated[int, "Calls that a caller may make at once where there is a rate."] = 100
    client_recordings: Annotated[int, "Most sounds of one caller that are made or wait."] = 0
    client_sessions: Annotated[int, "Most live sessions of one caller."] = 0
    client_voices: Annotated[int, "Most live voices of one caller."] = 0
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
    node: Annotated[
        str | None,
        "IP address at which a load balancer reaches this server, or auto: that of its host name. Names of live "
        "sessions begin with it, so that Control finds theirs.",
    ] = None
    drain_s: Annotated[
        float,
        "Seconds after SIGTERM in which calls are still taken, while health says NOT_SERVING to load balancers.",
    ] = 0.0
    grace_s: Annotated[float, "Seconds that calls may still take after that."] = 10.0
    io_processes: Annotated[
        int, "Processes that share the port of native gRPC, and the limits; more than 1 only without a model."
    ] = 1
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
        self._expect_safe()
        for origin in self.cors_origin:
            if origin != "*" and not re.fullmatch(r"https?://[^/\s*]+", origin):
                raise InvalidSettingError(f"cors-origin: http(s)://host[:port] or *, got {origin!r}")
        _check_hosts(self.allowed_host)
        if self.otel_endpoint is not None and not re.fullmatch(r"https?://[^/\s]+(/\S*)?", self.otel_endpoint):
            raise InvalidSettingError(f"otel-endpoint: http(s)://host[:port][/path], got {self.otel_endpoint!r}")
        if self.shared is not None and not re.fullmatch(r"rediss?://[^/\s]+(/\S*)?", self.shared):
            raise InvalidSettingError("shared: redis://[[user]:password@]host[:port][/database] or rediss://")
        if self.node is not None and self.node != AUTO_NODE and not _is_address(self.node):
            raise InvalidSettingError(f"node: an IP address or {AUTO_NODE}, got {self.node!r}")
        if self.io_processes > 1 and self.model is not None:
            raise InvalidSettingError(
                "io-processes: 1 together with a model, which each process would load and compute with, "
                f"got {self.io_processes}"
            )
        self._expect_pool()
        if self.t5 is not None and self.model is None:
            raise InvalidSettingError(f"t5: only together with a model, got {self.t5} and no model")

    def _expect_pool(self) -> None:
        """Raise InvalidSettingError for a pool of engines that is none."""
        address = self.ray_address
        if address is None:
            return
        if address not in {"auto", "local"} and not re.fullmatch(r"[^\s/:@]+:\d{1,5}", address):
            raise InvalidSettingError(f"ray-address: auto, local or HOST:PORT, no ray://, got {address!r}")
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,253}", self.ray_app):
            raise InvalidSettingError(f"ray-app: letters, digits and ._-, at most 253, got {self.ray_app!r}")
        if (address == "local") != (self.model is not None):
            wanted = "together with a model" if self.model is None else "without a model, which the replicas load"
            raise InvalidSettingError(f"ray-address: {wanted}, got {address}")
        if self.io_processes > 1:
            raise InvalidSettingError(f"io-processes: 1 together with ray-address, got {self.io_processes}")

    def _expect_safe(self) -> None:
        """Raise InvalidSettingError for half a TLS, and for a port that strangers reach without any."""
        if self.tls_cert is None and self.tls_key is not None:
            raise InvalidSettingError(f"tls-key: only together with tls-cert, got {self.tls_key} alone")
        if self.tls_cert is not None and self.tls_key is None:
            raise InvalidSettingError(f"tls-cert: only together with tls-key, got {self.tls_cert} alone")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise InvalidSettingError(f"tls-client-ca: needs tls-cert and tls-key, got {self.tls_client_ca} alone")
        if not is_loopback(self.host) and self.tls_cert is None and self.insecure_bind == "off":
            raise InvalidSettingError(
                f"host: beyond this machine only with tls-cert and tls-key, got {self.host}; where something else "
                "keeps strangers away, insecure-bind on"
            )


def _check_hosts(names: Iterable[str]) -> None:
    for name in names:
        if name != "*" and not re.fullmatch(r"[A-Za-z0-9._-]{1,253}", name):
            raise InvalidSettingError(f"allowed-host: a name without a port, or *, got {name!r}")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
