"""What is held while a model is loaded, what it asks for, and compiling at start."""

from __future__ import annotations

import pytest
from diffusers import QwenImageTransformer2DModel
from generating import CPU, generate, resources

from spectacle.generators.base import Footprint
from spectacle.generators.diffusion import family
from spectacle.generators.qwen_image import QwenImage
from spectacle.weights import Store

pytestmark = pytest.mark.usefixtures("small_images")


def test_what_is_held_is_known_while_it_is_loaded_and_asked_for_before(qwen_image_store: Store) -> None:
    generator = QwenImage("lightning-4", resources(qwen_image_store))
    demand = QwenImage.required_memory("lightning-4", CPU, generator.resources, Footprint())
    assert generator.footprint == Footprint()
    generator.load(CPU)
    assert demand is not None
    assert Footprint() <= generator.footprint <= demand
    assert generator.footprint.ram > 0
    generator.unload()
    assert generator.footprint == Footprint()


def test_a_model_that_is_not_here_yet_is_planned_from_published_sizes(tmp_path_factory: pytest.TempPathFactory) -> None:
    nothing = resources(Store(tmp_path_factory.mktemp("store")), vae_tiling=True)
    told = QwenImage.plan("lightning-8", CPU, nothing)
    assert told[-1] == "The weights are not here yet: this follows from the published sizes."
    assert any(sentence.startswith("transformer: ") for sentence in told)


@pytest.mark.parametrize("preset", ["lightning-4", "full"])
def test_blocks_are_compiled_and_run_before_the_first_request(
    qwen_image_store: Store, monkeypatch: pytest.MonkeyPatch, preset: str
) -> None:
    told: list[str] = []
    forward = QwenImageTransformer2DModel.forward
    monkeypatch.setattr(
        QwenImageTransformer2DModel, "compile_repeated_blocks", lambda self, **_: told.append("compiled")
    )
    monkeypatch.setattr(
        QwenImageTransformer2DModel,
        "forward",
        lambda self, *args, **kwargs: told.append("ran") or forward(self, *args, **kwargs),
    )
    monkeypatch.setattr(family, "WARM_UP_SIDE", 64)
    generator = QwenImage(preset, resources(qwen_image_store, compile_repeated_blocks=True))
    generator.load(CPU)
    assert told[0] == "compiled"
    assert told[1:] and set(told[1:]) == {"ran"}
    before = len(told)
    generate(generator, num_inference_steps=4)
    assert len(told) > before
    generator.unload()
