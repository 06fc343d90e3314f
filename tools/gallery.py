"""Builds a page to listen to: every effect by category, with every preset, as it sounds and as it looks.

    .venv/bin/python tools/gallery.py [EFFECT ...] [--into DIR] [--jobs N]

What is there already and would be the same is left as it is, so a build that was stopped goes on where it was.
The page needs no server: open index.html.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

import numpy as np

from swash_model.dsp.inspection import inspect
from swash_model.errors import SoundError
from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.effect import Effect, Number, Preset
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Ask, Block, Spec, Value
from swash_server.errors import QualityError
from swash_server.formats.encode import Encoding, file_of
from swash_server.formats.picture import draw
from swash_server.making.mastering import Mastering, master
from swash_server.making.quality import check_whole

ROOT = Path(__file__).parent.parent
INTO = ROOT / "build" / "gallery"
TEMPLATE = Path(__file__).with_name("gallery.html")
FORM = 1  # rises when what is written of a sound changes

RATE = 48_000
CEILING_DBTP = -1.0
SEED = OBJECT_SEED = 1
LOOP_S = 4.0

CATEGORIES = {  # of the Universal Category System 8.2.1, by the letters that its CatIDs begin with
    "ALRM": "Alarms",
    "ANML": "Animals",
    "BIRD": "Birds",
    "CLOTH": "Cloth",
    "DOOR": "Doors",
    "ELEC": "Electricity",
    "EXPL": "Explosions",
    "FEET": "Footsteps",
    "FIRE": "Fire",
    "GAME": "Games",
    "GLAS": "Glass",
    "GUN": "Guns",
    "HMN": "Human",
    "LASR": "Lasers",
    "MACH": "Machines",
    "MAG": "Magic",
    "MOTR": "Motors",
    "RAIN": "Rain",
    "ROCK": "Rocks",
    "SCI": "Sci-fi",
    "THUN": "Thunder",
    "UI": "User interface",
    "WATR": "Water",
    "WEAP": "Weapons",
    "WHSH": "Whooshes",
    "WIND": "Wind",
    "WOOD": "Wood",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One sound of the page: an effect, or one of its presets."""

    effect: Effect
    preset: Preset | None

    @property
    def path(self) -> str:
        """Return what is asked for: rain, or rain/tin_roof."""
        return f"{self.effect.id}/{self.preset.name}" if self.preset else self.effect.id

    @property
    def file(self) -> str:
        """Return the name of its files, without a suffix."""
        return self.path.replace("/", ".")

    @property
    def ask(self) -> Ask:
        """Return what is asked: one of what ends by itself, else a loop."""
        endless = None if self.effect.one_shot else self.effect.endless
        return Ask(
            effect=self.path,
            seed=SEED,
            object_seed=OBJECT_SEED,
            loop=endless is not None,
            duration_s=max(LOOP_S, endless.min_loop_s) if endless else None,
            sample_rate=RATE,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says of a sound once it is made. `key` changes whenever the sound or this would."""

    key: str
    duration_s: float
    channels: int
    loudness_lufs: float
    true_peak_dbtp: float
    loop: bool
    fault: str


def build(into: Path, effects: Iterable[str], jobs: int) -> None:
    """Build the page of some effects into a folder."""
    items = [Item(EFFECTS[name], preset) for name in effects for preset in (None, *EFFECTS[name].presets)]
    assets = into / "assets"
    assets.mkdir(parents=True, exist_ok=True)
    if jobs == 1:
        told = [made(item.path, assets) for item in items]
    else:
        with ProcessPoolExecutor(jobs) as pool:
            told = list(pool.map(made, [item.path for item in items], [assets] * len(items), chunksize=4))
    sounds = "\n".join(_categories(list(zip(items, told, strict=True))))
    page = TEMPLATE.read_text().replace("<!-- how many -->", str(len(items)))
    _put(into / "index.html", page.replace("<!-- the sounds -->", sounds).encode())


def made(path: str, assets: Path) -> Told:
    """Return what is told of a sound, its files made unless they are there and would be the same."""
    name, _, preset = path.partition("/")
    item = Item(EFFECTS[name], EFFECTS[name].preset(preset) if preset else None)
    engine = ProceduralEngine()
    spec = engine.resolve(item.ask).spec
    key = hashlib.sha256(f"{FORM} {engine.version_of(spec)}".encode() + spec.canonical()).hexdigest()
    note = assets / f"{item.file}.json"
    if note.is_file():
        known = json.loads(note.read_text())
        if known["key"] == key:
            return Told(**known)
    sound = rendered(engine, spec)
    flac = file_of(sound, RATE, Encoding.FLAC)
    _put(assets / f"{item.file}.flac", flac)
    if spec.loop:  # a page opened as a file may run scripts, but not read files
        text = base64.b64encode(flac).decode()
        _put(assets / f"{item.file}.js", f'swashLoop("{item.file}","{text}");\n'.encode())
    drawn = assets / f"{item.file}.{os.getpid()}.png"
    draw(sound, RATE, drawn)
    drawn.replace(assets / f"{item.file}.png")
    measured = inspect(sound, RATE)
    told = Told(
        key=key,
        duration_s=measured.duration_s,
        channels=measured.channels,
        loudness_lufs=measured.loudness_lufs,
        true_peak_dbtp=measured.true_peak_dbtp,
        loop=spec.loop,
        fault=_fault(sound, spec, key),
    )
    _put(note, json.dumps(asdict(told)).encode())  # last: what has a note is whole
    return told


def rendered(engine: ProceduralEngine, spec: Spec) -> Block:
    """Return a sound as the server would give it, shape (frames, channels)."""
    mastering = Mastering(RATE, engine.natural_channels(spec), None, CEILING_DBTP)
    blocks = master(
        engine.render(spec),
        source_rate=engine.sample_rate,
        frames=engine.frames(spec, RATE),
        mastering=mastering,
        loop=spec.loop,
    )
    return np.concatenate(list(blocks))


def _fault(sound: Block, spec: Spec, key: str) -> str:
    try:
        check_whole(sound, RATE, spec=spec, frames=None, key=key)
    except QualityError as error:
        return f"{error.reason}: {error.problem}"
    return ""


def _put(path: Path, data: bytes) -> None:
    """Write a file that is whole whenever it is there."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)


# The page.


def _categories(sounds: Sequence[tuple[Item, Told]]) -> Iterator[str]:
    by_category: dict[str, dict[str, list[tuple[Item, Told]]]] = defaultdict(lambda: defaultdict(list))
    for item, told in sounds:
        by_category[category(item.effect.ucs_cat_id)][item.effect.id].append((item, told))
    for name in sorted(by_category):
        anchor = re.sub(r"\W+", "-", name.lower())
        yield f'<section class="category" id="{anchor}" aria-labelledby="{anchor}-name">'
        yield f'<h2 id="{anchor}-name">{escape(name)}</h2>'
        for effect_id in sorted(by_category[name]):
            yield from _effect(by_category[name][effect_id])
        yield "</section>"


def category(cat_id: str) -> str:
    """Return the name of a CatID's category: Water of WATRSurf."""
    found = re.match(r"[A-Z]+?(?=[A-Z][a-z]|$)", cat_id)
    letters = found[0] if found else cat_id
    return CATEGORIES.get(letters, letters)


def _effect(sounds: Sequence[tuple[Item, Told]]) -> Iterator[str]:
    effect = sounds[0][0].effect
    yield f'<section class="effect"><h3>{escape(effect.title)} <code>{effect.id}</code></h3>'
    yield f"<p>{escape(effect.description)}</p>"
    yield '<ul class="sounds">'
    for item, told in sounds:
        yield from _sound(item, told)
    yield "</ul></section>"


def _sound(item: Item, told: Told) -> Iterator[str]:
    name = item.preset.name.replace("_", " ") if item.preset else "as it is"
    what = item.preset.description if item.preset else "Every parameter at its default."
    cat_id = item.preset.ucs_cat_id if item.preset else item.effect.ucs_cat_id
    words = f"{item.path} {item.effect.title} {name} {what} {cat_id} {category(item.effect.ucs_cat_id)}".lower()
    loop = ' data-loop="yes"' if told.loop else ""
    kind = "loop" if told.loop else "one-shot"
    layout = "mono" if told.channels == 1 else "stereo"
    yield f'<li class="sound" data-file="{item.file}" data-words="{escape(words)}"{loop}>'
    yield (
        f'<button type="button" class="play" aria-pressed="false" aria-label="Play {escape(item.path)}">'
        '<span class="sign" aria-hidden="true"></span></button>'
    )
    yield f'<div class="head"><h4>{escape(name)}</h4><p class="what">{escape(what)}</p></div>'
    yield f'<audio controls preload="none" src="assets/{item.file}.flac"></audio>'
    yield (
        f'<img src="assets/{item.file}.png" width="990" height="550" loading="lazy" '
        f'alt="Waveform and spectrogram of {escape(item.path)}">'
    )
    yield (
        f'<p class="facts"><code>{cat_id}</code> <span>{kind}, {layout}, {told.duration_s:.2f} s</span> '
        f"<span>{told.loudness_lufs:.1f} LUFS</span> <span>{told.true_peak_dbtp:.1f} dBTP</span></p>"
    )
    if told.fault:
        yield f'<p class="fault">Fails the quality gate: {escape(told.fault)}</p>'
    yield "<details><summary>Parameters, and how to ask</summary>"
    yield from _parameters(item)
    yield from _ways(item, told)
    yield "</details></li>"


def _parameters(item: Item) -> Iterator[str]:
    changed = _changed(item)
    if not changed:
        yield "<p>All parameters are at their defaults.</p>"
        return
    yield "<table><thead><tr><th>parameter</th><th>here</th><th>default</th></tr></thead><tbody>"
    for name, value in changed.items():
        parameter = item.effect.parameter(name)
        unit = f" {parameter.unit}" if isinstance(parameter, Number) and parameter.unit else ""
        shown, default = (escape(_shown(each) + unit) for each in (value, parameter.default))
        yield f"<tr><th scope=row><code>{name}</code></th><td>{shown}</td><td>{default}</td></tr>"
    yield "</tbody></table>"


def _changed(item: Item) -> dict[str, Value]:
    given = item.preset.parameters if item.preset else {}
    return {name: value for name, value in given.items() if value != item.effect.parameter(name).default}


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _ways(item: Item, told: Told) -> Iterator[str]:
    ways = [("Effect", item.path)]
    if words := prompt_for(item):
        ways.append(("Prompt", words))
    ways += [("Command line", command(item, told)), ("Python", python(item, told))]
    yield "<dl>"
    for name, text in ways:
        yield f"<dt>{name}</dt><dd><code>{escape(text)}</code><button type=button class=copy>Copy</button></dd>"
    yield "</dl>"


def prompt_for(item: Item) -> str:
    """Return words that are understood as this preset, or else as this effect; nothing if none are found."""
    engine, as_effect = ProceduralEngine(), ""
    for words in _phrases(item):
        try:
            (first, *others) = engine.resolve(Ask(prompt=words, seed=SEED)).spec.layers
        except SoundError:
            continue
        if others or first.effect != item.effect.id:
            continue
        if first.preset == (item.preset.name if item.preset else ""):
            return words
        as_effect = as_effect or words
    return as_effect


def _phrases(item: Item) -> Iterator[str]:
    effect = item.effect.id.replace("_", " ")
    if item.preset is None:
        yield from (effect, item.effect.title.lower())
        return
    name = item.preset.name.replace("_", " ")
    yield from (name, item.preset.description.rstrip(".").lower(), f"{name} {effect}", f"{effect}, {name}")


def command(item: Item, told: Told) -> str:
    """Return the command that gives this very sound."""
    loop = ["--loop", "--duration", f"{told.duration_s:g}"] if told.loop else []
    asked = ["--effect", item.path, "--seed", str(SEED), "--object-seed", str(OBJECT_SEED), *loop]
    return shlex.join(["swash", "render", *asked, "-o", f"{item.file.replace('.', '_')}.flac"])


def python(item: Item, told: Told) -> str:
    """Return the call of the client that gives this very sound."""
    loop = f", loop=True, duration_s={told.duration_s:g}" if told.loop else ""
    return f'swash.render(effect="{item.path}", seed={SEED}, object_seed={OBJECT_SEED}{loop})'


def main() -> None:
    """Build the page of each effect named, or of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("effects", nargs="*", metavar="EFFECT", help="by default all")
    parser.add_argument("--into", type=Path, default=INTO)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    if unknown := [name for name in asked.effects if name not in EFFECTS]:
        parser.error(f"unknown effect {unknown[0]!r}; there are {', '.join(sorted(EFFECTS))}")
    if not 1 <= asked.jobs <= 256:
        parser.error(f"--jobs: 1 to 256, got {asked.jobs}")
    build(asked.into, asked.effects or EFFECTS, asked.jobs)
    print(f"{asked.into / 'index.html'} is ready")


if __name__ == "__main__":
    main()
