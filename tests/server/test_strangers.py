"""Who may call, and by what they are known: TLS, client certificates, tokens, roles."""

import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_model.engines import load_engines
from swash_server.callers import tokens
from swash_server.callers.credentials import TlsFiles
from swash_server.callers.identity import Identity, Peer, Role, is_loopback
from swash_server.callers.tokens import InvalidTokensError, Tokens
from swash_server.cli.token import token as token_command
from swash_server.doors.native import _host
from swash_server.doors.rpcs import SERVICE
from swash_server.settings import InvalidSettingError, Settings
from tests.certificates import Certificate, replace
from tests.serving import ServerProcess, ServerThread, until
from tests.web_calls import WebCall, WebError

CALL_S = 30.0
CLICK = pb.RenderRequest(effect="ui_click", seed=1)
UNAUTHENTICATED = "no valid credentials; send the header authorization: Bearer TOKEN, or a certificate"
PLAY, BAKE, ADMIN = tokens.made(), tokens.made(), tokens.made()
OVER = tokens.made()


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def line(name: str, roles: str, token: str, more: str = "") -> str:
    return f"{name} {roles} sha256:{tokens.digest_of(token).hex()} {more}".rstrip() + "\n"


def code_of(call: Callable[[], object]) -> grpc.StatusCode:
    """Return how a call ends; a stream is read to its end."""
    try:
        answer = call()
        if hasattr(answer, "__iter__"):
            list(answer)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


@pytest.fixture(scope="module")
def authority() -> Certificate:
    return Certificate("authority", authority=True)


@contextmanager
def secure_stub(server: ServerThread, credentials: grpc.ChannelCredentials) -> Iterator[SoundServiceStub]:
    with grpc.secure_channel(server.address.replace("127.0.0.1", "localhost"), credentials) as channel:
        yield SoundServiceStub(channel)


def info(stub: SoundServiceStub, token: str | None = None) -> grpc.StatusCode:
    metadata = None if token is None else bearer(token)
    return code_of(lambda: stub.GetServerInfo(pb.GetServerInfoRequest(), timeout=CALL_S, metadata=metadata))


def info_code(server: ServerThread, credentials: grpc.ChannelCredentials) -> grpc.StatusCode:
    with secure_stub(server, credentials) as stub:
        return info(stub)


def fetched(server: ServerThread, path: str, context: ssl.SSLContext, body: bytes | None = None) -> bytes:
    headers = {"content-type": "application/json"} if body is not None else {}
    url = server.http.replace("http://127.0.0.1", "https://localhost") + path
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), context=context, timeout=10) as answer:
        data: bytes = answer.read()
        return data


