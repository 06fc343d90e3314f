"""Every effect, by id."""

from swash_model.errors import InvalidAskError
from swash_model.procedural.effect import Effect, Preset
from swash_model.procedural.effects.explosion import EXPLOSION
from swash_model.procedural.effects.fire import FIRE
from swash_model.procedural.effects.footsteps import FOOTSTEPS
from swash_model.procedural.effects.impact import IMPACT
from swash_model.procedural.effects.ocean_waves import OCEAN_WAVES
from swash_model.procedural.effects.rain import RAIN
from swash_model.procedural.effects.river_stream import RIVER_STREAM
from swash_model.procedural.effects.thunder import THUNDER
from swash_model.procedural.effects.ui_click import UI_CLICK
from swash_model.procedural.effects.ui_notify import UI_NOTIFY
from swash_model.procedural.effects.whoosh import WHOOSH
from swash_model.procedural.effects.wind import WIND

EFFECTS: dict[str, Effect] = {
    effect.id: effect
    for effect in (
        EXPLOSION,
        FIRE,
        FOOTSTEPS,
        IMPACT,
        OCEAN_WAVES,
        RAIN,
        RIVER_STREAM,
        THUNDER,
        UI_CLICK,
        UI_NOTIFY,
        WHOOSH,
        WIND,
    )
}


def effect_named(path: str) -> tuple[Effect, Preset | None]:
    """Return the effect, and the preset if one is named, of "rain" or "rain/tin_roof".

    Raises InvalidAskError when there is none of that name.
    """
    name, _, preset = path.partition("/")
    if name not in EFFECTS:
        raise InvalidAskError("effect", f"unknown {name[:80]!r}; there are {', '.join(sorted(EFFECTS))}")
    effect = EFFECTS[name]
    return effect, effect.preset(preset) if preset else None
