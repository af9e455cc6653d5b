"""What all tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from spectacle.spool.directory import Spool

# What a shell starts in the background ignores Ctrl-C, and so would every program that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

HAS_MODELS = find_spec("torch") is not None
if not HAS_MODELS:
    # What imports the libraries of the generators with models; single tests of other modules are marked `models`.
    collect_ignore = [
        "cli/test_train.py",
        "cli/test_weights.py",
        "generators/botanical",
        "generators/diffusion",
        "generators/omnisvg",
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
