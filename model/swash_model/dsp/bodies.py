"""Bodies: whole things that ring when struck: several parts, each mode with its twin, and the air inside."""

from dataclasses import dataclass, replace

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.modal import MATERIALS, REFERENCE_SIZE_M, Material, Modes, modes_of
from swash_model.dsp.timeline import Samples

TWINS = 8  # modes that come in pairs: higher ones are too short to beat
HELMHOLTZ_LOSS = 0.05  # air in a box loses most of its energy through the walls
TUBE = replace(MATERIALS["metal"], series="bar", modes=14)

BODY_STREAM = 1 << 25
PARTS, SIGNS, SPREAD, PAIRS = range(4)  # what a draw of that stream is for


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a thing: its stuff, its size against the whole, and how much of the sound is its own."""

    material: Material
    scale: float
    share: float


def body_of(
    material: Material, *, size_m: float, hollow: float, object_seed: int, position: float, damping: float
) -> Modes:
    """Return the modes of a thing: as `modes_of`, with `hollow` 0..1 for the air that it encloses."""
    parts = [
        _modes_of_part(part, size_m, object_seed + number, position, damping)
        for number, part in enumerate(_parts(material, hollow, object_seed))
    ]
    first_hz = float(parts[0].frequency_hz[0])
    parts[0].gain[:3] *= 1.0 + 0.8 * hollow  # thin walls move as a whole
    solid = _uneven(_joined(parts), object_seed)
    air = _air(first_hz, material, hollow, damping)
    # A box is not louder than a block of its size, it is lower.
    return _joined([solid, _twins(solid, object_seed), air], 1.0 / (1.0 + 0.6 * hollow))


def _parts(material: Material, hollow: float, object_seed: int) -> tuple[Part, ...]:
    """Return what a thing is made of: the boards of a crate, the body and neck of a bottle, a tube.

    A plate has modes enough; a bar or a shell alone would sound like a musical instrument.
    """
    if material == MATERIALS["metal"]:  # hollow metal is a pipe: it bends as a bar does, hence its clang
        return (Part(material, 1.0, 1.0 - 0.75 * hollow), Part(TUBE, 1.0, hollow))
    if material.series == "plate":
        return (Part(material, 1.0, 1.0),)
    small, large = chance.uniforms(object_seed, BODY_STREAM, PARTS, 2)
    share = 0.35 + 0.5 * hollow
    return (
        Part(material, 1.0, 1.0),
        Part(material, 0.62 + 0.2 * small, share),
        Part(material, 1.15 + 0.35 * large, share),
    )


def _modes_of_part(part: Part, size_m: float, object_seed: int, position: float, damping: float) -> Modes:
    # The larger a thing, the more of its modes are within hearing.
    crowd = min(max((size_m / REFERENCE_SIZE_M) ** 0.5, 1.0), 2.0)
    material = replace(part.material, modes=round(part.material.modes * crowd))
    modes = modes_of(
        material, size_m=size_m * part.scale, object_seed=object_seed, position=position, damping=damping
    )
    return Modes(modes.frequency_hz, modes.decay, modes.gain * part.share)


def _uneven(modes: Modes, object_seed: int) -> Modes:
    """Return modes that do not all lose alike, nor all push the listener's air when they push in.

    With signs of their own they do not start as one spike: the crest is that of recordings.
    """
    count = len(modes.gain)
    spread = 0.8 * 1.5625 ** chance.uniforms(object_seed, BODY_STREAM, SPREAD, count)  # 0.8 to 1.25
    signs = np.where(chance.uniforms(object_seed, BODY_STREAM, SIGNS, count) < 0.5, -1.0, 1.0)
    return Modes(modes.frequency_hz, modes.decay * spread, modes.gain * signs)


def _twins(modes: Modes, object_seed: int) -> Modes:
    """Return the twins of the lowest modes: nothing is quite round or square, so each comes twice and beats."""
    lowest = np.argsort(modes.frequency_hz)[:TWINS]
    apart = 1.001 + 0.006 * chance.uniforms(object_seed, BODY_STREAM, PAIRS, len(lowest))
    return Modes(modes.frequency_hz[lowest] * apart, modes.decay[lowest] * 1.1, modes.gain[lowest] * 0.5)


def _air(first_hz: float, material: Material, hollow: float, damping: float) -> Modes:
    """Return the enclosed air as one broad mode below the walls' (Helmholtz)."""
    frequency = 0.4 * first_hz
    loss = (np.pi * frequency * HELMHOLTZ_LOSS + 0.7 * material.handling) * damping
    return Modes(np.array([frequency]), np.array([loss]), np.array([1.1 * hollow]))


def _joined(modes: list[Modes], level: float = 1.0) -> Modes:
    def all_of(fields: list[Samples]) -> Samples:
        return np.concatenate(fields)

    return Modes(
        all_of([one.frequency_hz for one in modes]),
        all_of([one.decay for one in modes]),
        all_of([one.gain for one in modes]) * level,
    )
