"""Describes what kinds an instance serves: run by the daemon as a process, because it imports generators' code.

`python -m spectacle.worker.describe PARENT_PID` reads what to describe as JSON from standard input and writes JSON to
standard output.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from spectacle.config import KindSettings, Settings
from spectacle.errors import SpectacleError
from spectacle.generators import registry
from spectacle.generators.base import Generator, InputRequirements, MediaType, Resources
from spectacle.processes import die_with_parent

NICENESS = 10
"""Nobody waits for a description, but somebody waits for results."""


def describe(kind: KindSettings, resources: Resources) -> dict[str, Any]:
    """What is reported about one kind.

    Returns:
        Its `media_type`, `generator` and `preset`, the `licence`, where it `runs_on`, the `schema` of the options and
        the `inputs` it takes (each None where the generator cannot be imported), whether it is `servable`, and the
        `problem` when it is not.
    """
    makes = MediaType.SVG if kind.format == "svg" else MediaType.PNG
    told: dict[str, Any] = {"media_type": makes, "generator": kind.generator, "preset": kind.preset}
    try:
        generator = registry.find(kind.generator, resources)
        told |= {"licence": generator.licence, "schema": generator.Options.model_json_schema()}
        told["runs_on"] = generator.runs_on
        told["inputs"] = _inputs(generator.needs)
        told["preset"] = generator.resolve_preset(kind.preset)
        problem = _problem(generator, told["preset"], makes, resources)
    except SpectacleError as error:
        problem = error.message
    except Exception as error:
        problem = f"{kind.generator}: cannot be described: {type(error).__name__}"
    served = {"servable": problem is None, "problem": problem}
    return {"licence": None, "schema": None, "runs_on": None, "inputs": None, **told, **served}


def _inputs(needs: InputRequirements) -> dict[str, Any]:
    return {
        "prompt": needs.prompt,
        "images": [needs.min_pictures, needs.max_pictures],
        "mask": needs.mask,
        "control": needs.control,
    }


def _problem(generator: type[Generator], preset: str | None, makes: MediaType, resources: Resources) -> str | None:
    if makes not in generator.makes:
        return f"{generator.name}: cannot make {makes}. Change the kind's format."
    return generator.missing_packages() or generator.missing_weights(preset, resources)


def describe_all(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is reported about each kind, by name.

    Args:
        asked: The `kinds`, `weights`, `placement`, `loras` and `models` of the settings as JSON values.
    """
    settings = Settings.model_validate(asked)
    resources = Resources.from_settings(settings)
    return {name: describe(kind, resources) for name, kind in settings.kinds.items()}


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
