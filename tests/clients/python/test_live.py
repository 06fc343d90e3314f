"""Live sessions as a game in Python plays them, against the real server and against broken ones."""

import asyncio
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from swash.v1 import sound_pb2 as pb
from swash_client import (
    AsyncClient,
    Block,
    Client,
    DamagedSoundError,
    DeadlineError,
    InvalidRequestError,
    Session,
    SwashError,
    UnavailableError,
    UnknownSoundError,
)
from tests.clients.python.scripted import Scripted
from tests.serving import ServerProcess


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.address) as connected:
        yield connected


def blocks_until(session: Session, frames: int) -> int:
    """Fetch at least so many frames; return how many came."""
    came = 0
    while came < frames:
        came += len(next(session))
    return came


def test_a_voice_sounds_moves_and_stops(client: Client) -> None:
    ended: list[int] = []
    with client.perform(on_ended=lambda voice, _: ended.append(voice)) as session:
        rain = session.start("heavy rain on a tin roof", seed=3)
        applied = rain.started.applied()
        assert applied.layers[0].effect == "rain"
        assert applied.seed == 3
        moved = rain.set("intensity", 0.1, ramp_s=0.1).applied()
        assert moved.frame % session.opened.quantum_frames == 0
        rain.stop(release_s=0.05)
        session.finish()
        samples = session.rest()
        assert session.closed.frames == len(samples)
    assert samples.shape[1] == 2
    assert np.abs(samples).max() > 0.01
    assert ended == [rain.number]


def test_steps_are_triggered_when_the_foot_comes_down(client: Client) -> None:
    with client.perform(channels=1, encoding="pcm_f32le") as session:
        boots = session.start(effect="footsteps", parameters={"surface": "gravel"}, armed=True, seed=1)
        frames = [boots.trigger().applied() for _ in range(3)]
        boots.trigger({"surface": "wood"}, seed=7).applied()
        session.finish()
        samples = session.rest()
    assert len({step.seed for step in frames}) == 3
    assert samples.shape[1] == 1
    assert np.abs(samples).max() > 0.01


def test_a_refused_command_says_why_and_the_session_goes_on(client: Client) -> None:
    refused: list[SwashError] = []
    with client.perform(on_refused=refused.append) as session:
        rain = session.start(effect="rain")
        with pytest.raises(InvalidRequestError) as caught:
            rain.set("intensity", 9.0).applied()
        assert caught.value.violations[0].field == "parameters[intensity]"
        with pytest.raises(UnknownSoundError) as unknown:
            session.start("a singing choir").started.applied()
        assert len(unknown.value.suggestions) == 3
        assert rain.set("intensity", 0.9).applied().frame > 0
    assert len(refused) == 2


def test_a_refusal_that_nobody_asks_for_is_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with client.perform() as session:
        rain = session.start(effect="rain")
        rain.set("sweetness", 0.5)
        rain.set("intensity", 0.5).applied()
    assert "sweetness" in caplog.text


def test_what_cannot_be_sent_is_refused_before_it_is(client: Client) -> None:
    with client.perform() as session:
        with pytest.raises(InvalidRequestError, match="exactly one"):
            session.start("rain", effect="rain")
        with pytest.raises(InvalidRequestError, match="seed"):
            session.start("rain", seed=-1)
        with pytest.raises(InvalidRequestError, match="release_s"):
            session.stop(release_s=float("nan"))
    with pytest.raises(InvalidRequestError, match="encoding"):
        client.perform(encoding="wav")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="colour"):
        client.perform(colour="red")  # type: ignore[call-arg]


def test_a_wrong_opening_raises_on_entering(client: Client) -> None:
    with pytest.raises(InvalidRequestError) as caught, client.perform(ahead_s=5.0):
        pass
    assert "ahead_ms" in caught.value.violations[0].field


def test_a_recording_and_its_log(client: Client, tmp_path: Path) -> None:
    def recorded() -> tuple[Block, list[str]]:
        with client.perform(unpaced=True, log=True, sample_rate=44_100) as session:
            wind = session.start("howling wind", seed=5)
            wind.crossfade("crackling campfire", seed=6, fade_s=0.2, at_frame=22_050)
            session.stop(at_frame=44_100, release_s=0.1)
            session.finish()
            samples = session.rest()
            session.save_log(tmp_path / "session.log")
            return samples, session.log

    (one, lines), (again, _) = recorded(), recorded()
    np.testing.assert_array_equal(one, again)
    assert (tmp_path / "session.log").read_text(encoding="utf-8").splitlines() == lines
    assert len(lines) == 5


