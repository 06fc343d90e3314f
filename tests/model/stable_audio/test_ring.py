"""A loop goes on where it began: sampled on a ring, or crossfaded at equal power."""

import itertools
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from torch import Tensor, nn

from swash_model.dsp.seam import seam_of
from swash_model.spec import Block
from swash_model.stable_audio.ending import crossfaded
from swash_model.stable_audio.fast_model import FastStableAudio
from swash_model.stable_audio.model import Options, Sound, StableAudio, load
from swash_model.stable_audio.oobleck import Decoder, Residual, Snake
from swash_model.stable_audio.precision import EXACT
from swash_model.stable_audio.sampler import GOLDEN_RATIO, around
from tests.hearing import level_db

RAIN = Sound("light rain", 11.0, 7)
WINDOW = 13  # latents, of the golden model
RATE = 44_100


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def fast(golden: Path) -> FastStableAudio:
    plain = load(golden)
    return FastStableAudio(plain, EXACT, lambda: plain.encoder, compiled=False)


@pytest.fixture(scope="module")
def smooth(golden: Path) -> FastStableAudio:
    """Give a model whose decoder draws lines from latent to latent: what does not go on is seen at once."""
    plain = load(golden)
    draw_lines(plain.decoder)
    return FastStableAudio(plain, EXACT, lambda: plain.encoder, compiled=False)


def draw_lines(decoder: Decoder) -> None:
    for module in decoder.modules():
        if isinstance(module, Snake):
            module.beta.fill_(20.0)  # bends nothing
        elif isinstance(module, Residual):
            silence(module.layers[3])
        elif isinstance(module, nn.ConvTranspose1d):
            stride = module.stride[0]
            rise = 1.0 - (torch.arange(2 * stride) + 0.5 - stride).abs() / stride
            each_its_own(module.weight, rise)
            module.get_parameter("bias").zero_()
    for end in (decoder.layers[0], decoder.layers[-1]):
        each_its_own(end.get_parameter("weight").transpose(0, 1), torch.eye(7)[3])
    decoder.layers[0].get_parameter("bias").zero_()


def silence(module: nn.Module) -> None:
    for parameter in module.parameters():
        parameter.zero_()


def each_its_own(weight: Tensor, taps: Tensor) -> None:
    """Let the first channels of a weight, shape (in, out, width), pass on themselves and nothing else."""
    weight.zero_()
    for channel in range(min(weight.shape[:2])):
        weight[channel, channel] = taps


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def same(one: Tensor, other: Tensor, atol: float = 1e-5) -> None:
    torch.testing.assert_close(one, other, atol=atol, rtol=0.0)


# The velocity on a ring.


def velocity_of(model: StableAudio) -> Callable[[Tensor, float], Tensor]:
    return model.velocity(model.conditions([RAIN], Options()), 1.0)


def test_on_a_ring_as_long_as_the_window_the_velocity_is_the_plain_one_turned(model: StableAudio) -> None:
    plain, ring = velocity_of(model), noise(1, 8, WINDOW)
    on_ring = around(plain, WINDOW)
    for step in range(8):
        turned_by = round(step * WINDOW / GOLDEN_RATIO) % WINDOW
        expected = plain(ring.roll(-turned_by, 2), 0.5).roll(turned_by, 2)
        same(on_ring(ring, 0.5), expected)


def test_the_window_begins_everywhere_sooner_or_later() -> None:
    begun = set()

    def velocity(latents: Tensor, sigma: float) -> Tensor:
        begun.add(int(latents[0, 0, 0]))
        return latents

    on_ring = around(velocity, WINDOW)
    for _ in range(8):  # as many steps as a sound has
        on_ring(torch.arange(WINDOW, dtype=torch.float32).expand(1, 8, -1), 0.5)
    assert len(begun) >= 7  # never twice but by rounding


@pytest.mark.parametrize("length", [1, 2, 5, 6, 7, 12, 13, 14, 30])
def test_what_knows_nothing_of_its_place_says_the_same_on_a_ring_of_any_length(length: int) -> None:
    ring = noise(2, 8, length)
    on_ring = around(lambda latents, sigma: sigma * latents**2 + 1.0, WINDOW)
    for _ in range(5):
        same(on_ring(ring, 0.3), 0.3 * ring**2 + 1.0)


