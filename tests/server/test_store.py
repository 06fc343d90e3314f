import contextlib
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
import pytest

from swash_server.caches.store import Store, Stored

P = ParamSpec("P")
T = TypeVar("T")

ROOM = 1 << 30
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.server.test_store"])
NOBODY = 65_534


def key_of(number: int) -> str:
    return f"{number:02x}{number:062x}"  # each in a folder of its own


def sound_of(number: int, frames: int = 100, channels: int = 2) -> Stored:
    rng = np.random.default_rng(number)
    sound = rng.uniform(-1, 1, (frames, channels)).astype(np.float32)
    return Stored(sound, 48_000, {"number": number})


def same(one: Stored | None, other: Stored) -> bool:
    return (
        one is not None
        and one.sound.shape == other.sound.shape
        and one.sound.tobytes() == other.sound.tobytes()
        and (one.sample_rate, one.meta) == (other.sample_rate, other.meta)
    )


def path_of(folder: Path, number: int) -> Path:
    key = key_of(number)
    return folder / key[:2] / f"{key}.swash"


def bytes_on_disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*/*.swash"))


def in_a_process(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function returns in a process of its own, whose rights and limits it may change."""
    with ProcessPoolExecutor(1, mp_context=PROCESSES) as pool:
        return pool.submit(function, *args, **kwargs).result()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@contextlib.contextmanager
def opened(folder: Path, max_bytes: int = ROOM, damaged: list[bool] | None = None) -> Iterator[Store]:
    """Open a store; `damaged` grows with every file that could not be trusted."""
    found = [] if damaged is None else damaged
    store = Store(folder, max_bytes, on_damaged=lambda: found.append(True))
    try:
        yield store
    finally:
        store.close()


def test_what_is_put_comes_back_to_the_bit(folder: Path) -> None:
    odd = np.array([[0.0, -0.0], [np.inf, -np.inf], [np.nan, 1e-42], [1.0 + 1e-7, -1.0]], np.float32)
    meta = {
        "name": "Brandung é 波",
        "facts": {"lufs": -18.123456789, "frames": 4, "loop": None},
        "list": [1, "a", True],
    }
    with opened(folder) as store:
        assert store.put(key_of(1), Stored(odd, 44_100, meta))
        assert same(store.get(key_of(1)), Stored(odd, 44_100, meta))
        assert store.get(key_of(2)) is None


@pytest.mark.parametrize(("frames", "channels"), [(0, 2), (1, 1), (1, 2), (48_000, 1), (100_000, 2)])
def test_sounds_of_any_shape_survive_a_restart(folder: Path, frames: int, channels: int) -> None:
    with opened(folder) as store:
        assert store.put(key_of(1), sound_of(1, frames, channels))
    with opened(folder) as store:
        assert same(store.get(key_of(1)), sound_of(1, frames, channels))
        assert (store.count, store.bytes) == (1, bytes_on_disk(folder))


def test_a_block_that_is_a_view_is_put_as_it_sounds(folder: Path) -> None:
    every_other = sound_of(1, frames=200).sound[::2, ::-1]
    with opened(folder) as store:
        assert store.put(key_of(1), Stored(every_other, 48_000, {}))
        assert same(store.get(key_of(1)), Stored(every_other, 48_000, {}))


def test_a_sound_from_the_store_cannot_be_changed_by_who_plays_it(folder: Path) -> None:
    with opened(folder) as store:
        store.put(key_of(1), sound_of(1))
        stored = store.get(key_of(1))
    assert stored is not None
    with pytest.raises(ValueError, match="read-only"):
        stored.sound[0] = 0.0


def test_a_second_put_replaces_the_first(folder: Path) -> None:
    with opened(folder) as store:
        store.put(key_of(1), sound_of(1))
        store.put(key_of(1), sound_of(2, frames=50))
        assert same(store.get(key_of(1)), sound_of(2, frames=50))
        assert (store.count, store.bytes) == (1, bytes_on_disk(folder))


def test_purging_forgets_every_sound(folder: Path) -> None:
    with opened(folder) as store:
        for number in range(5):
            store.put(key_of(number), sound_of(number))
        assert store.purge() == 5
        assert (store.count, store.bytes, bytes_on_disk(folder)) == (0, 0, 0)
        assert store.get(key_of(3)) is None
        assert store.put(key_of(3), sound_of(3))


# What is on the disk may be anything.


def test_a_file_cut_off_anywhere_is_missing_and_goes_away(folder: Path) -> None:
    damaged: list[bool] = []
    with opened(folder, damaged=damaged) as store:
        store.put(key_of(1), sound_of(1))
        whole = path_of(folder, 1).read_bytes()
        lengths = [0, 1, 7, 8, 12, 27, 28, 79, 80, 81, 95, 96, len(whole) // 2, len(whole) - 1]
        for length in lengths:
            path_of(folder, 1).write_bytes(whole[:length])
            assert store.get(key_of(1)) is None, length
            assert not path_of(folder, 1).exists()
        path_of(folder, 1).write_bytes(whole + b"\0")
        assert store.get(key_of(1)) is None
        assert len(damaged) == len(lengths) + 1
        assert store.count == 0
        path_of(folder, 1).write_bytes(whole)
        assert same(store.get(key_of(1)), sound_of(1))


def test_any_single_bit_that_turns_over_is_noticed(folder: Path) -> None:
    damaged: list[bool] = []
    with opened(folder, damaged=damaged) as store:
        store.put(key_of(1), sound_of(1, frames=4))
        whole = path_of(folder, 1).read_bytes()
        for bit in range(8 * len(whole)):
            wrong = bytearray(whole)
            wrong[bit // 8] ^= 1 << bit % 8
            path_of(folder, 1).write_bytes(wrong)
            assert store.get(key_of(1)) is None, bit
        assert len(damaged) == 8 * len(whole)


def test_a_stranger_s_file_is_missing_and_goes_away(folder: Path) -> None:
    damaged: list[bool] = []
    with opened(folder, damaged=damaged) as store:
        store.put(key_of(1), sound_of(1))
        for foreign in (b"", b"RIFF" + bytes(4000), os.urandom(4000), b"{}"):
            path_of(folder, 1).write_bytes(foreign)
            assert store.get(key_of(1)) is None
            assert not path_of(folder, 1).exists()
    assert len(damaged) == 4


def test_a_sound_under_the_wrong_name_is_missing(folder: Path) -> None:
    damaged: list[bool] = []
    with opened(folder, damaged=damaged) as store:
        store.put(key_of(1), sound_of(1))
        store.put(key_of(2), sound_of(2))
        shutil.copy(path_of(folder, 1), path_of(folder, 2))
        assert store.get(key_of(2)) is None
        assert same(store.get(key_of(1)), sound_of(1))
    assert damaged == [True]


def test_a_folder_where_a_file_should_be_is_left_alone(folder: Path) -> None:
    damaged: list[bool] = []
    with opened(folder, damaged=damaged) as store:
        path_of(folder, 1).mkdir(parents=True)
        assert store.get(key_of(1)) is None
        assert not store.put(key_of(1), sound_of(1))
        assert path_of(folder, 1).is_dir()
        assert list(path_of(folder, 1).parent.glob("*.tmp")) == []
    assert damaged == [True]


def test_a_folder_where_the_store_should_be_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("mine")
    with opened(tmp_path / "store") as store:
        assert not store.put(key_of(1), sound_of(1))
        assert store.get(key_of(1)) is None
    assert (tmp_path / "store").read_text() == "mine"


def test_what_was_never_finished_is_swept_away_after_a_minute(folder: Path) -> None:
    with opened(folder) as store:
        store.put(key_of(1), sound_of(1))
    shard = path_of(folder, 1).parent
    old, new, foreign = shard / f"{key_of(1)}.a.tmp", shard / f"{key_of(1)}.b.tmp", shard / "notes.tmp"
    for path in (old, new, foreign):
        path.write_bytes(b"half")
    for path in (old, foreign):
        os.utime(path, (time.time() - 61, time.time() - 61))
    with opened(folder) as store:
        assert not old.exists()
        assert new.exists()
        assert foreign.exists()
        assert store.count == 1


# The index is a hint.


def broken_indexes() -> dict[str, Callable[[Path], object]]:
    def delete(index: Path) -> None:
        for path in index.parent.glob("index.sqlite*"):
            path.unlink()

    def change_layout(index: Path) -> None:
        with contextlib.closing(sqlite3.connect(index)) as database:
            database.execute("PRAGMA user_version = 99")

    return {
        "deleted": delete,
        "garbage": lambda index: index.write_bytes(b"garbage" * 1000),
        "empty": lambda index: index.write_bytes(b""),
        "half": lambda index: index.write_bytes(index.read_bytes()[: index.stat().st_size // 2]),
        "of another layout": change_layout,
    }


@pytest.mark.parametrize("how", broken_indexes())
def test_a_broken_index_is_made_again_from_the_files(folder: Path, how: str) -> None:
    with opened(folder) as store:
        for number in range(8):
            store.put(key_of(number), sound_of(number))
    for number in range(8):  # 0 is the newest
        os.utime(path_of(folder, number), (1_700_000_000 - number, 1_700_000_000 - number))
    broken_indexes()[how](folder / "index.sqlite")
    with opened(folder) as store:
        assert (store.count, store.bytes) == (8, bytes_on_disk(folder))
        assert all(same(store.get(key_of(number)), sound_of(number)) for number in range(8))
    broken_indexes()[how](folder / "index.sqlite")
    with opened(folder, max_bytes=5 * bytes_on_disk(folder) // 8):
        assert {number for number in range(8) if path_of(folder, number).exists()} == {0, 1, 2, 3}


def test_an_index_that_vanishes_while_it_is_used_is_made_again_at_the_next_start(folder: Path) -> None:
    with opened(folder) as store:
        store.put(key_of(1), sound_of(1))
        broken_indexes()["deleted"](folder / "index.sqlite")
        assert store.put(key_of(2), sound_of(2))
        assert store.put(key_of(3), sound_of(3))
        assert same(store.get(key_of(1)), sound_of(1))
    with opened(folder) as store:
        assert (store.count, store.bytes) == (3, bytes_on_disk(folder))


def test_an_index_that_turns_to_garbage_while_it_is_used_loses_no_sound(folder: Path) -> None:
    size = 0
    with opened(folder, max_bytes=20_000) as store:
        for number in range(40):
            assert store.put(key_of(number), sound_of(number))
            if number == 10:
                size = bytes_on_disk(folder) // store.count
                for path in folder.glob("index.sqlite*"):
                    path.write_bytes(b"garbage" * 1000)
            assert same(store.get(key_of(number)), sound_of(number))
        store.settle()
    assert 0.8 * 20_000 <= bytes_on_disk(folder) <= 20_000
    assert size < 1000


def test_files_that_appear_or_vanish_between_two_starts_are_reckoned_with(folder: Path) -> None:
    with opened(folder) as store:
        for number in range(3):
            store.put(key_of(number), sound_of(number))
    path_of(folder, 0).unlink()
    with opened(folder.parent / "other") as other:
        other.put(key_of(7), sound_of(7))
    path_of(folder, 7).parent.mkdir()
    shutil.copy(path_of(folder.parent / "other", 7), path_of(folder, 7))
    with opened(folder) as store:
        assert (store.count, store.bytes) == (3, bytes_on_disk(folder))
        assert same(store.get(key_of(7)), sound_of(7))


# The bound.


def test_the_longest_unused_goes_first(folder: Path) -> None:
    with opened(folder) as store:
        store.put(key_of(0), sound_of(0))
        size = store.bytes
    with opened(folder, max_bytes=10 * size) as store:
        for number in range(1, 10):
            store.put(key_of(number), sound_of(number))
        assert store.count == 10
        store.get(key_of(0))
        store.get(key_of(2))
        store.put(key_of(10), sound_of(10))  # one more than there is room for: down to nine tenths
        store.settle()
        assert (store.count, store.bytes) == (9, 9 * size)
        assert [n for n in range(11) if not path_of(folder, n).exists()] == [1, 3]


def test_the_order_of_use_survives_a_restart(folder: Path) -> None:
    with opened(folder) as store:
        for number in range(4):
            store.put(key_of(number), sound_of(number))
        store.get(key_of(0))
        size = store.bytes // 4
    with opened(folder, max_bytes=4 * size) as store:
        store.put(key_of(4), sound_of(4))
        store.settle()
        assert [n for n in range(5) if not path_of(folder, n).exists()] == [1, 2]


def test_a_smaller_bound_is_reached_at_the_start(folder: Path) -> None:
    with opened(folder) as store:
        for number in range(10):
            store.put(key_of(number), sound_of(number))
        size = store.bytes // 10
    with opened(folder, max_bytes=5 * size) as store:
        assert store.bytes == bytes_on_disk(folder) <= 5 * size
        assert same(store.get(key_of(9)), sound_of(9))


def test_a_sound_larger_than_the_bound_is_refused_and_pushes_nothing_out(folder: Path) -> None:
    with opened(folder, max_bytes=5000) as store:
        assert store.put(key_of(1), sound_of(1))
        for frames in (1000, 625):  # far too large, and by no more than its head
            assert not store.put(key_of(2), sound_of(2, frames=frames))
        assert same(store.get(key_of(1)), sound_of(1))
        assert [path.name for path in folder.glob("*/*")] == [path_of(folder, 1).name]


