"""Where each engine whose sounds are not made in this process has them made."""

import os
from collections.abc import Callable
from functools import partial

from swash_model.engine import Engine
from swash_model.engines import DEFAULT_ENGINE, ModelChoice
from swash_model.procedural.engine import ProceduralEngine
from swash_server.making.order import Order
from swash_server.making.workshop import Workshop
from swash_server.observability.metrics import Metrics
from swash_server.settings import InvalidSettingError, Settings
from swash_server.workers.loader import Loader
from swash_server.workers.nursery import Nursery
from swash_server.workers.processes import Processes

NEURAL_PATIENCE_S = 60.0  # at least: one step of a big model on a small machine
NEURAL_PATIENCE = 10.0  # times what the sound should take


def workers_of(settings: Settings) -> int:
    """Return how many sounds are made by rule at once."""
    return settings.workers or max(1, (os.cpu_count() or 2) - 1)


def choice_of(settings: Settings) -> ModelChoice:
    """Return the weights that the settings name, and how to run them."""
    assert settings.model is not None
    return ModelChoice(settings.model, settings.t5, settings.precision, settings.neural_threads, settings.device)


def workshop_of(
    engine: Engine,
    settings: Settings,
    nursery: Nursery,
    metrics: Metrics,
    on_up: Callable[[bool], object],
    on_places: Callable[[int], object],
) -> Workshop:
    """Return the workshop of an engine whose sounds are made apart; `on_up` hears whether there is any process.

    `on_places` hears how many sounds it makes at once, where that is for others to say.
    """
    restarted = metrics.engine_restarts.labels(engine.name).inc
    if engine.name == DEFAULT_ENGINE:
        assert isinstance(engine, ProceduralEngine)
        return Processes(
            engine.name,
            nursery.sounds,
            workers_of(settings),
            prepare=engine.read_words,
            on_up=on_up,
            on_restart=restarted,
        )
    if settings.ray_address is not None:
        return _pool(settings, settings.ray_address, on_up, on_places, restarted)
    from swash_model.stable_audio.planning import PlannedEngine  # noqa: PLC0415 - it may not be installed

    assert isinstance(engine, PlannedEngine)
    return Processes(
        engine.name,
        Loader(choice_of(settings)).worker,
        1,
        patience_s=_neural_patience_s,
        wait_s=0.0,  # loading takes longer than a caller waits
        on_news=engine.learn,
        on_up=on_up,
        on_restart=restarted,
    )


def _pool(
    settings: Settings,
    address: str,
    on_up: Callable[[bool], object],
    on_places: Callable[[int], object],
    on_lost: Callable[[], object],
) -> Workshop:
    """Return the workshop of a cluster; raise InvalidSettingError without its extra."""
    try:
        from swash_server.workers import ray_pool, ray_replica  # noqa: PLC0415
    except ImportError as error:
        advice = "needs what is not installed: pip install 'swash[ray]'"
        raise InvalidSettingError(f"ray-address: {advice} ({error})") from error
    deploy = None if settings.model is None else partial(ray_replica.local, choice_of(settings))
    return ray_pool.RayWorkshop(
        address,
        settings.ray_app,
        patience_s=_neural_patience_s,
        deploy=deploy,
        on_up=on_up,
        on_places=on_places,
        on_lost=on_lost,
    )


def _neural_patience_s(order: Order) -> float:
    return max(NEURAL_PATIENCE_S, NEURAL_PATIENCE * order.engine.expected_s(order.spec))
