"""Fits what clients of other servers send to the options of a kind: other names, values out of range, unknown ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spectacle.gateway import parameters
from spectacle.gateway.catalogue import Kind
from spectacle.gateway.problems import Problem

MAX_SEED = 2**63 - 1

_NUMBERS = {
    "num_inference_steps": ("num_inference_steps",),
    "steps": ("num_inference_steps",),
    "guidance_scale": ("guidance_scale", "true_cfg_scale"),
    "true_cfg_scale": ("true_cfg_scale", "guidance_scale"),
    "cfg_scale": ("true_cfg_scale", "guidance_scale"),
    "strength": ("strength",),
    "denoising_strength": ("strength",),
}
"""Numbers that image clients send, and the options they can mean, the first that a kind has."""

_TEXTS = {"negative_prompt": "negative_prompt"}


def fit_common(kind: Kind, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The options that common parameters of diffusion models mean for a kind.

    Numbers are clamped to what the kind allows. What it does not have is left out, and so are steps and guidance where
    the preset is a Lightning one, which allows no others.

    Raises:
        Problem: When a parameter is not of its type.
    """
    options: dict[str, Any] = {}
    lightning = "lightning" in (kind.preset or "")
    for name, meanings in _NUMBERS.items():
        value = parameters.number(fields, name)
        option = kind.options.first_of(name, *meanings)
        if value is None or option is None or option in options or (lightning and option != "strength"):
            continue
        options[option] = kind.options.clamped(option, value)
    for name, option in _TEXTS.items():
        text = parameters.text(fields, name, "").strip()
        if text and kind.options.has(option) and not (lightning and option == "negative_prompt"):
            options[option] = text
    seed = parameters.whole(fields, "seed", -1, MAX_SEED)
    if seed is not None and seed >= 0:
        options["seed"] = seed
    return options


def common_names() -> frozenset[str]:
    """The parameters that `fit_common` understands."""
    return frozenset({*_NUMBERS, *_TEXTS, "seed"})


def fit_others(kind: Kind, fields: Mapping[str, Any], *, is_form: bool) -> dict[str, Any]:
    """Options by their own names.

    Raises:
        Problem: When the kind is known not to have one.
    """
    if kind.options.schema is not None:
        for name in fields:
            if not kind.options.has(name):
                raise Problem(
                    400,
                    "bad-options",
                    f"{name[:100]}: not an option of kind {kind.name}. Use {', '.join(kind.options.names)}.",
                    param=name[:100],
                )
    return {
        name: kind.options.read(name, value) if is_form and isinstance(value, str) else value
        for name, value in fields.items()
        if value is not None
    }


def with_seed(options: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Options of the job of this number, from 0: each gets the next seed, if one is given."""
    seed = options.get("seed")
    return dict(options) if not isinstance(seed, int) else {**options, "seed": min(seed + number, MAX_SEED)}
