"""One take in one message, and answers that are given again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from swash.v1 import sound_pb2 as pb
from swash.v1.sound_pb2_grpc import SoundServiceStub
from tests.serving import Answer, ServerProcess, rendered

STEP = pb.RenderRequest(effect="footsteps", parameters={"surface": pb.ParameterValue(choice="snow")}, seed=4)


@pytest.fixture(scope="module")
def stub(server: ServerProcess) -> Iterator[SoundServiceStub]:
    with server.stub() as stub:
        yield stub


def fetched(stub: SoundServiceStub, request: pb.RenderRequest) -> pb.FetchResponse:
    return stub.Fetch(pb.FetchRequest(render=request), timeout=60)


def same_but_for_the_call(one: pb.Header, other: pb.Header) -> bool:
    """Return whether two headers say the same of a sound."""
    copies = pb.Header(), pb.Header()
    for copy, header in zip(copies, (one, other), strict=True):
        copy.CopyFrom(header)
        copy.ClearField("request_id")
        copy.ClearField("cached")
        copy.ClearField("frames")  # of a one-shot that is being made nobody knows it yet
    return copies[0] == copies[1]


def test_a_fetched_sound_is_the_rendered_one(stub: SoundServiceStub) -> None:
    streamed = rendered(stub, STEP)
    for _ in range(3):
        whole = fetched(stub, STEP)
        assert whole.data == streamed.audio
        assert whole.trailer == streamed.trailer
        assert same_but_for_the_call(whole.header, streamed.header)
        assert whole.header.cached == pb.CACHED_MEMORY


@pytest.mark.parametrize(
    "encoding",
    [pb.ENCODING_PCM_S16LE, pb.ENCODING_PCM_F32LE, pb.ENCODING_WAV, pb.ENCODING_FLAC, pb.ENCODING_OGG_OPUS],
    ids=pb.Encoding.Name,
)
def test_a_sound_fetched_first_is_the_one_streamed_later(
    stub: SoundServiceStub, encoding: pb.Encoding.ValueType
) -> None:
    request = pb.RenderRequest(effect="impact/anvil", seed=900 + encoding, encoding=encoding)
    made, again = fetched(stub, request), fetched(stub, request)
    streamed = rendered(stub, request)
    assert made.header.cached == pb.CACHED_NO
    assert again.data == made.data == streamed.audio
    assert again.trailer == made.trailer == streamed.trailer
    assert same_but_for_the_call(again.header, made.header)


@pytest.mark.parametrize("ask", [rendered, fetched], ids=["streamed", "fetched"])
def test_an_answer_given_again_is_the_same_and_its_own(
    stub: SoundServiceStub, ask: Callable[[SoundServiceStub, pb.RenderRequest], Answer | pb.FetchResponse]
) -> None:
    request = pb.RenderRequest(prompt="windy beach at night with distant thunder", seed=31, duration_s=1.5)
    answers = [ask(stub, request) for _ in range(4)]
    assert len({answer.header.request_id for answer in answers}) == 4
    assert [answer.header.cached for answer in answers[1:]] == [pb.CACHED_MEMORY] * 3
    for answer in answers[1:]:
        assert same_but_for_the_call(answer.header, answers[0].header)
        assert answer.trailer == answers[0].trailer


def test_without_a_seed_each_sound_is_another(stub: SoundServiceStub) -> None:
    request = pb.RenderRequest(effect="impact")
    assert len({fetched(stub, request).header.seed for _ in range(4)}) == 4


def test_an_answer_is_forgotten_with_its_sound(tmp_path: Path) -> None:
    """Memory for one sound of two: what is asked for alternately is read from the store each time."""
    with ServerProcess(tmp_path, "--memory-mib=2") as small, small.stub() as stub:
        requests = [pb.RenderRequest(effect="wind", seed=seed, duration_s=4.0) for seed in (1, 2)]
        first = [rendered(stub, request) for request in requests]
        for _ in range(2):
            for request, before in zip(requests, first, strict=True):
                again = rendered(stub, request)
                assert again.header.cached == pb.CACHED_STORE
                assert again.audio == before.audio


def test_again_counts_as_any_other_call_does(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, server.stub() as stub:
        streamed = [rendered(stub, STEP) for _ in range(3)]
        assert fetched(stub, STEP).data == streamed[0].audio
        assert server.metric("swash_cache_lookups_total", cached="memory") == 3
        assert server.metric("swash_cache_lookups_total", cached="no") == 1
        assert server.metric("swash_first_frames_seconds_count", cached="memory") == 3
        assert server.metric("swash_sent_bytes_total") >= 4 * len(streamed[0].audio)


@pytest.mark.parametrize(
    "request_, field",
    [
        (pb.RenderRequest(effect="rain", takes=2), "render.takes: 1 in one message, got 2"),
        (pb.RenderRequest(effect="rain", first_frame=9), "render.first_frame: 0 in one message, got 9"),
    ],
)
def test_what_is_not_one_whole_take_is_refused(
    stub: SoundServiceStub, request_: pb.RenderRequest, field: str
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        fetched(stub, request_)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == field


def test_what_fits_into_no_message_is_told_to_be_streamed(stub: SoundServiceStub) -> None:
    request = pb.RenderRequest(effect="wind", duration_s=17.0, seed=3)
    for remembered in (False, True):
        with pytest.raises(grpc.RpcError) as refused:
            fetched(stub, request)
        assert refused.value.code() is grpc.StatusCode.OUT_OF_RANGE
        assert "Render streams it" in (refused.value.details() or "")
        if not remembered:
            assert len(rendered(stub, request).audio) > 3 * 2**20
