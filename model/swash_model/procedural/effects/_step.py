"""One step: what ground, shoe and weight make of a foot that comes down."""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from numba import njit

from swash_model.dsp import bubbles, chance
from swash_model.dsp.bursts import BurstBank
from swash_model.dsp.chance import Noise
from swash_model.dsp.collisions import Collisions
from swash_model.dsp.contact import contact_force
from swash_model.dsp.envelopes import fade_out, seconds
from swash_model.dsp.filters import StateVariable
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.modal import MATERIALS, Modes, modes_of, ring
from swash_model.dsp.stereo import centred, correlated
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Values
from swash_model.procedural.effects._surfaces import SHOES, SURFACES

FOOT_STREAM, STEP_STREAM, FLOOR_STREAM = 61, 62, 63
PIECE_STREAM, SPATTER_STREAM, BUBBLE_STREAM, SLIP_STREAM, KNOCK_STREAM, ROCK_STREAM = 64, 65, 66, 67, 68, 69
GRAIN_NOISE, SCUFF_NOISE = 1, 3
DRAWS = 24

WAKE_S = 0.25  # grains settle and floors fall silent
SOLE_S, WEIGHT_S = 0.004, 0.006  # first the edge ticks, then the sole pats, then the body comes down
DRIP_S = 0.45  # what was thrown up falls back


@dataclass(frozen=True, slots=True)
class Touch:
    """One part of the sole coming down: when, how hard (about 1 for a firm walk), and for how long."""

    at_s: float
    force: float
    width_s: float
    hardness: float


def step_sound(timeline: Timeline, values: Values, foot: int) -> Samples:
    """Return one step whole, shape (2, frames); `foot` is 0 for the left one, 1 for the right."""
    return _Step(timeline, values, foot).sound()


