"""Where this server is among several: names of its live sessions begin with it, for a load balancer to read."""

import ipaddress
import socket

from swash_server.settings import AUTO_NODE, InvalidSettingError


def address_of(node: str | None) -> str | None:
    """Return the IP address of the setting `node`, None without one; may ask the resolver.

    Raises InvalidSettingError where it is 'auto' and the machine's name leads nowhere but to itself.
    """
    if node != AUTO_NODE:
        return node
    name = socket.gethostname()
    try:
        address = socket.gethostbyname(name)
    except OSError as error:
        raise InvalidSettingError(f"node: 'auto' finds no address of {name!r} ({error}); give one") from None
    if ipaddress.ip_address(address).is_loopback:  # as Debian's /etc/hosts has it; those of containers do not
        raise InvalidSettingError(f"node: 'auto' finds only {address} for {name!r}; give the address")
    return address


def session_prefix(address: str | None, grpc_port: int, http_port: int) -> str:
    """Return what the names of live sessions begin with: "at~10.0.0.5~50051~8080~", nothing without an address.

    deploy/envoy/envoy.yaml looks for it in requests of any protocol: it holds nothing that JSON would escape, and
    begins with what cannot run together with a length before it.
    """
    return "" if address is None else f"at~{address}~{grpc_port}~{http_port}~"
