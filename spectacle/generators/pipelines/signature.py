"""What diffusers' pipelines take, read from their source without importing it: that would import torch, for seconds."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from spectacle.errors import UnknownGenerator

_MAPS = {
    "text": "AUTO_TEXT2IMAGE_PIPELINES_MAPPING",
    "image": "AUTO_IMAGE2IMAGE_PIPELINES_MAPPING",
    "inpaint": "AUTO_INPAINT_PIPELINES_MAPPING",
}
"""Diffusers' own tables of related classes, by what they make an image from."""

_MOVING = ("num_frames", "audio_length_in_s", "audio_end_in_s", "frame_size")
"""Arguments that only pipelines for videos, sound and shapes have."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument of a pipeline's call.

    Attributes:
        name: Its name.
        annotation: Its type as the source has it, empty without one.
        default: The source of its default, None when it must be given.
    """

    name: str
    annotation: str
    default: str | None


@dataclass(frozen=True, slots=True)
class PipelineSignature:
    """What a class of diffusers can be asked for.

    Attributes:
        name: Name of the class.
        parameters: The arguments of its call by name.
        takes_loras: Whether LoRA adapters can be loaded into it.
        relatives: Classes that run with the same parts, by what they make an image from: `text`, `image`, `inpaint`.
    """

    name: str
    parameters: Mapping[str, Parameter]
    takes_loras: bool
    relatives: Mapping[str, str]

    def takes(self, name: str) -> bool:
        """Whether its call has an argument of that name."""
        return name in self.parameters

    @property
    def is_edit(self) -> bool:
        """Whether it sees images, and makes new ones: it does not start from their noise."""
        return self.takes("image") and not self.takes("strength")

    @property
    def needs_image(self) -> bool:
        """Whether it makes nothing without an image."""
        return self.takes("image") and self.relatives.get("text") != self.name

    @property
    def needs_mask(self) -> bool:
        """Whether it makes nothing without a mask."""
        return self.takes("mask_image")

    @property
    def takes_images(self) -> bool:
        """Whether it sees several images together."""
        return self.is_edit and "list[" in self.parameters["image"].annotation.lower()


@cache
def read_signature(name: str) -> PipelineSignature | None:
    """What a pipeline's class takes; None when diffusers is not installed.

    Raises:
        UnknownGenerator: When diffusers has no such class, or it does not make images from prompts.
    """
    if _sources() is None:
        return None
    found = _class(name)
    if found is None or not name.endswith("Pipeline"):
        near = get_close_matches(name, [each for each in _sources() or {} if each.endswith("Pipeline")], 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise UnknownGenerator(
            f"pipeline {name}: not a class of the installed diffusers. {hint}Use one that it has, or install a newer "
            "diffusers."
        )
    call = _method(found, "__call__")
    parameters = {each.name: each for each in _parameters(call)} if call is not None else {}
    if "prompt" not in parameters or any(each in parameters for each in _MOVING):
        raise UnknownGenerator(
            f"pipeline {name}: does not make images from prompts. Use one that does, such as text-to-image, "
            "image-to-image, inpainting or editing."
        )
    return PipelineSignature(name, parameters, _takes_loras(found), _relatives(name))


@cache
def _sources() -> Mapping[str, Path] | None:
    """The files of all classes of diffusers' pipelines, by name."""
    spec = find_spec("diffusers")
    if spec is None or spec.origin is None:
        return None
    found: dict[str, Path] = {}
    for file in sorted((Path(spec.origin).parent / "pipelines").rglob("*.py")):
        for name in re.findall(r"^class (\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE):
            found.setdefault(name, file)
    return found


@cache
def _class(name: str) -> ast.ClassDef | None:
    file = (_sources() or {}).get(name)
    if file is None:
        return None
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return next(each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == name)


def _bases(found: ast.ClassDef) -> list[str]:
    return [ast.unparse(base).rpartition(".")[2] for base in found.bases]


def _method(found: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    """A method of a class or of the nearest of its bases that has it."""
    for each in found.body:
        if isinstance(each, ast.FunctionDef) and each.name == name:
            return each
    for base in _bases(found):
        if (parent := _class(base)) is not None and (method := _method(parent, name)) is not None:
            return method
    return None


def _takes_loras(found: ast.ClassDef) -> bool:
    bases = _bases(found)
    parents = [parent for base in bases if (parent := _class(base)) is not None]
    return any("LoraLoaderMixin" in base for base in bases) or any(map(_takes_loras, parents))


def _parameters(call: ast.FunctionDef) -> Iterator[Parameter]:
    arguments = call.args.args[1:]
    defaults: list[ast.expr | None] = [None] * (len(arguments) - len(call.args.defaults))
    keywords = zip(call.args.kwonlyargs, call.args.kw_defaults, strict=True)
    for argument, default in [*zip(arguments, defaults + list(call.args.defaults), strict=True), *keywords]:
        annotation = ast.unparse(argument.annotation) if argument.annotation is not None else ""
        yield Parameter(argument.arg, annotation, ast.unparse(default) if default is not None else None)


@cache
def _maps() -> Mapping[str, Mapping[str, str]]:
    """Diffusers' tables: by what an image is made from, classes by their family's name."""
    spec = find_spec("diffusers")
    assert spec is not None
    assert spec.origin is not None
    text = (Path(spec.origin).parent / "pipelines" / "auto_pipeline.py").read_text(encoding="utf-8")
    found = {}
    for kind, name in _MAPS.items():
        table = re.search(rf"^{name} = OrderedDict\((.*?)^\)", text, re.MULTILINE | re.DOTALL)
        found[kind] = dict(re.findall(r"\(\s*\"([^\"]+)\",\s*(\w+)\s*,?\s*\)", table[1] if table else ""))
    return found


def _relatives(name: str) -> Mapping[str, str]:
    tables = _maps()
    family = next((key for table in tables.values() for key, each in table.items() if each == name), None)
    found = {kind: table[family] for kind, table in tables.items() if family in table} if family else {}
    # The tables lack some that are there, such as those of Chroma.
    for kind, word in (("image", "Img2Img"), ("inpaint", "Inpaint")):
        likely = f"{name.removesuffix('Pipeline')}{word}Pipeline"
        if kind not in found and likely in (_sources() or {}):
            found[kind] = likely
    return found
