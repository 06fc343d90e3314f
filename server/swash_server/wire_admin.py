"""Between the messages of swash.v1.AdminService and what the server knows."""

import math
from collections.abc import Mapping
from importlib.metadata import version

from prometheus_client import CollectorRegistry

from swash.v1 import admin_pb2
from swash_model.engines import Engines
from swash_model.errors import InvalidAskError
from swash_server.callers.access import Counted
from swash_server.making.tape import Cached

_TIERS = {admin_pb2.CACHE_TIER_MEMORY: Cached.MEMORY, admin_pb2.CACHE_TIER_STORE: Cached.STORE}


class Samples:
    """The metrics at one moment, by name and labels. What is not registered is 0: parts come and go."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Read a registry."""
        self._values: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in registry.collect():
            for sample in family.samples:
                self._values.setdefault(sample.name, []).append((sample.labels, sample.value))

    def of(self, name: str, **labels: str) -> int:
        """Return the sum of a metric's whole values that have these labels."""
        values = self._values.get(name, ())
        return int(sum(value for has, value in values if labels.items() <= has.items() and math.isfinite(value)))

    def labels(self, name: str, label: str) -> list[str]:
        """Return the values of one label of a metric, in the order of the registry."""
        return list(dict.fromkeys(has.get(label, "") for has, _ in self._values.get(name, ())))

    def usage(self, used: str, limit: str, **labels: str) -> admin_pb2.Usage:
        """Return how much of what may be is."""
        return admin_pb2.Usage(used=self.of(used, **labels), limit=self.of(limit, **labels))


def stats(
    samples: Samples,
    *,
    engines: Engines,
    counts: Mapping[str, int],
    callers: Mapping[str, Counted],
    ready: bool,
    uptime_s: float,
) -> admin_pb2.GetStatsResponse:
    """Return the whole answer; `counts` are sounds by tier, `callers` by name, the latest last."""
    caches = [
        admin_pb2.CacheStats(
            tier=tier,
            bytes=samples.usage("swash_cache_bytes", "swash_cache_limit_bytes", tier=tier),
            sounds=counts.get(tier),
        )
        for tier in samples.labels("swash_cache_bytes", "tier")
    ]
    waiting = [
        admin_pb2.QueueStats(
            priority=priority,
            sounds=samples.usage(
                "swash_waiting_sounds",
                "swash_waiting_limit_sounds",
                **({"priority": priority} if priority else {}),
            ),
        )
        for priority in samples.labels("swash_waiting_sounds", "priority")
    ]
    return admin_pb2.GetStatsResponse(
        version=version("swash"),
        uptime_s=uptime_s,
        ready=ready,
        engines=_engines(samples, engines),
        queues=waiting,
        recordings=samples.usage("swash_recording_sounds", "swash_recording_limit_sounds"),
        recording_bytes=samples.usage("swash_recording_bytes", "swash_recording_limit_bytes"),
        caches=caches,
        pinned_bytes=samples.usage("swash_pinned_bytes", "swash_pinned_limit_bytes"),
        pinned_takes=samples.of("swash_pinned_takes"),
        sessions=samples.usage("swash_live_sessions", "swash_live_limit_sessions"),
        voices=samples.usage("swash_live_voices", "swash_live_limit_voices"),
        live_restarts=samples.of("swash_live_restarts_total"),
        callers=[
            admin_pb2.CallerStats(name=name, calls=counted.calls, refused=counted.refused)
            for name, counted in reversed(list(callers.items()))
        ],
    )


def _engines(samples: Samples, engines: Engines) -> list[admin_pb2.EngineStats]:
    here = [
        admin_pb2.EngineStats(
            name=engine.name,
            version=engine.version,
            up=samples.of("swash_engine_up", engine=engine.name) == 1,
            restarts=samples.of("swash_engine_restarts_total", engine=engine.name),
        )
        for engine in engines
    ]
    absent = [
        admin_pb2.EngineStats(
            name=name, advice=advice, restarts=samples.of("swash_engine_restarts_total", engine=name)
        )
        for name, advice in engines.absent.items()
    ]
    return here + absent


def tiers(request: admin_pb2.PurgeCacheRequest) -> list[Cached]:
    """Return the tiers to forget, each once; raise InvalidAskError for none, or one that is unknown."""
    known = ", ".join(admin_pb2.CacheTier.Name(tier) for tier in _TIERS)
    if not request.tiers:
        raise InvalidAskError("tiers", f"at least one of {known}, got none")
    if unknown := [tier for tier in request.tiers if tier not in _TIERS]:
        raise InvalidAskError("tiers", f"some of {known}, got {unknown[0]}")
    return [_TIERS[tier] for tier in dict.fromkeys(request.tiers)]


def purged(gone: Mapping[Cached, tuple[int, int]]) -> admin_pb2.PurgeCacheResponse:
    """Return the answer: sounds and bytes that went, by tier."""
    numbers = {ours: theirs for theirs, ours in _TIERS.items()}
    return admin_pb2.PurgeCacheResponse(
        purged=[
            admin_pb2.Purged(tier=numbers[tier], sounds=sounds, bytes=size)
            for tier, (sounds, size) in gone.items()
        ]
    )
