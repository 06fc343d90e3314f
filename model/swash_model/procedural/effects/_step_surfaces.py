"""What feet walk on and what they wear: the tables behind `footsteps`.

Starting values: Farnell, "Marching onwards: procedural synthetic footsteps for video games and animation"
(2007), and Cook's collision constants (see dsp.collisions); levels tuned on octave bands, so that each
ground keeps its own part of the spectrum.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grains:
    """Fine stuff that rubs: collisions a second at full force, their decay, their band and level."""

    rate_hz: float
    decay_s: float
    low_hz: float
    high_hz: float
    level: float


@dataclass(frozen=True, slots=True)
class Pieces:
    """Coarse stuff heard one by one (stones, twigs, stalks): how many a step, and how each sounds."""

    count: float
    low_hz: float
    high_hz: float
    resonance: float
    decay: float  # 1/s
    level: float
    spread: float  # how far the largest stands above the rest: level ~ draw^spread


@dataclass(frozen=True, slots=True)
class Scuff:
    """The rub of the sole: a band of noise and its level."""

    low_hz: float
    high_hz: float
    level: float


@dataclass(frozen=True, slots=True)
class Surface:
    """One ground. `give` 0 is as hard as stone, 1 takes every blow; `spot` is how much its pitch varies."""

    floor: str  # a material of dsp.modal
    floor_level: float
    sizes_m: tuple[float, ...]  # boards and joists, plate and frame: each rings
    damping: float
    grains: Grains
    scuff: Scuff
    give: float
    thump: float
    settle_s: float = 0.01  # how long loose stuff moves after the push
    level_db: float = 0.0
    tick: float = 0.0
    spot: float = 0.04
    pieces: Pieces | None = None
    depth: float = 0.0  # of water over it
    suction: float = 0.0
    squeak: float = 0.0  # how much it sticks and slips
    creak: float = 0.0  # how likely a step makes it creak
    crack: float = 0.0  # how likely a step cracks it
    rattle: float = 0.0


SURFACES = {
    "concrete": Surface(
        "stone", 0.36, (1.3, 0.8), 1.1,
        Grains(600, 0.0012, 2500, 9000, 0.40), Scuff(1200, 7000, 0.25),
        give=0.0, thump=0.3, tick=0.22, spot=0.15,
        pieces=Pieces(20, 2500, 9000, 2.5, 1500, 0.05, 3.0),
    ),
    "tile": Surface(
        "ceramic", 0.8, (0.5, 0.3), 3.5,
        Grains(200, 0.001, 3000, 9000, 0.15), Scuff(2000, 8000, 0.12),
        give=0.0, thump=0.25, level_db=4, tick=0.35, spot=0.1,
    ),
    "wood": Surface(
        "wood", 0.34, (1.5, 0.8, 0.45), 1.0,
        Grains(120, 0.0015, 800, 4000, 0.1), Scuff(600, 4000, 0.08),
        give=0.15, thump=0.5, level_db=0.5, tick=0.9, spot=0.12, creak=0.1,
    ),
    "metal": Surface(
        "sheet_metal", 0.29, (0.38, 0.24, 0.15), 2.0,
        Grains(80, 0.001, 2500, 9000, 0.08), Scuff(2000, 9000, 0.06),
        give=0.0, thump=0.25, level_db=-0.5, tick=0.4, spot=0.03, rattle=0.5,
    ),
    "gravel": Surface(
        "stone", 0.3, (1.2,), 4.0,
        Grains(2200, 0.0016, 2600, 10500, 0.75), Scuff(800, 5000, 0.15),
        give=0.5, thump=0.4, settle_s=0.05, level_db=-13,
        pieces=Pieces(200, 1100, 8500, 4.0, 600, 0.80, 4.0),
    ),
    "sand": Surface(
        "rubber", 0.15, (1.0,), 1.0,
        Grains(9000, 0.0007, 900, 5200, 0.55), Scuff(700, 3800, 0.25),
        give=0.85, thump=0.25, settle_s=0.03, level_db=-16,
    ),
    "dirt": Surface(
        "rubber", 0.6, (0.4,), 1.0,
        Grains(1500, 0.0015, 500, 3000, 0.5), Scuff(400, 2500, 0.3),
        give=0.6, thump=0.4, settle_s=0.03, level_db=-4,
        pieces=Pieces(55, 900, 4500, 3.0, 700, 0.4, 4.0),
    ),
    "grass": Surface(
        "rubber", 0.04, (1.0,), 1.0,
        Grains(2600, 0.0007, 3600, 10500, 0.6), Scuff(3500, 9500, 0.4),
        give=0.8, thump=0.2, settle_s=0.06, level_db=-11.5,
        pieces=Pieces(110, 3500, 10000, 1.5, 900, 0.12, 2.0),
    ),
    "leaves": Surface(
        "rubber", 0.15, (1.0,), 1.0,
        Grains(1200, 0.0022, 1600, 7000, 0.35), Scuff(1200, 5000, 0.15),
        give=0.75, thump=0.25, settle_s=0.06, level_db=-7.5,
        pieces=Pieces(300, 1000, 6000, 1.0, 400, 0.6, 5.0),
    ),
    "snow": Surface(
        "rubber", 0.12, (1.0,), 1.0,
        Grains(2200, 0.0022, 350, 2600, 0.7), Scuff(300, 1800, 0.18),
        give=0.9, thump=0.25, settle_s=0.025, level_db=-11.5,
        pieces=Pieces(260, 550, 3000, 1.5, 350, 0.6, 3.5), squeak=0.5,
    ),
    "ice": Surface(
        "ice", 0.45, (0.75, 0.45), 1.6,
        Grains(900, 0.0008, 3500, 12000, 0.5), Scuff(2500, 9000, 0.15),
        give=0.15, thump=0.25, settle_s=0.02, level_db=1.5, tick=0.35,
        pieces=Pieces(30, 3500, 11000, 6.0, 400, 0.35, 3.0), crack=0.05,
    ),
    "mud": Surface(
        "rubber", 0.06, (1.0,), 1.0,
        Grains(500, 0.004, 250, 1200, 0.9), Scuff(300, 1800, 0.5),
        give=1.0, thump=0.4, settle_s=0.03, level_db=-2.5, depth=0.15, suction=1.0,
    ),
    "water_shallow": Surface(
        "rubber", 0.06, (1.0,), 1.0,
        Grains(1200, 0.003, 700, 5000, 0.4), Scuff(500, 7000, 0.4),
        give=0.9, thump=0.3, settle_s=0.09, level_db=-10, depth=1.0,
    ),
    "carpet": Surface(
        "rubber", 0.4, (0.6,), 1.0,
        Grains(300, 0.001, 300, 1500, 0.3), Scuff(300, 2000, 0.25),
        give=0.85, thump=0.45, level_db=-1.5,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shoe:
    """One kind of foot. `slap` is the pat of its sole, `knock` the note of its heel (decay 1/s).

    `couple` is how much of the floor is heard: skin clings to it, and says little itself.
    """

    hardness: float
    heel: float
    ball: float
    tread: float  # how much loose stuff it moves
    grind: float  # how much it grates on hard ground
    thump: float
    slap: float
    slap_low_hz: float
    slap_high_hz: float
    slap_decay_s: float
    knock: float
    knock_hz: float
    knock_decay: float
    couple: float


# fmt: off
SHOES = {
    #                hardness heel  ball tread grind thump  slap, low, high, decay        knock, hz, decay  couple
    "barefoot": Shoe(0.12, 0.75, 0.70, 0.80, 0.15, 0.90, 0.34, 220, 1100, 0.0090, 0.04, 190, 140, 3.0),
    "soft":     Shoe(0.38, 0.85, 0.65, 0.90, 0.50, 0.80, 0.42, 250, 1700, 0.0100, 0.14, 280, 110, 1.2),
    "hard":     Shoe(0.68, 0.95, 0.80, 1.00, 1.00, 0.90, 0.20, 900, 5000, 0.0100, 0.36, 760, 115, 1.0),
    "boot":     Shoe(0.56, 1.05, 0.80, 1.15, 1.00, 1.20, 0.35, 180, 1300, 0.0140, 0.30, 330, 90, 1.0),
    "heel":     Shoe(0.93, 0.80, 0.30, 0.55, 0.50, 0.40, 0.60, 2200, 8000, 0.0025, 0.70, 1900, 200, 1.0),
}
# fmt: on
