"""`spectacle generators` and `spectacle schema`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

import pytest
from pydantic import Field

from spectacle.errors import OutOfMemory
from spectacle.generators import registry
from spectacle.generators.base import (
    Artifact,
    Device,
    Generator,
    GeneratorOptions,
    InputRequirements,
    Job,
    JobControl,
    MediaType,
    Resources,
)


class PainterOptions(GeneratorOptions):
    """Options of many types."""

    style: Literal["ink", "oil"] = Field("ink", description="How it is painted.")
    guidance: float = Field(3.5, gt=0, le=20, description="How closely the prompt is followed.")
    negative_prompt: str | None = Field(None, description="What not to paint.")
    layers: tuple[int, ...] = Field((), description="Which layers.")


class Painter(Generator):
    """A generator with presets and weights that are missing in part."""

    name: ClassVar[str] = "painter"
    summary: ClassVar[str] = "paints"
    licence: ClassVar[str] = "Apache-2.0"
    Options: ClassVar[type[GeneratorOptions]] = PainterOptions
    needs: ClassVar[InputRequirements] = InputRequirements(min_pictures=1, max_pictures=3, mask=True)
    makes: ClassVar[frozenset[MediaType]] = frozenset({MediaType.PNG})
    presets: ClassVar = {"fine": "in 40 steps", "fast": "in 4 steps", "finest": "in 400 steps"}

    @classmethod
    def missing_weights(cls, preset: str | None = None, resources: Resources | None = None) -> str | None:
        """Those of one preset are there."""
        assert preset in cls.presets, "which may be configured by its name"
        return None if preset == "fast" else "run `fetch painter-fine`"

    @classmethod
    def plan(cls, preset: str | None, device: Device, resources: Resources) -> Sequence[str]:
        """Fits with the preset `fast` alone."""
        assert preset in cls.presets
        if preset != "fast":
            raise OutOfMemory("the model does not fit: use the preset fast")
        return (f"on {device} with at most {resources.placement.ram_limit} bytes.", "Everything fits.")

    @classmethod
    def notes(cls) -> Sequence[str]:
        """What the options do not say."""
        return ("oil dries slowly",)

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Never called here."""
        raise NotImplementedError


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The painter, and a generator whose import fails, beside the built-in ones."""
    built_in = registry.available()
    entry = EntryPoint("painter", f"{__name__}:Painter", registry.GROUP)
    broken = EntryPoint("broken", "no_such_module:Broken", registry.GROUP)
    monkeypatch.setattr(
        registry, "available", lambda: MappingProxyType({**built_in, "painter": entry, "broken": broken})
    )


def test_every_generator_is_listed_with_what_matters(run, painter: None) -> None:
    lines = run("generators").stdout.splitlines()
    assert lines[0].split() == ["generator", "kinds", "needs", "makes", "weights", "licence"]
    row = next(line for line in lines if line.startswith("painter"))
    for words in ("none", "prompt, 1 to 3 input images, optional mask", "png", "missing", "Apache-2.0"):
        assert words in row
    assert "painter: run `fetch painter-fine`" in lines


def test_one_whose_import_fails_is_listed_with_the_reason(run, painter: None) -> None:
    result = run("generators")
    assert result.exit_code == 0
    assert "cannot be imported" in next(line for line in result.stdout.splitlines() if line.startswith("broken"))
    assert "No module named 'no_such_module'" in result.stdout


def test_the_kinds_of_the_configuration_are_shown(run, tmp_path: Path) -> None:
    file = tmp_path / "spectacle.toml"
    file.write_text("[kinds.card]\ngenerator = 'test-double'\n[kinds.drawing]\ngenerator = 'test-double'\n")
    lines = run("generators", "--config", file).stdout.splitlines()
    assert "card, drawing" in next(line for line in lines if line.startswith("test-double"))


def test_one_generator_is_told_in_full(run, painter: None) -> None:
    output = run("generators", "painter").stdout
    assert output.startswith("painter: paints\n")
    lines = {line.split()[0]: " ".join(line.split()) for line in output.splitlines() if line}
    assert lines["fast"] == "fast in 4 steps ready"
    assert (lines["fine"], lines["finest"]) == ("fine in 40 steps missing", "finest in 400 steps missing")
    beneath = output[output.index("finest") :].splitlines()[1:3]
    assert beneath == ["run `fetch painter-fine`", ""]
    assert lines["seed"].startswith("seed integer, 0 to 9223372036854775807 - Seed")
    assert lines["style"] == 'style ink, oil "ink" How it is painted.'
    assert lines["guidance"] == "guidance number, at most 20, more than 0 3.5 How closely the prompt is followed."
    assert lines["negative_prompt"] == "negative_prompt text - What not to paint."
    assert lines["layers"] == "layers list [] Which layers."
    assert output.endswith("\n\noil dries slowly\n")


def test_the_placement_is_told_for_the_presets_in_use(run, painter: None, tmp_path: Path) -> None:
    file = tmp_path / "spectacle.toml"
    file.write_text(
        "[workers]\ndevices = ['cpu']\n[placement]\nram_limit = 1000\n"
        "[kinds.a]\ngenerator = 'painter'\npreset = 'fast'\n[kinds.b]\ngenerator = 'painter'\npreset = 'fine'\n"
    )
    lines = run("generators", "painter", "--config", file).stdout.splitlines()
    begin = lines.index("placement on cpu, preset fast, if it were loaded now:")
    assert lines[begin + 1 : begin + 3] == ["  on cpu with at most 1000 bytes.", "  Everything fits."]
    begin = lines.index("placement on cpu, preset fine, if it were loaded now:")
    assert lines[begin + 1] == "  the model does not fit: use the preset fast"


def test_missing_libraries_are_told_with_how_to_install_them(
    run, painter: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Painter, "packages", ("no_such_library",))
    monkeypatch.setattr(Painter, "missing_weights", classmethod(lambda *_: None))
    monkeypatch.setattr(Painter, "extra", "diffusion")
    said = "painter: needs no_such_library. Run `pip install '.[diffusion]'` in the clone."
    lines = run("generators").stdout.splitlines()
    assert "libraries are missing" in next(line for line in lines if line.startswith("painter "))
    assert said in lines
    assert f"missing:  {said}" in run("generators", "painter").stdout.splitlines()


def test_programs_get_json(run, painter: None) -> None:
    found = {each["name"]: each for each in json.loads(run("generators", "--json").stdout)}
    assert {"illustration", "test-double", "painter", "broken"} <= set(found)
    assert found["painter"]["weights"] == "run `fetch painter-fine`"
    assert found["test-double"]["weights"] is None
    assert "no_such_module" in found["broken"]["error"]
    painter_told = json.loads(run("generators", "painter", "--json").stdout)
    assert painter_told["presets"]["fast"] == {"summary": "in 4 steps", "weights": None}
    assert painter_told["options"]["guidance"]["default"] == 3.5
    assert painter_told["notes"] == ["oil dries slowly"]


@pytest.mark.parametrize("command", ["generators", "schema"])
def test_an_unknown_generator_is_refused_with_those_there_are(run, command: str) -> None:
    result = run(command, "none-such")
    assert result.exit_code == 1
    assert re.search(r"generator 'none-such': not installed; available: .*illustration.*test-double", result.stderr)


def test_the_schema_describes_every_option(run) -> None:
    schema = json.loads(run("schema", "test-double").stdout)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert schema["properties"]["copies"]["maximum"] == 16
    assert all(option["description"] for option in schema["properties"].values())
