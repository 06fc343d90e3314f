"""TLS of both ports from files: one certificate, renewed without a restart, and who signs those of clients.

TLS 1.2 is the oldest that is spoken: on the HTTP port as it is set here, on the other as gRPC has it built in.
"""

import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc

from swash_server.settings import InvalidSettingError, Settings

MAX_FILE_BYTES = 1024 * 1024
TRIES = 3  # to read files between two writes of whoever renews them

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The files as they were read together."""

    for_grpc: grpc.ServerCertificateConfiguration
    for_http: ssl.SSLContext


class TlsFiles:
    """Certificate, key and perhaps the authority of clients; read again when one of them changed.

    Each handshake looks, from whichever thread it is on. Files that do not fit together, as while they are being
    renewed, change nothing: the old ones are served, and the log says so.
    """

    def __init__(
        self, cert: Path, key: Path, client_ca: Path | None, *, on_read: Callable[[bool], object] = lambda _: None
    ) -> None:
        """Read the files; raise InvalidSettingError. `on_read` hears whether reading them again went well."""
        self._cert, self._key, self._client_ca = cert, key, client_ca
        self._on_read = on_read
        self._lock = threading.Lock()
        self._seen = self._signature()
        self._loaded = self._load()

    @property
    def asks_clients(self) -> bool:
        """Return whether only clients with a certificate get in."""
        return self._client_ca is not None

    def for_grpc(self) -> grpc.ServerCredentials:
        """Return what the gRPC port is opened with."""
        first = self._loaded.for_grpc
        return grpc.dynamic_ssl_server_credentials(first, lambda: self._current().for_grpc, self.asks_clients)

    def for_http(self) -> ssl.SSLContext:
        """Return what the HTTP port is opened with: each handshake moves on to the context of the newest files."""
        door = self._context()

        def move_on(handshake: ssl.SSLObject, _name: str | None, _door: ssl.SSLContext) -> None:
            handshake.context = self._current().for_http

        door.sni_callback = move_on
        return door

    def _current(self) -> _Loaded:
        with self._lock:
            seen = self._signature()
            if seen != self._seen:
                self._seen = seen
                try:
                    self._loaded = self._load()
                except InvalidSettingError as error:
                    log.error("the old certificate stays: %s", error)
                    self._on_read(False)
                else:
                    log.info("the certificate was renewed")
                    self._on_read(True)
            return self._loaded

    def _load(self) -> _Loaded:
        for _ in range(TRIES):
            before = self._signature()
            cert, key = _read("tls-cert", self._cert), _read("tls-key", self._key)
            client_ca = None if self._client_ca is None else _read("tls-client-ca", self._client_ca)
            context = self._context()
            if self._signature() == before:
                break
        return _Loaded(grpc.ssl_server_certificate_configuration([(key, cert)], client_ca), context)

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        # A resumed session would bring back a client whose authority is trusted no more.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        try:
            context.load_cert_chain(self._cert, self._key, password=_no_password)
        except ssl.SSLError as error:
            raise InvalidSettingError(
                f"tls-cert, tls-key: {self._cert} and {self._key} are no certificate and its key in PEM "
                f"({error.reason or 'unreadable'})"
            ) from error
        except OSError as error:
            raise InvalidSettingError(f"tls-cert, tls-key: cannot be read ({error.strerror})") from error
        if self._client_ca is not None:
            try:
                context.load_verify_locations(self._client_ca)
            except (ssl.SSLError, OSError) as error:
                raise InvalidSettingError(
                    f"tls-client-ca: {self._client_ca} holds no certificate in PEM"
                ) from error
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _signature(self) -> tuple[tuple[int, int, int] | None, ...]:
        paths = (self._cert, self._key, *([self._client_ca] if self._client_ca else []))
        return tuple(_status(path) for path in paths)


def tls_of(settings: Settings, on_read: Callable[[bool], object] = lambda _: None) -> TlsFiles | None:
    """Return the TLS that the settings ask for, None for none; raise InvalidSettingError."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return TlsFiles(settings.tls_cert, settings.tls_key, settings.tls_client_ca, on_read=on_read)


def _read(setting: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InvalidSettingError(f"{setting}: {path} cannot be read ({error.strerror})") from error
    if len(data) > MAX_FILE_BYTES:
        raise InvalidSettingError(f"{setting}: {path} is no PEM file, it has more than {MAX_FILE_BYTES} bytes")
    return data


def _status(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _no_password() -> str:
    """Answer in place of the terminal, which would be asked and wait for ever."""
    raise InvalidSettingError("tls-key: encrypted; a server that starts by itself needs a key that is not")