def test_a_sound_nearly_as_large_as_the_bound_stays(folder: Path) -> None:
    with opened(folder, max_bytes=8200) as store:
        for number in range(3):
            assert store.put(key_of(number), sound_of(number, frames=1000))
            assert same(store.get(key_of(number)), sound_of(number, frames=1000))
            store.settle()
            assert store.count == 1


# What is pinned.


def test_a_pinned_sound_is_never_pushed_out(folder: Path) -> None:
    with opened(folder) as store:
        store.put(key_of(0), sound_of(0))
        size = store.bytes
    with opened(folder, max_bytes=10 * size) as store:
        assert store.pin("level", key_of(0))
        assert store.pin("level", key_of(50))  # before it is there
        for number in range(1, 60):
            assert store.put(key_of(number), sound_of(number))
        assert same(store.get(key_of(0)), sound_of(0))
        assert same(store.get(key_of(50)), sound_of(50))
        store.settle()
        assert store.bytes <= 10 * size
        assert store.unpin([("level", key_of(0))])
        for number in range(60, 80):
            store.put(key_of(number), sound_of(number))
        store.settle()
        assert store.get(key_of(0)) is None
        assert same(store.get(key_of(50)), sound_of(50))


def test_pins_survive_a_restart_and_tell_the_bytes_of_what_is_there(folder: Path) -> None:
    with opened(folder) as store:
        store.put(key_of(1), sound_of(1))
        for tag, number in (("one", 1), ("one", 2), ("two", 1)):
            assert store.pin(tag, key_of(number))
        size = store.bytes
    with opened(folder) as store, opened(folder) as other:
        assert store.pinned() == {"one": {key_of(1): size, key_of(2): 0}, "two": {key_of(1): size}}
        assert store.unpin([("one", key_of(1)), ("one", key_of(2))])
        assert other.pinned() == {"two": {key_of(1): size}}


