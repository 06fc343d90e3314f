"""Bubbles: the voice of water. A bubble's radius gives its pitch and its decay."""

import numpy as np

from swash_model.dsp.timeline import Samples


def radius_m(draw: Samples, low_m: Samples | float, high_m: Samples | float, exponent: float) -> Samples:
    """Return radii in [low_m, high_m] from draws in [0, 1): density falls as radius^-exponent.

    Inverse of the cumulative distribution. Breaking waves: 3/2 below 1 mm, 10/3 above (Deane & Stokes,
    "Scale dependence of bubble creation mechanisms in breaking waves", Nature 2002).
    """
    power = 1.0 - exponent
    return np.asarray((low_m**power + draw * (high_m**power - low_m**power)) ** (1.0 / power))


def frequency_hz(radius_m: Samples) -> Samples:
    """Return the pitch of bubbles of these radii near the surface of water (Minnaert, 1933): 3 / r."""
    return np.asarray(3.0 / radius_m)


def decay(radius_m: Samples) -> Samples:
    """Return the damping, 1/s (van den Doel, "Physically based models for liquid sounds", 2005)."""
    return np.asarray(0.13 / radius_m + 0.0072 * radius_m**-1.5)
