"""Models of the settings with parts from elsewhere: a checkpoint in one file, a part from another repository."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import pytest
import single_files
import tiny_pipelines
import torch
from generating import CPU, resources
from safetensors.torch import load_file
from tiny import put

from spectacle.config import ModelSettings, PartSettings
from spectacle.errors import GeneratorError
from spectacle.generators import registry
from spectacle.generators.base import Resources
from spectacle.generators.pipelines.generator import PipelineGenerator
from spectacle.weights import Store

PARTS = ("unet", "vae", "text_encoder", "text_encoder_2")
KINDS = {
    "unet": "UNet2DConditionModel",
    "vae": "AutoencoderKL",
    "text_encoder": "CLIPTextModel",
    "text_encoder_2": "CLIPTextModelWithProjection",
}


def found(store: Store, **parts: Any) -> Resources:
    """The settings with a model `tuned`, and parts of it given as paths or tables."""
    settings = {
        name: PartSettings.model_validate(each if isinstance(each, dict) else {"path": str(each)})
        for name, each in parts.items()
    }
    known = resources(store)
    return replace(known, models={"tuned": ModelSettings(repository="tiny/sdxl")}, parts={"tuned": settings})


def kind(known: Resources) -> type[PipelineGenerator]:
    made = registry.find("tuned", known)
    assert issubclass(made, PipelineGenerator)
    return made


def tensors(known: Resources) -> dict[str, dict[str, torch.Tensor]]:
    """The tensors of all parts once the model is loaded."""
    generator = kind(known)(None, known)
    assert generator.missing_weights(None, known) is None
    generator.load(CPU)
    assert generator._loaded is not None
    pipeline = generator._loaded._stages.pipeline
    read = {name: dict(getattr(pipeline, name).state_dict()) for name in PARTS}
    generator.unload()
    return read


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The directory of a tiny SDXL, and the same in one file."""
    folder = tmp_path_factory.mktemp("model")
    tiny_pipelines.save("sdxl", folder)
    file = single_files.write(
        tmp_path_factory.mktemp("checkpoints") / "tuned_v9.safetensors", single_files.ldm_checkpoint(folder, **KINDS)
    )
    return folder, file


@pytest.fixture
def pulled(tmp_path: Path, whole: tuple[Path, Path]) -> Store:
    """A store with what the model's repository is needed for: everything but weights."""
    store = Store(tmp_path / "weights")
    known = found(store, checkpoint=whole[1])

    def build(into: Path) -> None:
        tiny_pipelines.save("sdxl", into)
        for file in into.rglob("*.safetensors"):
            file.unlink()

    put(store, "tiny/sdxl", kind(known).sources(None, known)[0].files, build)
    return store


def test_a_checkpoint_in_one_file_is_loaded_as_its_parts(whole: tuple[Path, Path], pulled: Store) -> None:
    folder, file = whole
    read = tensors(found(pulled, checkpoint=file))
    for name in PARTS:
        published = single_files.weights(folder / name)
        assert {key.removeprefix("text_model.") for key in read[name]} == {
            key.removeprefix("text_model.") for key in published
        }
        for key, tensor in read[name].items():
            other = published.get(
                key, published.get(f"text_model.{key}", published.get(key.removeprefix("text_model.")))
            )
            assert other is not None
            assert torch.equal(tensor, other.to(tensor.dtype)), key


@pytest.mark.parametrize("name", ["unet", "vae"])
def test_diffusers_reads_the_same_from_the_file(whole: tuple[Path, Path], name: str) -> None:
    folder, file = whole
    of: Any = getattr(diffusers, KINDS[name])
    theirs = of.from_single_file(str(file), config=str(folder / name), local_files_only=True).state_dict()
    for key, tensor in single_files.weights(folder / name).items():
        assert torch.equal(theirs[key], tensor.to(theirs[key].dtype)), key


def test_plans_know_the_sizes_of_the_parts_in_the_file(whole: tuple[Path, Path], pulled: Store, tmp_path: Path) -> None:
    own = Store(tmp_path / "own")
    plain = replace(resources(own), models={"tuned": ModelSettings(repository="tiny/sdxl")})
    put(own, "tiny/sdxl", kind(plain).weights()[0].files, lambda folder: tiny_pipelines.save("sdxl", folder))
    usual = {part.name: part.parameters for part in kind(plain).installed_parts(None, plain)}
    known = found(pulled, checkpoint=whole[1])
    parts = {part.name: part.parameters for part in kind(known).installed_parts(None, known)}
    # The file has a projection of the first text encoder, too, in the published ones; here, nothing else.
    assert parts == usual


def test_a_model_of_another_kind_in_the_file_is_named(whole: tuple[Path, Path], pulled: Store, tmp_path: Path) -> None:
    stored = load_file(whole[1])
    others = {key: tensor for key, tensor in stored.items() if not key.startswith("first_stage_model.")}
    file = single_files.write(tmp_path / "a.safetensors", others)
    known = found(pulled, checkpoint=file)
    with pytest.raises(GeneratorError, match=r"a\.safetensors: has no first_stage_model\.…, so it is not a checkpoint"):
        kind(known)(None, known).load(CPU)
    del stored["model.diffusion_model.out.2.weight"]
    known = found(pulled, checkpoint=single_files.write(tmp_path / "b.safetensors", stored))
    with pytest.raises(
        GeneratorError, match=r"b\.safetensors: has no model\.diffusion_model\.out\.2\.weight, but a UNet"
    ):
        kind(known)(None, known).load(CPU)


def test_only_the_weights_that_come_from_elsewhere_are_not_pulled(tmp_path: Path) -> None:
    vae = {"repository": "other/vae-fix", "path": "vae.safetensors", "licence": "MIT"}
    known = found(Store(tmp_path / "none"), vae=vae)
    model, part = kind(known).sources(None, known)
    assert any(pattern.endswith(" except vae/*") for pattern in model.files)
    assert (part.repo, part.files, part.licence) == ("other/vae-fix", ("vae.safetensors",), "MIT")
