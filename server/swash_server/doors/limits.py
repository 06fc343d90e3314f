"""What strangers may cost: the bounds of the gRPC port, and a count of connections.

docs/concepts/limits.md lists every bound of both ports.
"""

from collections import Counter

from swash_server.settings import Settings
from swash_server.wire import MAX_REQUEST_BYTES

HANDSHAKE_MS = 10_000  # a connection that says nothing is let go
KEEPALIVE_MS, KEEPALIVE_TIMEOUT_MS = 20_000, 10_000
IDLE_MS = 15 * 60_000  # clients of gRPC connect again by themselves, within a round trip or two
# Of the headers of a call, as HTTP/2 counts them: bearer tokens and traces take 2 KiB. Core's own hard limit.
MAX_METADATA_BYTES = 16 * 1024
IDENTITY_ONLY = 1  # a set of bits, of which the first is "not compressed"


def grpc_options(settings: Settings) -> list[tuple[str, int]]:
    """Return the bounds of the gRPC port, as grpc's core knows them.

    Core bounds by itself, and tests hold it to that: pings (two too early ones end the connection), frames that
    want an answer, streams that are begun and reset at once, and headers that never end.
    """
    return [
        ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
        # What a request grows to is known only when it has been unpacked, and 8 MiB may become gigabytes.
        ("grpc.compression_enabled_algorithms_bitset", IDENTITY_ONLY),
        # Between the soft limit and the absolute one, calls are refused by chance: no such room.
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.max_concurrent_streams", settings.max_streams),
        ("grpc.max_allowed_incoming_connections", settings.max_connections),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_MS),
        ("grpc.max_connection_idle_ms", IDLE_MS),
        # A caller whose machine is gone says no goodbye: ask, and let its voices go.
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
    ]


class Census:
    """Counts the connections of a port, in all and by address."""

    def __init__(self, most: int, most_of_an_address: int) -> None:
        """Allow so many."""
        self._most = most
        self._most_of_an_address = most_of_an_address
        self._all = 0
        self._by_address: Counter[str] = Counter()

    def enter(self, address: str) -> str | None:
        """Count one more; return what is full instead where something is: "connections" or "address"."""
        if self._all >= self._most:
            return "connections"
        if self._by_address[address] >= self._most_of_an_address:
            return "address"
        self._all += 1
        self._by_address[address] += 1
        return None

    def leave(self, address: str) -> None:
        """Count one less."""
        self._all -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:  # else every address that ever came would be remembered
            del self._by_address[address]
