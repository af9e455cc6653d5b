"""One lab for all scenarios: booting and starting daemons takes longer than most of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab import missing_packages
from world import FIGURES, World, switched_on


@pytest.fixture(scope="session")
def lasting_world() -> Iterator[World]:
    """The lab with its daemons."""
    missing = missing_packages()
    if missing:
        pytest.fail(
            f"these tests need Debian packages that are not installed: apt-get install --no-install-recommends "
            f"{' '.join(missing)}",
            pytrace=False,
        )
    with switched_on() as world:
        yield world


@pytest.fixture
def world(lasting_world: World) -> Iterator[World]:
    """The lab, whole before every scenario; after it, the record of what was asked in it is judged."""
    yield lasting_world
    lasting_world.mend()
    for spool in lasting_world.spools:
        spool.check()


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Print what was measured."""
    yield
    if FIGURES:
        terminalreporter.section("several hosts on NFS: measured")
        for line in FIGURES:
            terminalreporter.write_line(line)
