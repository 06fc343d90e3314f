"""A workshop of replicas: Ray Serve is the pool of engines, everything before them stays this server's.

Imported only where the settings name a cluster.
"""

import asyncio
import logging
import os
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

import numpy as np
import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import ReplicaState, ServeStatus  # type: ignore[attr-defined]

from swash_model.engine import Engine, Watch
from swash_model.errors import EngineAbsentError
from swash_model.spec import Block
from swash_model.stable_audio.planning import News, PlannedEngine
from swash_server.errors import NotReadyError, OverloadedError, WorkerError
from swash_server.making.order import Order
from swash_server.making.tape import Facts
from swash_server.observability.telemetry import Span
from swash_server.workers.bench import Errand, Stand, digest
from swash_server.workers.ray_replica import DEPLOYMENT, Offer, Word, version_of
from swash_server.workers.spans import WorkSpans

LOCAL = "local"
CONNECT_S = 5.0
LOAD_S = 900.0  # the very first start compiles the networks
BEGIN_S = 300.0  # until a replica takes a sound: where none is left one is begun, and loads the model
LOOK_S = 2.0  # between two looks at how many replicas there are
LOOK_LIMIT_S = 10.0  # before a cluster that says nothing is taken for gone
STAY_S = 365 * 86_400
CLOSE_S = 20.0
ASK_STOPPED_S = 0.05  # between two looks at whether anybody still waits
TRIES = 2  # of one sound: what kills a second replica would kill a third
MAX_PLACES = 256  # sounds that are made at once: their audio is held here
RETRY_AFTER_S = 1.0
STORE_BYTES = 150 * 1024 * 1024  # of a cluster of our own: words of replicas are small, and hardly touch it

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class _LostError(Exception):
    """A replica is gone, or says nothing, with what it was doing."""


