"""Where models are placed on every machine: what is chosen, what it costs, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spectacle.config import PlacementSettings
from spectacle.errors import GeneratorError, OutOfMemory
from spectacle.generators.base import Footprint
from spectacle.generators.placement import published
from spectacle.generators.placement.candidates import MAX_FILLED, MAX_PINNED
from spectacle.generators.placement.plan import LIBRARIES, Component, Machine, Place, Plan, Stage
from spectacle.generators.placement.planner import make_plan
from spectacle.generators.placement.published import GPUS, HOSTS, MODELS, nominal_machine

ROOT = Path(__file__).parents[3]
QWEN_IMAGE = published.QWEN_IMAGE
EVERYWHERE = [(gpu, host) for gpu in GPUS for host in HOSTS]


def plan(model: tuple[Component, ...], gpu: int, host: int = 64, *, lightning: bool = False, **settings: Any) -> Plan:
    machine = nominal_machine(gpu, host)
    return make_plan(model, machine, PlacementSettings(**settings), lightning=lightning)


def shape(made: Plan) -> str:
    """A plan in short: each component's form and place, `!` page-locked, `*` staged."""
    parts = []
    for placed in made.placements:
        form = made.precision if placed.quantization == "none" else placed.quantization
        parts.append(f"{form} {placed.place}{'!' * placed.pinned}{'*' * placed.staged}")
    return ", ".join(parts)


STREAMED_INT8 = "int8 group-offload!, bf16 group-offload!, bf16 device"
STREAMED_BF16 = "bf16 group-offload!, bf16 group-offload!, bf16 device"
ENCODER_COMES_AND_GOES = "nf4 group-offload!, bf16 group-offload*, bf16 device"
RESIDENT = "bf16 device, bf16 device, bf16 device"


@pytest.mark.parametrize(
    ("gpu", "host", "expected"),
    [
        (8, 16, ENCODER_COMES_AND_GOES),
        (8, 32, "int8 group-offload, int8 group-offload, bf16 device"),
        (8, 64, "int8 group-offload!, bf16 group-offload, bf16 device"),
        (8, 128, STREAMED_BF16),
        (10, 16, ENCODER_COMES_AND_GOES),
        (10, 32, "int8 group-offload!, int8 group-offload, bf16 device"),
        (10, 64, STREAMED_INT8),
        (10, 128, STREAMED_BF16),
        (12, 16, "nf4 group-offload!, int8 group-offload, bf16 device"),
        (12, 64, STREAMED_INT8),
        (16, 16, "nf4 device, int8 group-offload, bf16 device"),
        (16, 32, "int8 group-offload!, bf16 group-offload, bf16 device"),
        (16, 64, "bf16 group-offload!, bf16 group-offload, bf16 device"),
        (24, 16, "int8 device, int8 group-offload, bf16 device"),
        (24, 32, "int8 device, bf16 group-offload, bf16 device"),
        (24, 64, "int8 device, bf16 group-offload!, bf16 device"),
        (48, 16, "bf16 device, int8 group-offload, bf16 device"),
        (48, 64, "bf16 device, bf16 group-offload!, bf16 device"),
        (80, 16, RESIDENT),
        (80, 128, RESIDENT),
        (141, 64, RESIDENT),
        (0, 16, "nf4 device, bf16 device*, bf16 device"),
        (0, 32, "int8 device, bf16 device*, bf16 device"),
        (0, 64, RESIDENT),
        (0, 128, RESIDENT),
    ],
)
def test_qwen_image_runs_on(gpu: int, host: int, expected: str) -> None:
    made = plan(QWEN_IMAGE, gpu, host, lightning=True)
    assert shape(made) == expected


@pytest.mark.parametrize(
    ("gpu", "host", "expected"),
    [
        (8, 16, "int8 group-offload!, bf16 group-offload*, bf16 device"),
        (8, 64, STREAMED_BF16),
        (12, 32, "int8 device, bf16 group-offload, bf16 device"),
        (24, 64, "bf16 device, bf16 group-offload!, bf16 device"),
        (48, 32, RESIDENT),
        (0, 32, "bf16 device, bf16 device*, bf16 device"),
    ],
)
def test_qwen_image_21_runs_on(gpu: int, host: int, expected: str) -> None:
    assert shape(plan(published.QWEN_IMAGE_21, gpu, host)) == expected


