"""`spectacle train`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from spectacle.generators.supersvg.network import model
from spectacle.generators.supersvg.network.checkpoint import load_coarse

SMALL = ("--batch-size", 2, "--render-size", 32, "--workers", 0, "--cpu")


@pytest.fixture
def pictures(run, tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    run("datasets", "test", "--into", folder, "--count", 4, "--size", 64)
    return folder


def test_training_says_what_it_does_and_goes_on(
    run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "_DEPTH", 1)
    out = tmp_path / "out"
    result = run("train", "supersvg", "--data", pictures, "--out", out, "--max-steps", 2, *SMALL)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "4 images, 2 steps on cpu, beginning"
    assert lines[-2].startswith("epoch 0 step 2/2 loss 0.")
    assert lines[-1] == f"saved {out / 'coarse.pt'} after step 2"
    load_coarse(out / "coarse.pt")
    result = run("train", "supersvg", "--data", pictures, "--out", out, "--max-steps", 3, *SMALL)
    assert result.stdout.startswith("4 images, 3 steps on cpu, going on after step 2\n")


def test_only_known_networks_can_be_trained(run, tmp_path: Path) -> None:
    result = run("train", "picasso", "--data", tmp_path, "--out", tmp_path)
    assert result.exit_code == 2
    assert "'supersvg'" in result.stderr


def test_a_folder_without_pictures_is_refused(run, tmp_path: Path) -> None:
    result = run("train", "supersvg", "--data", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "contains no images" in result.stderr


def test_a_folder_that_cannot_be_made_is_named(run, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("train", "supersvg", "--data", pictures, "--out", tmp_path / "file/out", *SMALL)
    assert result.exit_code == 1
    assert f"{tmp_path / 'file/out'}: Not a directory" in result.stderr


@pytest.mark.slow
def test_ctrl_c_saves_and_says_how_to_go_on(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--batch-size", "2", "--render-size", "32", "--workers", "1", "--cpu"]
    training = subprocess.Popen(
        [sys.executable, "-m", "spectacle", "train", "supersvg", "--data", pictures, "--out", out, *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    guard = threading.Timer(120, training.kill)
    guard.start()
    assert training.stdout is not None
    for line in training.stdout:
        if line.startswith("epoch 0 step 1/"):
            break
    os.killpg(training.pid, signal.SIGINT)
    output, errors = training.communicate()
    guard.cancel()
    assert training.returncode == 130, errors
    assert f"saved {out / 'coarse.pt'} after step" in output
    assert "stopped. To resume: spectacle train supersvg --data" in errors
    load_coarse(out / "coarse.pt")