def shown(port: int, context: ssl.SSLContext) -> tuple[str, str]:
    """Return the name in the certificate that a port shows, and the TLS that it speaks."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        certificate: Any = wrapped.getpeercert()
        return certificate["subject"][0][0][1], wrapped.version() or ""


def ports(server: ServerThread) -> tuple[int, int]:
    return int(server.address.rpartition(":")[2]), int(server.http.rpartition(":")[2])


def for_both(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


# TLS


@pytest.fixture(scope="module")
def encrypted(authority: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    files = Certificate.of_server("first", authority).write(tmp_path_factory.mktemp("tls"))
    with ServerThread(load_engines(), **files) as server:
        yield server


def test_whoever_trusts_the_authority_calls_on_both_ports(
    encrypted: ServerThread, authority: Certificate, tmp_path: Path
) -> None:
    with secure_stub(encrypted, authority.trusted()) as stub:
        assert [event.WhichOneof("event") for event in stub.Render(CLICK, timeout=CALL_S)][-1] == "trailer"
    context = authority.context(tmp_path)
    assert json.loads(fetched(encrypted, f"/{SERVICE.full_name}/GetServerInfo", context, b"{}"))["version"]
    assert fetched(encrypted, "/healthz", context) == b"SERVING"


def test_whoever_speaks_no_tls_is_not_heard(encrypted: ServerThread) -> None:
    with encrypted.stub() as stub:
        assert info(stub) is grpc.StatusCode.UNAVAILABLE
    with pytest.raises(OSError):  # noqa: PT011  # closed without a word, or with a few that are no HTTP
        urllib.request.urlopen(f"{encrypted.http}/healthz", timeout=10)


def test_a_caller_does_not_believe_a_server_of_another_authority(encrypted: ServerThread, tmp_path: Path) -> None:
    other = Certificate("other", authority=True)
    assert info_code(encrypted, other.trusted()) is grpc.StatusCode.UNAVAILABLE
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        fetched(encrypted, "/healthz", other.context(tmp_path))


@pytest.mark.parametrize("port", [0, 1], ids=["grpc", "http"])
def test_tls_older_than_1_2_is_refused(
    encrypted: ServerThread, authority: Certificate, tmp_path: Path, port: int
) -> None:
    for version, spoken in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        context = for_both(authority.context(tmp_path))
        context.minimum_version = context.maximum_version = version
        assert shown(ports(encrypted)[port], context) == ("first", spoken)
    context = for_both(authority.context(tmp_path))
    context.set_ciphers("ALL:@SECLEVEL=0")  # else this side would refuse first
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)):
        shown(ports(encrypted)[port], context)


def test_a_certificate_is_renewed_without_a_restart(
    authority: Certificate, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = Certificate.of_server("first", authority).write(tmp_path)
    context = for_both(authority.context(tmp_path))
    with ServerThread(load_engines(), **files) as server, secure_stub(server, authority.trusted()) as stub:
        assert info(stub) is grpc.StatusCode.OK
        assert [shown(port, context)[0] for port in ports(server)] == ["first", "first"]

        second = Certificate.of_server("second", authority)
        replace(files["tls_cert"], second.pem)  # and its key is still to come
        assert [shown(port, context)[0] for port in ports(server)] == ["first", "first"]
        assert "the old certificate stays: tls-cert, tls-key:" in caplog.text
        replace(files["tls_key"], second.key_pem)
        assert [shown(port, context)[0] for port in ports(server)] == ["second", "second"]
        assert info(stub) is grpc.StatusCode.OK  # on the connection that began with the first

        metrics = fetched(server, "/metrics", authority.context(tmp_path)).decode()
        assert re.search(r'swash_credentials_reads_total\{outcome="failed",what="tls"\} 1\.0', metrics)
        assert re.search(r'swash_credentials_reads_total\{outcome="ok",what="tls"\} 1\.0', metrics)


def encrypted_key(certificate: Certificate) -> bytes:
    return certificate.key(serialization.BestAvailableEncryption(b"secret"))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda files: files["tls_cert"].unlink(), r"tls-cert: .*cert\.pem cannot be read \(No such file"),
        (lambda files: files["tls_key"].unlink(), r"tls-key: .*key\.pem cannot be read \(No such file"),
        (lambda files: files["tls_cert"].write_text("no PEM"), "no certificate and its key in PEM"),
        (lambda files: files["tls_key"].write_text(""), "no certificate and its key in PEM"),
        (lambda files: files["tls_key"].write_bytes(Certificate("a").key_pem), "KEY_VALUES_MISMATCH"),
        (lambda files: files["tls_key"].write_bytes(encrypted_key(Certificate("a"))), "tls-key: encrypted"),
        (lambda files: files["tls_client_ca"].write_text("x"), r"tls-client-ca: .* holds no certificate in PEM"),
        (lambda files: files["tls_client_ca"].unlink(), "tls-client-ca: .* cannot be read"),
        (lambda files: files["tls_cert"].write_bytes(b"-" * (1 << 21)), "tls-cert: .* is no PEM file"),
    ],
)
def test_files_that_are_no_certificate_and_key_are_named(
    authority: Certificate, tmp_path: Path, damage: Callable[[dict[str, Path]], object], said: str
) -> None:
    files = Certificate.of_server("first", authority).write(tmp_path) | {"tls_client_ca": tmp_path / "ca.pem"}
    files["tls_client_ca"].write_bytes(authority.pem)
    damage(files)
    with pytest.raises(InvalidSettingError, match=said):
        TlsFiles(files["tls_cert"], files["tls_key"], files["tls_client_ca"])


def serve(*flags: str) -> "subprocess.CompletedProcess[str]":
    command = [
        str(Path(sys.executable).parent / "swash"),
        "serve",
        "--grpc-port=0",
        "--http-port=0",
        "--store=off",
    ]
    return subprocess.run([*command, *flags], capture_output=True, text=True, timeout=60, check=False)


def test_a_server_does_not_start_with_half_a_tls_and_says_so_in_a_line(
    authority: Certificate, tmp_path: Path
) -> None:
    files = Certificate.of_server("first", authority).write(tmp_path)
    files["tls_key"].write_bytes(Certificate("another").key_pem)
    flags = (f"--tls-cert={files['tls_cert']}", f"--tls-key={files['tls_key']}")
    ended = serve(*flags)
    assert ended.returncode == 2
    assert "swash: tls-cert, tls-key:" in ended.stderr
    assert "Traceback" not in ended.stderr
    checked = serve(*flags, "--check-config")
    assert checked.returncode == 2
    assert "KEY_VALUES_MISMATCH" in checked.stderr


# Client certificates


@pytest.fixture(scope="module")
def mutual(authority: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    """Give a server that lets in clients of its authority, of which the file of tokens names two."""
    folder = tmp_path_factory.mktemp("mutual")
    files = Certificate.of_server("first", authority).write(folder)
    (folder / "ca.pem").write_bytes(authority.pem)
    (folder / "tokens").write_text(
        line("game", "play", PLAY) + "player.example play certificate\nbuilds.example bake certificate\n"
    )
    with ServerThread(
        load_engines(), **files, tls_client_ca=folder / "ca.pem", tokens=folder / "tokens"
    ) as server:
        yield server


def test_without_a_certificate_of_the_authority_nobody_gets_a_connection(
    mutual: ServerThread, authority: Certificate, tmp_path: Path
) -> None:
    other = Certificate("other", authority=True)
    for client in (None, Certificate.of_client(other, "player.example")):
        assert info_code(mutual, authority.trusted(client)) is grpc.StatusCode.UNAVAILABLE
        with pytest.raises((OSError, ssl.SSLError)):
            fetched(mutual, "/healthz", authority.context(tmp_path, client))


def test_a_certificate_has_the_roles_that_the_file_gives_its_name(
    mutual: ServerThread, authority: Certificate, tmp_path: Path
) -> None:
    player, builds = (Certificate.of_client(authority, f"{name}.example") for name in ("player", "builds"))
    with secure_stub(mutual, authority.trusted(player)) as stub:
        assert code_of(lambda: stub.Render(CLICK, timeout=CALL_S)) is grpc.StatusCode.OK
        assert code_of(lambda: stub.Unload(pb.UnloadRequest(tag="a"))) is grpc.StatusCode.PERMISSION_DENIED
    with secure_stub(mutual, authority.trusted(builds)) as stub:
        assert code_of(lambda: stub.Render(CLICK, timeout=CALL_S)) is grpc.StatusCode.PERMISSION_DENIED
        assert code_of(lambda: stub.Unload(pb.UnloadRequest(tag="a"))) is grpc.StatusCode.NOT_FOUND
    resolve, words = f"/{SERVICE.full_name}/ResolvePrompt", b'{"prompt": "rain"}'
    assert b"rain" in fetched(mutual, resolve, authority.context(tmp_path, player), words)
    unload = f"/{SERVICE.full_name}/Unload"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetched(mutual, unload, authority.context(tmp_path, player), b'{"tag": "a"}')


def test_a_certificate_that_the_file_does_not_name_needs_a_token_as_that_of_a_proxy_does(
    mutual: ServerThread, authority: Certificate
) -> None:
    with secure_stub(mutual, authority.trusted(Certificate.of_client(authority, "proxy.example"))) as stub:
        assert info(stub) is grpc.StatusCode.UNAUTHENTICATED
        assert info(stub, PLAY) is grpc.StatusCode.OK


def test_a_wrong_token_is_not_made_good_by_a_certificate(mutual: ServerThread, authority: Certificate) -> None:
    with secure_stub(mutual, authority.trusted(Certificate.of_client(authority, "player.example"))) as stub:
        assert info(stub, tokens.made()) is grpc.StatusCode.UNAUTHENTICATED
        assert info(stub) is grpc.StatusCode.OK


def test_a_common_name_counts_only_where_there_is_no_other(mutual: ServerThread, authority: Certificate) -> None:
    alone = Certificate("player.example", by=authority)
    beside = Certificate("player.example", by=authority, names=(x509.DNSName("elsewhere.example"),))
    assert info_code(mutual, authority.trusted(alone)) is grpc.StatusCode.OK
    assert info_code(mutual, authority.trusted(beside)) is grpc.StatusCode.UNAUTHENTICATED


def test_clients_of_an_authority_that_is_trusted_no_more_get_no_new_connection(
    authority: Certificate, tmp_path: Path
) -> None:
    old, new = (Certificate(name, authority=True) for name in ("old", "new"))
    files = Certificate.of_server("first", authority).write(tmp_path) | {"tls_client_ca": tmp_path / "ca.pem"}
    files["tls_client_ca"].write_bytes(old.pem)
    client, other = (Certificate.of_client(by, "a.example") for by in (old, new))
    with ServerThread(load_engines(), **files) as server:
        context = authority.context(tmp_path, client)
        assert info_code(server, authority.trusted(client)) is grpc.StatusCode.OK
        assert fetched(server, "/healthz", context) == b"SERVING"
        replace(files["tls_client_ca"], new.pem)
        assert info_code(server, authority.trusted(client)) is grpc.StatusCode.UNAVAILABLE
        with pytest.raises((OSError, ssl.SSLError)):
            fetched(server, "/healthz", context)
        assert info_code(server, authority.trusted(other)) is grpc.StatusCode.OK
        assert fetched(server, "/healthz", authority.context(tmp_path, other)) == b"SERVING"


# Tokens and roles


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    """Give a server that asks for tokens, on this machine and without TLS."""
    path = tmp_path_factory.mktemp("tokens") / "tokens"
    path.write_text(
        "# who may call\n"
        + line("game", "play", PLAY)
        + line("builds", "bake", BAKE)
        + line("ops", "admin", ADMIN)
        + line("gone", "play,bake,admin", OVER, "until=2020-01-01T00:00:00Z")
    )
    with ServerThread(load_engines(), tokens=path) as server:
        yield server


BAD_HEADERS = {
    "none": None,
    "empty": "",
    "no token": "Bearer",
    "spaces": "Bearer ",
    "another scheme": f"Basic {PLAY}",
    "no scheme": PLAY,
    "cut": f"Bearer {PLAY[:-1]}",
    "over": f"Bearer {OVER}",
    "more behind": f"Bearer {PLAY} x",
    "long": "Bearer " + "x" * 5000,
}


@pytest.mark.parametrize("header", BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_without_a_token_that_is_known_and_in_time_nobody_gets_in(
    asking: ServerThread, header: str | None
) -> None:
    web = {} if header is None else {"authorization": header}
    metadata = None if header is None else (("authorization", header),)
    request = pb.GetServerInfoRequest()
    with asking.stub() as stub, pytest.raises(grpc.RpcError) as refused:
        stub.GetServerInfo(request, metadata=metadata, timeout=CALL_S)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert refused.value.details() == UNAUTHENTICATED
    with pytest.raises(WebError) as web_refused:
        list(WebCall(asking.http, "GetServerInfo", request.SerializeToString(), web))
    assert web_refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert web_refused.value.details() == UNAUTHENTICATED


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer   "])
def test_a_token_lets_in_on_both_ports(asking: ServerThread, scheme: str) -> None:
    header = scheme + PLAY
    with asking.stub() as stub:
        stub.GetServerInfo(pb.GetServerInfoRequest(), metadata=(("authorization", header),), timeout=CALL_S)
    events = list(WebCall(asking.http, "Render", CLICK.SerializeToString(), {"authorization": header}))
    assert events[-1].HasField("trailer")


MAY: dict[str, tuple[Any, set[str]]] = {
    "Render": (CLICK, {PLAY, ADMIN}),
    "Fetch": (pb.FetchRequest(render=CLICK), {PLAY, ADMIN}),
    "Listen": (pb.ListenRequest(open=pb.OpenSession(channels=9)), {PLAY, ADMIN}),
    "Control": (pb.ControlRequest(session="none"), {PLAY, ADMIN}),
    "Preload": (pb.PreloadRequest(manifest="swash: 1"), {BAKE, ADMIN}),
    "Unload": (pb.UnloadRequest(tag="none"), {BAKE, ADMIN}),
    "ListEffects": (pb.ListEffectsRequest(), {PLAY, BAKE, ADMIN}),
    "ResolvePrompt": (pb.ResolvePromptRequest(prompt="rain"), {PLAY, BAKE, ADMIN}),
    "GetServerInfo": (pb.GetServerInfoRequest(), {PLAY, BAKE, ADMIN}),
}


@pytest.mark.parametrize("rpc", MAY)
def test_each_role_may_call_what_it_is_for(asking: ServerThread, rpc: str) -> None:
    request, may = MAY[rpc]
    with asking.stub() as stub:
        for token in (PLAY, BAKE, ADMIN):
            code = code_of(lambda who=token: getattr(stub, rpc)(request, metadata=bearer(who), timeout=CALL_S))  # type: ignore[misc]
            assert (code is not grpc.StatusCode.PERMISSION_DENIED) == (token in may)
            assert code is not grpc.StatusCode.UNAUTHENTICATED
    header = {"authorization": f"Bearer {BAKE}"}
    web = code_of(lambda: WebCall(asking.http, rpc, request.SerializeToString(), header))
    assert (web is not grpc.StatusCode.PERMISSION_DENIED) == (BAKE in may)


def test_only_a_player_performs(asking: ServerThread) -> None:
    opening = pb.PerformRequest(open=pb.OpenSession(channels=9))
    with asking.stub() as stub:
        codes = [
            code_of(lambda who=who: stub.Perform(iter([opening]), metadata=bearer(who), timeout=CALL_S))  # type: ignore[misc]
            for who in (PLAY, BAKE)
        ]
    assert codes == [grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED]


def test_every_rpc_of_the_contract_has_its_roles() -> None:
    assert {method.name for method in SERVICE.methods} == MAY.keys() | {"Perform"}


@pytest.mark.parametrize("priority", pb.Priority.values())
def test_who_may_only_bake_goes_not_before_players(
    asking: ServerThread, priority: "pb.Priority.ValueType"
) -> None:
    unhurried = priority in {pb.PRIORITY_PRELOAD, pb.PRIORITY_BAKE}
    request = pb.RenderRequest(effect="ui_click", seed=1, priority=priority)
    with asking.stub() as stub:
        baker = code_of(lambda: stub.Render(request, metadata=bearer(BAKE), timeout=CALL_S))
        assert baker is (grpc.StatusCode.OK if unhurried else grpc.StatusCode.PERMISSION_DENIED)
        fetch = pb.FetchRequest(render=request)
        assert code_of(lambda: stub.Fetch(fetch, metadata=bearer(BAKE), timeout=CALL_S)) is baker
        assert code_of(lambda: stub.Render(request, metadata=bearer(PLAY), timeout=CALL_S)) is grpc.StatusCode.OK


def test_who_is_refused_is_not_read(asking: ServerThread) -> None:
    """Bytes that are no message are a mistake only of those who may call."""
    with grpc.insecure_channel(asking.address) as channel:
        call: Any = channel.unary_unary(f"/{SERVICE.full_name}/Unload")
        rubbish = b"\xff" * 10
        assert code_of(lambda: call(rubbish, timeout=CALL_S)) is grpc.StatusCode.UNAUTHENTICATED
        play = code_of(lambda: call(rubbish, timeout=CALL_S, metadata=bearer(PLAY)))
        assert play is grpc.StatusCode.PERMISSION_DENIED
        bake = code_of(lambda: call(rubbish, timeout=CALL_S, metadata=bearer(BAKE)))
        assert bake is grpc.StatusCode.INVALID_ARGUMENT


def test_health_and_the_contract_are_for_everybody(asking: ServerThread) -> None:
    with grpc.insecure_channel(asking.address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=CALL_S)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        assert SERVICE.full_name in services(channel)


def services(channel: grpc.Channel) -> set[str]:
    request: Any = reflection_pb2.ServerReflectionRequest
    stub: Any = reflection_pb2_grpc.ServerReflectionStub
    answers = stub(channel).ServerReflectionInfo(iter([request(list_services="")]), timeout=CALL_S)
    return {each.name for answer in answers for each in answer.list_services_response.service}


def test_the_contract_is_told_to_nobody_where_the_operator_wants_so() -> None:
    with (
        ServerThread(load_engines(), reflection="off") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        assert code_of(lambda: services(channel)) is grpc.StatusCode.UNIMPLEMENTED


def asked(server: ServerThread, path: str, headers: dict[str, str], body: bytes | None = None) -> int:
    """Return the status of a request for a page."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(server.http + path, body, headers), timeout=10
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


