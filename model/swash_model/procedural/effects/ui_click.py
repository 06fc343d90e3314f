"""Interface click: one touch of a button, in under 60 ms."""

from dataclasses import dataclass

import numpy as np

from swash_model.dsp import chance
from swash_model.dsp.chance import Noise
from swash_model.dsp.envelopes import decay, fade_out
from swash_model.dsp.filters import butterworth
from swash_model.dsp.grains import GrainBank
from swash_model.dsp.stereo import correlated
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values

FRAMES = round(0.056 * SAMPLE_RATE)  # a click that is longer is a note
FADE_S = 0.012
TICK_S = 0.001
TICK_FRAMES = round(8.0 * TICK_S * SAMPLE_RATE)
SECOND_AFTER_S = 0.016  # the blade of a switch is that long on its way
SECOND_PITCH = 0.84

PERFORMANCE_STREAM, OBJECT_STREAM, TICK_STREAM = 10, 11, 12


@dataclass(frozen=True, slots=True)
class Timbre:
    """A button: its modes (Hz, 1/s, level), its tick (band in Hz, level), and what makes all equally loud.

    The tick is what tells a thing that is touched from a beep: some 12 dB of it above 5 kHz.
    """

    frequency_hz: tuple[float, ...]
    decay: tuple[float, ...]
    level: tuple[float, ...]
    tick_hz: tuple[float, float]
    tick: float
    level_db: float


TIMBRES = {
    "plastic": Timbre(
        (2190.0, 2720.0, 3410.0), (235.0, 206.0, 330.0), (1.0, 0.8, 0.57), (2500.0, 14_000.0), 0.6, -2.0
    ),
    "wood": Timbre((980.0, 2560.0), (260.0, 460.0), (1.0, 0.4), (800.0, 7000.0), 0.5, 1.0),
    "glass": Timbre((2900.0, 3980.0), (170.0, 230.0), (1.0, 0.4), (5000.0, 16_000.0), 0.5, -3.0),
    # Pure octaves, and a tick so faint that it only sharpens the edge: nothing was touched.
    "digital": Timbre(
        (1320.0, 2640.0, 3960.0), (230.0, 330.0, 480.0), (1.0, 0.3, 0.1), (3000.0, 9000.0), 0.04, 0.0
    ),
}


def play(timeline: Timeline, values: Values) -> Samples:
    """Return one click, shape (2, frames)."""
    timbre = TIMBRES[values.choice("material")]
    out = np.zeros((2, FRAMES))
    _touch(out, timeline, values, timbre, number=0)
    if (double := values.number("double")) > 0.0:
        later = 0.9 + 0.2 * chance.uniform(timeline.seed, PERFORMANCE_STREAM, 2)
        second = out[:, round(SECOND_AFTER_S * later * SAMPLE_RATE) :]
        again = np.zeros_like(second)
        _touch(again, timeline, values, timbre, number=1)
        second += double * again
    return np.asarray(fade_out(out, FADE_S) * 10.0 ** (timbre.level_db / 20.0))


def _touch(out: Samples, timeline: Timeline, values: Values, timbre: Timbre, number: int) -> None:
    """Add one touch from the first frame on: the modes, and a tick of noise."""
    softness = values.number("softness")
    _add_modes(out, timeline, values, timbre, number)
    noise = correlated(Noise(timeline, TICK_STREAM + number).take(0, TICK_FRAMES), 0.7)
    tick = butterworth("bandpass", timbre.tick_hz, order=1).process(noise)
    out[:, :TICK_FRAMES] += tick * decay(TICK_FRAMES, TICK_S) * timbre.tick * (1.0 - softness) ** 1.5


def _add_modes(out: Samples, timeline: Timeline, values: Values, timbre: Timbre, number: int) -> None:
    softness, modes = values.number("softness"), len(timbre.frequency_hz)
    # The same button is a little off its pitch each time (1 %); another button has other modes (3 %).
    now = chance.uniforms(timeline.seed, PERFORMANCE_STREAM, number, 1 + modes)
    thing = 1.0 + 0.06 * (chance.uniforms(timeline.object_seed, OBJECT_STREAM, 0, modes) - 0.5)
    pitch = values.number("pitch") * SECOND_PITCH**number * (1.0 + 0.02 * (now[0] - 0.5))
    # A soft finger hardly moves the higher modes.
    dull = 10.0 ** (-0.7 * softness * np.arange(modes))
    by_chance = 10.0 ** ((now[1:] - 0.5) / 20.0)
    grains = GrainBank(capacity=modes)
    grains.add(
        np.zeros(modes, np.int64),
        frequency_hz=np.array(timbre.frequency_hz) * thing * pitch,
        decay=np.array(timbre.decay),
        amplitude=np.array(timbre.level) * dull * by_chance,
        pan=np.zeros(modes),
        attack_s=0.0008 + 0.003 * softness**1.5,
    )
    grains.sound(out)


UI_CLICK = Effect(
    id="ui_click",
    title="Interface click",
    description="A short click for buttons, switches and lists.",
    ucs_cat_id="UIClick",
    version=2,
    parameters=(
        Choice("material", "What the button seems to be made of.", tuple(TIMBRES), "plastic"),
        Number("pitch", "How high it is: 2 is an octave above 1.", 0.5, 2.0, 1.0, curve="logarithmic"),
        Number("softness", "How softly it is touched: 0 snaps, 1 is felt more than heard.", 0.0, 1.0, 0.15),
        Number("double", "How loud a second click follows, as of a switch that snaps over.", 0.0, 1.0, 0.0),
    ),
    presets=(
        Preset("soft", "A quiet touch for menus.", {"softness": 0.8, "pitch": 0.8}, "UIClick"),
        Preset(
            "hard_switch",
            "A switch that snaps over.",
            {"softness": 0.0, "pitch": 0.8, "double": 0.8, "gain_db": -2.0},
            "UIClick",
        ),
        Preset(
            "mouse",
            "A mouse button, down and up.",
            {"softness": 0.1, "pitch": 1.35, "double": 0.45, "gain_db": -1.0},
            "UIClick",
        ),
        Preset("wood_tap", "A knuckle on a small box.", {"material": "wood", "softness": 0.15}, "UIClick"),
        Preset("glass_tick", "A fingernail on glass.", {"material": "glass", "softness": 0.1}, "UIClick"),
        Preset("digital_blip", "A clean blip that nothing made.", {"material": "digital"}, "UIClick"),
        Preset(
            "scroll_tick",
            "One line further in a list.",
            {"pitch": 1.7, "softness": 0.3, "gain_db": -8.0},
            "UIClick",
        ),
        Preset(
            "toggle",
            "A checkbox: down, and a softer snap.",
            {"material": "wood", "pitch": 1.5, "softness": 0.2, "double": 0.6},
            "UIClick",
        ),
    ),
    # A decibel under its reference: so short a sound peaks 17 dB above its loudness over 400 ms.
    one_shot=OneShot(play, gain_db=3.4),
)
