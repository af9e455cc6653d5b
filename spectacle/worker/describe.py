"""Describes what kinds an instance serves: run by the daemon as a process, for it imports generators' code.

`python -m spectacle.worker.describe PARENT_PID` reads what to describe as JSON from standard input and writes JSON to
standard output.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from spectacle.config import KindSettings, PlacementSettings, WeightSettings
from spectacle.errors import SpectacleError
from spectacle.generators import registry
from spectacle.generators.base import Generator, MediaType, Resources
from spectacle.processes import die_with_parent

NICENESS = 10
"""Nobody waits for a description, but for answers somebody does."""


def describe(kind: KindSettings, resources: Resources) -> dict[str, Any]:
    """What is told of one kind.

    Returns:
        Its `media_type`, `generator` and `preset`, the `licence` and the `schema` of the options (each None where the
        generator cannot be imported), whether it is `servable`, and the `problem` when it is not.
    """
    makes = MediaType.SVG if kind.makes == "svg" else MediaType.PNG
    told: dict[str, Any] = {"media_type": makes, "generator": kind.generator, "preset": kind.preset}
    try:
        generator = registry.find(kind.generator)
        told |= {"licence": generator.licence, "schema": generator.Options.model_json_schema()}
        told["preset"] = generator.named(kind.preset)
        problem = _problem(generator, told["preset"], makes, resources)
    except SpectacleError as error:
        problem = error.message
    except Exception as error:
        problem = f"{kind.generator} cannot be described: {type(error).__name__}"
    return {"licence": None, "schema": None, **told, "servable": problem is None, "problem": problem}


def _problem(generator: type[Generator], preset: str | None, makes: MediaType, resources: Resources) -> str | None:
    if makes not in generator.makes:
        return f"{generator.name} does not make {makes}"
    return generator.missing_packages() or generator.missing_weights(preset, resources)


def describe_all(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of each kind, by name.

    Args:
        asked: The `kinds`, `weights` and `placement` of the settings as JSON values.
    """
    resources = Resources.from_settings(
        WeightSettings.model_validate(asked["weights"]), PlacementSettings.model_validate(asked["placement"])
    )
    return {name: describe(KindSettings.model_validate(kind), resources) for name, kind in asked["kinds"].items()}


def main() -> None:
    """Describe what standard input asks for."""
    die_with_parent(int(sys.argv[1]))
    os.nice(NICENESS)
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a generator prints as it is imported must not get in between
    with output:
        json.dump(describe_all(json.load(sys.stdin)), output)


if __name__ == "__main__":
    main()
