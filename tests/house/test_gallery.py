"""The page to listen to: every link leads somewhere, and what plays is the sound itself."""

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from swash_model.procedural.catalogue import EFFECTS
from swash_model.procedural.engine import ProceduralEngine
from swash_model.spec import Ask
from swash_server.formats.encode import pcm_s16
from tools import gallery

BUILT = ("rain", "ui_click")  # one that loops, one that ends by itself


class Links(HTMLParser):
    """Collects what a page refers to, and the text of its code."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"src", "href"} and value:
                self.links.append(value)
            if name == "id" and value:
                self.ids.append(value)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("gallery")
    gallery.build(into, BUILT, jobs=1)
    return into


@pytest.fixture(scope="module")
def page(built: Path) -> str:
    return (built / "index.html").read_text()


def items() -> list[gallery.Item]:
    return [gallery.Item(EFFECTS[name], preset) for name in BUILT for preset in (None, *EFFECTS[name].presets)]


def test_every_link_leads_to_a_file_beside_the_page(built: Path, page: str) -> None:
    found = Links()
    found.feed(page)
    files = [link for link in found.links if not link.startswith(("data:", "#"))]
    assert len(files) == 2 * len(items())
    for link in files:
        assert not re.match(r"\w+:|/", link), link
        assert (built / link).is_file(), link
    assert len(set(found.ids)) == len(found.ids)
    assert "http://" not in page
    assert "https://" not in page


def test_every_preset_is_there_with_how_to_ask_for_it(page: str) -> None:
    assert f"{len(items())} sounds" in page
    for item in items():
        assert f'data-file="{item.file}"' in page
        assert f"<code>{item.path}</code>" in page
        assert f"swash render --effect {item.path} --seed 1" in page
        cat_id = item.preset.ucs_cat_id if item.preset else item.effect.ucs_cat_id
        assert f"<code>{cat_id}</code>" in page
    assert "Fails the quality gate" not in page


@pytest.mark.parametrize("item", items(), ids=lambda item: item.path)
def test_what_plays_is_the_sound_to_the_sample(item: gallery.Item, built: Path) -> None:
    engine = ProceduralEngine()
    spec = engine.resolve(item.ask).spec
    sound = gallery.rendered(engine, spec)
    samples, rate = soundfile.read(built / "assets" / f"{item.file}.flac", dtype="int16", always_2d=True)
    assert rate == gallery.RATE
    assert samples.tobytes() == pcm_s16(sound)
    script = built / "assets" / f"{item.file}.js"
    assert script.is_file() == spec.loop
    if spec.loop:
        found = re.fullmatch(r'swashLoop\("([^"]+)","([^"]+)"\);\n', script.read_text())
        assert found
        assert found[1] == item.file
        assert base64.b64decode(found[2]) == script.with_suffix(".flac").read_bytes()
    with Image.open(built / "assets" / f"{item.file}.png") as picture:
        assert (picture.width, picture.height) == (990, 550)


def test_what_is_there_is_not_made_again_and_what_is_torn_is(built: Path, page: str) -> None:
    flac, note = (built / "assets" / f"ui_click.{suffix}" for suffix in ("flac", "json"))
    whole, known = flac.read_bytes(), json.loads(note.read_text())
    flac.write_bytes(b"left alone")
    gallery.build(built, BUILT, jobs=1)
    assert flac.read_bytes() == b"left alone"
    note.write_text(json.dumps({**known, "key": "of another version"}))
    gallery.build(built, BUILT, jobs=1)
    assert flac.read_bytes() == whole
    assert (built / "index.html").read_text() == page
    note.unlink()  # as when the build was stopped before the sound was whole
    flac.write_bytes(whole[:100])
    gallery.build(built, BUILT, jobs=1)
    assert flac.read_bytes() == whole
    assert not list(built.rglob("*.tmp"))


@pytest.mark.parametrize(
    ("cat_id", "name"),
    [("WATRSurf", "Water"), ("UIClick", "User interface"), ("THUN", "Thunder"), ("CLOTHMvmt", "Cloth")],
)
def test_a_category_is_named_by_its_letters(cat_id: str, name: str) -> None:
    assert gallery.category(cat_id) == name


@pytest.mark.parametrize("effect", EFFECTS)
def test_every_effect_has_a_category_with_a_name(effect: str) -> None:
    assert gallery.category(EFFECTS[effect].ucs_cat_id) in gallery.CATEGORIES.values()


def test_the_prompt_that_is_shown_means_this_effect() -> None:
    engine = ProceduralEngine()
    for item in items():
        words = gallery.prompt_for(item)
        assert words
        (layer,) = engine.resolve(Ask(prompt=words, seed=1)).spec.layers
        assert layer.effect == item.effect.id


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2.2)."""
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_text_can_be_read_in_the_light_and_in_the_dark(page: str) -> None:
    schemes = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    ]
    assert len(schemes) == 2
    for colours in schemes:
        pairs = [
            (text, ground, 4.5) for text in ("text", "soft", "accent", "bad") for ground in ("ground", "card")
        ]
        pairs += [("on-accent", "accent", 4.5), ("edge", "card", 3.0), ("edge", "ground", 3.0)]
        for one, other, least in pairs:
            low, high = sorted((luminance(colours[one]), luminance(colours[other])))
            assert (high + 0.05) / (low + 0.05) >= least, (one, other)
