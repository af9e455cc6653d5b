"""`make demo`: what it leaves behind, and what it says when something is wrong."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, ROOT / "scripts/demo.py", "pictures"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables that have the demo use a temporary directory of its own."""
    (tmp_path / "tmp").mkdir()
    return {**os.environ, "TMPDIR": str(tmp_path / "tmp")}


def left_behind(tmp_path: Path) -> list[str]:
    return os.listdir(tmp_path / "tmp")


def test_it_keeps_two_pngs_and_one_svg_and_prints_their_paths(tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        COMMAND, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    paths = [Path(line) for line in done.stdout.splitlines()[-3:]]
    assert [path.suffix for path in paths] == [".png", ".png", ".svg"]
    assert all(path.parent == tmp_path / "pictures" for path in paths)
    for path, size in zip(paths, [(1024, 768), (768, 1024)], strict=False):
        with Image.open(path) as picture:
            assert picture.size == size
    assert paths[2].read_text(encoding="utf-8").startswith("<svg")
    assert "\x1b" not in done.stdout + done.stderr
    assert left_behind(tmp_path) == []


def test_it_says_what_went_wrong_and_shows_the_daemons_log(tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        COMMAND, cwd=tmp_path, env={**environment, "SPECTACLE_LIMITS_MAX_PIXELS": "1000"}, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "1024x768 is 786432 pixels; the limit is 1000" in done.stderr
    assert "answered with an error" in done.stderr
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupting_it_stops_the_daemon(
    tmp_path: Path, environment: dict[str, str], number: signal.Signals, status: int
) -> None:
    # A request that is never complete keeps the demo waiting.
    environment |= {"SPECTACLE_SPOOL_SETTLE": "600"}
    process = subprocess.Popen(COMMAND, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert "Starting the daemon" in process.stdout.readline()
        assert "demo-1" in process.stdout.readline()
        process.send_signal(number)
        assert process.wait(30) == status
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("target", ["demo", "test"])
def test_make_knows_the_commands_of_the_readme(target: str) -> None:
    assert shutil.which("make"), "make is missing: install the package make"
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"demo": "scripts/demo.py", "test": "pytest"}[target] in done.stdout
