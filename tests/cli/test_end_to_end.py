"""The commands together with a real daemon."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import CONFIGURATION, Daemon, running, wait_for
from PIL import Image


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running(tmp_path_factory.mktemp("home")) as daemon:
        yield daemon


def pixels(path: Path) -> tuple[tuple[int, int], bytes]:
    with Image.open(path) as picture:
        return picture.size, picture.tobytes()


def command(daemon: Daemon, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "spectacle", *arguments, "--config", str(daemon.file), "--size", "64x48"]


def test_a_picture_is_asked_for_shown_and_made_again(run, daemon: Daemon) -> None:
    first = run("submit", "a red fox", "--config", daemon.file, "--size", "64x48", "--wait", "--timeout", "20")
    assert first.exit_code == 0, first.output
    picture = Path(first.stdout.strip())
    assert pixels(picture)[0] == (64, 48)
    making = json.loads(run("show", "--json", picture).stdout)
    assert (making["prompt"], making["kind"]) == ("a red fox", "card")
    second = run("again", picture, "--config", daemon.file, "--wait", "--timeout", "20")
    assert second.exit_code == 0, second.output
    assert pixels(Path(second.stdout.strip())) == pixels(picture)


def test_the_daemons_error_becomes_the_commands(run, daemon: Daemon) -> None:
    result = run(
        "submit", "x", "--config", daemon.file, "--size", "64x48", "--option", "nonsense=1", "--wait", "--timeout", "20"
    )  # fmt: skip
    assert result.exit_code == 1
    assert "nonsense" in result.stderr
    assert "copies" in result.stderr


def test_a_running_job_is_seen_until_it_is_taken_back(run, daemon: Daemon) -> None:
    request = Path(run("submit", "x", "--config", daemon.file, "--size", "64x48", "--kind", "slow").stdout.strip())
    wait_for(lambda: request.stem in run("status", "--config", daemon.file).stdout, "the job to be shown")
    request.unlink()
    wait_for(lambda: request.stem not in run("status", "--config", daemon.file).stdout, "the job to be gone")


def test_a_finished_job_is_soon_told_as_done(run, tmp_path: Path) -> None:
    # Reports are due every ten seconds with a lease of thirty.
    with running(tmp_path, CONFIGURATION.replace("lease_duration = 3", "lease_duration = 30")) as daemon:
        steps = ("--option", "steps=12", "--option", "step_seconds=0.1")
        arguments = ("--config", daemon.file, "--size", "8x8", *steps, "--wait", "--timeout", "20")
        assert run("submit", "x", *arguments).exit_code == 0
        wait_for(lambda: "1 answered" in run("status", "--config", daemon.file).stdout, "the job to be counted")
        assert "busy" not in run("status", "--config", daemon.file).stdout


def test_the_doctor_sees_the_daemon_and_does_not_disturb_it(run, daemon: Daemon) -> None:
    result = run("doctor", "--config", daemon.file)
    assert "1 running, on " in result.stdout
    assert "FAIL" not in result.stdout.replace("FAIL  kind fox", "")
    assert run("submit", "x", "--config", daemon.file, "--size", "8x8", "--wait", "--timeout", "20").exit_code == 0


def test_a_terminal_sees_progress_and_standard_output_gets_the_path_alone(daemon: Daemon) -> None:
    ours, theirs = pty.openpty()
    steps = ("--option", "steps=30", "--option", "step_seconds=0.05")
    process = subprocess.Popen(
        command(daemon, "submit", "x", "--wait", *steps), stdout=subprocess.PIPE, stderr=theirs, text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while part := os.read(ours, 4096):
            seen += part
    os.close(ours)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b"running, test-double on " in seen
    assert b"/30" in seen
    assert Path(output.strip()).suffix == ".png"


def test_ctrl_c_takes_a_running_request_back(daemon: Daemon) -> None:
    process = subprocess.Popen(
        # Where tests run in the background, SIGINT is ignored unless it is reset.
        ["env", "--default-signal=INT", *command(daemon, "submit", "x", "--wait", "--kind", "slow", "--user", "ann")],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(
        lambda: [name for name in daemon.public() if name.startswith("ann-") and name.endswith(".lock")], "a claim"
    )
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.endswith("-64x48-slow cancelled\n")
    wait_for(lambda: not [name for name in daemon.public() if name.startswith("ann-")], "the job to be gone")
