"""A gun: the blast at its muzzle, the gas and the boom behind it, the bullet's crack, and what comes back."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from swash_model.dsp import chance
from swash_model.dsp.chance import Noise
from swash_model.dsp.filters import DENORMAL, MAX_CUTOFF_HZ
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline

CONTROL_FRAMES = 16
LONG_AGO = 1e9  # frames
SILENT = 1e-5
GROUND = 0.5  # of the blast comes back from it
SWEEPS = 2.2  # times its last pitch, a boom begins above it
CRACK_RETURNS = 0.3  # of it: a bullet's shock is thin
FALL = 1.2  # of a Friedlander wave, as in dsp.blasts
BLAST_LASTS = 6.0  # times its positive phase
LINEAR = 0.01  # so low a tanh is a straight line within -100 dB, and dear
ECHO_FRAMES = 1 << 17  # 2.7 s: as far as the farthest hillside
SMEAR = (211, 467, 1013, 1789)  # frames: no wall is a mirror; prime, so that their echoes do not fall together
SMEAR_GAIN = 0.65
FRONT = 0.45  # of the blast above what the air and a microphone let through, so that it stands out of the gas
SOUND_M_S = 343.0
BULLET_M_S = 850.0
MOVES = 6  # parts of the lock that ring when it strikes

NOISE_STREAM = 1
SHOT_STREAM, OBJECT_STREAM, ECHO_STREAM, ACTION_STREAM = 40, 41, 42, 43


@dataclass(frozen=True, slots=True)
class Weapon:
    """A kind of gun at a middling calibre.

    The blast's positive phase; the gas behind it: how bright, for how long, how loud; the boom under it:
    how low, for how long, how loud; and when the action clacks after the shot.
    """

    blast_s: float
    bright_hz: float
    gas_s: float
    gas: float
    boom_hz: float
    boom_s: float
    boom: float
    clacks_s: tuple[float, ...]
    level_db: float


WEAPONS = {
    "pistol": Weapon(0.0004, 10_500.0, 0.014, 2.8, 110.0, 0.02, 0.16, (0.018, 0.052), 0.0),
    "rifle": Weapon(0.0006, 12_000.0, 0.02, 2.6, 85.0, 0.035, 0.26, (0.024, 0.071), 0.0),
    "shotgun": Weapon(0.0012, 7500.0, 0.03, 2.6, 62.0, 0.05, 0.34, (0.012,), 0.0),
    "musket": Weapon(0.0022, 4200.0, 0.045, 2.4, 55.0, 0.06, 0.36, (0.006,), 0.0),
}


@dataclass(frozen=True, slots=True)
class Terrain:
    """What sends a shot back: a diffuse tail (level, rise and fall in s, from bright to dull), and echoes.

    Echoes are (s, level) of walls or hillsides; `wall_hz` is how bright the first comes back.
    """

    tail: float
    rise_s: float
    fall_s: float
    bright_hz: float
    dull_hz: float
    wall_hz: float
    echoes: tuple[tuple[float, float], ...]


TERRAINS = {
    "none": Terrain(0.0, 0.01, 0.02, 1000.0, 500.0, 1000.0, ()),
    "field": Terrain(0.45, 0.012, 0.26, 3000.0, 220.0, 900.0, ((0.43, 0.05), (0.81, 0.03))),
    "forest": Terrain(0.75, 0.03, 0.3, 4200.0, 450.0, 1800.0, ((0.06, 0.2), (0.13, 0.15), (0.29, 0.1))),
    "street": Terrain(
        0.6, 0.012, 0.36, 5500.0, 350.0, 4500.0, ((0.043, 0.42), (0.094, 0.34), (0.21, 0.26), (0.37, 0.18))
    ),
    "valley": Terrain(
        0.45, 0.04, 0.6, 1800.0, 160.0, 1300.0, ((0.32, 0.25), (0.71, 0.22), (1.13, 0.16), (1.74, 0.1))
    ),
}


class _Sound(NamedTuple):
    """What the kernel needs to know of a gun; falls are factors a frame, cools a control step."""

    blast: float
    gas: float
    gas_fall: float
    gas_floor_hz: float
    gas_cool: float
    boom: float
    boom_hz: float
    boom_fall: float
    sweep_fall: float
    drive: float
    tail: float
    tail_rise: float
    tail_fall: float
    tail_bright_hz: float
    tail_dull_hz: float
    tail_cool: float
    ground: int
    level: float


# What the kernel remembers from call to call, by index.
AGE, SHOT, LENGTH, CRACK_AGE, CRACK, CRACK_LENGTH = 0, 1, 2, 3, 4, 5
GAS, BRIGHT, BOOM, SWEEP, PHASE = 6, 7, 8, 9, 10
SLOW, CROSS, QUICK, TAIL_HEAT, TAIL_GAIN, SCATTER, AT = 11, 12, 13, 14, 15, 16, 17
FIELDS = 18


@njit(cache=True, nogil=True, inline="always")
def _wave(age, length):  # type: ignore[no-untyped-def]
    """Return a blast at an age in frames (Friedlander, see dsp.blasts), with two frames of rise."""
    if age < 0 or age > BLAST_LASTS * length:
        return 0.0
    t = age / length
    return min(1.0, (age + 1.0) / 3.0) * (1.0 - t) * math.exp(-FALL * t)


@njit(cache=True, nogil=True)
def _send(state, level):  # type: ignore[no-untyped-def]
    """Let the land return so much more. A tail is (slow - quick) x noise; of several, powers add: its terms."""
    state[SLOW] += level * level
    state[CROSS] += level * level
    state[QUICK] += level * level
    state[TAIL_HEAT] = 1.0


@njit(cache=True, nogil=True)
def _begin(state, shots, cracks, next_shot, next_crack, frame):  # type: ignore[no-untyped-def]
    """Let begin what is due at this frame; return the next shot and crack to come."""
    if next_shot < shots.shape[0] and shots[next_shot, 0] <= frame:
        level = shots[next_shot, 1]
        state[AGE], state[SHOT], state[LENGTH] = 0.0, level, shots[next_shot, 2]
        state[GAS] = math.sqrt(state[GAS] * state[GAS] + level * level)
        state[BRIGHT] = shots[next_shot, 3]
        state[BOOM], state[SWEEP], state[PHASE] = state[BOOM] + level, 1.0, 0.0
        _send(state, level)
        next_shot += 1
    if next_crack < cracks.shape[0] and cracks[next_crack, 0] <= frame:
        level = cracks[next_crack, 1]
        state[CRACK_AGE], state[CRACK], state[CRACK_LENGTH] = 0.0, level, cracks[next_crack, 2]
        _send(state, CRACK_RETURNS * level)
        next_crack += 1
    return next_shot, next_crack


@njit(cache=True, nogil=True)
def _pressure(state, sound):  # type: ignore[no-untyped-def]
    """Return the blast with its image in the ground, and the boom and bullet's shock: the same on both sides."""
    age = state[AGE]
    blast = sound.blast * state[SHOT]
    blast *= _wave(age, state[LENGTH]) + GROUND * _wave(age - sound.ground, state[LENGTH])
    state[AGE] = min(age + 1.0, LONG_AGO)
    rest = 0.0
    if state[BOOM] > SILENT:
        state[PHASE] += 2.0 * math.pi * sound.boom_hz * (1.0 + SWEEPS * state[SWEEP]) / SAMPLE_RATE
        rest = sound.boom * state[BOOM] * math.sin(state[PHASE])
        state[BOOM] *= sound.boom_fall
        state[SWEEP] *= sound.sweep_fall
    age = state[CRACK_AGE]
    if age < state[CRACK_LENGTH]:  # an N-wave
        rest += state[CRACK] * (1.0 - 2.0 * (age + 0.5) / state[CRACK_LENGTH])
    state[CRACK_AGE] = min(age + 1.0, LONG_AGO)
    return blast, rest


