"""What each size takes: a plan for every card, and the whole model on it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from spectacle.config import PlacementSettings
from spectacle.errors import GeneratorError, OutOfMemory
from spectacle.generators.omnisvg.sizes import PART, PRESETS, component, make_plan
from spectacle.generators.placement.plan import Component, Machine, Place, Plan, Stage

FREE = 0.94
"""Part of a card's nominal memory that is free."""
BASES = {
    "8b": {"hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4},
    "4b": {
        "hidden_size": 2048,
        "num_hidden_layers": 36,
        "num_attention_heads": 16,
        "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    },
}


def plan(folder: Path, preset: str, gigabytes: int, **settings: str) -> Plan:
    """How a size would be placed on a card, or on a processor with so much memory when it is 0."""
    weights = folder / "pytorch_model.bin"
    weights.touch()
    os.truncate(weights, PRESETS[preset].weights.size)
    (folder / "config.json").write_text(json.dumps(BASES[preset]))
    part = component(weights, folder, 197_000)
    machine = Machine(
        ram=32 * 10**9, vram=int(FREE * gigabytes * 2**30), device="cuda" if gigabytes else "cpu", bf16=True
    )
    return make_plan(part, machine, PlacementSettings.model_validate(settings))


@pytest.mark.parametrize(
    ("preset", "gigabytes", "quantization"),
    [
        ("4b", 6, "nf4"),
        ("4b", 8, "int8"),
        ("4b", 12, "none"),
        ("8b", 12, "nf4"),
        ("8b", 16, "int8"),
        ("8b", 24, "none"),
        ("8b", 0, "none"),
    ],
)
def test_each_card_gets_the_best_that_fits_whole(
    preset: str, gigabytes: int, quantization: str, tmp_path: Path
) -> None:
    placed = plan(tmp_path, preset, gigabytes).of(PART)
    assert (placed.quantization, placed.place, placed.staged) == (quantization, Place.DEVICE, False)


def test_what_does_not_fit_is_said_before_it_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(OutOfMemory, match="does not fit"):
        plan(tmp_path, "8b", 8)


@pytest.mark.parametrize("settings", [{"residency": "group-offload"}, {"quantization": "gguf"}])
def test_settings_for_other_models_change_nothing(settings: dict[str, str], tmp_path: Path) -> None:
    placed = plan(tmp_path, "8b", 24, **settings).of(PART)
    assert (placed.quantization, placed.place) == ("none", Place.DEVICE)


def test_nf4_files_without_a_gpu_are_refused_with_what_to_do() -> None:
    part = Component(PART, Stage.DENOISE, 10**9, stored=10**9, stored_as="nf4")
    with pytest.raises(GeneratorError, match=r"prepared as nf4, which needs a GPU\. Prepare them as int8"):
        make_plan(part, Machine(ram=32 * 10**9, bf16=True), PlacementSettings())


def test_quantization_may_be_asked_for(tmp_path: Path) -> None:
    assert plan(tmp_path, "8b", 80, quantization="nf4").of(PART).quantization == "nf4"


@pytest.mark.parametrize(
    "config", [{"hidden_size": 3584}, BASES["4b"] | {"num_attention_heads": 0}, [1], {"hidden_size": []}]
)
def test_a_configuration_that_cannot_be_read_is_named(config: Any, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(GeneratorError, match=r"config\.json: cannot be read"):
        component(tmp_path / "pytorch_model.bin", tmp_path, 197_000)
