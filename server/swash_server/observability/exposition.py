"""Metrics as they are read: OpenMetrics for whoever asks for it, else Prometheus' text."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics import exposition as openmetrics

OPENMETRICS = "application/openmetrics-text"


def exposed(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Return the metrics of a registry and their media type, by the header Accept of whoever reads them.

    Whatever version is asked for, that which is written is named:
    https://prometheus.io/docs/instrumenting/content_negotiation
    """
    kinds = {kind.partition(";")[0].strip().lower() for kind in accept.split(",")}
    if OPENMETRICS in kinds:
        text: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        return text, openmetrics.CONTENT_TYPE_LATEST
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4
