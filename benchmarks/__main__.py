"""Runs the benchmarks named, or the first nine: python -m benchmarks [NAME ...] [FOLDER].

startup effects first_frames throughput live doors serving io_processes workshops; and of the neural engine, which
takes minutes and 2 GB of disk: neural neural_quality neural_loops.
"""

import importlib
import os
import platform
import sys
from importlib.metadata import version

ALWAYS = (
    "startup",
    "effects",
    "first_frames",
    "throughput",
    "live",
    "doors",
    "serving",
    "io_processes",
    "workshops",
)
NEURAL = ("neural", "neural_quality", "neural_loops")


def main() -> None:
    """Print Markdown for LOG.md."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"swash {version('swash')}, {machine}, load average before {os.getloadavg()[0]:.1f}")
    named = [name for name in sys.argv[1:] if name in ALWAYS + NEURAL]
    for name in named or ALWAYS:
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
