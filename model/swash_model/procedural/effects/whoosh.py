"""Whoosh: something that cuts through the air, from a cape to an arrow."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from swash_model.dsp import chance
from swash_model.dsp.chance import _white
from swash_model.dsp.envelopes import fade_out
from swash_model.dsp.filters import DENORMAL, MAX_CUTOFF_HZ
from swash_model.dsp.timeline import SAMPLE_RATE, Samples, Timeline
from swash_model.procedural.effect import Choice, Effect, Number, OneShot, Preset, Values

STROUHAL = 0.2  # eddies leave a rod of diameter D at 0.2 v / D a second, nearly whatever v and D are
SOUND_M_S = 343.0
REFERENCE_M_S = 30.0
START = 0.28  # of the speed: whoever swings is already moving when it begins to be heard
WAKE, WAKE_DAMPING = 4.0, 1.7  # times the pitch of the eddies: so far up they have broken up
LOWEST_HZ = 30.0
LEVEL = 20.0  # brings a band of noise up to the full scale
CONTROL_FRAMES = 16  # cutoffs and places move every 0.3 ms

EDDY_DB, EDDIES = 3.0, 8  # no swing has an even wake: so much louder or softer, so often in a pass

NOISE_STREAM, SWING_STREAM, POINT_STREAM, EDDY_STREAM = 8, 40, 41, 42


@dataclass(frozen=True, slots=True)
class Texture:
    """How a thing sheds its eddies, at so many `points` along it, the outermost the fastest.

    `resonance`: a blade sings, cloth only rustles; `wake`: the level of what has no pitch; `flap_hz`: how
    often it flaps at full speed, 0 for what is stiff.
    """

    points: int
    resonance: float
    wake: float
    flap_hz: float = 0.0


TEXTURES = {
    "cloth": Texture(points=5, resonance=0.9, wake=1.6, flap_hz=22.0),
    "rope": Texture(points=6, resonance=1.5, wake=1.2),
    "wood": Texture(points=4, resonance=2.5, wake=0.9),
    "blade": Texture(points=5, resonance=6.0, wake=0.6),
}


@njit(cache=True, nogil=True)
def _shed(noise, hz, slower, gain, path, aside, resonance, wake, out):  # type: ignore[no-untyped-def]
    """Add one point's noise (frames,) to out (2, frames): a band, and the wake above it.

    `hz` and `gain` are the tip's, per frame, and this point's speed is `slower`, a share of its; its place
    is `aside` times the `path`, per frame, -1 left to 1 right.
    """
    s1, s2, w1, w2 = 0.0, 0.0, 0.0, 0.0
    g, a, h, b, left, right = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    k = 1.0 / resonance
    for frame in range(noise.shape[0]):
        if frame % CONTROL_FRAMES == 0:
            band_hz = max(LOWEST_HZ, hz[frame] * slower)
            g = math.tan(math.pi * min(band_hz, MAX_CUTOFF_HZ) / SAMPLE_RATE)
            h = math.tan(math.pi * min(WAKE * band_hz, MAX_CUTOFF_HZ) / SAMPLE_RATE)
            a, b = 1.0 / (1.0 + g * (g + k)), 1.0 / (1.0 + h * (h + WAKE_DAMPING))
            # The wider a band the louder its noise, but a thing is no louder for being thin.
            angle = (aside * path[frame] + 1.0) * 0.25 * math.pi
            left = slower**3 * LEVEL * math.cos(angle) / math.sqrt(band_hz)
            right = slower**3 * LEVEL * math.sin(angle) / math.sqrt(band_hz)
        # Two trapezoidal filters, as in dsp.filters: what is low enough for the wake, then the band.
        x = b * (w1 + h * (noise[frame] - w2))
        wide = w2 + h * x
        w1, w2 = 2.0 * x - w1 + DENORMAL, 2.0 * wide - w2
        band = a * (s1 + g * (wide - s2))
        low = s2 + g * band
        s1, s2 = 2.0 * band - s1 + DENORMAL, 2.0 * low - s2
        y = gain[frame] * (band * math.sqrt(k) + wake * (wide - k * band - low))
        out[0, frame] += left * y
        out[1, frame] += right * y


def whoosh(timeline: Timeline, values: Values) -> Samples:
    """Return one pass through the air, shape (2, frames)."""
    texture = TEXTURES[values.choice("texture")]
    frames = round(values.number("duration_s") * SAMPLE_RATE)
    skew, faster = chance.uniforms(timeline.seed, SWING_STREAM, 0, 2)
    way = (np.arange(frames) / frames) ** (0.66 + 0.28 * skew)  # sooner past than gone, and never quite alike
    bell = np.sin(np.pi * way) ** 2
    fastest_m_s = values.number("speed_m_s")
    share = (START + (1.0 - START) * bell) * (0.94 + 0.12 * faster)  # of that
    # It comes, passes and goes: higher, then lower.
    doppler = 1.0 + fastest_m_s * share / SOUND_M_S * np.cos(np.pi * way)
    hz = STROUHAL * fastest_m_s * share * doppler / (values.number("diameter_mm") / 1000.0)
    gain = _loudness(share, fastest_m_s)

    through = values.choice("direction") == "through"
    path = bell if through else -0.9 * np.cos(np.pi * way)
    if values.choice("direction") == "right_to_left":
        path = -path

    moved = np.cumsum(share) / SAMPLE_RATE
    out = np.zeros((2, frames))
    noise = np.empty(frames)
    object_draws = chance.uniforms(timeline.object_seed, POINT_STREAM, 0, texture.points)
    for point in range(texture.points):
        _white(timeline.seed, NOISE_STREAM + point, 0, noise)
        slower = 1.0 - 0.55 * point / texture.points
        flap = _flapping(timeline, texture.flap_hz, moved, point) if texture.flap_hz else 1.0
        # Through: the tip straight on, the rest close past both ears, so that it opens as it comes.
        aside = (0.0, -0.85, 0.85)[point % 3] if through else 1.0 - 0.06 * point
        _shed(
            noise,
            hz,
            slower * (0.94 + 0.12 * object_draws[point]),
            gain * flap * _eddying(timeline, frames, point),
            path,
            aside,
            texture.resonance,
            texture.wake,
            out,
        )
    return fade_out(out, 0.15 * frames / SAMPLE_RATE)


def _loudness(share: Samples, fastest_m_s: float) -> Samples:
    """Return the level at a share of the speed: eddies are dipoles, whose pressure grows with its cube.

    So it does within a swing; between swings it is held to what games have room for.
    """
    return np.asarray(share * share * share * (fastest_m_s / REFERENCE_M_S) ** 0.7)


def _eddying(timeline: Timeline, frames: int, point: int) -> Samples:
    """Return the gain of a part along its way: large eddies come off as they please."""
    level_db = EDDY_DB * (2.0 * chance.uniforms(timeline.seed, EDDY_STREAM, point, EDDIES) - 1.0)
    return np.interp(np.arange(frames), np.linspace(0.0, frames, EDDIES), 10.0 ** (level_db / 20.0))


def _flapping(timeline: Timeline, flap_hz: float, moved: Samples, point: int) -> Samples:
    """Return the gain of a part of cloth that turns over and over, the faster the more often."""
    start, rate = chance.uniforms(timeline.seed, SWING_STREAM, 1 + point, 2)
    turns = start + moved * (flap_hz * (0.7 + 0.6 * rate))
    level = 1.0 - np.cos(2.0 * np.pi * turns)
    return np.asarray(0.25 + 0.375 * level * level)


WHOOSH = Effect(
    id="whoosh",
    title="Whoosh",
    description="Something that cuts through the air: a blade, a stick, a cape, an arrow.",
    ucs_cat_id="WHSH",
    version=2,
    parameters=(
        Number(
            "speed_m_s",
            "How fast it moves at its fastest: higher and louder.",
            5.0,
            80.0,
            28.0,
            "m/s",
            curve="logarithmic",
        ),
        Number(
            "diameter_mm",
            "How thick it is: a wire sings high, a log booms low.",
            2.0,
            150.0,
            8.0,
            "mm",
            curve="logarithmic",
        ),
        Number("duration_s", "How long it is heard as it passes.", 0.15, 1.5, 0.45, "s", curve="logarithmic"),
        Choice(
            "direction",
            "Which way it passes.",
            ("left_to_right", "right_to_left", "through"),
            "left_to_right",
        ),
        Choice(
            "texture",
            "What cuts the air: cloth flaps, rope and wood rush, a blade sings.",
            tuple(TEXTURES),
            "wood",
        ),
    ),
    presets=(
        Preset(
            "sword_swing",
            "A blade, swung hard.",
            {"speed_m_s": 34.0, "diameter_mm": 5.0, "duration_s": 0.35, "texture": "blade"},
            "WEAPSwrd",
        ),
        Preset(
            "arrow_flyby",
            "An arrow past the ear.",
            {"speed_m_s": 60.0, "diameter_mm": 7.0, "duration_s": 0.3, "texture": "wood"},
            "WEAPArro",
        ),
        Preset(
            "cape",
            "A cape thrown round the shoulders.",
            {"speed_m_s": 10.0, "diameter_mm": 6.0, "duration_s": 0.9, "texture": "cloth", "direction": "through"},
            "CLOTHFlp",
        ),
        Preset(
            "heavy_club",
            "A heavy club, swung from the shoulder.",
            {"speed_m_s": 17.0, "diameter_mm": 22.0, "duration_s": 0.75, "texture": "wood"},
            "WEAPBlnt",
        ),
        Preset(
            "fast_swish",
            "A thin stick, quick as a whip.",
            {"speed_m_s": 45.0, "diameter_mm": 4.0, "duration_s": 0.2, "texture": "wood"},
            "SWSH",
        ),
        Preset(
            "rope_spin",
            "A turn of a swung rope.",
            {"speed_m_s": 20.0, "diameter_mm": 14.0, "duration_s": 0.6, "texture": "rope"},
            "SWSH",
        ),
        Preset(
            "screen_transition",
            "A soft sweep for a change of screen.",
            {"speed_m_s": 30.0, "diameter_mm": 16.0, "duration_s": 0.7, "texture": "rope", "direction": "through"},
            "WHSH",
        ),
        Preset(
            "monster_swipe",
            "Something huge just misses.",
            {"speed_m_s": 24.0, "diameter_mm": 45.0, "duration_s": 1.0, "texture": "rope", "direction": "through"},
            "WHSH",
        ),
    ),
    one_shot=OneShot(whoosh, gain_db=-5.7),
)