def test_where_pinned_sounds_fill_the_store_another_is_not_kept_and_the_bound_holds(folder: Path) -> None:
    with opened(folder) as store:
        store.put(key_of(0), sound_of(0))
        size = store.bytes
    with opened(folder, max_bytes=4 * size) as store:
        for number in range(4):
            store.pin("level", key_of(number))
            assert store.put(key_of(number), sound_of(number))
        assert not store.put(key_of(9), sound_of(9))
        assert (store.count, store.bytes) == (4, bytes_on_disk(folder)) == (4, 4 * size)
        assert all(same(store.get(key_of(number)), sound_of(number)) for number in range(4))


def test_an_index_of_the_layout_before_pins_keeps_its_order_of_use(folder: Path) -> None:
    with opened(folder) as store:
        for number in range(4):
            store.put(key_of(number), sound_of(number))
        store.get(key_of(0))
        size = store.bytes // 4
    with contextlib.closing(sqlite3.connect(folder / "index.sqlite")) as index:
        index.executescript("DROP TABLE pins; PRAGMA user_version = 1;")
    with opened(folder, max_bytes=4 * size) as store:
        assert store.pin("level", key_of(1))
        store.put(key_of(4), sound_of(4))
        store.settle()
        assert [n for n in range(5) if not path_of(folder, n).exists()] == [2, 3]