class _Step:
    """One step being made: its forces first, then layer upon layer."""

    def __init__(self, timeline: Timeline, values: Values, foot: int) -> None:
        self._timeline = timeline
        self._surface = SURFACES[values.choice("surface")]
        self._shoe = SHOES[values.choice("shoe")]
        self._weight = values.number("weight")
        self._firmness = values.number("firmness")
        self._firm, self._loose = 0.5 + self._firmness, 1.4 - 0.8 * self._firmness
        self._water = min(1.0, self._surface.water + 0.8 * values.number("wetness"))
        self._wetness = values.number("wetness")
        self._foot = foot
        self._draws = chance.uniforms(timeline.seed, STEP_STREAM, 0, DRAWS)
        # Wet ground is duller, and a heavy foot turns larger pieces.
        self._colour = (1.0 - 0.2 * self._wetness) * (1.1 - 0.2 * self._weight) * (0.94 + 0.12 * self._draw(7))
        self._thud = 0.4 * self._surface.thump * self._shoe.thump * (0.5 + self._weight)
        self._stride(values.number("speed"), values.number("irregularity"))
        self._contacts = [contact for touch in self._touches for contact in self._rocking(touch)]
        self._bursts, self._grains = BurstBank(), GrainBank(512)

    def sound(self) -> Samples:
        """Return all layers, shape (2, frames)."""
        wake_s = WAKE_S + DRIP_S * self._water + (0.5 if self._surface.rattle else 0.0)
        self._frames = round((self._stance_s + wake_s) * SAMPLE_RATE)
        self._push = self._ground_force()
        self._settling = np.empty_like(self._push)
        _settle(self._push, math.exp(-1.0 / (self._surface.settle_s * SAMPLE_RATE)), self._settling)
        out = centred(self._floor() + self._thump())
        if self._surface.squeak > 0.0:
            out += self._squeak()
        stirred = self._stir()
        out[:, : stirred.shape[1]] += stirred
        self._knock()
        self._scatter()
        if self._water > 0.0:
            self._splash()
        if self._surface.suction > 0.0:
            self._suck()
        if self._draw(20) < self._surface.crack:
            self._crack()
        self._bursts.sound(out)
        self._grains.sound(out)
        return fade_out(out, 0.05) * 10.0 ** (self._surface.level_db / 20.0)

    def _draw(self, slot: int) -> float:
        return float(self._draws[slot])

    def _varied(self, slot: int, spread: float) -> float:
        """Return a factor around 1: no two steps are alike, and an irregular walker's least of all."""
        return max(0.3, 1.0 + spread * self._unevenness * (2.0 * self._draw(slot) - 1.0))

    def _stride(self, speed: float, irregularity: float) -> None:
        """Set the touches: heel and ball when walking, ball first when sneaking, all at once when running."""
        self._unevenness = 0.4 + 2.0 * irregularity
        sneak, run = min(1.0, max(0.0, 1.0 - speed / 0.35)), min(1.0, max(0.0, (speed - 0.6) / 0.3))
        effort = (0.45 + 0.55 * self._weight) * (0.6 + 0.8 * speed)
        heel = self._shoe.heel * effort * self._varied(0, 0.2) * (1.0 - 0.45 * sneak) * (1.0 + run * (0.9 * self._surface.give - 0.12))
        ball = self._shoe.ball * effort * self._varied(1, 0.25) * (1.0 - run)
        gap_s = (0.23 - 0.15 * speed) * self._varied(2, 0.1)
        width_s = (0.05 + 0.045 * (1.0 - speed)) * self._varied(3, 0.1) * (1.25 - 0.5 * self._firmness)
        # Springs in series: a soft ground takes the edge off any shoe.
        hardness = self._shoe.hardness * (1.0 - 0.7 * self._surface.give)
        hardness += 0.3 * (self._firmness - 0.5) - 0.16 * (self._weight - 0.5) + 0.06 * (speed - 0.5)
        hardness = min(1.0, max(0.02, hardness * (1.0 - 0.35 * sneak)))
        self._stance_s = (0.62 - 0.3 * speed) * self._varied(4, 0.05)
        self._touches = [Touch(0.0, heel, width_s * (1.0 + 0.8 * sneak + run * self._surface.give), hardness)]
        if ball > 0.02:
            self._touches.append(Touch(gap_s, ball, 1.6 * width_s, 0.8 * hardness))
        # A sole that sinks in moves the ground all the way from heel to toes. A runner has left it by then.
        self._roll = (0.15 + 0.3 * self._surface.give) * effort * self._varied(8, 0.3) * (1.0 - 0.8 * run)
        self._push_off = (0.16 + 0.16 * self._surface.give) * effort * (1.0 - 0.6 * sneak) * (1.0 - run)

    def _rocking(self, touch: Touch) -> list[Touch]:
        """Return the contacts of one touch: a sole is never flat, so its edges land one after another."""
        u = chance.uniforms(self._timeline.seed, ROCK_STREAM, round(1e4 * touch.at_s), 5)
        late_s = (0.0, 0.003 + 0.004 * u[0], 0.008 + 0.008 * u[1])
        share = (0.65 + 0.2 * u[2], 0.35 + 0.35 * u[3], 0.15 + 0.35 * u[4])
        return [
            replace(touch, at_s=touch.at_s + late, force=touch.force * part)
            for late, part in zip(late_s, share, strict=True)
        ]

    def _ground_force(self) -> Samples:
        """Return how hard the foot presses, shape (frames,): lobes, a plateau under them, and the toes last."""
        frames = round((self._stance_s + 3.0 * self._surface.settle_s) * SAMPLE_RATE)
        force = np.zeros(frames)
        for touch in self._touches:
            _lobe(force, touch.at_s, touch.width_s, touch.force, 0.6)
        _lobe(force, 0.005, self._stance_s - 0.02, self._roll, 0.7)
        _lobe(force, self._stance_s - 0.14, 0.14, self._push_off, 1.3)
        return force

    def _modes(self) -> Modes:
        """Return the floor where this step lands: another spot each time, and one foot is not the other."""
        surface, object_seed = self._surface, self._timeline.object_seed
        parts = [
            modes_of(
                MATERIALS[surface.floor],
                size_m=size_m * (0.85 + 0.3 * self._weight),
                object_seed=object_seed + number,
                position=0.12 + 0.36 * self._draw(5 + number),
                damping=surface.damping * (1.0 + 0.5 * self._wetness),
            )
            for number, size_m in enumerate(surface.sizes_m)
        ]
        frequency, decay, gain = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("frequency_hz", "decay", "gain")
        )
        own = 2.0 * chance.uniform(object_seed, FOOT_STREAM, self._foot) - 1.0
        shift = 1.0 + 0.04 * own + surface.spot * (2.0 * self._draw(22) - 1.0)
        # A mode is louder or softer, and starts up or down, by where the foot meets it.
        u = chance.uniforms(self._timeline.seed, FLOOR_STREAM, 0, len(gain))
        uneven = np.where(u < 0.5, 0.6 + 1.6 * u, -2.2 + 1.6 * u)
        return Modes(frequency * shift, decay, gain * uneven)

    def _floor(self) -> Samples:
        """Return what the blows of heel and ball ring from the ground, shape (frames,)."""
        surface = self._surface
        push = np.zeros(round((self._touches[-1].at_s + 0.1) * SAMPLE_RATE))
        for contact in self._contacts:
            _add(push, contact.at_s, contact_force(contact.hardness, contact.force))
        for touch in self._touches if surface.rattle else ():
            for bounce in range(3):
                # A loose plate falls back on its frame, each time sooner and softer.
                force = touch.force * surface.rattle * 0.45**bounce * (0.5 + self._draw(8 + bounce))
                at_s = touch.at_s + 0.022 * (2.0 - 0.6**bounce) * (0.7 + 0.6 * self._draw(11 + bounce))
                _add(push, at_s, contact_force(touch.hardness, force))
        return ring(self._modes(), push, self._frames) * (surface.floor_level * self._firm)

    def _thump(self) -> Samples:
        """Return the body's weight arriving: a low note that falls, shape (frames,)."""
        out = np.zeros(self._frames)
        t = seconds(round(0.22 * SAMPLE_RATE))
        pitch_hz = (96.0 - 40.0 * self._weight) * (1.0 + 0.24 * (self._draw(14) - 0.5))
        turns = pitch_hz * (t + 0.01 * (1.0 - np.exp(-t / 0.02))) + self._draw(15)
        shape = (1.0 - np.exp(-t / 0.003)) * np.exp(-t / (0.022 + 0.016 * self._weight))
        note = np.sin(2.0 * np.pi * turns) * shape
        for touch in self._touches:
            _add(out, touch.at_s + WEIGHT_S, note * (1.1 * self._thud * touch.force))
        return out

    def _stir(self) -> Samples:
        """Return the fine stuff that shifts and the sole that rubs, shape (2, frames)."""
        grains, scuff = self._surface.grains, self._surface.scuff
        crumbs = [
            Collisions(self._timeline, GRAIN_NOISE + side, rate_hz=grains.rate_hz, decay_s=grains.decay_s)
            for side in range(2)
        ]
        fine = correlated(np.stack([side.take(0, self._settling) for side in crumbs]), 0.4)
        fine = StateVariable("highpass").process(fine, grains.low_hz * self._colour, 0.7)
        # Pressed harder, stones grind rather than roll: brighter.
        bright = grains.high_hz * self._colour * (0.75 + 0.25 * np.minimum(self._settling, 1.5))
        fine = StateVariable("lowpass").process(fine, bright, 0.7)
        # Skin grinds nothing on stone, but moves sand like any sole.
        grip = self._shoe.tread * (self._shoe.grind + (1.0 - self._shoe.grind) * self._surface.give)
        rub = np.abs(np.gradient(self._push)) * (0.012 * SAMPLE_RATE) + 0.3 * self._settling
        noise = correlated(Noise(self._timeline, SCUFF_NOISE).take(0, len(rub)), 0.4) * rub
        centre_hz = math.sqrt(scuff.low_hz * scuff.high_hz)
        breadth = centre_hz / (scuff.high_hz - scuff.low_hz)
        rubbed = StateVariable("bandpass").process(noise, centre_hz * self._colour, breadth)
        return fine * (grains.level * self._loose * grip) + rubbed * (scuff.level * grip)

    def _knock(self) -> None:
        """Let the shoe itself be heard: the tick of its edges, the note of its heel, the pat of its sole."""
        shoe = self._shoe
        at, force, hard = _columns(self._contacts)
        met = (1.0 - 0.8 * self._surface.give) * self._firm
        tick = self._surface.tick * (0.2 + 0.8 * hard) * met
        self._burst(0, at, 700.0 * 14.0**hard, 0.6, 0.0022, tick * force)
        own = 2.0 * chance.uniform(self._timeline.object_seed, FOOT_STREAM, 2 + self._foot) - 1.0
        pitch_hz = shoe.knock_hz * (1.0 + 0.06 * own + 0.05 * (self._draw(21) - 0.5))
        phase = 2.0 * np.pi * chance.uniforms(self._timeline.seed, KNOCK_STREAM, 3, len(at))
        for partial, level in ((1.0, 1.0), (1.74, 0.6), (2.9, 0.3)):
            self._grains.add(
                _frames(at),
                frequency_hz=np.full(len(at), pitch_hz * partial),
                decay=np.full(len(at), shoe.knock_decay * partial**0.5),
                amplitude=shoe.knock * level * met * force,
                pan=np.zeros(len(at)),
                phase=phase,
            )
        at, force, hard = _columns(self._touches)
        centre_hz = math.sqrt(shoe.slap_low_hz * shoe.slap_high_hz)
        breadth = centre_hz / (shoe.slap_high_hz - shoe.slap_low_hz)
        dull = 1.0 - 0.3 * self._surface.give
        self._burst(1, at + SOLE_S, centre_hz * dull, breadth, shoe.slap_decay_s, shoe.slap * met * force)
        self._burst(2, at + WEIGHT_S, 230.0 - 80.0 * self._weight, 0.6, 0.02, self._thud * force)

    def _burst(
        self, layer: int, at_s: Samples, centre_hz: Samples | float, resonance: float, decay_s: float, level: Samples
    ) -> None:
        """Add one burst in the middle for each time."""
        self._bursts.add(
            _frames(at_s),
            centre_hz=np.broadcast_to(centre_hz, at_s.shape).astype(float),
            resonance=resonance,
            decay=1.0 / decay_s,
            amplitude=level,
            pan=np.zeros(len(at_s)),
            key=chance.uniforms(self._timeline.seed, KNOCK_STREAM, layer, len(at_s)),
        )

    def _scatter(self) -> None:
        """Let coarse pieces knock and crackle, where the force is."""
        pieces = self._surface.pieces
        if pieces is None:
            return
        moved = math.sqrt(float(self._settling.sum()) / (0.12 * SAMPLE_RATE))  # 1 for a firm walk
        count = int(pieces.count * self._loose * self._shoe.tread * moved * (0.8 + 0.4 * self._draw(19)))
        u = chance.uniforms(self._timeline.seed, PIECE_STREAM, 0, 5 * count).reshape(count, 5)
        span = pieces.high_hz / pieces.low_hz
        onsets = self._pressed(u[:, 0])
        self._bursts.add(
            onsets,
            centre_hz=pieces.low_hz * self._colour * span ** u[:, 1],
            resonance=pieces.resonance,
            decay=pieces.decay * 2.0 ** (2.0 * u[:, 1] - 1.0),  # small pieces are high and short
            amplitude=pieces.level * u[:, 2] ** pieces.spread * np.sqrt(self._settling[onsets]),
            pan=0.9 * (u[:, 3] - 0.5),
            key=u[:, 4],
        )

    def _pressed(self, draw: Samples) -> npt.NDArray[np.int64]:
        """Return frames drawn in proportion to how much the ground moves."""
        pressed = np.cumsum(self._settling)
        return np.searchsorted(pressed, draw * pressed[-1]).astype(np.int64)

    def _splash(self) -> None:
        """Let water slap, spatter and bubble."""
        water = self._water
        effort = self._touches[0].force
        hits = [*(touch.at_s for touch in self._touches), self._stance_s - 0.05]
        force = np.array([*(touch.force for touch in self._touches), 0.6 * self._push_off + 0.1 * effort])
        for centre_hz, decay_s, level, keys in ((1300.0, 0.035, 0.30, 0), (6000.0, 0.07, 0.10, 1)):
            self._bursts.add(
                _frames(hits),
                centre_hz=np.full(len(hits), centre_hz),
                resonance=0.5,
                decay=1.0 / decay_s,
                amplitude=level * water * force,
                pan=np.zeros(len(hits)),
                key=chance.uniforms(self._timeline.seed, SPATTER_STREAM, 1 + keys, len(hits)),
            )
        count = int(130.0 * water * min(1.5, 0.4 + 0.6 * effort))
        u = chance.uniforms(self._timeline.seed, SPATTER_STREAM, 0, 6 * count).reshape(count, 6)
        after_s = 0.004 - (0.05 + 0.09 * water) * np.log(1.0 - 0.97 * u[:, 0])
        at_s = np.array(hits)[(u[:, 1] * len(hits)).astype(int)] + np.minimum(after_s, WAKE_S + 0.5 * DRIP_S)
        self._bursts.add(
            _frames(at_s),
            centre_hz=3000.0 * (1.0 - 0.5 * self._surface.suction) * 3.5 ** u[:, 2],  # mud is thick
            resonance=2.5,
            decay=500.0 * 3.0 ** u[:, 2],
            amplitude=0.22 * water**0.7 * effort * u[:, 3] ** 3,
            pan=1.2 * (u[:, 4] - 0.5),
            key=u[:, 5],
        )
        self._bubble(round(16 * water), 0.16 * (0.3 + 0.7 * water) * effort, 0.001, 0.007)
        self._bubble(round(4 * water), 0.5 * water * effort, 0.006, 0.014)

    def _bubble(self, count: int, level: float, smallest_m: float, largest_m: float) -> None:
        """Let bubbles close behind the foot."""
        u = chance.uniforms(self._timeline.seed, BUBBLE_STREAM, round(1e6 * largest_m), 5 * count).reshape(count, 5)
        radius = smallest_m + (largest_m - smallest_m) * u[:, 0] ** 2
        decay = bubbles.decay(radius)
        self._grains.add(
            _frames(0.02 + (self._stance_s - 0.05) * u[:, 1]),
            frequency_hz=bubbles.frequency_hz(radius),
            decay=decay,
            amplitude=level * u[:, 2],
            pan=0.8 * (u[:, 3] - 0.5),
            rise=np.where(u[:, 4] > 0.4, 0.1 * decay, 0.0),
            attack_s=0.0008,
        )

    def _suck(self) -> None:
        """Let the ground hold on to the sole and give way: bubbles heard backwards, as the foot lifts."""
        u = chance.uniforms(self._timeline.seed, BUBBLE_STREAM, 1, 5 * 9).reshape(9, 5)
        radius = 0.004 + 0.005 * u[:, 0]
        decay = bubbles.decay(radius)
        self._grains.add(
            _frames(self._stance_s - 0.12 + 0.14 * np.sort(u[:, 1])),
            frequency_hz=bubbles.frequency_hz(radius),
            decay=decay,
            amplitude=0.3 * self._surface.suction * self._touches[0].force * (0.2 + u[:, 2]),
            pan=0.3 * (u[:, 3] - 0.5),
            rise=-0.04 * decay,
            attack_s=0.006 + 0.02 * u[:, 4],
        )

    def _squeak(self) -> Samples:
        """Return dry snow that sticks and slips under the sole, shape (frames,)."""
        u = chance.uniforms(self._timeline.seed, SLIP_STREAM, 0, 60)
        at = np.cumsum((0.6 + 0.8 * u[:40]) / (150.0 + 130.0 * self._draw(18))) + 0.015
        force = np.zeros(self._frames)
        for slip_s, strength in zip(at, u[20:], strict=True):
            frame = round(slip_s * SAMPLE_RATE)
            if frame < len(self._push):
                force[frame] += self._push[frame] * (0.3 + strength)
        pitch_hz = (620.0 + 480.0 * self._draw(17)) * np.array([1.0, 1.53, 2.41])
        modes = Modes(pitch_hz, np.pi * pitch_hz / 8.0, np.array([1.0, 0.5, 0.3]))
        return ring(modes, force, self._frames) * self._surface.squeak

    def _crack(self) -> None:
        """Let ice crack: a few sharp notes one after another."""
        u = chance.uniforms(self._timeline.seed, SLIP_STREAM, 1, 5 * 7).reshape(7, 5)
        self._grains.add(
            _frames(0.003 + 0.09 * np.sort(u[:, 0]) ** 1.5),
            frequency_hz=1400.0 * 4.0 ** u[:, 1],
            decay=90.0 + 260.0 * u[:, 2],
            amplitude=0.4 * self._touches[0].force * (0.3 + u[:, 3]),
            pan=0.5 * (u[:, 4] - 0.5),
            attack_s=0.0001,
        )


