"""What water does under a foot: slap, spatter, bubbles, and mud that holds on to the sole."""

import numpy as np

from swash_model.dsp import bubbles, chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effects._step_forces import Tread

SLAP_STREAM, DROP_STREAM, BUBBLE_STREAM, SUCTION_STREAM = 80, 81, 82, 83
LATEST_DROP_S = 0.45  # what was thrown up higher falls back unheard


def splash(
    timeline: Timeline, step: Tread, *, film: float, depth: float, thickness: float, weight: float, frames: int
) -> Samples:
    """Return a splash, shape (2, frames).

    `film` is how wet the ground is and `depth` how far the foot goes under, `thickness` how muddy the
    water, each 0 to 1. A film spatters; only depth makes large bubbles. A heavy foot drives it lower.
    """
    bursts, grains = BurstBank(), GrainBank(64)
    water = min(1.0, film + depth)
    hits_s = np.array([*(touch.at_s for touch in step.touches), step.stance_s - 0.05])
    force = np.array([*(touch.force for touch in step.touches), 0.25 * step.touches[0].force])
    for layer, (centre_hz, decay_s, level) in enumerate(((1300.0, 0.035, 0.30), (6000.0, 0.07, 0.14))):
        bursts.add(
            _frames(hits_s),
            centre_hz=np.full(len(hits_s), centre_hz * (1.0 - 0.3 * thickness) * (1.2 - 0.4 * weight)),
            resonance=0.5,
            decay=1.0 / decay_s,
            amplitude=0.8 * level * water * force,
            pan=np.zeros(len(hits_s)),
            key=chance.uniforms(timeline.seed, SLAP_STREAM, layer, len(hits_s)),
        )
    _spatter(bursts, timeline, hits_s, step.touches[0].force, water, thickness)
    _bubble(grains, timeline, step, round(6 * film + 14 * depth), 0.16, 0.001, 0.0025 + 0.0045 * depth)
    _bubble(grains, timeline, step, round(4 * depth), 0.4, 0.006, 0.014)
    out = np.zeros((2, frames))
    bursts.sound(out)
    grains.sound(out)
    return out


def _spatter(
    bursts: BurstBank, timeline: Timeline, hits_s: Samples, force: float, water: float, thickness: float
) -> None:
    """Throw up drops, most of them at once."""
    count = int(130.0 * water * min(1.5, 0.4 + 0.6 * force))
    u = chance.uniforms(timeline.seed, DROP_STREAM, 0, 6 * count).reshape(count, 6)
    after_s = 0.004 - (0.05 + 0.09 * water) * np.log(1.0 - 0.97 * u[:, 0])
    hit_s = hits_s[(u[:, 1] * len(hits_s)).astype(int)]
    bursts.add(
        _frames(hit_s + np.minimum(after_s, LATEST_DROP_S)),
        centre_hz=3000.0 * (1.0 - 0.5 * thickness) * 3.5 ** u[:, 2],
        resonance=2.5,
        decay=500.0 * 3.0 ** u[:, 2],
        amplitude=0.34 * water**0.7 * force * u[:, 3] ** 3,
        pan=1.2 * (u[:, 4] - 0.5),
        key=u[:, 5],
    )


def _bubble(
    grains: GrainBank,
    timeline: Timeline,
    step: Tread,
    count: int,
    level: float,
    smallest_m: float,
    largest_m: float,
) -> None:
    """Let bubbles close behind the foot."""
    u = chance.uniforms(timeline.seed, BUBBLE_STREAM, round(1e6 * largest_m), 5 * count).reshape(count, 5)
    radius = smallest_m + (largest_m - smallest_m) * u[:, 0] ** 2
    decay = 2.0 * bubbles.decay(radius)  # churned water lets none of them ring on
    grains.add(
        _frames(0.02 + (step.stance_s - 0.05) * u[:, 1]),
        frequency_hz=bubbles.frequency_hz(radius),
        decay=decay,
        amplitude=level * step.touches[0].force * u[:, 2],
        pan=0.8 * (u[:, 3] - 0.5),
        rise=np.where(u[:, 4] > 0.4, 0.05 * decay, 0.0),
        attack_s=0.0008,
    )


def suction(timeline: Timeline, step: Tread, level: float, frames: int) -> Samples:
    """Return the ground letting go of a lifted sole: bubbles heard backwards, shape (2, frames)."""
    grains = GrainBank(16)
    u = chance.uniforms(timeline.seed, SUCTION_STREAM, 0, 5 * 9).reshape(9, 5)
    radius = 0.004 + 0.005 * u[:, 0]
    decay = 2.0 * bubbles.decay(radius)  # mud is thick
    grains.add(
        _frames(step.stance_s - 0.12 + 0.14 * np.sort(u[:, 1])),
        frequency_hz=bubbles.frequency_hz(radius),
        decay=decay,
        amplitude=level * step.touches[0].force * (0.2 + u[:, 2]),
        pan=0.3 * (u[:, 3] - 0.5),
        rise=-0.03 * decay,
        attack_s=0.006 + 0.02 * u[:, 4],
    )
    out = np.zeros((2, frames))
    grains.sound(out)
    return out


def _frames(at_s: Samples) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.round(at_s * SAMPLE_RATE).astype(np.int64)