@pytest.mark.parametrize(
    ("gpu", "host", "residency", "unet"),
    [
        (8, 16, "staged", "int8"),
        (10, 16, "model-offload", "none"),
        (12, 16, "device", "none"),
        (24, 64, "device", "none"),
        (0, 16, "device", "none"),
    ],
)
def test_sdxl_with_controlnet_runs_on(gpu: int, host: int, residency: str, unet: str) -> None:
    made = plan(published.SDXL_CONTROLNET, gpu, host)
    assert (made.residency, made.of("unet").quantization) == (residency, unet)
    assert made.precision == ("fp16" if gpu else "bf16")


@pytest.mark.parametrize(
    ("model", "gpu", "form"),
    [
        (published.OMNISVG_4B, 8, "int8"),
        (published.OMNISVG_4B, 12, "none"),
        (published.OMNISVG_8B, 12, "nf4"),
        (published.OMNISVG_8B, 16, "int8"),
        (published.OMNISVG_8B, 24, "none"),
    ],
)
def test_omnisvg_runs_on(model: tuple[Component, ...], gpu: int, form: str) -> None:
    made = plan(model, gpu, 16)
    assert (made.residency, made.of("model").quantization) == ("device", form)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(("gpu", "host"), EVERYWHERE)
def test_a_plan_never_needs_more_than_is_free(model: tuple[Component, ...], gpu: int, host: int) -> None:
    machine = nominal_machine(gpu, host)
    try:
        made = make_plan(model, machine, PlacementSettings())
    except OutOfMemory:
        assert model == published.OMNISVG_8B
        assert gpu <= 10
        return
    assert made.vram <= machine.vram
    assert made.ram <= machine.ram
    assert sum(placed.all_locked for placed in made.placements) <= MAX_PINNED * machine.ram
    assert made.held <= made.required
    assert made.risks == ()


@pytest.mark.parametrize(
    ("model", "gpu"),
    [
        pytest.param(model, gpu, id=f"{name}-{gpu}")
        for name, model in MODELS.items()
        for gpu in GPUS
        if name != "OmniSVG 8B" or gpu not in (8, 10)  # which it does not fit
    ],
)
def test_more_memory_of_the_host_never_gives_a_worse_form(model: tuple[Component, ...], gpu: int) -> None:
    forms = [plan(model, gpu, host).placements[0].quantization for host in HOSTS]
    assert forms == sorted(forms, key=["none", "int8", "gguf", "nf4"].index, reverse=True)


def test_the_costs_follow_from_the_sizes() -> None:
    made = plan(QWEN_IMAGE, 10)
    transformer, encoder, vae = (made.of(name).size for name in ("transformer", "text_encoder", "vae"))
    assert (transformer, encoder, vae) == (20_430_000_000, 16_584_000_000, 254_000_000)
    kept = 17 * transformer // 60
    assert made.of("transformer").kept == kept
    assert made.moved == transformer - kept
    assert made.moved_per_prompt == encoder
    # The VAE and blocks stay; a block that runs and the next one, what they compute, and the allowance come and go.
    assert made.vram == vae + kept + 2 * encoder // 28 + 600_000_000 + 1_000_000_000
    assert made.ram == 3_000_000_000 + transformer - kept + encoder
    assert made.held == Footprint(vae + kept, transformer - kept + encoder)


@pytest.mark.parametrize(("gpu", "host"), [(8, 64), (10, 32), (12, 128), (16, 64)])
def test_what_is_left_of_a_gpu_is_filled_with_blocks(gpu: int, host: int) -> None:
    made = plan(QWEN_IMAGE, gpu, host)
    placed, free = made.of("transformer"), nominal_machine(gpu, host).vram
    assert made.moved == placed.size - placed.kept
    assert made.vram <= MAX_FILLED * free < made.vram + placed.size // 60


def test_as_much_is_page_locked_as_the_host_can_spare() -> None:
    made = plan(QWEN_IMAGE, 8, 32, lightning=True)
    placed = made.of("transformer")
    assert not placed.pinned
    assert placed.locked == int(MAX_PINNED * nominal_machine(8, 32).ram) < placed.size - placed.kept


