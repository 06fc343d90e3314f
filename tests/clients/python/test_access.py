"""Who calls, and over what: certificates, tokens, and what is refused before it leaves this machine."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import add_SoundServiceServicer_to_server
from swash_client import (
    AsyncClient,
    Client,
    InvalidRequestError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnavailableError,
)
from swash_client.server import is_this_machine
from tests.certificates import Certificate
from tests.clients.python.scripted import PCM, Scripted, fail, play, whole_take

ClientType = Callable[..., Any]


@pytest.fixture
def authority() -> Certificate:
    return Certificate("an authority", authority=True)


@contextmanager
def encrypted(
    authority: Certificate, *, asks: Certificate | None = None, metadata: list[dict[str, str]] | None = None
) -> Iterator[Scripted]:
    """Serve a script over TLS; `asks` is the authority of certificates that callers must show."""

    class Kept(grpc.ServerInterceptor):
        def intercept_service(self, continuation: Any, details: Any) -> Any:
            if metadata is not None:
                metadata.append(dict(details.invocation_metadata))
            return continuation(details)

    own = Certificate.of_server("a server", authority)
    credentials = grpc.ssl_server_credentials(
        [(own.key_pem, own.pem)], None if asks is None else asks.pem, asks is not None
    )
    service = Scripted(scripts=[play(*whole_take())])
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool, interceptors=[Kept()])
        add_SoundServiceServicer_to_server(service, server)
        service.address = f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', credentials)}"
        server.start()
        try:
            yield service
        finally:
            server.stop(0).wait()


@pytest.fixture
def pem(tmp_path: Path, authority: Certificate) -> Path:
    """Return the file of the authority."""
    path = tmp_path / "ca.pem"
    path.write_bytes(authority.pem)
    return path


async def heard(address: str, kind: str, **access: Any) -> Any:
    """Return what either client hears."""
    if kind == "sync":
        with Client(address, **access) as sync:
            return sync.render("rain")
    async with AsyncClient(address, **access) as client:
        return await client.render("rain")


BOTH = pytest.mark.parametrize("kind", ["sync", "async"])


@BOTH
async def test_a_server_of_a_trusted_authority_is_heard_and_told_the_token(
    authority: Certificate, pem: Path, kind: str
) -> None:
    metadata: list[dict[str, str]] = []
    with encrypted(authority, metadata=metadata) as service:
        sound = await heard(service.address, kind, ca=pem, token="swash_abc")
    np.testing.assert_array_equal(sound.samples, PCM / 32_768)
    assert [told["authorization"] for told in metadata] == ["Bearer swash_abc"]


@BOTH
async def test_every_call_carries_the_token(authority: Certificate, pem: Path, kind: str) -> None:
    metadata: list[dict[str, str]] = []
    with encrypted(authority, metadata=metadata) as service:
        service.performances = [lambda _: iter([pb.PerformResponse(opened=pb.SessionOpened())])]
        access: dict[str, Any] = {"ca": str(pem), "token": "abc"}
        if kind == "sync":
            with Client(service.address, **access) as sync:
                sync.effects()
                sync.resolve("rain")
                sync.server_info()
                sync.unload("tag")
                assert list(sync.preload([{"prompt": "rain"}]))
                with sync.stream("rain") as stream:
                    list(stream)
                with sync.perform():
                    pass
        else:
            async with AsyncClient(service.address, **access) as client:
                await client.effects()
                await client.resolve("rain")
                await client.server_info()
                await client.unload("tag")
                assert [event async for event in client.preload([{"prompt": "rain"}])]
                async with client.stream("rain") as later:
                    assert [block async for block in later]
                async with client.perform():
                    pass
    assert [told.get("authorization") for told in metadata] == ["Bearer abc"] * 7


@BOTH
async def test_a_server_that_wants_a_certificate_gets_it(
    authority: Certificate, pem: Path, tmp_path: Path, kind: str
) -> None:
    own = Certificate.of_client(authority, "game.example")
    (tmp_path / "own.pem").write_bytes(own.pem)
    (tmp_path / "own.key").write_bytes(own.key_pem)
    with encrypted(authority, asks=authority) as service:
        shown = {"client_cert": tmp_path / "own.pem", "client_key": tmp_path / "own.key"}
        await heard(service.address, kind, ca=pem, **shown)
        with pytest.raises(UnavailableError):
            await heard(service.address, kind, ca=pem)


@BOTH
async def test_a_server_of_a_stranger_is_not_spoken_to(pem: Path, kind: str) -> None:
    stranger = Certificate("another authority", authority=True)
    with encrypted(stranger) as service:
        for access in ({"ca": pem}, {"tls": True}):
            with pytest.raises(UnavailableError, match="no encrypted connection to 127"):
                await heard(service.address, kind, token="abc", **access)
        assert not service.requests


@BOTH
@pytest.mark.parametrize("address", ["studio.local:50051", "192.168.1.7:50051", "dns:///127.0.0.1.evil.example:1"])
async def test_a_token_is_never_sent_in_the_clear_to_another_machine(address: str, kind: str) -> None:
    with pytest.raises(InvalidRequestError, match="only over an encrypted connection") as caught:
        await heard(address, kind, token="swash_secret")
    assert [violation.field for violation in caught.value.violations] == ["token"]
    assert "swash_secret" not in str(caught.value)


async def test_a_token_may_travel_in_the_clear_where_nobody_listens_or_the_caller_says_so(
    scripted: Scripted,
) -> None:
    scripted.scripts = [play(*whole_take())]
    await heard(scripted.address, "sync", token="abc")
    Client("studio.local:50051", token="abc", insecure_token=True).close()


@pytest.mark.parametrize(
    "address, here",
    [
        ("127.0.0.1:1", True), ("127.9.9.9:1", True), ("localhost:1", True), ("LOCALHOST.:1", True),
        ("[::1]:1", True), ("::1", True), ("127.0.0.1", True), ("ipv4:127.0.0.1:1", True), ("ipv6:[::1]:1", True),
        ("ipv4:127.0.0.1:1,10.0.0.1:1", False), ("dns:///localhost:1", True), ("dns:localhost:1", True),
        ("dns://8.8.8.8/localhost:1", False),
        ("unix:/run/swash", True), ("unix:///run/swash", True), ("0.0.0.0:1", False), ("10.0.0.1:1", False),
        ("localhost.example:1", False), ("studio:1", False), ("[fe80::1]:1", False), ("xds:///127.0.0.1", False),
    ],
)  # fmt: skip
def test_only_what_stays_on_this_machine_is_this_machine(address: str, here: bool) -> None:
    assert is_this_machine(address) is here


@pytest.mark.parametrize(
    "access, field, says",
    [
        ({"ca": "/nowhere/ca.pem"}, "ca", "cannot read /nowhere/ca.pem"),
        ({"ca": "/dev/null"}, "ca", "a PEM file"),
        ({"client_cert": __file__}, "client_cert", "a PEM file"),
        ({"token": ""}, "token", "got 0 characters"),
        ({"token": "abc\n"}, "token", "got 4 characters"),
        ({"token": "a b"}, "token", "printable ASCII without spaces"),
        ({"retries": -1}, "retries", "0 to 100, got -1"),
        ({"retries": 101}, "retries", "0 to 100, got 101"),
        ({"keepalive_s": 0.5}, "keepalive_s", "1 to 3600, got 0.5"),
        ({"keepalive_s": float("nan")}, "keepalive_s", "1 to 3600, got nan"),
        ({"tls": True, "credentials": grpc.ssl_channel_credentials()}, "credentials", "got both"),
    ],
)
@pytest.mark.parametrize("client", [Client, AsyncClient])
async def test_what_cannot_be_used_is_told_before_anything_is_sent(
    client: ClientType, access: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(InvalidRequestError, match=says) as caught:
        client("127.0.0.1:1", **access)
    assert [violation.field for violation in caught.value.violations] == [field]


async def test_a_certificate_without_its_key_is_told(pem: Path) -> None:
    with pytest.raises(InvalidRequestError, match="client_key: a file, together with client_cert"):
        Client(client_cert=pem)
    with pytest.raises(InvalidRequestError, match="client_cert: a file, together with client_key"):
        Client(client_key=pem)


async def test_a_misspelt_credential_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="tokken"):
        Client(tokken="abc")  # type: ignore[call-arg]


async def test_who_is_not_let_in_is_told_what_to_bring(scripted: Scripted, client: Any) -> None:
    scripted.scripts = [
        fail(grpc.StatusCode.UNAUTHENTICATED, "unauthenticated"),
        fail(grpc.StatusCode.PERMISSION_DENIED, "Preload needs the role bake"),
    ]
    with pytest.raises(UnauthenticatedError, match="unauthenticated; give a token"):
        await client.render("rain")
    with pytest.raises(PermissionDeniedError, match="role bake; ask with a token"):
        await client.render("rain")
    assert len(scripted.requests) == 2
