"""The Unity project is whole: what the editor would complain about when it opens it is found here without it."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.csharp.serialized import CSharpClass, classes_in
from tests.clients.csharp.unity_yaml import UnityObject, read, references
from tools.unity_meta import PACKAGE, PROJECT, assets, guid_in, guid_of, mend, problems

SCENE = PROJECT / "Assets" / "Scenes" / "Beach.unity"
BUILT_IN = {"0000000000000000e000000000000000", "0000000000000000f000000000000000"}  # Unity's meshes and shaders
UNITYS_OWN = {"UnityEngine.TestRunner", "UnityEditor.TestRunner"}
OPTIONAL = {"YetAnotherHttpHandler"}  # Unity passes over an assembly that is not there
SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")
CLASS_IDS = {"GameObject": 1, "Transform": 4, "MonoBehaviour": 114}


def text_assets() -> list[Path]:
    settings = sorted((PROJECT / "ProjectSettings").glob("*.asset"))
    return settings + [path for path in assets() if path.suffix in {".unity", ".mat"}]


def asmdefs() -> dict[str, dict[str, Any]]:
    """Return every assembly's definition by its name."""
    files = [path for path in assets() if path.suffix == ".asmdef"]
    definitions = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    assert [path.stem for path in files] == [definition["name"] for definition in definitions]
    return {definition["name"]: definition for definition in definitions}


def scripts() -> list[Path]:
    return [path for path in assets() if path.suffix == ".cs"]


@pytest.fixture(scope="module")
def scene() -> list[UnityObject]:
    return read(SCENE)


@pytest.fixture(scope="module")
def classes() -> dict[str, CSharpClass]:
    return {found.name: found for path in scripts() for found in classes_in(path)}


@pytest.fixture(scope="module")
def by_guid() -> dict[str, Path]:
    return {guid_of(path): path for path in assets()}  # which its .meta says, as another test proves


def lineage(name: str, classes: dict[str, CSharpClass]) -> Iterator[CSharpClass | str]:
    """Yield a class, what it derives from, and so on; the name of one that is not ours ends it."""
    while name in classes:
        yield classes[name]
        name = next(iter(classes[name].bases), "object")
    yield name


def test_every_asset_has_its_meta_and_every_meta_its_asset() -> None:
    assert problems() == [], "run tools/unity_meta.py"


def test_no_two_assets_have_one_guid() -> None:
    guids = [guid_of(path) for path in assets()]
    assert len(set(guids)) == len(guids)
    assert all(re.fullmatch(r"[0-9a-f]{32}", guid) for guid in guids)


def test_the_tool_mends_what_is_missing_left_over_or_copied(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "Assets", project / "Assets")
    shutil.copytree(PROJECT / "Packages", project / "Packages")
    assert problems(project) == []
    missing, copied = sorted((project / "Assets" / "Scripts").glob("*.cs.meta"))[:2]
    settings = copied.read_text().replace("executionOrder: 0", "executionOrder: 7")
    copied.write_text(re.sub("guid: .*", "guid: " + guid_in(missing), settings))
    missing.unlink()
    (project / "Assets" / "gone.cs.meta").write_text(settings)
    assert len(problems(project)) == 3
    mend(project)
    assert problems(project) == []
    assert "executionOrder: 7" in copied.read_text()


def test_a_kind_of_file_that_the_tool_does_not_know_is_told(tmp_path: Path) -> None:
    (tmp_path / "Assets").mkdir()
    (tmp_path / "Packages").mkdir()
    (tmp_path / "Assets" / "sea.blend").touch()
    with pytest.raises(ValueError, match=r"no importer is known for \.blend"):
        mend(tmp_path)


@pytest.mark.parametrize("path", text_assets(), ids=lambda path: path.name)
def test_what_an_asset_names_is_there(path: Path, by_guid: dict[str, Path]) -> None:
    objects = read(path)
    ids = [found.file_id for found in objects]
    assert len(set(ids)) == len(ids), "a file ID twice"
    for found in objects:
        for reference in references(found.fields):
            if "guid" in reference:
                assert reference["guid"] in BUILT_IN | by_guid.keys(), (found.name, reference)
            else:
                assert reference["fileID"] in {0, *ids}, (found.name, reference)


