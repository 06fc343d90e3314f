"""Certificates made in a test: an authority, servers and clients that it signs, as PEM."""

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE: tuple[x509.GeneralName, ...] = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
)


class Certificate:
    """A certificate and its key; signed by itself, or by an authority."""

    def __init__(
        self,
        name: str,
        *,
        by: "Certificate | None" = None,
        authority: bool = False,
        names: Sequence[x509.GeneralName] = (),
    ) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = by or self
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._subject)
            .issuer_name(signer._subject)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self._certificate = builder.sign(signer._key, hashes.SHA256())

    @classmethod
    def of_server(cls, name: str, by: "Certificate") -> Self:
        """Return one for localhost; `name` tells it from others."""
        return cls(name, by=by, names=HERE)

    @classmethod
    def of_client(cls, by: "Certificate", name: str) -> Self:
        """Return one for a host name."""
        return cls("a client", by=by, names=(x509.DNSName(name),))

    @property
    def pem(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key(serialization.NoEncryption())

    def key(self, encryption: serialization.KeySerializationEncryption) -> bytes:
        return self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)

    def write(self, folder: Path) -> dict[str, Path]:
        """Write certificate and key as a server's settings want them, each file replaced whole."""
        files = {"tls_cert": folder / "cert.pem", "tls_key": folder / "key.pem"}
        replace(files["tls_cert"], self.pem)
        replace(files["tls_key"], self.key_pem)
        return files

    def trusted(self, client: "Certificate | None" = None) -> grpc.ChannelCredentials:
        """Return what trusts this authority, for gRPC; `client` says who calls."""
        if client is None:
            return grpc.ssl_channel_credentials(self.pem)
        return grpc.ssl_channel_credentials(self.pem, client.key_pem, client.pem)

    def context(self, folder: Path, client: "Certificate | None" = None) -> ssl.SSLContext:
        """Return what trusts this authority, for everything else; the client's key passes through a folder."""
        context = ssl.create_default_context(cadata=self.pem.decode())
        if client is not None:
            both = folder / "client.pem"
            both.write_bytes(client.pem + client.key_pem)
            context.load_cert_chain(both)
        return context


def replace(path: Path, data: bytes) -> None:
    """Write a file beside its place and move it there, as those do who renew certificates."""
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(data)
    fresh.replace(path)
