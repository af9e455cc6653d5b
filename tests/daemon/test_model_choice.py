"""What a user may rely on: options that need another preset are served by a kind that has it."""

from __future__ import annotations

from typing import Any

import pytest

from spectacle.config import Settings
from spectacle.daemon.model_choice import serving_kind
from spectacle.spool.naming import RequestName
from spectacle.worker.contract import Attachment

DRAWING, SMALL = {"generator": "omnisvg", "format": "svg"}, {"generator": "omnisvg", "preset": "4b"}
OTHERS = {"card": {"generator": "test-double"}, "edit": {"generator": "qwen-image-edit", "preset": "4b"}}


def chosen(options: bytes | None, kinds: dict[str, Any], kind: str = "drawing") -> str | None:
    name = RequestName.parse(f"a-1-64x64-{kind}.txt")
    assert name is not None
    given = () if options is None else (Attachment("options", name.options_name, options),)
    return serving_kind(name, given, Settings.model_validate({"kinds": kinds, "default_kind": "drawing"}))


def test_a_size_is_served_by_the_kind_that_has_it() -> None:
    kinds = {"drawing": DRAWING, "card": OTHERS["card"], "small": SMALL}
    assert chosen(b'{"model_size": "4B"}', kinds) == "small"
    assert chosen(b'{"model_size": "8B"}', kinds, "small") == "drawing"
    assert chosen(b'{"model_size": "4B"}', {**kinds, "drawing": {**DRAWING, "preset": "8b"}}) == "small"


@pytest.mark.parametrize(
    "options",
    [None, b"{}", b'{"model_size": "8B"}', b'{"model_size": "2B"}', b'{"model_size": ["4B"]}', b"[", b" " * 70_000],
)
def test_every_other_request_is_served_by_its_own_kind(options: bytes | None) -> None:
    assert chosen(options, {"drawing": DRAWING, "small": SMALL}) is None


def test_a_size_that_no_kind_has_is_left_to_the_own_kind_which_tells_what_is_wrong() -> None:
    assert chosen(b'{"model_size": "4B"}', {"drawing": DRAWING, **OTHERS}) is None
    assert chosen(b'{"model_size": "4B"}', {"drawing": DRAWING, "again": {**DRAWING, "preset": "8b"}}) is None
    assert chosen(b'{"model_size": "4B"}', {"drawing": DRAWING, "small": SMALL}, "unknown") is None
