"""LoRA adapters of the settings that a request names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from spectacle.config import LoraSettings
from spectacle.errors import BadOptions, WeightsMissing
from spectacle.generators.base import Resources
from spectacle.generators.diffusion.loras import (
    LoraOptions,
    changes_since,
    choose,
    facts_of,
    largest,
    scales_of,
    with_triggers,
)
from spectacle.weights import Store

MODELS = ("qwen-image", "Qwen/Qwen-Image-2512")


def resources(tmp_path: Path, **loras: LoraSettings) -> Resources:
    (tmp_path / "ink.safetensors").write_bytes(b"")
    ink = LoraSettings(file=str(tmp_path / "ink.safetensors"), scale=0.8, trigger="ink drawing")
    return Resources(Store(tmp_path / "weights"), loras={"ink": ink, **loras})


def chosen(*loras: dict[str, object]) -> LoraOptions:
    return LoraOptions.model_validate({"loras": list(loras)})


def test_a_request_names_adapters_and_may_set_their_scale(tmp_path: Path) -> None:
    (lora,) = choose(chosen({"name": "ink"}), resources(tmp_path), MODELS)
    assert (lora.file, lora.scale) == (tmp_path / "ink.safetensors", 0.8)
    (lora,) = choose(chosen({"name": "ink", "scale": -0.5}), resources(tmp_path), MODELS)
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert facts_of([lora]) == {"loras": [{"name": "ink", "scale": -0.5, "file": "ink.safetensors", "sha256": digest}]}


def test_an_adapter_with_another_content_is_told_from_that_of_a_result(tmp_path: Path) -> None:
    now = resources(tmp_path)
    recorded = facts_of(choose(chosen({"name": "ink"}), now, MODELS))["loras"]
    assert changes_since(recorded, now) == []
    assert changes_since([{"name": "gone"}, {}, {"name": "ink"}], now) == []
    (tmp_path / "ink.safetensors").write_bytes(b"other")
    assert changes_since(recorded, now) == ["ink"]
    (tmp_path / "ink.safetensors").unlink()
    assert changes_since(recorded, now) == []


def test_the_largest_adapter_that_a_request_may_name_counts_in_plans(tmp_path: Path) -> None:
    names = {"small": (), "large": MODELS[:1], "foreign": ("botanical",)}
    for number, name in enumerate(names, 1):
        save_file({"x.lora_A.weight": torch.zeros(number, 8)}, tmp_path / f"{name}.safetensors")
    now = resources(
        tmp_path,
        **{name: LoraSettings(file=str(tmp_path / f"{name}.safetensors"), models=of) for name, of in names.items()},
    )
    assert largest(now, MODELS) == 16
    assert largest(Resources(Store(tmp_path)), MODELS) == 0


def test_trigger_words_are_put_before_a_prompt_that_lacks_them(tmp_path: Path) -> None:
    loras = choose(chosen({"name": "ink"}), resources(tmp_path), MODELS)
    assert with_triggers("a fox", loras) == "ink drawing, a fox"
    assert with_triggers("an Ink Drawing of a fox", loras) == "an Ink Drawing of a fox"
    assert with_triggers("a fox", []) == "a fox"


def test_an_unknown_name_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadOptions, match=r"loras: 'inc' is not known\. Did you mean ink\? Use one of ink\."):
        choose(chosen({"name": "inc"}), resources(tmp_path), MODELS)
    with pytest.raises(BadOptions, match=r"this instance has no LoRA\. Configure it as \[loras\.NAME\]"):
        choose(chosen({"name": "ink"}), Resources(Store(tmp_path)), MODELS)


@pytest.mark.parametrize("name", ["../ink", "/etc/passwd", "ink.safetensors", ""])
def test_a_path_is_never_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadOptions):
        choose(chosen({"name": name}), resources(tmp_path), MODELS)


def test_an_adapter_for_another_model_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    for model in MODELS:
        choose(chosen({"name": "x"}), resources(tmp_path, x=LoraSettings(file=__file__, models=(model,))), MODELS)
    other = resources(tmp_path, x=LoraSettings(file=__file__, models=("botanical",)))
    with pytest.raises(
        BadOptions, match=r"x is for botanical, and this kind uses qwen-image with Qwen/Qwen-Image-2512"
    ):
        choose(chosen({"name": "x"}), other, MODELS)


def test_a_missing_file_is_named_with_what_brings_it(tmp_path: Path) -> None:
    gone = resources(tmp_path, x=LoraSettings(file=str(tmp_path / "gone.safetensors")))
    with pytest.raises(WeightsMissing, match=r"gone\.safetensors: the file of LoRA x is missing\."):
        choose(chosen({"name": "x"}), gone, MODELS)
    hub = resources(tmp_path, x=LoraSettings(repository="painter/ink", file="ink.safetensors"))
    with pytest.raises(WeightsMissing, match=r"Run `spectacle pull --lora x` on this host\."):
        choose(chosen({"name": "x"}), hub, MODELS)


@pytest.mark.parametrize(
    "loras",
    [[{"name": "a"}] * 2, [{"name": "b"}, {"name": "a"}, {"name": "a"}], [{"name": "a", "scale": 9}]],
)
def test_twice_the_same_and_extreme_scales_are_refused(loras: list[dict[str, object]]) -> None:
    with pytest.raises(ValidationError):
        chosen(*loras)


def test_a_request_may_name_as_many_as_there_are(tmp_path: Path) -> None:
    names = [f"style-{number}" for number in range(40)]
    (tmp_path / "style.safetensors").touch()
    each = LoraSettings(file=str(tmp_path / "style.safetensors"))
    found = choose(
        chosen(*({"name": name} for name in names)), resources(tmp_path, **dict.fromkeys(names, each)), MODELS
    )
    assert [lora.name for lora in found] == names


def test_a_file_under_two_names_counts_twice(tmp_path: Path) -> None:
    again = LoraSettings(file=str(tmp_path / "ink.safetensors"), scale=0.5)
    found = choose(chosen({"name": "ink"}, {"name": "again"}), resources(tmp_path, again=again), MODELS)
    assert scales_of(found) == {tmp_path / "ink.safetensors": 1.3}
    assert scales_of(found[:1], {tmp_path / "lightning.safetensors": 1.0}) == {
        tmp_path / "lightning.safetensors": 1.0,
        tmp_path / "ink.safetensors": 0.8,
    }
