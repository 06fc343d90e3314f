"""What a process does that live voices are made in.

Voices are apart from the server because Python lets one thread compute at a time: on threads beside the event loop
they wait for it and for each other more than they sound.
"""

import socket
from typing import Any

from swash_server.live.maker import Maker
from swash_server.workers.pipe import READY, Failure, pack, unpack


def serve(connection: socket.socket) -> None:
    """Answer every request in its turn, until the parent is gone."""
    makers: dict[int, Maker] = {}
    with connection, connection.makefile("rb") as requests:
        connection.sendall(pack((0, READY, None)))
        while (request := unpack(requests)) is not None:
            session, verb, arguments = request
            if verb == "drop":
                makers.pop(session, None)
                continue
            try:
                answer = ("answer", _done(makers, session, verb, arguments))
            except Exception as error:  # noqa: BLE001 - where the work ends: the parent logs it and ends the session
                answer = ("failure", Failure.of(error))
            connection.sendall(pack((session, *answer)))


def _done(makers: dict[int, Maker], session: int, verb: str, arguments: tuple[Any, ...]) -> Any:
    if verb == "open":
        makers[session] = Maker(*arguments)
        return None
    if verb == "make":
        return makers[session].make(*arguments)
    return makers.pop(session).finish()
