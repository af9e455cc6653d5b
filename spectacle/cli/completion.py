"""What shells can complete: names of kinds, generators, presets, requests, and options of generators."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def completing(names: Callable[[click.Context], Iterable[tuple[str, str]]]) -> Complete:
    """A completion from names and what is said of them. Whatever fails, there is nothing to complete, and no word."""

    def complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            found = list(names(ctx))
        except Exception:
            return []
        return [CompletionItem(name, help=text or None) for name, text in found if name.startswith(incomplete)]

    return complete


def _settings(ctx: click.Context) -> Any:
    from spectacle import config

    file = ctx.params.get("file")
    spool: Path | None = ctx.params.get("spool")
    found = file or config.find_file(spool=spool).file
    return config.load(found, flags={}, warn=lambda _reason: None)


def _kinds(ctx: click.Context) -> Iterable[tuple[str, str]]:
    return [(name, kind.generator) for name, kind in _settings(ctx).kinds.items()]


def _resources(ctx: click.Context) -> Any:
    """What makes models known; without a configuration that can be read, those that are ready."""
    from spectacle.generators.base import Resources

    try:
        return Resources.from_settings(_settings(ctx))
    except Exception:
        return Resources()


def _generators(ctx: click.Context) -> Iterable[tuple[str, str]]:
    from spectacle.generators import registry

    return [(name, "") for name in sorted(registry.names(_resources(ctx).models))]


def _presets(ctx: click.Context) -> Iterable[tuple[str, str]]:
    from spectacle.generators import registry

    # Arguments before an option without a value, which is being completed, are not parsed.
    name = ctx.params.get("name") or ctx.args[0]
    return list(registry.find(name, _resources(ctx)).presets.items())


def _options(ctx: click.Context) -> Iterable[tuple[str, str]]:
    from spectacle.generators import registry

    settings = _settings(ctx)
    kind = settings.kinds[ctx.params.get("kind") or settings.default_kind]
    fields = registry.find(kind.generator, _resources(ctx)).Options.model_fields
    return [(f"{name}=", field.description or "") for name, field in fields.items()]


def _stems(ctx: click.Context) -> Iterable[tuple[str, str]]:
    from spectacle.spool.naming import RequestName

    spool = ctx.params.get("spool") or _settings(ctx).spool.path
    requests = map(RequestName.parse, sorted(os.listdir(spool)))
    return [(request.stem, request.kind or "") for request in requests if request is not None]


KINDS, GENERATORS, PRESETS, OPTIONS, STEMS = map(completing, (_kinds, _generators, _presets, _options, _stems))
