"""Live voices, as whoever steers them hears it: at once, without a click, each on its own, and always the same."""

from collections.abc import Sequence

import numpy as np
import pytest

from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples
from swash_model.errors import InvalidAskError
from swash_model.procedural.engine import ProceduralEngine
from swash_model.procedural.performance import (
    MAX_HITS,
    Crossfade,
    Event,
    Move,
    Performance,
    Sound,
    Start,
    Stop,
    Trigger,
    played,
)
from swash_model.spec import Ask, Value
from tests.hearing import level_db

ENGINE = ProceduralEngine()
SECOND = SAMPLE_RATE // QUANTUM_FRAMES  # in quanta


def sound(path: str, seed: int = 1, **parameters: Value) -> Sound:
    spec = ENGINE.resolve(Ask(effect=path, parameters=parameters, seed=seed, object_seed=1)).spec
    return Sound(spec.layers, spec.seed, spec.object_seed)


def said(prompt: str, seed: int = 1) -> Sound:
    spec = ENGINE.resolve(Ask(prompt=prompt, seed=seed)).spec
    return Sound(spec.layers, spec.seed, spec.object_seed)


def heard(events: Sequence[tuple[int, Event]], quanta: int) -> Samples:
    return np.concatenate(list(played(iter(events), quanta)), axis=1)


def steps(samples: Samples) -> Samples:
    return np.asarray(np.abs(np.diff(samples, axis=1)).max(axis=0))


def quanta_of(samples: Samples, first: int, last: int) -> Samples:
    return samples[:, first * QUANTUM_FRAMES : last * QUANTUM_FRAMES]


def test_a_voice_sounds_from_its_quantum_on_and_not_before() -> None:
    samples = heard([(7, Start(1, sound("rain")))], 20)
    assert not quanta_of(samples, 0, 7).any()
    assert level_db(quanta_of(samples, 8, 20)) > -60.0


def test_a_voice_started_later_is_the_same_voice() -> None:
    early, late = (heard([(at, Start(1, sound("fire")))], 60) for at in (0, 20))
    np.testing.assert_array_equal(quanta_of(early, 0, 40), quanta_of(late, 20, 60))


def test_voices_add_up_and_do_not_touch_each_other() -> None:
    rain, wind = Start(1, sound("rain")), Start(2, sound("wind"))
    both = heard([(0, rain), (10, wind)], 50)
    np.testing.assert_allclose(both, heard([(0, rain)], 50) + heard([(10, wind)], 50), atol=1e-12)


def test_every_layer_of_a_prompt_sounds_as_it_does_in_a_rendered_sound() -> None:
    ask = Ask(prompt="heavy rain and howling wind", seed=5, duration_s=1.0)
    rendered = np.concatenate(list(ENGINE.render(ENGINE.resolve(ask).spec)))
    live = heard([(0, Start(1, said("heavy rain and howling wind", seed=5)))], SECOND)
    whole = slice(QUANTUM_FRAMES, SAMPLE_RATE - round(0.1 * SAMPLE_RATE))  # without the fades
    np.testing.assert_allclose(live.T[whole], rendered[whole], atol=1e-6)


def test_a_control_moves_when_it_is_told_and_nothing_clicks() -> None:
    start = Start(1, sound("wind", speed_m_s=3.0))
    still = heard([(0, start)], 3 * SECOND)
    moved = heard([(0, start), (SECOND, Move(1, "speed_m_s", 30.0, ramp_s=0.5))], 3 * SECOND)
    np.testing.assert_array_equal(quanta_of(still, 0, SECOND), quanta_of(moved, 0, SECOND))
    after, before = (level_db(quanta_of(each, 2 * SECOND, 3 * SECOND)) for each in (moved, still))
    assert after > before + 6.0
    change = steps(quanta_of(moved, SECOND - 1, SECOND + 60))
    steady = steps(quanta_of(moved, 2 * SECOND, 3 * SECOND))
    assert change.max() <= 2.0 * np.percentile(steady, 99.9)


def test_an_armed_voice_is_silent_until_it_is_triggered_and_then_heard_at_once() -> None:
    events: list[tuple[int, Event]] = [(0, Start(1, sound("footsteps"), armed=True)), (30, Trigger(1))]
    samples = heard(events, 100)
    assert not quanta_of(samples, 0, 30).any()
    first = int(np.argmax(np.abs(quanta_of(samples, 30, 100)).max(axis=0) > 1e-4))
    assert first < 0.004 * SAMPLE_RATE


def test_every_trigger_is_another_step_of_the_same_boots() -> None:
    events: list[tuple[int, Event]] = [(0, Start(1, sound("footsteps"), armed=True))]
    events += [(100 * step, Trigger(1)) for step in range(4)]
    samples = heard(events, 400)
    each = [quanta_of(samples, 100 * step, 100 * step + 100) for step in range(4)]
    assert all(not np.array_equal(each[0], other) for other in each[1:])
    levels = [level_db(step) for step in each]
    assert max(levels) - min(levels) < 8.0


def test_a_trigger_with_a_seed_is_that_very_step() -> None:
    armed = Start(1, sound("footsteps"), armed=True)
    one, again = (heard([(0, armed), (at, Trigger(1, seed=77))], 80) for at in (0, 10))
    np.testing.assert_array_equal(quanta_of(one, 0, 60), quanta_of(again, 10, 70))