class RayWorkshop:
    """Makes the sounds of one engine on the replicas of an application of Ray Serve.

    All replicas must compute alike: the first that answers says how, and one of another version makes nothing.
    """

    def __init__(
        self,
        address: str,
        application: str,
        *,
        patience_s: Callable[[Order], float],
        deploy: Callable[[], serve.Application] | None = None,
        on_up: Callable[[bool], object] = lambda _up: None,
        on_places: Callable[[int], object] = lambda _places: None,
        on_lost: Callable[[], object] = lambda: None,
    ) -> None:
        """Connect to nothing yet. `address` is auto, HOST:PORT, or local for a cluster in this machine.

        `patience_s` is how long a sound may be worked at without a word. `deploy` gives what is to run where the
        cluster is local. `on_up` hears whether there is any replica, `on_places` how many sounds they make at
        once, `on_lost` that one was lost with a sound.
        """
        self._address, self._application = address, application
        self.patience_s = patience_s
        self._deploy = deploy
        self._on_up, self._on_places, self.on_lost = on_up, on_places, on_lost
        self._connected = False  # by us: who has found it connected leaves it so
        self._engine: PlannedEngine | None = None
        self._handle: DeploymentHandle[Any] | None = None
        self._at_once = 1  # sounds that one replica takes
        self._looking: asyncio.Task[None] | None = None
        self._asked: asyncio.Future[ServeStatus] | None = None
        self.reachable = True
        self.version = ""

    async def warm_up(self, engine: Engine) -> None:
        """Connect, and have the plan from a replica; raise EngineAbsentError where none can be had."""
        assert isinstance(engine, PlannedEngine)
        try:
            async with asyncio.timeout(LOAD_S):
                self._handle = await aside(self._connect)
                offer: Offer = await self._handle.offer.remote()
        except TimeoutError as error:
            raise self._absent(f"no replica has answered in {LOAD_S:g} s") from error
        except (RayError, RayServeException, ConnectionError, LookupError, ValueError, RuntimeError) as error:
            raise self._absent((str(error).strip() or type(error).__name__).splitlines()[-1]) from error
        if offer.version != version_of(offer.plan):
            raise self._absent(f"its replicas are of another swash, {offer.version}")
        engine.learn(offer.plan)
        self._engine, self.version, self._at_once = engine, offer.version, offer.at_once
        await self._look()
        self._looking = asyncio.create_task(self._keep_looking())

    def begin(self, order: Order, watch: Watch, queued: Span) -> "_RayJob":
        """Return the job of an order."""
        return _RayJob(order, watch, queued, self)

    def words(self, order: Order) -> Any:
        """Have a replica make an order, and return what it says of it, as a stream of Ray's."""
        assert self._handle is not None
        streaming = self._handle.options(stream=True)
        return streaming.make.remote(Errand.of(order), self.version, self.patience_s(order))

    def learn(self, news: News) -> None:
        """Take over how long work takes. What a replica remembers helps only itself: another may be next."""
        assert self._engine is not None
        self._engine.learn(news)

    async def close(self) -> None:
        """Let the cluster go; one of our own ends."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        if self._connected:
            self._connected = False
            # Asked without its cluster, Ray aborts the process at once, before what follows here has ended.
            if self.reachable:
                with suppress(TimeoutError):
                    await asyncio.wait_for(aside(self._disconnect), CLOSE_S)

    def _absent(self, said: str) -> EngineAbsentError:
        """Return what callers are told; where the cluster is and what it said, only the log."""
        log.error("application %r of the Ray cluster %s: %s", self._application, self._address, said)
        return EngineAbsentError("its pool of replicas cannot be had; the server's log tells more")

    def _connect(self) -> DeploymentHandle[Any]:
        if not ray.is_initialized():
            # Else Ray ends this process a minute after its cluster has ended.
            os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", str(STAY_S))
            quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.WARNING}
            if self._address == LOCAL:
                for name, value in _own().items():
                    os.environ.setdefault(name, value)
                ray.init(include_dashboard=False, object_store_memory=STORE_BYTES, **quiet)
            else:
                self._expect_somebody()
                ray.init(address=self._address, **quiet)
            self._connected = True
        if self._address == LOCAL and self._deploy is not None:
            serve.start(proxy_location="Disabled")
            serve.run(self._deploy(), name=self._application, route_prefix=None)
        return serve.get_deployment_handle(DEPLOYMENT, self._application)

    def _expect_somebody(self) -> None:
        """Raise ConnectionError where nobody listens: Ray would try for a quarter of an hour."""
        host, found, port = self._address.rpartition(":")
        if found:
            try:
                socket.create_connection((host, int(port)), CONNECT_S).close()
            except OSError as error:
                raise ConnectionError(f"nobody listens there ({error})") from error

    def _disconnect(self) -> None:
        if self._handle is not None:
            with suppress(RayError, RayServeException):
                self._handle.shutdown()  # type: ignore[no-untyped-call]
        if self._address == LOCAL:
            with suppress(RayError, RayServeException):
                serve.shutdown()  # type: ignore[no-untyped-call]
        ray.shutdown()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self._look()

    async def _look(self) -> None:
        """Take as many sounds at once as there are replicas for; where there are none one, which has one begun."""
        if self._asked is None:
            self._asked = aside(serve.status)
        await asyncio.wait({self._asked}, timeout=LOOK_LIMIT_S)
        said = "nothing"
        if self._asked.done():
            asked, self._asked = self._asked, None
            if (error := asked.exception()) is None:
                self._seen(asked.result())
                return
            said = type(error).__name__
        if self.reachable:
            log.error("the Ray cluster %s says %s: no sounds are made there", self._address, said)
        self.reachable = False
        self._on_up(False)

    def _seen(self, status: ServeStatus) -> None:
        self.reachable = True
        application = status.applications.get(self._application)
        deployment = None if application is None else application.deployments.get(DEPLOYMENT)
        running = 0 if deployment is None else deployment.replica_states.get(ReplicaState.RUNNING, 0)
        self._on_up(running > 0)
        self._on_places(min(max(1, running * self._at_once), MAX_PLACES))


def _own() -> dict[str, str]:
    """Return what a cluster of our own reads from the environment: it tells Ray's makers nothing, and is ours."""
    return {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),  # else one is written into the home of whoever begins it
    }


