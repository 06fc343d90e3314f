"""Who calls: known by a token, by a certificate, or by nothing but an address."""

from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from ipaddress import IPv6Address, ip_address


class Role(Enum):
    """What a caller may do; `admin` may do all."""

    PLAY = "play"
    BAKE = "bake"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller. Quotas are counted by name: that of a token or a certificate, or else the address."""

    name: str
    roles: frozenset[Role]


LOCAL = Identity("local", frozenset({Role.PLAY, Role.BAKE}))
"""Whoever calls a server that asks nobody who they are."""

IDENTITY: ContextVar[Identity] = ContextVar("identity", default=LOCAL)


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection: its address, "" where it has none, and the names in its certificate.

    Those are the alternative names or, only where there are none, the common name; none where none was asked for.
    """

    address: str = ""
    names: tuple[str, ...] = ()


NOWHERE = Peer()

PEER: ContextVar[Peer] = ContextVar("peer", default=NOWHERE)
"""Whose connection a request over HTTP came by."""


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Return whether a name or an address reaches this machine alone."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback
