"""Sounds that servers share, in a real Redis: found, made once, and done without when it fails."""

import asyncio
import contextlib
import dataclasses
import re
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from swash.v1 import sound_pb2 as pb
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, Engines, ModelChoice, load_engines
from swash_model.procedural.engine import ProceduralEngine
from swash_server.caches import shared_link, sound_file
from swash_server.caches.shared import Shared
from swash_server.caches.shared_claim import Claim
from swash_server.caches.sound_file import Stored
from swash_server.observability.metrics import Metrics
from swash_server.settings import InvalidSettingError, Settings
from tests.fault_proxy import NONE, FaultProxy, Faults
from tests.redis_process import RedisProcess
from tests.server.hand_engine import HandEngine
from tests.server.test_store import PROCESSES
from tests.serving import Answer, ServerThread, rendered, until

MODEL = Path(__file__).parent.parent / "data" / "stable_audio_open_small"
STEPS = 2
MIB = 1024 * 1024
LIMIT_MS = 5000  # on a busy machine what is there must be found
KEY = "ab" * 32


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path) as running:
        yield running


def serving(redis: RedisProcess, engine: HandEngine | None = None, **settings: object) -> ServerThread:
    here = {DEFAULT_ENGINE: ProceduralEngine(), **({NEURAL_ENGINE: engine} if engine else {})}
    return ServerThread(Engines(here, {}), **{"shared": redis.url, "shared_limit_ms": LIMIT_MS, **settings})  # type: ignore[arg-type]


@contextlib.contextmanager
def by_hand(redis: RedisProcess, **settings: object) -> Iterator[tuple[ServerThread, HandEngine]]:
    """Serve with an engine that is turned by hand; it is let go at the end."""
    engine = HandEngine()
    with serving(redis, engine, **settings) as server:
        try:
            yield server, engine
        finally:
            engine.let_go()


def rain(seed: int = 1, **fields: Any) -> pb.RenderRequest:
    return pb.RenderRequest(**{"effect": "rain", "seed": seed, "duration_s": 2.0, **fields})


def bell(seed: int = 1, **fields: Any) -> pb.RenderRequest:
    return pb.RenderRequest(
        **{"prompt": "a bell", "engine": NEURAL_ENGINE, "seed": seed, "steps": STEPS, **fields}
    )


def ask(server: ServerThread, request: pb.RenderRequest) -> Answer:
    with server.stub() as stub:
        return rendered(stub, request)


def renders(*servers: ServerThread, engine: str = NEURAL_ENGINE) -> float:
    return sum(server.metric("swash_render_seconds_count", engine=engine) for server in servers)


def asked(server: ServerThread, op: str) -> float:
    return server.metric("swash_shared_seconds_count", op=op)


# What one server has made, another has.


def test_what_one_server_made_another_finds_to_the_bit_in_any_encoding(
    redis: RedisProcess, tmp_path: Path
) -> None:
    encodings = (pb.ENCODING_PCM_S16LE, pb.ENCODING_WAV, pb.ENCODING_FLAC)
    with serving(redis) as one, serving(redis, store=tmp_path / "store") as other:
        for seed, encoding in enumerate(encodings):
            made = ask(one, rain(seed, encoding=encoding))
            assert made.header.cached == pb.CACHED_NO
            until(lambda made=made: made.header.key in redis.sounds(), "the sound is shared")  # type: ignore[misc]
            found = ask(other, rain(seed, encoding=encoding))
            assert found.header.cached == pb.CACHED_SHARED
            assert found.audio == made.audio
            assert found.header.key == made.header.key
            assert (found.trailer.sha256, found.trailer.loudness_lufs) == (
                made.trailer.sha256, made.trailer.loudness_lufs,
            )  # fmt: skip
            assert ask(other, rain(seed, encoding=encoding)).header.cached == pb.CACHED_MEMORY
        assert other.metric("swash_cache_lookups_total", cached="shared") == len(encodings)
        assert renders(other, engine=DEFAULT_ENGINE) == 0


