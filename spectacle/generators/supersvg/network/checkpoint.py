"""Reads SuperSVG's published checkpoints, which are pickles of foreign origin, as tensors and nothing else."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import TypeVar

import torch
from torch import Tensor, nn

from spectacle.errors import GeneratorError, WeightsMissing, one_line
from spectacle.generators.supersvg.network.model import Coarse, Refine

COARSE_FILE = "coarse.pt"
"""State dict of `Coarse`, as published and as `spectacle train` writes it."""

REFINE_FILE = "refine.pt"
"""What was saved in training `Refine`: its state dict is in it under `refine_model.`, among others."""

_SHOWN = 5
_Network = TypeVar("_Network", bound=nn.Module)
_REFINE_PREFIX = "refine_model."


def load_coarse(path: Path) -> Coarse:
    """The coarse network with the weights of a file.

    Keys may begin with `module.`, as a data-parallel wrapper saves them.

    Raises:
        WeightsMissing: When the file does not exist.
        GeneratorError: When it is damaged, holds more than tensors, its keys or shapes are not the network's, or its
            weights are NaN or infinite.
    """
    return _filled(Coarse, read_tensors(path), path)


def load_refine(path: Path) -> Refine:
    """The refinement network with the weights of a file.

    The state dict may be under `model_state_dict`, next to an optimizer's. Of its keys those count that begin with
    `refine_model.`; others belong to what else took part in training.

    Raises:
        WeightsMissing: When the file does not exist.
        GeneratorError: As `load_coarse`.
    """
    tensors = read_tensors(path)
    wanted = {
        key.removeprefix(_REFINE_PREFIX): value for key, value in tensors.items() if key.startswith(_REFINE_PREFIX)
    }
    return _filled(Refine, wanted, path, _REFINE_PREFIX)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The state dict in a file, without running any code that the file may hold.

    Raises:
        WeightsMissing: When the file does not exist.
        GeneratorError: When it is damaged or holds more than tensors.
    """
    try:
        # Mapped, so that an optimizer's state next to the weights is never read.
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except FileNotFoundError:
        raise WeightsMissing(f"{path}: missing. Run `spectacle pull supersvg --preset network`.") from None
    except (UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError) as error:
        raise GeneratorError(
            f"{path}: damaged, or contains something other than tensors. Pull it again.",
            reason=one_line(error, 200),
        ) from None
    if isinstance(content, Mapping) and "model_state_dict" in content:
        content = content["model_state_dict"]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise GeneratorError(f"{path}: not a state dict of tensors. Download it again.")
    return {str(key).removeprefix("module."): value for key, value in content.items()}


def load_into(model: nn.Module, path: Path) -> None:
    """Give a module the weights of a file.

    Raises:
        WeightsMissing: When the file does not exist.
        GeneratorError: As `load_coarse`.
    """
    _fill(model, read_tensors(path), path)


def _filled(network: type[_Network], tensors: Mapping[str, Tensor], path: Path, prefix: str = "") -> _Network:
    with torch.device("meta"):
        model = network()
    _fill(model, tensors, path, prefix)
    return model.requires_grad_(False).eval()


def _fill(model: nn.Module, tensors: Mapping[str, Tensor], path: Path, prefix: str = "") -> None:
    expected = model.state_dict()
    _refuse(path, "lacks", [prefix + key for key in expected if key not in tensors])
    _refuse(path, "has unknown", [prefix + key for key in tensors if key not in expected])
    _refuse(
        path,
        "has other shapes than expected of",
        [
            f"{prefix}{key} {tuple(tensors[key].shape)} instead of {tuple(value.shape)}"
            for key, value in expected.items()
            if tensors[key].shape != value.shape
        ],
    )
    _refuse(
        path, "has values that are not finite in", [f"{prefix}{key}" for key in expected if not _finite(tensors[key])]
    )
    copies = {key: value.to(torch.float32, copy=True) for key, value in tensors.items()}
    model.load_state_dict(copies, strict=True, assign=True)


def _finite(tensor: Tensor) -> bool:
    return tensor.is_floating_point() and bool(tensor.isfinite().all())


def _refuse(path: Path, what: str, keys: Sequence[str]) -> None:
    if keys:
        more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
        raise GeneratorError(
            f"{path} {what} {', '.join(keys[:_SHOWN])}{more}: not a checkpoint of this network, or incomplete. Pull "
            f"it again."
        )
