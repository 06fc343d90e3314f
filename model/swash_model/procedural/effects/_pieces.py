"""Pieces: many small things that come down, hop and come to rest; shards, stones, boards."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swash_model.dsp import chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.timeline import SAMPLE_RATE, Samples

GRAVITY_M_S2 = 9.81
FAINTEST = 0.05  # of the hardest: a hop below is not heard
FAINTEST_PARTIAL = 0.012  # of the loudest piece's: among so many, a fainter one is lost
RATTLE_S = 0.012  # what has stopped hopping rocks on its corners

BOUNCE_STREAM, PARTIAL_STREAM, GAIN_STREAM = 1, 2, 3  # above the stream that a caller gives


@dataclass(frozen=True, slots=True)
class Hits:
    """What touches the ground when, arrays of shape (hits,).

    `piece` is the number of the one that lands, `strength` its speed against the fastest, 0..1.
    """

    at_s: Samples
    piece: npt.NDArray[np.int64]
    strength: Samples


@dataclass(frozen=True, slots=True)
class Ringing:
    """How each piece rings: first partial (Hz), decay (1/s) and level, each (pieces,), and its place, -1..1.

    `ratios` are the partials over the first; a piece has its own within `uneven` of them. A touch of
    `contact_s`, (pieces,), leaves the partials above its reciprocal alone.
    """

    frequency_hz: Samples
    decay: Samples
    level: Samples
    pan: Samples
    ratios: Samples
    uneven: float
    contact_s: Samples


def hits_of(
    seed: int, stream: int, landing_s: Samples, speed_m_s: Samples, *, restitution: Samples, hops: int
) -> Hits:
    """Return all touches of pieces that land at `landing_s` with `speed_m_s`, each of shape (pieces,).

    Each hop keeps about `restitution` of the speed, shape (pieces,); `hops` is the most of them.
    """
    pieces = len(landing_s)
    draw = chance.uniforms(seed, stream + BOUNCE_STREAM, 0, 2 * hops * pieces).reshape(2, hops, pieces)
    at_s, speed, number = landing_s.copy(), speed_m_s.copy(), np.arange(pieces)
    fastest = float(speed_m_s.max(initial=1e-9))
    times, strengths = [at_s], [speed / fastest]
    for hop in range(hops):
        # A corner that lands turns part of the speed into spin, or the other way round.
        speed = speed * restitution * (0.5 + draw[0, hop])
        at_s = at_s + 2.0 * speed / GRAVITY_M_S2 * (0.7 + 0.5 * draw[1, hop]) + RATTLE_S * draw[1, hop]
        times.append(at_s)
        strengths.append(speed / fastest)
    strength = np.concatenate(strengths)
    heard = strength > FAINTEST
    return Hits(np.concatenate(times)[heard], np.tile(number, hops + 1)[heard], strength[heard])


def ring_pieces(out: Samples, seed: int, stream: int, hits: Hits, ringing: Ringing) -> None:
    """Add what the pieces ring to `out`, shape (2, frames): each with its own partials at every touch."""
    count, pieces, partials = len(hits.at_s), len(ringing.frequency_hz), len(ringing.ratios)
    if not count:
        return
    own = (
        2.0 * chance.uniforms(seed, stream + PARTIAL_STREAM, 0, pieces * partials).reshape(partials, pieces) - 1.0
    )
    hz = ringing.frequency_hz * ringing.ratios[:, None] * (1.0 + ringing.uneven * own)
    reached = 1.0 / (1.0 + (hz * ringing.contact_s) ** 2)
    # It lands on another corner each time, and other partials answer.
    draw = chance.uniforms(seed, stream + GAIN_STREAM, 0, count * partials).reshape(partials, count)
    which = hits.piece
    level = (ringing.level * reached)[:, which] * hits.strength * (0.25 + 1.5 * draw * draw)
    heard = (level > FAINTEST_PARTIAL * ringing.level.max()) & (hz[:, which] < 0.45 * SAMPLE_RATE)
    # Higher partials lose sooner, as in anything that loses a share of its energy each turn.
    fall = (ringing.decay * (0.6 + 0.4 * hz / hz[0]))[:, which]
    onset = np.broadcast_to((hits.at_s * SAMPLE_RATE).astype(np.int64), heard.shape)
    bank = GrainBank(capacity=int(heard.sum()) + 1)
    bank.add(
        onset[heard],
        frequency_hz=hz[:, which][heard],
        decay=fall[heard],
        amplitude=level[heard],
        pan=np.broadcast_to(ringing.pan[which], heard.shape)[heard],
        phase=np.where(draw > 0.5, np.pi, 0.0)[heard],
        attack_s=0.0001,
    )
    bank.sound(out)


def tick_pieces(
    out: Samples,
    seed: int,
    stream: int,
    hits: Hits,
    *,
    level: Samples,
    centre_hz: Samples,
    fall_s: Samples,
    pan: Samples,
) -> None:
    """Add the crunch of each touch to `out`, shape (2, frames): noise around `centre_hz`; all (pieces,)."""
    count = len(hits.at_s)
    key = chance.uniforms(seed, stream, 0, 2 * count).reshape(2, count)
    which = hits.piece
    bank = BurstBank(capacity=count + 1)
    bank.add(
        (hits.at_s * SAMPLE_RATE).astype(np.int64),
        centre_hz=centre_hz[which] * (0.7 + 0.6 * key[1]),
        resonance=0.7,
        decay=1.0 / fall_s[which],
        amplitude=level[which] * hits.strength,
        pan=pan[which],
        key=key[0],
    )
    bank.sound(out)
