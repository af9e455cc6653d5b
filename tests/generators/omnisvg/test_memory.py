"""What OmniSVG takes and holds: quantized weights, what is demanded before loading, and other models beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from spectacle.config import PlacementSettings
from spectacle.errors import OutOfMemory, WeightsMissing
from spectacle.generators.base import Device, Footprint, Job, MediaType, Resources
from spectacle.generators.omnisvg import OmniSvg
from spectacle.generators.placement import memory, plan
from spectacle.generators.placement.files import read_header
from spectacle.generators.placement.plan import Machine
from spectacle.svg import Rasteriser
from spectacle.weights import Store
from spectacle.weights.prepared import write_prepared
from spectacle.worker.engine import Engine

CPU = Device()
QUIET = SimpleNamespace(progress=lambda step, steps, note="": None, check=lambda: None)
EIGHT_GB, TWELVE_GB = int(0.94 * 8 * 2**30), int(0.94 * 12 * 2**30)


@pytest.fixture
def small_is_worth_quantizing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "LARGE", 1)


def draw(generator: OmniSvg) -> str:
    options = OmniSvg.Options(max_length=256, num_candidates=1)
    return str(generator.generate(Job("a fox", 320, 240, 5, MediaType.SVG, options), QUIET)[0].content)


def matrices(generator: OmniSvg) -> list[torch.nn.Module]:
    """The layers that quantization concerns, and the head, which it leaves alone."""
    assert generator._loaded is not None
    model = generator._loaded.decoder.model
    return [model.model.language_model.layers[1].mlp.down_proj, model.model.visual.blocks[0].attn.qkv, model.lm_head]


# --- weights that are quantized --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_is_worth_quantizing")
def test_int8_weights_draw_on_a_processor(store: Store) -> None:
    generator = OmniSvg("4b", Resources(store=store, placement=PlacementSettings(quantization="int8")))
    generator.load(CPU)
    assert ["Int8Tensor" in type(each.weight).__name__ for each in matrices(generator)] == [True, True, False]
    assert "<path" in draw(generator)
    generator.unload()


@pytest.mark.usefixtures("small_is_worth_quantizing")
def test_nf4_is_not_heeded_without_a_gpu(store: Store) -> None:
    """bitsandbytes cannot multiply by all of the full size's matrices there."""
    resources = Resources(store=store, placement=PlacementSettings(quantization="nf4"))
    assert "unquantized" in " ".join(OmniSvg.plan("4b", CPU, resources))
    generator = OmniSvg("4b", resources)
    generator.load(CPU)
    assert {each.weight.dtype.is_floating_point for each in matrices(generator)} == {True}
    generator.unload()


@pytest.mark.usefixtures("small_is_worth_quantizing")
@pytest.mark.parametrize(("quantization", "method"), [("int8", "torchao"), ("nf4", "bitsandbytes")])
def test_a_prepared_checkpoint_is_stored_as_asked_for(
    quantization: str, method: str, store: Store, tmp_path: Path
) -> None:
    write_prepared(
        tmp_path / "prepared",
        lambda folder: OmniSvg.prepare("4b", folder, Resources(store=store), quantization, lambda said: None),
        generator="omnisvg",
        preset="4b",
        quantization=quantization,
    )
    config = json.loads((tmp_path / "prepared" / "config.json").read_text())
    assert config["quantization_config"]["quant_method"] == method
    tensors = read_header(tmp_path / "prepared" / "model.safetensors")
    kind = {"int8": "I8", "nf4": "U8"}[quantization]
    stored = {name for name, tensor in tensors.items() if tensor.dtype == kind}
    assert any("layers.1.mlp.down_proj." in name for name in stored)
    assert not any("embed_tokens" in name or "lm_head" in name for name in stored)


@pytest.mark.slow
@pytest.mark.usefixtures("small_is_worth_quantizing")
def test_prepared_int8_weights_are_loaded_as_they_are(store: Store, tmp_path: Path) -> None:
    write_prepared(
        tmp_path / "prepared",
        lambda folder: OmniSvg.prepare("4b", folder, Resources(store=store), "int8", lambda said: None),
        generator="omnisvg",
        preset="4b",
        quantization="int8",
    )
    once = OmniSvg("4b", Resources(store=store, placement=PlacementSettings(quantization="int8")))
    once.load(CPU)
    again = OmniSvg("4b", Resources(store=Store(tmp_path / "nothing"), prepared={"omnisvg": tmp_path / "prepared"}))
    again.load(CPU)
    assert "Int8Tensor" in type(matrices(again)[0].weight).__name__
    assert draw(again) == draw(once)
    assert again.footprint.ram > 0
    for each in (once, again):
        each.unload()