@njit(cache=True, nogil=True)
def _settle(push, decay, out):  # type: ignore[no-untyped-def]
    """What has been set in motion follows the push up at once, and comes to rest over its own time."""
    energy = 0.0
    for frame in range(push.shape[0]):
        energy = max(push[frame], energy * decay)
        out[frame] = energy


def _lobe(force: Samples, at_s: float, width_s: float, level: float, skew: float) -> None:
    """Add a bell of force; a skew below 1 makes it rise faster than it falls."""
    first, frames = round(at_s * SAMPLE_RATE), round(width_s * SAMPLE_RATE)
    last = min(len(force), first + frames)
    within = np.arange(last - first) / frames
    force[first:last] += level * np.sin(np.pi * within**skew) ** 2


def _add(into: Samples, at_s: float, sound: Samples) -> None:
    """Add a sound at a time, as far as there is room."""
    first = round(at_s * SAMPLE_RATE)
    last = min(len(into), first + len(sound))
    into[first:last] += sound[: last - first]


def _columns(touches: list[Touch]) -> tuple[Samples, Samples, Samples]:
    """Return times, forces and hardnesses, each of shape (touches,)."""
    at_s, force, hardness = np.array([(touch.at_s, touch.force, touch.hardness) for touch in touches]).T
    return at_s, force, hardness


def _frames(at_s: Samples | list[float]) -> npt.NDArray[np.int64]:
    return np.round(np.asarray(at_s) * SAMPLE_RATE).astype(np.int64)
