"""Frames of a live session come before they are due, but never far before."""

import pytest

from swash_server.live.pace import Pace


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Player:
    """Makes chunks as a session does, and counts gaps."""

    def __init__(self, ahead_s: float | None) -> None:
        self.clock = Clock()
        self.gaps = 0
        self.made_s = 0.0
        self.pace = Pace(ahead_s, self.clock, self._gap)

    def _gap(self) -> None:
        self.gaps += 1

    def make(self) -> float:
        """Make all that may be made now; return how much that was, s."""
        made_s = 0.0
        while True:
            left_s = self.pace.left_s(self.made_s)
            chunk_s = self.pace.chunk_s()
            if self.pace.early_s(left_s, chunk_s) > 1e-9:
                return made_s
            begun_s = self.made_s
            self.made_s += chunk_s
            made_s += chunk_s
            self.pace.begin(begun_s)


def test_out_of_silence_as_much_is_made_as_may_be_ahead() -> None:
    assert Player(ahead_s=0.06).make() == pytest.approx(0.06)
    assert Player(ahead_s=1.0).make() == pytest.approx(1.0, abs=0.1)


def test_what_is_heard_is_made_again_and_no_more() -> None:
    player = Player(ahead_s=0.2)
    player.make()
    for _ in range(100):
        player.clock.now_s += 0.03
        player.make()
        assert player.made_s - (player.clock.now_s - 100.0) <= 0.2 + 1e-9
    assert player.gaps == 0
    assert player.made_s == pytest.approx(3.0 + 0.2, abs=0.06)


def test_a_gap_is_counted_once_and_what_comes_after_it_is_not_late() -> None:
    player = Player(ahead_s=0.06)
    player.make()
    player.clock.now_s += 1.06
    assert player.make() == pytest.approx(0.06)  # not the whole second that nobody heard
    assert player.gaps == 1
    player.clock.now_s += 0.03
    player.make()
    assert player.gaps == 1


def test_after_standing_still_nothing_is_late() -> None:
    player = Player(ahead_s=0.06)
    player.make()
    player.pace.stand_still()
    player.clock.now_s += 500.0
    assert player.make() == pytest.approx(0.06)
    assert player.gaps == 0
