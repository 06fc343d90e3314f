"""What may happen to a store's folder while it is used: a sound is missing then, counted, and never wrong."""

import contextlib
import multiprocessing.process
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from swash_server.caches import sound_file
from swash_server.caches.sound_file import DamagedError
from swash_server.caches.store import Store
from tests import tools
from tests.server.test_store import PROCESSES, folder, key_of, opened, path_of, same, sound_of

__all__ = ["folder"]  # the fixture

MIB = 1024 * 1024

# In place of a file.


def put_one(folder: Path) -> Path:
    with opened(folder) as store:
        assert store.put(key_of(1), sound_of(1))
    return path_of(folder, 1)


def in_place_of_a_file() -> dict[str, Callable[[Path], object]]:
    def socket_at(path: Path) -> None:
        path.unlink()
        with socket.socket(socket.AF_UNIX) as bound:
            here = os.open(path.parent, os.O_RDONLY)
            try:
                bound.bind(f"/proc/self/fd/{here}/{path.name}")  # the whole path may be too long for a socket
            finally:
                os.close(here)

    def link(target: str) -> Callable[[Path], object]:
        def put(path: Path) -> None:
            path.unlink()
            path.symlink_to(target)

        return put

    def elsewhere(path: Path) -> None:
        path.rename(path.with_name("x"))
        path.symlink_to("x")

    def pipe(path: Path) -> None:
        path.unlink()
        os.mkfifo(path)

    def holes(path: Path) -> None:
        """Let a head say that a terabyte follows, and a file with nothing in it be as long."""
        head = bytearray(path.read_bytes()[: sound_file.HEAD_BYTES])
        meta_bytes = int.from_bytes(head[-4:], "little")
        frames = 2**40 // 8
        head[-12:-4] = frames.to_bytes(8, "little")
        path.write_bytes(head)
        os.truncate(path, sound_file.HEAD_BYTES + meta_bytes + 8 * frames)

    return {
        "nothing in it": lambda path: os.truncate(path, 0),
        "a pipe that nobody writes into": pipe,
        "a socket": socket_at,
        "a link to nothing": link("nowhere"),
        "a link to itself": link("."),
        "a link to endless zeros": link("/dev/zero"),
        "a link to the sound": elsewhere,
        "a terabyte of holes": holes,
    }


@pytest.mark.timeout(60)
@pytest.mark.parametrize("what", in_place_of_a_file())
def test_whatever_lies_where_a_sound_should_be_nothing_hangs_and_another_put_helps(
    folder: Path, what: str
) -> None:
    path = put_one(folder)
    damaged: list[bool] = []
    with opened(folder, damaged=damaged) as store:
        in_place_of_a_file()[what](path)
        found = store.get(key_of(1))
        assert found is None or what == "a link to the sound"  # the right bytes, wherever they lie
        assert found is None or same(found, sound_of(1))
        assert len(damaged) == (what not in {"a link to nothing", "a link to the sound"})
        assert store.put(key_of(1), sound_of(1))
        assert same(store.get(key_of(1)), sound_of(1))
    assert not path.is_symlink()


def test_a_link_out_of_the_folder_is_taken_away_and_what_it_points_to_is_not(folder: Path, tmp_path: Path) -> None:
    path = put_one(folder)
    mine = tmp_path / "mine"
    mine.write_bytes(b"mine" * 1000)
    path.unlink()
    path.symlink_to(mine)
    with opened(folder) as store:
        assert store.get(key_of(1)) is None
    assert not path.is_symlink()
    assert mine.read_bytes() == b"mine" * 1000


def test_a_file_cut_off_at_any_byte_of_its_head_and_of_its_body_is_refused(folder: Path) -> None:
    path = put_one(folder)
    whole = path.read_bytes()
    cut = path.with_name("cut")
    for size in range(len(whole)):
        cut.write_bytes(whole[:size])
        with cut.open("rb") as file, pytest.raises(DamagedError):
            sound_file.read(file, key_of(1), MIB)
        with pytest.raises(DamagedError):
            sound_file.unpacked(whole[:size], key_of(1))


def test_many_bits_that_turn_over_anywhere_are_noticed(folder: Path) -> None:
    whole = np.frombuffer(put_one(folder).read_bytes(), np.uint8)
    rng = np.random.default_rng(1)
    for _ in range(2000):
        flips = rng.integers(0, 8 * len(whole), rng.integers(1, 40))
        bits = np.unpackbits(whole)
        bits[flips] ^= 1
        torn = np.packbits(bits).tobytes()
        if torn == whole.tobytes():
            continue
        with pytest.raises(DamagedError):
            sound_file.unpacked(torn, key_of(1))


