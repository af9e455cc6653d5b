"""Loading a pipeline's parts: what is checked, and what is said about files that are damaged or of something else."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest
import tiny
import torch
from diffusers import QwenImagePipeline
from safetensors.torch import load_file, save_file

from spectacle.errors import GeneratorError
from spectacle.generators.diffusion.loading import Checkpoint, check, load_pipeline
from spectacle.generators.placement.files import parameters, read_gguf, read_header, weight_files
from spectacle.generators.placement.plan import ComponentPlacement, Place, Plan

PARTS = ("transformer", "text_encoder", "vae")


def plan(staged: tuple[str, ...] = ()) -> Plan:
    """Everything in memory in bf16, or staged."""
    placements = tuple(ComponentPlacement(name, "none", Place.DEVICE, False, name in staged, 0) for name in PARTS)
    return Plan("cpu", "bf16", "device", placements, False, "auto", False, "none", 0, 0, 0, 0)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tiny.qwen_image(folder)
    return folder


@pytest.fixture
def model(pristine: Path, tmp_path: Path) -> Path:
    """A model that may be damaged."""
    return Path(shutil.copytree(pristine, tmp_path / "model"))


def load(model: Path, **given: object) -> QwenImagePipeline:
    return load_pipeline(QwenImagePipeline, Checkpoint(model, **given), plan())  # type: ignore[arg-type]


def shard(model: Path, part: str = "transformer") -> Path:
    return sorted((model / part).glob("*.safetensors"))[0]


def test_a_pipeline_is_loaded_as_diffusers_loads_it(pristine: Path) -> None:
    ours = load(pristine)
    theirs = QwenImagePipeline.from_pretrained(pristine, dtype=torch.bfloat16)
    assert dict(ours.scheduler.config) == dict(theirs.scheduler.config)
    assert ours.tokenizer.get_vocab() == theirs.tokenizer.get_vocab()
    for part in PARTS:
        one, other = getattr(ours, part).state_dict(), getattr(theirs, part).state_dict()
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one), part


def test_a_staged_part_is_not_loaded(pristine: Path) -> None:
    pipeline = load_pipeline(QwenImagePipeline, Checkpoint(pristine), plan(("text_encoder",)))
    assert pipeline.text_encoder is None
    assert pipeline.transformer is not None


def test_a_damaged_vocabulary_is_named(model: Path) -> None:
    (model / "tokenizer/vocab.json").write_text("{")
    with pytest.raises(GeneratorError, match=r"model/tokenizer: cannot be loaded as Qwen2Tokenizer: .*spectacle pull"):
        load(model)


@pytest.mark.parametrize("part", PARTS)
def test_a_truncated_file_is_named(model: Path, part: str) -> None:
    file = shard(model, part)
    tiny.truncate(file)
    with pytest.raises(GeneratorError, match=rf"{part}/{file.name}: truncated.*spectacle pull"):
        load(model)


def test_a_file_cut_within_its_header_is_named(model: Path) -> None:
    file = shard(model)
    with file.open("r+b") as opened:
        opened.truncate(100)
    with pytest.raises(GeneratorError, match=rf"{file.name}: not a safetensors file, or damaged at its beginning"):
        load(model)


def test_an_empty_file_is_named(model: Path) -> None:
    shard(model).write_bytes(b"")
    with pytest.raises(GeneratorError, match="not a safetensors file"):
        load(model)


def test_a_missing_shard_is_named(model: Path) -> None:
    file = shard(model)
    file.unlink()
    with pytest.raises(GeneratorError, match=rf"{file.name}: missing, although .*index\.json lists it"):
        load(model)


@pytest.mark.parametrize("name", ["model_index.json", "transformer/config.json", "scheduler", "tokenizer"])
def test_a_missing_file_or_folder_is_named(model: Path, name: str) -> None:
    path = model / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(GeneratorError, match=rf"{name}: .*spectacle pull"):
        load(model)


def test_a_pickle_where_safetensors_belong_is_refused_and_never_read(model: Path, tmp_path: Path) -> None:
    class Boom:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return (Path.touch, (tmp_path / "ran",))

    for file in (model / "vae").glob("*.safetensors"):
        file.unlink()
    (model / "vae/diffusion_pytorch_model.bin").write_bytes(pickle.dumps(Boom()))
    with pytest.raises(GeneratorError, match=r"vae/diffusion_pytorch_model\.bin: a pickle, which can run code"):
        load(model)
    # One that pretends to be a safetensors file is no better.
    (model / "vae/diffusion_pytorch_model.bin").rename(model / "vae/diffusion_pytorch_model.safetensors")
    with pytest.raises(GeneratorError, match="not a safetensors file"):
        load(model)
    assert not (tmp_path / "ran").exists()


def test_a_shard_outside_the_folder_is_refused(model: Path) -> None:
    index = next((model / "transformer").glob("*.index.json"))
    named = json.loads(index.read_text())
    named["weight_map"] = dict.fromkeys(named["weight_map"], "../vae/diffusion_pytorch_model.safetensors")
    index.write_text(json.dumps(named))
    with pytest.raises(GeneratorError, match="does not list any shards"):
        load(model)


def test_another_pipelines_weights_are_refused(model: Path) -> None:
    index = model / "model_index.json"
    index.write_text(index.read_text().replace("QwenImagePipeline", "QwenImageEditPipeline"))
    with pytest.raises(GeneratorError, match="QwenImageEditPipeline, but QwenImagePipeline is needed"):
        load(model)


def test_another_models_part_is_refused(model: Path) -> None:
    index = model / "model_index.json"
    index.write_text(index.read_text().replace("QwenImageTransformer2DModel", "FluxTransformer2DModel"))
    with pytest.raises(
        GeneratorError,
        match=r"transformer is a FluxTransformer2DModel, but QwenImagePipeline needs a "
        r"QwenImageTransformer2DModel",
    ):
        load(model)


def test_code_of_a_checkpoint_is_never_run(model: Path) -> None:
    index = model / "model_index.json"
    (model / "own.py").write_text("raise SystemExit")
    index.write_text(index.read_text().replace('"diffusers",\n    "QwenImageT', '"own",\n    "QwenImageT'))
    with pytest.raises(GeneratorError, match=r"own\.QwenImageTransformer2DModel, .* never run"):
        load(model)


def test_weights_of_another_shape_are_refused(model: Path) -> None:
    config = model / "transformer/config.json"
    config.write_text(config.read_text().replace('"num_layers": 2', '"num_layers": 3'))
    with pytest.raises(GeneratorError, match=r"transformer: .* transformer_blocks\.2\.\S+ is missing"):
        load(model)


def test_weights_of_another_width_are_refused(model: Path) -> None:
    config = model / "vae/config.json"
    config.write_text(config.read_text().replace('"base_dim": 8', '"base_dim": 12'))
    with pytest.raises(GeneratorError, match=r"vae.* AutoencoderKLQwenImage"):
        load(model)


def test_a_text_encoder_of_another_width_is_refused(model: Path) -> None:
    config = model / "text_encoder/config.json"
    config.write_text(config.read_text().replace('"intermediate_size": 48', '"intermediate_size": 64'))
    with pytest.raises(GeneratorError, match="text_encoder"):
        load(model)


def test_a_lost_tensor_is_not_replaced_by_chance(model: Path) -> None:
    file = next((model / "vae").glob("*.safetensors"))
    tensors = load_file(file)
    tensors.pop("decoder.conv_out.bias")
    save_file(tensors, file, {"format": "pt"})
    with pytest.raises(GeneratorError, match=r"decoder\.conv_out\.bias is missing"):
        load(model)


def test_a_part_may_come_from_elsewhere(model: Path, tmp_path: Path) -> None:
    tiny.vae(tmp_path / "other", seed=99)
    shutil.rmtree(model / "vae")
    pipeline = load(model, elsewhere={"vae": tmp_path / "other"})
    want = load_file(tmp_path / "other/diffusion_pytorch_model.safetensors")
    assert torch.equal(pipeline.vae.decoder.conv_out.bias, want["decoder.conv_out.bias"])


def test_a_variant_is_found_by_its_name(model: Path) -> None:
    file = next((model / "vae").glob("*.safetensors"))
    file.rename(file.with_name("diffusion_pytorch_model.fp16.safetensors"))
    assert [found.name for found in weight_files(model / "vae", "fp16")] == ["diffusion_pytorch_model.fp16.safetensors"]
    with pytest.raises(GeneratorError, match="vae: has no safetensors weights"):
        weight_files(model / "vae")


def test_checking_alone_loads_nothing(model: Path) -> None:
    check(Checkpoint(model), QwenImagePipeline)
    tiny.truncate(shard(model))
    with pytest.raises(GeneratorError, match="truncated"):
        check(Checkpoint(model), QwenImagePipeline)


def test_headers_tell_what_files_hold(pristine: Path, tmp_path: Path) -> None:
    model = tiny.transformer_model()
    headers = [read_header(file) for file in weight_files(pristine / "transformer")]
    assert sum(parameters(header) for header in headers) == sum(each.numel() for each in model.parameters())
    tiny.single_file_gguf(tmp_path / "a.gguf", model)
    assert read_gguf(tmp_path / "a.gguf") == {name: tensor.numel() for name, tensor in model.state_dict().items()}
