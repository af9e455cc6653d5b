"""`spectacle train`."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from spectacle.cli.detached import Running, alone, follow, running, start
from spectacle.errors import SpectacleError
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
    assert "No such command 'picasso'" in result.stderr


def test_a_folder_without_pictures_is_refused(run, tmp_path: Path) -> None:
    result = run("train", "supersvg", "--data", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "contains no images" in result.stderr


def test_a_folder_that_cannot_be_made_is_named(run, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("train", "supersvg", "--data", pictures, "--out", tmp_path / "file/out", *SMALL)
    assert result.exit_code == 1
    assert f"{tmp_path / 'file/out'}: Not a directory" in result.stderr


def test_two_trainings_never_write_to_one_folder(run, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with alone(out):
        for detach in ([], ["--detach"]):
            result = run("train", "supersvg", "--data", pictures, "--out", out, *SMALL, *detach)
            assert result.exit_code == 1
            assert f"{out}: process {os.getpid()} on {socket.gethostname()} trains there already" in result.stderr
        assert running(out) == Running(os.getpid(), socket.gethostname())
    assert running(out) is None


def test_what_is_not_trained_cannot_be_stopped_or_followed(run, tmp_path: Path) -> None:
    result = run("train", "stop", tmp_path)
    assert result.exit_code == 1
    assert f"{tmp_path}: nothing is trained there" in result.stderr
    result = run("train", "logs", tmp_path)
    assert result.exit_code == 1
    assert f"{tmp_path / 'train.log'}: does not exist" in result.stderr


def test_a_training_on_another_host_is_left_alone(run, tmp_path: Path) -> None:
    with alone(tmp_path):
        (tmp_path / "train.lock").write_text(f"{os.getpid()} elsewhere\n")
        result = run("train", "stop", tmp_path)
    assert result.exit_code == 1
    assert f"{tmp_path}: it is trained on elsewhere" in result.stderr


def test_what_ends_with_an_error_before_it_begins_says_so_at_once(tmp_path: Path) -> None:
    with pytest.raises(SpectacleError, match=r"^error code 'no-such-code': unknown"):
        start(["explain", "no-such-code"], tmp_path, re.compile("images"))
    assert start(["explain", "bad-size"], tmp_path, re.compile("bad-size"))[1] == "bad-size"
    assert "bad-size" in "".join(follow(tmp_path))


@pytest.mark.slow
def test_a_detached_training_is_followed_stopped_and_resumed(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    spectacle = [sys.executable, "-m", "spectacle", "train"]
    begin = [*spectacle, "supersvg", "--data", pictures, "--out", out, *map(str, SMALL), "--detach"]
    begun = subprocess.run(begin, capture_output=True, text=True, check=True).stdout
    assert begun.startswith("4 images, 400 steps on cpu, beginning, as process ")
    assert f"spectacle train stop {out}" in begun
    with subprocess.Popen([*spectacle, "logs", "--follow", out], stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        for line in following.stdout:
            if line.startswith("epoch 0 step 1/"):
                break
        stopped = subprocess.run([*spectacle, "stop", out], capture_output=True, text=True, check=True).stdout
        assert re.fullmatch(r"process \d+ saved and ended. To resume, run the same command again.\n", stopped)
        assert "stopped. To resume: spectacle train supersvg --data" in following.stdout.read()
    assert following.returncode == 0
    load_coarse(out / "coarse.pt")
    again = subprocess.run([*begin, "--max-steps", "1"], capture_output=True, text=True, check=True).stdout
    assert ", going on after step " in again


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