def test_a_trigger_may_be_of_another_surface_for_once() -> None:
    armed = Start(1, sound("footsteps", surface="wood"), armed=True)
    wood = heard([(0, armed), (0, Trigger(1, seed=5))], 60)
    gravel = heard([(0, armed), (0, Trigger(1, (("surface", "gravel"),), seed=5))], 60)
    assert not np.array_equal(wood, gravel)
    ever_since: list[tuple[int, Event]] = [(0, armed), (0, Move(1, "surface", "gravel")), (0, Trigger(1, seed=5))]
    np.testing.assert_array_equal(heard(ever_since, 60), gravel)


def test_more_hits_than_there_is_room_for_fade_the_eldest_without_a_click() -> None:
    events: list[tuple[int, Event]] = [(0, Start(1, sound("impact"), armed=True))]
    events += [(3 * hit, Trigger(1)) for hit in range(3 * MAX_HITS)]
    samples = heard(events, 3 * 3 * MAX_HITS + 10)
    assert np.isfinite(samples).all()


def test_a_one_shot_that_is_not_armed_sounds_once_and_its_voice_is_over() -> None:
    performance = Performance()
    performance.apply(Start(4, sound("ui_click")))
    ended = []
    for _ in range(SECOND):
        performance.block()
        ended += performance.take_ended()
    assert ended == [4]
    assert not performance.voices


def test_a_crossfade_keeps_the_level_and_leaves_only_the_new() -> None:
    rain, wind = sound("rain"), sound("rain", seed=9)
    samples = heard([(0, Start(1, rain)), (SECOND, Crossfade(1, wind, fade_s=1.0))], 3 * SECOND)
    before, during, after = (level_db(quanta_of(samples, at, at + 50)) for at in (50, 125, 250))
    assert during == pytest.approx((before + after) / 2.0, abs=1.5)
    alone = heard([(SECOND, Start(1, wind))], 3 * SECOND)
    np.testing.assert_array_equal(quanta_of(samples, 201, 300), quanta_of(alone, 201, 300))


def test_a_stopped_voice_fades_within_its_release_and_is_over() -> None:
    performance = Performance()
    performance.apply(Start(1, sound("rain")))
    blocks = [performance.block() for _ in range(20)]
    performance.apply(Stop(1, release_s=0.2))
    ended_at = None
    for quantum in range(30):
        blocks.append(performance.block())
        if performance.take_ended():
            ended_at = quantum
    assert ended_at == 19
    samples = np.concatenate(blocks, axis=1)
    assert not quanta_of(samples, 40, 50).any()
    assert np.abs(samples[:, 40 * QUANTUM_FRAMES - 10 : 40 * QUANTUM_FRAMES]).max() < 2e-3
    unstopped = heard([(0, Start(1, sound("rain")))], 50)
    assert (np.abs(samples) <= np.abs(unstopped) + 1e-12).all()
    np.testing.assert_array_equal(quanta_of(samples, 0, 20), quanta_of(unstopped, 0, 20))


def test_stop_without_a_voice_stops_all() -> None:
    events: list[tuple[int, Event]] = [(0, Start(1, sound("rain"))), (0, Start(2, sound("fire"))), (10, Stop())]
    assert not quanta_of(heard(events, 60), 25, 60).any()


def test_a_number_is_free_again_when_its_voice_is_over() -> None:
    events: list[tuple[int, Event]] = [
        (0, Start(1, sound("rain"))),
        (10, Stop(1, release_s=0.05)),
        (30, Start(1, sound("fire"))),
    ]
    assert level_db(quanta_of(heard(events, 60), 31, 60)) > -60.0


REFUSED: dict[str, tuple[Event, str]] = {
    "a number that is taken": (Start(1, sound("fire")), "voice"),
    "a voice that is not there": (Move(9, "intensity", 0.5), "voice"),
    "a parameter that is not there": (Move(1, "sweetness", 0.5), "sweetness"),
    "a parameter that is not live": (Move(1, "surface", "glass"), "surface"),
    "a value out of range": (Move(1, "intensity", 2.0), "intensity"),
    "a layer that is not there": (Move(1, "intensity", 0.5, layer=3), "layer"),
    "a trigger of what sounds by itself": (Trigger(1), "voice"),
    "arming what only goes on": (Start(2, sound("rain"), armed=True), "armed"),
    "a control of a one-shot that sounds": (Move(3, "gain_db", 0.0), "gain_db"),
    "a trigger with a wrong value": (Trigger(4, (("surface", "lava"),)), "surface"),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_what_cannot_be_done_is_refused_by_name_and_disturbs_nothing(wrong: str) -> None:
    event, field = REFUSED[wrong]
    performance, untouched = Performance(), Performance()
    for each in (performance, untouched):
        each.apply(Start(1, sound("rain")))
        each.apply(Start(3, sound("explosion")))
        each.apply(Start(4, sound("footsteps"), armed=True))
        each.block()
    with pytest.raises(InvalidAskError, match=field):
        performance.apply(event)
    np.testing.assert_array_equal(performance.block(), untouched.block())


def test_the_same_events_are_the_same_samples() -> None:
    events: list[tuple[int, Event]] = [
        (0, Start(1, said("windy beach with distant thunder"))),
        (3, Start(2, sound("footsteps"), armed=True)),
        (20, Trigger(2)),
        (25, Move(1, "gain_db", -6.0)),
        (40, Crossfade(1, sound("fire"), fade_s=0.3)),
        (90, Stop()),
    ]
    np.testing.assert_array_equal(heard(events, 120), heard(events, 120))
