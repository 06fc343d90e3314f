"""The rpcs of swash.v1.AdminService: what the server does now, and forgetting on demand."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from swash.v1 import admin_pb2
from swash_model.engines import Engines
from swash_server import wire_admin
from swash_server.callers.access import Access
from swash_server.errors import NotReadyError
from swash_server.making.renderer import Renderer
from swash_server.service import Caller


class AdminService:
    """Answers operators. Who may call is the guard's to know: a caller here is an admin."""

    def __init__(
        self,
        *,
        engines: Engines,
        renderer: Renderer,
        registry: CollectorRegistry,
        access: Access,
        ready: Callable[[], bool],
    ) -> None:
        """Take the parts of the App; what they do is read in their metrics."""
        self._engines = engines
        self._renderer = renderer
        self._registry = registry
        self._access = access
        self._ready = ready
        self._began_s = time.monotonic()

    async def get_stats(
        self, _request: admin_pb2.GetStatsRequest, _caller: Caller | None
    ) -> admin_pb2.GetStatsResponse:
        """Return what the server does now."""
        return wire_admin.stats(
            wire_admin.Samples(self._registry),
            engines=self._engines,
            counts=self._renderer.counts(),
            callers=self._access.callers,
            ready=self._ready(),
            uptime_s=time.monotonic() - self._began_s,
        )

    async def purge_cache(
        self, request: admin_pb2.PurgeCacheRequest, _caller: Caller | None
    ) -> admin_pb2.PurgeCacheResponse:
        """Forget the tiers that were asked for, and return what went."""
        if not self._ready():
            raise NotReadyError("the server is starting or stopping")
        tiers = wire_admin.tiers(request)
        if request.pinned:
            await self._renderer.pins.unload_all()
        return wire_admin.purged({tier: await self._renderer.forget(tier) for tier in tiers})
