"""Writes the .meta file that Unity wants beside every asset and folder, or says what is wrong with them.

    .venv/bin/python tools/unity_meta.py [--check]

A GUID follows from the path alone, so that whoever adds a file gives it the GUID that everybody else would. What
Unity has added to a .meta since (the settings of an importer) stays as it is.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "unity_sample"
PACKAGE = PROJECT / "Packages" / "com.swash.client"
SALT = "swash"  # the GUIDs of two projects with files of the same names must differ

# What every importer's settings end with; Unity writes the trailing spaces.
_END = "  userData: \n  assetBundleName: \n  assetBundleVariant: \n"
_PLAIN = "  externalObjects: {}\n" + _END
_FOLDER = "folderAsset: yes\nDefaultImporter:\n" + _PLAIN
_IMPORTERS = {
    ".cs": "MonoImporter:\n  externalObjects: {}\n  serializedVersion: 2\n  defaultReferences: []\n"
    "  executionOrder: 0\n  icon: {instanceID: 0}\n" + _END,
    ".asmdef": "AssemblyDefinitionImporter:\n" + _PLAIN,
    ".mat": "NativeFormatImporter:\n  externalObjects: {}\n  mainObjectFileID: 2100000\n" + _END,
    ".unity": "DefaultImporter:\n" + _PLAIN,
    ".md": "TextScriptImporter:\n" + _PLAIN,
    ".json": "TextScriptImporter:\n" + _PLAIN,
    "package.json": "PackageManifestImporter:\n" + _PLAIN,
}


def guid_of(path: Path, project: Path = PROJECT) -> str:
    """Return the GUID of an asset or folder of the project, 32 hex digits.

    A file of the package is named by its place in the package, wherever that is installed.
    """
    packages = project / "Packages"
    named = path.relative_to(packages if packages in path.parents else project)
    return hashlib.md5(f"{SALT}:{named.as_posix()}".encode(), usedforsecurity=False).hexdigest()


def assets(project: Path = PROJECT) -> Iterator[Path]:
    """Yield every file and folder that Unity imports: nothing hidden, nothing in folders that end with ~."""
    yield from _below(project / "Assets")
    for package in sorted((project / "Packages").iterdir()):
        if package.is_dir():
            yield from _below(package)


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.suffix != ".meta" and not _is_hidden(path):
            yield path
            if path.is_dir():
                yield from _below(path)


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name.endswith("~") or path.suffix == ".tmp"


def problems(project: Path = PROJECT) -> list[str]:
    """Say which .meta files are missing, belong to nothing, or have a GUID that is not the path's."""
    found = []
    wanted = {meta_of(asset): guid_of(asset, project) for asset in assets(project)}
    for meta, guid in wanted.items():
        if not meta.exists():
            found.append(f"{meta.relative_to(project)} is missing")
        elif guid_in(meta) != guid:
            found.append(f"{meta.relative_to(project)}: the GUID of this path is {guid}, got {guid_in(meta)}")
    found += [f"{meta.relative_to(project)} belongs to nothing" for meta in _metas(project) if meta not in wanted]
    return found


def mend(project: Path = PROJECT) -> list[Path]:
    """Write what is missing, put GUIDs right and delete what belongs to nothing; return what was touched."""
    touched = []
    wanted = set()
    for asset in assets(project):
        meta = meta_of(asset)
        wanted.add(meta)
        guid = guid_of(asset, project)
        if not meta.exists():
            meta.write_text(f"fileFormatVersion: 2\nguid: {guid}\n{_importer(asset)}", encoding="utf-8")
            touched.append(meta)
        elif guid_in(meta) != guid:
            text = meta.read_text(encoding="utf-8")
            meta.write_text(re.sub(r"(?m)^guid:.*$", f"guid: {guid}", text), encoding="utf-8")
            touched.append(meta)
    for meta in _metas(project):
        if meta not in wanted:
            meta.unlink()
            touched.append(meta)
    return touched


def meta_of(asset: Path) -> Path:
    """Return where the .meta of an asset is."""
    return asset.with_name(asset.name + ".meta")


def guid_in(meta: Path) -> str:
    """Return the GUID that a .meta file names; empty when it names none."""
    found = re.search(r"(?m)^guid: *(\S*)", meta.read_text(encoding="utf-8"))
    return found[1] if found else ""


def _metas(project: Path) -> list[Path]:
    found = [*(project / "Assets").rglob("*.meta"), *(project / "Packages").rglob("*.meta")]
    return [path for path in sorted(found) if not any(_is_hidden(parent) for parent in path.parents)]


def _importer(asset: Path) -> str:
    if asset.is_dir():
        return _FOLDER
    for kind in (asset.name, asset.suffix):
        if kind in _IMPORTERS:
            return _IMPORTERS[kind]
    raise ValueError(f"{asset}: no importer is known for {asset.suffix}, only for {', '.join(_IMPORTERS)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Mend the project's .meta files, or only look at them; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if something is wrong")
    if parser.parse_args(arguments).check:
        found = problems()
        print("\n".join(found) or "every asset has its .meta")
        return 1 if found else 0
    for meta in mend():
        print(meta.relative_to(PROJECT), "" if meta.exists() else "(deleted)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
