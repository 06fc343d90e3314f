"""What operators see of a server and can make it forget, and that nobody else can."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from swash.v1 import admin_pb2
from swash.v1 import sound_pb2 as pb
from swash.v1.admin_pb2_grpc import AdminServiceStub
from swash.v1.sound_pb2_grpc import SoundServiceStub
from swash_model.engines import load_engines
from swash_server.callers import tokens
from swash_server.cli.admin import admin
from swash_server.doors.rpcs import ADMIN_SERVICE
from tests.certificates import Certificate
from tests.serving import ServerThread, rendered
from tests.web_calls import WebCall

CALL_S = 30.0
OPS, GAME = tokens.made(), tokens.made()
MEMORY, STORE = admin_pb2.CACHE_TIER_MEMORY, admin_pb2.CACHE_TIER_STORE
STATS = admin_pb2.GetStatsRequest()
AS_OPS, AS_GAME = ((("authorization", f"Bearer {token}"),) for token in (OPS, GAME))
BEACH = "swash: 1\ntag: beach\nsounds:\n  - {name: click, effect: ui_click, seed: 77}\n"
ASKS = {"GetStats": STATS, "PurgeCache": admin_pb2.PurgeCacheRequest(tiers=[MEMORY])}


class AsOps(grpc.UnaryStreamClientInterceptor):
    """Sends the operator's token with every streamed call."""

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(details._replace(metadata=[*(details.metadata or ()), *AS_OPS]), request)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerThread]:
    path = tmp_path / "tokens"
    path.write_text(
        f"ops admin sha256:{tokens.digest_of(OPS).hex()}\ngame play,bake sha256:{tokens.digest_of(GAME).hex()}\n"
    )
    with ServerThread(load_engines(), tokens=path, store=tmp_path / "store") as running:
        yield running


@contextmanager
def operating(server: ServerThread) -> Iterator[AdminServiceStub]:
    with grpc.insecure_channel(server.address) as channel:
        yield AdminServiceStub(channel)


def click(server: ServerThread, seed: int) -> "pb.Cached.ValueType":
    """Return where a sound comes from."""
    with grpc.insecure_channel(server.address) as channel:
        stub = SoundServiceStub(grpc.intercept_channel(channel, AsOps()))
        return rendered(stub, pb.RenderRequest(effect="ui_click", seed=seed)).header.cached


def purged(
    stub: AdminServiceStub, *tiers: "admin_pb2.CacheTier.ValueType", pinned: bool = False
) -> dict[int, int]:
    """Forget tiers, and return how many sounds went from each."""
    request = admin_pb2.PurgeCacheRequest(tiers=tiers, pinned=pinned)
    gone = stub.PurgeCache(request, metadata=AS_OPS, timeout=CALL_S).purged
    assert all((each.bytes > 0) == (each.sounds > 0) for each in gone)
    return {each.tier: each.sounds for each in gone}


