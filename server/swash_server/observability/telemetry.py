"""Spans: how long each stage of a call took, and under which other. Here is what does nothing; otel.py traces.

The parent of what is done now stands in SPAN, which asyncio's tasks inherit.
"""

from contextvars import ContextVar
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from swash_server.settings import InvalidSettingError, Settings

Value: TypeAlias = str | bool | int | float


class Caller(Protocol):
    """A call, as far as its span wants to know it."""

    @property
    def transport(self) -> str:
        """Return how it came: grpc, grpc_web or connect."""
        ...

    def header(self, name: str) -> str | None:
        """Return what the caller sent under a name in lower case, None if nothing."""
        ...


class Span:
    """A stretch of work, ended by `end` or `with`; any thread may tell it. This one is nobody's.

    Names are given without "swash.", which stands before each. None is no value.
    """

    @property
    def trace_id(self) -> str | None:
        """Return 32 hex digits that a log line may carry, None where nothing is traced."""
        return None

    def child(self, name: str, **attributes: Value | None) -> "Span":  # noqa: ARG002
        """Begin a span below this one."""
        return self

    def past(self, name: str, seconds: float) -> None:
        """Tell of something below this one that ended just now and took so long."""

    def tell(self, **attributes: Value | None) -> None:
        """Say more."""

    def event(self, name: str) -> None:
        """Mark this moment."""

    def answered(self, code: str, error: BaseException | None) -> None:
        """End the span of a call with its status, a name of gRPC's."""

    def end(self, error: BaseException | None = None) -> None:
        """End it; again does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(error)


NO_SPAN = Span()
SPAN: ContextVar[Span] = ContextVar("span", default=NO_SPAN)


class Traces:
    """Begins the span of each call. These trace nothing."""

    def begin(self, method: str, caller: Caller) -> Span:  # noqa: ARG002
        """Return the span of a call, "swash.v1.SoundService/Render", below its caller's where it named one."""
        return NO_SPAN

    async def close(self, within_s: float) -> None:
        """Send what is left, for no longer than this."""


def traces_of(settings: Settings) -> Traces:
    """Return the traces that the settings ask for; raise InvalidSettingError where the extra is missing.

    Without an endpoint nothing of OpenTelemetry is imported.
    """
    if settings.otel_endpoint is None:
        return Traces()
    try:
        from swash_server.observability.otel import OtelTraces  # noqa: PLC0415
    except ImportError as error:
        advice = "needs what is not installed: pip install 'swash[otel]'"
        raise InvalidSettingError(f"otel-endpoint: {advice} ({error})") from error
    return OtelTraces(settings.otel_endpoint)
