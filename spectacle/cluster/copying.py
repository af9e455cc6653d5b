"""Copies weights to a node, run there as a process: `python -m spectacle.cluster.copying PARENT_PID DIRECTORY`.

Reads what the daemon asks about its kinds as JSON from standard input, and writes why weights could not be copied as
JSON to standard output: an object with the names of kinds. It imports generators' code.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from spectacle.config import KindSettings, Settings
from spectacle.errors import SpectacleError
from spectacle.generators import registry
from spectacle.generators.base import Resources
from spectacle.processes import die_with_parent
from spectacle.weights.pull import bring_in, from_folder, merged
from spectacle.weights.store import Store


def copy_all(asked: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Copy the weights that kinds lack on this host, and verify them as `spectacle pull --from` does.

    Workers of the same node do so one after the other, so that the second one finds what the first one has copied.

    Args:
        asked: The `kinds`, `weights`, `placement`, `loras` and `models` of the settings as JSON values.
        folder: Where they are.

    Returns:
        Why it could not be done, by kind.
    """
    settings = Settings.model_validate(asked)
    resources = Resources.from_settings(settings)
    store = Store(settings.weights.directory)
    try:
        store.root.mkdir(parents=True, exist_ok=True)
        with FileLock(store.root / ".copying.lock"):
            return _copy_each(settings.kinds, resources, store, folder)
    except OSError as error:
        why = f"{store.root}: {error.strerror or error}. Correct ray.weights, or the permissions."
        return dict.fromkeys(settings.kinds, why)


def _copy_each(kinds: Mapping[str, KindSettings], resources: Resources, store: Store, folder: Path) -> dict[str, str]:
    problems = {}
    for name, kind in kinds.items():
        try:
            generator = registry.find(kind.generator, resources)
            preset = generator.resolve_preset(kind.preset)
            if generator.missing_packages() is None and generator.missing_weights(preset, resources) is not None:
                sources = merged(generator.sources(preset, resources))
                bring_in([from_folder(source, store, folder) for source in sources], store)
        except SpectacleError as error:
            problems[name] = error.message
    return problems


def main() -> None:
    """Copy what standard input asks for."""
    die_with_parent(int(sys.argv[1]))
    # Libraries write to the descriptor itself.
    with os.fdopen(os.dup(1), "w") as output:
        os.dup2(2, 1)
        json.dump(copy_all(json.load(sys.stdin), Path(sys.argv[2])), output)


if __name__ == "__main__":
    main()
