"""What all tests share."""

from __future__ import annotations

import gc
import os
import random
import signal
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import pytest

from spectacle.spool.directory import Spool

# What a shell starts in the background ignores Ctrl-C, and so would every program that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes is up to the machine and what else it does.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")

HAS_MODELS = find_spec("torch") is not None
collect_ignore: list[str] = []
if find_spec("prometheus_client") is None:
    collect_ignore += ["daemon/test_observing.py"]
if find_spec("cryptography") is None or find_spec("c2pa") is None:
    collect_ignore += ["signing", "cli/test_signing.py"]
if not HAS_MODELS:
    # What imports the libraries of the generators with models; single tests of other modules are marked `models`.
    collect_ignore += [
        "cli/test_train.py",
        "cli/test_weights.py",
        "generators/botanical",
        "generators/control_maps",
        "generators/diffusion",
        "generators/omnisvg",
        "generators/pipelines",
        "generators/placement",
        "generators/qwen_image",
        "generators/qwen_image_21",
        "generators/qwen_image_edit",
        "generators/supersvg",
        "weights/test_prepared.py",
        "weights/test_pull.py",
    ]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """An open spool in an empty directory."""
    path = tmp_path / "spool"
    path.mkdir()
    spool = Spool(path)
    spool.open()
    spool.prepare_state_directory()
    yield spool
    spool.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this machine cannot do, and count it among the deselected."""
    impossible = {
        "root": os.geteuid() != 0,
        "models": not HAS_MODELS,
        "fuzz": find_spec("atheris") is None,
    }
    left_out = [
        item for item in items if any(impossible[mark.name] for mark in item.iter_markers() if mark.name in impossible)
    ]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(autouse=True)
def _random_numbers_do_not_depend_on_earlier_tests() -> None:
    """Seed every generator of random numbers that is loaded, as a failure by luck cannot be repeated."""
    random.seed(0)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(0)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(0)


@pytest.fixture(autouse=True, scope="module")
def _garbage_is_looked_for_among_what_a_module_made() -> None:
    """Leave what was there before out of every later collection, which thousands of tests and torch make long."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _what_a_slow_test_leaves_open_is_its_own_failure(request: pytest.FixtureRequest) -> Iterator[None]:
    """Collect what it has left, so that the warning does not fail a later test, now here and now there."""
    yield
    if request.node.get_closest_marker("slow"):
        gc.collect()


def pytest_unconfigure() -> None:
    """Have what was left out collected at the end, or libraries would report it as leaks."""
    gc.unfreeze()