@njit(cache=True, nogil=True)
def _echo(direct, at, wall, smears, ring, walls):  # type: ignore[no-untyped-def]
    """Return what walls send back, left and right, of what was sent up to now."""
    x = direct
    for k in range(4):  # Schroeder's all-pass: a front of houses smears what it returns
        held = smears[k, at % SMEAR[k]]
        y = held - SMEAR_GAIN * x
        smears[k, at % SMEAR[k]] = x + SMEAR_GAIN * y + DENORMAL
        x = y
    ring[at % ECHO_FRAMES] = x
    left, right = 0.0, 0.0
    for k in range(wall.shape[0]):
        heard = ring[(at - int(wall[k, 0])) % ECHO_FRAMES]
        walls[k, 0] = heard + wall[k, 3] * (walls[k, 0] - heard) + DENORMAL
        walls[k, 1] = walls[k, 0] + wall[k, 3] * (walls[k, 1] - walls[k, 0])
        left += wall[k, 1] * walls[k, 1]
        right += wall[k, 2] * walls[k, 1]
    return left, right


@njit(cache=True, nogil=True)
def _fire(shots, cracks, sound, wall, noise, state, filters, smears, ring, walls, out):  # type: ignore[no-untyped-def]
    """Fill out (2, frames), a whole number of control steps.

    `shots` and `cracks` are rows of (frame, level, length in frames, brightness in Hz), in order; `wall` rows of
    (delay in frames, left, right, pole), one an echo. `filters` (2, 4), `smears` (4, longest), `ring` (echo,)
    and `walls` (echoes, 2) are memories.
    """
    next_shot, next_crack = 0, 0
    g, a, full, h, b = 0.0, 0.0, 0.0, 0.0, 0.0
    for frame in range(out.shape[1]):
        next_shot, next_crack = _begin(state, shots, cracks, next_shot, next_crack, frame)
        if frame % CONTROL_FRAMES == 0:
            cutoff_hz = sound.gas_floor_hz + state[BRIGHT]
            g = math.tan(math.pi * min(cutoff_hz, MAX_CUTOFF_HZ) / SAMPLE_RATE)
            a = 1.0 / (1.0 + g * (g + 1.3))
            full = (3000.0 / cutoff_hz) ** 0.4  # a narrower band of noise is softer; cooling gas is not as much
            state[BRIGHT] *= sound.gas_cool
            tail_hz = sound.tail_dull_hz + (sound.tail_bright_hz - sound.tail_dull_hz) * state[TAIL_HEAT]
            h = math.tan(math.pi * tail_hz / SAMPLE_RATE)
            b = 1.0 / (1.0 + h * (h + 1.6))
            state[TAIL_HEAT] *= sound.tail_cool
        blast, rest = _pressure(state, sound)
        # Trees and walls return in clusters, not as an even hiss.
        state[SCATTER] += 0.004 * (noise[2, frame] - state[SCATTER])
        state[TAIL_GAIN] += 0.002 * (sound.tail - state[TAIL_GAIN])  # it glides as the gun moves away
        late = math.sqrt(max(0.0, state[SLOW] - 2.0 * state[CROSS] + state[QUICK]))
        late *= state[TAIL_GAIN] * (0.35 + 14.0 * abs(state[SCATTER]))
        direct = 0.0
        for channel in range(2):
            memory = filters[channel]
            x = 0.9 * noise[0, frame] + (0.44 - 0.88 * channel) * noise[1, frame]
            band = a * (memory[0] + g * (x - memory[1]))
            low = memory[1] + g * band
            memory[0] = 2.0 * band - memory[0] + DENORMAL
            memory[1] = 2.0 * low - memory[1]
            x = sound.drive * (blast + rest + sound.gas * full * state[GAS] * low)
            x = FRONT * blast + (math.tanh(x) if abs(x) > LINEAR else x)
            direct += 0.5 * x
            y = late * (0.8 * noise[1, frame] + (0.6 - 1.2 * channel) * noise[2, frame])
            band = b * (memory[2] + h * (y - memory[3]))
            low = memory[3] + h * band
            memory[2] = 2.0 * band - memory[2] + DENORMAL
            memory[3] = 2.0 * low - memory[3]
            out[channel, frame] = sound.level * (x + low)
        state[GAS] *= sound.gas_fall
        state[SLOW] *= sound.tail_fall * sound.tail_fall
        state[CROSS] *= sound.tail_fall * sound.tail_rise
        state[QUICK] *= sound.tail_rise * sound.tail_rise
        if wall.shape[0]:
            left, right = _echo(direct, int(state[AT]), wall, smears, ring, walls)
            out[0, frame] += sound.level * left
            out[1, frame] += sound.level * right
            state[AT] += 1.0