def test_what_came_from_another_server_is_in_the_store_after_a_restart(
    redis: RedisProcess, tmp_path: Path
) -> None:
    with serving(redis) as one:
        made = ask(one, rain())
        until(lambda: made.header.key in redis.sounds(), "the sound is shared")
    with serving(redis, store=tmp_path / "store") as other:
        assert ask(other, rain()).header.cached == pb.CACHED_SHARED
    redis.kill()
    with serving(redis, store=tmp_path / "store") as other:
        again = ask(other, rain())
    assert again.header.cached == pb.CACHED_STORE
    assert again.audio == made.audio


def test_a_sound_that_is_made_in_no_time_is_not_asked_for(redis: RedisProcess) -> None:
    with serving(redis) as server:
        ask(server, pb.RenderRequest(effect="ui_click", seed=1))
        ask(server, rain(duration_s=1.9))
        assert asked(server, "get") == asked(server, "put") == 0


def test_a_sound_stays_for_a_time_after_its_last_use(redis: RedisProcess) -> None:
    with serving(redis, shared_ttl_s=100.0) as one, serving(redis, shared_ttl_s=1000.0) as other:
        key = ask(one, rain()).header.key
        until(lambda: key in redis.sounds(), "the sound is shared")
        assert 0 < redis.client.ttl(f"swash:v1:{key}") <= 100
        assert ask(other, rain()).header.cached == pb.CACHED_SHARED
        assert 100 < redis.client.ttl(f"swash:v1:{key}") <= 1000


def test_a_sound_larger_than_the_bound_is_not_shared(redis: RedisProcess) -> None:
    with serving(redis, shared_max_mib=1) as server:
        ask(server, rain(duration_s=4.0))  # 1.46 MiB
        key = ask(server, rain()).header.key
        until(lambda: bool(redis.sounds()), "the smaller sound is shared")
        assert redis.sounds() == {key}


# Of several servers one makes it.


def test_fifty_equal_calls_over_two_servers_cost_one_neural_sound(redis: RedisProcess) -> None:
    engines = [load_engines(ModelChoice(MODEL, threads=1)) for _ in range(2)]
    with (
        ServerThread(engines[0], shared=redis.url, shared_limit_ms=LIMIT_MS) as one,
        ServerThread(engines[1], shared=redis.url, shared_limit_ms=LIMIT_MS) as other,
        ThreadPoolExecutor(50) as pool,
    ):
        calls = [pool.submit(ask, (one, other)[number % 2], bell(7, duration_s=0.2)) for number in range(50)]
        answers = [call.result() for call in calls]
        assert renders(one, other) == 1
    assert len({answer.audio for answer in answers}) == 1
    assert {answer.header.cached for answer in answers} >= {pb.CACHED_NO, pb.CACHED_SHARED}


def test_who_waits_for_another_server_hears_the_sound_when_it_is_whole(redis: RedisProcess) -> None:
    with by_hand(redis) as (one, first), by_hand(redis) as (other, second), ThreadPoolExecutor(2) as pool:
        making = pool.submit(ask, one, bell())
        until(lambda: bool(redis.claims()), "the first has the right to make it")
        waiting = pool.submit(ask, other, bell())
        until(lambda: asked(other, "claim") > 0, "the second has asked for the right")
        first.step(STEPS)
        made, waited = making.result(), waiting.result()
        assert (made.header.cached, waited.header.cached) == (pb.CACHED_NO, pb.CACHED_SHARED)
        assert made.audio == waited.audio
        assert second.begun == []
        until(lambda: not redis.claims(), "the right is let go")


def make_for_ever(url: str) -> None:
    """Be a server that makes a sound which never ends."""
    engines = Engines({DEFAULT_ENGINE: ProceduralEngine(), NEURAL_ENGINE: HandEngine()}, {})
    with ServerThread(engines, shared=url, shared_limit_ms=LIMIT_MS) as server:
        ask(server, bell())


