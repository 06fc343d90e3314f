import asyncio
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2

from swash.v1 import sound_pb2 as pb
from swash_client import (
    AsyncClient,
    Client,
    DeadlineError,
    FieldViolation,
    InternalError,
    InvalidRequestError,
    NotReadyError,
    OverloadedError,
    PermissionDeniedError,
    SwashError,
    UnauthenticatedError,
    UnavailableError,
    UnknownSoundError,
)
from tests.clients.python.scripted import Scripted, Slow, fail, header, serving

RETRY = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=2, nanos=500_000_000))


async def test_a_bad_request_names_each_field(scripted: Scripted, client: Any) -> None:
    violation = error_details_pb2.BadRequest.FieldViolation(field="channels", description="1 or 2, got 3")
    bad_request = error_details_pb2.BadRequest(field_violations=[violation])
    scripted.scripts = [fail(grpc.StatusCode.INVALID_ARGUMENT, "channels: 1 or 2, got 3", RETRY, bad_request)]
    with pytest.raises(InvalidRequestError, match="1 or 2") as caught:
        await client.render("rain", channels=3)
    assert caught.value.violations == (FieldViolation("channels", "1 or 2, got 3"),)


async def test_an_unknown_sound_says_what_to_try(scripted: Scripted, client: Any) -> None:
    resolution = pb.ResolvePromptResponse(suggestions=["rain", "wind"], unknown_words=["qqq"])
    scripted.scripts = [fail(grpc.StatusCode.NOT_FOUND, "nothing sounds like 'qqq'", resolution)]
    with pytest.raises(UnknownSoundError, match="nothing sounds like") as caught:
        await client.render("qqq")
    assert caught.value.suggestions == ("rain", "wind")
    assert caught.value.unknown_words == ("qqq",)


async def test_an_unknown_sound_without_details_has_only_its_message(scripted: Scripted, client: Any) -> None:
    scripted.scripts = [fail(grpc.StatusCode.NOT_FOUND, "try 'rain'")]
    with pytest.raises(UnknownSoundError, match="try 'rain'") as caught:
        await client.render("qqq")
    assert caught.value.suggestions == ()


@pytest.mark.parametrize(
    "code, kind",
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, OverloadedError),
        (grpc.StatusCode.UNAVAILABLE, UnavailableError),
    ],
)
async def test_a_server_that_is_busy_for_longer_than_the_deadline_says_when_to_come_back(
    scripted: Scripted, client: Any, code: grpc.StatusCode, kind: type[SwashError]
) -> None:
    scripted.scripts = [fail(code, "come back later", RETRY)]
    with pytest.raises(kind, match=r"^come back later$") as caught:
        await client.render("rain", timeout_s=2.0)
    assert isinstance(caught.value, OverloadedError | UnavailableError)
    assert caught.value.retry_after_s == 2.5


@pytest.mark.parametrize(
    "code, kind",
    [
        (grpc.StatusCode.FAILED_PRECONDITION, NotReadyError),
        (grpc.StatusCode.UNAUTHENTICATED, UnauthenticatedError),
        (grpc.StatusCode.PERMISSION_DENIED, PermissionDeniedError),
        (grpc.StatusCode.INTERNAL, InternalError),
        (grpc.StatusCode.UNIMPLEMENTED, SwashError),
    ],
)
async def test_other_errors_keep_the_message_and_the_cause(
    scripted: Scripted, client: Any, code: grpc.StatusCode, kind: type[SwashError]
) -> None:
    scripted.scripts = [fail(code, "the reason")]
    with pytest.raises(SwashError, match="the reason") as caught:
        await client.render("rain")
    assert type(caught.value) is kind
    assert isinstance(caught.value.__cause__, grpc.RpcError)


async def test_a_status_that_contradicts_its_details_counts_without_them(scripted: Scripted, client: Any) -> None:
    def script(request: pb.RenderRequest, context: Any) -> Iterator[pb.RenderResponse]:
        yield header()
        context.set_trailing_metadata((("grpc-status-details-bin", RETRY.SerializeToString()),))
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy")

    scripted.scripts = [script]
    with pytest.raises(OverloadedError, match="busy") as caught:
        await client.render("rain")
    assert caught.value.retry_after_s is None


async def test_a_deadline_that_passes_is_told_and_stops_the_call(scripted: Scripted, client: Any) -> None:
    slow = Slow(header())
    scripted.scripts = [slow]
    with pytest.raises(DeadlineError, match="timeout_s"):
        await client.render("rain", timeout_s=0.2)
    assert await asyncio.to_thread(slow.left.wait, 30)


@pytest.fixture
def nobody() -> str:
    """Return the address of a server that has gone."""
    with serving(Scripted()) as service:
        return service.address


def test_no_server_there_is_told_with_its_address_and_how_to_start_one(nobody: str) -> None:
    with Client(nobody) as client:
        for ask in (
            lambda: client.render("rain"),
            client.effects,
            lambda: client.resolve("a"),
            client.server_info,
        ):
            with pytest.raises(UnavailableError, match=f"{nobody}.*swash serve") as caught:
                ask()
            assert caught.value.retry_after_s is None


async def test_no_server_there_is_told_the_async_client_too(nobody: str) -> None:
    async with AsyncClient(nobody) as client:
        for ask in (client.render("rain"), client.effects(), client.resolve("a"), client.server_info()):
            with pytest.raises(UnavailableError, match=f"{nobody}.*swash serve"):
                await ask
