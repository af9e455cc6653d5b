"""The files for rented GPUs: what SkyPilot and cloud-init think of them, and whether their scripts do what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).parents[2]
CLOUD = ROOT / "cloud"
SKYPILOT = "skypilot==0.14.1"
VALUES = {"DATA": "s3://my-images", "RUN": "my-bucket"}
"""For the variables that a user has to set."""

pytestmark = [pytest.mark.slow, pytest.mark.models]

READ = """
import json, sys
import sky, yaml
from sky.utils import common_utils, schemas

file, values = sys.argv[1], json.loads(sys.argv[2])
task = yaml.safe_load(open(file))
common_utils.validate_schema(task, schemas.get_task_schema(), "task: ")
common_utils.validate_schema(task["resources"], schemas.get_resources_schema(), "resources: ")
task = sky.Task.from_yaml_config(task, env_overrides=list(values.items()))
wanted = [{"spot": each.use_spot, "accelerators": each.accelerators} for each in task.resources]
print(json.dumps({"name": task.name, "envs": task.envs, "wanted": wanted}))
"""


def task(name: str) -> dict[str, Any]:
    loaded = yaml.safe_load((CLOUD / name).read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_skypilot_accepts_the_tasks(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "sky"], check=True, timeout=60)
    python = tmp_path / "sky/bin/python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", SKYPILOT], check=True, timeout=300, capture_output=True)
    said = {}
    for name, values in (("train-supersvg.sky.yaml", VALUES), ("daemon.sky.yaml", {})):
        done = subprocess.run(
            [python, "-c", READ, CLOUD / name, json.dumps(values)], env={**os.environ, "HOME": str(tmp_path)},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        said[name] = json.loads(done.stdout.splitlines()[-1])
    assert all(each["spot"] for each in said["train-supersvg.sky.yaml"]["wanted"])
    assert not any(each["spot"] for each in said["daemon.sky.yaml"]["wanted"])
    assert said["train-supersvg.sky.yaml"]["envs"].items() >= VALUES.items()


def test_cloud_init_accepts_its_file() -> None:
    assert shutil.which("cloud-init"), "cloud-init is missing: install the package cloud-init"
    done = subprocess.run(
        ["cloud-init", "schema", "--config-file", CLOUD / "cloud-init.yaml"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = task("cloud-init.yaml")["write_files"]
    subprocess.run(["bash", "-n", "-c", file["content"]], check=True)


@pytest.mark.parametrize("name", ["train-supersvg.sky.yaml", "daemon.sky.yaml"])
def test_the_machine_is_set_up_with_locked_requirements(name: str) -> None:
    setup = task(name)["setup"]
    subprocess.run(["bash", "-n", "-c", setup], check=True)
    assert "--require-hashes --requirement requirements/all.txt" in setup
    assert (ROOT / "requirements/all.txt").exists()


def home_with_spectacle(tmp_path: Path) -> dict[str, str]:
    """The variables of a home in which the set-up has been done."""
    programs = tmp_path / "spectacle/bin"
    programs.mkdir(parents=True)
    program = programs / "spectacle"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m spectacle "$@"\n')
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPECTACLE_")}
    return {**kept, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}


def test_training_resumes_on_the_next_machine_from_what_is_in_the_bucket(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in range(2):
        Image.effect_mandelbrot((64, 64), (-2, -1.5, 1, 1.5), 20 + number).convert("RGB").save(
            tmp_path / f"data/{number}.png"
        )
    script = task("train-supersvg.sky.yaml")["run"]
    # What is mounted there, and less work: two images once or twice, compared at a small size.
    script = re.sub(r"/data\b", str(tmp_path / "data"), script).replace("/run-supersvg", str(tmp_path / "bucket"))
    script = script.replace("--save-minutes 5", "--save-minutes 5 --render-size 32 --workers 0")
    said = []
    for epochs in ("1", "2"):
        done = subprocess.run(
            ["bash", "-c", script], env={**home_with_spectacle(tmp_path / epochs), "EPOCHS": epochs, "BATCH_SIZE": "2"},
            cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        said.append(done.stdout)
    assert "beginning" in said[0]
    assert "going on after step 1" in said[1]
    assert (tmp_path / "bucket/run/coarse.pt").stat().st_size > 0