def test_a_server_that_dies_while_it_makes_a_sound_is_replaced_by_one_that_waits(redis: RedisProcess) -> None:
    dying = PROCESSES.Process(target=make_for_ever, args=(redis.url,), daemon=True)
    dying.start()
    with by_hand(redis) as (server, engine), ThreadPoolExecutor(1) as pool:
        until(lambda: bool(redis.claims()), "the first has the right to make it", tries=1_000_000)
        waiting = pool.submit(ask, server, bell())
        until(lambda: asked(server, "claim") > 0, "the second has asked for the right")
        dying.kill()
        dying.join()
        assert engine.begun == []
        engine.step(STEPS)
        assert waiting.result().header.cached == pb.CACHED_NO
        assert engine.begun == [1]


def test_when_the_one_that_makes_it_fails_the_next_tries(redis: RedisProcess) -> None:
    with by_hand(redis) as (one, first), by_hand(redis) as (other, second), ThreadPoolExecutor(2) as pool:
        first.failure = RuntimeError("no")
        making = pool.submit(ask, one, bell())
        until(lambda: bool(redis.claims()), "the first has the right to make it")
        waiting = pool.submit(ask, other, bell())
        until(lambda: asked(other, "claim") > 0, "the second has asked for the right")
        first.step()
        second.step(STEPS)
        with pytest.raises(grpc.RpcError):
            making.result()
        assert waiting.result().header.cached == pb.CACHED_NO
        assert (first.begun, second.begun) == ([1], [1])


def test_who_leaves_waits_no_more_and_leaves_nothing_behind(redis: RedisProcess) -> None:
    with by_hand(redis) as (one, first), by_hand(redis) as (other, second), ThreadPoolExecutor(1) as pool:
        making = pool.submit(ask, one, bell())
        until(lambda: bool(redis.claims()), "the first has the right to make it")
        with other.stub() as stub:
            call = stub.Render(bell())
            until(lambda: asked(other, "claim") > 0, "the second has asked for the right")
            call.cancel()
        until(lambda: other.metric("swash_stopped_renders_total") == 1, "the second has stopped")
        first.step(STEPS)
        assert making.result().header.cached == pb.CACHED_NO
        assert second.begun == []


def test_the_right_to_make_a_sound_is_kept_as_long_as_it_is_made(redis: RedisProcess) -> None:
    with by_hand(redis) as (one, first), ThreadPoolExecutor(1) as pool:
        making = pool.submit(ask, one, bell())
        until(lambda: bool(redis.claims()), "the server has the right to make it")
        (key,) = redis.claims()
        until(lambda: asked(one, "extend") >= 3, "the right is older than it would last")  # 3 x 0.7 s
        assert redis.claims() == {key}
        first.step(STEPS)
        making.result()


# It may fail in any way, and no call does.


def down(server: ServerThread) -> bool:
    return server.metric("swash_shared_up") == 0


def up(server: ServerThread) -> bool:
    return server.metric("swash_shared_up") == 1


def test_no_call_fails_when_it_dies_and_it_is_used_again_when_it_is_back(redis: RedisProcess) -> None:
    with by_hand(redis) as (server, engine):
        engine.let_go()
        assert up(server)
        redis.kill()
        for seed in range(10):
            assert ask(server, bell(seed)).header.cached == pb.CACHED_NO
        assert down(server)
        failures = server.metric("swash_shared_failures_total") - server.metric(
            "swash_shared_failures_total", op="probe"
        )
        assert failures <= 2 * shared_link.OPEN_AFTER  # then nothing is asked: each cost a call 50 ms at most
        redis.start()
        until(lambda: up(server), "it is found again")
        key = ask(server, bell(20)).header.key
        until(lambda: key in redis.sounds(), "sounds are shared again")


def test_no_call_fails_when_it_hangs(redis: RedisProcess) -> None:
    with by_hand(redis, shared_limit_ms=50) as (server, engine):
        engine.let_go()
        redis.hang()
        for seed in range(10):
            assert ask(server, bell(seed)).header.cached == pb.CACHED_NO
        assert down(server)
        assert server.metric("swash_shared_failures_total", op="get") <= shared_link.OPEN_AFTER
        redis.go_on()
        until(lambda: up(server), "it is found again")


