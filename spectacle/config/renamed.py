"""Settings that have been renamed: the old names work, with a warning, until version 1.0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ANY = "*"
"""Stands for any name of a table, such as that of a kind."""

RENAMED: Mapping[tuple[str, ...], str] = {("log", "form"): "format", ("kinds", ANY, "makes"): "format"}
"""New names by the path of the old ones."""


def use_new_names(raw: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Rename settings in place. One whose new name is given too stays, and so is rejected as unknown.

    Args:
        raw: Settings as read, nested.

    Yields:
        The path of each old name that was found.
    """
    for path, new in RENAMED.items():
        for keys, table in _tables(raw, path[:-1]):
            if path[-1] in table and new not in table:
                table[new] = table.pop(path[-1])
                yield (*keys, path[-1])


def old_names(keys: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The paths under which a setting may be given as well.

    Args:
        keys: Its present path.
    """
    for path, new in RENAMED.items():
        if len(path) == len(keys) and all(
            part in (ANY, key) for part, key in zip((*path[:-1], new), keys, strict=True)
        ):
            yield (*keys[:-1], path[-1])


def _tables(raw: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    if not isinstance(raw, dict):
        return
    if not path:
        yield (), raw
        return
    for name in list(raw) if path[0] == ANY else [path[0]]:
        for keys, table in _tables(raw.get(name), path[1:]):
            yield (name, *keys), table


def warning(keys: tuple[str, ...], where: str) -> str:
    """The sentence about one old name.

    Args:
        keys: Its path.
        where: Where it was found, ending in a colon and a space; may be empty.
    """
    new = next(new for path, new in RENAMED.items() if len(path) == len(keys) and path[-1] == keys[-1])
    return (
        f"{where}setting {'.'.join(keys)} has been renamed. Use {'.'.join((*keys[:-1], new))}; "
        f"the old name works until version 1.0."
    )
