"""How a foot comes down: which parts of the sole touch, when and how hard, and what that sets in motion."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numba import njit

from swash_model.dsp import chance
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Values
from swash_model.procedural.effects._step_surfaces import Shoe, Surface

TREAD_STREAM, ROCK_STREAM = 61, 62


@dataclass(frozen=True, slots=True)
class Touch:
    """One part of the sole coming down: when, how hard (about 1 for a firm walk), and for how long."""

    at_s: float
    force: float
    width_s: float
    hardness: float


@dataclass(frozen=True, slots=True)
class Tread:
    """One step's forces.

    `touches` are heel and ball; `contacts` the edges of the sole within them; `push` the force on the
    ground and `stirred` how much of it moves, which takes its time to settle; both of shape (frames,).
    """

    touches: tuple[Touch, ...]
    contacts: tuple[Touch, ...]
    stance_s: float
    push: Samples
    stirred: Samples


def tread(timeline: Timeline, values: Values, surface: Surface, shoe: Shoe) -> Tread:
    """Return a step: heel and ball when walking, the ball slowly first when sneaking, all at once when running."""
    speed, weight, firmness = values.number("speed"), values.number("weight"), values.number("firmness")
    # No two steps are alike: heel 20 %, ball 25 %, timing 10 % at an ordinary irregularity of 0.3.
    unevenness = 0.4 + 2.0 * values.number("irregularity")
    spread = np.array([0.2, 0.25, 0.1, 0.1, 0.05, 0.3]) * unevenness
    chances = 2.0 * chance.uniforms(timeline.seed, TREAD_STREAM, 0, 6) - 1.0
    v_heel, v_ball, v_gap, v_width, v_stance, v_roll = np.maximum(0.3, 1.0 + spread * chances).tolist()

    sneak, run = min(1.0, max(0.0, 1.0 - speed / 0.35)), min(1.0, max(0.0, (speed - 0.6) / 0.3))
    effort = (0.45 + 0.55 * weight) * (0.6 + 0.8 * speed)
    heel = shoe.heel * effort * v_heel * (1.0 - 0.45 * sneak) * (1.0 + run * (0.06 + 0.8 * surface.give))
    ball = shoe.ball * effort * v_ball * (1.0 - run)
    width_s = (0.05 + 0.045 * (1.0 - speed)) * v_width * (1.2 - 0.4 * firmness)
    stance_s = (0.62 - 0.3 * speed) * v_stance
    # Springs in series: a soft ground takes the edge off any shoe.
    hardness = shoe.hardness * (1.0 - 0.7 * surface.give)
    hardness += 0.24 * (firmness - 0.5) - 0.16 * (weight - 0.5) + 0.06 * (speed - 0.5)
    hardness = min(1.0, max(0.02, hardness * (1.0 - 0.35 * sneak)))

    touches = [Touch(0.0, heel, width_s * (1.0 + 0.8 * sneak + run * surface.give), hardness)]
    if ball > 0.02:
        touches.append(Touch((0.23 - 0.15 * speed) * v_gap, ball, 1.6 * width_s, 0.8 * hardness))
    push = np.zeros(round((stance_s + 3.0 * surface.settle_s) * SAMPLE_RATE))
    for touch in touches:
        _lobe(push, touch.at_s, touch.width_s, touch.force, 0.7)
    # A sole that sinks in moves the ground all the way from heel to toes; a runner has left it by then.
    roll = (0.15 + 0.3 * surface.give) * effort * v_roll * (1.0 - 0.5 * run)
    _lobe(push, 0.005, stance_s - 0.02, roll, 0.7)
    toes = (0.16 + 0.16 * surface.give) * effort * (1.0 - 0.6 * sneak) * (1.0 - run)
    _lobe(push, stance_s - 0.14, 0.14, toes, 1.3)
    stirred = np.empty_like(push)
    _settle(push, math.exp(-1.0 / (surface.settle_s * SAMPLE_RATE)), stirred)
    contacts = [contact for touch in touches for contact in _rocking(timeline, touch)]
    return Tread(tuple(touches), tuple(contacts), stance_s, push, stirred)


def _rocking(timeline: Timeline, touch: Touch) -> list[Touch]:
    """Return the contacts of one touch: a sole is never flat, so its edges land one after another."""
    u = chance.uniforms(timeline.seed, ROCK_STREAM, round(1e4 * touch.at_s), 7)
    late_s = (0.0, 0.003 + 0.005 * u[0], 0.009 + 0.006 * u[1], 0.016 + 0.009 * u[2])
    share = (0.5 + 0.15 * u[3], 0.4 + 0.25 * u[4], 0.25 + 0.3 * u[5], 0.1 + 0.3 * u[6])
    return [
        replace(touch, at_s=touch.at_s + late, force=touch.force * part)
        for late, part in zip(late_s, share, strict=True)
    ]


def _lobe(force: Samples, at_s: float, width_s: float, level: float, skew: float) -> None:
    """Add a bell of force; a skew below 1 makes it rise faster than it falls."""
    first, frames = round(at_s * SAMPLE_RATE), round(width_s * SAMPLE_RATE)
    last = min(len(force), first + frames)
    within = np.arange(last - first) / frames
    force[first:last] += level * np.sin(np.pi * within**skew) ** 2


@njit(cache=True, nogil=True)
def _settle(push, decay, out):  # type: ignore[no-untyped-def]
    """Let what is set in motion follow the push up at once, and come to rest in its own time."""
    moving = 0.0
    for frame in range(push.shape[0]):
        moving = max(push[frame], moving * decay)
        out[frame] = moving