def test_what_a_plan_leaves_free_is_free_on_the_gpu_and_the_host() -> None:
    made = replace(plan(QWEN_IMAGE, 24), device="cuda", vram=20, ram=30, unified=False)
    assert made.spare(Machine(ram=40, vram=24)) == 4
    assert made.spare(Machine(ram=32, vram=24)) == 2
    assert made.spare(Machine(ram=20, vram=24)) == 0
    assert replace(made, unified=True).spare(Machine(ram=40, vram=24)) == 10
    assert replace(made, device="cpu").spare(Machine(ram=40)) == 10


def test_whoever_asks_for_streaming_has_no_blocks_stay() -> None:
    made = plan(QWEN_IMAGE, 10, residency="group-offload", quantization="int8")
    assert made.of("transformer").kept == 0
    assert made.vram < 4_000_000_000


def test_a_quantized_model_is_on_the_host_as_a_whole_before_its_blocks_go_to_the_gpu() -> None:
    alone = (QWEN_IMAGE[0],)
    made = make_plan(alone, Machine(30 * 10**9, 16 * 10**9, "cuda", bf16=True), PlacementSettings(quantization="int8"))
    assert made.of("transformer").kept > 0
    assert made.ram == 3_000_000_000 + made.of("transformer").size


def test_the_scales_of_streamed_nf4_weights_stay_on_the_gpu() -> None:
    made = plan(QWEN_IMAGE, 10, 16, residency="group-offload", quantization="nf4")
    scales = QWEN_IMAGE[0].scales("nf4")
    assert 320_000_000 < scales < 330_000_000
    assert made.moved == made.of("transformer").size - scales
    assert made.vram > QWEN_IMAGE[2].size("none", "bf16") + scales + 1_000_000_000


def test_what_is_resident_moves_nothing_and_holds_no_memory_of_the_host() -> None:
    made = plan(QWEN_IMAGE, 80)
    assert (made.moved, made.moved_per_prompt) == (0, 0)
    assert made.held == Footprint(sum(placed.size for placed in made.placements))


@pytest.mark.parametrize(("gpu", "tiles"), [(8, True), (12, True), (48, True), (141, False)])
def test_pictures_are_decoded_in_tiles_where_memory_is_short(gpu: int, tiles: bool) -> None:
    assert plan(QWEN_IMAGE, gpu).vae_tiling is tiles


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("residency", ["device", "staged", "model-offload", "group-offload", "disk-offload"])
@pytest.mark.parametrize("quantization", ["none", "int8", "nf4"])
@pytest.mark.parametrize("gpu", [8, 24, 141])
def test_what_the_settings_say_is_done(gpu: int, residency: str, quantization: str) -> None:
    if (residency, quantization) == ("disk-offload", "int8"):
        with pytest.raises(GeneratorError, match=r"residency = disk-offload with placement\.quantization = int8: not"):
            plan(QWEN_IMAGE, gpu, residency=residency, quantization=quantization)
        return
    made = plan(QWEN_IMAGE, gpu, residency=residency, quantization=quantization)
    assert made.residency == residency
    assert made.of("transformer").quantization == quantization
    assert f"placement.residency = {residency}, as the settings say." in made.reasons
    fits = made.vram <= nominal_machine(gpu, 64).vram and made.ram <= nominal_machine(gpu, 64).ram
    assert bool(made.risks) is not fits


def test_what_is_asked_for_against_reason_is_done_and_the_risk_told() -> None:
    made = plan(QWEN_IMAGE, 10, residency="device")
    assert shape(made).startswith("nf4 device")
    assert any("GPU memory, but 10.1 GB are free; generating may run out of memory" in risk for risk in made.risks)


@pytest.mark.parametrize("tiling", [True, False])
def test_tiling_can_be_forced(tiling: bool) -> None:
    assert plan(QWEN_IMAGE, 141, vae_tiling=tiling).vae_tiling is tiling


def test_speed_settings_are_passed_on() -> None:
    made = plan(QWEN_IMAGE, 80, attention="flash", compile_repeated_blocks=True, cache="taylorseer")
    assert (made.attention, made.compile_repeated_blocks, made.cache) == ("flash", True, "taylorseer")


def test_no_cache_of_steps_is_used_under_lightning() -> None:
    made = plan(QWEN_IMAGE, 80, lightning=True, cache="first-block")
    assert made.cache == "none"
    assert "placement.cache = first-block is off: with so few steps there is nothing to skip." in made.reasons


