"""Runs the benchmarks named, or all: python -m benchmarks [startup effects first_frames throughput]."""

import importlib
import os
import platform
import sys
from importlib.metadata import version

ALL = ("startup", "effects", "first_frames", "throughput")


def main() -> None:
    """Print Markdown for LOG.md."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"swash {version('swash')}, {machine}, load average before {os.getloadavg()[0]:.1f}")
    for name in sys.argv[1:] or ALL:
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
