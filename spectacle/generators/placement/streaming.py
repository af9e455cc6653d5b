"""Streams a module's weights through a device with diffusers' group offloading, except for blocks that stay there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectacle.generators.placement import backends

if TYPE_CHECKING:
    import torch

ALLOCATOR = "pinned_max_round_threshold_mb:1"
"""Torch's setting by which page-locked memory is not rounded up to powers of two."""


def stream(module: torch.nn.Module, device: torch.device, *, pinned: bool, on_disk: Path | None, kept: int) -> None:
    """Have each layer of a module be on the device while it runs alone, except in the blocks that stay there.

    Args:
        module: The module, on the CPU, its adapters loaded.
        device: The device.
        pinned: Whether all that is streamed is page-locked.
        on_disk: An empty directory to stream from, or None for the host's memory.
        kept: Bytes of blocks that stay on the device.
    """
    import torch
    from diffusers.hooks.group_offloading import apply_group_offloading

    streams = backends.of(device.type).streams
    if streams:
        torch._C._accelerator_setAllocatorSettings(ALLOCATOR)
    resident = list(_first_blocks(module, kept))
    for parent, name in resident:
        parent.get_submodule(name).to(device)
    with _without(resident):
        apply_group_offloading(
            module,
            onload_device=device,
            offload_device=torch.device("cpu"),
            # Layers are small, so that little memory is needed on the GPU, and each is locked as soon as it is wrapped,
            # so that there never are two copies of the whole model in memory.
            offload_type="leaf_level",
            use_stream=streams,
            record_stream=streams,
            low_cpu_mem_usage=streams and not pinned,
            offload_to_disk_path=str(on_disk) if on_disk is not None else None,
        )
    if not pinned:
        keep_host_copies(module)


def page_lock(module: torch.nn.Module, size: int) -> None:
    """Page-lock so many bytes of a module's streamed weights; the others are locked whenever they are moved."""
    for group in _streamed_groups(module):
        copies = group.cpu_param_dict
        takes = sum(map(_bytes, copies.values()))
        if takes <= size:
            size -= takes
            copies.update({tensor: kept.pin_memory() for tensor, kept in copies.items()})
            # Only what is restored from its copy lets go of the memory that it was read into.
            group.offload_()


def _streamed_groups(module: torch.nn.Module) -> Iterator[Any]:
    """What diffusers moves together of a streamed module."""
    for child in module.modules():
        hook = getattr(child, "_diffusers_hook", None)
        offloading = hook.get_hook("group_offloading") if hook is not None else None
        if offloading is not None:
            yield offloading.group


def _blocks(module: torch.nn.Module) -> Iterator[tuple[torch.nn.Module, str]]:
    """The outermost repeated blocks, in order: the list that each is in, and its name there."""
    from torch import nn

    for child in module.children():
        if isinstance(child, nn.ModuleList | nn.Sequential):
            yield from ((child, name) for name, _ in child.named_children())
        else:
            yield from _blocks(child)


def _first_blocks(module: torch.nn.Module, size: int) -> Iterator[tuple[torch.nn.Module, str]]:
    """As many of the blocks as have about so many bytes together: what a plan knows is their mean size."""
    for parent, name in _blocks(module) if size else ():
        block = parent.get_submodule(name)
        takes = sum(map(_bytes, [*block.parameters(), *block.buffers()]))
        if takes // 2 <= size:
            size -= takes
            yield parent, name


def _bytes(tensor: torch.Tensor) -> int:
    """Bytes of a tensor, of torchao's those of the tensors in it; the scales of bitsandbytes' are not counted."""
    if not hasattr(tensor, "__tensor_flatten__"):
        return tensor.nbytes
    return sum(_bytes(getattr(tensor, name)) for name in tensor.__tensor_flatten__()[0])


@contextmanager
def _without(blocks: Collection[tuple[torch.nn.Module, str]]) -> Iterator[None]:
    """Have blocks not be found in a module."""
    from torch import nn

    taken = [(parent, name, parent.get_submodule(name)) for parent, name in blocks]
    for parent, name, _ in taken:
        setattr(parent, name, nn.Identity())
    try:
        yield
    finally:
        for parent, name, block in taken:
            setattr(parent, name, block)


@contextmanager
def unstreamed(module: torch.nn.Module) -> Iterator[None]:
    """Stream nothing of a module while its adapters are changed; then as before, in the order that is needed then.

    Each layer's weights are fetched while the layer before is computed. Where that was one of an adapter which is off
    now, nothing would fetch them, and of int8 weights diffusers does not notice that they are still on the host. It
    would also stream the blocks that stay on the device. What is not streamed is left alone.
    """
    from diffusers.hooks import group_offloading
    from diffusers.hooks.hooks import HookRegistry

    hook = group_offloading._get_top_level_group_offload_hook(module)
    if hook is None:
        yield
        return
    resident = [
        (parent, name)
        for parent, name in _blocks(module)
        if not group_offloading._is_group_offload_enabled(parent.get_submodule(name))
    ]
    registry = HookRegistry.check_if_exists_or_initialize(module)
    for name in (
        group_offloading._GROUP_OFFLOADING,
        group_offloading._LAYER_EXECUTION_TRACKER,
        group_offloading._LAZY_PREFETCH_GROUP_OFFLOADING,
    ):
        registry.remove_hook(name, recurse=True)
    try:
        yield
    finally:
        with _without(resident):
            group_offloading._apply_group_offloading(module, hook.config)
        keep_host_copies(module)


def keep_host_copies(module: torch.nn.Module) -> None:
    """Give the streamed int8 weights of a module copies on the host that stay there; they share its memory.

    What diffusers keeps to restore a weight from is `tensor.cpu()`, which for a torchao tensor on the CPU is the very
    parameter: once that was moved to the GPU, nothing would be left on the host (huggingface/diffusers#14433).
    """
    for group in _streamed_groups(module):
        copies = group.cpu_param_dict
        copies |= {tensor: kept.detach() for tensor, kept in copies.items() if kept is tensor}
