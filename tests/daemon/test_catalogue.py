"""What an instance tells of the kinds it serves."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from clock import Clock
from daemon_process import running, wait_for

from spectacle.config import Settings
from spectacle.daemon.catalogue import EVERY, FIRST_AFTER, MAX_PUT_OFF, Catalogue
from spectacle.generators.test_generator import TestGenerator
from spectacle.spool.directory import Spool
from spectacle.spool.naming import schema_path
from spectacle.spool.sweep import find_left_overs

KINDS = {
    "card": {"generator": "test-double", "format": "svg"},
    "picture": {"generator": "illustration"},
    "photo": {"generator": "qwen-image"},
    "nothing": {"generator": "nothing"},
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {"kinds": KINDS, "default_kind": "card", "weights": {"directory": tmp_path / "weights"}}
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalogue(spool: Spool, settings: Settings, clock: Clock) -> Catalogue:
    return Catalogue(spool, lambda: settings, clock)


def describe(catalogue: Catalogue) -> None:
    catalogue.refresh(idle=True)
    process = catalogue._process
    assert process is not None
    process.wait(60)
    catalogue.refresh(idle=True)


def test_each_kind_is_told_with_what_it_makes_and_whether_it_can_be_served(catalogue: Catalogue, clock: Clock) -> None:
    clock.now += FIRST_AFTER
    describe(catalogue)
    card, photo, nothing = (catalogue.kinds[name] for name in ("card", "photo", "nothing"))
    assert (card["media_type"], card["generator"], card["preset"]) == ("image/svg+xml", "test-double", None)
    assert (card["licence"], card["servable"], card["problem"]) == ("MIT", True, None)
    assert card["inputs"] == {"prompt": False, "images": [0, 10], "mask": True, "control": True}
    assert nothing["inputs"] is None
    assert catalogue.kinds["picture"]["media_type"] == "image/png"
    assert not photo["servable"]
    assert photo["preset"]
    assert photo["options_schema"]
    assert (nothing["servable"], nothing["options_schema"], nothing["licence"]) == (False, None, None)
    assert "generator 'nothing': not installed" in nothing["problem"]


def test_the_schema_of_the_options_is_in_the_spool_under_its_digest_and_is_not_swept(
    catalogue: Catalogue, clock: Clock, spool: Spool
) -> None:
    clock.now += FIRST_AFTER
    describe(catalogue)
    path = schema_path(catalogue.kinds["card"]["options_schema"])
    assert json.loads((spool.path / path).read_bytes()) == TestGenerator.Options.model_json_schema()
    later = spool.now_ns() + 10**15
    assert path in find_left_overs(spool, 30, spool.names(), later)
    (spool.path / ".spectacle/instances/a.json").write_text(json.dumps({"kind_details": catalogue.kinds}))
    assert path not in find_left_overs(spool, 30, spool.names(), later)


def test_kinds_are_described_soon_after_the_start_now_and_then_and_after_a_reload(
    catalogue: Catalogue, clock: Clock
) -> None:
    catalogue.refresh(idle=True)
    assert catalogue._process is None
    clock.now += FIRST_AFTER
    describe(catalogue)
    catalogue.refresh(idle=True)
    assert catalogue._process is None
    clock.now += EVERY
    describe(catalogue)
    catalogue.reconfigured()
    catalogue.refresh(idle=True)
    assert catalogue._process is not None
    catalogue.close()


def test_a_description_is_put_off_while_there_is_work_but_not_for_ever(catalogue: Catalogue, clock: Clock) -> None:
    clock.now += FIRST_AFTER
    catalogue.refresh(idle=False)
    assert catalogue._process is None
    clock.now += MAX_PUT_OFF
    catalogue.refresh(idle=False)
    assert catalogue._process is not None
    catalogue.close()


def test_a_description_that_takes_too_long_or_fails_leaves_what_was_known(
    catalogue: Catalogue, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.now += FIRST_AFTER
    describe(catalogue)
    known = catalogue.kinds
    monkeypatch.setattr(sys, "executable", "/bin/cat")
    clock.now += EVERY
    describe(catalogue)
    assert catalogue.kinds is known
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    clock.now += EVERY
    catalogue.refresh(idle=True)
    assert catalogue.kinds is known


@pytest.mark.slow
def test_a_daemons_report_tells_of_its_kinds(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        details = wait_for(lambda: daemon.report().get("kind_details"), "the kinds")
        assert details["svg"]["media_type"] == "image/svg+xml"
        assert details["svg"]["servable"]
        assert (daemon.spool / schema_path(details["svg"]["options_schema"])).is_file()
