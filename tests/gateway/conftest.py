"""What the tests of the gateway share: one daemon, and one gateway over its spool."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

if find_spec("fastapi") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    # In the environment of the slow tests, which these are.
    collect_ignore = [] if find_spec("playwright") else ["test_page_in_browser.py"]
    import httpx
    from daemon_process import Daemon
    from served import Served, described, serving, settings_of

    @pytest.fixture(scope="session")
    def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
        """A daemon that has described its kinds."""
        with described(tmp_path_factory.mktemp("gateway")) as daemon:
            yield daemon

    @pytest.fixture(scope="session")
    def served(daemon: Daemon) -> Iterator[Served]:
        """A gateway without tokens."""
        with serving(settings_of(daemon, daemon.home, rate="100000/minute")) as served:
            yield served

    @pytest.fixture(scope="session")
    def client(served: Served) -> httpx.Client:
        """A client for it."""
        return served.client

    @pytest.fixture
    def spool_names(daemon: Daemon) -> list[str]:
        """The names in the spool before the test."""
        return sorted(daemon.public())
