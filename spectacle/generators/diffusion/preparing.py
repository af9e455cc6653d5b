"""Writes a self-contained checkpoint of the Qwen-Image family: the adapter fused, the weights as they are loaded."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from spectacle.errors import GeneratorError
from spectacle.generators.diffusion import single_file
from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.placement import backends

_AS_THEY_ARE = ("processor", "scheduler", "tokenizer", "vae")
_LARGE = ("transformer", "text_encoder")
_PARTS = (*_AS_THEY_ARE, *_LARGE)


def write(
    checkpoint: Checkpoint,
    adapter: Path | None,
    folder: Path,
    quantization: str,
    say: Callable[[str], None],
    *,
    pipeline: str,
    added: Mapping[str, Path],
) -> None:
    """Write a checkpoint that needs no adapter and no network. Holds the whole transformer in memory.

    Args:
        checkpoint: The model.
        adapter: A Lightning adapter to fuse, or None.
        folder: Where the files go.
        quantization: `none`, `int8` or `nf4`.
        say: Called with a sentence for each part of the work.
        pipeline: Name of the pipeline's class.
        added: Directories of further parts, such as a ControlNet's.

    Raises:
        GeneratorError: When the weights cannot be stored in that way, or a file is damaged.
    """
    import torch

    from spectacle.generators.diffusion.adapters import fuse_adapter
    from spectacle.generators.diffusion.loading import check, quiet
    from spectacle.generators.diffusion.sampling import lightning_scheduler

    diffusers: Any = import_module("diffusers")
    if quantization not in ("none", "int8", "nf4"):
        raise GeneratorError(f"--quantize {quantization}: not possible for this model. Use none, int8 or nf4.")
    if quantization == "nf4" and not backends.has_gpu_for("nf4"):
        raise GeneratorError(
            "--quantize nf4: needs a GPU, and there is none here. Use int8, or prepare on a machine with a GPU."
        )
    quiet()
    check(checkpoint, getattr(diffusers, pipeline))
    shutil.copy(checkpoint.folder / "model_index.json", folder / "model_index.json")
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fused-") as scratch:
        found = {name: _in_directory(checkpoint, name, Path(scratch) / "single", say) for name in _PARTS}
        for name in _AS_THEY_ARE:
            if found[name].is_dir():
                shutil.copytree(found[name], folder / name)
        sources = {name: found[name] for name in _LARGE}
        if adapter is not None:
            say(f"fusing {adapter.name}")
            transformer = diffusers.QwenImageTransformer2DModel.from_pretrained(
                sources["transformer"], dtype=torch.bfloat16, use_safetensors=True, local_files_only=True
            )
            fusing = diffusers.QwenImagePipeline(
                scheduler=None, vae=None, text_encoder=None, tokenizer=None, transformer=transformer
            )
            fuse_adapter(fusing, adapter)
            sources["transformer"] = Path(scratch) / "transformer"
            if quantization == "none":
                sources["transformer"] = folder / "transformer"
            transformer.save_pretrained(sources["transformer"])
            scheduler: Any = lightning_scheduler()
            scheduler.save_pretrained(folder / "scheduler")
            del fusing, transformer
        for name, source in sources.items():
            if quantization != "none":
                say(f"storing the {name} as {quantization}")
                _quantize(source, folder / name, name, quantization)
            elif source != folder / name:
                shutil.copytree(source, folder / name)
    for name, source in added.items():
        shutil.copytree(source, folder / name)


def _in_directory(checkpoint: Checkpoint, name: str, scratch: Path, say: Callable[[str], None]) -> Path:
    """The directory of a part in diffusers' layout, written first where its weights are in a file of their own."""
    import torch

    from spectacle.generators.diffusion.loading import components

    file = checkpoint.files.get(name)
    if file is None:
        return checkpoint.folder_of(name)
    say(f"reading {file.path.name}")
    kind = components(checkpoint, checkpoint.pipeline)[name]
    model = single_file.load(file, kind, checkpoint.folder_of(name), torch.bfloat16, vision=checkpoint.shows_images)
    model.save_pretrained(scratch / name)
    return scratch / name


def _quantize(source: Path, target: Path, name: str, quantization: str) -> None:
    import diffusers
    import torch
    import transformers

    library: Any = diffusers if name == "transformer" else transformers
    kind = (
        diffusers.QwenImageTransformer2DModel
        if name == "transformer"
        else transformers.Qwen2_5_VLForConditionalGeneration
    )
    if quantization == "int8":
        from torchao.quantization import Int8WeightOnlyConfig

        config = library.TorchAoConfig(Int8WeightOnlyConfig())
    else:
        config = library.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    model: Any = kind.from_pretrained(
        source, dtype=torch.bfloat16, use_safetensors=True, local_files_only=True, quantization_config=config
    )
    model.save_pretrained(target)