class _RayJob:
    """One sound, made by a replica; if that dies, again by another, of which as much is dropped as was heard."""

    def __init__(self, order: Order, watch: Watch, queued: Span, pool: RayWorkshop) -> None:
        self._order = order
        self._watch = watch
        self._pool = pool
        self._spans = WorkSpans(order.engine.name, queued)
        self._staged = self._spans.staged(watch.stage)
        self._patience_s = pool.patience_s(order)
        self._words: Any = None
        self._measured: tuple[Facts, bytes] | None = None
        self._tries = 0
        self._stand = Stand(0, 0.0)
        self._given = 0  # frames that are on the tape
        self._passed = 0  # frames that this try has made: what is on the tape is dropped
        self.where: str | None = None  # the node and the process of the replica that makes it

    @property
    def engine(self) -> str:
        return self._order.engine.name

    @property
    def made_s(self) -> float:
        return self._stand.frames / self._order.mastering.sample_rate

    @property
    def rest_s(self) -> float:
        return self._stand.rest_s

    async def turn(self) -> Block | None:
        self._spans.begin()
        try:
            while self._measured is None:
                try:
                    kind, what = await self._word()
                except _LostError as error:
                    self._begin_again(error)
                    continue
                if kind == "stopped":
                    return None
                if kind == "block":
                    return self._new(*what)
        except BaseException as error:
            self._spans.ended(self._given, error)
            raise
        return None

    async def whole(self, pieces: list[Block]) -> tuple[Block, Facts]:
        self._spans.ended(self._given)
        assert self._measured is not None, "asked before its end"
        facts, made = self._measured
        with self._spans.measuring():
            nothing = np.zeros((0, self._order.mastering.channels), np.float32)
            sound = await asyncio.to_thread(np.concatenate, [nothing, *pieces])
            if self._tries > 1 and await asyncio.to_thread(digest, sound) != made:
                raise WorkerError("a sound that was made again is another")
        return sound, facts

    async def close(self) -> None:
        self._spans.ended(self._given)
        self._leave()

    async def _word(self) -> Word:
        """Return the next word that concerns the sound itself, or that nobody waits for it any more."""
        kind, what = await self._next()
        if kind == "begun":
            self.where = what
        elif kind == "progress":
            self._watch.progress(*what)
        elif kind == "stage":
            self._staged(*what)
        elif kind == "whole":
            *measured, pace = what
            self._measured = (measured[0], measured[1])
            self._pool.learn(News(pace, frozenset()))
            self._words = None
        elif kind == "failure":
            self._words = None
            raise what.error()
        elif kind == "other":
            self._words = None
            log.error("engine %r: a replica is of version %s, not %s", self.engine, what, self._pool.version)
            raise NotReadyError(f"the engine {self.engine!r} is being changed: its versions differ")
        return kind, what

    async def _next(self) -> Word:
        if self._words is None:
            if not self._pool.reachable:
                raise NotReadyError(f"the engine {self.engine!r} cannot be reached", LOOK_LIMIT_S)
            self._words = self._pool.words(self._order)
            self._tries += 1
            self.where = None
        words: AsyncIterator[Word] = self._words
        coming = asyncio.create_task(_next_of(words))
        ends_s = asyncio.get_running_loop().time() + (BEGIN_S if self.where is None else self._patience_s)
        try:
            while not (await asyncio.wait({coming}, timeout=ASK_STOPPED_S))[0]:
                if self._watch.stopped():
                    return "stopped", None
                if asyncio.get_running_loop().time() > ends_s or not self._pool.reachable:
                    raise self._late()
        finally:
            if not coming.done():
                self._leave()
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
        return coming.result()

    def _late(self) -> Exception:
        if self.where is None:
            return NotReadyError(f"no replica of the engine {self.engine!r} takes the sound", RETRY_AFTER_S)
        return _LostError(f"it says nothing, for {self._patience_s:g} s or because its cluster is gone")

    def _new(self, block: Block, stand: Stand) -> Block:
        """Return what of a block is not on the tape yet."""
        self._stand = stand
        known = min(len(block), self._given - self._passed)
        self._passed += len(block)
        block = block[known:]
        if len(block) and not self._given:
            self._spans.heard()
        self._given += len(block)
        return block

    def _begin_again(self, error: _LostError) -> None:
        """Let go of a replica that is lost; raise NotReadyError when that was the last try."""
        log.warning("engine %r: replica %s is lost: %s", self.engine, self.where, error)
        self._pool.on_lost()
        self._leave()
        if self._tries >= TRIES:
            raise NotReadyError(f"the replicas of the engine {self.engine!r} end while they make this sound")
        self._passed = 0
        self._spans.again()

    def _leave(self) -> None:
        words, self._words = self._words, None
        if words is not None:
            words.cancel()


def aside(call: Callable[[], Result]) -> "asyncio.Future[Result]":
    """Return the answer of a call of Ray's that may never come: the thread that waits for it holds up no end."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Result] = loop.create_future()

    def told(result: Result | None, error: Exception | None) -> None:
        if answer.done():  # whoever asked has left
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(cast(Result, result))

    def work() -> None:
        result, failed = None, None
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - where the thread ends: whoever asked is told
            failed = error
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(told, result, failed)

    threading.Thread(target=work, name="swash-ray", daemon=True).start()
    return answer


async def _next_of(words: AsyncIterator[Word]) -> Word:
    """Return the next word of a replica; raise _LostError when it is gone, OverloadedError when it has enough."""
    try:
        return await anext(words)
    except BackPressureError as error:
        raise OverloadedError("every replica has as much to do as it may hold", RETRY_AFTER_S) from error
    except StopAsyncIteration as error:
        raise _LostError("it ended without a last word") from error
    except (RayError, RayServeException) as error:
        raise _LostError(type(error).__name__) from error