def test_leaving_ends_the_session(client: Client) -> None:
    with client.perform() as session:
        session.start("rain").started.applied()
    with pytest.raises(UnavailableError):
        session.start("rain")


def test_commands_may_come_from_any_thread(client: Client) -> None:
    with client.perform() as session:
        rain = session.start(effect="rain")
        answers: list[int] = []

        def turn() -> None:
            answers.extend(rain.set("gain_db", -1.0 * step).applied().frame for step in range(5))

        threads = [threading.Thread(target=turn) for _ in range(4)]
        for thread in threads:
            thread.start()
        blocks_until(session, 4800)
        for thread in threads:
            thread.join(60.0)
        assert len(answers) == 20


async def test_the_async_session_does_the_same(server: ServerProcess) -> None:
    async with AsyncClient(server.address) as client, client.perform(log=True) as session:
        rain = session.start("heavy rain on a tin roof", seed=3)
        assert (await rain.started.applied()).layers[0].effect == "rain"
        with pytest.raises(InvalidRequestError):
            await rain.set("intensity", 9.0).applied()
        rain.stop(release_s=0.05)
        session.finish()
        samples = await session.rest()
        assert session.closed.frames == len(samples)
        assert len(session.log) == 4


async def test_sync_and_async_record_the_same(server: ServerProcess) -> None:
    async with AsyncClient(server.address) as client, client.perform(unpaced=True) as session:
        session.start("wind", seed=5)
        session.stop(at_frame=24_000)
        session.finish()
        one = await session.rest()

    def record() -> Block:
        with Client(server.address) as client, client.perform(unpaced=True) as session:
            session.start("wind", seed=5)
            session.stop(at_frame=24_000)
            session.finish()
            return session.rest()

    np.testing.assert_array_equal(one, await asyncio.to_thread(record))


def opened(**more: object) -> pb.PerformResponse:
    session = pb.SessionOpened(sample_rate=48_000, channels=1, encoding=pb.ENCODING_PCM_S16LE, **more)  # type: ignore[arg-type]
    return pb.PerformResponse(opened=session)


def audio(first_frame: int) -> pb.PerformResponse:
    return pb.PerformResponse(audio=pb.Audio(data=bytes(960), first_frame=first_frame))


def script(*events: pb.PerformResponse, answers: bool = True):  # type: ignore[no-untyped-def]
    def play(requests: Iterator[pb.PerformRequest]) -> Iterator[pb.PerformResponse]:
        next(requests)
        yield from events
        if not answers:
            for _ in requests:
                pass

    return play


BROKEN = {
    "frames are missing": ((opened(), audio(0), audio(481)), DamagedSoundError),
    "it ends without its end": ((opened(), audio(0)), UnavailableError),
    "the digest differs": (
        (opened(), audio(0), pb.PerformResponse(closed=pb.SessionClosed(frames=480, sha256=b"x"))),
        DamagedSoundError,
    ),
    "the end tells of more frames": (
        (opened(), audio(0), pb.PerformResponse(closed=pb.SessionClosed(frames=960))),
        DamagedSoundError,
    ),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_session_is_told_to_whoever_listens(scripted: Scripted, broken: str) -> None:
    events, error = BROKEN[broken]
    scripted.performances.append(script(*events))
    with Client(scripted.address) as client, client.perform() as session:
        assert len(next(session)) == 480
        with pytest.raises(error):
            next(session)
        with pytest.raises(SwashError):
            session.start("rain")


def test_a_server_that_says_nothing_is_given_up(scripted: Scripted) -> None:
    scripted.performances.append(script(answers=False))
    with Client(scripted.address) as client, pytest.raises(DeadlineError), client.perform(timeout_s=0.2):
        pass


def test_a_command_without_an_answer_is_given_up(scripted: Scripted) -> None:
    scripted.performances.append(script(opened(), answers=False))
    with Client(scripted.address) as client, client.perform(timeout_s=0.2) as session:
        rain = session.start("rain")
        with pytest.raises(DeadlineError):
            rain.started.applied()


def test_audio_that_nobody_fetches_is_held_up_to_a_bound(scripted: Scripted) -> None:
    sent = threading.Event()

    def flood(requests: Iterator[pb.PerformRequest]) -> Iterator[pb.PerformResponse]:
        next(requests)
        yield opened()
        for number in itertools.count():
            if number == 200_000:
                sent.set()
                return
            yield audio(480 * number)

    scripted.performances.append(flood)
    with Client(scripted.address) as client, client.perform() as session:
        for _ in range(10):
            next(session)
        assert not sent.is_set()
