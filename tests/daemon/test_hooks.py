"""Programs after results: bounded, without a shell, and in nobody's way."""

from __future__ import annotations

import sys
import time

import pytest
from daemon_process import wait_for

from spectacle.config import HookSettings, Settings
from spectacle.daemon.hooks import Ended, Hooks, run
from spectacle.daemon.notices import Notices
from spectacle.spool.naming import RequestName


def settings(**hooks: object) -> HookSettings:
    return HookSettings.model_validate(hooks)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_what_a_program_may_use_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(python("pass"), {}, settings(), lambda: False) is None
    said = run(python("bytearray(10**9)"), {}, settings(memory="300MB"), lambda: False)
    assert said is not None
    assert "MemoryError" in said
    began = time.monotonic()
    said = run(python("import time; time.sleep(60)"), {}, settings(timeout=0.2), lambda: False)
    assert said is not None
    assert "killed after 0.2 s" in said
    said = run(python("import sys\nwhile True: sys.stderr.write('x' * 99999)"), {}, settings(timeout=1), lambda: False)
    assert said is not None
    assert len(said) < 1000
    assert time.monotonic() - began < 30


def test_a_program_gets_no_variable_that_may_be_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "x")
    monkeypatch.setenv("SPECTACLE_SPOOL_PATH", "x")
    code = "import os, sys; sys.exit(sorted(set(os.environ) - {'LC_CTYPE', 'PATH', 'HOME'} and set(os.environ)))"
    said = run(python(code), {"HOOK_STEM": "a-1-8x8"}, settings(), lambda: False)
    assert said is not None
    assert "HOOK_STEM" in said
    assert "SECRET" not in said
    assert "SPECTACLE" not in said


def test_a_program_that_cannot_be_started_is_told() -> None:
    assert "cannot be started: No such file" in str(run(["/none/x"], {}, settings(), lambda: False))
    assert "cannot be started: Permission denied" in str(run(["/etc/passwd"], {}, settings(), lambda: False))


def test_no_more_run_and_wait_than_allowed_and_what_is_left_at_the_end_is_killed() -> None:
    every = Settings.model_validate({"hooks": {"answered": python("import time; time.sleep(60)"), "waiting": 3}})
    hooks = Hooks(lambda: every, Notices())
    began = time.monotonic()
    for number in range(50):
        name = RequestName.from_stem(f"a-{number}-8x8")
        assert name is not None
        hooks.ended(Ended(name, "picture", (f"{name.stem}.png",)))
    assert time.monotonic() - began < 5
    wait_for(lambda: hooks._busy == 2, "two to run")
    assert hooks._waiting <= 3
    assert not hooks.wait(0.01)
    hooks.close()
    assert hooks._busy == 0
