"""What an operator measures: base units, few labels, one registry for each App."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

FIRST_FRAMES_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
RENDER_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The server's counters. Names are documented in docs/reference/metrics.md."""

    def __init__(self) -> None:
        """Register every metric in a registry of its own, so that two Apps never meet."""
        registry = self.registry = CollectorRegistry()
        self.calls = Counter("swash_calls_total", "Calls answered.", ["method", "code"], registry=registry)
        self.first_frames = Histogram(
            "swash_first_frames_seconds",
            "From the arrival of a Render call to its first audio.",
            ["cached"],
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
        self.audio = Counter("swash_audio_seconds_total", "Audio made.", ["engine"], registry=registry)
        self.lookups = Counter(
            "swash_cache_lookups_total",
            "Where the sounds of takes came from: memory, store, joined or no (made anew).",
            ["cached"],
            registry=registry,
        )
        self.sent = Counter("swash_sent_bytes_total", "Audio bytes sent.", ["encoding"], registry=registry)
        self.recording = Gauge("swash_recording_sounds", "Sounds being made now.", registry=registry)
        self.cache_bytes = Gauge("swash_cache_bytes", "Bytes that a cache holds.", ["tier"], registry=registry)
        self.stopped = Counter(
            "swash_stopped_renders_total", "Renders stopped because every caller had left.", registry=registry
        )
        self.refused = Counter(
            "swash_refused_total", "Sounds refused at admission.", ["reason"], registry=registry
        )
        self.damaged = Counter(
            "swash_store_damaged_total", "Files of the store that were not what they should be.", registry=registry
        )
