"""What rain falls on: how a single drop sounds there, and what the many blur into."""

from dataclasses import dataclass

TYPICAL_MM = 1.5  # the diameter of a drop that the pitches below are given for


@dataclass(frozen=True, slots=True)
class Ringing:
    """The modes of a sheet: their number, range (Hz), decay (1/s) and level."""

    modes: int
    low_hz: float
    high_hz: float
    decay: float
    level: float


@dataclass(frozen=True, slots=True)
class Surface:
    """What the rain falls on.

    A drop's body is a burst around `low_hz` to `high_hz` that decays at `decay` (1/s); a `resonance` of
    1 is a slap, one of 8 a knock. `tick` is the level of its first touch. Far drops blur into noise
    over `bed_hz`, with a `rumble` below. Water has bubbles too, and sheets of metal or glass ring.
    """

    low_hz: float
    high_hz: float
    decay: float
    resonance: float
    tick: float
    bed_hz: tuple[float, float]
    level: float = 1.0
    rumble: float = 1.0
    bubbles: float = 0.0
    ringing: Ringing | None = None


SURFACES = {
    "concrete": Surface(1800.0, 5600.0, 650.0, 0.9, 0.2, (600.0, 3300.0)),
    "soil": Surface(800.0, 2500.0, 500.0, 0.9, 0.1, (400.0, 2200.0)),
    "leaves": Surface(1200.0, 4000.0, 350.0, 0.8, 0.25, (900.0, 3200.0), level=0.9, rumble=0.4),
    "metal": Surface(
        1100.0,
        5200.0,
        1200.0,
        1.5,
        0.6,
        (500.0, 3500.0),
        level=0.9,
        ringing=Ringing(22, 420.0, 6000.0, 100.0, 0.5),
    ),
    "glass": Surface(
        2800.0,
        7000.0,
        1500.0,
        1.5,
        0.4,
        (1500.0, 4500.0),
        rumble=0.35,
        ringing=Ringing(12, 2500.0, 6500.0, 300.0, 0.6),
    ),
    "wood": Surface(500.0, 1600.0, 280.0, 6.0, 0.3, (300.0, 2500.0), level=0.8),
    "cloth": Surface(180.0, 600.0, 160.0, 2.0, 0.4, (250.0, 2000.0), level=0.7),
    "water": Surface(3000.0, 9000.0, 1800.0, 1.2, 0.3, (2500.0, 8000.0), level=1.1, rumble=0.6, bubbles=2.5),
}
