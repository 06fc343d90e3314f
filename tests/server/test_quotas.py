"""What one caller may take: so much and no more; and of a million callers little is remembered."""

import pytest

from swash_server.callers.quotas import MAX_CALLERS, Held, Quotas
from swash_server.errors import OverloadedError, QuotaError
from tests.server.clocks import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def refused_calls(quotas: Quotas, name: str, calls: int) -> int:
    refused = 0
    for _ in range(calls):
        try:
            quotas.call(name)
        except QuotaError:
            refused += 1
    return refused


def test_a_caller_may_call_so_often_at_once_and_then_at_the_rate(clock: HandClock) -> None:
    quotas = Quotas(rate=10.0, burst=5, clock_s=clock)
    assert refused_calls(quotas, "game", 8) == 3
    clock.pass_by(0.3)
    assert refused_calls(quotas, "game", 5) == 2
    clock.pass_by(3600.0)
    assert refused_calls(quotas, "game", 8) == 3


def test_one_caller_uses_up_nothing_of_another(clock: HandClock) -> None:
    quotas = Quotas(rate=1.0, burst=5, clock_s=clock)
    assert refused_calls(quotas, "noisy", 1000) == 995
    assert refused_calls(quotas, "quiet", 5) == 0


def test_whoever_calls_too_often_is_told_that_it_is_their_own_quota_and_when_to_come_back(
    clock: HandClock,
) -> None:
    quotas = Quotas(rate=4.0, burst=1, clock_s=clock)
    quotas.call("game")
    with pytest.raises(QuotaError, match=r"your own quota.*4 calls a second.*again in 0\.25 s") as error:
        quotas.call("game")
    clock.pass_by(error.value.retry_after_s)
    quotas.call("game")
    assert isinstance(error.value, OverloadedError)


def test_without_limits_nobody_is_counted_nor_remembered() -> None:
    quotas = Quotas()
    assert refused_calls(quotas, "game", 1000) == 0
    quotas.take("game", Held.VOICES, 1000)
    quotas.give_back("game", Held.VOICES, 1000)
    assert quotas.callers == 0


def test_what_is_given_back_may_be_taken_again() -> None:
    heard: list[str] = []
    quotas = Quotas(sounds=1, voices=4, refused=heard.append)
    with quotas.holding("game", Held.SOUNDS):
        with pytest.raises(QuotaError, match="1 sounds at once"), quotas.holding("game", Held.SOUNDS):
            pass
        with quotas.holding("other", Held.SOUNDS):
            pass
    with quotas.holding("game", Held.SOUNDS):
        pass
    quotas.take("game", Held.VOICES, 3)
    with pytest.raises(QuotaError, match="4 voices"):
        quotas.take("game", Held.VOICES, 2)
    quotas.take("game", Held.VOICES)
    assert heard == ["client_sounds", "client_voices"]


def test_a_million_callers_are_not_remembered_but_whoever_has_something_is(clock: HandClock) -> None:
    quotas = Quotas(rate=1.0, burst=1, sounds=1, clock_s=clock)
    quotas.take("maker", Held.SOUNDS)
    for number in range(3 * MAX_CALLERS):
        quotas.call(f"10.{number}")
    assert quotas.callers == MAX_CALLERS
    assert refused_calls(quotas, "10.0", 1) == 0  # forgotten
    assert refused_calls(quotas, f"10.{3 * MAX_CALLERS - 1}", 1) == 1
    with pytest.raises(QuotaError):
        quotas.take("maker", Held.SOUNDS)