@dataclass(frozen=True, slots=True)
class Make:
    """Which gun, and where: `calibre`, `suppressed`, `action` and `crack` 0..1."""

    weapon: str
    terrain: str
    calibre: float
    suppressed: float
    action: float
    crack: float


class Gun:
    """A gun that may be fired at any frame, and sounds on. One instance a voice."""

    def __init__(self, timeline: Timeline, make: Make) -> None:
        self._timeline = timeline
        self._make = make
        self._weapon = WEAPONS[make.weapon]
        self._terrain = TERRAINS[make.terrain]
        self._larger = 0.45 * 5.0**make.calibre  # 1 in the middle
        own = chance.uniforms(timeline.object_seed, OBJECT_STREAM, 0, 3)
        self._pitch = 0.93 + 0.14 * own[0]
        self._ground_s = 0.0022 + 0.0024 * own[1]  # the way over the ground is about a metre longer
        self._wall = _walls(timeline.object_seed, self._terrain)
        self._noise = Noise(timeline, NOISE_STREAM, channels=3)
        self._action = GrainBank(capacity=256)
        self._shots: list[tuple[float, float, float, float]] = []
        self._cracks: list[tuple[float, float, float, float]] = []
        self._state = np.zeros(FIELDS)
        self._state[[AGE, CRACK_AGE]] = LONG_AGO
        self._state[[LENGTH, CRACK_LENGTH]] = 1.0
        self._state[TAIL_GAIN] = -1.0  # not yet known
        self._filters = np.zeros((2, 4))
        self._smears = np.zeros((len(SMEAR), max(SMEAR)))
        self._ring = np.zeros(ECHO_FRAMES if len(self._wall) else 1)
        self._walls = np.zeros((len(self._wall), 2))

    def fire(self, onset: int, number: int, *, away_m: float, cycle_s: float) -> None:
        """Fire shot `number` so many frames after the start of the next piece.

        The listener is `away_m` down the range; `cycle_s` is what the action has to do its work in.
        """
        longer, louder, brighter, harder = chance.uniforms(self._timeline.seed, SHOT_STREAM, number, 4)
        level = 10.0 ** ((2.4 * louder - 1.2) / 20.0)
        bare = 1.0 - self._make.suppressed
        if self._make.crack > 0.0:
            # A bow shock of 0.2 to 0.6 ms; the blast that drove the bullet limps behind it.
            self._cracks.append(
                (onset, 1.6 * self._make.crack * level, 0.0003 * self._larger**0.5 * SAMPLE_RATE, 0.0)
            )
            onset += round(away_m * (1.0 / SOUND_M_S - 1.0 / BULLET_M_S) * SAMPLE_RATE)
        # A shock spreads as it travels, and its edge wears off.
        length_s = self._weapon.blast_s * self._larger * (0.85 + 0.3 * longer) * (1.0 + away_m / 250.0)
        bright_hz = self._weapon.bright_hz * self._larger**-0.25 * (0.85 + 0.3 * brighter) / (1.0 + away_m / 120.0)
        self._shots.append((onset, level, length_s * SAMPLE_RATE, bright_hz * (0.35 + 0.65 * bare**2)))
        if self._make.action > 0.0:
            self._clack(onset, number, (0.7 + 0.6 * harder) * self._make.action, cycle_s)

    def take(self, start: int, frames: int, away_m: float) -> Samples:
        """Return the next frames, from absolute frame `start`, shape (2, frames); a whole number of quanta."""
        out = np.empty((2, frames))
        sound = self._sound(away_m)
        if self._state[TAIL_GAIN] < 0.0:
            self._state[TAIL_GAIN] = sound.tail
        _fire(
            _due(self._shots, frames),
            _due(self._cracks, frames),
            sound,
            self._wall,
            self._noise.take(start, frames),
            self._state,
            self._filters,
            self._smears,
            self._ring,
            self._walls,
            out,
        )
        self._action.sound(out)
        return out

    def lasts_s(self) -> float:
        """Return how long one shot is heard."""
        echoes_s = [delay_s for delay_s, _ in self._terrain.echoes]
        gas_s = self._weapon.gas_s * self._larger**0.5
        return float(0.12 + 5.0 * max(gas_s, self._terrain.fall_s) + 0.5 * max([0.0, *echoes_s]))

    def _sound(self, away_m: float) -> _Sound:
        weapon, terrain, larger, held = self._weapon, self._terrain, self._larger, self._make.suppressed
        bare = (1.0 - held) ** 2
        control_s = CONTROL_FRAMES / SAMPLE_RATE
        gas_s = weapon.gas_s * larger**0.5
        return _Sound(
            blast=2.6 * bare + 0.03,
            gas=weapon.gas * (0.28 + 0.72 * bare),
            gas_fall=math.exp(-1.0 / (gas_s * SAMPLE_RATE)),
            gas_floor_hz=400.0 * larger**-0.5 * self._pitch,
            gas_cool=math.exp(-control_s / (1.4 * gas_s)),
            boom=weapon.boom * larger**0.3 * (0.12 + 0.88 * bare),
            boom_hz=weapon.boom_hz * larger**-0.35 * self._pitch,
            boom_fall=math.exp(-1.0 / (weapon.boom_s * larger**0.4 * SAMPLE_RATE)),
            sweep_fall=math.exp(-1.0 / (0.3 * weapon.boom_s * SAMPLE_RATE)),
            drive=1.0 + 1.2 * bare,
            # What is far off is heard more by what comes back: that falls more slowly than the shot itself.
            tail=terrain.tail * (0.12 + 0.88 * bare) * (1.0 + away_m / 40.0) ** 0.5,
            tail_rise=math.exp(-1.0 / (terrain.rise_s * SAMPLE_RATE)),
            tail_fall=math.exp(-1.0 / (terrain.fall_s * larger**0.2 * SAMPLE_RATE)),
            tail_bright_hz=terrain.bright_hz,
            tail_dull_hz=terrain.dull_hz,
            tail_cool=math.exp(-control_s / (0.7 * terrain.fall_s)),
            ground=round(self._ground_s * SAMPLE_RATE),
            level=10.0 ** ((weapon.level_db + 6.0 * (self._make.calibre - 0.5)) / 20.0),
        )

    def _clack(self, onset: int, number: int, level: float, cycle_s: float) -> None:
        """Let the action work: slide or bolt back, and home again, each a handful of parts that ring."""
        clacks_s = self._weapon.clacks_s
        hurry = min(1.0, 0.7 * cycle_s / clacks_s[-1])
        own = chance.uniforms(self._timeline.object_seed, OBJECT_STREAM, 1, 2 * MOVES).reshape(2, MOVES)
        for clack, delay_s in enumerate(clacks_s):
            draw = chance.uniforms(self._timeline.seed, ACTION_STREAM, 4 * number + clack, 1 + 3 * MOVES)
            late, phase, gain = draw[0], draw[1 : 1 + MOVES], draw[1 + MOVES : 1 + 2 * MOVES]
            spread = (0.0012 * draw[1 + 2 * MOVES :] * SAMPLE_RATE).astype(np.int64)  # it is no single blow
            at = onset + round(hurry * delay_s * (0.92 + 0.16 * late) * SAMPLE_RATE)
            hz = 1300.0 * 7.0 ** own[0] * (1.0 + 0.15 * clack)
            self._action.add(
                at + spread,
                frequency_hz=hz,
                decay=140.0 + 0.11 * hz * (0.5 + own[1]),
                amplitude=0.14 * level * (0.4 + 0.9 * gain) * (hz / 3000.0) ** -0.3 * (0.75 + 0.35 * clack),
                pan=0.5 * own[1] - 0.25,
                phase=2.0 * np.pi * phase,
                attack_s=0.0002,
            )


def _walls(object_seed: int, terrain: Terrain) -> Samples:
    """Return the echoes as rows of (delay in frames, left, right, pole); the place is the thing's."""
    rows = []
    for number, (delay_s, level) in enumerate(terrain.echoes):
        nearer, aside = chance.uniforms(object_seed, ECHO_STREAM, number, 2)
        pan = (aside + number % 2) - 1.0  # now from the left, now from the right
        pole = math.exp(-2.0 * math.pi * terrain.wall_hz * 0.8**number / SAMPLE_RATE)
        rows.append(
            (
                round(delay_s * (0.85 + 0.3 * nearer) * SAMPLE_RATE),
                level * (1.0 - 0.7 * pan),
                level * (1.0 + 0.7 * pan),
                pole,
            )
        )
    return np.array(rows).reshape(-1, 4)


def _due(rows: list[tuple[float, float, float, float]], frames: int) -> Samples:
    """Take from `rows` those that come within so many frames, and let the others come nearer."""
    rows.sort()
    due = [row for row in rows if row[0] < frames]
    rows[:] = [(row[0] - frames, *row[1:]) for row in rows[len(due) :]]
    return np.array(due).reshape(-1, 4)
