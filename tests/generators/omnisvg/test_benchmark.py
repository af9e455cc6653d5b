"""The benchmark for GPUs runs as a whole on a processor, with a small model."""

from __future__ import annotations

import json

import gpu_omnisvg
import pytest


@pytest.mark.parametrize("size", ["4B", "8B"])
def test_it_measures_each_way_and_the_limit(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--tiny", "--device", "cpu", "--size", size, "--tokens", "10", "--drawings", "2"]
    assert gpu_omnisvg.main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [way["way"] for way in told["ways"]] == ["generate()", "loop"]
    assert told["limit"] == pytest.approx(told["bandwidth"] / told["bytes"])
    for way in told["ways"]:
        assert way["tokens_per_second"] == pytest.approx(2000 / way["ms_per_step"])
        assert way["share"] == pytest.approx(1000 / way["ms_per_step"] / told["limit"])
