"""Live sessions over the real port: commands are answered with their frame, and nothing stays behind."""

import hashlib
import os
import queue
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import numpy as np
import pytest

from swash.v1 import sound_pb2 as pb
from swash_model.engines import load_engines
from swash_server.doors import desk
from swash_server.live import session as sessions
from tests.serving import ServerProcess, ServerThread, until
from tests.web_calls import WebCall, WebError, web_unary

LiveSession: TypeAlias = "Callable[..., AbstractContextManager[Live]]"

TIMEOUT_S = 60.0
FRAME_BYTES = 4
QUANTUM = 480


class Live(ABC):
    """One session: requests as they are put in, events as they come."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[pb.PerformRequest | None] = queue.SimpleQueue()
        self.events: list[pb.PerformResponse] = []
        self.audio = bytearray()
        self.call: Any = None

    @classmethod
    @abstractmethod
    @contextmanager
    def opened(cls, server: ServerProcess | ServerThread, **opening: Any) -> "Iterator[Live]":
        """Give an open session, and end it."""

    @abstractmethod
    def leave(self) -> None:
        """Vanish, as a caller does whose game has crashed."""

    def send(self, *requests: pb.PerformRequest | None) -> None:
        for request in requests:
            self._requests.put(request)

    def next(self, kind: str | None = None) -> Any:
        """Return the next event, or the next of a kind; audio on the way is kept."""
        for event in self.call:
            found = event.WhichOneof("event") or ""
            self.events.append(event)
            if found == "audio":
                assert event.audio.first_frame * FRAME_BYTES == len(self.audio)
                self.audio += event.audio.data
            if kind in {None, found}:
                return getattr(event, found)
        raise EOFError(kind)

    def close(self) -> pb.SessionClosed:
        """Say that no more comes, and return how it was."""
        self.send(None)
        closed: pb.SessionClosed = self.next("closed")
        return closed

    def answers(self) -> dict[int, Any]:
        """Return what was answered so far, by the number of the command."""
        found = {}
        for event in self.events:
            if event.HasField("applied") or event.HasField("refused"):
                answer: Any = event.applied if event.HasField("applied") else event.refused
                found[answer.id] = answer
        return found

    def samples(self) -> np.ndarray[Any, Any]:
        return np.frombuffer(bytes(self.audio), "<i2").reshape(-1, 2)


class Perform(Live):
    """In both directions, over HTTP/2."""

    @classmethod
    @contextmanager
    def opened(cls, server: ServerProcess | ServerThread, **opening: Any) -> Iterator[Live]:
        with server.stub() as stub:
            session = cls()
            session.send(pb.PerformRequest(id=1, open=pb.OpenSession(**opening)))
            session.call = stub.Perform(iter(session._requests.get, None), timeout=TIMEOUT_S)
            try:
                yield session
            finally:
                session.send(None)
                session.leave()

    def leave(self) -> None:
        self.call.cancel()


class Listen(Live):
    """What comes from Listen, what goes by Control: gRPC-Web over HTTP/1.1, as a game engine does it."""

    _listening: WebCall

    @classmethod
    @contextmanager
    def opened(cls, server: ServerProcess | ServerThread, **opening: Any) -> Iterator[Live]:
        session = cls()
        request = pb.ListenRequest(id=1, open=pb.OpenSession(**opening))
        listening = session._listening = WebCall(server.http, "Listen", request.SerializeToString())
        name: queue.SimpleQueue[str] = queue.SimpleQueue()
        session.call = session._named(listening, name)
        commander = threading.Thread(target=session._command, args=(server.http, name), daemon=True)
        commander.start()
        try:
            yield session
        finally:
            session.leave()
            name.put("")
            session.send(None)
            commander.join(TIMEOUT_S)
            listening.close()

    def leave(self) -> None:
        self._listening.cancel()

    def _named(self, listening: WebCall, name: "queue.SimpleQueue[str]") -> Iterator[Any]:
        for event in listening:
            if event.HasField("opened"):
                name.put(event.opened.session)
            yield event

    def _command(self, http: str, name: "queue.SimpleQueue[str]") -> None:
        """Hand in what there is, all at once, while calls are taken."""
        session, number, ended = name.get(), 0, False
        while session and not ended:
            call = pb.ControlRequest(session=session, number=number)
            requests = [self._requests.get()]
            while not self._requests.empty() and len(requests) < desk.MAX_REQUESTS and requests[-1] is not None:
                requests.append(self._requests.get())
            call.requests.extend(request for request in requests if request is not None)
            ended = call.end = requests[-1] is None
            while True:
                try:
                    web_unary(http, "Control", call)
                    break
                except WebError as error:
                    if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                        return  # the session is over
                except OSError:
                    return  # so is the server
            number += 1


@pytest.fixture(params=[Perform, Listen])
def live(request: pytest.FixtureRequest) -> LiveSession:
    """Open a session in either way: to whoever plays they are the same."""
    way: type[Live] = request.param
    return way.opened


def start(number: int, *, at_frame: int | None = None, **voice: Any) -> pb.PerformRequest:
    voice = {"voice": 1, "seed": 5, **voice}
    if "prompt" not in voice and "effect" not in voice:
        voice["effect"] = "rain"
    return pb.PerformRequest(id=number, start=pb.StartVoice(**voice), at_frame=at_frame)


def moved(number: int, name: str, value: float, *, at_frame: int | None = None, **more: Any) -> pb.PerformRequest:
    told = pb.SetParameter(**{"voice": 1, "name": name, "value": pb.ParameterValue(number=value), **more})
    return pb.PerformRequest(id=number, set_parameter=told, at_frame=at_frame)


def stop(number: int, *, at_frame: int | None = None, **more: Any) -> pb.PerformRequest:
    return pb.PerformRequest(id=number, stop=pb.StopVoice(**more), at_frame=at_frame)


def test_a_session_opens_sounds_and_closes(live: LiveSession, server: ServerProcess) -> None:
    with live(server) as session:
        opened = session.next("opened")
        assert (opened.id, opened.engine, opened.sample_rate, opened.channels) == (1, "procedural", 48_000, 2)
        assert opened.quantum_frames == QUANTUM
        session.send(start(2, prompt="heavy rain on a tin roof"))
        applied = session.next("applied")
        assert (applied.id, applied.frame, applied.seed) == (2, 0, 5)
        assert applied.layers[0].effect == "rain"
        session.next("audio")
        closed = session.close()
        assert closed.frames * FRAME_BYTES == len(session.audio)
        assert closed.sha256 == hashlib.sha256(session.audio).digest()
        assert session.samples().any()


def test_commands_take_effect_at_their_frame_to_the_quantum(live: LiveSession, server: ServerProcess) -> None:
    with live(server) as session:
        session.send(start(2), moved(3, "gain_db", -40.0, at_frame=9601, ramp_ms=10), stop(4, at_frame=24_000))
        ended = session.next("voice_ended")
        session.close()
        frames = {number: answer.frame for number, answer in session.answers().items()}
        assert frames == {2: 0, 3: 9600 + QUANTUM, 4: 24_000}
        assert ended.voice == 1
        assert ended.frame == 24_000 + 4800
        samples = session.samples().astype(float)
        loud, soft = samples[4800:9600].std(), samples[14_400:19_200].std()
        assert soft < 0.05 * loud


def test_answers_come_before_the_frames_that_they_change(live: LiveSession, server: ServerProcess) -> None:
    with live(server) as session:
        session.send(start(2), *(moved(3 + n, "gain_db", -1.0 * n, at_frame=960 * n) for n in range(20)))
        session.send(stop(30, at_frame=24_000))
        session.next("voice_ended")
        frame = 0
        for event in session.events:
            if event.HasField("audio"):
                frame = event.audio.first_frame + len(event.audio.data) // FRAME_BYTES
            elif event.HasField("applied"):
                assert event.applied.frame >= frame


def test_several_voices_sound_together_and_each_ends_by_its_number(
    live: LiveSession, server: ServerProcess
) -> None:
    with live(server) as session:
        session.send(start(2, voice=7), start(3, voice=8, effect="fire"), start(4, voice=9, effect="ui_click"))
        assert session.next("voice_ended").voice == 9
        session.send(stop(5, voice=7))
        assert session.next("voice_ended").voice == 7
        session.send(stop(6))
        assert session.next("voice_ended").voice == 8


def test_what_is_triggered_out_of_silence_is_in_the_next_frames(live: LiveSession, server: ServerProcess) -> None:
    with live(server) as session:
        session.send(start(2, effect="footsteps", armed=True))
        session.next("applied")
        for number in range(3, 6):
            session.send(pb.PerformRequest(id=number, trigger=pb.TriggerVoice(voice=1)))
            applied = session.next("applied")
            while len(session.audio) < (applied.frame + 4800) * FRAME_BYTES:
                session.next("audio")
            step = np.abs(session.samples()[applied.frame :].astype(float)).max(axis=1)
            assert int(np.argmax(step > 100)) < QUANTUM
        seeds = {answer.seed for number, answer in session.answers().items() if number > 2}
        assert len(seeds) == 3


def test_silence_takes_no_frames(live: LiveSession, server: ServerProcess) -> None:
    with live(server) as session:
        session.send(start(2, effect="ui_click"))
        session.next("voice_ended")
        session.send(start(3, effect="ui_click"))
        first, second = session.answers()[2].frame, session.next("applied").frame
        assert second - first < 48_000  # however long the second was waited for


def test_a_crossfade_changes_what_a_voice_is(live: LiveSession, server: ServerProcess) -> None:
    with live(server) as session:
        fade = pb.CrossfadeVoice(voice=1, prompt="crackling campfire", seed=3, fade_ms=100)
        session.send(start(2), pb.PerformRequest(id=3, crossfade=fade, at_frame=9600), stop(4, at_frame=24_000))
        session.next("voice_ended")
        assert [layer.effect for layer in session.answers()[3].layers] == ["fire"]
        session.send(moved(5, "intensity", 0.5))
        assert session.next("refused").id == 5  # the voice is over


WRONG: dict[str, tuple[pb.PerformRequest, int, str]] = {
    "no command": (pb.PerformRequest(id=9), 3, "command"),
    "opened twice": (pb.PerformRequest(id=9, open=pb.OpenSession()), 3, "open"),
    "nothing to sound like": (pb.PerformRequest(id=9, start=pb.StartVoice(voice=2)), 3, "start.sound"),
    "an unknown effect": (start(9, voice=2, effect="snoring"), 3, "effect"),
    "words that mean nothing": (start(9, voice=2, prompt="a singing choir"), 5, ""),
    "a number that is taken": (start(9), 3, "voice"),
    "a fade too long": (start(9, voice=2, fade_in_ms=60_001), 3, "fade_in_ms"),
    "a voice that is not there": (moved(9, "intensity", 0.5, voice=77), 3, "voice"),
    "a value out of range": (moved(9, "intensity", 7.0), 3, "parameters[intensity]"),
    "NaN": (moved(9, "intensity", float("nan")), 3, "parameters[intensity]"),
    "a name that is not there": (moved(9, "x" * 1000, 7.0), 3, "parameters[" + "x" * 80 + "]"),
    "no value": (
        pb.PerformRequest(id=9, set_parameter=pb.SetParameter(voice=1, name="intensity")),
        3,
        "parameters",
    ),
    "a frame too far ahead": (moved(9, "intensity", 0.5, at_frame=2**63), 3, "at_frame"),
    "a layer that is not there": (moved(9, "intensity", 0.5, layer=2), 3, "layer"),
    "a trigger of what sounds by itself": (pb.PerformRequest(id=9, trigger=pb.TriggerVoice(voice=1)), 3, "voice"),
    "a control character": (start(9, voice=2, prompt="rain\0"), 3, "prompt"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_command_that_cannot_be_done_is_refused_and_the_rest_goes_on(
    live: LiveSession, server: ServerProcess, wrong: str
) -> None:
    request, code, field = WRONG[wrong]
    with live(server) as session:
        session.send(start(2))
        session.next("applied")
        session.send(request)
        refused = session.next("refused")
        assert (refused.id, refused.code) == (9, code)
        assert refused.field.startswith(field)
        assert refused.message
        if code == 5:
            assert len(refused.suggestions) == 3
        session.send(moved(10, "intensity", 0.5))
        assert session.next("applied").id == 10


OPENINGS: dict[str, tuple[pb.PerformRequest, str]] = {
    "no opening": (start(2), "command"),
    "a rate that has no whole quanta": (pb.PerformRequest(open=pb.OpenSession(sample_rate=11_025)), "sample_rate"),
    "a file": (pb.PerformRequest(open=pb.OpenSession(encoding=pb.ENCODING_WAV)), "encoding"),
    "three channels": (pb.PerformRequest(open=pb.OpenSession(channels=3)), "channels"),
    "too far ahead": (pb.PerformRequest(open=pb.OpenSession(ahead_ms=2001)), "ahead_ms"),
    "a ceiling above full scale": (pb.PerformRequest(open=pb.OpenSession(ceiling_dbtp=1.0)), "ceiling_dbtp"),
}


@pytest.mark.parametrize("wrong", OPENINGS)
def test_a_wrong_opening_opens_nothing(server: ServerProcess, wrong: str) -> None:
    request, field = OPENINGS[wrong]
    with server.stub() as stub, pytest.raises(grpc.RpcError) as caught:
        list(stub.Perform(iter([request]), timeout=TIMEOUT_S))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert field in str(caught.value.details())


def test_requests_that_are_no_messages_end_the_session_and_say_so(server: ServerProcess) -> None:
    with grpc.insecure_channel(server.address) as channel:
        perform: Any = channel.stream_stream("/swash.v1.SoundService/Perform")
        opening = pb.PerformRequest(open=pb.OpenSession()).SerializeToString()
        with pytest.raises(grpc.RpcError) as caught:
            list(perform(iter([opening, b"\xff\xff\xff"]), timeout=TIMEOUT_S))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(("sample_rate", "channels"), [(44_100, 2), (8_000, 1), (96_000, 2), (22_100, 1)])
def test_any_rate_and_both_channels(
    live: LiveSession, server: ServerProcess, sample_rate: int, channels: int
) -> None:
    opening = {
        "sample_rate": sample_rate,
        "channels": channels,
        "encoding": pb.ENCODING_PCM_F32LE,
        "unpaced": True,
    }
    with live(server, **opening) as session:
        session.send(start(2), stop(3, at_frame=sample_rate), None)
        data = b"".join(event.audio.data for event in session.call if event.HasField("audio"))
    frames = len(data) // (4 * channels)
    assert frames == pytest.approx(1.1 * sample_rate, abs=0.15 * sample_rate)
    assert np.abs(np.frombuffer(data, "<f4")).max() > 0.01


def recorded(
    live: LiveSession, server: ServerProcess | ServerThread, *requests: pb.PerformRequest, **opening: Any
) -> Live:
    """Return a recording: every command given beforehand, as fast as it can be made."""
    with live(server, unpaced=True, **opening) as session:
        session.send(*requests, None)
        session.next("closed")
        return session


def test_a_recording_is_the_same_to_the_sample_and_its_log_plays_it_again(
    live: LiveSession, server: ServerProcess, tmp_path: Path
) -> None:
    commands = [
        start(2, prompt="windy beach with distant thunder", seed=4),
        start(3, voice=2, effect="footsteps", armed=True, at_frame=4800),
        *(pb.PerformRequest(id=9, trigger=pb.TriggerVoice(voice=2), at_frame=9600 * n) for n in range(1, 4)),
        moved(10, "gain_db", -6.0, at_frame=24_000),
        stop(11, at_frame=48_000),
    ]
    one, again = (recorded(live, server, *commands, log=True, sample_rate=44_100) for _ in range(2))
    assert one.audio == again.audio
    parts = [part for event in one.events for part in (event.opened, event.applied, event.closed)]
    lines = [part.log_line for part in parts if part.log_line]
    log = tmp_path / "session.log"
    log.write_text("\n".join(lines), encoding="utf-8")
    from click.testing import CliRunner

    from swash_server.cli import main

    done = CliRunner().invoke(main, ["replay", str(log), "-o", str(tmp_path / "again.s16")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "again.s16").read_bytes() == bytes(one.audio)


def test_a_release_that_was_asked_for_is_not_cut_short_by_the_end(
    live: LiveSession, server: ServerProcess
) -> None:
    session = recorded(live, server, start(2), stop(3, at_frame=4800, release_ms=1000))
    assert 0 not in session.answers()
    assert len(session.audio) // FRAME_BYTES >= 4800 + 48_000


def test_a_voice_that_nobody_stops_is_released_at_the_end(live: LiveSession, server: ServerProcess) -> None:
    session = recorded(live, server, start(2, at_frame=4800))
    assert session.events[-2].HasField("audio")
    assert 4800 < session.answers()[0].frame <= 4800 + 10 * QUANTUM  # the release, a command of the server's own
    assert np.abs(session.samples()[-10:]).max() < 50


def test_a_caller_who_vanishes_leaves_no_voice_behind(live: LiveSession, server: ServerProcess) -> None:
    with live(server) as session:
        session.send(start(2), start(3, voice=2, prompt="rain and wind"))
        session.next("audio")
        assert server.metric("swash_live_voices") >= 3
        assert server.metric("swash_live_sessions") >= 1
        session.leave()
    until(
        lambda: server.metric("swash_live_voices") == 0 and server.metric("swash_live_sessions") == 0,
        "no voice is left",
    )


def test_frames_come_in_time_and_not_far_ahead(live: LiveSession, server: ServerProcess) -> None:
    with live(server, ahead_ms=100) as session:
        session.send(start(2))
        session.next("applied")
        while len(session.audio) < 48_000 * FRAME_BYTES:
            session.next("audio")
        session.send(moved(3, "gain_db", -3.0))
        applied = session.next("applied")
        # A command is heard no later than what was made ahead of it.
        assert applied.frame - len(session.audio) // FRAME_BYTES <= 0.2 * 48_000


def test_more_than_may_be_is_refused_at_once_and_room_is_given_back(live: LiveSession) -> None:
    with ServerThread(load_engines(), max_voices=3, max_sessions=2) as server:
        with live(server) as one, live(server) as two:
            one.send(start(2), start(3, voice=2, prompt="heavy rain and howling wind"))
            assert {one.next("applied").id, one.next("applied").id} == {2, 3}
            two.send(start(2))
            refused = two.next("refused")
            assert refused.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
            with server.stub() as stub, pytest.raises(grpc.RpcError) as caught:
                list(stub.Perform(iter([pb.PerformRequest(open=pb.OpenSession())]), timeout=TIMEOUT_S))
            assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            one.send(stop(4, voice=2, release_ms=0))
            one.next("voice_ended")
            two.send(start(5))
            assert two.next("applied").id == 5
        until(lambda: server.metric("swash_live_voices") == 0, "no voice is left")


def test_more_commands_than_may_wait_are_refused(live: LiveSession, server: ServerProcess) -> None:
    with live(server) as session:
        later = [moved(100 + n, "gain_db", -3.0, at_frame=48_000 * 3000) for n in range(sessions.MAX_WAITING + 5)]
        session.send(start(2), *later)
        refused = session.next("refused")
        assert refused.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
        assert refused.id >= 100 + sessions.MAX_WAITING - 1


def test_a_stopping_server_releases_voices_and_says_goodbye(live: LiveSession, tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, live(server) as session:
        session.send(start(2))
        session.next("audio")
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        session.next("closed")
        with pytest.raises(grpc.RpcError) as caught:
            session.next("anything more")
        stopping.join()
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        assert server.process.returncode == 0


def test_sixteen_sessions_hear_only_their_own(live: LiveSession, server: ServerProcess) -> None:
    alone = [recorded(live, server, start(2, seed=seed), stop(3, at_frame=24_000)).audio for seed in range(4)]
    assert all(one != other for one, other in pairwise(alone))
    heard: dict[int, bytearray] = {}

    def record(number: int) -> None:
        heard[number] = recorded(live, server, start(2, seed=number % 4), stop(3, at_frame=24_000)).audio

    threads = [threading.Thread(target=record, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)
    assert all(heard[number] == alone[number % 4] for number in range(16))


def test_voices_go_on_elsewhere_when_their_process_is_killed(live: LiveSession, tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        with live(server) as session:
            session.send(start(2))
            session.next("audio")
            for worker in _below(server.process.pid):
                os.kill(worker, signal.SIGKILL)
            with pytest.raises(grpc.RpcError) as caught:
                session.next("closed")
            assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        with live(server) as again:  # a new process is there for the next session
            again.send(start(2))
            again.next("audio")
        assert server.metric("swash_live_restarts_total") >= 1
        assert server.stop() == 0


def _below(pid: int) -> list[int]:
    """Return every process that was started by this one, or by one that was."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [below for child in children for below in (*_below(child), child)]


def test_commands_hold_from_their_frame_at_any_rate(live: LiveSession, server: ServerProcess) -> None:
    wanted = [800 * n for n in range(2, 12)]
    with live(server, unpaced=True, sample_rate=8000) as session:
        session.send(start(2), *(moved(3 + n, "gain_db", -n, at_frame=at) for n, at in enumerate(wanted)))
        session.send(stop(99, at_frame=9600), None)
        applied = {e.applied.id: e.applied.frame for e in session.call if e.HasField("applied")}
    assert [applied[3 + n] for n in range(len(wanted))] == wanted
