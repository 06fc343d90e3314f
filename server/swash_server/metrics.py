"""What an operator measures: base units, few labels, one registry for each App."""

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
LAG_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The server's counters. Names are documented in docs/reference/metrics.md."""

    def __init__(self) -> None:
        """Register every metric in a registry of its own, so that two Apps never meet."""
        registry = self.registry = CollectorRegistry()
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
            "Where the sounds of takes came from: memory, store, joined or no (made anew).",
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
            "swash_waiting_sounds", "Neural sounds that wait for the one being made.", registry=registry
        )
        self.waiting_limit = Gauge(
            "swash_waiting_limit_sounds", "Most neural sounds that may wait.", registry=registry
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
            "How often the processes of live voices were begun anew because one had died.",
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
        self.cache_bytes = Gauge("swash_cache_bytes", "Bytes that a cache holds.", ["tier"], registry=registry)
        self.cache_limit_bytes = Gauge(
            "swash_cache_limit_bytes", "Most bytes that a cache may hold.", ["tier"], registry=registry
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
        self.stopped = Counter(
            "swash_stopped_renders_total", "Renders stopped because every caller had left.", registry=registry
        )
        self.quality_failures = Counter(
            "swash_quality_failures_total",
            "Sounds that were made and failed the quality gate; docs/concepts/quality-gate.md: why.",
            ["engine", "reason"],
            registry=registry,
        )
        self.refused = Counter(
            "swash_refused_total", "Sounds refused at admission.", ["reason"], registry=registry
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
        self.loop_lag = Histogram(
            "swash_event_loop_lag_seconds",
            "How much later than asked for the event loop, which every call goes through, wakes up.",
            buckets=LAG_BUCKETS_S,
            registry=registry,
        )
        build = Info("swash_build", "What runs here, as labels: version, python, machine.", registry=registry)
        build.info(
            {"version": version("swash"), "python": platform.python_version(), "machine": platform.machine()}
        )
        # Memory, CPU time, files and start, named as every exporter names them; Linux alone tells them.
        ProcessCollector(registry=registry)
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Show what has not happened yet as 0: an alert on what is absent would never be raised."""
        for counter, labels in (
            (self.lookups, ("no", "joined", "memory", "store")),
            (self.refused, ("sounds", "memory", "line", "sessions", "voices")),
            (self.commands, ("applied", "refused")),
            (self.preloads, ("made", "found", "failed", "stopped")),
            (self.behind_ended, ("made", "failed", "stopped", "skipped")),
            (self.fallbacks, ("absent", "deadline", "late", "full", "failed")),
        ):
            for label in labels:
                counter.labels(label)
