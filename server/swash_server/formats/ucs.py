"""Names of files by the Universal Category System 8.2.1: CatID_FXName_CreatorID_SourceID_UserData."""

import unicodedata
from collections.abc import Iterable

MAX_FX_NAME_CHARACTERS = 24  # "less than 25"


def fx_name(words: str, *, take: int | None = None) -> str:
    """Return an FXName: letters and digits of the words, as many as fit, and the number of a take, 1 the first."""
    number = "" if take is None else f" {take:02}"
    room = MAX_FX_NAME_CHARACTERS - len(number)
    kept = "".join(
        letter if letter.isalnum() or letter == "-" else " " for letter in unicodedata.normalize("NFC", words)
    )
    name = ""
    for word in kept.split():
        longer = f"{name} {word}".strip()
        if len(longer) > room:
            break
        name = longer
    return (name or kept.strip()[:room].strip() or "Sound") + number


def capitalised(words: str) -> str:
    """Return words as titles have them: Slow Waves On A Beach."""
    return " ".join(word[0].upper() + word[1:] for word in words.split())


def file_name(cat_id: str, name: str, creator: str, source: str, seed: int, suffix: str) -> str:
    """Return the name of a file; none of its parts may hold the separator."""
    parts = (cat_id, name, creator, source, f"s{seed}")
    assert not any("_" in part for part in parts), parts
    return "_".join(parts) + suffix


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names, each that is taken already with a number: also where capitals do not count."""
    taken: set[str] = set()
    made = []
    for name in names:
        stem, dot, suffix = name.rpartition(".")
        number, one = 1, name
        while one.casefold() in taken:
            number += 1
            one = f"{stem}-{number}{dot}{suffix}"
        taken.add(one.casefold())
        made.append(one)
    return made
