"""What strangers send: right status or a closed connection, bounded cost, and the next sound comes."""

import re
import socket
import struct
import threading
import urllib.error
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from swash.v1 import sound_pb2 as pb
from tests.serving import ServerProcess, rendered, until
from tests.web_calls import WebCall

CLICK = pb.RenderRequest(effect="ui_click", seed=1)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, END_HEADERS = 1, 4
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Give a server of little patience."""
    flags = ("--request-s=1", "--max-connections=50", "--max-connections-per-address=20")
    with ServerProcess(tmp_path_factory.mktemp("store"), *flags) as running:
        yield running


@pytest.fixture(autouse=True)
def _still_well(strict: ServerProcess) -> Iterator[None]:
    """After each test it serves a sound on both ports, and no mistake of ours is in the log."""
    began = len(strict.log)
    yield
    until(lambda: strict.metric("process_open_fds") > 0, "it answers")
    with strict.stub() as stub:
        assert rendered(stub, CLICK).trailer.frames > 0
    assert list(WebCall(strict.http, "Render", CLICK.SerializeToString()))
    told = "".join(strict.log[began:])
    assert "Traceback" not in told
    assert '"ERROR"' not in told
    assert strict.metric("swash_calls_total", code="INTERNAL") == 0


def connected(server: ServerProcess, *, http: bool = True) -> socket.socket:
    host, _, port = (server.http.removeprefix("http://") if http else server.address).rpartition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def answer_to(server: ServerProcess, request: bytes) -> bytes:
    """Return what the HTTP port answers until it closes, b"" for a connection that it cuts off."""
    with connected(server) as connection:
        return all_of(connection, request)


def all_of(connection: socket.socket, request: bytes = b"", *, last: bool = False) -> bytes:
    """Return what comes back until the connection is closed; `last` says that nothing more is sent."""
    answer = b""
    try:
        connection.sendall(request)
        if last:
            with suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(65536):
            answer += data
    except ConnectionError:
        pass  # closed before all was read
    return answer


def status_of(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    return int(found[1]) if found else 0


def resident_bytes(server: ServerProcess) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def block(*fields: tuple[bytes, bytes]) -> bytes:
    """Return fields as HPACK writes them that indexes and compresses nothing."""
    return b"".join(b"\x00" + _length(name) + name + _length(value) + value for name, value in fields)


def _length(text: bytes) -> bytes:
    size = len(text)
    if size < 0x7F:
        return bytes([size])
    size -= 0x7F
    more = b""
    while size >= 0x80:
        more += bytes([size & 0x7F | 0x80])
        size >>= 7
    return b"\x7f" + more + bytes([size])


CALL = (
    (b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/swash.v1.SoundService/Render"),
    (b":authority", b"localhost"), (b"content-type", b"application/grpc"), (b"te", b"trailers"),
)  # fmt: skip


def answer_in_frames(server: ServerProcess, frames: bytes) -> bytes:
    """Return all that the gRPC port says to these frames until it closes the connection."""
    with connected(server, http=False) as connection:
        return all_of(connection, PREFACE + frame(SETTINGS, 0, 0) + frames, last=True)


def kinds(answer: bytes) -> set[int]:
    """Return the kinds of frames in an answer."""
    found, at = set(), 0
    while at + 9 <= len(answer):
        found.add(answer[at + 3])
        at += 9 + int.from_bytes(answer[at : at + 3], "big")
    return found


ODD: dict[str, tuple[bytes, int]] = {
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100), 400),
    "HTTP/2": (PREFACE + frame(SETTINGS, 0, 0), 400),
    "a length and chunks": (
        b"POST /manifest HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", 400),
    "a length that is none": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    "a length of 10 TB that is too long a number": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n",
        400,
    ),
    "chunks after something else": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "a folded line": (b"GET / HTTP/1.1\r\nHost: localhost\r\n X: y\r\n\r\n", 400),
    "a lone line feed in a value": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
    "a chunk of a size that is none": (
        b"POST /manifest HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        400,
    ),
    "a head of a megabyte in one line": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * MIB, 431),
    "a path of a megabyte": (b"GET /" + b"a" * MIB, 431),
    "ten thousand lines": (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 10_000, 431),
    "a method that is none": (b"SING / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a tunnel": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a path that is none": (b"GET \xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a name bound anew": (b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    "a name that begins well": (b"GET / HTTP/1.1\r\nHost: localhost.evil.example:8080\r\n\r\n", 421),
    "an address that goes on": (b"GET / HTTP/1.1\r\nHost: [::1].evil.example\r\n\r\n", 421),
}


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_request_is_refused_and_the_connection_closed(strict: ServerProcess, odd: str) -> None:
    request, status = ODD[odd]
    answer = answer_to(strict, request)
    assert status_of(answer) in ({status, 0} if len(request) > MIB else {status})  # so much more may cut it off
    assert answer.count(b"HTTP/1.1 ") <= 1


@pytest.mark.parametrize(
    "host", ["localhost:8080", "LOCALHOST", "127.0.0.1", "[::1]:80", "192.168.1.7", "localhost."]
)
def test_addresses_and_localhost_are_answered(strict: ServerProcess, host: str) -> None:
    request = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    assert status_of(answer_to(strict, request.encode())) == 200


def test_an_upgrade_is_answered_as_if_it_had_not_been_asked_for(strict: ServerProcess) -> None:
    for upgrade in ("websocket", "h2c"):
        lines = (
            f"Host: localhost\r\nConnection: Upgrade, close\r\nUpgrade: {upgrade}\r\nSec-WebSocket-Key: YQ==\r\n"
        )
        request = f"GET /healthz HTTP/1.1\r\n{lines}Sec-WebSocket-Version: 13\r\n\r\n"
        with connected(strict) as connection:
            connection.sendall(request.encode())
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_trailers_without_end_are_cut_off(strict: ServerProcess) -> None:
    head = b"POST /manifest HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
    before = resident_bytes(strict)
    assert status_of(answer_to(strict, head + b"X: " + b"a" * (4 * MIB))) in {431, 0}
    assert resident_bytes(strict) - before < 4 * MIB


def test_a_head_that_trickles_and_a_body_that_never_comes_are_let_go(strict: ServerProcess) -> None:
    slow = strict.metric("swash_door_refused_total", reason="slow")
    silent, half = connected(strict), connected(strict)
    headless = connected(strict)
    with silent, half, headless:
        half.sendall(b"GET / HTTP/1.1\r\nHost: local")
        headless.sendall(
            b"POST /swash.v1.SoundService/Render HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/grpc-web+proto\r\nContent-Length: 100\r\n\r\n\0"
        )
        assert status_of(all_of(silent)) == 408
        assert status_of(all_of(half)) == 408
        assert all_of(headless) == b""
    assert strict.metric("swash_door_refused_total", reason="slow") == slow + 3


def test_a_request_that_never_ends_is_let_go_over_grpc(strict: ServerProcess) -> None:
    over = threading.Event()

    def nothing() -> Iterator[bytes]:
        over.wait(30)
        yield from ()

    with grpc.insecure_channel(strict.address) as channel:
        for method in ("Render", "ListEffects"):
            call: Any = channel.stream_stream(f"/swash.v1.SoundService/{method}")
            with pytest.raises(grpc.RpcError) as error:
                list(call(nothing(), timeout=20))
            assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "within 1 s" in (error.value.details() or "")
        over.set()


def test_one_address_gets_so_many_connections_and_no_more(strict: ServerProcess) -> None:
    refused = strict.metric("swash_door_refused_total", reason="address")
    with ExitStack() as stack:
        statuses = []
        for _ in range(25):
            connection = stack.enter_context(connected(strict))
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            statuses.append(_first_status(connection))
    # What says why may be lost with a connection that is closed before all of it was read.
    assert 15 <= statuses.count(200) <= 20
    assert set(statuses) <= {200, 429, 0}
    until(lambda: _let_in(strict), "there is room again")
    assert strict.metric("swash_door_refused_total", reason="address") >= refused + 5


def _let_in(server: ServerProcess) -> bool:
    try:
        return server.metric("swash_build_info") == 1
    except urllib.error.HTTPError as error:
        error.close()
        return False


def _first_status(connection: socket.socket) -> int:
    try:
        return status_of(connection.recv(65536))
    except ConnectionError:
        return 0


def test_requests_ahead_of_their_answers_are_few(strict: ServerProcess) -> None:
    listen = (
        b"POST /swash.v1.SoundService/Render HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/grpc-web+proto\r\nContent-Length: 1\r\n\r\n\0"
    )
    answer = answer_to(strict, listen + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500)
    assert answer.count(b"HTTP/1.1 200") <= 10


def test_many_requests_in_one_breath_are_each_answered(strict: ServerProcess) -> None:
    with connected(strict) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 4)
        answer = b""
        while answer.count(b"SERVING") < 4:
            answer += connection.recv(65536)


def test_what_is_compressed_is_refused_before_it_is_unpacked(strict: ServerProcess) -> None:
    squeezed = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(squeezed.compress(bytes(MIB)) for _ in range(256)) + squeezed.flush()
    before = resident_bytes(strict)
    message = b"\x01" + struct.pack(">I", len(bomb)) + bomb
    calls = frame(HEADERS, END_HEADERS, 1, block(*CALL, (b"grpc-encoding", b"gzip")))
    parts = [message[at : at + 16_384] for at in range(0, len(message), 16_384)]
    calls += b"".join(frame(DATA, 0, 1, part) for part in parts[:3])
    with connected(strict, http=False) as connection:
        connection.sendall(PREFACE + frame(SETTINGS, 0, 0) + calls)
        answer = b""
        while b"grpc-status" not in answer:
            answer += connection.recv(65536)
    assert b"12" in answer[answer.index(b"grpc-status") :]  # UNIMPLEMENTED
    for kind, name in (("application/grpc-web+proto", "grpc-encoding"), ("application/proto", "content-encoding")):
        flag = b"" if kind == "application/proto" else message[:5]
        head = f"POST /swash.v1.SoundService/ListEffects HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        lines = f"{name}: gzip\r\nConnection: close\r\nContent-Length: {len(flag + bomb)}\r\n\r\n"
        told = answer_to(strict, (head + lines).encode() + flag + bomb)
        assert status_of(told) in {501, 404, 415} or b"grpc-status: 12" in told
    assert resident_bytes(strict) - before < 16 * MIB


FLOODS: dict[str, bytes] = {
    "headers that never end": frame(HEADERS, 0, 1, block(*CALL))
    + b"".join(frame(CONTINUATION, 0, 1, block((b"x", b"y" * 16_000))) for _ in range(500)),
    "empty continuations": frame(HEADERS, 0, 1, block(*CALL)) + frame(CONTINUATION, 0, 1) * 200_000,
    "a continuation of nothing": frame(CONTINUATION, END_HEADERS, 1, block(*CALL)),
    "pings": frame(PING, 0, 0, bytes(8)) * 20_000,
    "a frame above the limit": struct.pack(">I", 2**24 - 1)[1:] + bytes([DATA, 0, 0, 0, 0, 1]) + bytes(MIB),
    "data of no call": frame(DATA, 0, 0, b"x"),
    "settings of a wrong length": frame(SETTINGS, 0, 0, b"xyz"),
    "an answer to no settings": frame(SETTINGS, 1, 0, b"x"),
    "a stream that a caller may not begin": frame(HEADERS, END_HEADERS, 2, block(*CALL)),
    "a header block that is none": frame(HEADERS, END_HEADERS, 1, b"\xff" * 64),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_malformed_frames_and_floods_end_their_connection_alone(strict: ServerProcess, flood: str) -> None:
    before = resident_bytes(strict)
    answer = answer_in_frames(strict, FLOODS[flood])
    assert kinds(answer) <= {HEADERS, DATA, RST_STREAM, SETTINGS, PING, GOAWAY, 8}
    assert resident_bytes(strict) - before < 16 * MIB


@pytest.mark.parametrize("kind", ["settings", "streams that are begun and reset"])
def test_floods_that_want_answers_cost_little(strict: ServerProcess, kind: str) -> None:
    before = resident_bytes(strict)
    if kind == "settings":
        flood = frame(SETTINGS, 0, 0) * 50_000
    else:
        begun = (
            frame(HEADERS, END_HEADERS, number, block(*CALL)) + frame(RST_STREAM, 0, number, struct.pack(">I", 8))
            for number in range(1, 10_000, 2)
        )
        flood = b"".join(begun)
    with connected(strict, http=False) as connection:
        connection.settimeout(3)
        try:
            connection.sendall(PREFACE + frame(SETTINGS, 0, 0) + flood)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except (TimeoutError, ConnectionError):
            pass  # it does not even read so much
    with strict.stub() as stub:
        rendered(stub, CLICK)
    assert resident_bytes(strict) - before < 48 * MIB


def test_too_much_metadata_is_refused(strict: ServerProcess) -> None:
    with strict.stub() as stub:
        with pytest.raises(grpc.RpcError) as error:
            list(stub.Render(CLICK, timeout=20, metadata=(("x-much", "y" * 20_000),)))
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert list(stub.Render(CLICK, timeout=20, metadata=(("x-some", "y" * 7_000),)))


def test_the_gRPC_port_takes_so_many_connections_and_no_more(strict: ServerProcess) -> None:  # noqa: N802
    with strict.stub() as stub:
        rendered(stub, CLICK)
        held = [connected(strict, http=False) for _ in range(60)]
        try:
            for connection in held:
                connection.sendall(PREFACE + frame(SETTINGS, 0, 0))
            let_in = sum(_greeted(connection) for connection in held)
            assert 40 <= let_in <= 49
            rendered(stub, CLICK)  # whoever is in stays in
        finally:
            for connection in held:
                connection.close()
    until(lambda: _served(strict), "there is room again")


def _greeted(connection: socket.socket) -> bool:
    try:
        return connection.recv(9) != b""
    except ConnectionError:
        return False


def _served(server: ServerProcess) -> bool:
    try:
        with server.stub() as stub:
            return rendered(stub, CLICK).trailer.frames > 0
    except grpc.RpcError:
        return False


@pytest.mark.parametrize("size", [9 * MIB, 100 * MIB])
def test_a_prompt_of_megabytes_is_refused(strict: ServerProcess, size: int) -> None:
    before = resident_bytes(strict)
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(strict.address, options) as channel:
        call: Any = channel.unary_stream("/swash.v1.SoundService/Render")
        with pytest.raises(grpc.RpcError) as error:
            list(call(b"\x0a" + bytes(size), timeout=60))
    assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert resident_bytes(strict) - before < 32 * MIB
