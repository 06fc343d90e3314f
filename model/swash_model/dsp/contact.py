"""Contact: the push between two bodies, which colours a hit more than the bodies do."""

import numpy as np

from swash_model.dsp.timeline import SAMPLE_RATE, Samples


def contact_s(hardness: float, force: float) -> float:
    """Return how long two bodies touch: 9 ms (felt) to 0.2 ms (steel), hardness and force 0..1.

    Harder and faster is shorter, hence brighter; the weak dependence on force follows Hertz,
    duration ~ speed^-1/5.
    """
    return float(0.009 * 0.025**hardness * (1.15 - 0.3 * force))


def contact_force(hardness: float, force: float) -> Samples:
    """Return a raised-cosine push of unit area times `force`, shape (frames,)."""
    frames = max(3, round(contact_s(hardness, force) * SAMPLE_RATE))
    push = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(frames) + 0.5) / frames)
    return np.asarray(push * force * 2.0 / frames)
