"""A table `[models.NAME]` is a generator: its options come from its pipeline's signature, without importing torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from spectacle import config
from spectacle.config import ModelSettings, Settings, SizeSettings
from spectacle.errors import ConfigurationError, SpectacleError, UnknownGenerator
from spectacle.generators import registry
from spectacle.generators.base import Device, Generator, InputRequirements, Resources
from spectacle.generators.pipelines.request import Native, drawn_size
from spectacle.weights import Store
from spectacle.weights.pull import bring_in, from_folder


def found(**settings: Any) -> type[Generator]:
    """The generator that a model is."""
    model = ModelSettings.model_validate({"repository": "owner/model", **settings})
    return registry.find("model", Resources(Store(Path("/nonexistent")), models={"model": model}))


def test_options_are_the_arguments_that_a_request_can_set() -> None:
    options = found(pipeline="StableDiffusionXLPipeline", steps=4, guidance=0).Options
    schema = options.model_json_schema()["properties"]
    assert {"seed", "loras", "num_inference_steps", "guidance_scale", "negative_prompt", "strength"} <= schema.keys()
    assert not {"prompt", "width", "generator", "latents", "prompt_embeds", "callback_on_step_end"} & schema.keys()
    assert schema["num_inference_steps"]["description"] == "Denoising steps. Default: 4."
    assert schema["guidance_scale"]["description"].endswith("Default: 0.")
    assert options.model_validate({"negative_prompt": "a\x00b"}).model_dump()["negative_prompt"] == "ab"
    for wrong in ({"strength": 0}, {"num_inference_steps": 10**6}, {"clip_skip": 99}, {"prompt_embeds": []}):
        with pytest.raises(ValidationError):
            options.model_validate(wrong)


@pytest.mark.parametrize(
    ("pipeline", "needs"),
    [
        ("FluxPipeline", InputRequirements(max_pictures=1, mask=True)),
        ("PixArtSigmaPipeline", InputRequirements()),
        ("Flux2KleinPipeline", InputRequirements(max_pictures=10, mask=True)),
        ("LongCatImageEditPipeline", InputRequirements(min_pictures=1, max_pictures=1)),
        ("StableDiffusionXLInpaintPipeline", InputRequirements(min_pictures=1, max_pictures=1, mask=True)),
    ],
)
def test_a_pipeline_says_which_images_it_needs(pipeline: str, needs: InputRequirements) -> None:
    assert found(pipeline=pipeline).needs == needs


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pipeline": "FluxPipelin"}, r"models\.model: pipeline FluxPipelin: not a class of .* Did you mean FluxPip"),
        ({"pipeline": "WanPipeline"}, "pipeline WanPipeline: does not make images from prompts"),
        ({"pipeline": "FluxTransformer2DModel"}, "not a class of the installed diffusers"),
        (
            {"pipeline": "FluxPipeline", "options": {"cfg": 3}},
            r"models\.model\.options\.cfg: not an option of its pipeline\. Use seed, ",
        ),
        (
            {"pipeline": "FluxPipeline", "presets": {"fast": {"options": {"max_sequence_length": "long"}}}},
            r"models\.model\.presets\.fast\.options\.max_sequence_length: 'long' is not valid: Input should be",
        ),
    ],
)
def test_what_a_pipeline_is_not_or_does_not_take_is_told_in_a_line(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownGenerator, match=message) as error:
        found(**settings)
    assert "\n" not in error.value.message


def test_torch_is_not_imported_to_read_a_signature() -> None:
    code = (
        "import sys; from spectacle.config import ModelSettings; from spectacle.generators import registry;"
        "from spectacle.generators.base import Resources;"
        "m = ModelSettings(repository='a/b', pipeline='FluxPipeline');"
        "registry.find('m', Resources(models={'m': m})); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_model_that_no_kind_uses_is_a_kind_of_its_name(tmp_path: Path) -> None:
    file = tmp_path / "spectacle.toml"
    file.write_text(
        '[models."z-image.1"]\nrepository = "owner/z"\n[models.used]\nrepository = "owner/used"\n'
        '[kinds.photo]\ngenerator = "used"\n[[models.used.loras]]\nfile = "ink.safetensors"\n'
    )
    settings = config.load(file, warn=print)
    assert {name: kind.generator for name, kind in settings.kinds.items()} == {
        "z_image_1": "z-image.1",
        "photo": "used",
    }
    assert settings.models["used"].loras[0].file == str(tmp_path / "ink.safetensors")
    assert Settings.model_validate(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[models.x]\nsteps = 4", "models.x.repository is missing"),
        ('[models.x]\nrepository = "/etc/x"', "must be owner/name"),
        ('[models.x]\nrepository = "a/b"\nstep = 4', "unknown setting models.x.step. Did you mean steps?"),
        ('[models.x]\nrepository = "a/b"\nsteps = 0', "models.x.steps = 0: must be"),
        ('[models.X]\nrepository = "a/b"', "invalid model name"),
        ('[models.x]\nrepository = "a/b"\npipeline = "os.system"', "must be the name of a class"),
        ('[models.x]\nrepository = "a/b"\nloras = [{scale = 1}]', "must have either name"),
        ('[models.x]\nrepository = "a/b"\nsizes.sizes = ["12"]', "must be WIDTHxHEIGHT"),
        ('[models.x]\nrepository = "a/b"\nsizes = {min_pixels = 9, max_pixels = 4}', "not more than max_pixels"),
        ('[models.x]\nrepository = "a/b"\n[models.x.presets.fast]\nstep = 1', "Did you mean steps?"),
        ('[models.x]\nrepository = "a/b"\n[models.x.presets."../x"]\nsteps = 1', "must be made of a-z"),
    ],
)
def test_wrong_settings_of_a_model_are_told_with_their_line(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "spectacle.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        config.load(file, warn=print)
    assert message in error.value.message
    assert f"{file}, line" in error.value.message


def test_a_repository_is_pulled_without_other_variants_and_not_without_weights(tmp_path: Path) -> None:
    repository = tmp_path / "owner" / "model"
    for name in ("model_index.json", "unet/config.json", "tokenizer/merges.txt", "unet/model.fp16.safetensors"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(json.dumps({}))
    (source,) = found().weights()
    store = Store(tmp_path / "store")
    with pytest.raises(SpectacleError, match=r"does not contain owner/model with .*safetensors weights in the direc"):
        from_folder(source, store, tmp_path)
    (repository / "unet/model-00001-of-00001.safetensors").write_text("x")
    (repository / "one.safetensors").write_text("x")
    pull = from_folder(source, store, tmp_path)
    bring_in([pull], store)
    path = store.locate(source).path
    assert sorted(each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file()) == [
        "model_index.json",
        "tokenizer/merges.txt",
        "unet/config.json",
        "unet/model-00001-of-00001.safetensors",
    ]
    (variant,) = found(variant="fp16").weights()
    assert from_folder(variant, Store(tmp_path / "other"), tmp_path).pieces


def test_nothing_is_said_of_the_place_of_a_model_that_is_not_here() -> None:
    generator = found(pipeline="FluxPipeline")
    (told,) = generator.plan(None, Device(), Resources(Store(Path("/nonexistent"))))
    assert told.endswith("is known once its weights are here: run `spectacle pull model`.")


def test_licences_with_conditions_are_noticed() -> None:
    assert found(licence="Apache-2.0").weights()[0].notice == ""
    for licence in ("not stated", "FLUX.1 [dev] Non-Commercial License", "CC-BY-NC-4.0", "Qwen Research License"):
        assert f"licence: {licence}. Read" in found(licence=licence).weights()[0].notice
    assert found(licence="MIT", notice="ask first").weights()[0].notice == "ask first"


def test_images_are_drawn_at_sizes_that_the_model_knows() -> None:
    native = Native(16, 1024 * 1024)
    assert drawn_size(1024, 1024, SizeSettings(), native) == (1024, 1024)
    assert drawn_size(640, 480, SizeSettings(), native) == (752, 560)
    assert drawn_size(4096, 4096, SizeSettings(), native) == (1536, 1536)
    assert drawn_size(640, 480, SizeSettings(), native, fixed=True) == (1184, 880)
    assert drawn_size(900, 300, SizeSettings(sizes=("1024x1024", "1536x640")), native) == (1536, 640)
    assert drawn_size(100, 100, SizeSettings(multiple=64, min_pixels=1, max_pixels=10**6), native) == (128, 128)


def test_ready_models_can_be_run_by_the_installed_diffusers() -> None:
    from spectacle.generators.pipelines.ready import ready_models

    for name, model in ready_models().items():
        generator = registry.find(name)
        assert generator.licence, name
        assert model.pipeline, name
        assert model.steps or model.presets, name
        assert generator.presets.keys() == model.presets.keys()