FROM_AFAR = {"x-forwarded-for": "203.0.113.7"}


@pytest.mark.parametrize(("path", "body"), [("/dashboard/data", None), ("/manifest", b"swash: 1\nsounds: []")])
def test_numbers_and_manifests_are_for_this_machine_and_for_tokens(
    asking: ServerThread, path: str, body: bytes | None
) -> None:
    refused = 401
    assert asked(asking, path, {}, body) != refused
    assert asked(asking, path, FROM_AFAR, body) == refused
    assert asked(asking, path, FROM_AFAR | {"authorization": "Bearer nothing"}, body) == refused
    assert asked(asking, path, FROM_AFAR | {"authorization": f"Bearer {PLAY}"}, body) != refused
    for page in ("/", "/dashboard", "/healthz"):
        assert asked(asking, page, FROM_AFAR) == 200


@pytest.mark.parametrize(("setting", "here", "afar", "known"), [
    ("all", 200, 200, 200), ("local", 200, 401, 401), ("token", 200, 401, 200),
])  # fmt: skip
def test_the_metrics_are_as_open_as_the_operator_says(
    tmp_path: Path, setting: str, here: int, afar: int, known: int
) -> None:
    (tmp_path / "tokens").write_text(line("prometheus", "play", PLAY))
    with ServerThread(load_engines(), tokens=tmp_path / "tokens", metrics_access=setting) as server:
        assert asked(server, "/metrics", {}) == here
        assert asked(server, "/metrics", FROM_AFAR) == afar
        assert asked(server, "/metrics", FROM_AFAR | {"authorization": f"Bearer {PLAY}"}) == known