@pytest.mark.parametrize("rpc", ASKS)
def test_only_an_admin_gets_an_answer_and_others_hear_nothing_of_why(server: ServerThread, rpc: str) -> None:
    with operating(server) as stub:
        call = getattr(stub, rpc)
        call(ASKS[rpc], metadata=AS_OPS, timeout=CALL_S)
        for metadata, code, said in (
            (None, grpc.StatusCode.UNAUTHENTICATED, "no valid credentials"),
            (
                (("authorization", f"Bearer {tokens.made()}"),),
                grpc.StatusCode.UNAUTHENTICATED,
                "no valid credentials",
            ),
            (AS_GAME, grpc.StatusCode.PERMISSION_DENIED, "permission denied"),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                call(ASKS[rpc], metadata=metadata, timeout=CALL_S)
            assert refused.value.code() is code
            assert (refused.value.details() or "").startswith(said)


@pytest.mark.parametrize("rpc", ASKS)
def test_a_server_that_asks_nobody_has_no_admins(rpc: str) -> None:
    with ServerThread(load_engines()) as server, operating(server) as stub:
        for metadata in (None, AS_OPS):
            with pytest.raises(grpc.RpcError) as refused:
                getattr(stub, rpc)(ASKS[rpc], metadata=metadata, timeout=CALL_S)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_certificate_of_the_authority_makes_nobody_an_admin_but_the_file_does(tmp_path: Path) -> None:
    authority = Certificate("authority", authority=True)
    files = Certificate.of_server("first", authority).write(tmp_path) | {"tls_client_ca": tmp_path / "ca.pem"}
    files["tls_client_ca"].write_bytes(authority.pem)
    client = Certificate.of_client(authority, "ops.example")
    (tmp_path / "tokens").write_text("ops.example admin certificate\n")
    for tokens_file, code in (({}, grpc.StatusCode.PERMISSION_DENIED), ({"tokens": tmp_path / "tokens"}, None)):
        with (
            ServerThread(load_engines(), **files, **tokens_file) as server,
            grpc.secure_channel(f"localhost:{server.address[10:]}", authority.trusted(client)) as channel,
        ):
            found = None
            try:
                AdminServiceStub(channel).GetStats(STATS, timeout=CALL_S)
            except grpc.RpcError as error:
                found = error.code()
            assert found is code


def test_operators_are_not_answered_on_the_port_of_browsers(server: ServerThread) -> None:
    WebCall(server.http, "GetServerInfo", b"", {"authorization": f"Bearer {OPS}"}).close()
    for path in (f"/{ADMIN_SERVICE.full_name}/GetStats", "/swash.v1.SoundService/GetStats"):
        ask = urllib.request.Request(
            server.http + path, b"{}", {"content-type": "application/json", "authorization": f"Bearer {OPS}"}
        )
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(ask, timeout=10)


def test_the_stats_tell_what_the_server_did(server: ServerThread) -> None:
    assert click(server, 1) == pb.CACHED_NO
    assert click(server, 1) == pb.CACHED_MEMORY
    with operating(server) as stub:
        with pytest.raises(grpc.RpcError):
            stub.GetStats(STATS, metadata=AS_GAME, timeout=CALL_S)
        with pytest.raises(grpc.RpcError):
            stub.GetStats(STATS, timeout=CALL_S)
        stats = stub.GetStats(STATS, metadata=AS_OPS, timeout=CALL_S)
    assert stats.ready
    assert stats.uptime_s > 0.0
    procedural = stats.engines[0]
    assert (procedural.name, procedural.up, procedural.advice) == ("procedural", True, "")
    assert (stats.recordings.used, stats.recordings.limit) == (0, 64)
    assert stats.recording_bytes.limit == 512 * 1024 * 1024
    caches = {cache.tier: cache for cache in stats.caches}
    for tier in ("memory", "store"):
        assert caches[tier].sounds == 1
        assert 0 < caches[tier].bytes.used < caches[tier].bytes.limit
    assert (stats.sessions.used, stats.sessions.limit) == (0, 64)
    assert (stats.voices.used, stats.voices.limit) == (0, 64)
    assert stats.pinned_takes == 0
    assert stats.queues
    assert [(caller.name, caller.calls, caller.refused) for caller in stats.callers] == [
        ("", 1, 1), ("game", 1, 1), ("ops", 2, 0),
    ]  # fmt: skip


def test_what_is_purged_is_made_anew_and_what_is_preloaded_stays(server: ServerThread) -> None:
    with operating(server) as stub, server.stub() as sounds:
        preload = pb.PreloadRequest(manifest=BEACH)
        assert [each.take.failure for each in sounds.Preload(preload, metadata=AS_GAME)] == [""]
        click(server, 1)
        assert purged(stub, MEMORY)[MEMORY] > 0
        assert click(server, 1) == pb.CACHED_STORE
        assert purged(stub, STORE, MEMORY) == {STORE: 1, MEMORY: 1}
        assert click(server, 1) == pb.CACHED_NO
        assert click(server, 77) == pb.CACHED_STORE
        assert stub.GetStats(STATS, metadata=AS_OPS, timeout=CALL_S).pinned_takes == 1

        assert purged(stub, MEMORY, STORE, MEMORY, pinned=True) == {MEMORY: 2, STORE: 2}
        assert click(server, 77) == pb.CACHED_NO
        assert stub.GetStats(STATS, metadata=AS_OPS, timeout=CALL_S).pinned_takes == 0
        assert purged(stub, STORE, pinned=True) == {STORE: 1}
        assert purged(stub, STORE) == {STORE: 0}


def test_a_store_that_is_off_has_nothing_to_forget(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"ops admin sha256:{tokens.digest_of(OPS).hex()}\n")
    with ServerThread(load_engines(), tokens=path) as server, operating(server) as stub:
        assert purged(stub, STORE) == {STORE: 0}


@pytest.mark.parametrize(("tiers", "got"), [([], "got none"), ([MEMORY, 9], "got 9"), ([0], "got 0")])
def test_a_purge_names_its_tiers(server: ServerThread, tiers: list[Any], got: str) -> None:
    with operating(server) as stub, pytest.raises(grpc.RpcError) as refused:
        stub.PurgeCache(admin_pb2.PurgeCacheRequest(tiers=tiers), metadata=AS_OPS, timeout=CALL_S)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    status = rpc_status.from_call(refused.value)  # type: ignore[arg-type]
    bad = error_details_pb2.BadRequest()
    assert status is not None
    assert status.details[0].Unpack(bad)
    assert bad.field_violations[0].field == "tiers"
    assert got in bad.field_violations[0].description


def run(*words: str, token: str | None = None) -> tuple[int, str]:
    ended = CliRunner().invoke(admin, list(words), env={"SWASH_TOKEN": token})
    return ended.exit_code, ended.output


def test_the_command_line_tells_and_purges(server: ServerThread) -> None:
    click(server, 5)
    at = f"--server={server.address}"
    status, told = run("stats", at, token=OPS)
    assert status == 0
    for words in ("swash 0.1.0, ready", "procedural", "cache      memory         1 sounds", "caller     ops"):
        assert words in told
    assert run("purge", "memory", "store", at, token=OPS)[1].splitlines() == [
        "memory: 1 sounds, 0.0 MiB", "store: 1 sounds, 0.0 MiB",
    ]  # fmt: skip
    assert run("stats", at) == (1, run("stats", at)[1])
    assert "UNAUTHENTICATED" in run("stats", at)[1]
    assert "PERMISSION_DENIED" in run("purge", "memory", at, token=GAME)[1]
    assert run("stats", "--server=192.0.2.1:1", token=OPS)[0] == 2  # it would travel unencrypted
    assert run("stats", "--server=127.0.0.1:1", token=OPS)[0] == 4
