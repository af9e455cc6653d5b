"""What a request may change of a preset's sampling, and what it is told when it may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from spectacle.errors import BadOptions
from spectacle.generators.diffusion.sampling import GuidanceOptions, settle
from spectacle.generators.qwen_image.presets import PRESETS as DRAWING
from spectacle.generators.qwen_image_21.presets import PRESETS as DRAWING_21
from spectacle.generators.qwen_image_edit.presets import PRESETS as EDITING


def lightning() -> Iterator[Any]:
    families: tuple[Mapping[str, Any], ...] = (DRAWING, DRAWING_21, EDITING)
    for presets in families:
        for name, preset in presets.items():
            if preset.recipe.lightning:
                yield pytest.param(presets, name, id=f"{preset.repo.partition('/')[2]}-{name}")


@pytest.mark.parametrize(("presets", "name"), list(lightning()))
@pytest.mark.parametrize("option", [{"num_inference_steps": 20}, {"true_cfg_scale": 4.0}, {"negative_prompt": "dogs"}])
def test_lightning_names_the_preset_that_takes_what_it_does_not(
    presets: Mapping[str, Any], name: str, option: dict[str, Any]
) -> None:
    recipe = presets[name].recipe
    with pytest.raises(BadOptions, match=rf"use a kind with preset {recipe.free}\.$"):
        settle(GuidanceOptions(**option), recipe, name)
    free = presets[recipe.free]
    assert free.repo == presets[name].repo or name == "turbo"
    settle(GuidanceOptions(**option, **({} if "true_cfg_scale" in option else {"true_cfg_scale": 3})), free.recipe, "")


def test_a_negative_prompt_that_is_too_long_is_refused_not_cut() -> None:
    assert GuidanceOptions(negative_prompt="x" * 4000).negative_prompt == "x" * 4000
    with pytest.raises(ValidationError, match="at most 4000 characters"):
        GuidanceOptions(negative_prompt="x" * 4001)
    schema = GuidanceOptions.model_json_schema()["properties"]["negative_prompt"]
    assert schema["anyOf"][0] == {"type": "string", "maxLength": 4000}
