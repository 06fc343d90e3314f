"""A server among several: its live sessions say where they are, and only if it is told to."""

import socket

import pytest

from swash.v1 import sound_pb2 as pb
from swash_model.engines import load_engines
from swash_server.node import address_of, session_prefix
from swash_server.settings import InvalidSettingError, Settings
from tests.serving import ServerThread


@pytest.mark.parametrize("node", [None, "10.0.0.5", "fd00::5"])
def test_the_name_of_a_live_session_says_where_it_is_if_the_server_is_told(node: str | None) -> None:
    with ServerThread(load_engines(), node=node) as server, server.stub() as stub:
        listening = stub.Listen(pb.ListenRequest(id=1, open=pb.OpenSession()), timeout=60.0)
        name = next(listening).opened.session
        stub.Control(pb.ControlRequest(session=name, end=True), timeout=60.0)
        for _ in listening:
            pass
    assert name.startswith(f"at~{node}~") == (node is not None)
    assert len(name.rpartition("~")[2]) >= 22  # 128 bits that nobody guesses


def test_a_session_names_both_ports_for_it_may_be_commanded_over_either() -> None:
    assert session_prefix("10.0.0.5", 50051, 8080) == "at~10.0.0.5~50051~8080~"
    assert session_prefix(None, 50051, 8080) == ""


def test_what_is_no_address_is_refused_at_the_start() -> None:
    with pytest.raises(InvalidSettingError, match="node: an IP address or auto, got 'my-host'"):
        Settings(node="my-host")


def test_auto_is_the_address_of_the_machines_name_and_never_one_that_only_it_reaches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "gethostbyname", lambda _: "10.1.2.3")
    assert address_of("auto") == "10.1.2.3"
    monkeypatch.setattr(socket, "gethostbyname", lambda _: "127.0.1.1")
    with pytest.raises(InvalidSettingError, match="give the address"):
        address_of("auto")
