"""Loads a part of a model from a file of its own: every tensor is checked before the first one is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectacle.errors import GeneratorError
from spectacle.generators.diffusion.single_file.layouts import Layout, Origin, layout_of
from spectacle.generators.diffusion.single_file.tensors import Entry, Opened, entries, opened
from spectacle.generators.placement.files import TensorInfo, read_json

if TYPE_CHECKING:
    import torch
    from torch import nn

OTHER = "Use the file of this model"
"""What to do about a file of another model."""


@dataclass(frozen=True, slots=True)
class PartFile:
    """A file with the weights of a part; its configuration is that of the model's repository.

    Attributes:
        path: A safetensors or GGUF file.
        projector: The GGUF file with what looks at images, of a text encoder that does.
        whole: Whether the file has the other parts of the pipeline too.
    """

    path: Path
    projector: Path | None = None
    whole: bool = False


def sizes(file: PartFile, kind: str, folder: Path) -> Mapping[str, TensorInfo]:
    """The tensors of a part and what they are loaded as, from the headers of its files alone.

    Args:
        file: The file.
        kind: Name of the part's class.
        folder: Where its configuration is.

    Raises:
        GeneratorError: When a file is missing or damaged, or quantized in a way that cannot be read.
    """
    layout = _layout(file, kind, folder, vision=False)
    found = _found(file, layout)
    return {name: entry.info for name, (entry, _) in found.items() if not layout.unused.fullmatch(name)}


def sizes_of_gguf(file: Path) -> Mapping[str, TensorInfo]:
    """The tensors of a GGUF file that diffusers loads as it is.

    Raises:
        GeneratorError: When it is missing or damaged.
    """
    return {name: entry.info for name, entry in entries(file).items()}


def check(file: PartFile, kind: type, folder: Path, *, vision: bool = True) -> None:
    """Check whether a file has all tensors of a part, in their shapes, and no others. Reads no numbers.

    Args:
        file: The file.
        kind: The part's class.
        folder: Where its configuration is.
        vision: Whether the pipeline shows images to it.

    Raises:
        GeneratorError: When it has not; the message names the file, the tensor and the remedy.
    """
    layout = _layout(file, kind.__name__, folder, vision=vision)
    _matched(file, _empty(kind, folder), layout, _found(file, layout), folder)


def load(
    file: PartFile,
    kind: type,
    folder: Path,
    dtype: torch.dtype,
    *,
    vision: bool = True,
    quantize: Callable[[nn.Linear], None] | None = None,
) -> Any:
    """Load a part on the CPU.

    Args:
        file: The file.
        kind: The part's class.
        folder: Where its configuration is.
        dtype: In which type its numbers are afterwards.
        vision: Whether the pipeline shows images to it.
        quantize: Called with each layer whose matrix may be quantized, as soon as it is complete, so that the part is
            never in memory as a whole in `dtype`.

    Raises:
        GeneratorError: As `check` does.
    """
    layout = _layout(file, kind.__name__, folder, vision=vision)
    found = _found(file, layout)
    model = _empty(kind, folder)
    origins, left_out = _matched(file, model, layout, found, folder)
    with ExitStack() as stack:
        readers = {
            path: stack.enter_context(opened(path, {name: entry for name, (entry, at) in found.items() if at == path}))
            for path in {at for _, at in found.values()}
        }
        for module, name, slot in _slots(model):
            if name in origins:
                _fill(module, name, slot, origins[name], found, readers, _type_of(name, kind, dtype))
            if quantize is not None and _is_quantizable(module, name):
                quantize(module)
    _leave_out(model, left_out)
    if hasattr(model, "tie_weights"):
        model.tie_weights()
    return model.eval()


def _layout(file: PartFile, kind: str, folder: Path, *, vision: bool) -> Layout:
    config = read_json(folder / "config.json")
    gguf = file.path.suffix == ".gguf"
    layout = layout_of(kind, config, gguf=gguf, whole=file.whole, vision=vision)
    if layout is None:
        raise GeneratorError(
            f"{file.path}: a {kind} cannot be read from a file of a whole checkpoint. Use a file or directory for each "
            f"part under [weights.parts]."
        )
    if file.projector is None and gguf and vision and "model.visual" not in layout.optional and kind.startswith("Qwen"):
        raise GeneratorError(
            f"{file.path}: has no vision tower, which editing needs. Set projector to the mmproj file of the same "
            f"model in [weights.parts]."
        )
    return layout


def _found(file: PartFile, layout: Layout) -> dict[str, tuple[Entry, Path]]:
    found: dict[str, tuple[Entry, Path]] = {}
    for path in (file.path, *((file.projector,) if file.projector is not None else ())):
        there = entries(path, layout.prefix if file.whole else "")
        if not there:
            what = f"{layout.prefix}…, so it is not a checkpoint of this kind" if layout.prefix else "tensors"
            raise GeneratorError(f"{path}: has no {what}. {OTHER}.")
        found.update({name: (entry, path) for name, entry in there.items()})
    return found


def _empty(kind: Any, folder: Path) -> Any:
    """A model without numbers in its parameters."""
    from accelerate import init_empty_weights

    with init_empty_weights(include_buffers=False):
        if kind.__module__.startswith("diffusers."):
            return kind.from_config(kind.load_config(folder))
        return kind(kind.config_class.from_pretrained(folder, local_files_only=True))


def _matched(
    file: PartFile, model: Any, layout: Layout, found: Mapping[str, tuple[Entry, Path]], folder: Path
) -> tuple[dict[str, Origin], tuple[str, ...]]:
    """The origins of a model's tensors, and the modules that are left out."""
    who = f"a {type(model).__name__} as {folder / 'config.json'} describes it"
    wanted = model.state_dict()
    origins = {name: layout.names(name) for name in wanted}
    left_out = tuple(
        each
        for each in layout.optional
        if not any(key in found for name in wanted if name.startswith(f"{each}.") for key in origins[name].keys)
    )
    tied = _tied(model)
    origins = {
        name: origin for name, origin in origins.items() if not name.startswith(tuple(f"{each}." for each in left_out))
    }
    origins = {name: origin for name, origin in origins.items() if name not in tied or origin.keys[0] in found}
    for name, origin in origins.items():
        missing = next((key for key in origin.keys if key not in found), None)
        if missing is not None:
            raise GeneratorError(f"{file.path}: has no {layout.prefix}{missing}, but {who} needs it. {OTHER}.")
        shape = _shape(origin, [found[key][0].info.shape for key in origin.keys])
        if _without_ones(shape) != _without_ones(tuple(wanted[name].shape)):
            raise GeneratorError(
                f"{file.path}: {layout.prefix}{origin.keys[0]} has the shape {_by(shape)}, but {who} has "
                f"{_by(tuple(wanted[name].shape))}. {OTHER}."
            )
    used = {key for origin in origins.values() for key in origin.keys}
    # Of a tied matrix, some files have a copy.
    used |= {key for name in tied for key in layout.names(name).keys}
    unused = next((name for name in found if name not in used and not layout.unused.fullmatch(name)), None)
    if unused is not None:
        raise GeneratorError(f"{found[unused][1]}: has {layout.prefix}{unused}, but {who} does not. {OTHER}.")
    return origins, left_out


