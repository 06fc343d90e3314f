"""Every effect, by id."""

from swash_model.errors import InvalidAskError
from swash_model.procedural.effect import Effect, Preset
from swash_model.procedural.effects.birds import BIRDS
from swash_model.procedural.effects.bubbles import BUBBLES
from swash_model.procedural.effects.cloth import CLOTH
from swash_model.procedural.effects.debris import DEBRIS
from swash_model.procedural.effects.door import DOOR
from swash_model.procedural.effects.door_creak import DOOR_CREAK
from swash_model.procedural.effects.electric_arc import ELECTRIC_ARC
from swash_model.procedural.effects.engine import ENGINE
from swash_model.procedural.effects.explosion import EXPLOSION
from swash_model.procedural.effects.fire import FIRE
from swash_model.procedural.effects.footsteps import FOOTSTEPS
from swash_model.procedural.effects.glass_break import GLASS_BREAK
from swash_model.procedural.effects.gunshot import GUNSHOT
from swash_model.procedural.effects.heartbeat import HEARTBEAT
from swash_model.procedural.effects.impact import IMPACT
from swash_model.procedural.effects.insects import INSECTS
from swash_model.procedural.effects.laser import LASER
from swash_model.procedural.effects.machine_hum import MACHINE_HUM
from swash_model.procedural.effects.magic_spell import MAGIC_SPELL
from swash_model.procedural.effects.ocean_waves import OCEAN_WAVES
from swash_model.procedural.effects.pickup import PICKUP
from swash_model.procedural.effects.rain import RAIN
from swash_model.procedural.effects.retro_sfx import RETRO_SFX
from swash_model.procedural.effects.river_stream import RIVER_STREAM
from swash_model.procedural.effects.scifi_drone import SCIFI_DRONE
from swash_model.procedural.effects.scrape import SCRAPE
from swash_model.procedural.effects.siren_alarm import SIREN_ALARM
from swash_model.procedural.effects.splash import SPLASH
from swash_model.procedural.effects.sword_clash import SWORD_CLASH
from swash_model.procedural.effects.thunder import THUNDER
from swash_model.procedural.effects.ui_click import UI_CLICK
from swash_model.procedural.effects.ui_notify import UI_NOTIFY
from swash_model.procedural.effects.water_drips import WATER_DRIPS
from swash_model.procedural.effects.waterfall import WATERFALL
from swash_model.procedural.effects.whoosh import WHOOSH
from swash_model.procedural.effects.wind import WIND

EFFECTS: dict[str, Effect] = {
    effect.id: effect
    for effect in (
        BIRDS,
        BUBBLES,
        CLOTH,
        DEBRIS,
        DOOR,
        DOOR_CREAK,
        ELECTRIC_ARC,
        ENGINE,
        EXPLOSION,
        FIRE,
        FOOTSTEPS,
        GLASS_BREAK,
        GUNSHOT,
        HEARTBEAT,
        IMPACT,
        INSECTS,
        LASER,
        MACHINE_HUM,
        MAGIC_SPELL,
        OCEAN_WAVES,
        PICKUP,
        RAIN,
        RETRO_SFX,
        RIVER_STREAM,
        SCIFI_DRONE,
        SCRAPE,
        SIREN_ALARM,
        SPLASH,
        SWORD_CLASH,
        THUNDER,
        UI_CLICK,
        UI_NOTIFY,
        WATERFALL,
        WATER_DRIPS,
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
