"""What every process does first that works for the server."""

import contextlib
import os
import signal


def ignore_signals() -> None:
    """Outlive what is sent to all processes of a server: its end is ours. What we start inherits nothing."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)


def step_back(niceness: int) -> None:
    """Let other processes go first."""
    with contextlib.suppress(OSError):
        os.nice(niceness)
