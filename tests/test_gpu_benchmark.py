"""The benchmark for GPUs runs from end to end with tiny models, so that it is not found broken where there is one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import gpu_qwen
import pytest

# Each contestant has a process of its own in each case: apart, they can run side by side.
PARTS = sorted({name.partition("-")[0] for name in gpu_qwen.CASES})


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_every_contestant_draws_in_every_case(tmp_path: Path, part: str) -> None:
    figures = tmp_path / "figures.json"
    cases = [name for name in gpu_qwen.CASES if name.startswith(f"{part}-")]
    command = [sys.executable, gpu_qwen.__file__, "--tiny", "--device", "cpu", "--pictures", "1", "--json", figures]
    for name in cases:
        command += ["--case", name]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    results = json.loads(figures.read_text())["results"]
    assert [(row["case"], row["contestant"]) for row in results] == [
        (name, contestant) for name in cases for contestant in gpu_qwen.CONTESTANTS
    ]
    assert all(row["image_s"] > row["step_s"] > 0 and row["ram"] > 0 for row in results)
    assert ended.stdout.count("of plain diffusers' time") == len(cases)
