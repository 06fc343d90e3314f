"""Where sounds are made: beside the event loop, and never in its way."""

import os
import sys
import threading

import pytest

from swash_server.making.workshop import NICENESS, Threads


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own on Linux alone")
async def test_nice_threads_and_those_they_start_step_back_for_all_others() -> None:
    workshop = Threads(1, nice=True)

    def niceness() -> list[int]:
        found = [os.getpriority(os.PRIO_PROCESS, threading.get_native_id())]
        child = threading.Thread(
            target=lambda: found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        )
        child.start()
        child.join()
        return found

    ours = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert await workshop.run(niceness) == [min(19, ours + NICENESS)] * 2
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == ours
    await workshop.close()
