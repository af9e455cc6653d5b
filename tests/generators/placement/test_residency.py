"""Plans applied to a tiny Qwen-Image pipeline on the CPU: whatever the placement, the picture stays the same."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
from diffusers import QwenImagePipeline, QwenImageTransformer2DModel
from diffusers.hooks import HookRegistry
from diffusers.hooks.group_offloading import GroupOffloadingHook, ModuleGroup, _is_group_offload_enabled
from torch import nn
from transformers import Qwen2_5_VLForConditionalGeneration

from spectacle.errors import GeneratorError
from spectacle.generators.placement import residency, streaming
from spectacle.generators.placement.plan import ComponentPlacement, Place, Plan, Quantization

CPU = torch.device("cpu")


def plan(
    quantization: Quantization = "none", place: Place = Place.DEVICE, *, encoder: Place | None = None, **changes: Any
) -> Plan:
    others = "none" if quantization == "gguf" else quantization
    vae = Place.OFFLOAD if place is Place.OFFLOAD else Place.DEVICE
    placements = (
        ComponentPlacement("transformer", quantization, place, False, False, 1),
        ComponentPlacement("text_encoder", others, encoder or place, False, False, 1),
        ComponentPlacement("vae", "none", vae, False, False, 1),
    )
    base = Plan("cpu", "bf16", "device", placements, False, "auto", False, "none", 0, 0, 0, 0)
    return replace(base, **changes)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tiny.qwen_image(folder)
    tiny.single_file_gguf(folder / "q8.gguf", tiny.transformer_model(13))
    tiny.lora(folder / "lora.safetensors")
    return folder


def load(model: Path, made: Plan) -> Any:
    """The pipeline on the CPU, in the forms of the plan."""
    common: dict[str, Any] = {"dtype": residency.dtype(made)}
    if made.of("transformer").quantization == "gguf":
        transformer = QwenImageTransformer2DModel.from_single_file(
            str(model / "q8.gguf"),
            config=str(model / "transformer"),
            quantization_config=residency.quantization_config(made, "transformer"),
            **common,
        )
    else:
        transformer = QwenImageTransformer2DModel.from_pretrained(
            model,
            subfolder="transformer",
            quantization_config=residency.quantization_config(made, "transformer"),
            **common,
        )
    encoder = Qwen2_5_VLForConditionalGeneration.from_pretrained(
        model,
        subfolder="text_encoder",
        quantization_config=residency.quantization_config(made, "text_encoder", "transformers"),
        **common,
    )
    pipe = QwenImagePipeline.from_pretrained(model, transformer=transformer, text_encoder=encoder, **common)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def draw(pipe: Any) -> bytes:
    generator = torch.Generator().manual_seed(1)
    picture = pipe("a fox", width=64, height=64, num_inference_steps=2, true_cfg_scale=1.0, generator=generator).images[
        0
    ]
    content: bytes = picture.tobytes()
    return content


@pytest.fixture
def picture(model: Path, tmp_path: Path) -> Callable[..., bytes]:
    """Draws with a plan applied, twice, for hooks change after the first time."""

    def drawn(made: Plan) -> bytes:
        pipe = load(model, made)
        residency.apply(pipe, made, CPU, tmp_path)
        first, second = draw(pipe), draw(pipe)
        assert first == second
        return first

    return drawn


@pytest.fixture(scope="module")
def plain(model: Path) -> bytes:
    """What a plain diffusers script draws."""
    pipe = QwenImagePipeline.from_pretrained(model, dtype=torch.bfloat16)
    pipe.set_progress_bar_config(disable=True)
    return draw(pipe)


@pytest.mark.parametrize(
    "made",
    [
        plan(),
        plan(place=Place.OFFLOAD),
        plan(place=Place.STREAM),
        plan(place=Place.STREAM, encoder=Place.OFFLOAD),
        plan(place=Place.DEVICE, encoder=Place.STREAM),
        plan(place=Place.DISK),
    ],
    ids=["device", "model-offload", "group-offload", "visiting encoder", "streamed encoder", "disk-offload"],
)
def test_where_weights_live_does_not_change_the_picture(
    picture: Callable[[Plan], bytes], plain: bytes, made: Plan
) -> None:
    assert picture(made) == plain


@pytest.mark.parametrize("quantization", ["int8", "gguf", "nf4"])
def test_neither_does_it_where_they_are_quantized(
    picture: Callable[[Plan], bytes], plain: bytes, quantization: Quantization
) -> None:
    resident = picture(plan(quantization))
    assert resident != plain
    assert picture(plan(quantization, Place.STREAM)) == resident
    assert picture(plan(quantization, Place.OFFLOAD)) == resident


def test_int8_and_q8_stay_close_to_the_plain_picture(picture: Callable[[Plan], bytes], plain: bytes) -> None:
    for quantization in ("int8", "gguf"):
        drawn = picture(plan(quantization))  # type: ignore[arg-type]
        assert sum(abs(one - other) for one, other in zip(drawn, plain, strict=True)) / len(plain) < 5


def test_gguf_weights_can_be_streamed_from_disk(picture: Callable[[Plan], bytes]) -> None:
    assert picture(plan("gguf", Place.DISK, encoder=Place.DEVICE)) == picture(plan("gguf"))


def test_what_is_streamed_from_disk_lies_in_its_directory_alone(model: Path, tmp_path: Path) -> None:
    pipe = load(model, plan(place=Place.DISK))
    residency.apply(pipe, plan(place=Place.DISK), CPU, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text_encoder", "transformer"]
    written = sum(file.stat().st_size for file in (tmp_path / "transformer").iterdir())
    assert written > 2 * sum(parameter.numel() for parameter in tiny.transformer_model().parameters())


@pytest.mark.parametrize("place", [Place.DEVICE, Place.STREAM])
def test_an_adapter_works_in_packed_weights(model: Path, tmp_path: Path, place: Place) -> None:
    pictures = set()
    for adapter in (False, True):
        pipe = load(model, plan("nf4", place))
        if adapter:
            pipe.load_lora_weights(model, weight_name="lora.safetensors")
        residency.apply(pipe, plan("nf4", place), CPU, tmp_path)
        pictures.add(draw(pipe))
    assert len(pictures) == 2


def test_only_the_matrices_of_the_blocks_are_packed(model: Path) -> None:
    import bitsandbytes

    transformer = load(model, plan()).transformer
    residency.pack_nf4(transformer, CPU, CPU)
    packed = {name for name, part in transformer.named_modules() if isinstance(part, bitsandbytes.nn.Linear4bit)}
    assert len(packed) == tiny.LAYERS * 14
    assert all(name.startswith("transformer_blocks.") for name in packed)
    weight = transformer.transformer_blocks[0].attn.to_q.weight
    assert (weight.dtype, weight.numel(), weight.quant_state.nested) == (torch.uint8, tiny.INNER**2 // 2, True)


def test_streamed_components_are_hooked_and_others_are_not(model: Path, tmp_path: Path) -> None:
    pipe = load(model, plan())
    residency.apply(pipe, plan(encoder=Place.STREAM), CPU, tmp_path)
    assert _is_group_offload_enabled(pipe.text_encoder)
    assert not _is_group_offload_enabled(pipe.transformer)


class Traveller(nn.Module):
    """Keeps where it was sent, and where it was when it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.called: list[str] = []

    def to(self, device: Any) -> Traveller:  # type: ignore[override]
        self.sent.append(str(device))
        return self

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        self.called.append(self.sent[-1])
        return numbers


