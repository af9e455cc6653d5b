"""How large the parts of a checkpoint are, wherever their weights come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from spectacle.generators.diffusion import single_file
from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.placement.components import read_component
from spectacle.generators.placement.files import TensorInfo, read_header, read_json
from spectacle.generators.placement.plan import Component, Stage


def read_part(checkpoint: Checkpoint, name: str, stage: Stage, **known: Any) -> Component:
    """A part with the sizes it has once it is loaded, from the headers of its files.

    Args:
        checkpoint: The checkpoint.
        name: The part.
        stage: When it runs.
        known: Further arguments of `read_component`.

    Raises:
        GeneratorError: When a file is missing or damaged.
    """
    folder, gguf = checkpoint.folder_of(name), checkpoint.gguf.get(name)
    own = _own_tensors(checkpoint, name)
    part = read_component(folder, name, stage, gguf=gguf, tensors=own, **known)
    return replace(part, only_gguf=True) if gguf is not None and own is not None else part


def tensors_of(checkpoint: Checkpoint, name: str) -> Iterator[Mapping[str, TensorInfo]]:
    """The tensors of a part, file by file.

    Raises:
        GeneratorError: When a file is missing or damaged.
    """
    own = _own_tensors(checkpoint, name)
    if own is not None:
        yield own
    else:
        yield from (read_header(file) for file in checkpoint.folder_of(name).glob("*.safetensors"))


def _own_tensors(checkpoint: Checkpoint, name: str) -> Mapping[str, TensorInfo] | None:
    """The tensors of a part that has a file of its own, and no other files."""
    folder = checkpoint.folder_of(name)
    if (file := checkpoint.files.get(name)) is not None:
        kind = read_json(checkpoint.folder / "model_index.json")[name][1]
        return single_file.sizes(file, kind, folder)
    gguf = checkpoint.gguf.get(name)
    if gguf is not None and not any(folder.glob("*.safetensors")):
        return single_file.sizes_of_gguf(gguf)
    return None
