"""The command `spectacle` itself: help, start-up, completion, errors."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from spectacle.cli import COMMANDS

HEAVY = ("torch", "cairosvg", "watchdog", "rich", "pydantic", "numpy", "PIL")


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


def test_the_help_names_every_command(run) -> None:
    help_text = run("--help").stdout
    assert all(command in help_text for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_teaches_by_an_example(run, command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"spectacle {command}" in result.stdout.split("\n", 1)[1]


def test_it_runs_as_a_module() -> None:
    done = python("-m", "spectacle", "--version")
    assert done.stdout.startswith("spectacle, version ")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_and_version_load_no_heavy_library(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from spectacle.cli import main\n"
        f"try: main({arguments!r}, prog_name='spectacle')\n"
        "except SystemExit: pass\n"
        f"sys.exit(','.join(set(sys.modules) & set({HEAVY!r})))\n"
    )
    done = python("-c", code)
    assert done.stderr == "\n"
    assert "Usage" in done.stdout or "version" in done.stdout


@pytest.mark.parametrize(
    "command", ["submit", "status", "generators", "init", "gc", "schema", "doctor", "show", "again"]
)
def test_no_command_but_the_daemon_needs_torch_or_cairo_to_explain_itself(command: str) -> None:
    code = (
        "import sys\n"
        "from spectacle.cli import main\n"
        f"try: main([{command!r}, '--help'], prog_name='spectacle')\n"
        "except SystemExit: pass\n"
        "sys.exit(','.join(set(sys.modules) & {'torch', 'cairosvg', 'watchdog'}))\n"
    )
    assert python("-c", code).stderr == "\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_a_completion_script(shell: str) -> None:
    done = python("-m", "spectacle", _SPECTACLE_COMPLETE=f"{shell}_source")
    assert "_SPECTACLE_COMPLETE" in done.stdout
    assert done.returncode == 0


def complete(words: str, number: int) -> list[str]:
    done = python(
        "-m", "spectacle", _SPECTACLE_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(number)
    )  # fmt: skip
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_commands_are_completed() -> None:
    assert complete("spectacle s", 1) == [name for name in COMMANDS if name.startswith("s")]


def test_options_are_completed() -> None:
    assert "--size" in complete("spectacle submit --", 2)


@pytest.mark.parametrize(
    ("words", "number", "name"),
    [
        ("spectacle generators ", 2, "qwen-image"),
        ("spectacle pull q", 2, "qwen-image-edit"),
        ("spectacle schema ", 2, "illustration"),
        ("spectacle explain bad", 2, "bad-size"),
        ("spectacle submit --kind ", 3, "svg"),
        ("spectacle submit --option st", 3, "style="),
        ("spectacle pull qwen-image --preset ", 4, "lightning-4"),
    ],
)
def test_names_are_completed(words: str, number: int, name: str) -> None:
    assert name in complete(words, number)


def test_an_unknown_command_is_refused_as_wrong_usage(run) -> None:
    result = run("draw")
    assert result.exit_code == 2
    assert "No such command 'draw'" in result.stderr


def test_a_wrong_configuration_is_told_in_one_line(run, tmp_path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text("[spool]\nsettel = 1\n")
    for command in (["status"], ["submit", "x"], ["generators"], ["gc"], ["serve"]):
        result = run(*command, "--config", file)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"Error: {file}, line 2: unknown setting spool.settel. Did you mean settle?")
        assert result.stderr.count("\n") == 1


def test_a_missing_spool_is_told_in_one_line_with_the_remedy(run, tmp_path) -> None:
    for command in (["status"], ["submit", "x"], ["gc"]):
        result = run(*command, "--spool", tmp_path / "none")
        assert result.exit_code == 1
        assert result.stderr == (
            f"Error: spool {tmp_path}/none: does not exist. Mount it, or create it with `spectacle init`.\n"
        )
