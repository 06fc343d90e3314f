"""A server as its callers reach it: the address, what encrypts the way there, and what tells who calls."""

import ipaddress
import os
from pathlib import Path
from typing import TypeAlias, TypedDict, Unpack

import grpc

from swash_client.request import invalid

AnyPath: TypeAlias = str | os.PathLike[str]
Metadata: TypeAlias = tuple[tuple[str, str], ...]

# A server of swash asks after 20 s of silence itself: whoever asks later finds no silence while it is there.
DEFAULT_KEEPALIVE_S = 30.0
MIN_KEEPALIVE_S, MAX_KEEPALIVE_S = 1.0, 3600.0
CONNECT_MS = 5_000  # to reach a server at all: gRPC gives it 20 s
MIN_RECONNECT_MS, MAX_RECONNECT_MS = 100, 5_000  # gRPC waits a second at first, and fails every call meanwhile


class Access(TypedDict, total=False):
    """What a server may want before it answers.

    tls: encrypt, and check the server's certificate against the authorities that this machine trusts.
    ca: PEM file of the authorities to trust instead; encrypts too.
    client_cert, client_key: PEM files that prove who calls, both or neither; encrypt too.
    token: tells who calls. Only over an encrypted connection, or to this very machine.
    insecure_token: send it unencrypted all the same: whoever listens on the way may use it from then on.
    """

    tls: bool
    ca: AnyPath | None
    client_cert: AnyPath | None
    client_key: AnyPath | None
    token: str | None
    insecure_token: bool


class Server:
    """Where calls go, and with which credentials."""

    def __init__(
        self,
        address: str,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        keepalive_s: float = DEFAULT_KEEPALIVE_S,
        **access: Unpack[Access],
    ) -> None:
        """Read the files; raise InvalidRequestError for what cannot be used, before anything is sent.

        `keepalive_s`, 1 to 3600, is the silence after which the other end is asked whether it is there; without an
        answer within half of it the connection is broken.
        """
        if unknown := access.keys() - Access.__annotations__.keys():
            raise TypeError(f"unexpected keyword argument: {', '.join(sorted(unknown))}")
        if not MIN_KEEPALIVE_S <= keepalive_s <= MAX_KEEPALIVE_S:  # also refuses NaN
            raise invalid("keepalive_s", f"{MIN_KEEPALIVE_S:g} to {MAX_KEEPALIVE_S:g}, got {keepalive_s!r}")
        encryption = _encryption(access)
        if credentials is not None and encryption is not None:
            raise invalid("credentials", "either these or tls, ca, client_cert and client_key, got both")
        self.address = address
        self.access = access
        self.metadata = _metadata(address, access, encrypted=bool(credentials or encryption))
        self._credentials = credentials or encryption
        self._options = _options(keepalive_s, proxy=not is_this_machine(address))

    def channel(self) -> grpc.Channel:
        """Return a sync channel, which connects at the first call."""
        # The largest messages, 128 KiB of audio or a list of effects, fit gRPC's own limit of 4 MiB.
        if self._credentials is None:
            return grpc.insecure_channel(self.address, options=self._options)
        return grpc.secure_channel(self.address, self._credentials, options=self._options)

    def async_channel(self) -> grpc.aio.Channel:
        """Return a channel of the running event loop, which connects at the first call."""
        if self._credentials is None:
            return grpc.aio.insecure_channel(self.address, options=self._options)
        return grpc.aio.secure_channel(self.address, self._credentials, options=self._options)


def _options(keepalive_s: float, *, proxy: bool) -> list[tuple[str, int]]:
    """Return how a channel notices that nobody is there, and how soon it tries again."""
    answer_ms = round(keepalive_s * 500.0)
    return [
        # What stays on this machine goes through no proxy of the environment, nor does its token.
        ("grpc.enable_http_proxy", int(proxy)),
        ("grpc.keepalive_time_ms", round(keepalive_s * 1000.0)),
        ("grpc.keepalive_timeout_ms", answer_ms),
        # A ping that measures the line may be on its way already; the one of the keepalive then waits for it.
        ("grpc.http2.ping_timeout_ms", answer_ms),
        ("grpc.min_reconnect_backoff_ms", CONNECT_MS),
        ("grpc.initial_reconnect_backoff_ms", MIN_RECONNECT_MS),
        ("grpc.max_reconnect_backoff_ms", MAX_RECONNECT_MS),
    ]


def _encryption(access: Access) -> grpc.ChannelCredentials | None:
    """Return what encrypts, None when nothing shall."""
    ca, cert, key = (_pem(access, name) for name in ("ca", "client_cert", "client_key"))
    if (cert is None) != (key is None):
        given, missing = ("client_cert", "client_key") if key is None else ("client_key", "client_cert")
        raise invalid(missing, f"a file, together with {given}, got none")
    if not access.get("tls") and ca is None and cert is None:
        return None
    return grpc.ssl_channel_credentials(root_certificates=ca, private_key=key, certificate_chain=cert)


def _pem(access: Access, name: str) -> bytes | None:
    given: AnyPath | None = access.get(name)  # type: ignore[assignment]
    if given is None:
        return None
    path = Path(given)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise invalid(name, f"cannot read {path} ({error.strerror or error})") from error
    if b"-----BEGIN " not in data:
        raise invalid(name, f"a PEM file, which has a line -----BEGIN ...-----; {path} has none")
    return data


def _metadata(address: str, access: Access, *, encrypted: bool) -> Metadata:
    """Return what every call carries."""
    if (token := access.get("token")) is None:
        return ()
    if not token or not token.isascii() or not token.isprintable() or " " in token:  # and never show it
        raise invalid("token", f"printable ASCII without spaces, got {len(token)} characters that are not")
    if not encrypted and not access.get("insecure_token") and not is_this_machine(address):
        raise invalid(
            "token",
            f"only over an encrypted connection, got none to {address}; "
            "give tls or ca, or insecure_token if the way there is safe",
        )
    return (("authorization", f"Bearer {token}"),)


def is_this_machine(address: str) -> bool:
    """Return whether what goes to an address of gRPC, host:port or with a scheme, stays on this machine."""
    scheme, colon, rest = address.partition(":")
    if colon and scheme in {"unix", "unix-abstract"}:
        return True
    if colon and scheme in {"dns", "ipv4", "ipv6"}:
        address = rest.removeprefix("///")  # what is left of dns://another.resolver/localhost:1 is no loopback
    return all(_is_loopback(each) for each in address.split(","))


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0] if address.count(":") == 1 or "]:" in address else address
    host = host.removeprefix("[").removesuffix("]").rstrip(".").lower()
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, whoever answers to it
        return False
