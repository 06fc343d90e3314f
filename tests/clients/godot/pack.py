"""Packs files as Godot reads them (a .pck of format 3, Godot 4.5 and newer), without its editor."""

import hashlib
import re
import struct
from collections.abc import Mapping
from pathlib import Path

ENGINE = (4, 6, 0)
FORMAT = 3
OFFSETS_FROM_BASE = 2  # PACK_REL_FILEBASE
HEADER_BYTES = 0x70
ALIGN_BYTES = 16
CLASSES = ".godot/global_script_class_cache.cfg"


def pack(files: Mapping[str, bytes], into: Path) -> None:
    """Write files, named by their path below res://, as one .pck; see core/io/file_access_pack.cpp of Godot.

    A header of 112 bytes, the files, and then the directory: of each its name, its place, its length and its MD5.
    """
    content = bytearray()
    directory = bytearray(struct.pack("<I", len(files)))
    for name, data in sorted(files.items()):
        path = _padded(name.encode(), 4)
        directory += struct.pack("<I", len(path)) + path + struct.pack("<QQ", len(content), len(data))
        directory += hashlib.md5(data).digest() + struct.pack("<I", 0)
        content += _padded(data, ALIGN_BYTES)
    header = struct.pack(
        "<4s5IQQ", b"GDPC", FORMAT, *ENGINE, OFFSETS_FROM_BASE, HEADER_BYTES, HEADER_BYTES + len(content)
    )
    into.write_bytes(header.ljust(HEADER_BYTES, b"\0") + content + directory)


def gathered(folders: Mapping[str, Path]) -> dict[str, bytes]:
    """Read folders, named by the place below res:// that each takes; "" is res:// itself."""
    files: dict[str, bytes] = {}
    for place, folder in folders.items():
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and not any(part in {".godot", "__pycache__"} for part in inside.parts):
                files[(Path(place) / inside).as_posix()] = path.read_bytes()
    return files


def classes(files: Mapping[str, bytes]) -> bytes:
    """List the scripts that name themselves (`class_name`), as the editor does when it scans a project."""
    entries = []
    for path, data in sorted(files.items()):
        text = data.decode() if path.endswith(".gd") else ""
        if named := re.search(r"^class_name (\w+)", text, re.MULTILINE):
            base = re.search(r"^(?:class_name \w+ )?extends ([\w.]+)", text, re.MULTILINE)
            entries.append(
                f'{{\n"base": &"{base[1] if base else "RefCounted"}",\n"class": &"{named[1]}",\n"icon": "",\n'
                f'"is_abstract": false,\n"is_tool": {str(bool(re.match("@tool", text))).lower()},\n'
                f'"language": &"GDScript",\n"path": "res://{path}"\n}}'
            )
    return f"list=[{', '.join(entries)}]\n".encode()


def _padded(data: bytes, align: int) -> bytes:
    return data + b"\0" * (-len(data) % align)