def test_the_directory_for_what_is_streamed_from_disk_is_passed_on(tmp_path: Path) -> None:
    assert plan(QWEN_IMAGE, 10, offload_directory=tmp_path).offload_directory == tmp_path
    assert plan(QWEN_IMAGE, 10).offload_directory is None


def test_offloading_to_no_gpu_is_told_to_mean_nothing() -> None:
    made = plan(QWEN_IMAGE, 0, residency="group-offload")
    assert shape(made) == RESIDENT
    assert "There is no GPU to move weights to, so everything stays in memory." in made.reasons


# --- forms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bf16", "fp16", "expected"), [(True, False, "bf16"), (False, False, "fp32"), (False, True, "fp16")]
)
def test_a_gpu_without_bf16_computes_in(bf16: bool, fp16: bool, expected: str) -> None:
    model = tuple(replace(each, fp16=fp16) for each in QWEN_IMAGE)
    made = make_plan(model, Machine(10**12, 10**12, "cuda", bf16), PlacementSettings())
    assert made.precision == expected
    if expected == "fp32":
        assert made.of("vae").size == 4 * 127_000_000
        assert any("The GPU has no bf16" in reason for reason in made.reasons)


def test_a_processor_without_bf16_computes_in_fp32_while_that_fits() -> None:
    assert make_plan(QWEN_IMAGE, Machine(200 * 10**9), PlacementSettings()).precision == "fp32"
    assert make_plan(QWEN_IMAGE, Machine(64 * 10**9), PlacementSettings()).precision == "bf16"


def with_gguf(size: int = 13_070_000_000) -> tuple[Component, ...]:
    return (replace(QWEN_IMAGE[0], gguf=size), *QWEN_IMAGE[1:])


def test_a_gguf_file_is_used_where_int8_does_not_fit() -> None:
    made = plan(with_gguf(), 16, 32, lightning=True)
    assert made.of("transformer").quantization == "int8"
    made = plan(with_gguf(), 24, 16, quantization="gguf")
    assert shape(made).startswith("gguf device")
    assert made.of("transformer").size == 13_070_000_000
    assert plan(with_gguf(9_000_000_000), 10, 16).of("transformer").quantization == "gguf"


def test_where_there_is_only_a_gguf_file_it_is_used() -> None:
    model = (replace(with_gguf()[0], only_gguf=True), *QWEN_IMAGE[1:])
    assert plan(model, 141).of("transformer").quantization == "gguf"
    assert plan(model, 10, 16).of("transformer").quantization == "gguf"
    with pytest.raises(GeneratorError, match=r"quantization = int8: not possible"):
        plan(model, 141, quantization="int8")


def test_gguf_without_a_file_is_refused() -> None:
    with pytest.raises(GeneratorError, match=r"has no GGUF file\. Put one there, or set it to auto\."):
        plan(QWEN_IMAGE, 24, quantization="gguf")


def test_quantized_files_are_taken_as_they_are() -> None:
    prepared = (replace(QWEN_IMAGE[0], stored=11_500_000_000, stored_as="nf4"), *QWEN_IMAGE[1:])
    made = plan(prepared, 24, 64)
    assert shape(made) == "bf16 device, bf16 group-offload!, bf16 device"
    assert made.of("transformer").size == 11_500_000_000
    assert made.of("transformer").stored_as == "nf4"
    assert "The files contain quantized weights already: transformer (nf4)." in made.reasons
    with pytest.raises(
        GeneratorError, match=r"transformer: diffusers loads nf4 files only with a GPU\. Prepare it as int8"
    ):
        plan(prepared, 0, 64)


def test_files_of_torchao_are_never_streamed_from_disk() -> None:
    prepared = (replace(QWEN_IMAGE[0], stored=20_500_000_000, stored_as="int8"), *QWEN_IMAGE[1:])
    with pytest.raises(OutOfMemory):
        make_plan(prepared, Machine(8 * 10**9, 8 * 10**9, "cuda", bf16=True), PlacementSettings())


def test_plain_fp8_files_are_refused_under_lightning_alone() -> None:
    fp8 = (replace(QWEN_IMAGE[0], stored_as="fp8"), *QWEN_IMAGE[1:])
    with pytest.raises(GeneratorError, match="transformer: fp8 weights without scales give a grid of artefacts"):
        plan(fp8, 24, lightning=True)
    assert plan(fp8, 24).of("transformer").quantization == "int8"