# --- what is demanded and held ---------------------------------------------------------------------------------------


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A GPU with so much free memory as the list says, within `vram_limit`."""
    free = [EIGHT_GB]

    def ask(device: Device, settings: PlacementSettings) -> Machine:
        vram = min(free[0], settings.vram_limit or free[0])
        return Machine(ram=16 * 10**9, vram=vram, device="cuda", bf16=True)

    for name in ("measure", "look"):
        monkeypatch.setattr(memory, name, ask)
    yield free


@pytest.mark.parametrize(
    ("preset", "free", "form", "most"),
    [("4b", EIGHT_GB, "int8", EIGHT_GB), ("8b", TWELVE_GB, "nf4", TWELVE_GB)],
)
def test_the_plan_of_weights_that_are_not_here_follows_from_the_published_sizes(
    preset: str, free: int, form: str, most: int, card: list[int], tmp_path: Path
) -> None:
    card[0] = free
    nothing = Resources(store=Store(tmp_path))
    sentences = OmniSvg.plan(preset, Device("cuda"), nothing)
    assert sentences[1].startswith(f"model: {form}")
    assert sentences[-1].startswith("The weights are not here yet")
    with pytest.raises(WeightsMissing):
        OmniSvg.required_memory(preset, Device("cuda"), nothing, Footprint())


def test_a_limit_below_the_least_names_it_and_the_smaller_size(card: list[int], tmp_path: Path) -> None:
    card[0] = 80 * 10**9
    limited = Resources(store=Store(tmp_path), placement=PlacementSettings(vram_limit=8 * 10**9))
    assert any("int8" in sentence for sentence in OmniSvg.plan("4b", Device("cuda"), limited))
    with pytest.raises(OutOfMemory, match=r"Raise placement.vram_limit.*[Oo]r use the preset 4b"):
        OmniSvg.plan("8b", Device("cuda"), limited)


def test_a_remedy_that_would_not_help_is_not_named(tmp_path: Path) -> None:
    """A form of weights that a processor cannot use needs no library."""
    little = Resources(store=Store(tmp_path), placement=PlacementSettings(ram_limit=4 * 10**9))
    with pytest.raises(OutOfMemory) as raised:
        OmniSvg.plan("8b", CPU, little)
    assert "(device, int8)" in raised.value.message
    assert "install" not in raised.value.message


def test_what_is_demanded_is_what_the_plan_takes_at_its_peak(card: list[int], store: Store) -> None:
    resources = Resources(store=store)
    demand = OmniSvg.required_memory("4b", Device("cuda"), resources, Footprint())
    assert demand is not None
    assert Footprint(vram=10**9) <= demand <= Footprint(EIGHT_GB, 16 * 10**9)
    # Too little is free beside another model, but without that one there would be enough.
    card[0] = 0
    assert OmniSvg.required_memory("4b", Device("cuda"), resources, Footprint(vram=EIGHT_GB)) == demand
    with pytest.raises(OutOfMemory):
        OmniSvg.required_memory("4b", Device("cuda"), resources, Footprint())


@pytest.mark.usefixtures("small_is_worth_quantizing")
@pytest.mark.parametrize("quantization", ["none", "int8"])
def test_weights_hold_memory_unless_they_are_mapped_from_their_file(
    quantization: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    enough = Machine(ram=16 * 10**9, bf16=True)
    monkeypatch.setattr(memory, "measure", lambda device, settings: enough)
    resources = Resources(store=store, placement=PlacementSettings(quantization=quantization))
    generator = OmniSvg("4b", resources)
    assert generator.footprint == Footprint()
    generator.load(CPU)
    demand = OmniSvg.required_memory("4b", CPU, resources, Footprint())
    assert demand is not None
    assert generator.footprint <= demand
    assert (generator.footprint.ram > 0) is (quantization == "int8")
    generator.unload()
    assert generator.footprint == Footprint()


@pytest.mark.slow
def test_other_models_stay_loaded_beside_it(store: Store) -> None:
    with Rasteriser() as rasteriser:
        engine = Engine(CPU, rasteriser, Resources(store=store))
        other = engine.load(("test-double", None))
        omnisvg = engine.load(("omnisvg", "4b"))
        assert engine.load(("test-double", None)) is other
        assert engine.load(("omnisvg", "4b")) is omnisvg
        engine.unload()
