"""Who may call what: the caller of each call, and the role that it needs."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import grpc
from google.protobuf.message import Message

from swash.v1 import sound_pb2
from swash_server.callers.identity import LOCAL, Identity, Peer, Role, is_loopback
from swash_server.callers.tokens import Tokens
from swash_server.errors import PermissionDeniedError, UnauthenticatedError

AUTHORIZATION = "authorization"
MAX_CALLERS = 1000  # that are counted; whoever has been away longest is forgotten for a new one

_BEARER = re.compile(r"[Bb]earer +([^\s]+)")
_PLAY, _BAKE = frozenset({Role.PLAY}), frozenset({Role.BAKE})
# Any of these is enough; so is admin for everything. An rpc that is not here is for admins alone.
_NEEDED: Mapping[str, frozenset[Role]] = {
    "Render": _PLAY | _BAKE,  # of bake only what nobody waits for: see `check`
    "Fetch": _PLAY | _BAKE,
    "Perform": _PLAY,
    "Listen": _PLAY,
    "Control": _PLAY,
    "Preload": _BAKE,
    "Unload": _BAKE,
    "ListEffects": _PLAY | _BAKE,
    "ResolvePrompt": _PLAY | _BAKE,
    "GetServerInfo": _PLAY | _BAKE,
}
_UNHURRIED = frozenset({sound_pb2.PRIORITY_PRELOAD, sound_pb2.PRIORITY_BAKE})
_REFUSALS = frozenset({
    grpc.StatusCode.UNAUTHENTICATED.name,
    grpc.StatusCode.PERMISSION_DENIED.name,
    grpc.StatusCode.RESOURCE_EXHAUSTED.name,
})  # fmt: skip


class Credentials(Protocol):
    """What comes with a call or a request for a page."""

    def header(self, name: str) -> str | None:
        """Return what the caller sent under a name in lower case, None if nothing."""
        ...

    def peer(self) -> Peer:
        """Return the other end of the connection."""
        ...


@dataclass(slots=True)
class Counted:
    """What a caller did since the server began: calls, and those of them that were refused."""

    calls: int = 0
    refused: int = 0


class Access:
    """Knows callers by token or certificate, and counts what they do. Lives on the event loop.

    Without tokens and without client certificates a server asks nobody: whoever reaches it may play and bake.
    Nobody is an admin by where they are: that takes a token or a certificate that the file of tokens names so.
    """

    def __init__(self, tokens: Tokens | None = None, *, certificates: bool = False) -> None:
        """`certificates` says that connections were let in by client certificates alone."""
        self._tokens = tokens
        self.certificates = certificates
        self._counted: OrderedDict[str, Counted] = OrderedDict()

    @property
    def asks(self) -> bool:
        """Return whether callers must say who they are."""
        return self._tokens is not None or self.certificates

    @property
    def callers(self) -> Mapping[str, Counted]:
        """Return what was counted, by name; "" for all whom nobody knew."""
        return self._counted

    def caller_of(self, call: Credentials) -> Identity:
        """Return who calls; raise UnauthenticatedError.

        A token goes before the certificate of its connection, which may be that of a proxy; a wrong token is never
        made good by it. Of a certificate that the file does not name nobody is known, but where there is no file:
        then all that the authority signed may play and bake.
        """
        peer = call.peer()
        if not self.asks:
            return LOCAL if not peer.address or is_loopback(peer.address) else Identity(peer.address, LOCAL.roles)
        found = None
        given = call.header(AUTHORIZATION)
        if given is not None and self._tokens is not None:
            bearer = _BEARER.fullmatch(given)
            found = self._tokens.of_token(bearer[1]) if bearer else None
        elif self.certificates and peer.names:
            named = Identity(peer.names[0], LOCAL.roles)
            found = named if self._tokens is None else self._tokens.of_certificate(peer.names)
        if found is None:
            raise UnauthenticatedError
        return found

    def knows(self, call: Credentials) -> bool:
        """Return whether somebody calls who may do anything here."""
        try:
            return bool(self.caller_of(call).roles)
        except UnauthenticatedError:
            return False

    def admit(self, rpc: str, caller: Identity) -> None:
        """Raise unless a caller has a role that an rpc needs: before a byte of the request is read.

        On a server that asks nobody, whoever wants what is for admins has still to say who they are.
        """
        needed = _NEEDED.get(rpc, frozenset())
        if Role.ADMIN in caller.roles or caller.roles & needed:
            return
        if not needed:
            raise PermissionDeniedError("permission denied") if self.asks else UnauthenticatedError
        roles = " or ".join(sorted(role.value for role in needed))
        raise PermissionDeniedError(f"{rpc} needs the role {roles}")

    @staticmethod
    def check(caller: Identity, request: Message) -> None:
        """Raise PermissionDeniedError for a request that goes before those of players, from who may only bake."""
        request = request.render if isinstance(request, sound_pb2.FetchRequest) else request
        if not isinstance(request, sound_pb2.RenderRequest) or caller.roles & {Role.PLAY, Role.ADMIN}:
            return
        if request.priority not in _UNHURRIED:
            raise PermissionDeniedError(
                "priority: PRIORITY_PRELOAD or PRIORITY_BAKE, for interactive calls need the role play"
            )

    def count(self, caller: Identity | None, code: str) -> None:
        """Count a call that ended with a code of gRPC; None is a caller whom nobody knew."""
        name = "" if caller is None else caller.name
        counted = self._counted.setdefault(name, Counted())
        self._counted.move_to_end(name)
        counted.calls += 1
        counted.refused += code in _REFUSALS
        if len(self._counted) > MAX_CALLERS:
            self._counted.popitem(last=False)