BAD = {
    "late": Faults(delay_s=0.5),
    "narrow": Faults(bytes_a_second=20_000),
    "broken off": Faults(reset_after_bytes=100_000),
    "silent": Faults(silent=True),
}


@pytest.mark.parametrize("how", BAD)
def test_no_call_fails_and_no_byte_is_wrong_on_a_bad_network(redis: RedisProcess, how: str) -> None:
    with FaultProxy(f"127.0.0.1:{redis.port}") as proxy, by_hand(redis) as (one, first):
        first.let_go()
        made = {seed: ask(one, bell(seed)) for seed in range(4)}
        until(lambda: redis.sounds() == {answer.header.key for answer in made.values()}, "all are shared")
        with by_hand(redis, shared=f"redis://{proxy.address}/0", shared_limit_ms=50) as (other, second):
            second.let_go()
            proxy.faults = BAD[how]
            assert all(ask(other, bell(seed)).audio == made[seed].audio for seed in range(4))
            assert other.metric("swash_shared_failures_total", op="get") > 0
            assert other.metric("swash_shared_damaged_total") == 0
            proxy.faults = NONE
            until(lambda: up(other), "it is found again")


def test_a_sound_that_is_waited_for_is_made_here_when_the_tier_dies(redis: RedisProcess) -> None:
    with by_hand(redis) as (one, first), by_hand(redis) as (other, second), ThreadPoolExecutor(2) as pool:
        making = pool.submit(ask, one, bell())
        until(lambda: bool(redis.claims()), "the first has the right to make it")
        waiting = pool.submit(ask, other, bell())
        until(lambda: asked(other, "claim") > 0, "the second has asked for the right")
        redis.kill()
        second.step(STEPS)
        assert waiting.result().header.cached == pb.CACHED_NO
        first.step(STEPS)
        assert making.result().audio == waiting.result().audio


def test_a_server_starts_without_it_and_finds_it_later(redis: RedisProcess) -> None:
    redis.kill()
    with serving(redis) as server:
        assert down(server)
        assert ask(server, rain(1)).header.cached == pb.CACHED_NO
        redis.start()
        until(lambda: up(server), "it is found")
        key = ask(server, rain(2)).header.key
        until(lambda: key in redis.sounds(), "sounds are shared")


def test_full_memory_costs_what_would_be_shared_and_nothing_else(redis: RedisProcess) -> None:
    redis.client.set("full", b"x" * 2 * MIB)
    redis.client.config_set("maxmemory", MIB)  # and nothing may be thrown out
    with by_hand(redis) as (server, engine):
        engine.let_go()
        assert ask(server, bell()).header.cached == pb.CACHED_NO
        ask(server, rain())
        until(lambda: server.metric("swash_shared_failures_total", op="put") > 0, "a sound is refused")
        assert up(server)  # it answers, and what it has is found


def test_a_wrong_password_is_as_if_it_were_down_and_stands_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with RedisProcess(tmp_path, password="right") as redis:
        for password, is_up in (("right", True), ("wrong-secret", False)):
            with serving(redis, shared=f"redis://:{password}@127.0.0.1:{redis.port}/0") as server:
                assert up(server) == is_up
                assert ask(server, rain()).trailer.frames > 0
    assert "does not answer" in caplog.text
    assert "secret" not in caplog.text
    assert "secret" not in repr(Settings(shared="redis://:secret@host"))


async def say_garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(1000):
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
    writer.close()


async def test_another_program_at_its_address_is_done_without() -> None:
    listener = await asyncio.start_server(say_garbage, "127.0.0.1", 0)
    metrics = Metrics()
    port = listener.sockets[0].getsockname()[1]
    shared = Shared(f"redis://127.0.0.1:{port}", metrics, limit_s=LIMIT_MS / 1000, ttl_s=100, max_bytes=MIB)
    await shared.start()
    try:
        assert metrics.registry.get_sample_value("swash_shared_up") == 0
        assert await shared.get(KEY, 1000) is None
    finally:
        await shared.close()
        listener.close()


