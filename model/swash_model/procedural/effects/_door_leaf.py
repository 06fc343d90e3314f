"""A door while its sound is made: the leaf, its lock and hinges, the air, and the wall that answers."""

from dataclasses import dataclass

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.bodies import body_of
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.chance import Noise
from swash_model.dsp.contact import contact_force
from swash_model.dsp.envelopes import fade_out
from swash_model.dsp.filters import StateVariable
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.modal import MATERIALS, Material, Modes, ring
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import QUANTUM_FRAMES, SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Values
from swash_model.procedural.effects._hinges import Hinges

REFERENCE_M = 2.0
MODES = 56  # of a leaf: the strongest
TAIL_S = 0.9  # longer than any door rings
PIECE_FRAMES = 10 * QUANTUM_FRAMES
LATCH_RATIOS = np.array((1.0, 1.58, 2.33, 3.61))  # of a small iron part held in a mortise
CREAK_LEVEL = 1.3
LOUDEST = 0.7  # beyond it, a wall and every microphone before it give way

PANEL_STREAM, BLOW_STREAM, NOISE_STREAM, LATCH_STREAM, RATTLE_STREAM = 10, 20, 25, 30, 40
SWING_STREAM, AIR_STREAM = 60, 3


@dataclass(frozen=True, slots=True)
class Made:
    """What a door is made of: its leaf, how it is damped where it hangs, how hard it is, and its fittings.

    `level` is the leaf's, `thud` that of what the wall answers, `edge` that of the contact itself; `latch_hz`
    is the pitch of the lock, `rust` how much the hinges have.
    """

    stuff: Material
    level: float
    damping: float
    hardness: float
    thud: float
    edge: float
    latch_hz: float
    rust: float


MADE = {
    "wood": Made(MATERIALS["wood"], 0.36, 1.2, 0.62, 0.35, 1.0, 2300.0, 0.25),
    "metal": Made(MATERIALS["sheet_metal"], 0.18, 1.5, 0.85, 0.35, 1.1, 1700.0, 0.75),
    "glass": Made(MATERIALS["glass"], 0.5, 14.0, 0.6, 0.25, 0.8, 3000.0, 0.3),
    "stone": Made(MATERIALS["stone"], 0.5, 2.0, 0.65, 0.5, 1.6, 900.0, 0.1),
}


