"""Neural sounds from a pool of replicas: a real Ray, two replicas, and a server that loads no model."""

import asyncio
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

from swash.v1 import sound_pb2 as pb
from swash_model.engine import UNWATCHED, Watch
from swash_model.engines import NEURAL_ENGINE
from swash_model.errors import EngineAbsentError
from swash_model.spec import Ask, Block, NeuralAsk
from swash_model.stable_audio.engine import StableAudioEngine
from swash_model.stable_audio.planning import PlannedEngine
from swash_server.errors import NotReadyError
from swash_server.making.mastering import Mastering
from swash_server.making.order import Order
from swash_server.making.tape import Facts
from swash_server.making.workshop import Job, Threads
from swash_server.observability.telemetry import NO_SPAN
from swash_server.settings import InvalidSettingError, Settings
from tests import tools
from tests.server.gated_engine import GATED, load
from tests.serving import ServerProcess, rendered, until

GOLDEN = tools.ROOT / "tests/data/stable_audio_open_small"
FOLDER = tools.ROOT / "deploy/ray"
MASTERING = Mastering(48_000, 2, None, -1.0)
APPLICATION = "swash-test"
REPLICAS = 2
STORE_BYTES = 80 * 1024 * 1024
TRIES = 20_000  # each a call to a replica and back
PATIENCE_S = 60.0
CONFIG: dict[str, Any] = yaml.safe_load((FOLDER / "serve.yaml").read_text())
(DEPLOYED,) = CONFIG["applications"][0]["deployments"]

