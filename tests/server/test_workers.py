"""Processes that make sounds may die, hang or be killed: listeners hear nothing of it, nothing stays behind."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from swash.v1 import sound_pb2 as pb
from swash_model.engine import UNWATCHED, Watch
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Ask, Block
from swash_server.errors import NotReadyError, QualityError, WorkerError
from swash_server.formats.encode import Encoding
from swash_server.live.crew import Crew
from swash_server.making.mastering import Mastering
from swash_server.making.order import Order
from swash_server.making.tape import Facts
from swash_server.making.workshop import Job, Threads, Workshop
from swash_server.observability.telemetry import NO_SPAN
from swash_server.workers.nursery import Nursery
from swash_server.workers.pipe import Failure
from swash_server.workers.processes import Processes
from swash_server.workers.slots import SLOT_SAMPLES, Slots, shared_memory
from swash_server.workers.worker import Worker
from tests.serving import ServerProcess, rendered, until

GOLDEN = Path(__file__).parent.parent / "data" / "stable_audio_open_small"
MASTERING = Mastering(48_000, 2, None, -1.0)
WAIT_S = 60.0

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are looked up in /proc")


def children_of(pid: int) -> list[int]:
    """Return every process that was started by this one."""
    try:
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []


def below(pid: int) -> list[int]:
    """Return every process that was started by this one, or by one that was."""
    return [each for child in children_of(pid) for each in (child, *below(child))]


def own_zygote() -> int:
    """Return the warm process of this one, which has workers; servers that other tests started have their own."""
    (zygote,) = [
        pid for pid in children_of(os.getpid()) if runs(pid, "swash_server.workers.zygote") and below(pid)
    ]
    return zygote


def runs(pid: int, module: str) -> bool:
    try:
        return module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def zygote_of(server: int) -> int:
    (found,) = [pid for pid in below(server) if runs(pid, "zygote") and below(server)[0] == pid]
    return found


def workers_of(server: int) -> list[int]:
    """Return the processes that were forked from the warm one."""
    return below(zygote_of(server))


def order(seconds: float = 20.0, seed: int = 1) -> Order:
    engine = ProceduralEngine()
    return Order(engine, engine.resolve(Ask(effect="rain", duration_s=seconds, seed=seed)).spec, MASTERING)


async def made(job: Job, pieces: list[Block]) -> tuple[Block, Facts]:
    while (block := await job.turn()) is not None:
        if len(block):
            pieces.append(block)
    return await job.whole(pieces)


class Shop:
    """A workshop of one process, and what it was heard to say."""

    def __init__(self) -> None:
        self.nursery = Nursery()
        self.spawned: list[Worker] = []
        self.restarts = 0
        self.up: list[bool] = []
        self.workshop = Processes(
            DEFAULT_ENGINE, self._spawn, 1, on_restart=self._restarted, on_up=self.up.append,
        )  # fmt: skip

    async def _spawn(self) -> Worker:
        self.spawned.append(await self.nursery.sounds())
        return self.spawned[-1]

    def _restarted(self) -> None:
        self.restarts += 1

    def begin(self, what: Order, watch: Watch = UNWATCHED) -> Job:
        return self.workshop.begin(what, watch, NO_SPAN)

    async def __aenter__(self) -> "Shop":
        await self.workshop.warm_up(ProceduralEngine())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.workshop.close()
        await self.nursery.close()


async def test_a_process_makes_to_the_bit_what_a_thread_makes() -> None:
    threads: Workshop = Threads(1)
    here, facts = await made(threads.begin(order(2.0), UNWATCHED, NO_SPAN), [])
    await threads.close()
    async with Shop() as shop:
        there, told = await made(shop.begin(order(2.0)), [])
        assert shop.spawned[0].busy == 0
    np.testing.assert_array_equal(here, there)
    assert (facts.frames, facts.loudness_lufs) == (told.frames, told.loudness_lufs)


@pytest.mark.parametrize("turns", [0, 1, 5])
async def test_a_sound_goes_on_where_it_was_when_its_process_is_killed(turns: int) -> None:
    async with Shop() as shop:
        whole, _ = await made(shop.begin(order(4.0)), [])
        job = shop.begin(order(4.0))
        pieces = [block for _ in range(turns) if (block := await job.turn()) is not None]
        shop.spawned[0].kill()
        again, facts = await made(job, pieces)
        np.testing.assert_array_equal(whole, again)
        assert facts.frames == len(whole)
        assert (shop.restarts, len(shop.spawned)) == (1, 2)
        assert False in shop.up
        assert shop.up[-1]


async def test_a_sound_that_comes_out_otherwise_the_second_time_is_no_sound() -> None:
    async with Shop() as shop:
        job = shop.begin(order(2.0))
        first = await job.turn()
        assert first is not None
        shop.spawned[0].kill()
        with pytest.raises(WorkerError, match="another"):
            await made(job, [first + np.float32(0.5)])


async def test_a_sound_whose_process_dies_before_it_is_measured_is_measured_all_the_same() -> None:
    async with Shop() as shop:
        job, pieces = shop.begin(order(2.0)), []
        while (block := await job.turn()) is not None:
            pieces.append(block)
        shop.spawned[0].kill()
        sound, facts = await job.whole(pieces)
        assert facts.frames == len(sound) == 96_000


async def test_what_kills_every_process_is_refused_and_the_next_sound_is_made() -> None:
    async with Shop() as shop:
        job = shop.begin(order(20.0))
        await job.turn()
        shop.spawned[0].kill()
        await job.turn()
        shop.spawned[1].kill()
        with pytest.raises(NotReadyError) as refused:
            await made(job, [])
        await job.close()
        assert refused.value.retry_after_s > 0
        _, facts = await made(shop.begin(order(1.0)), [])
        assert facts.frames == 48_000
        assert shop.restarts == 2


async def test_a_process_that_hangs_is_killed_and_its_sound_made_by_another() -> None:
    async with Shop() as shop:
        shop.workshop.patience_s = lambda _order: 0.5
        job = shop.begin(order(2.0))
        first = await job.turn()
        assert first is not None
        os.kill(shop.spawned[0].pid, signal.SIGSTOP)
        sound, _ = await made(job, [first])
        assert shop.restarts == 1
        assert len(sound) == 96_000


async def test_many_sounds_at_once_stay_apart() -> None:
    async with Shop() as shop:
        alone = [(await made(shop.begin(order(1.0, seed)), []))[0] for seed in range(3)]
        together = await asyncio.gather(*(made(shop.begin(order(1.0, seed % 3)), []) for seed in range(24)))
        for number, (sound, _) in enumerate(together):
            np.testing.assert_array_equal(sound, alone[number % 3])


async def test_when_the_warm_process_dies_its_workers_live_on_and_the_next_comes_from_another() -> None:
    async with Shop() as shop:
        zygote = own_zygote()
        os.kill(zygote, signal.SIGKILL)
        await made(shop.begin(order(1.0)), [])
        assert shop.restarts == 0
        shop.spawned[0].kill()
        await made(shop.begin(order(1.0)), [])
        assert shop.restarts == 1


async def test_what_is_left_of_a_sound_is_let_go_when_nobody_waits() -> None:
    async with Shop() as shop:
        job = shop.begin(order(20.0))
        await job.turn()
        await job.close()
        assert shop.spawned[0].busy == 0
        with pytest.raises(WorkerError, match="KeyError"):
            await shop.spawned[0].ask(1, "whole")


async def test_a_process_of_live_voices_that_dies_ends_its_own_sessions_alone() -> None:
    restarts: list[None] = []
    nursery = Nursery()
    crew = Crew(2, nursery, on_restart=lambda: restarts.append(None))
    try:
        seats = [await crew.seat(MASTERING, Encoding.PCM_S16LE) for _ in range(4)]
        zygote = own_zygote()
        os.kill(below(zygote)[0], signal.SIGKILL)
        made_by = await asyncio.gather(*(seat.make(10, []) for seat in seats), return_exceptions=True)
        assert sorted(isinstance(each, NotReadyError) for each in made_by) == [False, False, True, True]
        for seat in seats:
            seat.leave()
        again = [await crew.seat(MASTERING, Encoding.PCM_S16LE) for _ in range(2)]
        assert all([(await seat.make(10, [])).quantum == 10 for seat in again])
        assert len(restarts) == 1
    finally:
        await crew.close()
        await nursery.close()


def test_an_error_arrives_as_what_it_was() -> None:
    sent = QualityError("silence", "nothing", "key")
    arrived = Failure.of(sent).error()
    assert isinstance(arrived, QualityError)
    assert (str(arrived), arrived.reason, arrived.problem) == (str(sent), sent.reason, sent.problem)
    told = str(Failure.of(ValueError("a word of a caller")).error())
    assert "a word of a caller" not in told
    assert "ValueError" in told


def test_a_block_passes_through_memory_that_has_no_name() -> None:
    descriptor = shared_memory()
    one, other = Slots(descriptor), Slots(descriptor)
    os.close(descriptor)
    block = np.random.default_rng(5).standard_normal((SLOT_SAMPLES // 2, 2)).astype(np.float32)
    one.put(7, block)
    one.put(0, np.zeros_like(block))
    taken = other.take(7, *block.shape)
    one.put(7, np.zeros_like(block))
    np.testing.assert_array_equal(taken, block)
    one.close()
    other.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path, "--engines-in=process", "--workers=1") as running:
        yield running


def test_listeners_hear_the_whole_sound_though_its_process_is_killed(server: ServerProcess) -> None:
    request = pb.RenderRequest(effect="rain", seed=7, duration_s=100.0)
    with server.stub() as stub:
        call = stub.Render(request, timeout=WAIT_S)
        heard = b""
        for event in call:
            if event.HasField("audio"):
                if not heard:
                    for worker in workers_of(server.process.pid):
                        os.kill(worker, signal.SIGKILL)
                heard += event.audio.data
        assert server.metric("swash_engine_restarts_total", engine=DEFAULT_ENGINE) >= 1
        again = rendered(stub, pb.RenderRequest(effect="rain", seed=7, duration_s=100.0))
        assert again.audio == heard
        until(lambda: server.metric("swash_engine_up", engine=DEFAULT_ENGINE) == 1, "the engine is up again")
    assert server.stop() == 0


def test_nothing_stays_behind_when_a_server_is_killed(server: ServerProcess) -> None:
    before = set(Path("/dev/shm").iterdir())
    with server.stub() as stub:
        rendered(stub, pb.RenderRequest(effect="rain", seed=1, duration_s=1.0))
    processes = below(server.process.pid)
    assert len(processes) == 2
    os.kill(processes[-1], signal.SIGSTOP)  # one that hangs does not see that it is alone
    server.kill()
    until(lambda: not any(map(is_there, processes)), "every process has ended", 1_000_000)
    assert set(Path("/dev/shm").iterdir()) <= before


def test_what_ends_a_server_in_order_does_not_end_its_workers_first(server: ServerProcess) -> None:
    workers = workers_of(server.process.pid)
    for worker in workers:
        os.kill(worker, signal.SIGTERM)
        os.kill(worker, signal.SIGINT)
    with server.stub() as stub:
        rendered(stub, pb.RenderRequest(effect="ui_click", seed=1))
    assert workers_of(server.process.pid) == workers
    assert server.stop() == 0


@pytest.fixture(scope="module")
def neural(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    store = tmp_path_factory.mktemp("store")
    with ServerProcess(store, f"--model={GOLDEN}", "--neural-threads=1") as running:
        yield running


def neural_process(server: ServerProcess) -> int:
    (found,) = [pid for pid in below(server.process.pid) if runs(pid, "swash_server.workers.neural_worker")]
    return found


def test_the_process_that_takes_calls_has_no_torch(neural: ServerProcess) -> None:
    def loads_torch(pid: int) -> bool:
        return "libtorch" in Path(f"/proc/{pid}/maps").read_text()

    assert not loads_torch(neural.process.pid)
    assert loads_torch(neural_process(neural))


def test_while_the_neural_engine_is_loaded_again_calls_are_told_when_to_come_back(neural: ServerProcess) -> None:
    request = pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, steps=2, seed=3)
    with neural.stub() as stub, grpc.insecure_channel(neural.address) as channel:
        before = rendered(stub, request)
        os.kill(neural_process(neural), signal.SIGKILL)
        until(lambda: neural.metric("swash_engine_up", engine=NEURAL_ENGINE) == 0, "the engine is away")
        health = health_pb2_grpc.HealthStub(channel)
        asked = health_pb2.HealthCheckRequest(service=f"engine.{NEURAL_ENGINE}")
        answer = health.Check(asked, timeout=WAIT_S)  # type: ignore[attr-defined]
        assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert rendered(stub, request).header.cached == pb.CACHED_MEMORY
        with pytest.raises(grpc.RpcError) as refused:
            rendered(stub, pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, steps=2, seed=4))
        error = refused.value
        assert isinstance(error, grpc.Call)
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        status = rpc_status.from_call(error)
        assert status is not None
        assert status.details[0].Unpack(error_details_pb2.RetryInfo())
        instead = pb.RenderRequest(prompt="rain", engine=NEURAL_ENGINE, steps=2, seed=5, fallback=True)
        assert rendered(stub, instead).header.fallback
        up = lambda: neural.metric("swash_engine_up", engine=NEURAL_ENGINE) == 1  # noqa: E731
        until(up, "the engine is back", 1_000_000)
        again = rendered(stub, pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, steps=2, seed=6))
        assert again.header.engine_version == before.header.engine_version
    assert neural.metric("swash_engine_restarts_total", engine=NEURAL_ENGINE) == 1


def test_a_neural_sound_whose_process_is_killed_is_made_by_the_next(neural: ServerProcess) -> None:
    request = pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, steps=50, seed=8)
    with neural.stub() as stub:
        call = stub.Render(request, timeout=WAIT_S)
        assert next(call).HasField("progress")
        os.kill(neural_process(neural), signal.SIGKILL)
        events = list(call)
        assert events[-1].HasField("trailer")
        heard = b"".join(event.audio.data for event in events if event.HasField("audio"))
        assert heard == rendered(stub, request).audio
