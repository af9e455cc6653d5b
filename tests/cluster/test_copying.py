"""Weights that a node copies from a directory, without Ray."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from spectacle.cluster import copying
from spectacle.cluster.copying import copy_all
from spectacle.cluster.messages import asked_of
from spectacle.config import KindSettings, RaySettings, Settings
from spectacle.generators.base import Generator, Resources
from spectacle.generators.test_generator import TestGenerator
from spectacle.weights.source import Source
from spectacle.weights.store import Store


class Painter(TestGenerator):
    """A generator with weights."""

    name = "painter"

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        return (Source("someone/painter", ("*.bin",), "MIT"),)


def find(name: str, resources: Resources) -> type[Generator]:
    return Painter


def test_a_node_copies_what_it_lacks_and_says_what_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying.registry, "find", find)
    here, there = tmp_path / "here", tmp_path / "there"
    settings = Settings(
        default_kind="card",
        kinds={"card": KindSettings(generator="painter")},
        ray=RaySettings(address="a:1", weights=here),
    )
    there.mkdir()
    assert str(there) in copy_all(asked_of(settings), there)["card"]
    (there / "painter").mkdir()
    (there / "painter" / "model.bin").write_bytes(b"weights")
    assert copy_all(asked_of(settings), there) == {}
    assert Painter.missing_weights(None, Resources(Store(here))) is None
    (there / "painter" / "model.bin").unlink()
    assert copy_all(asked_of(settings), there) == {}
