"""Applies a plan to a pipeline with diffusers' own means: quantization, offloading, tiling, attention, compiling."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spectacle.errors import GeneratorError, one_line
from spectacle.generators.placement import backends, pairing, streaming
from spectacle.generators.placement.plan import ComponentPlacement, Place, Plan

if TYPE_CHECKING:
    import torch


def dtype(plan: Plan) -> torch.dtype:
    """What `from_pretrained(..., dtype=…)` is given."""
    import torch

    return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[plan.precision]


def quantization_config(
    plan: Plan, component: str, library: Literal["diffusers", "transformers"] = "diffusers"
) -> Any | None:
    """What `from_pretrained(..., quantization_config=…)` (or `from_single_file` for GGUF) of a component is given.

    None for a component that is not quantized on loading: its files are quantized already, or `place` does it, for
    diffusers and transformers load nf4 weights onto the GPU alone, all together. Where `place` is used, it does it in
    any case, so that the same matrices are packed wherever they are.
    """
    placement = plan.of(component)
    match placement.quantization:
        case "nf4" if not _loads_on_gpu(plan, placement):
            return None
        case "int8":
            import torchao.quantization as torchao

            return _library(library).TorchAoConfig(torchao.Int8WeightOnlyConfig())
        case "nf4":
            return _library(library).BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=dtype(plan),
            )
        case "gguf":
            return _library("diffusers").GGUFQuantizationConfig(compute_dtype=dtype(plan))
        case _:
            return None


def quantizer(plan: Plan, component: str) -> Callable[[torch.nn.Linear], None] | None:
    """What quantizes a component that is loaded layer by layer; None when nothing does before `place`.

    A layer is quantized where the component stays, so that the host's memory need not hold it.
    """
    placement = plan.of(component)
    if placement.quantization != "int8":
        return None

    def quantize(layer: torch.nn.Linear) -> None:
        import torch

        _to_int8(layer, _gpu_of(plan, placement) if _loads_on_gpu(plan, placement) else torch.device("cpu"))

    return quantize


def told_of_quantization(module: Any, plan: Plan, component: str) -> Any:
    """A module of diffusers that `quantizer` has quantized, with what adapters look for on such modules."""
    if plan.of(component).quantization == "int8" and type(module).__module__.startswith("diffusers."):
        from diffusers.quantizers.auto import DiffusersAutoQuantizer

        kind: Any = DiffusersAutoQuantizer
        module.hf_quantizer = kind.from_config(quantization_config(plan, component))
    return module


def _library(name: Literal["diffusers", "transformers"]) -> Any:
    return import_module(name)


def device_map(plan: Plan, component: str) -> dict[str, Any] | None:
    """What `from_pretrained(..., device_map=…)` of a component is given.

    Weights that are quantized on loading and stay on the GPU are loaded there immediately, so that the host's memory
    need not hold them; all others are loaded on the CPU, which for nf4 files must be said.
    """
    import torch

    placement = plan.of(component)
    on_gpu = _loads_on_gpu(plan, placement)
    if placement.quantization in ("int8", "nf4") and on_gpu:
        return {"": _gpu_of(plan, placement)}
    # As an object, for diffusers refuses the word.
    return {"": torch.device("cpu")} if placement.stored_as == "nf4" and not on_gpu else None


def _gpu_of(plan: Plan, placement: ComponentPlacement) -> torch.device:
    """The GPU that a component is placed on."""
    import torch

    return torch.device(plan.device, plan.second_gpu if placement.second else backends.of(plan.device).current())


def _loads_on_gpu(plan: Plan, placement: ComponentPlacement) -> bool:
    """Whether a component is loaded onto the GPU immediately: not where that spares the host no memory."""
    return plan.device != "cpu" and not plan.unified and placement.place is Place.DEVICE


def matrices(module: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module, str, torch.nn.Linear]]:
    """The matrices of a module that are not quantized, without those of adapters.

    Yields the name of the module that each is in, that module, the matrix's name there, and the matrix.
    """
    from torch import nn

    for name, parent in list(module.named_modules()):
        for key, linear in list(parent.named_children()) if "lora_" not in name else ():
            if type(linear) is nn.Linear and "lora_" not in key:
                yield name, parent, key, linear


def pack_nf4(module: torch.nn.Module, device: torch.device, to: torch.device) -> None:
    """Turn the matrices of a module's repeated blocks into nf4, one by one on the device, and leave them on `to`.

    What stands outside the blocks is small, and matters more: it is left alone, and so are adapters.
    """
    for name, parent, key, linear in matrices(module):
        if is_packed(name):
            parent.register_module(key, _packed(linear, device, to))


def is_packed(parent: str) -> bool:
    """Whether nf4 is for the matrices in a module of this name: one of the repeated blocks, or in one."""
    return re.search(r"\.\d+(\.|$)", parent) is not None


def _packed(linear: torch.nn.Linear, device: torch.device, to: torch.device) -> torch.nn.Module:
    import bitsandbytes.nn

    library: Any = bitsandbytes.nn
    packed = library.Linear4bit(
        linear.in_features,
        linear.out_features,
        compute_dtype=linear.weight.dtype,
        quant_type="nf4",
        device="meta",
    )
    weight = library.Params4bit(linear.weight.data, requires_grad=False, quant_type="nf4", module=packed)
    packed.weight = weight.to(device).to(to)
    packed.bias = linear.bias
    return typing.cast("torch.nn.Module", packed)


def quantized(linear: torch.nn.Linear, plan: Plan, component: str, device: torch.device) -> torch.nn.Module:
    """A matrix in the form that a plan has a component in, where it is loaded to.

    Args:
        linear: The matrix, on the CPU and in the plan's precision; it may be changed.
        plan: The plan, which has the component in int8 or nf4.
        component: The component's name.
        device: The device.
    """
    import torch

    placement = plan.of(component)
    to = device if _loads_on_gpu(plan, placement) else torch.device("cpu")
    if placement.quantization == "nf4":
        return _packed(linear, device, to)
    _to_int8(linear, to)
    return linear


def _to_int8(linear: torch.nn.Linear, to: torch.device) -> None:
    """Quantize a matrix on the device where it stays."""
    from torch import nn
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    linear.weight = nn.Parameter(linear.weight.data.to(to), requires_grad=False)
    if linear.bias is not None:
        linear.bias = nn.Parameter(linear.bias.data.to(to), requires_grad=False)
    quantize_(linear, Int8WeightOnlyConfig())


def place(
    module: torch.nn.Module, placement: ComponentPlacement, plan: Plan, device: torch.device, scratch: Path
) -> None:
    """Put one component, loaded on the CPU, where its placement says; an adapter must be loaded before.

    Also for a staged component, after it was loaded for its stage.

    Args:
        module: The component.
        placement: Where it goes.
        plan: What it is part of.
        device: The device.
        scratch: An empty directory for what is streamed from disk; it must stay while the component is used.
    """
    if placement.second:
        there = _gpu_of(plan, placement)
        _quantize(module, placement, plan, there)
        pairing.lend(module.to(there), there, device)
        return
    _quantize(module, placement, plan, device)
    match placement.place:
        case Place.DEVICE:
            module.to(device)
        case Place.OFFLOAD:
            visit(module, device)
        case Place.STREAM | Place.DISK:
            _keep_scales(module, device)
            on_disk = scratch / placement.component if placement.place is Place.DISK else None
            streaming.stream(module, device, pinned=placement.pinned, on_disk=on_disk, kept=placement.kept)
            if placement.locked and backends.of(device.type).streams:
                streaming.page_lock(module, placement.locked)


def _quantize(module: torch.nn.Module, placement: ComponentPlacement, plan: Plan, device: torch.device) -> None:
    import torch

    if placement.quantization == "nf4":
        pack_nf4(module, device, device if _loads_on_gpu(plan, placement) else torch.device("cpu"))


def _keep_scales(module: torch.nn.Module, device: torch.device) -> None:
    """Put what belongs to bitsandbytes' weights on the device for good: streaming moves the weights alone."""
    for parameter in module.parameters():
        state = getattr(parameter, "quant_state", None)
        if state is not None:
            state.to(device)