def test_a_sound_torn_between_two_versions_of_it_is_refused(folder: Path) -> None:
    one = sound_file.packed(key_of(1), sound_of(1))
    other = sound_file.packed(key_of(1), sound_of(2))
    for at in range(1, len(one)):
        torn = one[:at] + other[at:]
        if torn not in {one, other}:
            with pytest.raises(DamagedError):
                sound_file.unpacked(torn, key_of(1))


# The folder.


def test_a_folder_that_is_deleted_while_it_is_used_is_made_again(folder: Path) -> None:
    damaged: list[bool] = []
    with opened(folder, damaged=damaged) as store:
        for number in range(4):
            assert store.put(key_of(number), sound_of(number))
        shutil.rmtree(folder)
        assert all(store.get(key_of(number)) is None for number in range(4))
        assert store.put(key_of(1), sound_of(1))
        assert same(store.get(key_of(1)), sound_of(1))
    with opened(folder, damaged=damaged) as store:
        assert store.count == 1
        assert same(store.get(key_of(1)), sound_of(1))
    assert damaged == []


def test_a_file_in_place_of_a_shard_or_of_the_whole_folder_costs_what_would_lie_there(folder: Path) -> None:
    with opened(folder) as store:
        path_of(folder, 1).parent.write_text("mine")
        assert not store.put(key_of(1), sound_of(1))
        assert store.get(key_of(1)) is None
        assert store.put(key_of(2), sound_of(2))
        shutil.rmtree(folder)
        folder.write_text("mine")
        assert not store.put(key_of(2), sound_of(2))
        assert store.get(key_of(2)) is None
        assert store.purge() == 0
    assert folder.read_text() == "mine"


def test_a_folder_in_place_of_the_index_or_of_the_lock_costs_only_the_order_of_use(folder: Path) -> None:
    for name in ("index.sqlite", "lock"):
        (folder / name).mkdir(parents=True)
    with opened(folder, max_bytes=20_000) as store:
        for number in range(40):
            assert store.put(key_of(number), sound_of(number))
            assert same(store.get(key_of(number)), sound_of(number))
        store.settle()
        assert store.bytes <= 20_000


@pytest.mark.timeout(60)
def test_while_another_process_holds_the_index_sounds_are_read_without_waiting_for_it(folder: Path) -> None:
    with opened(folder) as store:
        for number in range(80):
            store.put(key_of(number), sound_of(number))
        with contextlib.closing(sqlite3.connect(folder / "index.sqlite", isolation_level=None)) as held:
            held.execute("BEGIN EXCLUSIVE")
            putting = threading.Thread(target=store.put, args=(key_of(99), sound_of(99)))
            putting.start()
            # As many uses as the index is told at once: whoever notes them does not wait for who waits.
            assert all(same(store.get(key_of(number)), sound_of(number)) for number in range(80))
            assert same(store.get(key_of(99)), sound_of(99)) or putting.is_alive()
            putting.join()
            assert same(store.get(key_of(99)), sound_of(99))
            held.execute("ROLLBACK")
        assert store.put(key_of(98), sound_of(98))
    with opened(folder) as store:
        assert store.count == 82


# Room is made behind.


def test_what_had_to_go_is_counted(folder: Path) -> None:
    gone: list[int] = []
    with contextlib.closing(Store(folder, 10_000, on_evicted=gone.append)) as store:
        for number in range(40):
            assert store.put(key_of(number), sound_of(number))
        store.settle()
    assert sum(gone) == 40 - len(list(folder.glob("*/*.swash"))) > 0


