"""Every client makes the same calls and sees the same: the line format and its words are told in README.md."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import pytest

from swash.v1 import sound_pb2 as pb
from tests.conformance import python_stub
from tests.conformance.checks import check_expectation, check_sound, comparable
from tests.conformance.guarded import Guarded, guarded
from tests.conformance.observed import Observed, read_observed
from tests.conformance.script import Call, read_script, write_script

pytestmark = pytest.mark.xdist_group("conformance")  # one server, asked by all
CALLS = read_script()


@dataclass(frozen=True)
class Client:
    """Where the runner of a client is, and what its API has beside calls of single sounds.

    "messages": it takes the contract's messages as they are, and gives them in their order; "rpcs": every rpc may
    be called by itself; "fetch": it takes sounds in one message; "tls": it can be told whom to believe, and makes
    its calls encrypted.
    """

    runner: str
    has: frozenset[str] = frozenset({"messages", "fetch"})


CLIENTS = {
    "python-stub": Client("tests.conformance.python_stub", frozenset({"messages", "rpcs", "fetch"})),
    "python-stub-tls": Client("tests.conformance.python_stub", frozenset({"messages", "rpcs", "fetch", "tls"})),
    "python-sync": Client("tests.conformance.python_sync", frozenset({"tls"})),
    "python-async": Client("tests.conformance.python_async", frozenset({"tls"})),
    "web-connect": Client("tests.clients.web.conformance", frozenset({"messages", "rpcs", "fetch"})),
    "web-grpc-web": Client("tests.clients.web.conformance", frozenset({"messages", "rpcs", "fetch"})),
    "dotnet-grpc-web": Client("tests.clients.csharp.conformance", frozenset({"messages", "fetch", "tls"})),
    "dotnet-http2": Client("tests.clients.csharp.conformance", frozenset({"messages", "fetch", "tls"})),
    "mono-grpc-web": Client("tests.clients.csharp.conformance"),
    "godot": Client("tests.clients.godot.conformance"),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Give a server that asks who calls."""
    with guarded(tmp_path_factory.mktemp("plain"), tls=False) as running:
        yield running


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Give one that has a certificate besides."""
    with guarded(tmp_path_factory.mktemp("encrypted"), tls=True) as running:
        yield running


@pytest.fixture(scope="module")
def reference(plain: Guarded, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Observed]:
    """What gRPC's own stubs see."""
    return _seen(python_stub.observe, CALLS, tmp_path_factory.mktemp("script"), plain, "python-stub")


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_the_server_answers_as_the_script_says(call: Call, reference: dict[str, Observed]) -> None:
    check_expectation(call, reference[call.name])
    check_sound(call, reference[call.name])


@pytest.mark.parametrize("kind", [kind for kind in CLIENTS if kind != "python-stub"])
def test_a_client_sees_what_every_other_sees(
    kind: str, reference: dict[str, Observed], plain: Guarded, encrypted: Guarded, tmp_path: Path
) -> None:
    client = CLIENTS[kind]
    calls = tuple(call for call in CALLS if call.needs is None or call.needs in client.has)
    server = encrypted if "tls" in client.has else plain
    seen = _seen(import_module(client.runner).observe, calls, tmp_path, server, kind)
    problems = {}
    for call in calls:
        try:
            _check(call, seen[call.name], reference[call.name], in_order="messages" in client.has)
        except AssertionError as error:
            problems[call.name] = str(error)[:2000]
    assert not problems, "\n\n".join(f"{name}: {problem}" for name, problem in problems.items())


def _without_audio(seen: Observed) -> Observed:
    return replace(seen, events=(seen.events[0], *seen.events[2:]))


def _with_another_sample(seen: Observed) -> Observed:
    audio = pb.RenderResponse.FromString(seen.events[1])
    audio.audio.data = bytes([audio.audio.data[0] ^ 1]) + audio.audio.data[1:]
    return replace(seen, events=(seen.events[0], audio.SerializeToString(), *seen.events[2:]))


def _with_a_field_lost(seen: Observed) -> Observed:
    header = pb.RenderResponse.FromString(seen.events[0])
    header.header.ClearField("licence")
    return replace(seen, events=(header.SerializeToString(), *seen.events[1:]))


def _with_another_code(seen: Observed) -> Observed:
    return replace(seen, code=13)


@pytest.mark.parametrize(
    "mistaken", [_without_audio, _with_another_sample, _with_a_field_lost, _with_another_code]
)
def test_what_a_client_gets_wrong_is_noticed(
    mistaken: Callable[[Observed], Observed], reference: dict[str, Observed]
) -> None:
    (call,) = (call for call in CALLS if call.name == "many messages of audio")
    right = reference[call.name]
    _check(call, right, right)
    with pytest.raises(AssertionError):
        _check(call, mistaken(right), right)


def _check(call: Call, seen: Observed, reference: Observed, *, in_order: bool = True) -> None:
    check_expectation(call, seen, in_order=in_order)
    check_sound(call, seen)
    assert comparable(call, seen) == comparable(call, reference)


def _seen(
    observe: Callable[[Path, Guarded, str], list[str]],
    calls: tuple[Call, ...],
    folder: Path,
    server: Guarded,
    kind: str,
) -> dict[str, Observed]:
    write_script(calls, folder / "script.tsv", server.tokens)
    seen = read_observed(observe(folder / "script.tsv", server, kind))
    assert list(seen) == [call.name for call in calls], "a line for each call, in the script's order"
    return seen
