"""SuperSVG's networks and checkpoints."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch

from spectacle.errors import GeneratorError, WeightsMissing
from spectacle.generators.supersvg.network.checkpoint import load_coarse, load_into, load_refine, read_tensors
from spectacle.generators.supersvg.network.model import Coarse, Refine, VisionTransformer

# Shapes of the published checkpoints.
COARSE = {
    "encoder.feature_extractor.cls_token": (1, 1, 384),
    "encoder.feature_extractor.pos_embed": (1, 197, 384),
    "encoder.feature_extractor.patch_embed.proj.weight": (384, 3, 16, 16),
    "encoder.feature_extractor.blocks.11.attn.qkv.weight": (1152, 384),
    "encoder.feature_extractor.blocks.0.mlp.fc2.weight": (384, 1536),
    "encoder.feature_extractor.norm.bias": (384,),
    "encoder.stroke_head.stroke_tokens": (1, 28, 128),
    "encoder.stroke_head.cross_attn_block.norm1.weight": (128,),
    "encoder.stroke_head.cross_attn_block.attn.wq.weight": (128, 128),
    "encoder.stroke_head.cross_attn_block.attn.wk.weight": (128, 384),
    "encoder.stroke_head.cross_attn_block.attn.wv.weight": (128, 384),
    "encoder.stroke_head.cross_attn_block.attn.proj.bias": (128,),
    "encoder.stroke_head.cross_attn_block.mlp.fc1.weight": (512, 128),
    "encoder.stroke_head.self_attn_blocks.0.attn.qkv.bias": (384,),
    "encoder.stroke_head.linear_head.weight": (28, 28),
}
REFINE = {
    "fuser_conv.conv1.weight": (16, 6, 3, 3),
    "fuser_conv.conv2.weight": (32, 16, 3, 3),
    "fuser_conv.conv3.bias": (3,),
    "encoder.feature_extractor.pos_embed": (1, 197, 384),
    "encoder.stroke_head.stroke_tokens": (1, 216, 768),
    "encoder.stroke_head.cross_attn_block.attn.wk.weight": (768, 384),
    "encoder.stroke_head.self_attn_blocks.3.mlp.fc1.weight": (3072, 768),
    "encoder.stroke_head.linear_head.weight": (1, 768),
}


@pytest.mark.parametrize(
    ("network", "shapes", "parameters"), [(Coarse, COARSE, 22_131_756), (Refine, REFINE, 56_685_940)]
)
def test_the_networks_have_the_published_keys_shapes_and_sizes(network, shapes, parameters) -> None:
    with torch.device("meta"):
        state = network().state_dict()
    assert {key: tuple(state[key].shape) for key in shapes} == shapes
    assert sum(value.numel() for value in state.values()) == parameters
    assert not any("wq.bias" in key or "wk.bias" in key or "wv.bias" in key for key in state)


def test_the_coarse_network_makes_128_paths_of_each_picture(published: Path) -> None:
    network = load_coarse(published / "coarse.pt")
    strokes = network(torch.rand(2, 3, 224, 224))
    assert strokes.shape == (2, 128, 28)
    assert ((strokes >= 0) & (strokes <= 1)).all()
    assert not torch.equal(strokes[0], strokes[1])


def test_the_refinement_network_adds_8_paths_to_a_canvas(published: Path) -> None:
    network = load_refine(published / "refine.pt")
    pictures = torch.rand(1, 3, 224, 224)
    on_black = network(pictures, torch.zeros_like(pictures))
    on_white = network(pictures, torch.ones_like(pictures))
    assert on_black.shape == (1, 8, 27)
    assert not torch.equal(on_black, on_white)


def test_a_checkpoint_holds_what_was_saved(published: Path) -> None:
    saved = torch.load(published / "coarse.pt", weights_only=True)
    loaded = load_coarse(published / "coarse.pt").state_dict()
    assert saved.keys() == loaded.keys()
    assert all(torch.equal(saved[key], loaded[key]) for key in saved)


def test_a_data_parallel_wrapper_may_have_saved_it(tmp_path: Path) -> None:
    state = hollow()
    torch.save({f"module.{key}": value for key, value in state.items()}, tmp_path / "coarse.pt")
    assert load_coarse(tmp_path / "coarse.pt").state_dict().keys() == state.keys()


def hollow() -> dict[str, torch.Tensor]:
    """The keys and shapes of the coarse network; all values of a tensor are the same one."""
    with torch.device("meta"):
        state = Coarse().state_dict()
    return {key: torch.zeros(()).expand(value.shape) for key, value in state.items()}


def test_missing_keys_are_named(tmp_path: Path) -> None:
    path = tmp_path / "coarse.pt"
    state = hollow()
    del state["encoder.stroke_head.stroke_tokens"]
    torch.save(state, path)
    with pytest.raises(GeneratorError, match=rf"{path} lacks encoder\.stroke_head\.stroke_tokens"):
        load_coarse(path)
    for key in [key for key in state if "blocks.3" in key]:
        del state[key]
    torch.save(state, path)
    with pytest.raises(GeneratorError, match="and 8 more"):
        load_coarse(path)


@pytest.mark.parametrize("value", [torch.full((28,), torch.nan), torch.ones(28, dtype=torch.int64)])
def test_weights_that_are_no_finite_numbers_are_named(tmp_path: Path, value: torch.Tensor) -> None:
    path = tmp_path / "coarse.pt"
    torch.save({**hollow(), "encoder.stroke_head.linear_head.bias": value}, path)
    with pytest.raises(
        GeneratorError, match=r"has values that are not finite in encoder\.stroke_head\.linear_head\.bias"
    ):
        load_coarse(path)


def test_unknown_keys_are_named(tmp_path: Path) -> None:
    torch.save({**hollow(), "encoder.extra": torch.zeros(1)}, tmp_path / "coarse.pt")
    with pytest.raises(GeneratorError, match=r"has unknown encoder\.extra"):
        load_coarse(tmp_path / "coarse.pt")


def test_keys_of_another_shape_are_named(tmp_path: Path) -> None:
    state = hollow()
    state["encoder.stroke_head.linear_head.bias"] = torch.zeros(27)
    torch.save(state, tmp_path / "coarse.pt")
    with pytest.raises(GeneratorError, match=r"linear_head\.bias \(27,\) instead of \(28,\)"):
        load_coarse(tmp_path / "coarse.pt")


def test_a_refinement_checkpoint_with_only_the_coarse_network_is_refused(published: Path) -> None:
    with pytest.raises(GeneratorError, match=r"lacks refine_model\.fuser_conv\.conv1\.weight"):
        load_refine(published / "coarse.pt")


class Evil:
    """A pickle that runs a command when it is read."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_checkpoint_is_refused_and_never_run(tmp_path: Path, zipped: bool) -> None:
    path, mark = tmp_path / "coarse.pt", tmp_path / "ran"
    torch.save({"a": Evil(f"touch {mark}")}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(GeneratorError, match=f"{path}: damaged, or contains something other than tensors"):
        read_tensors(path)
    path.write_bytes(pickle.dumps(Evil(f"touch {mark}"), protocol=2))
    with pytest.raises(GeneratorError, match=f"{path}: damaged, or contains something other than tensors"):
        read_tensors(path)
    assert not mark.exists()


def test_files_that_are_no_checkpoints_are_named(published: Path, tmp_path: Path) -> None:
    path = tmp_path / "coarse.pt"
    whole = (published / "coarse.pt").read_bytes()
    for content in (b"", b"<html>", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(GeneratorError, match=f"{path}: damaged, or contains something other than tensors"):
            load_coarse(path)
    for value in ([1, 2], {"a": 1}, torch.zeros(3)):
        torch.save(value, path)
        with pytest.raises(GeneratorError, match="not a state dict of tensors"):
            load_coarse(path)


def test_a_missing_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="spectacle pull supersvg --preset network"):
        load_coarse(tmp_path / "coarse.pt")


def test_the_transformer_of_dino_can_be_taken_alone(tmp_path: Path) -> None:
    state = VisionTransformer().state_dict()
    torch.save(state, tmp_path / "dino.pth")
    network = VisionTransformer()
    load_into(network, tmp_path / "dino.pth")
    assert torch.equal(network.pos_embed, state["pos_embed"])
