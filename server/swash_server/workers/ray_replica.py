"""The neural engine as a deployment of Ray Serve: `serve run deploy/ray/serve.yaml`. It knows no callers.

Each replica loads the model and makes one sound after the other. Imported only where there is Ray.
"""

import asyncio
import itertools
import math
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ray
from ray import serve

from swash_model.engine import Engine, Watch
from swash_model.engines import ModelChoice, neural_engine
from swash_model.stable_audio.planning import Plan, PlannedEngine
from swash_server.cli.launch import prepare_for_torch
from swash_server.making import mastering
from swash_server.settings import InvalidSettingError
from swash_server.workers.bench import Bench, Errand, watch_of
from swash_server.workers.pipe import Failure

DEPLOYMENT = "sounds"
# In one message of Ray's: what is larger goes by way of its object store, and is fetched from there.
MAX_SAMPLES = 24_000
DEFAULTS: Mapping[str, Any] = {
    "max_ongoing_requests": 1,  # a sound takes every core that a replica has
    "max_queued_requests": 32,  # of each server: they wait in its own line, by their priority
    "graceful_shutdown_timeout_s": 60.0,  # a sound that is being made comes to its end
    "graceful_shutdown_wait_loop_s": 1.0,
    "health_check_period_s": 5.0,
    "health_check_timeout_s": 30.0,
}
ARGUMENTS = ("model", "t5", "precision", "threads", "device")

Word = tuple[str, Any]
"""What a replica says of a sound: begun, progress, stage, block, whole, failure or other; and the news."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a replica can do: `version` must be equal in all, `at_once` is how many sounds each takes."""

    version: str
    plan: Plan
    at_once: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What a replica has done since it began: sounds begun, and let go before their end; steps of its sampler."""

    pid: int
    begun: int = 0
    stopped: int = 0
    steps: int = 0


class Replica:
    """An engine, warm, on one thread; the event loop of Ray answers meanwhile."""

    def __init__(self, load: Callable[[], Engine]) -> None:
        """Load: Ray sends nothing before this returns."""
        engine = load()
        assert isinstance(engine, PlannedEngine)
        self._engine = engine
        self._bench = Bench(engine, MAX_SAMPLES)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="swash-engine")
        self._numbers = itertools.count(1)
        self._counts = Counts(os.getpid())
        self._patient_until_s = math.inf

    def offer(self) -> Offer:
        """Return what is known of the model."""
        # Ray has no other name for what it was configured with.
        at_once = serve.get_replica_context()._deployment_config.max_ongoing_requests
        return Offer(version_of(self._engine.plan), self._engine.plan.sendable(), at_once)

    def counts(self) -> Counts:
        """Return what was done so far."""
        return self._counts

    def check_health(self) -> None:
        """Raise where a sound hangs: Ray ends this replica then, and begins another."""
        if time.monotonic() > self._patient_until_s:
            raise RuntimeError("a sound has said nothing for too long")

    async def make(self, errand: Errand, wanted: str, patience_s: float) -> AsyncIterator[Word]:
        """Yield what happens to a sound, its blocks among it; whoever leaves stops it within one step.

        The last word is whole, with its Facts and the digest of its samples, or failure; or at once other, where
        this replica is not of the version that is wanted. `patience_s` is how long the engine may say nothing.
        """
        if wanted != version_of(self._engine.plan):
            yield "other", version_of(self._engine.plan)
            return
        words: asyncio.Queue[Word] = asyncio.Queue()  # bounded by the longest sound
        loop = asyncio.get_running_loop()
        left = threading.Event()

        def tell(_number: int, kind: str, what: object) -> None:
            self._patient_until_s = time.monotonic() + patience_s
            loop.call_soon_threadsafe(words.put_nowait, (kind, what))

        last = ""
        working = loop.run_in_executor(self._thread, self._work, errand, tell, left)
        try:
            while last not in {"whole", "failure"}:
                last, what = await words.get()
                self._count(last)
                yield last, what
            await working
        finally:
            left.set()
            if last not in {"whole", "failure"}:
                self._counts = replace(self._counts, stopped=self._counts.stopped + 1)

    def _count(self, kind: str) -> None:
        self._counts = replace(
            self._counts,
            begun=self._counts.begun + (kind == "begun"),
            steps=self._counts.steps + (kind == "progress"),
        )

    def _work(self, errand: Errand, tell: Callable[[int, str, object], None], left: threading.Event) -> None:
        """Make a sound, on the engine's thread."""
        number = next(self._numbers)
        try:
            if left.is_set():
                return
            tell(number, "begun", f"{ray.get_runtime_context().get_node_id()[:8]}/{os.getpid()}")
            self._bench.begin(number, errand, self._watch(number, tell, left))
            while True:
                block, stand = self._bench.turn(number)
                if left.is_set():
                    return
                if block is None:
                    break
                tell(number, "block", (block, stand))
            tell(number, "whole", (*self._bench.whole(number), self._engine.plan.pace))
        except Exception as error:  # noqa: BLE001 - where the work ends: whoever ordered it is told
            tell(number, "failure", Failure.of(error))
        finally:
            self._bench.close(number)
            self._patient_until_s = math.inf

    @staticmethod
    def _watch(number: int, tell: Callable[[int, str, object], None], left: threading.Event) -> Watch:
        return watch_of(number, tell, left.is_set)


def version_of(plan: Plan) -> str:
    """Return what must be equal where sounds are planned and made: of swash, and of the model as it runs."""
    return f"{version('swash')}/{plan.version}"


def app(arguments: Mapping[str, Any]) -> serve.Application:
    """Return the application that serve.yaml names; raise InvalidSettingError.

    `arguments` are model, t5, precision, threads and device: the settings of `swash serve` of these names.
    """
    return sounds(partial(loaded, choice_of(arguments)))


def local(choice: ModelChoice) -> serve.Application:
    """Return an application for a machine that nobody shares: one replica with every core."""
    return sounds(partial(loaded, choice), ray_actor_options={"num_cpus": os.cpu_count() or 1})


def sounds(load: Callable[[], Engine], **options: Any) -> serve.Application:
    """Return an application whose replicas make sounds with what they load; options are those of a deployment."""
    deployment = serve.deployment(name=DEPLOYMENT, **{**DEFAULTS, **options})(Replica)
    return deployment.bind(load)


def choice_of(arguments: Mapping[str, Any]) -> ModelChoice:
    """Return the weights that arguments name; raise InvalidSettingError."""
    if unknown := set(arguments) - set(ARGUMENTS):
        raise InvalidSettingError(f"args: {', '.join(ARGUMENTS)}, got {', '.join(sorted(unknown))}")
    if not arguments.get("model"):
        raise InvalidSettingError("args: model must name a folder of weights, got none")
    t5 = arguments.get("t5")
    return ModelChoice(
        Path(arguments["model"]),
        None if t5 is None else Path(t5),
        arguments.get("precision", "auto"),
        int(arguments.get("threads", 0)),
        arguments.get("device", "cpu"),
    )


def loaded(choice: ModelChoice) -> Engine:
    """Return a warm engine; without a number of threads it takes the cores that Ray has set aside for it."""
    prepare_for_torch(exact=choice.precision == "exact")
    if not choice.threads:
        context: Any = ray.get_runtime_context()
        cores = context.get_assigned_resources().get("CPU", 0.0)
        choice = replace(choice, threads=max(1, int(cores)))
    engine = neural_engine(choice)
    engine.warm_up()
    mastering.warm_up()
    return engine
