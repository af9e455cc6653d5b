"""The sizes of OmniSVG 1.1: where each comes from, under which licence, and how much memory it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spectacle.config import PlacementSettings
from spectacle.errors import GeneratorError
from spectacle.generators.placement import planner, published
from spectacle.generators.placement.files import REMEDY
from spectacle.generators.placement.plan import Component, Machine, Plan, Stage
from spectacle.weights import Source

FILE = "pytorch_model.bin"
"""Name of the published checkpoint."""
BASE_FILES = (
    "config.json",
    "preprocessor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
"""What is needed of the repository of the Qwen2.5-VL model underneath; none of its weights are."""
PART = "model"
"""Name of the one component of a plan."""

MAX_CANDIDATES = 8
SPARE_CANDIDATES = 4
"""This many more SVGs are made than asked for, because some show nothing; upstream's number."""
MAX_TOKENS = 2048
"""Maximum number of tokens of an SVG that upstream allows."""

TRAINED_PROMPT_TOKENS = 200
"""Tokens of the longest prompts in training: `text.max_length` of the published configuration."""

MAX_PROMPT_TOKENS = 1024
"""Maximum number of tokens of a prompt that a plan has room for: an image takes 256 and the words around it 100."""
_BYTES = 2  # bf16
_STORED_AS = {"torchao": "int8", "bitsandbytes": "nf4"}
# Scores of the SVG's tokens in fp32 and copies of them, and what the layers leave while a prompt is computed.
_WORKSPACE = 500_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """One size.

    Attributes:
        name: As the option `model_size` has it.
        weights: The published checkpoint.
        base: The files of the model underneath.
        published: What a plan has to know of it while its files are not here, by their published sizes.
    """

    name: str
    weights: Source
    base: Source
    published: Component


# Names and bytes of the files as the repositories had them in December 2025. The licences are those of the models
# underneath.
PRESETS: Mapping[str, Size] = {
    "8b": Size(
        "8B",
        Source(
            "OmniSVG/OmniSVG1.1_8B",
            (FILE,),
            licence="derived from Qwen2.5-VL-7B-Instruct (Apache-2.0)",
            size=17_228_500_000,
        ),
        Source("Qwen/Qwen2.5-VL-7B-Instruct", BASE_FILES, licence="Apache-2.0"),
        published.OMNISVG_8B[0],
    ),
    "4b": Size(
        "4B",
        Source(
            "OmniSVG/OmniSVG1.1_4B",
            (FILE,),
            licence="derived from Qwen2.5-VL-3B-Instruct (Qwen Research License)",
            notice="The Qwen Research License of the model underneath does not allow commercial use.",
            size=7_693_800_000,
        ),
        Source(
            "Qwen/Qwen2.5-VL-3B-Instruct",
            BASE_FILES,
            licence="Qwen Research License",
            notice="The Qwen Research License does not allow commercial use.",
        ),
        published.OMNISVG_4B[0],
    ),
}
"""The sizes by preset."""
DEFAULT = "8b"


def component(weights: Path, base: Path, vocabulary_size: int) -> Component:
    """What a plan has to know of a checkpoint, from its size on disk and its configuration; nothing is loaded.

    Args:
        weights: The published file, or a directory of safetensors files.
        base: A directory with its `config.json`.
        vocabulary_size: Number of rows of the embedding.

    Raises:
        GeneratorError: The configuration cannot be read.
    """
    try:
        config = json.loads((base / "config.json").read_bytes())
        text: Mapping[str, Any] = {**config, **config.get("text_config", {})}
        width = text["hidden_size"]
        cached = 2 * text["num_hidden_layers"] * text["num_key_value_heads"] * (width // text["num_attention_heads"])
    except (OSError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise GeneratorError(f"{base / 'config.json'}: cannot be read ({error}). {REMEDY}") from None
    files = [weights] if weights.is_file() else weights.glob("*.safetensors")
    held = sum(file.stat().st_size for file in files)
    method = text.get("quantization_config", {}).get("quant_method")
    embeddings = vocabulary_size * width * (1 if text.get("tie_word_embeddings") else 2)
    drawings = MAX_CANDIDATES + SPARE_CANDIDATES
    return Component(
        PART,
        Stage.DENOISE,
        parameters=held // _BYTES,
        fixed=embeddings,
        stored=held if method else 0,
        stored_as=_STORED_AS.get(method, ""),
        activations=cached * _BYTES * drawings * (MAX_TOKENS + MAX_PROMPT_TOKENS) + _WORKSPACE,
    )


def make_plan(part: Component, machine: Machine, settings: PlacementSettings) -> Plan:
    """Place a size of OmniSVG as well as what is free allows; always entirely on the device.

    `residency` is not taken from the settings, because every token needs every weight: streamed to the device, each
    would take as long as a step of a diffusion model. Nor is `gguf`, of which there is none, nor without a GPU `nf4`:
    on CPUs with bf16 instructions, bitsandbytes (0.50) cannot multiply by matrices of 3420 rows, which the image
    half has.

    Raises:
        OutOfMemory: It does not fit.
        GeneratorError: What the settings ask for needs a library that is not installed, or the files hold nf4 weights
            and there is no GPU.
    """
    if machine.device == "cpu" and part.stored_as == "nf4":
        raise GeneratorError(
            "these weights were prepared as nf4, which needs a GPU. Prepare them as int8 for this host."
        )
    forms = frozenset({"int8"} if machine.device == "cpu" else {"int8", "nf4"})
    changes: dict[str, Any] = {"residency": "auto"}
    if settings.quantization not in ("none", *forms):
        changes["quantization"] = "auto"
    return planner.make_plan([replace(part, quantizations=forms)], machine, settings.model_copy(update=changes))