@pytest.mark.parametrize("gpu", GPUS)
@pytest.mark.parametrize("host", HOSTS)
def test_fp8_is_never_chosen(gpu: int, host: int) -> None:
    made = plan(QWEN_IMAGE, gpu, host, lightning=True)
    assert {placed.quantization for placed in made.placements} <= {"none", *LIBRARIES}


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("torchao", "bf16 group-offload, bf16 group-offload, bf16 device"), ("bitsandbytes", STREAMED_INT8)],
)
def test_what_is_not_installed_is_not_chosen(missing: str, expected: str) -> None:
    machine = replace(nominal_machine(10, 64), packages=frozenset(LIBRARIES.values()) - {missing})
    assert shape(make_plan(QWEN_IMAGE, machine, PlacementSettings())) == expected


def test_asking_for_what_is_not_installed_says_how_to_install_it() -> None:
    settings = PlacementSettings(quantization="nf4")
    with pytest.raises(GeneratorError, match=r"needs bitsandbytes\. Run `pip install '\.\[diffusion\]'"):
        make_plan(QWEN_IMAGE, replace(nominal_machine(10, 64), packages=frozenset()), settings)


# --- what is said ----------------------------------------------------------------------------------------------------


STREAMED = "streamed through the GPU layer by layer"


def test_people_are_told_form_place_cost_and_reason() -> None:
    assert plan(QWEN_IMAGE, 10).sentences == (
        "group-offload on the GPU, computing in bf16.",
        f"transformer: int8, 20.4 GB, of which 5.8 GB stay on the GPU, the rest in page-locked memory, {STREAMED}.",
        f"text_encoder: bf16, 16.6 GB, in page-locked memory, {STREAMED}.",
        "vae: bf16, 0.3 GB, on the GPU.",
        "Pictures are decoded in tiles.",
        "Needs about 8.8 GB of GPU memory and 34.2 GB of the host's memory.",
        "Moves 14.6 GB to the GPU for each forward pass, at least 0.5 s over PCIe 4.0 x16.",
        "Moves 16.6 GB to the GPU for each new prompt, at least 0.5 s over PCIe 4.0 x16.",
        "Everything on the GPU in bf16 would need 59.4 GB of GPU memory, but 10.1 GB are free.",
        "bf16 weights would be slower, with 35.4 GB to move for each forward pass; int8 weights are nearly as good.",
        "Layers are copied from page-locked memory while the one before computes.",
    )


def test_a_component_that_comes_and_goes_is_told_as_such() -> None:
    told = plan(QWEN_IMAGE, 10, 16).sentences
    assert (
        "text_encoder: bf16, 16.6 GB, read from its files for each new prompt, streamed through the GPU layer by "
        "layer, and freed."
    ) in told
    assert "There is no room to keep the text_encoder." in told


def test_on_a_processor_there_is_no_talk_of_a_gpu() -> None:
    told = " ".join(plan(QWEN_IMAGE, 0, 32).sentences)
    assert "GPU" not in told
    assert "Reads 16.6 GB from disk for each new prompt." in told
    assert "Everything in memory in bf16 would need" in told


def test_streaming_from_disk_is_told_to_be_slow() -> None:
    made = make_plan(QWEN_IMAGE, Machine(7 * 10**9, 8 * 10**9, "cuda", bf16=True), PlacementSettings())
    assert made.of("transformer").place is Place.DISK
    assert "Reads 37.5 GB from disk for each forward pass." in made.sentences
    assert any("reads it from disk, which takes minutes" in reason for reason in made.reasons)


SMALL = Machine(10**11, 8 * 10**9, "cuda", bf16=True)


@pytest.mark.parametrize(
    ("machine", "settings", "said"),
    [
        (SMALL, {}, r"\(device, nf4\) needs 10\.2 GB of GPU memory, but 8\.0 GB"),
        (SMALL, {}, r'set workers.devices = \["cpu"\]'),
        (SMALL, {"vram_limit": 8 * 10**9}, r"Raise placement\.vram_limit"),
        (
            Machine(4 * 10**9),
            {"ram_limit": 4 * 10**9},
            r"host memory, but 4\.0 GB are free\. Raise placement\.ram_limit",
        ),
        (
            replace(SMALL, packages=frozenset()),
            {},
            r"\(device, bf16\).*install torchao and gguf and bitsandbytes",
        ),
    ],
)
def test_what_does_not_fit_says_what_would_and_what_to_change(
    machine: Machine, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(OutOfMemory, match=said):
        make_plan(published.OMNISVG_8B, machine, PlacementSettings(**settings))


def test_an_unknown_component_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="unet"):
        plan(QWEN_IMAGE, 80).of("unet")


