"""The benchmark for GPUs runs from end to end with tiny models, so that it is not found broken where there is one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks/gpu_qwen.py"


@pytest.mark.slow
def test_every_contestant_draws_in_every_case(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, BENCHMARK, "--tiny", "--device", "cpu", "--pictures", "1", "--json", figures]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    results = json.loads(figures.read_text())["results"]
    assert {row["contestant"] for row in results} == {"spectacle", "diffusers"}
    assert len(results) == 14
    assert all(row["image_s"] > row["step_s"] > 0 and row["ram"] > 0 for row in results)
    assert "of plain diffusers' time" in ended.stdout
