"""What many tests share."""

from collections.abc import Iterator

import pytest

from tests import tools
from tests.serving import ServerProcess


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without",
        action="append",
        default=[],
        choices=tools.NAMES,
        help="skip the tests that need this program; else they fail when it is missing",
    )


def pytest_configure(config: pytest.Config) -> None:
    tools.leave_out(config.getoption("--without"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Give a running server; tests that stop, fill or starve one start their own."""
    with ServerProcess(tmp_path_factory.mktemp("store")) as running:
        yield running