def test_a_stage_with_several_components_needs_room_for_all_of_them() -> None:
    twice = (*published.SDXL_CONTROLNET, Component("second", Stage.DENOISE, 1_251_000_000, fp16=True))
    assert plan(twice, 48).vram - plan(published.SDXL_CONTROLNET, 48).vram == 2 * 1_251_000_000


def test_a_picture_can_tell_what_of_its_placement_shows_in_it() -> None:
    assert plan(QWEN_IMAGE, 80, vae_tiling=False).summary("transformer") == "device, none, bf16"
    tiled = plan(QWEN_IMAGE, 10, quantization="int8", residency="group-offload", vae_tiling=True)
    assert tiled.summary("transformer") == "group-offload, int8, bf16, VAE in tiles"


def test_the_tables_of_the_documentation_are_up_to_date() -> None:
    page = (ROOT / "docs/reference/placement-tables.md").read_text(encoding="utf-8")
    assert published.markdown_tables() == page, "run `.venv/bin/python scripts/build_docs.py`"


def test_blocks_that_are_streamed_are_not_compiled_and_the_plan_says_so() -> None:
    streamed = plan(QWEN_IMAGE, 10, 64, compile_repeated_blocks=True)
    assert streamed.of("transformer").place is Place.STREAM
    assert not streamed.compile_repeated_blocks
    assert any("compile_repeated_blocks is off" in reason for reason in streamed.reasons)


LIGHTNING = 425_000_000
"""Weights of a Lightning LoRA of rank 64: those of 0.85 GB in bf16."""


def with_lightning(
    *, gpu: int, host: int = 64, gguf: int = 0, stored: int = 0, layered: bool = False, **settings: Any
) -> Plan:
    transformer, *others = QWEN_IMAGE
    transformer = replace(
        transformer,
        parameters=transformer.parameters + LIGHTNING,
        fixed=transformer.fixed + LIGHTNING,
        adapter=LIGHTNING,
        gguf=gguf,
        stored=stored,
        stored_as="int8" if stored else "",
        layered=layered,
    )
    return plan((transformer, *others), gpu, host, lightning=True, **settings)


@pytest.mark.parametrize(("gpu", "host"), [(8, 16), (8, 64), (10, 32), (10, 64), (12, 64), (16, 32)])
def test_lightning_is_fused_where_quantized_weights_are_streamed(gpu: int, host: int) -> None:
    fused, beside = with_lightning(gpu=gpu, host=host), with_lightning(gpu=gpu, host=host, fuse_adapter=False)
    assert (fused.fused, beside.fused) == ("transformer", "")
    assert fused.moved < beside.moved
    assert fused.of("transformer").size == beside.of("transformer").size - 2 * LIGHTNING
    told = " ".join(fused.sentences)
    less = (beside.moved - fused.moved) / 1e9
    assert f"fused into the transformer before it is quantized: {less:.1f} GB less to move for each forward" in told
    assert "A preset with another LoRA or none reloads the model, 57.7 GB to read from disk." in told


def test_lightning_stays_beside_where_nothing_is_gained_in_each_pass() -> None:
    made = with_lightning(gpu=36)
    assert made.of("transformer").place is Place.DEVICE
    assert made.of("transformer").quantization == "int8"
    assert made.fused == ""
    assert "so that other presets take over the loaded model: fused, it would spare 0.8 GB" in " ".join(made.sentences)


def test_lightning_is_fused_where_the_settings_say_so() -> None:
    made = with_lightning(gpu=36, fuse_adapter=True)
    assert made.fused == "transformer"
    assert "fused into the transformer before it is quantized, as the settings say" in " ".join(made.sentences)