def test_a_page_may_send_a_token(asking: ServerThread) -> None:
    headers = {
        "origin": "http://localhost:5000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    url = f"{asking.http}/{SERVICE.full_name}/Render"
    with urllib.request.urlopen(
        urllib.request.Request(url, None, headers, method="OPTIONS"), timeout=10
    ) as answer:
        assert "authorization" in answer.headers["access-control-allow-headers"].lower()


def test_tokens_change_while_calls_run_and_who_is_playing_plays_on(tmp_path: Path) -> None:
    old, new = tokens.made(), tokens.made()
    path = tmp_path / "tokens"
    path.write_text(line("game", "play", old))
    with ServerThread(load_engines(), tokens=path) as server, server.stub() as stub, server.stub() as other:
        playing = stub.Render(pb.RenderRequest(effect="rain", duration_s=60.0, seed=1), metadata=bearer(old))
        assert next(playing).HasField("header")
        failures: list[grpc.StatusCode] = []
        ended = threading.Event()

        def call_on() -> None:
            while not ended.is_set():
                code = info(other, old)
                failures.extend([code] if code is not grpc.StatusCode.OK else [])

        with ThreadPoolExecutor(1) as pool:
            calling = pool.submit(call_on)
            replace(path, (line("game", "play", old) + line("game", "play", new)).encode())
            until(lambda: info(other, new) is grpc.StatusCode.OK, "the new token works", 20_000)
            ended.set()
            calling.result(CALL_S)
        assert not failures
        replace(path, line("game", "play", new).encode())
        until(lambda: info(other, old) is grpc.StatusCode.UNAUTHENTICATED, "the old one does not", 20_000)
        assert info(other, new) is grpc.StatusCode.OK
        assert list(playing)[-1].HasField("trailer")


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.s = 0.0
        self.now = datetime(2027, 1, 1, tzinfo=UTC)

    def later(self) -> None:
        self.s += tokens.LOOK_S


def watched(path: Path, clock: Clock, read: list[bool]) -> Tokens:
    return Tokens(path, on_read=read.append, clock=lambda: clock.s, now=lambda: clock.now)


def test_a_file_that_is_wrong_or_gone_changes_nothing_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, clock, read = tmp_path / "tokens", Clock(), list[bool]()
    path.write_text(line("game", "play", PLAY))
    known = watched(path, clock, read)
    game = Identity("game", frozenset({Role.PLAY}))
    for number, wrong in enumerate((f"game play {PLAY}\n".encode(), b"\xff\xfe", None, b"game\n" * 10)):
        if wrong is None:
            path.unlink()
        else:
            replace(path, wrong)
        clock.later()
        assert known.of_token(PLAY) == game
        assert read == [False] * (number + 1)
    assert caplog.text.count("the old tokens stay") == 4
    assert PLAY not in caplog.text  # what stands in the place of a hash may be the token
    replace(path, line("other", "bake", BAKE).encode())
    assert known.of_token(BAKE) is None  # not looked yet
    clock.later()
    assert known.of_token(BAKE) == Identity("other", frozenset({Role.BAKE}))
    assert known.of_token(PLAY) is None
    assert read == [False] * 4 + [True]


def test_a_token_works_until_its_time_and_not_a_moment_longer(tmp_path: Path) -> None:
    path, clock = tmp_path / "tokens", Clock()
    until_text = "until=2027-01-02T00:00:00Z"
    path.write_text(line("game", "play", PLAY, until_text) + f"builds.example bake certificate {until_text}\n")
    known = watched(path, clock, [])
    clock.now = datetime(2027, 1, 1, 23, 59, 59, tzinfo=UTC)
    assert known.of_token(PLAY) is not None
    assert known.of_certificate(["builds.example"]) is not None
    clock.now += timedelta(seconds=1)
    assert known.of_token(PLAY) is None
    assert known.of_certificate(["builds.example"]) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("game", "line 1: name, roles, sha256:... or certificate"),
        ("\n# fine\ngame fly sha256:" + "0" * 64, "line 3: roles: some of play, bake, admin"),
        ("game play, sha256:" + "0" * 64, "roles: some of"),
        ("game play sha256:" + "0" * 63, "line 1: after the roles sha256: and 64 hex digits, or certificate"),
        ("game play sha256:" + "G" * 64, "64 hex digits"),
        ("ga\x00me play certificate", "line 1: a name is 1 to 200"),
        ("g" * 201 + " play certificate", "a name is 1 to 200"),
        ("game play certificate until=tomorrow", "line 1: until: a time as 2027-06-30T00:00:00Z, got 'tomorrow'"),
        ("game play certificate since=2027-06-30T00:00:00Z", "only until="),
        ("game play certificate\n" * 1001, "at most 1000 lines"),
    ],
)
def test_a_line_that_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(InvalidTokensError, match=re.escape(said)):
        tokens.parsed(text)