@pytest.mark.parametrize("length", [3, 9, 13])
def test_the_network_sees_the_end_of_a_ring_go_over_into_its_beginning(length: int) -> None:
    seen = []

    def velocity(latents: Tensor, sigma: float) -> Tensor:
        seen.append(latents[0, 0].long().tolist())
        return latents

    on_ring = around(velocity, WINDOW)
    for _ in range(8):
        on_ring(torch.arange(length, dtype=torch.float32).expand(1, 8, -1), 0.5)
    for places in seen:
        assert len(places) == WINDOW
        assert set(places) == set(range(length))
        assert all((one + 1) % length == other for one, other in itertools.pairwise(places))


def test_of_a_latent_that_stands_there_twice_the_middle_weighs_more() -> None:
    # Ones where the window ends, of what stands there as well as near the middle: little comes through.
    length, said = 8, torch.zeros(1, 8, WINDOW)
    said[..., length:] = 1.0  # places 8 to 12, which are 0 to 4 again
    heard = around(lambda latents, _: said + latents, WINDOW)(torch.zeros(1, 8, length), 0.5)[0, 0]
    assert heard[0] > 0.9  # it stands at the very beginning, and again near the middle
    assert heard[4] < 0.1  # the other way round
    assert (heard.diff()[:4] < 0).all()
    assert not heard[5:].any()


# Its sound.


