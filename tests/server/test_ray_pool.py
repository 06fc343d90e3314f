"""Neural sounds from a pool of Ray, in a process of its own: Ray leaves threads behind wherever it was."""

import os
import subprocess
import sys

import pytest

from tests import tools

CASES_S = 400.0  # Ray and two replicas take half a minute to start


@pytest.mark.timeout(CASES_S + 20)
def test_the_cases_of_the_pool_pass() -> None:
    tools.ray()
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [*command, "tests/server/ray_pool_cases.py"],
        cwd=tools.ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=CASES_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