def test_a_file_that_is_too_large_or_missing_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidTokensError, match="cannot be read"):
        tokens.read(tmp_path / "none")
    (tmp_path / "large").write_bytes(b"#" * (tokens.MAX_FILE_BYTES + 1))
    with pytest.raises(InvalidTokensError, match="at most 1048576 bytes"):
        tokens.read(tmp_path / "large")
    ended = serve(f"--tokens={tmp_path / 'none'}")
    assert (ended.returncode, "swash: tokens:" in ended.stderr) == (2, True)


# The command line


def run(*words: str) -> tuple[int, str]:
    ended = CliRunner().invoke(token_command, list(words))
    return ended.exit_code, ended.stdout


def test_a_token_is_made_listed_and_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text("# ours\nold.example play certificate")  # without an end of its line
    flag = f"--tokens={path}"
    status, made = run("new", "game", "--role=play", "--role=bake", "--days=30", flag)
    assert status == 0
    assert re.fullmatch(r"swash_[A-Za-z0-9_-]{43}\n", made)
    assert made.strip() not in path.read_text()
    known = Tokens(path)
    assert known.of_token(made.strip()) == Identity("game", frozenset({Role.PLAY, Role.BAKE}))
    assert run("trust", "ops.example", "--role=admin", flag)[0] == 0
    _, second = run("new", "game", flag)
    listed = run("list", flag)[1].splitlines()
    assert [row.split()[:2] for row in listed] == [
        ["old.example", "play"], ["game", "bake,play"], ["ops.example", "admin"], ["game", "play"],
    ]  # fmt: skip
    assert run("remove", "game", f"--id={listed[1].split()[2]}", flag)[0] == 0
    assert Tokens(path).of_token(made.strip()) is None
    assert Tokens(path).of_token(second.strip()) is not None
    assert run("remove", "game", flag)[0] == 0
    assert path.read_text() == "# ours\nold.example play certificate\nops.example admin certificate\n"


