"""`spectacle pause`, `resume`, `queue` and `cancel`, without a daemon."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from spectacle.cli import completion
from spectacle.spool import pauses
from spectacle.spool.directory import Spool


def ask(spool: Spool, stem: str, age: int = 0) -> None:
    path = spool.path / f"{stem}.txt"
    path.write_text("a fox")
    now = spool.now_ns()
    os.utime(path, ns=(now, now - age * 10**9))


def test_a_pause_is_kept_and_ends_with_resume(run, spool: Spool) -> None:
    result = run("pause", "--spool", spool.path, "--reason", "new\nGPU")
    assert result.exit_code == 0
    assert "paused by" in result.output
    assert (spool.path / ".spectacle/paused").read_text() == "new GPU\n"
    assert run("pause", "--spool", spool.path, "--kind", "svg").exit_code == 0
    result = run("resume", "--spool", spool.path, "--kind", "svg")
    assert "kind svg is resumed" in result.output
    assert "still: the spool is paused" in result.output
    assert "the spool is resumed" in run("resume", "--spool", spool.path).output
    result = run("resume", "--spool", spool.path)
    assert (result.exit_code, result.output) == (0, "nothing was paused\n")


def test_a_kind_that_is_not_served_is_not_paused(run, spool: Spool) -> None:
    result = run("pause", "--spool", spool.path, "--kind", "svgg")
    assert result.exit_code == 1
    assert "kind svgg: no running instance serves it. Use one of picture, svg." in result.output
    assert "invalid kind" in run("pause", "--spool", spool.path, "--kind", "../x").output


def test_who_may_not_pause_is_told_whom_to_ask(run, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    result = run("pause", "--spool", spool.path)
    assert result.exit_code == 1
    assert "user 4242: not allowed to pause" in result.output
    assert "add this account to spool.operators" in result.output
    assert pauses.paused_kinds(spool) == []


def test_pauses_that_are_odd_are_reported_and_ignored(run, spool: Spool) -> None:
    (spool.path / ".spectacle/paused").symlink_to("/etc/passwd")
    (spool.path / ".spectacle/paused-svg").mkdir()
    (spool.path / ".spectacle/paused-BAD").write_text("")
    output = run("status", "--spool", spool.path).output
    assert ".spectacle/paused: ignored, because it is a symbolic link" in output
    assert ".spectacle/paused-svg: ignored, because it is a directory" in output
    assert "WARN  pause" in run("doctor", "--spool", spool.path).output


def test_the_queue_says_who_waits_in_which_place_and_why(run, spool: Spool, report) -> None:
    for number in range(1, 4):
        ask(spool, f"a-{number}-8x8", 100 - number)
    ask(spool, "b-1-8x8-card", 50)
    ask(spool, "c-1-64x64", 10)
    (spool.path / "c-1-64x64.lock").write_text("x")
    report(devices=[{"job": {"stem": "c-1-64x64", "eta_s": 4.0}}], held_up={"a": "user a: \x1b[31m too much"})
    found = json.loads(run("queue", "--spool", spool.path, "--json").stdout)["requests"]
    assert [(each["stem"], each["place"], each["why"]) for each in found] == [
        ("c-1-64x64", None, "runs on host-one"),
        ("a-1-8x8", 1, "user a: \x1b[31m too much"),
        ("b-1-8x8-card", 2, "no running instance serves kind card"),
        ("a-2-8x8", 3, "user a: \x1b[31m too much"),
        ("a-3-8x8", 4, "user a: \x1b[31m too much"),
    ]
    assert found[0]["eta_s"] == 4.0
    assert 98 < found[1]["seconds"] < 130
    shown = run("queue", "--spool", spool.path, "--user", "b").output
    assert "a-1-8x8" not in shown
    assert shown.endswith("1 waiting, 0 running\n")
    assert "\x1b" not in run("queue", "--spool", spool.path).output


def test_cancelling_takes_a_request_away_with_its_attachments_and_says_why_it_cannot(run, spool: Spool) -> None:
    for stem in ("a-1-8x8", "a-2-8x8"):
        ask(spool, stem)
    (spool.path / "a-1-8x8-options.json").write_text("{}")
    (spool.path / "a-3-8x8.png").write_text("x")
    result = run("cancel", "--spool", spool.path, spool.path / "a-1-8x8.txt", "a-3-8x8", "a-4-8x8", "notes")
    assert result.exit_code == 1
    assert "cancelled a-1-8x8\n" in result.output
    assert "a-3-8x8: has its result already." in result.output
    assert "a-4-8x8: no such request." in result.output
    assert "notes: not a request's name." in result.output
    assert sorted(os.listdir(spool.path)) == [".spectacle", "a-2-8x8.txt", "a-3-8x8.png"]


def test_shells_complete_the_requests_there_are(spool: Spool, tmp_path: Path) -> None:
    import click

    from spectacle.cli.cancel import command

    ask(spool, "a-1-8x8")
    context = click.Context(command)
    context.params["spool"] = spool.path
    assert [each.value for each in completion.STEMS(context, command.params[0], "a-")] == ["a-1-8x8"]


@pytest.mark.parametrize(
    ("setting", "level", "said"),
    [
        ('[hooks]\nfailed = ["no-such-program-x"]', "FAIL  hooks", "not found in PATH"),
        ('[hooks]\nanswered = ["./none"]', "FAIL  hooks", "does not exist"),
        ('[hooks]\nanswered = ["/etc/passwd"]', "FAIL  hooks", "is not executable"),
        ('[retention.kinds.poster]\nage = "7d"', "WARN  retention", "does not serve poster"),
        ("[retention.kinds.svg]", "WARN  retention", "retention.kinds.svg: sets nothing"),
        ('[spool]\noperators = ["no-such-account-x"]', "WARN  operators", "no account no-such-account-x"),
        ('[hooks]\nanswered = ["spool/tell"]', "FAIL  configuration", "is in the spool"),
    ],
)
def test_doctor_says_what_operators_have_set_in_vain(
    run, spool: Spool, tmp_path: Path, setting: str, level: str, said: str
) -> None:
    file = tmp_path / "spectacle.toml"
    file.write_text(setting)
    output = run("doctor", "--config", file, "--spool", spool.path).output
    line = next(line for line in output.splitlines() if line.startswith(level))
    assert said in line
