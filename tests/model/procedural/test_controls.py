"""A control arrives when it should, on the way it should, and refuses what its effect does not have."""

import itertools
import math

import pytest

from swash_model.dsp.timeline import QUANTUM_S
from swash_model.errors import InvalidAskError
from swash_model.procedural.controls import DEFAULT_RAMP_S, Controls
from swash_model.procedural.effect import Choice, Effect, Number

DRUM = Effect(
    id="drum",
    title="Drum",
    description="A drum.",
    ucs_cat_id="MUSCPerc",
    version=1,
    parameters=(
        Number("tension", "Tension.", 0.0, 1.0, 0.5, live=True),
        Number("pitch_hz", "Pitch.", 20.0, 2_000.0, 100.0, "Hz", curve="logarithmic", live=True),
        Choice("stuff", "What it is made of.", ("wood", "metal"), "wood"),
    ),
    presets=(),
)


def controls() -> Controls:
    return Controls(DRUM, DRUM.resolved({"tension": 0.0}))


def course(moving: Controls, name: str, steps: int) -> list[float]:
    return [moving.step().number(name) for _ in range(steps)]


def test_controls_stand_still_until_they_are_moved() -> None:
    still = controls()
    assert [dict(still.step().items()) for _ in range(3)] == [DRUM.resolved({"tension": 0.0})] * 3


@pytest.mark.parametrize("ramp_s", [0.01, 0.05, 1.0])
def test_a_control_reaches_its_target_in_the_time_asked_and_stays(ramp_s: float) -> None:
    moving = controls()
    moving.set("tension", 1.0, ramp_s)
    steps = round(ramp_s / QUANTUM_S)
    values = course(moving, "tension", steps + 5)
    assert values[:steps] == pytest.approx([(step + 1) / steps for step in range(steps)])
    assert values[steps - 1 :] == [1.0] * 6


def test_without_a_time_it_takes_thirty_milliseconds() -> None:
    moving = controls()
    moving.set("tension", 1.0)
    assert DEFAULT_RAMP_S == 0.03
    assert course(moving, "tension", 4) == pytest.approx([1 / 3, 2 / 3, 1.0, 1.0])


@pytest.mark.parametrize("ramp_s", [0.0, -1.0, 0.001])
def test_the_shortest_move_takes_one_quantum(ramp_s: float) -> None:
    moving = controls()
    moving.set("tension", 1.0, ramp_s)
    assert moving.step().number("tension") == 1.0


@pytest.mark.parametrize("target_hz", [20.0, 800.0])
def test_a_logarithmic_control_moves_by_equal_ratios(target_hz: float) -> None:
    moving = controls()
    moving.set("pitch_hz", target_hz, 0.1)
    values = [100.0, *course(moving, "pitch_hz", 10)]
    ratio = math.pow(target_hz / 100.0, 0.1)
    assert [after / before for before, after in itertools.pairwise(values)] == pytest.approx([ratio] * 10)
    assert values[5] == pytest.approx(math.sqrt(100.0 * target_hz))  # half-way: the geometric mean
    assert values[10] == target_hz


def test_a_new_target_on_the_way_starts_from_where_it_is() -> None:
    moving = controls()
    moving.set("tension", 1.0, 0.1)
    half_way = course(moving, "tension", 5)[-1]
    moving.set("tension", 0.0, 0.05)
    values = course(moving, "tension", 6)
    assert half_way == pytest.approx(0.5)
    assert values == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.0, 0.0])


def test_controls_move_on_their_own() -> None:
    moving = controls()
    moving.set("tension", 1.0, 0.02)
    moving.step()
    moving.set("pitch_hz", 400.0, 0.02)
    now = moving.step()
    assert (now.number("tension"), now.number("pitch_hz")) == pytest.approx((1.0, 200.0))
    assert now.choice("stuff") == "wood"


def test_values_that_were_given_out_do_not_change() -> None:
    moving = controls()
    before = moving.step()
    moving.set("tension", 1.0)
    moving.step()
    assert before.number("tension") == 0.0


@pytest.mark.parametrize(
    ("name", "value"),
    [("colour", 1.0), ("tension", 1.01), ("tension", math.nan), ("pitch_hz", 0.0), ("tension", "tight")],
)
def test_what_the_effect_does_not_have_is_refused_and_nothing_moves(name: str, value: float | str) -> None:
    still = controls()
    with pytest.raises(InvalidAskError, match=name):
        still.set(name, value)
    assert dict(still.step().items()) == DRUM.resolved({"tension": 0.0})


def test_what_every_effect_has_moves_too() -> None:
    moving = controls()
    moving.set("gain_db", -12.0, 0.02)
    assert course(moving, "gain_db", 2) == pytest.approx([-6.0, -12.0])