def test_a_new_file_is_its_owners_alone_and_one_that_is_wrong_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    assert run("new", "game", f"--tokens={path}")[0] == 0
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("what is this\n")
    for words in (("new", "game"), ("remove", "game"), ("list",), ("trust", "a b")):
        assert run(*words, f"--tokens={path}")[0] == 2
    assert path.read_text() == "what is this\n"
    assert not list(tmp_path.glob(".tokens.*"))


# Beyond this machine


def test_a_port_is_not_opened_to_strangers_by_accident(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "myhost"):
        with pytest.raises(InvalidSettingError, match=r"host: beyond this machine only with tls-cert and tls-key"):
            Settings(host=host)
        Settings(host=host, tls_cert=tmp_path, tls_key=tmp_path)
        Settings(host=host, insecure_bind="on")
    for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
        Settings(host=host)
    ended = serve("--host=0.0.0.0")
    assert (ended.returncode, "insecure-bind" in ended.stderr) == (2, True)


@pytest.mark.parametrize(("settings", "said"), [
    ({"tls_cert": Path("a")}, "tls-cert: only together with tls-key"),
    ({"tls_key": Path("a")}, "tls-key: only together with tls-cert"),
    ({"tls_client_ca": Path("a")}, "tls-client-ca: needs tls-cert and tls-key"),
])  # fmt: skip
def test_half_a_tls_is_refused(settings: dict[str, Path], said: str) -> None:
    with pytest.raises(InvalidSettingError, match=said):
        Settings(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "loopback"), [
    ("::ffff:127.0.0.1", True), ("::1%lo", True), ("::ffff:192.0.2.1", False), ("", False),
    ("127.0.0.1.evil", False), ("0.0.0.0", False), ("::", False), ("2130706433", False),
])  # fmt: skip
def test_what_looks_like_this_machine_is_not_always_it(text: str, loopback: bool) -> None:
    assert is_loopback(text) is loopback


