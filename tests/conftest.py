"""What many tests share."""

from collections.abc import Iterator

import pytest
from _pytest.nodeid import coerce_node_id

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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of a group in one process: they share pages, engines and assemblies.

    pytest-xdist 3.8 writes the group into a name that pytest 9 does not read any more.
    """
    if config.getoption("loadgroup", False):
        for item in items:
            if (mark := item.get_closest_marker("xdist_group")) is not None:
                item._id = coerce_node_id(f"{item.nodeid}@{mark.args[0]}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Give a running server; tests that stop, fill or starve one start their own."""
    with ServerProcess(tmp_path_factory.mktemp("store")) as running:
        yield running
