"""Every command in every environment: a clear line and an exit status, no traceback, no hanging, no false success."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from daemon_process import wait_for

from spectacle.cli import COMMANDS

MATRIX = Path(__file__).parent / "matrix.py"
USUAL = {
    "serve": (["serve", "--once", "--spool", "SPOOL", "--device", "cpu"], 0),
    "submit": (["submit", "a red fox", "--spool", "SPOOL"], 0),
    "submit and wait": (["submit", "--wait", "--timeout", "0.1", "a red fox", "--spool", "SPOOL"], 124),
    "illustrate": (["illustrate", "a red fox", "--size", "32x32", "--output", "OUT/fox.svg"], 0),
    "status": (["status", "--spool", "SPOOL"], 0),
    "status as JSON": (["status", "--json", "--spool", "SPOOL"], 0),
    "generators": (["generators"], 0),
    "one generator": (["generators", "qwen-image"], 0),
    "pull": (["pull", "none-of-that-name"], 1),
    "weights": (["weights"], 0),
    "prepare": (["prepare", "none-of-that-name", "OUT/prepared"], None),
    "train": (["train"], None),
    "datasets": (["datasets"], None),
    "init": (["init", "OUT/spool"], 0),
    "doctor": (["doctor", "--spool", "SPOOL"], 0),
    "show": (["show", "OUT/none.png"], None),
    "again": (["again", "OUT/none.png", "--spool", "SPOOL"], None),
    "gc": (["gc", "--spool", "SPOOL"], 0),
    "queue": (["queue", "--spool", "SPOOL"], 0),
    "cancel": (["cancel", "a-1-8x8", "--spool", "SPOOL"], 1),
    "pause": (["pause", "--reason", "maintenance", "--spool", "SPOOL"], 0),
    "resume": (["resume", "--spool", "SPOOL"], 0),
    "batch": (["batch", "OUT/none.csv", "OUT/images", "--spool", "SPOOL"], 2),
    "explain": (["explain", "bad-size"], 0),
    "schema": (["schema", "illustration"], 0),
    "gateway": (["gateway", "--listen", "nowhere", "--spool", "SPOOL"], None),
    "mcp": (["mcp", "--listen", "--spool", "SPOOL"], None),
    "runpod": (["runpod", "--concurrency", "none", "--spool", "SPOOL"], None),
}
"""A line for each command, and its exit status in an ordinary environment; None for one that is not 0."""

QUICK = ("no account", "ascii", "no output", "broken pipe", "no directory")
SLOW = (
    "ordinary",
    "no home",
    "cron",
    "narrow",
    "no input",
    "no errors",
    "full disk",
    "few descriptors",
    "missing spool",
)


UNREAD = ("no output", "broken pipe", "full disk")
"""Where nobody can read what a command prints."""
HARMLESS = ("ordinary", "no account", "no home", "cron", "ascii", "narrow", "no input", "no errors")
"""Where every command works as usual."""
WORKS_SILENTLY = ("serve", "illustrate", "gc", "init", "pause", "resume")
"""Commands that do more than print."""


def cases(tmp_path: Path, environment: str) -> list[dict[str, Any]]:
    home = tmp_path / "a place with spaces" / environment
    found = []
    for number, (words, status) in enumerate(USUAL.values()):
        spool, out = home / f"spool {number}", home / f"out {number}"
        out.mkdir(parents=True)
        if environment != "missing spool":
            spool.mkdir()
        arguments = [word.replace("SPOOL", str(spool)).replace("OUT", str(out)) for word in words]
        case = {"environment": environment, "arguments": arguments, "usual": status}
        found.append({**case, "cwd": str(out), "gone": str(out / "x")})
    return found


def outcomes(requested: list[dict[str, Any]]) -> list[dict[str, Any]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPECTACLE_")}
    done = subprocess.run(
        [sys.executable, MATRIX], input="".join(json.dumps(case) + "\n" for case in requested), capture_output=True,
        text=True, timeout=300, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(requested)
    return results


def wrong(result: dict[str, Any]) -> str | None:
    """What is wrong with how a command ended, or None."""
    environment, status, output, errors = (result[key] for key in ("environment", "status", "output", "errors"))
    command = result["arguments"][0]
    if result["hangs"]:
        return "hangs"
    if "Traceback" in output + errors or (not 0 <= status < 99 and status != 124):
        return f"status {status}"
    if environment in UNREAD and status == 0 and command not in WORKS_SILENTLY:
        return "success for nothing done"
    if environment in HARMLESS and (status != result["usual"] if result["usual"] is not None else status == 0):
        return f"status {status}, usually {result['usual']}"
    if status in (1, 2) and environment not in ("broken pipe", "no errors") and command != "doctor":
        said = [line for line in errors.splitlines() if line.strip()]
        if not any(line.startswith(("Error: ", "Usage: ")) for line in said):
            return "no word of why"
    silent = not (output or errors).strip()
    if status == 0 and silent and environment not in ("no output", "no errors") and command not in WORKS_SILENTLY:
        return "success without a word"
    return None


def check(results: list[dict[str, Any]]) -> None:
    failures = [
        f"{' '.join(result['arguments'])} [{result['environment']}]: {problem}\n{result['output'][-500:]}"
        f"{result['errors'][-1500:]}"
        for result in results
        if (problem := wrong(result)) is not None
    ]
    assert not failures, "\n---\n".join(failures)


def test_the_matrix_has_a_line_for_every_command() -> None:
    assert {words[0] for words, _ in USUAL.values()} == set(COMMANDS)


@pytest.mark.slow
@pytest.mark.root
def test_every_command_ends_clearly_in_odd_environments(tmp_path: Path) -> None:
    wanted = [case for environment in QUICK for case in cases(tmp_path, environment)]
    # Those that start processes take long.
    long = ("serve", "doctor")
    check(outcomes([case for case in wanted if case["arguments"][0] not in long or case["environment"] == QUICK[0]]))


@pytest.mark.slow
def test_every_command_ends_clearly_in_further_odd_environments(tmp_path: Path) -> None:
    check(outcomes([case for environment in SLOW for case in cases(tmp_path, environment)]))


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_serving_once_what_is_not_there_ends_at_once_with_the_reason(run: Any, tmp_path: Path, kind: str) -> None:
    if kind == "file":
        (tmp_path / "spool").touch()
    result = run("serve", "--once", "--spool", tmp_path / "spool")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith(f"Error: spool {tmp_path}/spool: ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_waiting_client_that_is_ended_takes_its_request_back(tmp_path: Path, number: signal.Signals) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / ".spectacle").mkdir()
    process = subprocess.Popen(
        ["env", f"--default-signal={number.name[3:]}", sys.executable, "-m", "spectacle", "submit", "--wait", "a fox",
         "--spool", spool],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    # It waits once it has said that nobody serves the spool.
    assert "no instance is running" in process.stderr.readline()
    wait_for(lambda: list(spool.glob("*.txt")), "the request")
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert errors.strip().endswith(" cancelled")
    assert not list(spool.glob("*.txt"))


@pytest.mark.parametrize("command", ["serve", "status", "submit", "doctor", "gc"])
def test_an_empty_spool_is_not_the_working_directory(run: Any, command: str) -> None:
    result = run(command, "--spool", "", *(["a fox"] if command == "submit" else []))
    assert result.exit_code == 2
    assert "Invalid value for '--spool': it is empty. Specify the spool directory." in result.stderr


@pytest.mark.parametrize("command", ["init", "doctor"])
def test_a_working_directory_that_has_been_removed_is_told(tmp_path: Path, command: str) -> None:
    arguments = {"init": "init spool", "doctor": "doctor --spool spool"}[command]
    (tmp_path / "gone").mkdir()
    script = f"cd {tmp_path}/gone && rmdir ../gone && exec {sys.executable} -m spectacle {arguments}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    if command == "init":
        assert done.stderr == "Error: the working directory has been removed. Change to another.\n"


def test_a_home_of_another_account_is_told_with_what_to_do(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.delenv("SPECTACLE_CONFIG", raising=False)
    monkeypatch.setattr(Path, "is_file", refuse)
    result = run("weights")
    assert result.exit_code == 1
    assert result.stderr.endswith(
        "Permission denied. Use --config, or set HOME to the home directory of this account.\n"
    )
