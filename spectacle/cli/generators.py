"""`spectacle generators`: which generators are installed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from spectacle.checks.workers import devices_of
from spectacle.cli import completion
from spectacle.cli.output import print_json, print_table
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.config import KindSettings, Settings
from spectacle.daemon.devices import find_places, groups_of
from spectacle.errors import SpectacleError, UnknownGenerator
from spectacle.generators import registry
from spectacle.generators.base import Generator, InputRequirements, Resources


@click.command()
@click.argument("name", required=False, shell_complete=completion.GENERATORS)
@with_configuration
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(name: str | None, file: Path | None, spool: Path | None, as_json: bool) -> None:
    """List installed generators, or show details of NAME.

    \b
    spectacle generators
    spectacle generators illustration
    spectacle generators --json
    """
    settings = settings_for(file, spool)
    if name is not None:
        details = _details(name, registry.find(name, _resources(settings)), settings)
        if as_json:
            print_json(details)
        else:
            _print_details(details)
        return
    found = [_found(each, settings) for each in sorted(registry.names(settings.models))]
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each["name"],
            ", ".join(each["kinds"]) or "none",
            ", ".join(each["needs"]),
            ", ".join(each["makes"]),
            _state(each),
            each["licence"],
        )
        for each in found
    ]
    print_table(("generator", "kinds", "needs", "makes", "weights", "licence"), rows)
    for each in found:
        for problem in filter(None, (each["error"], each["packages"], each["weights"])):
            click.echo(problem if problem.startswith(each["name"]) else f"{each['name']}: {problem}")


def _state(found: Mapping[str, Any]) -> str:
    if found["error"]:
        return "cannot be imported"
    return "missing" if found["weights"] else "libraries are missing" if found["packages"] else "ready"


def _found(name: str, settings: Settings) -> dict[str, Any]:
    """A generator for the list; one that cannot be imported is listed with the reason."""
    try:
        return _summary(name, registry.find(name, _resources(settings)), settings)
    except UnknownGenerator as error:
        return {
            "name": name,
            "summary": "",
            "kinds": _kinds(name, settings.kinds),
            "needs": [],
            "makes": [],
            "packages": None,
            "weights": None,
            "licence": "",
            "error": error.message,
        }


def _summary(name: str, generator: type[Generator], settings: Settings) -> dict[str, Any]:
    return {
        "name": name,
        "summary": generator.summary,
        "kinds": _kinds(name, settings.kinds),
        "needs": list(_needs(generator.needs)),
        "makes": sorted(each.extension for each in generator.makes),
        "packages": generator.missing_packages(),
        "weights": generator.missing_weights(generator.resolve_preset(None), _resources(settings)),
        "licence": generator.licence,
        "error": None,
    }


def _resources(settings: Settings) -> Resources:
    return Resources.from_settings(settings)


def _details(name: str, generator: type[Generator], settings: Settings) -> dict[str, Any]:
    resources = _resources(settings)
    presets = {
        preset: {"summary": summary, "weights": generator.missing_weights(preset, resources)}
        for preset, summary in generator.presets.items()
    }
    notes = list(generator.notes())
    return {
        **_summary(name, generator, settings),
        "presets": presets,
        "options": describe_options(generator),
        "notes": notes,
        "plans": _plans(name, generator, settings),
    }


def describe_options(generator: type[Generator]) -> dict[str, dict[str, Any]]:
    """What each option of a generator allows (in words), its default (None without one) and what it does."""
    schema = generator.Options.model_json_schema()
    return {
        option: {
            "allowed": _allowed(about, schema.get("$defs", {})),
            "default": about.get("default"),
            "summary": about.get("description", ""),
        }
        for option, about in schema.get("properties", {}).items()
    }


def _plans(name: str, generator: type[Generator], settings: Settings) -> list[dict[str, Any]]:
    """How the presets that kinds use, or else the default, would be placed on each device, or why they cannot be."""
    kinds = {kind: about for kind, about in settings.kinds.items() if about.generator == name}
    places = find_places(settings.workers)
    wanted = dict.fromkeys(
        (device, about.preset)
        for kind, about in (kinds or {"": KindSettings(generator=name)}).items()
        for device in devices_of(about, places, groups_of(kind, settings))
    )
    plans = []
    for device, preset in wanted:
        try:
            told = list(generator.plan(generator.resolve_preset(preset), device, _resources(settings)))
        except SpectacleError as error:
            told = [error.message]
        if told:
            plans.append({"preset": preset, "device": str(device), "plan": told})
    return plans


def _print_details(details: Mapping[str, Any]) -> None:
    click.echo(f"{details['name']}: {details['summary']}" if details["summary"] else details["name"])
    click.echo(f"kinds:    {', '.join(details['kinds']) or 'none. Add one in spectacle.toml, under [kinds.NAME]'}")
    click.echo(f"needs:    {', '.join(details['needs'])}")
    click.echo(f"makes:    {', '.join(details['makes'])}")
    if details["packages"]:
        click.echo(f"missing:  {details['packages']}")
    click.echo(f"weights:  {details['weights'] or 'ready'}")
    click.echo(f"licence:  {details['licence'] or 'not stated'}\n")
    for each in details["plans"]:
        preset = f", preset {each['preset']}" if each["preset"] else ""
        click.echo(f"placement on {each['device']}{preset}, if it were loaded now:")
        for sentence in each["plan"]:
            click.echo(f"  {sentence}")
        click.echo()
    if details["presets"]:
        rows = [
            (name, about["summary"], "missing" if about["weights"] else "ready")
            for name, about in details["presets"].items()
        ]
        print_table(("preset", "meaning", "weights"), rows)
        for problem in dict.fromkeys(about["weights"] for about in details["presets"].values() if about["weights"]):
            click.echo(problem)
        click.echo()
    options = [
        (
            name,
            about["allowed"],
            "-" if about["default"] is None else json.dumps(about["default"]),
            about["summary"],
        )
        for name, about in details["options"].items()
    ]
    print_table(("option", "allowed", "default", "meaning"), options)
    for line in ("", *details["notes"]) if details["notes"] else ():
        click.echo(line)


def _kinds(name: str, kinds: Mapping[str, KindSettings]) -> list[str]:
    return sorted(kind for kind, settings in kinds.items() if settings.generator == name)


def _needs(needs: InputRequirements) -> Iterator[str]:
    if needs.prompt:
        yield "prompt"
    if needs.max_pictures:
        span = f"{needs.min_pictures} to {needs.max_pictures}"
        yield f"{needs.max_pictures if needs.min_pictures == needs.max_pictures else span} input images"
    for role in ("mask", "control"):
        if getattr(needs, role):
            yield f"optional {role}"


def _allowed(about: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """What an option may be, in words, from its JSON Schema."""
    if "$ref" in about:
        return _allowed(definitions.get(str(about["$ref"]).rpartition("/")[2], {}), definitions)
    if "anyOf" in about:
        return " or ".join(_allowed(each, definitions) for each in about["anyOf"] if each.get("type") != "null")
    if "enum" in about or "const" in about:
        values = about.get("enum", [about.get("const")])
        return ", ".join(map(str, values)) if len(values) <= _LISTED else f"one of {len(values)} names"
    least, most, above = (_number(about.get(bound)) for bound in ("minimum", "maximum", "exclusiveMinimum"))
    words = [_TYPES.get(about.get("type", ""), "any")]
    if least is not None and most is not None:
        words.append(f"{least} to {most}")
    elif least is not None or most is not None:
        words.append(f"at least {least}" if most is None else f"at most {most}")
    if above is not None:
        words.append(f"more than {above}")
    if "pattern" in about:
        words.append(f"matching {about['pattern']}")
    return ", ".join(words)


def _number(bound: float | None) -> str | None:
    """A bound in the fewest digits: some versions of pydantic write 20, others 20.0."""
    return None if bound is None else f"{bound:g}" if isinstance(bound, float) else str(bound)


_LISTED = 8
"""More values than these are left to `spectacle schema`, or the table would be too wide to read."""

_TYPES = {
    "integer": "integer",
    "number": "number",
    "boolean": "true or false",
    "string": "text",
    "array": "list",
    "object": "table",
}
