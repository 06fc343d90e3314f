"""One step, layer upon layer: floor, shoe, body, loose stuff, water."""

import math

import numpy as np
import numpy.typing as npt

from swash_model.dsp import chance
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
from swash_model.procedural.effects._step_forces import Touch, tread
from swash_model.procedural.effects._step_surfaces import SHOES, SURFACES
from swash_model.procedural.effects._step_water import splash, suction

GRAIN_NOISE, SCUFF_NOISE = 1, 3
FOOT_STREAM, SPOT_STREAM, MODE_STREAM, RATTLE_STREAM = 63, 64, 65, 66
KNOCK_STREAM, PIECE_STREAM = 67, 68
SLIP_STREAM, CRACK_STREAM = 69, 70

EDGE_HARDNESS = 0.65  # leather
PLATE_HARDNESS = 0.85  # steel on steel
WAKE_S = 0.25  # floors fall silent
DRIP_S = 0.45  # what was thrown up falls back
PLATE_S = 0.5  # a metal plate rings on
SOLE_S, WEIGHT_S = 0.007, 0.012  # first the edge ticks, then the sole pats, then the body comes down


def step_sound(timeline: Timeline, values: Values, foot: int) -> Samples:
    """Return one step whole, shape (2, frames); `foot` is 0 for the left one, 1 for the right."""
    return _Step(timeline, values, foot).sound()