@pytest.mark.parametrize("length", [1, 3, 5, 9, 13])
def test_a_turn_is_what_is_heard_in_the_middle_of_many(
    fast: FastStableAudio, model: StableAudio, length: int
) -> None:
    ring = noise(8, length)
    turn = torch.cat(list(fast.turn(ring)))
    before = -(-fast._decoder.context // length)  # turns
    turns = model.decode(ring.repeat(1, 2 * before + 1)[None])[0].T
    frames = length * model.config.ratio
    same(turn, turns[before * frames : (before + 1) * frames], 2e-5)


def test_a_turn_begun_elsewhere_is_the_same_loop(fast: FastStableAudio, model: StableAudio) -> None:
    ring = noise(8, 9)
    turn, later = (torch.cat(list(fast.turn(each))) for each in (ring, ring.roll(-4, 1)))
    same(later, turn.roll(-4 * model.config.ratio, 0), 2e-5)


def turn_of(model: FastStableAudio, seed: int, length: int) -> Block:
    sound = Sound(RAIN.prompt, RAIN.seconds, seed)
    *_, ring = model.sample([sound], Options(ring_frames=length))
    return np.asarray(torch.cat(list(model.turn(ring[0]))))


def cut_of(model: FastStableAudio, seed: int, length: int) -> Block:
    """Return as much of a sound that is no loop, from its middle."""
    sound = Sound(RAIN.prompt, RAIN.seconds, seed)
    whole = np.asarray(model.generate([sound], Options())[0].T)
    frames = length * model.config.ratio
    start = (len(whole) - frames) // 2
    return whole[start : start + frames]


LENGTHS = (5, 9, 11)


@pytest.mark.parametrize("length", [*LENGTHS, WINDOW])
@pytest.mark.parametrize("seed", range(3))
def test_the_end_of_a_ring_joins_its_beginning(smooth: FastStableAudio, seed: int, length: int) -> None:
    seam = seam_of(turn_of(smooth, seed, length), RATE)
    assert seam.jump < 1.5
    assert seam.slope < 1.5
    assert seam.flux < 1.5
    assert abs(seam.level_db) < 6.0


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("seed", range(3))
def test_the_end_of_a_sound_that_is_no_loop_does_not(smooth: FastStableAudio, seed: int, length: int) -> None:
    seam = seam_of(cut_of(smooth, seed, length), RATE)
    assert seam.jump > 10.0
    assert seam.slope > 10.0


@pytest.mark.parametrize("length", [*LENGTHS, WINDOW])
def test_what_sounds_like_noise_goes_on_as_noise(fast: FastStableAudio, length: int) -> None:
    seam = seam_of(turn_of(fast, 1, length), RATE)
    assert max(seam.jump, seam.slope, seam.flux) < 1.5
    assert abs(seam.level_db) < 2.0


def test_the_last_window_leaves_no_seam_inside(smooth: FastStableAudio) -> None:
    ratio = smooth.config.ratio
    for length in LENGTHS:
        turn = turn_of(smooth, 1, length)
        last = round(7 * length / GOLDEN_RATIO) % length  # where the window of the last of eight steps began
        assert seam_of(turn, RATE, last * ratio).jump < 1.5


# Crossfaded.


def rumble(frames: int, seed: int) -> Block:
    """Return noise below 100 Hz, about, in which a jump is seen at once; shape (frames, 2)."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal((frames, 2)), axis=0)
    spectrum *= np.exp(-((np.fft.rfftfreq(frames, 1 / RATE)[:, None] / 100.0) ** 2))
    low = np.fft.irfft(spectrum, frames, axis=0)
    return np.asarray(0.2 * low / low.std(), np.float32)


@pytest.mark.parametrize("overlap_frames", [1, 2, 441, 4410, 22_050])
def test_a_crossfaded_turn_is_shorter_by_what_overlaps(overlap_frames: int) -> None:
    sound = rumble(RATE, 1)
    turn = crossfaded(sound, overlap_frames)
    assert turn.shape == (RATE - overlap_frames, 2)
    assert turn.dtype == np.float32
    np.testing.assert_array_equal(turn[overlap_frames:], sound[overlap_frames : RATE - overlap_frames])


def test_a_crossfade_leaves_the_sound_that_it_is_given_alone() -> None:
    sound = rumble(RATE, 1)
    kept = sound.copy()
    crossfaded(sound, 4410)
    np.testing.assert_array_equal(sound, kept)


def test_two_halves_that_have_nothing_in_common_keep_their_level() -> None:
    overlap = RATE
    sound = np.random.default_rng(4).standard_normal((4 * RATE, 2)).astype(np.float32)
    turn = crossfaded(sound, overlap)
    for part in np.split(turn[:overlap], 10):
        assert level_db(part) == pytest.approx(0.0, abs=0.3)  # as much as a tenth of a second of noise varies


def test_at_every_place_the_two_halves_have_one_power() -> None:
    frames, overlap = 1000, 300
    first, last = (np.zeros((frames, 1), np.float32) for _ in range(2))
    first[:overlap], last[-overlap:] = 1.0, 1.0
    gains = crossfaded(first, overlap), crossfaded(last, overlap)
    np.testing.assert_allclose(gains[0][:overlap] ** 2 + gains[1][:overlap] ** 2, 1.0, atol=1e-6)
    assert (np.diff(gains[0][:overlap, 0]) > 0).all()
    assert gains[1][0, 0] == 1.0


@pytest.mark.parametrize("overlap_frames", [4410, 22_050])
@pytest.mark.parametrize("seed", range(3))
def test_a_crossfaded_turn_has_no_click(seed: int, overlap_frames: int) -> None:
    sound = rumble(2 * RATE, seed)
    turn = crossfaded(sound, overlap_frames)
    for at_frame in (0, overlap_frames):  # where it begins again, and where the end has faded out
        seam = seam_of(turn, RATE, at_frame)
        assert max(seam.jump, seam.flux) < 1.5
        assert seam.slope < 10.0  # the gains bend there, by 1e-4 of full scale; a cut makes 500 and more
    cut = seam_of(sound[overlap_frames // 2 :][: len(turn)], RATE)
    assert cut.jump > 10.0
    assert cut.slope > 500.0


def test_a_tone_that_goes_on_through_the_overlap_rises_by_three_decibels_at_most() -> None:
    angles = 2 * math.pi * 440.0 / RATE * np.arange(2 * RATE)
    tone = np.repeat(np.sin(angles)[:, None], 2, axis=1).astype(np.float32)
    turn = crossfaded(tone, RATE // 2)  # 660 periods long: the two halves are the same
    assert np.abs(turn).max() == pytest.approx(math.sqrt(2.0), abs=0.01)
