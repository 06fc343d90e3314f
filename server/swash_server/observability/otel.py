"""Traces by OpenTelemetry, sent over OTLP/HTTP. Imported only where an endpoint is set: it is the extra `otel`.

Names follow https://opentelemetry.io/docs/specs/semconv/rpc/. How much is sampled, the collector's headers and the
bounds of the queue are the variables of the SDK: OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, OTEL_BSP_*.
"""

import asyncio
import logging
import threading
import time
from contextlib import suppress
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from swash_model.errors import SoundError
from swash_server.errors import SwashError, code_of
from swash_server.observability.telemetry import Caller, Span, Traces, Value

# Of gRPC's statuses those that are the server's fault: the RPC conventions leave the others unset.
FAULTS = frozenset(["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"])
EXPORT_S = 5.0  # for one try to reach the collector

log = logging.getLogger(__name__)


class OtelTraces(Traces):
    """Sends spans to a collector, in batches, from a thread of its own; what it cannot take in time is dropped."""

    def __init__(self, endpoint: str) -> None:
        """Take the base URL of the collector, http://127.0.0.1:4318; the thread begins at once."""
        self._endpoint = endpoint
        self._exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_S)
        ours = Resource({"service.name": "swash", "service.version": version("swash")})
        self._provider = TracerProvider(
            resource=Resource.create(ours.merge(OTELResourceDetector().detect()).attributes),
            shutdown_on_exit=False,  # it would wait half a minute for a collector that is down
        )
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("swash", version("swash"))
        self._carried = TraceContextTextMapPropagator()

    def begin(self, method: str, caller: Caller) -> Span:
        """Return the span of a call."""
        headers = {name: caller.header(name) for name in ("traceparent", "tracestate")}
        carrier = {name: value for name, value in headers.items() if value is not None}
        span = self._tracer.start_span(
            method,
            context=self._carried.extract(carrier),
            kind=trace.SpanKind.SERVER,
            attributes={
                # gRPC-Web is gRPC in another wrapping.
                "rpc.system.name": "connectrpc" if caller.transport == "connect" else "grpc",
                "rpc.method": method,
                "swash.transport": caller.transport,
            },
        )
        return _OtelSpan(self._tracer, span)

    async def close(self, within_s: float) -> None:
        """Send what is left; a collector that is down is not waited for."""
        loop, sent = asyncio.get_running_loop(), asyncio.Event()

        def shut_down() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # the loop has gone on, and ended
                loop.call_soon_threadsafe(sent.set)

        # Not among the loop's threads: the end of the loop waits for those.
        threading.Thread(target=shut_down, name="swash-otel-end", daemon=True).start()
        try:
            async with asyncio.timeout(within_s):
                await sent.wait()
        except TimeoutError:
            log.warning("the last spans were not sent: %s did not take them within %g s", self._endpoint, within_s)
            self._exporter.shutdown()  # type: ignore[no-untyped-call]


class _OtelSpan(Span):
    """A span of OpenTelemetry."""

    def __init__(self, tracer: trace.Tracer, span: trace.Span) -> None:
        self._tracer = tracer
        self._span = span
        self._began_ns = time.time_ns()
        self._ended = False

    @property
    def trace_id(self) -> str | None:
        return trace.format_trace_id(self._span.get_span_context().trace_id)

    def child(self, name: str, **attributes: Value | None) -> Span:
        return _OtelSpan(self._tracer, self._below(name, None, attributes))

    def past(self, name: str, seconds: float) -> None:
        now_ns = time.time_ns()
        # Measured by another clock: it began no sooner than what it is part of.
        self._below(name, max(self._began_ns, now_ns - round(seconds * 1e9)), {}).end(now_ns)

    def tell(self, **attributes: Value | None) -> None:
        if not self._ended:
            self._span.set_attributes(_named(attributes))

    def event(self, name: str) -> None:
        self._span.add_event(f"swash.{name}")

    def answered(self, code: str, error: BaseException | None) -> None:
        self._span.set_attribute("rpc.response.status_code", code)
        if code != "OK":
            self._span.set_attribute("error.type", code)
        if code in FAULTS:
            # The type alone: messages repeat what callers ask for.
            self._span.set_status(trace.StatusCode.ERROR, None if error is None else type(error).__name__)
        self._finish()

    def end(self, error: BaseException | None = None) -> None:
        if isinstance(error, Exception) and not self._ended:
            self._span.set_attribute("error.type", type(error).__name__)
            if not isinstance(error, SwashError | SoundError) or code_of(error).name in FAULTS:
                self._span.set_status(trace.StatusCode.ERROR, type(error).__name__)
        self._finish()

    def _finish(self) -> None:
        if not self._ended:
            self._ended = True
            self._span.end()

    def _below(self, name: str, began_ns: int | None, attributes: dict[str, Value | None]) -> trace.Span:
        context = trace.set_span_in_context(self._span)
        return self._tracer.start_span(
            f"swash.{name}", context=context, start_time=began_ns, attributes=_named(attributes)
        )


def _named(attributes: dict[str, Value | None]) -> dict[str, Value]:
    return {f"swash.{name}": value for name, value in attributes.items() if value is not None}