def test_the_scene_is_a_tree_whose_objects_know_their_components(scene: list[UnityObject]) -> None:
    by_id = {found.file_id: found for found in scene}
    for name, class_id in CLASS_IDS.items():
        assert {found.class_id for found in scene if found.name == name} == {class_id}
    for thing in (found for found in scene if found.name == "GameObject"):
        components = [by_id[part["component"]["fileID"]] for part in thing.fields["m_Component"]]
        assert components[0].name == "Transform", "a Transform comes first"
        for component in components:
            assert component.fields["m_GameObject"]["fileID"] == thing.file_id
    for component in (found for found in scene if "m_GameObject" in found.fields):
        owner = by_id[component.fields["m_GameObject"]["fileID"]]
        assert {"component": {"fileID": component.file_id}} in owner.fields["m_Component"]
    for place in (found for found in scene if found.name == "Transform"):
        for child in place.fields["m_Children"]:
            assert by_id[child["fileID"]].fields["m_Father"]["fileID"] == place.file_id
        father = place.fields["m_Father"]["fileID"]
        if father:
            assert {"fileID": place.file_id} in by_id[father].fields["m_Children"]


def test_every_script_of_the_scene_is_a_component_with_these_fields(
    scene: list[UnityObject], by_guid: dict[str, Path], classes: dict[str, CSharpClass]
) -> None:
    components = [found for found in scene if found.name == "MonoBehaviour"]
    assert components
    for component in components:
        assert component.fields["m_Script"]["fileID"] == 11500000  # a class in a file of its own
        script = by_guid[component.fields["m_Script"]["guid"]]
        line = list(lineage(script.stem, classes))
        assert line[-1] == "MonoBehaviour", script
        known = {
            name: type_ for step in line if isinstance(step, CSharpClass) for name, type_ in step.fields.items()
        }
        _fields_exist(component.fields, known, classes, script.stem)


def test_what_a_script_requires_stands_beside_it(scene: list[UnityObject], by_guid: dict[str, Path]) -> None:
    """Unity adds it when somebody adds the script, but not to a scene that is loaded."""
    beside: dict[int, set[str]] = {}
    for found in scene:
        if "m_GameObject" in found.fields:
            script = by_guid.get(found.fields.get("m_Script", {}).get("guid", ""))
            beside.setdefault(found.fields["m_GameObject"]["fileID"], set()).add(
                script.stem if script else found.name
            )
    for component in (found for found in scene if found.name == "MonoBehaviour"):
        script = by_guid[component.fields["m_Script"]["guid"]]
        required = set(re.findall(r"RequireComponent\(typeof\((\w+)\)\)", script.read_text(encoding="utf-8")))
        assert required <= beside[component.fields["m_GameObject"]["fileID"]], script


def _fields_exist(
    values: dict[str, Any], known: dict[str, str], classes: dict[str, CSharpClass], where: str
) -> None:
    for name, value in values.items():
        if name.startswith("m_"):
            continue  # Unity's own
        assert name in known, f"{where} has no serialized field {name}, only {sorted(known)}"
        element = re.sub(r"^(?:\w+\.)*List<(.*)>$|\[\]$", r"\1", known[name]).rpartition(".")[2]
        if element in classes:
            for below in value if isinstance(value, list) else [value]:
                if isinstance(below, dict) and "fileID" not in below:
                    _fields_exist(below, classes[element].fields, classes, f"{where}.{name}")


def test_the_scene_that_is_built_is_the_beach() -> None:
    (settings,) = read(PROJECT / "ProjectSettings" / "EditorBuildSettings.asset")
    (built,) = settings.fields["m_Scenes"]
    assert built == {"enabled": 1, "path": "Assets/Scenes/Beach.unity", "guid": guid_of(SCENE)}