def visit(module: torch.nn.Module, device: torch.device) -> None:
    """Have a module move onto the device when it is called, and back when it returns.

    A language model that writes a text is called for each of its tokens: it stays until the text ends.
    """
    from accelerate.hooks import ModelHook, add_hook_to_module, remove_hook_from_module
    from accelerate.utils import send_to_device

    class Visit(ModelHook):  # type: ignore[misc, unused-ignore]
        execution_device = device
        stays = False

        def pre_forward(self, module: torch.nn.Module, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
            module.to(device)
            return send_to_device(args, device), send_to_device(kwargs, device)

        def post_forward(self, module: torch.nn.Module, output: Any) -> Any:
            if not self.stays:
                module.to("cpu")
            return output

    remove_hook_from_module(module)
    hook = Visit()
    add_hook_to_module(module, hook)
    generate: Callable[..., Any] | None = getattr(module, "generate", None)
    if generate is not None:
        setattr(module, "generate", _staying(module, hook, generate))  # noqa: B010 - torch's types have no such thing


def _staying(module: torch.nn.Module, hook: Any, generate: Callable[..., Any]) -> Callable[..., Any]:
    """A model's `generate`, during which it stays where its first call has moved it."""

    @functools.wraps(generate)
    def generating(*args: Any, **kwargs: Any) -> Any:
        hook.stays = True
        try:
            return generate(*args, **kwargs)
        finally:
            hook.stays = False
            module.to("cpu")

    return generating


def forget_caches(module: torch.nn.Module) -> None:
    """Empty what the methods of a module's parts remember of earlier calls, which outlives them.

    Diffusers keeps the tables of positions of each size in `lru_cache`s of classes: on the device, and with the parts
    themselves as keys, so that neither is freed with the model.
    """
    for kind in {type(part) for part in module.modules()}:
        for method in filter(inspect.isfunction, vars(kind).values()):
            for cell in method.__closure__ or ():
                # It is what the function wraps that has the cache.
                if hasattr(cell.cell_contents, "cache_clear"):
                    cell.cell_contents.cache_clear()


def apply(pipe: Any, plan: Plan, device: torch.device, scratch: Path) -> None:
    """Put every component that the pipeline holds where the plan says, and switch on what the plan says of speed.

    Components that are None (staged ones, between their stages) are omitted. Load adapters before.

    Args:
        pipe: A `DiffusionPipeline`, loaded on the CPU.
        plan: Where its components go.
        device: The device.
        scratch: An empty directory for what is streamed from disk; it must stay while the pipeline is used.

    Raises:
        GeneratorError: When a setting names what the libraries do not have.
    """
    import torch

    modules: dict[str, Any] = {
        name: part for name, part in pipe.components.items() if isinstance(part, torch.nn.Module)
    }
    denoisers = [part for name, part in modules.items() if hasattr(part, "enable_cache")]
    for denoiser in denoisers:
        _use_attention(denoiser, plan.attention, device)
        _use_cache(denoiser, plan.cache)
    if all(plan.of(name).place is Place.OFFLOAD for name in modules):
        for name, module in modules.items():
            _quantize(module, plan.of(name), plan, device)
        pipe.enable_model_cpu_offload(device=device)
    else:
        for name, module in modules.items():
            place(module, plan.of(name), plan, device, scratch)
    if plan.vae_tiling and hasattr(pipe, "vae"):
        pipe.vae.enable_tiling()
    if plan.compile_repeated_blocks:
        for denoiser in denoisers:
            denoiser.compile_repeated_blocks(fullgraph=True)


def attention_backend(device: torch.device) -> str:
    """The fastest exact attention that is installed: FlashAttention 3 on Hopper, FlashAttention 2, or PyTorch's own."""
    import torch

    if device.type != "cuda":
        return "native"
    return _fastest(torch.cuda.get_device_capability(device))


def _fastest(capability: tuple[int, int]) -> str:
    if capability[0] == 9 and find_spec("flash_attn_interface") is not None:
        return "_flash_3"
    if capability >= (8, 0) and find_spec("flash_attn") is not None:
        return "flash"
    return "native"


def _use_attention(denoiser: Any, backend: str, device: torch.device) -> None:
    if backend == "auto":
        backend = attention_backend(device)
    if backend == "native":
        return
    try:
        denoiser.set_attention_backend(backend)
    except (ValueError, RuntimeError, ImportError) as error:
        said = one_line(error).removesuffix(".")
        raise GeneratorError(f"placement.attention = {backend}: {said}. Use another, or auto.") from None


def _use_cache(denoiser: Any, cache: str) -> None:
    import diffusers

    kinds: dict[str, Any] = {
        "first-block": diffusers.FirstBlockCacheConfig,
        "taylorseer": diffusers.TaylorSeerCacheConfig,
    }
    if cache in kinds:
        denoiser.enable_cache(kinds[cache]())