def _tied(model: Any) -> set[str]:
    """The tensors of a model that are others of it."""
    config: Any = getattr(model, "config", None)
    text = config.get_text_config() if hasattr(config, "get_text_config") else None
    return {"lm_head.weight"} if getattr(text, "tie_word_embeddings", False) and hasattr(model, "lm_head") else set()


def _shape(origin: Origin, shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    first = shapes[0]
    if origin.joined == "frames":
        return (*first[:2], len(shapes), *first[2:])
    rows = sum(shape[0] for shape in shapes) if first else 1
    shape = (rows // 3 if origin.third is not None else rows, *first[1:])
    return shape[::-1] if origin.turned else shape


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without the sides of one at its end: a matrix may be stored as a convolution with a kernel of one."""
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _slots(model: Any) -> Iterator[tuple[Any, str, dict[str, Any]]]:
    """The places of a model's tensors, one module after the other: the module, the tensor's name, and where it goes."""
    saved = set(model.state_dict())
    for path, module in list(model.named_modules()):
        for slot in (module._parameters, module._buffers):
            for leaf in list(slot):
                name = f"{path}.{leaf}" if path else leaf
                if name in saved and slot[leaf] is not None:
                    yield module, name, slot


def _fill(
    module: Any,
    name: str,
    slot: dict[str, Any],
    origin: Origin,
    found: Mapping[str, tuple[Entry, Path]],
    readers: Mapping[Path, Opened],
    dtype: torch.dtype,
) -> None:
    import torch
    from torch import nn

    leaf = name.rpartition(".")[2]
    pieces = [readers[found[key][1]].read(key, dtype) for key in origin.keys]
    if origin.joined == "frames":
        tensor = torch.stack(pieces, 2)
    else:
        tensor = torch.cat(pieces) if len(pieces) > 1 else pieces[0]
    if origin.third is not None:
        tensor = tensor.chunk(3)[origin.third].clone()
    if origin.turned:
        tensor = tensor.T.contiguous()
    tensor = tensor.reshape(slot[leaf].shape)
    slot[leaf] = nn.Parameter(tensor, requires_grad=False) if slot is module._parameters else tensor


def _type_of(name: str, kind: Any, dtype: torch.dtype) -> torch.dtype:
    """In which type a tensor is loaded: some are kept in fp32, as the class says."""
    import torch

    keep = getattr(kind, "_keep_in_fp32_modules", None) or ()
    return torch.float32 if set(keep) & set(name.split(".")) else dtype


def _is_quantizable(module: Any, name: str) -> bool:
    """Whether a layer is to be quantized, and complete with this tensor."""
    from torch import nn

    last = "weight" if getattr(module, "bias", None) is None else "bias"
    return type(module) is nn.Linear and name.endswith(f".{last}") and not name.startswith("lm_head.")


def _leave_out(model: Any, modules: tuple[str, ...]) -> None:
    from torch import nn

    for path in modules:
        parent, _, leaf = path.rpartition(".")
        setattr(model.get_submodule(parent), leaf, nn.Identity())


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "of one number"
