"""What a gateway knows of the kinds that daemons serve, and what that means for a limited user."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from spectacle.config import Settings
from spectacle.gateway.catalogue import Kinds
from spectacle.gateway.problems import Problem
from spectacle.gateway.tokens import User

SIZES = {"drawing": "8b", "small": "4b", "tiny": "4b"}


@pytest.fixture
def kinds(spool_of_two_sizes: Path) -> Kinds:
    return Kinds(Settings.model_validate({"spool": {"path": spool_of_two_sizes}}))


@pytest.fixture
def spool_of_two_sizes(tmp_path: Path) -> Path:
    """A spool with the report of a daemon that serves OmniSVG in both sizes."""
    details = {kind: {"generator": "omnisvg", "preset": preset} for kind, preset in SIZES.items()}
    report = {"kinds": [*SIZES, "card"], "kind_details": {**details, "card": {"generator": "test-double"}}}
    reports = tmp_path / ".spectacle/instances"
    reports.mkdir(parents=True)
    (reports / "one.json").write_text(json.dumps(report))
    return tmp_path


@pytest.mark.parametrize(
    ("mine", "kind", "size"),
    [("drawing", "drawing", "4B"), ("small", "small", "8B"), ("drawing", "drawing", "4b")],
)
def test_a_user_limited_to_one_size_does_not_get_the_other_by_an_option(
    kinds: Kinds, mine: str, kind: str, size: str
) -> None:
    with pytest.raises(Problem, match="not allowed for user ann"):
        asyncio.run(kinds.check_model(User("ann", frozenset({mine})), kind, {"model_size": size}))


@pytest.mark.parametrize(
    ("mine", "kind", "options"),
    [
        ({"drawing"}, "drawing", {"model_size": "8B"}),
        ({"drawing"}, "drawing", {}),
        ({"drawing", "tiny"}, "drawing", {"model_size": "4B"}),
        ({"drawing"}, "drawing", {"model_size": ["4B"]}),
        ({"card"}, "card", {"model_size": "4B"}),
        (None, "drawing", {"model_size": "4B"}),
    ],
)
def test_every_other_request_passes(kinds: Kinds, mine: set[str] | None, kind: str, options: dict[str, object]) -> None:
    user = User("ann", None if mine is None else frozenset(mine))
    asyncio.run(kinds.check_model(user, kind, options))