def test_a_walker_hears_other_steps_on_each_ground(scene: list[UnityObject], by_guid: dict[str, Path]) -> None:
    of = {
        kind: [
            o.fields
            for o in scene
            if o.name == "MonoBehaviour" and by_guid[o.fields["m_Script"]["guid"]].stem == kind
        ]
        for kind in ("Ground", "SwashBank", "SwashAmbience", "Walker", "BeachControls")
    }
    assert len(of["Ground"]) >= 3
    assert (
        len({ground["_steps"]["fileID"] for ground in of["Ground"]}) == len(of["Ground"]) == len(of["SwashBank"])
    )
    assert len(of["SwashAmbience"]) == 2  # the sea and the wind
    assert len(of["Walker"]) == len(of["BeachControls"]) == 1
    assert sum(found.name == "AudioListener" for found in scene) == 1


def test_assemblies_refer_to_each_other_without_a_circle() -> None:
    definitions = asmdefs()
    left = {
        name: set(definition["references"]) - UNITYS_OWN - OPTIONAL for name, definition in definitions.items()
    }
    assert {name for names in left.values() for name in names} <= left.keys()
    while left:
        free = {name for name, names in left.items() if not names & left.keys()}
        assert free, f"a circle: {left}"
        left = {name: names for name, names in left.items() if name not in free}


def test_the_core_knows_nothing_of_unity_and_the_editor_stays_in_the_editor() -> None:
    definitions = asmdefs()
    assert definitions["Swash.Core"]["noEngineReferences"]
    assert definitions["Swash.Core"]["references"] == []
    for path in (PACKAGE / "Runtime" / "Core").rglob("*.cs"):
        assert not re.search(r"\bUnity(Engine|Editor)\b", path.read_text(encoding="utf-8")), path
    assert definitions["Swash.Editor"]["includePlatforms"] == ["Editor"]
    for folder in (PACKAGE / "Runtime", PROJECT / "Assets"):
        for path in folder.rglob("*.cs"):
            outside = re.sub(r"#if UNITY_EDITOR.*?#endif", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            assert "UnityEditor" not in outside, path
    for name, definition in definitions.items():
        assert definition["defineConstraints"] == (["UNITY_INCLUDE_TESTS"] if name.endswith(".Tests") else []), (
            name
        )


def test_package_and_manifest_are_what_the_package_manager_reads() -> None:
    package = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    assert package["name"] == PACKAGE.name
    assert package["unity"] == "2022.3"
    assert SEMVER.fullmatch(package["version"])
    assert f"## [{package['version']}]" in (PACKAGE / "CHANGELOG.md").read_text(encoding="utf-8")
    for sample in package["samples"]:
        folder = PACKAGE / sample["path"]
        assert any(folder.glob("*.cs")), folder
    manifest = json.loads((PROJECT / "Packages" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["testables"] == [package["name"]]
    assert all(SEMVER.fullmatch(version) for version in manifest["dependencies"].values())
    assert package["dependencies"].items() <= manifest["dependencies"].items()
    assert (PROJECT / "ProjectSettings" / "ProjectVersion.txt").read_text().startswith("m_EditorVersion: 2022.3.")


def test_each_script_holds_the_class_it_is_named_for(classes: dict[str, CSharpClass]) -> None:
    for path in scripts():
        for found in classes_in(path):
            if isinstance(line := list(lineage(found.name, classes))[-1], str) and line in {
                "MonoBehaviour",
                "ScriptableObject",
                "EditorWindow",
            }:
                assert found.name == path.stem, path


def test_nothing_that_is_made_is_kept_and_nothing_compiled_is_shipped() -> None:
    ignored = (PROJECT / ".gitignore").read_text().splitlines()
    assert {"/[Ll]ibrary/", "/[Tt]emp/", "/[Ll]ogs/", "/[Uu]ser[Ss]ettings/"} <= set(ignored)
    assert not [path for path in PROJECT.rglob("*") if path.suffix in {".dll", ".so", ".dylib", ".exe"}]