class Door:
    """One door while its sound is made: what acts on it adds to the forces, the clicks and the air."""

    def __init__(self, timeline: Timeline, values: Values, duration_s: float) -> None:
        self.timeline, self.values = timeline, values
        self.made = MADE[values.choice("material")]
        self.size_m, self.force = values.number("size_m"), values.number("force")
        self.scale = self.size_m / REFERENCE_M
        frames = round((duration_s + TAIL_S) * SAMPLE_RATE)
        self.out = np.zeros((2, frames))
        self._pushes = np.zeros((2, frames))
        self._bursts, self._grains = BurstBank(), GrainBank()
        self._clicks = 0

    def draw(self, stream: int, index: int, count: int) -> Samples:
        """Return numbers in [0, 1) for this performance, shape (count,)."""
        return chance.uniforms(self.timeline.seed, stream, index, count)

    def blow(self, at_s: float, force: float, hardness: float, place: int = 0) -> None:
        """Push the leaf, at one of two places."""
        push = contact_force(hardness, force)
        into = self._pushes[place, round(at_s * SAMPLE_RATE) :][: len(push)]
        into += push[: len(into)]

    def noise(
        self,
        at_s: float,
        centre_hz: float,
        fall_s: float,
        level: float,
        *,
        resonance: float = 0.8,
        pan: float = 0.0,
    ) -> None:
        """Add a burst of noise that dies away over `fall_s`."""
        self._clicks += 1
        key = self.draw(NOISE_STREAM, self._clicks, 1)
        self._bursts.add(
            np.array([round(at_s * SAMPLE_RATE)]),
            centre_hz=np.array([centre_hz]),
            resonance=resonance,
            decay=1.0 / fall_s,
            amplitude=np.array([level]),
            pan=np.array([pan]),
            key=key,
        )

    def click(self, at_s: float, level: float, *, pitch: float = 1.0, fall: float = 1.0) -> None:
        """Add a click of the lock: iron on iron inside the leaf, heard a little through it."""
        self._clicks += 1
        u = self.draw(LATCH_STREAM, self._clicks, 9)
        own = chance.uniforms(self.timeline.object_seed, LATCH_STREAM, 0, len(LATCH_RATIOS))
        mass = (0.35 + 0.65 * self.values.number("latch")) ** 0.6 * self.scale**0.15
        hz = self.made.latch_hz * pitch / mass * LATCH_RATIOS * (0.9 + 0.2 * own) * (0.98 + 0.04 * u[0])
        at = np.full(len(hz), round(at_s * SAMPLE_RATE))
        self._grains.add(
            at,
            frequency_hz=hz,
            decay=(90.0 + 0.045 * hz) * fall / mass,
            amplitude=0.24 * level * (0.4 + 0.9 * u[1:5]) * LATCH_RATIOS**-0.5,
            pan=np.full(len(hz), 0.08),
            phase=np.where(u[5:9] > 0.5, np.pi, 0.0),
            attack_s=0.0002,
        )
        self.noise(at_s, 4200.0 * pitch**0.5 / mass**0.5, 0.0016 * mass, 0.3 * level, pan=0.08)
        self.noise(at_s, 650.0 / mass, 0.006 * mass, 0.1 * level)
        self.blow(at_s, 0.05 * level, 0.8, place=1)

    def thud(self, at_s: float, force: float) -> None:
        """Let the leaf meet its frame: one edge after the other, and the wall answers."""
        u = self.draw(BLOW_STREAM, round(1000.0 * at_s), 6)
        for corner, (late_s, share) in enumerate(
            ((0.0, 1.0), (0.004 + 0.01 * u[0], 0.7), (0.012 + 0.02 * u[1], 0.45))
        ):
            hardness = self.made.hardness + 0.25 * (force - 0.5) - 0.06 * np.log(self.scale)
            self.blow(at_s + late_s, 1.3 * force * share, float(hardness), corner % 2)
            edge = 0.7 * (force * share) ** 1.5 * self.made.edge
            # The jamb, the lintel, the jamb again: not quite in one place.
            self.noise(at_s + late_s, 2600.0 * (0.8 + 0.5 * force), 0.005, edge, pan=(0.1, -0.35, 0.35)[corner])
        heavy = self.made.thud * force * self.scale**0.35
        self.noise(at_s, 78.0 * self.scale**-0.3, 0.11, 0.42 * heavy, resonance=1.0)
        self.noise(at_s, 210.0 * self.scale**-0.3, 0.035, 0.42 * heavy, resonance=0.8)
        self.noise(at_s, 800.0, 0.014, 0.22 * heavy, resonance=0.6)

    def rattle(self, at_s: float, force: float, lasts_s: float) -> None:
        """Shake what is loose: panels, hinges and fittings, softer and sooner each time."""
        loose = self.values.number("rattle")
        self._clicks += 1
        for hop in range(round(14.0 * loose)):
            u = self.draw(RATTLE_STREAM, 100 * self._clicks + hop, 3)
            after_s = lasts_s * (1.0 - 0.9 ** (hop + u[0])) * 1.1
            fallen = force * loose * np.exp(-2.6 * after_s / lasts_s) * (0.3 + 0.7 * u[1])
            self.blow(at_s + after_s, 0.55 * fallen, self.made.hardness + 0.3, place=hop % 2)
            self.noise(at_s + after_s, 1500.0 + 2500.0 * u[2], 0.004, 0.5 * fallen, pan=0.5 * u[0] - 0.25)

    def air(self, at_s: float, lasts_s: float, level: float, cutoff_hz: float) -> None:
        """Add the air that a leaf moves: a soft breath, up and down."""
        frames = round(lasts_s * SAMPLE_RATE)
        first = round(at_s * SAMPLE_RATE)
        breath = correlated(Noise(self.timeline, AIR_STREAM).take(first, frames), 0.5)
        breath = StateVariable("bandpass").process(breath, 0.4 * cutoff_hz, 0.5)
        into = self.out[:, first : first + frames]
        into += (breath * np.sin(np.pi * np.arange(frames) / frames) ** 2 * level)[:, : into.shape[1]]

    def swing(self, at_s: float, lasts_s: float, fastest: float) -> None:
        """Let the hinges complain while the leaf turns, from standing to standing."""
        creak = self.values.number("creak")
        self.air(at_s, lasts_s, 0.02 * self.scale * fastest, 300.0 + 500.0 * fastest)
        if creak == 0.0:
            return
        frames = -(-round(lasts_s * SAMPLE_RATE) // QUANTUM_FRAMES) * QUANTUM_FRAMES
        way = np.arange(frames) / frames
        u = self.draw(SWING_STREAM, round(1000.0 * at_s), 8)
        pushes = np.interp(8.0 * way, np.arange(10), np.concatenate([2.0 * u - 1.0, np.zeros(2)]))
        turning = np.clip(fastest * np.sin(np.pi * way**0.8) * (1.0 + 0.5 * pushes), 0.0, 1.0)
        hinges = Hinges(self.timeline, size_m=self.size_m, rust=self.made.rust)
        first = round(at_s * SAMPLE_RATE)
        for start in range(0, frames, PIECE_FRAMES):
            piece = hinges.sound(start, turning[start : start + PIECE_FRAMES], 0.45 + 0.4 * creak)
            into = self.out[:, first + start : first + start + piece.shape[1]]
            into += (creak**0.7 * CREAK_LEVEL * piece)[:, : into.shape[1]]

    def sound(self) -> Samples:
        """Return all of it, shape (2, frames)."""
        pushed = np.flatnonzero(self._pushes.any(axis=0))
        first, last = pushed[0], pushed[-1] + 1  # before and after it rings by itself, which costs less
        self.out[:, first:] += ring(self._leaf(), self._pushes[:, first:last], self.out.shape[1] - first)
        self._bursts.sound(self.out)
        self._grains.sound(self.out)
        return fade_out(LOUDEST * np.tanh(self.out / LOUDEST), 0.1)

    def _leaf(self) -> Modes:
        """Return the leaf, with gains for the place where it is struck and for its edge."""
        hollow = self.values.number("hollow")
        where = self.draw(PANEL_STREAM, 0, 1)[0]
        knocked = self.values.choice("action") == "knock"
        leaf, edge = (
            body_of(
                self.made.stuff,
                size_m=min(0.62 * self.size_m, 3.0),
                hollow=hollow,
                object_seed=self.timeline.object_seed,
                position=place,
                damping=self.made.damping * (1.5 if knocked else 1.0) * (1.3 - 0.5 * hollow),
            )
            for place in (0.22 + 0.12 * where, 0.07)
        )
        kept = np.argsort(np.abs(leaf.gain) + np.abs(edge.gain))[-MODES:]
        gain = self.made.level * np.stack([leaf.gain[kept], edge.gain[kept]])
        return Modes(leaf.frequency_hz[kept], leaf.decay[kept], gain)