# Never a wrong byte.


@contextlib.asynccontextmanager
async def tier(redis: RedisProcess, max_bytes: int = MIB) -> AsyncIterator[tuple[Shared, Metrics]]:
    metrics = Metrics()
    shared = Shared(redis.url, metrics, limit_s=LIMIT_MS / 1000, ttl_s=100, max_bytes=max_bytes)
    await shared.start()
    try:
        yield shared, metrics
    finally:
        await shared.close()


def a_sound(frames: int = 1000) -> Stored:
    sound = np.random.default_rng(1).uniform(-1, 1, (frames, 2)).astype(np.float32)
    return Stored(sound, 48_000, {"facts": {"frames": frames}})


def damages() -> dict[str, Any]:
    whole = sound_file.packed(KEY, a_sound())
    other_version = whole[:8] + (99).to_bytes(4, "little") + whole[12:]
    return {
        "a bit": whole[:-9] + bytes([whole[-9] ^ 4]) + whole[-8:],
        "a part": whole[:-1],
        "a head": whole[:40],
        "more": whole + b"\0",
        "another version": other_version,
        "another sound": sound_file.packed("cd" * 32, a_sound()),
        "no sound": b"hello",
    }


@pytest.mark.parametrize("what", damages())
async def test_a_value_that_is_not_the_sound_is_missing_counted_and_taken_away(
    redis: RedisProcess, what: str
) -> None:
    async with tier(redis) as (shared, metrics):
        redis.client.set(f"swash:v1:{KEY}", damages()[what])
        assert await shared.get(KEY, 10_000) is None
        assert metrics.registry.get_sample_value("swash_shared_damaged_total") == 1
        assert metrics.registry.get_sample_value("swash_shared_up") == 1
        assert redis.sounds() == set()


async def test_a_list_where_a_sound_should_be_is_taken_away(redis: RedisProcess) -> None:
    async with tier(redis) as (shared, metrics):
        redis.client.rpush(f"swash:v1:{KEY}", "one")
        assert await shared.get(KEY, 10_000) is None
        assert metrics.registry.get_sample_value("swash_shared_damaged_total") == 1
        assert redis.sounds() == set()


async def test_of_a_huge_value_no_more_is_read_than_a_sound_may_take(redis: RedisProcess) -> None:
    async with tier(redis, max_bytes=10_000) as (shared, _):
        redis.client.set(f"swash:v1:{KEY}", b"x" * 32 * MIB)
        before = redis.client.info("stats")["total_net_output_bytes"]
        assert await shared.get(KEY, 10_000) is None
        assert redis.client.info("stats")["total_net_output_bytes"] - before < MIB


async def test_a_sound_comes_back_to_the_bit_and_cannot_be_changed(redis: RedisProcess) -> None:
    sound = a_sound(40_000)
    async with tier(redis) as (one, _), tier(redis) as (other, _):
        found, claim = await one.claim(KEY, 1000, left=lambda: False, on_left=lambda _: None)
        assert found is None
        assert isinstance(claim, Claim)
        one.keep(KEY, sound, claim)
        again, none = await other.claim(KEY, 1000, left=lambda: False, on_left=lambda _: None)
        assert none is None
        assert again is not None
        assert again.sound.tobytes() == sound.sound.tobytes()
        assert dataclasses.replace(again, sound=sound.sound) == sound
        with pytest.raises(ValueError, match="read-only"):
            again.sound[0] = 0


# Settings.


@pytest.mark.parametrize("url", ["host:6379", "http://host", "redis://", "redis://:hidden@ host"])
def test_a_url_that_is_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidSettingError, match=re.escape("shared: redis://")) as refused:
        Settings(shared=url, shared_limit_ms=LIMIT_MS)
    assert "hidden" not in str(refused.value)


def test_without_the_setting_nothing_is_told_of_it() -> None:
    with ServerThread(Engines({DEFAULT_ENGINE: ProceduralEngine()}, {})) as server:
        assert np.isnan(server.metric("swash_shared_up"))