def test_an_index_that_turns_to_garbage_while_it_is_used_loses_no_pin(folder: Path) -> None:
    with opened(folder, max_bytes=20_000) as store:
        store.put(key_of(0), sound_of(0))
        store.pin("level", key_of(0))
        for number in range(1, 40):
            assert store.put(key_of(number), sound_of(number))
            if number == 10:
                for path in folder.glob("index.sqlite*"):
                    path.write_bytes(b"garbage" * 1000)
        assert same(store.get(key_of(0)), sound_of(0))
        assert list(store.pinned()) == ["level"]


# Many at once.


def test_two_stores_share_a_folder(folder: Path) -> None:
    with opened(folder, max_bytes=8000) as one, opened(folder, max_bytes=8000) as other:
        one.put(key_of(1), sound_of(1))
        assert same(other.get(key_of(1)), sound_of(1))
        for number in range(2, 20):
            (one, other)[number % 2].put(key_of(number), sound_of(number))
            (one, other)[number % 2].settle()
            assert bytes_on_disk(folder) <= 8000
        assert same(one.get(key_of(19)), sound_of(19))
        assert other.purge() > 0
        assert one.get(key_of(19)) is None


def test_threads_of_two_stores_read_no_wrong_byte(folder: Path) -> None:
    wrong: list[int] = []

    def use(store: Store, seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(150):
            number = rng.randrange(40)
            if rng.random() < 0.5:
                store.put(key_of(number), sound_of(number, frames=50 + number))
            elif (stored := store.get(key_of(number))) is not None and not same(
                stored, sound_of(number, frames=50 + number)
            ):
                wrong.append(number)

    damaged: list[bool] = []
    with opened(folder, 12_000, damaged) as one, opened(folder, 12_000, damaged) as other:
        threads = [threading.Thread(target=use, args=((one, other)[seed % 2], seed)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (wrong, damaged) == ([], [])
        for store in (one, other):
            store.settle()
    assert bytes_on_disk(folder) <= 12_000


def put_for_ever(folder: Path, seed: int, told: Connection) -> None:
    """Put sounds of many sizes, and tell each number once its put has returned."""
    rng = random.Random(seed)
    store = Store(folder, ROOM)
    while True:
        number = rng.randrange(200)
        assert store.put(key_of(number), sound_of(number, frames=number * 250))
        told.send_bytes(number.to_bytes(4, "big"))


def test_writers_killed_at_any_moment_lose_nothing_they_had_put_and_tear_nothing(folder: Path) -> None:
    rng = random.Random(1)
    writers: dict[Connection, multiprocessing.process.BaseProcess] = {}
    put: set[int] = set()
    damaged: list[bool] = []

    def start_writer(seed: int) -> None:
        ours, theirs = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=put_for_ever, args=(folder, seed, theirs), daemon=True)
        process.start()
        theirs.close()
        writers[ours] = process

    def kill(told: Connection) -> None:
        process = writers.pop(told)
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with contextlib.suppress(EOFError), told:
            while True:  # what it had told before it died
                put.add(int.from_bytes(told.recv_bytes(), "big"))

    for seed in range(3):
        start_writer(seed)
    with opened(folder, damaged=damaged) as reader:
        for kills in range(25):
            for _ in range(rng.randrange(12)):
                for told in wait(list(writers)):
                    assert isinstance(told, Connection)
                    put.add(int.from_bytes(told.recv_bytes(), "big"))
                number = rng.randrange(200)
                stored = reader.get(key_of(number))
                assert stored is None or same(stored, sound_of(number, frames=number * 250))
            kill(rng.choice(list(writers)))
            start_writer(100 + kills)
        for told in list(writers):
            kill(told)
        assert len(put) > 20
        assert all(same(reader.get(key_of(number)), sound_of(number, frames=number * 250)) for number in put)
    with opened(folder, damaged=damaged) as store:
        assert (store.count, store.bytes) == (len(list(folder.glob("*/*.swash"))), bytes_on_disk(folder))
        assert all(same(store.get(key_of(number)), sound_of(number, frames=number * 250)) for number in put)
    assert damaged == []


# No room, no rights.


def use_a_disk_that_takes_small_files_only(folder: Path) -> None:
    """Prove that a put that fails half-way leaves nothing behind and hides nothing."""
    with opened(folder) as store:
        assert store.put(key_of(1), sound_of(1))
        assert store.put(key_of(2), sound_of(2, frames=4000))
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        assert not store.put(key_of(2), sound_of(3, frames=40_000))
        assert not store.put(key_of(3), sound_of(3, frames=40_000))
        assert same(store.get(key_of(2)), sound_of(2, frames=4000))
        assert store.get(key_of(3)) is None
        for number in range(10, 60):
            assert store.put(key_of(number), sound_of(number))
            assert same(store.get(key_of(number)), sound_of(number))
    assert list(folder.glob("*/*.tmp")) == []


def test_a_disk_that_refuses_a_file_half_way_costs_that_sound_only(folder: Path) -> None:
    in_a_process(use_a_disk_that_takes_small_files_only, folder)


def use_without_rights(folder: Path) -> tuple[bool, bool, bool, int, int]:
    first, second = sound_of(1), sound_of(2)
    if os.getuid() == 0:  # for whom nothing is forbidden
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    damaged: list[bool] = []
    with opened(folder, damaged=damaged) as store:
        return (
            same(store.get(key_of(1)), first),
            store.put(key_of(2), second),
            store.get(key_of(3)) is None,
            len(damaged),
            store.count,
        )


def test_a_folder_that_may_only_be_read_is_read() -> None:
    with tempfile.TemporaryDirectory() as outer:
        folder = Path(outer) / "store"
        with opened(folder) as store:
            store.put(key_of(1), sound_of(1))
            store.put(key_of(3), sound_of(3))
        path_of(folder, 3).chmod(0)  # not even read
        folders = [Path(outer), folder, *(path for path in folder.iterdir() if path.is_dir())]
        for path in folders:
            path.chmod(0o555)
        try:
            found, put, unreadable_is_missing, damaged, count = in_a_process(use_without_rights, folder)
        finally:
            for path in folders:
                path.chmod(0o755)
        assert found
        assert not put
        assert unreadable_is_missing
        assert (damaged, count) == (1, 2)
        assert path_of(folder, 3).exists()  # somebody may give the right back
