"""The log of a session says what was heard, plays it again to the sample, and names the line that is wrong."""

import json

import numpy as np
import pytest

from swash_model.errors import InvalidAskError
from swash_model.procedural import session_log
from swash_model.procedural.engine import ProceduralEngine
from swash_model.procedural.performance import Crossfade, Event, Move, Sound, Start, Stop, Trigger, played
from swash_model.spec import Ask

HEAD = session_log.Head("1-abcd", 44_100, 2, -1.0)
SOUND = ProceduralEngine().resolve(Ask(prompt="heavy rain and wind", seed=3, object_seed=4)).spec
STEPS = ProceduralEngine().resolve(Ask(effect="footsteps")).spec
EVENTS: list[tuple[int, Event]] = [
    (0, Start(1, Sound(SOUND.layers, 3, 4))),
    (0, Start(2, Sound(STEPS.layers, 8, 9), armed=True)),
    (441 * 5, Trigger(2, (("surface", "snow"),), 12)),
    (441 * 10, Move(1, "gain_db", -3.0, 0.2, 1)),
    (441 * 20, Crossfade(1, Sound(SOUND.layers, 5, 4), 0.1)),
    (441 * 40, Stop(None, 0.05)),
]


def lines() -> list[str]:
    events = [session_log.event_line(frame, event) for frame, event in EVENTS]
    return [session_log.head_line(HEAD), *events, session_log.last_line(441 * 60)]


def test_what_is_written_is_what_is_read() -> None:
    log = session_log.read(lines())
    assert log.head == HEAD
    assert log.events == tuple(EVENTS)
    assert log.frames == 441 * 60


def test_it_plays_again_to_the_sample() -> None:
    again = np.concatenate(list(session_log.read(lines()).quanta()), axis=1)
    events = ((frame // 441, event) for frame, event in EVENTS)
    np.testing.assert_array_equal(again, np.concatenate(list(played(events, 60)), axis=1))


def test_a_log_that_was_broken_off_ends_with_its_last_event() -> None:
    assert session_log.read(lines()[:-1]).frames == 441 * 40


WRONG = {
    "no head": ([], "line 1"),
    "no log at all": (["hello"], "line 1"),
    "another format": ([json.dumps({**json.loads(lines()[0]), "swash_session": 9})], "swash_session"),
    "a rate out of range": ([json.dumps({**json.loads(lines()[0]), "sample_rate": 7})], "sample_rate"),
    "an event that is none": ([lines()[0], '{"frame": 0, "dance": {}}'], "line 2: event"),
    "a frame that is past": ([lines()[0], lines()[4], lines()[3]], "line 3: frame"),
    "an effect that is unknown": ([lines()[0], lines()[1].replace('"rain"', '"snowfall"', 1)], "line 2: effect"),
    "a value out of range": (
        [lines()[0], lines()[1].replace('["gain_db", 0.0]', '["gain_db", 99]', 1)],
        "gain_db",
    ),
    "a line after the last": ([*lines(), lines()[1]], "line 9"),
    "a line too long": ([lines()[0], " " * 200_000 + "{}"], "line 2: length"),
    "NaN": ([lines()[0], lines()[4].replace("0.2", "NaN")], "ramp_s"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_line_is_named(wrong: str) -> None:
    given, named = WRONG[wrong]
    with pytest.raises(InvalidAskError, match=named):
        session_log.read(given)