def test_writers_faster_than_what_makes_room_do_not_outgrow_the_bound_by_much(folder: Path) -> None:
    most = 0
    with opened(folder, max_bytes=20_000) as store:

        def write(first: int) -> None:
            nonlocal most
            for number in range(first, first + 60):
                assert store.put(key_of(number), sound_of(number))
                most = max(most, store.bytes)

        threads = [threading.Thread(target=write, args=(60 * number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        store.settle()
        assert store.bytes <= 20_000
    assert most <= 1.1 * 20_000 + 4 * 1000  # and one sound of each


# Two servers that are killed again and again.


def hammer(folder: Path, seed: int, told: Connection) -> None:
    """Put, read, pin and purge for ever in a store that is always too small; tell of any wrong byte."""
    rng = random.Random(seed)
    damaged: list[bool] = []
    with opened(folder, max_bytes=40_000, damaged=damaged) as store:
        told.send("up")
        while True:
            number = rng.randrange(60)
            if rng.random() < 0.5:
                store.put(key_of(number), sound_of(number, frames=number * 20))
            elif (found := store.get(key_of(number))) is not None and not same(
                found, sound_of(number, frames=number * 20)
            ):
                told.send("wrong")
            if rng.random() < 0.01:
                store.pin("tag", key_of(number % 3))
            if rng.random() < 0.001:
                store.purge()
            if damaged:
                told.send("damaged")
                damaged.clear()


def test_two_servers_on_one_folder_that_are_killed_at_any_moment_serve_no_wrong_byte(folder: Path) -> None:
    rng = random.Random(1)
    said: list[str] = []

    def started(seed: int) -> tuple[multiprocessing.process.BaseProcess, Connection]:
        ours, theirs = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=hammer, args=(folder, seed, theirs), daemon=True)
        process.start()
        theirs.close()
        return process, ours

    running = [started(seed) for seed in range(2)]
    with opened(folder, max_bytes=40_000) as reader:
        for kills in range(20):
            at = kills % 2
            process, told = running[at]
            said.append(told.recv())
            for _ in range(rng.randrange(200)):
                number = rng.randrange(60)
                found = reader.get(key_of(number))
                assert found is None or same(found, sound_of(number, frames=number * 20))
            process.kill()
            process.join()
            with contextlib.suppress(EOFError), told:
                while True:
                    said.append(told.recv())
            running[at] = started(100 + kills)
        for process, told in running:
            process.kill()
            process.join()
            told.close()
    assert set(said) == {"up"}
    with opened(folder, max_bytes=40_000) as store:
        store.settle()
        assert (store.count, store.bytes) == (
            len(list(folder.glob("*/*.swash"))), sum(path.stat().st_size for path in folder.glob("*/*.swash")),
        )  # fmt: skip
        assert store.bytes <= 40_000


# Disks: in a mount of its own, seen by this one process.

FULL = """
from tests.server.test_store_faults import use_a_full_disk
use_a_full_disk(Path(sys.argv[1]))
"""

READ_ONLY = """
from tests.server.test_store_faults import use_a_disk_that_becomes_read_only
use_a_disk_that_becomes_read_only(Path(sys.argv[1]))
"""


def with_mounts_of_its_own(code: str, folder: Path) -> None:
    """Run code as the root of a namespace: it may mount there, whoever runs the tests, and nobody else sees it."""
    own = [str(tools.unshare()), "--map-root-user", "--mount"]
    program = f"import sys\nfrom pathlib import Path\n{code}"
    done = subprocess.run(
        [*own, sys.executable, "-c", program, str(folder)],
        cwd=tools.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def use_a_full_disk(folder: Path) -> None:
    with mounted(folder, "size=1m"):
        damaged: list[bool] = []
        with opened(folder, damaged=damaged) as store:
            put = [number for number in range(40) if store.put(key_of(number), sound_of(number, frames=10_000))]
            assert 5 <= len(put) <= 13
            assert all(same(store.get(key_of(number)), sound_of(number, frames=10_000)) for number in put)
            assert sum(store.get(key_of(number)) is not None for number in range(40)) == len(put)
            with contextlib.suppress(OSError):  # to the last byte
                (folder / "rest").write_bytes(bytes(2 * MIB))
            assert not store.put(key_of(50), sound_of(50, frames=10_000))
            assert store.pin("level", key_of(put[0])) in {True, False}
            assert all(same(store.get(key_of(number)), sound_of(number, frames=10_000)) for number in put)
            assert list(folder.glob("*/*.tmp")) == []
            (folder / "rest").unlink()
        with opened(folder, damaged=damaged) as store:
            assert all(same(store.get(key_of(number)), sound_of(number, frames=10_000)) for number in put)
            store.purge()
            assert store.put(key_of(99), sound_of(99, frames=10_000))
        assert damaged == []


def use_a_disk_that_becomes_read_only(folder: Path) -> None:
    with mounted(folder, "size=8m"):
        with opened(folder) as store:
            assert store.put(key_of(1), sound_of(1))
        read_only = ["mount", "-o", "remount,ro", str(folder)]
        with opened(folder) as store:
            assert store.put(key_of(2), sound_of(2))
            store.close()  # a disk with a file open for writing does not become read-only
            subprocess.run(read_only, check=True)
            assert not store.put(key_of(3), sound_of(3))
            assert same(store.get(key_of(1)), sound_of(1))
            assert store.get(key_of(3)) is None
            assert not store.pin("level", key_of(1))
        with opened(folder) as store:  # and one that begins so
            assert store.count == 2
            assert not store.put(key_of(3), sound_of(3))
            assert same(store.get(key_of(2)), sound_of(2))
            assert store.purge() in {0, 2}
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        with opened(folder) as store:
            assert same(store.get(key_of(2)), sound_of(2))
            assert store.put(key_of(3), sound_of(3))


def test_a_full_disk_keeps_what_it_holds_and_takes_more_when_there_is_room(folder: Path) -> None:
    with_mounts_of_its_own(FULL, folder)


def test_a_disk_that_becomes_read_only_is_read_even_by_root(folder: Path) -> None:
    with_mounts_of_its_own(READ_ONLY, folder)
