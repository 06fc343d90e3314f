"""Prompts in other languages: put into English for the engine that reads only that, else read as they are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from swash.v1 import sound_pb2 as pb
from swash_model.engines import DEFAULT_ENGINE, NEURAL_ENGINE, ModelChoice, load_engines
from tests.serving import ServerThread, rendered

GOLDEN = Path(__file__).parent.parent / "data" / "stable_audio_open_small"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(load_engines(ModelChoice(GOLDEN, threads=1))) as running:
        yield running


def neural(prompt: str, *, fallback: bool = False) -> pb.RenderRequest:
    return pb.RenderRequest(prompt=prompt, engine=NEURAL_ENGINE, seed=1, steps=2, fallback=fallback)


def test_the_neural_engine_reads_a_prompt_in_english(server: ServerThread) -> None:
    with server.stub() as stub:
        chinese = rendered(stub, neural("远处的狗叫声"))
        english = rendered(stub, neural(chinese.header.english_prompt))
    assert chinese.header.english_prompt == "distant dog barking"
    assert chinese.audio == english.audio
    assert chinese.header.key == english.header.key
    assert not english.header.HasField("english_prompt")


def test_what_nobody_can_put_into_english_is_sent_as_it_is(server: ServerThread) -> None:
    with server.stub() as stub:
        answer = rendered(stub, neural("щфывапр йцукен"))
    assert answer.header.engine == NEURAL_ENGINE
    assert not answer.header.HasField("english_prompt")


def test_the_procedural_engine_reads_what_was_typed(server: ServerThread) -> None:
    with server.stub() as stub:
        header = rendered(stub, pb.RenderRequest(prompt="重い足音 ヌルポガッ", seed=1, duration_s=1.0)).header
    assert header.engine == DEFAULT_ENGINE
    assert [layer.effect for layer in header.layers] == ["footsteps"]
    assert list(header.unknown_words) == ["ヌルポガッ"]
    assert not header.HasField("english_prompt")


def test_what_is_understood_of_another_language_names_its_own_words(server: ServerThread) -> None:
    with server.stub() as stub:
        understood = stub.ResolvePrompt(pb.ResolvePromptRequest(prompt="Regen auf dem Zwurbel"))
    assert [layer.effect for layer in understood.layers] == ["rain"]
    assert list(understood.unknown_words) == ["zwurbel"]