pytestmark = [
    pytest.mark.xdist_group("ray"),
    pytest.mark.timeout(240),  # the first waits for Ray and two replicas to start
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Cluster:
    """A Ray of our own, whose replicas are held up at a gate."""

    def __init__(self, folder: Path) -> None:
        self.gate = folder / "gate"
        os.mkfifo(self.gate)
        # What is left of Serve in this process would else begin another Ray after this one.
        os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"
        import ray
        from ray import serve

        from swash_server.workers import ray_replica

        ray.init(
            num_cpus=REPLICAS,
            include_dashboard=False,
            object_store_memory=STORE_BYTES,
            log_to_driver=False,
            _temp_dir=str(folder / "ray"),
        )
        self.address: str = ray.get_runtime_context().gcs_address
        serve.start(proxy_location="Disabled")
        options = {key: value for key, value in DEPLOYED.items() if key != "name"}
        options["ray_actor_options"] = {
            "num_cpus": 1,
            "runtime_env": {"env_vars": {"PYTHONPATH": str(tools.ROOT)}},
        }
        options["autoscaling_config"] |= {"min_replicas": REPLICAS, "initial_replicas": REPLICAS}
        loading = partial(load, str(GOLDEN), str(self.gate))
        serve.run(ray_replica.sounds(loading, **options), name=APPLICATION, route_prefix=None)

    async def replicas(self, *, idle: int = REPLICAS) -> "dict[int, Any]":
        """Return what each replica has done, by its process, once so many have answered."""
        from ray import serve

        from swash_server.workers.ray_replica import DEPLOYMENT

        if self._handle is None:
            self._handle = serve.get_deployment_handle(DEPLOYMENT, APPLICATION)
        handle = self._handle
        found: dict[int, Any] = {}
        for _ in range(TRIES):
            counts = await handle.counts.remote()
            found[counts.pid] = counts
            if len(found) >= idle:
                return found
        raise AssertionError("replicas do not answer")

    def open(self, times: int) -> None:
        """Let so many sounds pass that stand at the gate or come to it."""
        held = os.open(self.gate, os.O_RDWR)
        self._held.append(held)
        os.write(held, bytes(times))

    _held: list[int]
    _handle: "Any" = None

    def __enter__(self) -> "Cluster":
        self._held = []
        return self

    def __exit__(self, *_: object) -> None:
        import ray

        for held in self._held:
            os.close(held)
        if self._handle is not None:
            self._handle.shutdown()
        ray.shutdown()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Give the one Ray of this module; what it writes lies in a folder of its own."""
    tools.ray()
    folder = Path(tempfile.mkdtemp(prefix="swash-ray"))  # the path of a socket must be short
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        try:
            with Cluster(folder) as running:
                yield running
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class Heard:
    """What a caller who waits is told, and whether one does."""

    def __init__(self) -> None:
        self.progress: list[tuple[int, int]] = []
        self.stages: list[str] = []
        self.gone = False
        self.first = asyncio.Event()

    def watch(self) -> Watch:
        def progress(step: int, steps: int) -> None:
            self.progress.append((step, steps))
            self.first.set()

        return Watch(lambda: self.gone, progress, lambda name, _: self.stages.append(name))


class Pool:
    """A workshop of the cluster, and what it was heard to say."""

    def __init__(self, address: str = "auto", application: str = APPLICATION) -> None:
        from swash_server.workers.ray_pool import RayWorkshop

        self.places: list[int] = []
        self.up: list[bool] = []
        self.lost = 0
        self.engine = PlannedEngine()
        self.workshop = RayWorkshop(
            address, application, patience_s=lambda _: PATIENCE_S,
            on_up=self.up.append, on_places=self.places.append, on_lost=self._lost,
        )  # fmt: skip

    def _lost(self) -> None:
        self.lost += 1

    def order(self, prompt: str, seed: int = 1, steps: int = 8) -> Order:
        ask = Ask(prompt=prompt, duration_s=0.5, seed=seed, neural=NeuralAsk(steps=steps))
        return Order(self.engine, self.engine.resolve(ask).spec, MASTERING)

    def begin(self, order: Order, watch: Watch = UNWATCHED) -> Job:
        return self.workshop.begin(order, watch, NO_SPAN)


@asynccontextmanager
async def pool_of(cluster: Cluster) -> AsyncIterator[Pool]:
    pool = Pool()
    await pool.workshop.warm_up(pool.engine)
    try:
        yield pool
    finally:
        await pool.workshop.close()


async def made(job: Job) -> tuple[Block, Facts]:
    pieces: list[Block] = []
    try:
        while (block := await job.turn()) is not None:
            pieces.append(block)
        return await job.whole(pieces)
    finally:
        await job.close()


@pytest.fixture(scope="module")
def here() -> StableAudioEngine:
    engine = StableAudioEngine(GOLDEN, threads=1)
    engine.warm_up()
    return engine


async def test_a_sound_of_the_pool_is_to_the_bit_what_the_engine_makes_here(
    cluster: Cluster, here: StableAudioEngine
) -> None:
    threads = Threads(1)
    async with pool_of(cluster) as pool:
        assert pool.engine.version == here.version
        for seed in range(3):
            order = pool.order("a bell", seed)
            local = Order(here, order.spec, MASTERING)
            assert order.key() == local.key()
            there, told = await made(pool.begin(order))
            ours, facts = await made(threads.begin(local, UNWATCHED, NO_SPAN))
            np.testing.assert_array_equal(there, ours)
            assert (told.frames, told.loudness_lufs) == (facts.frames, facts.loudness_lufs)
    await threads.close()


async def test_each_step_and_each_part_of_the_work_is_told(cluster: Cluster) -> None:
    heard = Heard()
    async with pool_of(cluster) as pool:
        await made(pool.begin(pool.order("rain on a drum", steps=12), heard.watch()))
    assert heard.progress == [(step, 12) for step in range(1, 13)]
    assert {"sample", "decode"} <= set(heard.stages)


async def test_as_many_sounds_are_made_at_once_as_there_are_replicas(cluster: Cluster) -> None:
    async with pool_of(cluster) as pool:
        assert (pool.places[-1], pool.up[-1]) == (REPLICAS, True)
        heard = [Heard() for _ in range(REPLICAS)]
        jobs = [pool.begin(pool.order(f"{number} {GATED}"), each.watch()) for number, each in enumerate(heard)]
        making = [asyncio.create_task(made(job)) for job in jobs]
        await asyncio.gather(*(each.first.wait() for each in heard))  # each is in the middle of its sound
        cluster.open(REPLICAS)
        sounds = [sound for sound, _ in await asyncio.gather(*making)]
        assert len({sound.tobytes() for sound in sounds}) == REPLICAS
        assert len({job.where for job in jobs}) == REPLICAS  # type: ignore[attr-defined]


async def test_when_nobody_waits_any_more_the_replica_stops_within_one_step(cluster: Cluster) -> None:
    heard = Heard()
    async with pool_of(cluster) as pool:
        before = await cluster.replicas()
        job = pool.begin(pool.order(f"a drum {GATED}", steps=50), heard.watch())
        making = asyncio.create_task(job.turn())
        await heard.first.wait()
        heard.gone = True
        assert await making is None
        await job.close()
        pid = int(job.where.partition("/")[2])  # type: ignore[attr-defined]
        for _ in range(TRIES):  # until the replica has heard that its caller is gone
            if (await cluster.replicas())[pid].stopped == before[pid].stopped + 1:
                break
        cluster.open(1)
        await asyncio.gather(*(made(pool.begin(pool.order("a bell", seed, 1))) for seed in range(2 * REPLICAS)))
        after = await cluster.replicas()
        steps = sum(after[each].steps - before[each].steps for each in after)
        # The step it was at, one more, and those of the sounds after it.
        assert steps <= 2 + 2 * REPLICAS


async def test_a_replica_that_computes_in_another_way_makes_nothing(cluster: Cluster) -> None:
    async with pool_of(cluster) as pool:
        pool.workshop.version = "0.1.0/another"
        with pytest.raises(NotReadyError, match="versions differ"):
            await made(pool.begin(pool.order("a bell")))


async def test_an_error_of_a_replica_arrives_as_what_it_was(cluster: Cluster) -> None:
    from dataclasses import replace

    async with pool_of(cluster) as pool:
        order = pool.order("a bell")
        wrong = replace(order, spec=replace(order.spec, layers=(), neural=None))
        with pytest.raises(Exception, match="a Spec of another engine") as failed:
            await made(pool.begin(wrong))
        assert "Ray" not in type(failed.value).__name__


async def test_a_pool_that_is_not_there_is_told_of_in_words(cluster: Cluster) -> None:
    pool = Pool(application="nothing-of-this-name")
    with pytest.raises(EngineAbsentError, match="pool of replicas"):
        await pool.workshop.warm_up(pool.engine)
    await pool.workshop.close()


def test_how_the_pool_grows_and_ends_is_as_the_file_says(cluster: Cluster) -> None:
    from ray.serve.context import _get_global_client

    from swash_server.workers.ray_replica import DEPLOYMENT

    client: Any = _get_global_client()
    details = client.get_serve_details()
    config = details["applications"][APPLICATION]["deployments"][DEPLOYMENT]["deployment_config"]
    for name in ("max_ongoing_requests", "max_queued_requests", "graceful_shutdown_timeout_s"):
        assert config[name] == DEPLOYED[name]
    for name in ("max_replicas", "target_ongoing_requests", "upscale_delay_s", "downscale_delay_s"):
        assert config["autoscaling_config"][name] == DEPLOYED["autoscaling_config"][name]


async def test_a_server_without_a_model_plays_what_the_pool_makes_though_a_replica_is_killed(
    cluster: Cluster, tmp_path: Path, here: StableAudioEngine
) -> None:
    pids = list(await cluster.replicas())
    await asyncio.to_thread(_listen_while_one_is_killed, cluster, tmp_path, pids)


def _listen_while_one_is_killed(cluster: Cluster, store: Path, pids: list[int]) -> None:
    flags = (f"--ray-address={cluster.address}", f"--ray-app={APPLICATION}")
    requests = [
        pb.RenderRequest(prompt=f"{number} {GATED}", engine=NEURAL_ENGINE, steps=4, seed=7, duration_s=0.5)
        for number in range(REPLICAS)
    ]
    with ServerProcess(store, *flags) as server, server.stub() as stub:
        assert "libtorch" not in Path(f"/proc/{server.process.pid}/maps").read_text()
        with grpc.insecure_channel(server.address) as channel:
            asked = health_pb2.HealthCheckRequest(service=f"engine.{NEURAL_ENGINE}")
            health: Any = health_pb2_grpc.HealthStub(channel)
            assert health.Check(asked, timeout=PATIENCE_S).status == 1  # SERVING
        calls = [stub.Render(request, timeout=PATIENCE_S) for request in requests]
        for call in calls:  # both are in the middle of their sound: the line lets as many through as can be made
            while not ((event := next(call)).HasField("progress") and event.progress.step == 1):
                pass
        os.kill(pids[0], signal.SIGKILL)
        cluster.open(2 * REPLICAS)
        heard = []
        for call in calls:
            events = list(call)
            assert events[-1].HasField("trailer")
            heard.append(b"".join(event.audio.data for event in events if event.HasField("audio")))
        assert server.metric("swash_engine_restarts_total", engine=NEURAL_ENGINE) == 1
        assert [rendered(stub, request).audio for request in requests] == heard
        fresh = pb.RenderRequest(prompt="a bell", engine=NEURAL_ENGINE, steps=2, seed=9)
        assert rendered(stub, fresh).header.cached == pb.CACHED_NO
        until(lambda: server.metric("swash_engine_up", engine=NEURAL_ENGINE) == 1, "the engine is up")
        assert server.stop() == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"ray_address": "ray://head:10001"},
        {"ray_address": "head"},
        {"ray_address": "auto", "model": GOLDEN},
        {"ray_address": "local"},
        {"ray_address": "auto", "ray_app": "a b"},
        {"ray_address": "auto", "io_processes": 2},
    ],
)
def test_settings_that_name_no_pool_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError, match=r"ray|io-processes"):
        Settings(store=None, **settings)


def test_ray_is_imported_only_where_there_is_a_pool(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from swash_server.app import App\n"
        "from swash_server.workers.placing import workshop_of\n"
        "assert 'ray' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_without_the_extra_a_server_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "ray.py").write_text("raise ImportError('no module of this name')")
    command = [str(Path(sys.executable).parent / "swash"), "serve", "--ray-address=auto", "--grpc-port=0"]
    assert importlib.util.find_spec("swash_server") is not None
    done = subprocess.run(
        [*command, "--http-port=0", "--store=off"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode != 0
    assert "pip install 'swash[ray]'" in done.stderr
    assert "Traceback" not in done.stderr