def test_lightning_is_fused_where_it_would_not_fit_beside() -> None:
    small = Machine(10_000_000_000, 24_200_000_000, "cuda", bf16=True)
    settings = {"quantization": "int8", "residency": "device", "vae_tiling": True}
    transformer = replace(QWEN_IMAGE[0], parameters=20_855_000_000, fixed=LIGHTNING, adapter=LIGHTNING)
    parts = (transformer, replace(QWEN_IMAGE[1], parameters=300_000, fixed=0), QWEN_IMAGE[2])
    assert "Risk" not in " ".join(make_plan(parts, small, PlacementSettings(**settings)).sentences)
    tight = replace(small, vram=make_plan(parts, small, PlacementSettings(**settings, fuse_adapter=True)).vram)
    made = make_plan(parts, tight, PlacementSettings(residency="device", vae_tiling=True))
    assert (made.fused, made.of("transformer").quantization) == ("transformer", "int8")
    assert "a better plan fits than with it next to the weights" in " ".join(made.sentences)


@pytest.mark.parametrize("settings", [{}, {"fuse_adapter": True}])
def test_weights_that_are_not_quantized_on_loading_have_nothing_fused(settings: dict[str, Any]) -> None:
    assert with_lightning(gpu=80, **settings).fused == ""
    assert with_lightning(gpu=10, host=128, **settings).fused == ""  # streamed in bf16
    assert with_lightning(gpu=16, quantization="gguf", gguf=12_000_000_000, **settings).fused == ""
    assert with_lightning(gpu=10, stored=20_500_000_000, **settings).fused == ""
    assert with_lightning(gpu=10, layered=True, **settings).fused == ""


def test_where_weights_are_read_in_another_precision_nothing_is_fused() -> None:
    machine = replace(nominal_machine(10, 64), bf16=False)
    transformer, *others = QWEN_IMAGE
    transformer = replace(transformer, adapter=LIGHTNING, fixed=LIGHTNING)
    assert make_plan((transformer, *others), machine, PlacementSettings(fuse_adapter=True)).fused == ""


def test_the_lora_counts_in_the_memory_of_the_host_until_it_is_fused() -> None:
    fused = with_lightning(gpu=24, fuse_adapter=True)
    without = plan(QWEN_IMAGE, 24, lightning=True)
    assert fused.ram == without.ram + 2 * LIGHTNING
    assert fused.vram == without.vram


def for_a_pair(first: int, second: int, host: int = 64, *, pair: bool = True, **settings: Any) -> Plan:
    machine = replace(nominal_machine(first, host), second=nominal_machine(second, host).vram, second_gpu=3)
    return make_plan(QWEN_IMAGE, machine, PlacementSettings(**settings), lightning=True, pair=pair)


def test_two_gpus_hold_a_model_in_bf16_which_neither_would_hold() -> None:
    made = for_a_pair(48, 24)
    assert shape(made) == "bf16 device, bf16 device, bf16 device"
    assert [placed.second for placed in made.placements] == [False, True, True]
    assert (made.moved, made.moved_per_prompt) == (0, 0)
    transformer, encoder, vae = (placed.size for placed in made.placements)
    assert made.held == Footprint(transformer, 0, encoder + vae)
    assert made.vram < 48e9
    assert made.second < 24e9
    told = " ".join(made.sentences)
    assert told.startswith("staged on two GPUs, computing in bf16. transformer: bf16, 40.9 GB, on the GPU.")
    assert "text_encoder: bf16, 16.6 GB, on the second GPU." in told
    assert f"Needs about {made.vram / 1e9:.1f} GB and {made.second / 1e9:.1f} GB of the two GPUs' memory" in told
    assert made.second_gpu == 3


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (24, 24, "int8 device, bf16 device, bf16 device"),
        (24, 12, "int8 device, bf16 group-offload!, bf16 device"),
        (12, 24, "int8 group-offload!, bf16 device, bf16 device"),
        (80, 80, RESIDENT),
    ],
)
def test_a_second_gpu_takes_what_it_has_room_for(first: int, second: int, expected: str) -> None:
    made = for_a_pair(first, second)
    assert shape(made) == expected
    used = "bf16 group-offload" not in expected and first < 80
    assert bool(made.second) is used
    assert made.second <= nominal_machine(second, 64).vram


def test_a_model_that_must_not_be_split_leaves_the_second_gpu_alone() -> None:
    made, alone = for_a_pair(48, 24, pair=False), plan(QWEN_IMAGE, 48, lightning=True)
    assert (made.placements, made.second, made.vram) == (alone.placements, 0, alone.vram)


def test_what_is_missing_on_the_second_gpu_is_told() -> None:
    made = for_a_pair(48, 8, residency="device", quantization="none")
    assert made.second == 0
    assert "GPU memory" in " ".join(made.risks)
