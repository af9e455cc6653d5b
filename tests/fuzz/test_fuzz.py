"""Every fuzzing target, from its kept corpus on: the same 50,000 inputs every time, or others for a while."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.fuzz]

HERE = Path(__file__).parent
TARGETS = ("name", "options", "prompt", "picture", "svg", "claim", "commit", "making")
SAME = ["-runs=50000", "-seed=1"]
OTHERS = ["-max_total_time=60"]


@pytest.mark.parametrize("how", [SAME, pytest.param(OTHERS, marks=pytest.mark.storm)], ids=["same", "others"])
@pytest.mark.parametrize("target", TARGETS)
def test_no_input_breaks_a_promise(target: str, how: list[str], tmp_path: Path) -> None:
    kept = HERE / "corpus" / target
    assert any(kept.iterdir()), f"the corpus of {target} is missing"
    done = subprocess.run(
        [sys.executable, HERE / "targets.py", target, *how, "-timeout=10", "-rss_limit_mb=4096",
         f"-artifact_prefix={tmp_path}/", "-print_final_stats=1", tmp_path, kept],
        capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONWARNINGS": "error", "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    found = [path for path in tmp_path.iterdir() if path.name.startswith(("crash-", "timeout-", "oom-"))]
    inputs = [path.read_bytes()[:500] for path in found]
    assert done.returncode == 0, f"{inputs}\n{done.stderr[-3000:]}"
