"""Running a pipeline in stages: what is on hand when, and what is left after an error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
from control import Control
from diffusers import QwenImageImg2ImgPipeline, QwenImagePipeline
from generating import CPU, picture, same

from spectacle.errors import Cancelled, GeneratorError, WeightsMissing
from spectacle.generators.diffusion.loading import Checkpoint, load_pipeline
from spectacle.generators.diffusion.qwen import encode_prompt
from spectacle.generators.diffusion.seeds import generator
from spectacle.generators.diffusion.stages import Stages
from spectacle.generators.diffusion.steps import StepReporter
from spectacle.generators.placement.plan import ComponentPlacement, Place, Plan


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tiny.qwen_image(folder)
    return folder


def stages(model: Path, staged: tuple[str, ...] = (), disk: tuple[str, ...] = ()) -> Stages:
    placements = tuple(
        ComponentPlacement(name, "none", Place.DISK if name in disk else Place.DEVICE, False, name in staged, 0)
        for name in ("transformer", "text_encoder", "vae")
    )
    plan = Plan("cpu", "bf16", "device", placements, False, "auto", False, "none", 0, 0, 0, 0)
    checkpoint = Checkpoint(model)
    return Stages(load_pipeline(QwenImagePipeline, checkpoint, plan), checkpoint, plan, CPU)


def generate(run: Stages, prompt: str = "a fox", control: Control | None = None, **more: Any) -> Any:
    kind = QwenImageImg2ImgPipeline if "image" in more else QwenImagePipeline
    call = {"width": 64, "height": 64, "num_inference_steps": 3, "true_cfg_scale": 1.0, "generator": generator(1)}
    return run.run(kind, StepReporter(control or Control()), **encode_prompt(run, prompt, 512), **call, **more)


def test_the_text_encoder_is_read_for_a_new_prompt_alone(model: Path) -> None:
    usual, staged = stages(model), stages(model, staged=("text_encoder",))
    assert staged.pipeline.text_encoder is None
    encode_prompt(staged, "a fox", 512)
    assert staged.pipeline.text_encoder is not None
    assert same(generate(staged), generate(usual))
    assert staged.pipeline.text_encoder is None
    generate(staged)
    assert staged.pipeline.text_encoder is None
    assert same(generate(staged, "a dog"), generate(usual, "a dog"))


@pytest.mark.slow
def test_a_text_encoder_streamed_from_disk_for_its_stage_encodes_the_same(model: Path) -> None:
    usual, streamed = stages(model), stages(model, staged=("text_encoder",), disk=("text_encoder",))
    for prompt in ("a fox", "a dog"):
        assert same(generate(streamed, prompt), generate(usual, prompt))
    streamed.close()


def test_parts_streamed_from_disk_draw_the_same_and_leave_no_files(model: Path) -> None:
    usual, streamed = stages(model), stages(model, disk=("transformer",))
    assert streamed._scratch is not None
    scratch = streamed._scratch.path
    assert any(scratch.rglob("*.safetensors"))
    assert same(generate(streamed), generate(usual))
    streamed.close()
    assert not scratch.exists()
    assert usual._scratch is None


def test_relatives_of_the_pipeline_share_its_parts_as_they_are(model: Path) -> None:
    run = stages(model)
    usual = generate(run)
    generate(run, image=picture((64, 64)), strength=0.7)
    assert run.pipeline.transformer.dtype == torch.bfloat16
    assert same(generate(run), usual)


def test_a_cancelled_picture_leaves_nothing_behind(model: Path) -> None:
    run = stages(model, staged=("text_encoder",))
    usual = generate(run)
    for after in (0, 1, 2):
        with pytest.raises(Cancelled):
            generate(run, "a dog", Control(cancel_after=after))
    assert same(generate(run), usual)


def test_a_staged_part_that_was_removed_meanwhile_is_named_and_used_when_it_is_back(model: Path) -> None:
    run = stages(model, staged=("text_encoder",))
    usual = generate(run)
    folder, elsewhere = model / "text_encoder", model / "elsewhere"
    folder.rename(elsewhere)
    try:
        with pytest.raises(WeightsMissing, match=rf"{folder}: removed while its model was loaded\. Run"):
            generate(run, "a dog")
        assert same(generate(run), usual)
    finally:
        elsewhere.rename(folder)
    generate(run, "a dog")


def test_a_staged_part_that_was_damaged_meanwhile_is_named(model: Path, tmp_path: Path) -> None:
    run = stages(model, staged=("text_encoder",))
    file = sorted((model / "text_encoder").glob("*.safetensors"))[0]
    whole = file.read_bytes()
    tiny.truncate(file)
    try:
        with pytest.raises(GeneratorError, match="text_encoder: cannot be loaded as Qwen2_5_VL"):
            encode_prompt(run, "a dog", 512)
    finally:
        file.write_bytes(whole)
    generate(run, "a dog")


@pytest.mark.parametrize(
    ("value", "attention", "said"),
    [
        (float("nan"), "auto", "an image of not-a-number values. Check the weights"),
        (float("nan"), "sage", "Set placement.attention = native instead of sage"),
        (0.0, "auto", "an image of a single color"),
    ],
)
def test_an_empty_image_is_an_error_that_names_the_likely_cause(
    model: Path, value: float, attention: str, said: str
) -> None:
    run = stages(model)
    last = run.pipeline.vae.decoder.conv_out
    torch.nn.init.constant_(last.weight, value)
    torch.nn.init.constant_(last.bias, value)
    run.plan = replace(run.plan, attention=attention)
    with pytest.raises(GeneratorError, match=said) as caught:
        generate(run)
    assert str(model) in str(caught.value)