def test_a_visiting_module_is_on_the_device_only_while_it_runs() -> None:
    module = Traveller()
    residency.visit(module, torch.device("meta"))
    assert module(torch.ones(1)).device.type == "meta"
    assert (module.called, module.sent) == (["meta"], ["meta", "cpu"])


def test_a_visiting_language_model_stays_until_its_text_is_written() -> None:
    class Writer(Traveller):
        def generate(self, numbers: torch.Tensor, tokens: int) -> torch.Tensor:
            for _ in range(tokens):
                if self(numbers) is None:
                    raise AssertionError
            if tokens > 3:
                raise ValueError("too long")
            return numbers

    module = Writer()
    residency.visit(module, torch.device("meta"))
    for tokens in (3, 4):
        module.sent.clear()
        with contextlib.suppress(ValueError):
            module.generate(torch.ones(1), tokens)
        assert module.sent == ["meta"] * tokens + ["cpu"]
    module(torch.ones(1))
    assert module.sent[-2:] == ["meta", "cpu"]


# --- speed -----------------------------------------------------------------------------------------------------------


def test_pictures_are_decoded_in_tiles_if_the_plan_says_so(model: Path, tmp_path: Path) -> None:
    for tiling in (False, True):
        pipe = load(model, plan())
        residency.apply(pipe, plan(vae_tiling=tiling), CPU, tmp_path)
        assert pipe.vae.use_tiling is tiling


@pytest.mark.parametrize("cache", ["first-block", "taylorseer"])
def test_a_cache_of_steps_is_switched_on_and_draws(picture: Callable[[Plan], bytes], cache: str) -> None:
    assert len(picture(plan(cache=cache))) == 64 * 64 * 3