class _Step:
    """One step being made: its forces first, then layer upon layer."""

    def __init__(self, timeline: Timeline, values: Values, foot: int) -> None:
        self._timeline = timeline
        self._foot = foot
        self._surface, self._shoe = SURFACES[values.choice("surface")], SHOES[values.choice("shoe")]
        self._tread = tread(timeline, values, self._surface, self._shoe)
        self._weight, self._wetness = values.number("weight"), values.number("wetness")
        self._firm, self._loose = 0.8 + 0.4 * values.number("firmness"), 1.4 - 0.8 * values.number("firmness")
        give = self._surface.give
        self._film = self._wetness * (0.8 - 0.55 * give)  # soft ground drinks
        # Skin grinds nothing on stone, but moves sand like any sole.
        self._grip = self._shoe.tread * (self._shoe.grind + (1.0 - self._shoe.grind) * give)
        self._met = (1.0 - 0.8 * give) * self._firm  # how much of the shoe itself is heard
        self._thud = 0.4 * self._surface.thump * self._shoe.thump * (0.5 + self._weight)
        # Each step lands on another spot; wet ground is duller, and a heavy foot turns larger pieces.
        self._spot = chance.uniforms(timeline.seed, SPOT_STREAM, 0, 8)
        self._colour = (1.0 - 0.2 * self._wetness) * (1.1 - 0.2 * self._weight) * (0.94 + 0.12 * self._spot[0])
        wake_s = (
            WAKE_S
            + DRIP_S * min(1.0, self._film + self._surface.depth)
            + (PLATE_S if self._surface.rattle else 0.0)
        )
        self._frames = round((self._tread.stance_s + wake_s) * SAMPLE_RATE)
        self._bursts, self._grains = BurstBank(), GrainBank(64)

    def sound(self) -> Samples:
        """Return all layers, shape (2, frames)."""
        out = centred(self._floor() + self._body())
        stirred = self._stir()
        out[:, : stirred.shape[1]] += stirred
        self._knock()
        self._scatter()
        if self._surface.squeak > 0.0:
            out += self._stick_slip(165.0, 800.0, 8.0) * self._surface.squeak
        if self._spot[1] < self._surface.creak * self._loose:
            out += self._stick_slip(55.0, 560.0, 12.0) * 0.35
        if self._spot[1] < self._surface.crack:
            self._crack()
        self._bursts.sound(out)
        self._grains.sound(out)
        out *= 10.0 ** (self._surface.level_db / 20.0)
        if self._film + self._surface.depth > 0.0:
            out += splash(
                self._timeline,
                self._tread,
                film=self._film,
                depth=self._surface.depth,
                thickness=self._surface.suction,
                weight=self._weight,
                frames=self._frames,
            )
        if self._surface.suction > 0.0:
            out += suction(self._timeline, self._tread, 0.3 * self._surface.suction, self._frames)
        return fade_out(out, 0.05)

    def _floor(self) -> Samples:
        """Return what the blows of heel and ball ring from the ground, shape (frames,)."""
        surface, touches = self._surface, self._tread.touches
        push = np.zeros(round((touches[-1].at_s + 0.1) * SAMPLE_RATE))
        for contact in self._tread.contacts:
            _strike(push, contact.at_s, contact.hardness, contact.force)
            # Even skin meets a hard floor with an edge, or bare feet would sound alike on metal and tile.
            _strike(
                push,
                contact.at_s,
                max(EDGE_HARDNESS, contact.hardness),
                0.3 * (1.0 - surface.give) * contact.force,
            )
        for number, touch in enumerate(touches if surface.rattle else ()):
            u = chance.uniforms(self._timeline.seed, RATTLE_STREAM, number, 6)
            for bounce in range(3):
                # A loose plate falls back on its frame, each time sooner and softer.
                force = touch.force * surface.rattle * 0.45**bounce * (0.5 + u[bounce])
                at_s = touch.at_s + 0.022 * (2.0 - 0.6**bounce) * (0.7 + 0.6 * u[3 + bounce])
                _strike(push, at_s, PLATE_HARDNESS, force)
        couple = 1.0 + (self._shoe.couple - 1.0) * (1.0 - surface.give)
        return ring(self._modes(), push, self._frames) * (surface.floor_level * self._firm * couple)

    def _modes(self) -> Modes:
        """Return the floor where this step lands: another spot each time, and one foot is not the other."""
        surface, object_seed = self._surface, self._timeline.object_seed
        parts = [
            modes_of(
                MATERIALS[surface.floor],
                size_m=size_m * (0.85 + 0.3 * self._weight),
                object_seed=object_seed + number,
                position=0.12 + 0.36 * self._spot[2 + number],
                damping=surface.damping * (1.0 + 0.5 * self._wetness),
            )
            for number, size_m in enumerate(surface.sizes_m)
        ]
        frequency = np.concatenate([part.frequency_hz for part in parts])
        decay = np.concatenate([part.decay for part in parts])
        gain = np.concatenate([part.gain for part in parts])
        own = 2.0 * chance.uniform(object_seed, FOOT_STREAM, self._foot) - 1.0
        shift = 1.0 + 0.04 * own + surface.spot * (2.0 * self._spot[5] - 1.0)
        # Modes are louder or softer by where the foot meets them. Neighbours start in opposite directions:
        # if chance had them all start alike, one step in ten would be twice as loud.
        u = chance.uniforms(self._timeline.seed, MODE_STREAM, 0, len(gain))
        sign = np.where(np.repeat(u[::2], 2)[: len(u)] < 0.5, 1.0, -1.0)
        sign[1::2] *= -1.0
        uneven = sign * (0.7 + 0.6 * u)
        return Modes(frequency * shift, decay, gain * uneven)

    def _body(self) -> Samples:
        """Return the weight arriving: a low note that falls, shape (frames,)."""
        out = np.zeros(self._frames)
        t = seconds(round(0.22 * SAMPLE_RATE))
        pitch_hz = (96.0 - 40.0 * self._weight) * (0.88 + 0.24 * self._spot[6])
        turns = pitch_hz * (t + 0.01 * (1.0 - np.exp(-t / 0.02))) + self._spot[7]
        shape = (1.0 - np.exp(-t / 0.003)) * np.exp(-t / (0.022 + 0.016 * self._weight))
        note = np.sin(2.0 * np.pi * turns) * shape
        for touch in self._tread.touches:
            first = round((touch.at_s + WEIGHT_S) * SAMPLE_RATE)
            part = out[first : first + len(note)]
            part += note[: len(part)] * (1.1 * self._thud * touch.force)
        return out

    def _stir(self) -> Samples:
        """Return the fine stuff that shifts and the sole that rubs, shape (2, frames)."""
        grains, scuff, stirred = self._surface.grains, self._surface.scuff, self._tread.stirred
        crumbs = [
            Collisions(self._timeline, GRAIN_NOISE + side, rate_hz=grains.rate_hz, decay_s=grains.decay_s)
            for side in range(2)
        ]
        fine = correlated(np.stack([side.take(0, stirred) for side in crumbs]), 0.4)
        fine = StateVariable("highpass").process(fine, grains.low_hz * self._colour, 0.7)
        # Pressed harder, stones grind rather than roll: brighter.
        bright_hz = grains.high_hz * self._colour * (0.75 + 0.25 * np.minimum(stirred, 1.5))
        fine = StateVariable("lowpass").process(fine, bright_hz, 0.7)
        rub = np.abs(np.gradient(self._tread.push)) * (0.012 * SAMPLE_RATE) + 0.3 * stirred
        noise = correlated(Noise(self._timeline, SCUFF_NOISE).take(0, len(rub)), 0.4) * rub
        centre_hz = math.sqrt(scuff.low_hz * scuff.high_hz)
        breadth = centre_hz / (scuff.high_hz - scuff.low_hz)
        rubbed = StateVariable("bandpass").process(noise, centre_hz * self._colour, breadth)
        return fine * (grains.level * self._loose * self._grip) + rubbed * (scuff.level * self._grip)

    def _knock(self) -> None:
        """Let the shoe itself be heard: the tick of its edges, the note of its heel, the pat of its sole."""
        shoe = self._shoe
        at_s, force, hard = _columns(self._tread.contacts)
        tick = self._surface.tick * (0.2 + 0.8 * hard) * self._met
        self._burst(0, at_s, 700.0 * 14.0**hard, 0.6, 0.0022, tick * force)
        own = 2.0 * chance.uniform(self._timeline.object_seed, FOOT_STREAM, 2 + self._foot) - 1.0
        phase = 2.0 * np.pi * chance.uniforms(self._timeline.seed, KNOCK_STREAM, 4, len(at_s))
        pitch_hz = shoe.knock_hz * (1.0 + 0.06 * own) * (0.975 + 0.05 * self._spot[0])
        for partial, level in ((1.0, 1.0), (1.74, 0.6), (2.9, 0.3)):
            self._grains.add(
                _frames(at_s),
                frequency_hz=np.full(len(at_s), pitch_hz * partial),
                decay=np.full(len(at_s), shoe.knock_decay * partial**0.5),
                amplitude=shoe.knock * level * self._met * force,
                pan=np.zeros(len(at_s)),
                phase=phase,
            )
        at_s, force, hard = _columns(self._tread.touches)
        centre_hz = math.sqrt(shoe.slap_low_hz * shoe.slap_high_hz)
        breadth = centre_hz / (shoe.slap_high_hz - shoe.slap_low_hz)
        # A smooth hard floor is slapped sharply, boards and soft ground dully.
        smooth = (self._surface.scuff.low_hz / 1200.0) ** (0.6 * (1.0 - self._surface.give))
        dull = (1.0 - 0.3 * self._surface.give) * smooth
        self._burst(1, at_s + SOLE_S, centre_hz * dull, breadth, shoe.slap_decay_s, shoe.slap * self._met * force)
        grains = self._surface.grains
        crust = 0.2 * grains.level * self._grip * self._surface.give  # loose ground breaks at the first touch
        self._burst(3, at_s, math.sqrt(grains.low_hz * grains.high_hz) * self._colour, 0.7, 0.006, crust * force)
        self._burst(2, at_s + WEIGHT_S, 230.0 - 80.0 * self._weight, 0.6, 0.02, self._thud * force)

    def _burst(
        self,
        layer: int,
        at_s: Samples,
        centre_hz: Samples | float,
        resonance: float,
        decay_s: float,
        level: Samples,
    ) -> None:
        """Start one burst in the middle at each time."""
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
        """Let coarse pieces knock and crackle, where the ground moves."""
        pieces, stirred = self._surface.pieces, self._tread.stirred
        if pieces is None:
            return
        moved = np.cumsum(stirred)
        much = math.sqrt(float(moved[-1]) / (0.12 * SAMPLE_RATE))  # 1 for a firm walk
        count = int(pieces.count * self._loose * self._grip * much)
        u = chance.uniforms(self._timeline.seed, PIECE_STREAM, 0, 5 * count).reshape(count, 5)
        onsets = np.searchsorted(moved, u[:, 0] * moved[-1]).astype(np.int64)
        self._bursts.add(
            onsets,
            centre_hz=pieces.low_hz * self._colour * (pieces.high_hz / pieces.low_hz) ** u[:, 1],
            resonance=pieces.resonance,
            decay=pieces.decay * 2.0 ** (2.0 * u[:, 1] - 1.0),  # small pieces are high and short
            amplitude=pieces.level * u[:, 2] ** pieces.spread * stirred[onsets] ** 0.75,
            pan=0.9 * (u[:, 3] - 0.5),
            key=u[:, 4],
        )

    def _stick_slip(self, rate_hz: float, pitch_hz: float, resonance: float) -> Samples:
        """Return what sticks and slips under the weight, dry snow or a loose board, shape (frames,)."""
        u = chance.uniforms(self._timeline.seed, SLIP_STREAM, 0, 82)
        slower = np.linspace(0.7, 1.5, 40)  # as the weight comes to rest
        slips = _frames(0.015 + np.cumsum(slower * (0.6 + 0.8 * u[:40])) / (rate_hz * (0.75 + 0.5 * u[80])))
        push = self._tread.push
        heard = slips < len(push)
        force = np.zeros(len(push))
        force[slips[heard]] = push[slips[heard]] * (0.3 + u[40:80][heard])
        partials_hz = pitch_hz * (0.75 + 0.6 * u[81]) * np.array([1.0, 1.53, 2.41])
        modes = Modes(partials_hz, np.pi * partials_hz / resonance, np.array([1.0, 0.5, 0.3]))
        return ring(modes, force, self._frames)

    def _crack(self) -> None:
        """Let ice crack: a few sharp notes one after another."""
        u = chance.uniforms(self._timeline.seed, CRACK_STREAM, 0, 5 * 7).reshape(7, 5)
        self._grains.add(
            _frames(0.003 + 0.09 * np.sort(u[:, 0]) ** 1.5),
            frequency_hz=1400.0 * 4.0 ** u[:, 1],
            decay=90.0 + 260.0 * u[:, 2],
            amplitude=0.4 * self._tread.touches[0].force * (0.3 + u[:, 3]),
            pan=0.5 * (u[:, 4] - 0.5),
            attack_s=0.0001,
        )


def _strike(push: Samples, at_s: float, hardness: float, force: float) -> None:
    """Add a blow to a force, as far as there is room."""
    first = round(at_s * SAMPLE_RATE)
    blow = contact_force(hardness, force)
    part = push[first : first + len(blow)]
    part += blow[: len(part)]


def _columns(touches: tuple[Touch, ...]) -> tuple[Samples, Samples, Samples]:
    """Return times, forces and hardnesses, each of shape (touches,)."""
    at_s, force, hardness = np.array([(touch.at_s, touch.force, touch.hardness) for touch in touches]).T
    return at_s, force, hardness


def _frames(at_s: Samples) -> npt.NDArray[np.int64]:
    return np.round(at_s * SAMPLE_RATE).astype(np.int64)