@pytest.mark.parametrize(("peer", "host"), [
    ("ipv4:127.0.0.1:50051", "127.0.0.1"), ("ipv6:%5B::1%5D:50051", "::1"), ("unix:/a/b", ""),
    ("ipv6:%5Bfe80::1%25eth0%5D:1", "fe80::1%eth0"), ("unknown", ""),
])  # fmt: skip
def test_where_a_call_comes_from_is_understood(peer: str, host: str) -> None:
    assert _host(peer) == host


def test_a_server_that_asks_nobody_knows_callers_by_where_they_are() -> None:
    from swash_server.callers.access import Access

    class From:
        def __init__(self, address: str) -> None:
            self._address = address

        def header(self, name: str) -> str | None:
            return f"Bearer {ADMIN}" if name == "authorization" else None  # which nobody asked for

        def peer(self) -> Peer:
            return Peer(self._address, ())

    access, may = Access(), frozenset({Role.PLAY, Role.BAKE})
    assert access.caller_of(From("127.0.0.1")) == Identity("local", may)
    assert access.caller_of(From("192.0.2.1")) == Identity("192.0.2.1", may)


def test_the_log_warns_loudly_and_holds_neither_token_nor_name(tmp_path: Path) -> None:
    path, known, unknown = tmp_path / "tokens", tokens.made(), tokens.made()
    path.write_text(line("secretgame", "play", known))
    flags = ("--host=0.0.0.0", "--insecure-bind=on", f"--tokens={path}", "--log-format=json", "--log-level=debug")
    with ServerProcess(tmp_path / "store", *flags) as server:
        with server.stub() as stub:
            assert info(stub, known) is grpc.StatusCode.OK
            assert info(stub, unknown) is grpc.StatusCode.UNAUTHENTICATED
            render = pb.RenderRequest(prompt="xylophonequack")
            assert code_of(lambda: stub.Render(render, metadata=bearer(known))) is grpc.StatusCode.NOT_FOUND
        for header in (known, unknown):
            call = {"authorization": f"Bearer {header}"}
            code_of(lambda call=call: WebCall(server.http, "Unload", b"\xff", call))  # type: ignore[misc]
        assert server.stop() == 0
    log = "".join(server.log)
    assert log.count("INSECURE") == 2
    assert '"code": "UNAUTHENTICATED"' in log
    for secret in (known, unknown, "secretgame", "xylophonequack", tokens.digest_of(known).hex()):
        assert secret not in log