def test_blocks_are_compiled_if_the_plan_says_so(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    monkeypatch.setattr(
        QwenImageTransformer2DModel, "compile_repeated_blocks", lambda self, **how: compiled.append(how)
    )
    for wanted in (False, True):
        residency.apply(load(model, plan()), plan(compile_repeated_blocks=wanted), CPU, tmp_path)
    assert compiled == [{"fullgraph": True}]


@pytest.mark.parametrize(
    ("capability", "installed", "expected"),
    [
        ((9, 0), {"flash_attn_interface", "flash_attn"}, "_flash_3"),
        ((9, 0), {"flash_attn"}, "flash"),
        ((8, 6), {"flash_attn_interface", "flash_attn"}, "flash"),
        ((7, 5), {"flash_attn"}, "native"),
        ((9, 0), {"sageattention"}, "native"),
    ],
)
def test_the_fastest_exact_attention_that_is_installed_is_used(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], installed: set[str], expected: str
) -> None:
    monkeypatch.setattr(residency, "find_spec", lambda name: ModuleSpec(name, None) if name in installed else None)
    assert residency._fastest(capability) == expected
    assert residency.attention_backend(CPU) == "native"


@pytest.mark.parametrize(
    ("backend", "said"), [("no-such", "must be one of the following"), ("sage", "sageattention|Sage")]
)
def test_attention_that_is_not_there_is_told_by_its_setting(
    model: Path, tmp_path: Path, backend: str, said: str
) -> None:
    with pytest.raises(GeneratorError, match=rf"(?s)placement\.attention = {backend}: .*({said})"):
        residency.apply(load(model, plan()), plan(attention=backend), CPU, tmp_path)


# --- how it is loaded ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantization", "place", "on_gpu"),
    [
        ("none", Place.DEVICE, False),
        ("int8", Place.DEVICE, True),
        ("nf4", Place.DEVICE, True),
        ("gguf", Place.DEVICE, False),
        ("int8", Place.STREAM, False),
        ("nf4", Place.STREAM, False),
    ],
)
def test_what_is_quantized_and_stays_on_the_gpu_is_loaded_there(
    monkeypatch: pytest.MonkeyPatch, quantization: Quantization, place: Place, on_gpu: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    made = plan(quantization, place, device="cuda")
    assert residency.device_map(made, "transformer") == ({"": torch.device("cuda:1")} if on_gpu else None)
    assert residency.device_map(plan(quantization, place), "transformer") is None


def test_nf4_files_are_loaded_on_the_cpu_unless_they_stay_on_the_gpu() -> None:
    for place, expected in ((Place.STREAM, {"": CPU}), (Place.OFFLOAD, {"": CPU}), (Place.DEVICE, None)):
        made = plan(place=place, device="cuda")
        stored = replace(made, placements=tuple(replace(each, stored_as="nf4") for each in made.placements))
        assert residency.device_map(stored, "transformer") == expected


def test_nf4_is_left_to_the_libraries_only_where_they_load_it_onto_the_gpu_to_stay() -> None:
    for library in ("diffusers", "transformers"):
        config = residency.quantization_config(plan("nf4", device="cuda"), "transformer", library)  # type: ignore[arg-type]
        assert config is not None
        assert (config.bnb_4bit_quant_type, config.bnb_4bit_use_double_quant) == ("nf4", True)
        assert config.bnb_4bit_compute_dtype is torch.bfloat16
    assert residency.quantization_config(plan("nf4", Place.STREAM, device="cuda"), "transformer") is None
    assert residency.quantization_config(plan("nf4"), "transformer") is None


@pytest.mark.parametrize(
    ("precision", "expected"), [("bf16", torch.bfloat16), ("fp16", torch.float16), ("fp32", torch.float32)]
)
def test_the_precision_is_torchs(precision: str, expected: torch.dtype) -> None:
    assert residency.dtype(plan(precision=precision)) is expected


def test_torch_knows_the_setting_that_keeps_page_locked_memory_small() -> None:
    torch._C._accelerator_setAllocatorSettings(streaming.ALLOCATOR)


def test_int8_weights_that_are_streamed_come_back_to_the_host() -> None:
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    linear = nn.Linear(64, 64, bias=False)
    quantize_(linear, Int8WeightOnlyConfig())
    before = linear.weight.qdata.clone()
    group = ModuleGroup([linear], CPU, torch.device("cuda"), linear, stream=object(), low_cpu_mem_usage=True)  # type: ignore[arg-type]
    group.onload_device = torch.device("meta")  # in place of the GPU
    hook = GroupOffloadingHook(group, config=None)  # type: ignore[arg-type]
    HookRegistry.check_if_exists_or_initialize(linear).hooks["group_offloading"] = hook
    streaming.keep_host_copies(linear)
    # As streaming does, without page-locking, which needs a GPU.
    group._process_tensors_from_modules(group.cpu_param_dict)
    assert linear.weight.qdata.device.type == "meta"
    group.record_stream = True  # so that nothing is waited for
    group._offload_to_memory()
    group.record_stream = False
    assert torch.equal(linear.weight.qdata, before)
    group._process_tensors_from_modules(group.cpu_param_dict)
    assert linear.weight.qdata.device.type == "meta"
