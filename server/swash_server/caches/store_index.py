"""Which sounds are on disk, how large they are, in which order they were used, and which must stay."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

LAYOUT = 2
BUSY_TIMEOUT_S = 2.0

TABLES = """
    CREATE TABLE IF NOT EXISTS sounds (
        key TEXT PRIMARY KEY, bytes INTEGER NOT NULL, used INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS sounds_by_use ON sounds (used);
    CREATE TABLE IF NOT EXISTS total (id INTEGER PRIMARY KEY CHECK (id = 0), bytes INTEGER, count INTEGER);
    INSERT OR IGNORE INTO total VALUES (0, 0, 0);
    CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON sounds BEGIN
        UPDATE total SET bytes = bytes + NEW.bytes, count = count + 1;
    END;
    CREATE TRIGGER IF NOT EXISTS removed AFTER DELETE ON sounds BEGIN
        UPDATE total SET bytes = bytes - OLD.bytes, count = count - 1;
    END;
    CREATE TRIGGER IF NOT EXISTS changed AFTER UPDATE OF bytes ON sounds BEGIN
        UPDATE total SET bytes = bytes + NEW.bytes - OLD.bytes;
    END;
"""

# Since layout 2. A pin may be there before its sound is.
PINS = """
    CREATE TABLE IF NOT EXISTS pins (tag TEXT, key TEXT, PRIMARY KEY (tag, key)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS pins_by_key ON pins (key);
"""

# A number that rises with every use, whichever process it comes from: clocks may stand still or go back.
NOW = "(SELECT coalesce(max(used), 0) + 1 FROM sounds)"


class Index:
    """A hint, never the truth: that is the files. Any method may raise sqlite3.Error.

    Several processes may have the same index open; the threads of one take turns.
    """

    def __init__(self, path: Path | None) -> None:
        """Open or begin an index; None keeps it in memory. Raises sqlite3.DatabaseError when it is broken."""
        name = ":memory:" if path is None else str(path)
        self._database = sqlite3.connect(
            name, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            self._open()
        except BaseException:
            self._database.close()
            raise

    def _open(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")  # what a power cut breaks is made again from the files
        (layout,) = self._database.execute("PRAGMA user_version").fetchone()
        (state,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok" or layout not in {0, 1, LAYOUT}:
            raise sqlite3.DatabaseError(f"index: layout {layout}, {state}")
        if layout != LAYOUT:  # what layout 1 holds stays as it is
            made = f"{TABLES} {PINS} PRAGMA user_version = {LAYOUT};"
            self._database.executescript(f"BEGIN IMMEDIATE; {made} COMMIT;")

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    @property
    def total(self) -> tuple[int, int]:
        """Return the bytes and the number of all sounds."""
        total_bytes, count = self._database.execute("SELECT bytes, count FROM total").fetchone()
        return total_bytes, count

    @property
    def pinned_bytes(self) -> int:
        """Return the bytes of the sounds that any tag holds."""
        rows = "SELECT coalesce(sum(bytes), 0) FROM sounds WHERE key IN (SELECT key FROM pins)"
        (pinned_bytes,) = self._database.execute(rows).fetchone()
        return int(pinned_bytes)

    def sizes(self) -> dict[str, int]:
        """Return the bytes of every sound by its key."""
        return dict(self._database.execute("SELECT key, bytes FROM sounds"))

    def add(self, sounds: Iterable[tuple[str, int]]) -> None:
        """Note keys and sizes, each used after the one before."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(
                f"INSERT INTO sounds VALUES (?, ?, {NOW}) "
                "ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes, used = excluded.used",
                sounds,
            )

    def use(self, keys: Iterable[str]) -> None:
        """Note that sounds were used, one after the other."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(f"UPDATE sounds SET used = {NOW} WHERE key = ?", ((key,) for key in keys))

    def remove(self, keys: Iterable[str]) -> None:
        """Forget sounds."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("DELETE FROM sounds WHERE key = ?", ((key,) for key in keys))

    def remove_oldest(self, *, until_bytes: int, but: str, most: int) -> list[str]:
        """Forget the longest unused, but never `but` or what is pinned, until the rest is no larger.

        Return their keys, `most` of them.
        """
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")  # of two processes one chooses, then the other
            excess = self.total[0] - until_bytes
            keys: list[str] = []
            loose = "SELECT key, bytes FROM sounds WHERE key NOT IN (SELECT key FROM pins) ORDER BY used"
            for key, size in self._database.execute(loose):
                if excess <= 0 or len(keys) == most:
                    break
                if key != but:
                    keys.append(key)
                    excess -= size
            self._database.executemany("DELETE FROM sounds WHERE key = ?", ((key,) for key in keys))
        return keys

    def pin(self, pins: Iterable[tuple[str, str]]) -> None:
        """Let the sound of a key stay under a tag, for each tag and key; it need not be here yet."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("INSERT OR IGNORE INTO pins VALUES (?, ?)", pins)

    def unpin(self, pins: Iterable[tuple[str, str]]) -> None:
        """Let go of keys under tags."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("DELETE FROM pins WHERE tag = ? AND key = ?", pins)

    def pins(self) -> list[tuple[str, str, int]]:
        """Return tag and key of every pin, and the bytes of its sound: 0 of one that is not here."""
        rows = "SELECT tag, key, coalesce(bytes, 0) FROM pins LEFT JOIN sounds USING (key)"
        return self._database.execute(rows).fetchall()

    def is_pinned(self, key: str) -> bool:
        """Return whether any tag holds a key."""
        return self._database.execute("SELECT 1 FROM pins WHERE key = ?", (key,)).fetchone() is not None
