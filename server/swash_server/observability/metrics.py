"""What an operator measures: base units, few labels, one registry for each App."""

import math
import platform
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

# A remembered sound comes after a millisecond, a neural one after seconds, and half a minute in the line.
FIRST_FRAMES_BUCKETS_S = (
    0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
RENDER_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
STAGE_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
RTF_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SHARED_BUCKETS_S = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5)
SHARED_OPERATIONS = ("get", "put", "claim", "extend", "release", "delete", "probe")
DOOR_REFUSALS = ("connections", "address", "head", "slow", "request", "pipeline", "host", "stalled")
QUEUE_WAIT_BUCKETS_S = (0.001, 0.01, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
LAG_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The server's counters. Names are documented in docs/reference/metrics.md."""

    def __init__(self) -> None:
        """Register every metric in a registry of its own, so that two Apps never meet."""
        registry = self.registry = CollectorRegistry()
        self._register_calls(registry)
        self._register_making(registry)
        self._register_live(registry)
        self._register_caches(registry)
        self._register_shared(registry)
        self._register_doors(registry)
        self._register_process(registry)
        self._begin_at_zero()

    def _register_calls(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "swash_calls_total",
            "Calls answered, over grpc, grpc_web or connect.",
            ["method", "code", "transport"],
            registry=registry,
        )
        self.first_frames = Histogram(
            "swash_first_frames_seconds",
            "From the arrival of a Render call to its first audio, by the engine that was asked for.",
            ["cached", "engine"],
            buckets=FIRST_FRAMES_BUCKETS_S,
            registry=registry,
        )
        self.render = Histogram(
            "swash_render_seconds",
            "Compute time of one sound.",
            ["engine"],
            buckets=RENDER_BUCKETS_S,
            registry=registry,
        )
        self.rtf = Histogram(
            "swash_rtf_ratio",
            "Compute seconds for each second of audio, of one sound: below 1 is faster than real time.",
            ["engine"],
            buckets=RTF_BUCKETS,
            registry=registry,
        )
        self.stages = Histogram(
            "swash_stage_seconds",
            "Time of one part of a neural sound: text, encode, sample, decode.",
            ["engine", "stage"],
            buckets=STAGE_BUCKETS_S,
            registry=registry,
        )
        self.steps = Counter(
            "swash_steps_total",
            "Steps of a neural engine's sampler that were done.",
            ["engine"],
            registry=registry,
        )
        self.audio = Counter("swash_audio_seconds_total", "Audio made.", ["engine"], registry=registry)
        self.lookups = Counter(
            "swash_cache_lookups_total",
            "Where the sounds of takes came from: memory, store, shared, joined or no (made anew).",
            ["cached"],
            registry=registry,
        )
        self.sent = Counter("swash_sent_bytes_total", "Audio bytes sent.", ["encoding"], registry=registry)
        self.engine_up = Gauge(
            "swash_engine_up",
            "1 where an engine is warm, 0 where it is warming up or cannot be had though the settings name it.",
            ["engine"],
            registry=registry,
        )

    def _register_making(self, registry: CollectorRegistry) -> None:
        self.recording = Gauge("swash_recording_sounds", "Sounds being made now.", registry=registry)
        self.recording_limit = Gauge(
            "swash_recording_limit_sounds", "Most sounds that may be made at once.", registry=registry
        )
        self.recording_bytes = Gauge(
            "swash_recording_bytes", "Memory that is set aside for the sounds being made.", registry=registry
        )
        self.recording_limit_bytes = Gauge(
            "swash_recording_limit_bytes", "Most memory that the sounds being made may take.", registry=registry
        )
        self.waiting = Gauge(
            "swash_waiting_sounds",
            "Sounds that wait to be begun; those of the neural queue are made one at a time.",
            ["queue", "priority"],
            registry=registry,
        )
        self.waiting_limit = Gauge(
            "swash_waiting_limit_sounds", "Most sounds that may wait.", ["queue", "priority"], registry=registry
        )
        self.queue_wait = Histogram(
            "swash_queue_wait_seconds",
            "How long sounds waited until they were begun, by the priority that they had then.",
            ["priority"],
            buckets=QUEUE_WAIT_BUCKETS_S,
            registry=registry,
        )
        self.behind = Gauge(
            "swash_behind_sounds", "Neural sounds being made behind, after a fallback.", registry=registry
        )
        self.behind_limit = Gauge(
            "swash_behind_limit_sounds", "Most neural sounds that may be made behind.", registry=registry
        )
        self.behind_ended = Counter(
            "swash_behind_total",
            "Neural sounds of fallbacks: made, failed, stopped with the server, or skipped as too many were made.",
            ["outcome"],
            registry=registry,
        )
        self.fallbacks = Counter(
            "swash_fallbacks_total",
            "Sounds that the procedural engine made instead of the neural one; docs/reference/contract.md: why.",
            ["reason"],
            registry=registry,
        )
        self.stopped = Counter(
            "swash_stopped_renders_total", "Renders stopped because every caller had left.", registry=registry
        )
        self.quality_failures = Counter(
            "swash_quality_failures_total",
            "Sounds that were made and failed the quality gate; docs/concepts/quality-gate.md: why.",
            ["engine", "reason"],
            registry=registry,
        )

    def _register_live(self, registry: CollectorRegistry) -> None:
        self.sessions = Gauge("swash_live_sessions", "Live sessions that are open.", registry=registry)
        self.sessions_limit = Gauge(
            "swash_live_limit_sessions", "Most live sessions that may be open.", registry=registry
        )
        self.voices = Gauge(
            "swash_live_voices", "Live voices; a prompt of three layers counts three.", registry=registry
        )
        self.voices_limit = Gauge("swash_live_limit_voices", "Most live voices that may sound.", registry=registry)
        self.live_restarts = Counter(
            "swash_live_restarts_total",
            "How often a process of live voices was begun anew because one had died.",
            registry=registry,
        )
        self.engine_restarts = Counter(
            "swash_engine_restarts_total",
            "How often a process of an engine was begun anew because one had died.",
            ["engine"],
            registry=registry,
        )
        self.commands = Counter(
            "swash_live_commands_total",
            "Commands of live sessions: applied or refused.",
            ["outcome"],
            registry=registry,
        )
        self.underruns = Counter(
            "swash_live_underruns_total",
            "How often frames of a live session came later than they were due: a slow reader or a busy server.",
            registry=registry,
        )

    def _register_caches(self, registry: CollectorRegistry) -> None:
        self.cache_bytes = Gauge("swash_cache_bytes", "Bytes that a cache holds.", ["tier"], registry=registry)
        self.cache_limit_bytes = Gauge(
            "swash_cache_limit_bytes", "Most bytes that a cache may hold.", ["tier"], registry=registry
        )
        self.evictions = Counter(
            "swash_cache_evictions_total",
            "Sounds that a cache forgot to make room, the longest unused first.",
            ["tier"],
            registry=registry,
        )
        self.pinned_bytes = Gauge(
            "swash_pinned_bytes",
            "Bytes of the sounds that are preloaded and may not be forgotten.",
            registry=registry,
        )
        self.pinned_limit_bytes = Gauge(
            "swash_pinned_limit_bytes", "Most bytes that preloaded sounds may take.", registry=registry
        )
        self.pinned_takes = Gauge("swash_pinned_takes", "Takes that are preloaded.", registry=registry)
        self.preloads = Counter(
            "swash_preloads_total",
            "Takes of preloads: made, found as they were remembered, failed, or stopped as the caller left.",
            ["outcome"],
            registry=registry,
        )
        self.damaged = Counter(
            "swash_store_damaged_total", "Files of the store that were not what they should be.", registry=registry
        )
        self.unwritten = Counter(
            "swash_store_unwritten_total",
            "Sounds that the store could not keep: no room beside what is pinned, disk full, or forbidden.",
            registry=registry,
        )
        self.disk_free_bytes = Gauge(
            "swash_store_disk_free_bytes",
            "Room on the disk of the store; NaN where there is no store, or the disk does not answer.",
            registry=registry,
        )
        self.disk_bytes = Gauge(
            "swash_store_disk_bytes", "Size of the disk of the store; NaN likewise.", registry=registry
        )

    def _register_shared(self, registry: CollectorRegistry) -> None:
        self.shared_up = Gauge(
            "swash_shared_up",
            "1 while the tier that servers share answers, 0 while it is done without; NaN where there is none.",
            registry=registry,
        )
        self.shared_up.set(math.nan)
        self.shared_seconds = Histogram(
            "swash_shared_seconds",
            "Time until the shared tier answered, or was given up: "
            "get, put, claim, extend, release, delete or probe.",
            ["op"],
            buckets=SHARED_BUCKETS_S,
            registry=registry,
        )
        self.shared_failures = Counter(
            "swash_shared_failures_total",
            "Questions that the shared tier did not answer in time, or refused, and sounds that it was not given.",
            ["op"],
            registry=registry,
        )
        self.shared_damaged = Counter(
            "swash_shared_damaged_total",
            "Values of the shared tier that were not what they should be.",
            registry=registry,
        )

    def _register_doors(self, registry: CollectorRegistry) -> None:
        self.refused = Counter(
            "swash_refused_total",
            "Calls, sounds, sessions and voices that were refused; docs/concepts/turns.md: why.",
            ["reason"],
            registry=registry,
        )
        self.cut_off = Counter(
            "swash_door_refused_total",
            "What was refused or cut off before, or beside, any call; docs/concepts/limits.md: why.",
            ["reason"],
            registry=registry,
        )
        self.credentials = Counter(
            "swash_credentials_reads_total",
            "How often the files of tls or tokens were read again after a change: ok, or failed.",
            ["what", "outcome"],
            registry=registry,
        )

    def _register_process(self, registry: CollectorRegistry) -> None:
        self.loop_lag = Histogram(
            "swash_event_loop_lag_seconds",
            "How much later than asked for the event loop, which every call goes through, wakes up.",
            buckets=LAG_BUCKETS_S,
            registry=registry,
        )
        self.io_processes = Gauge(
            "swash_io_processes",
            "1 of each process that serves the gRPC port; the sum is how many.",
            registry=registry,
        )
        self.io_processes.set(1)
        self.io_restarts = Counter(
            "swash_io_restarts_total",
            "How often a process that serves the gRPC port was begun anew because it had died.",
            registry=registry,
        )
        self.tasks = Gauge(
            "swash_event_loop_tasks", "Tasks of the event loop; what grows for ever leaks.", registry=registry
        )
        build = Info("swash_build", "What runs here, as labels: version, python, machine.", registry=registry)
        build.info(
            {"version": version("swash"), "python": platform.python_version(), "machine": platform.machine()}
        )
        # Memory, CPU time, files and start, named as every exporter names them; Linux alone tells them.
        ProcessCollector(registry=registry)

    def _begin_at_zero(self) -> None:
        """Show what has not happened yet as 0: an alert on what is absent would never be raised."""
        for counter, labels in (
            (self.evictions, ("memory", "store")),
            (self.lookups, ("no", "joined", "memory", "store", "shared")),
            (self.refused, ("sounds", "line", "deadline", "sessions", "voices")),
            (self.refused, ("client_rate", "client_sounds", "client_sessions", "client_voices")),
            (self.cut_off, DOOR_REFUSALS),
            (self.engine_restarts, ("procedural",)),
            (self.shared_failures, SHARED_OPERATIONS),
            (self.commands, ("applied", "refused")),
            (self.preloads, ("made", "found", "failed", "stopped")),
            (self.behind_ended, ("made", "failed", "stopped", "skipped")),
            (self.fallbacks, ("absent", "deadline", "late", "full", "failed")),
        ):
            for label in labels:
                counter.labels(label)
        for operation in SHARED_OPERATIONS:
            self.shared_seconds.labels(operation)
        for what in ("tls", "tokens"):
            for outcome in ("ok", "failed"):
                self.credentials.labels(what, outcome)
