"""What many tests share."""

from collections.abc import Iterator

import pytest

from tests.serving import ServerProcess


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Give a running server; tests that stop, fill or starve one start their own."""
    with ServerProcess(tmp_path_factory.mktemp("store")) as running:
        yield running
