"""The LoRA adapters that a request chooses of those that the settings name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from spectacle.config import LoraSettings
from spectacle.errors import BadOptions, SpectacleError, WeightsMissing
from spectacle.generators.base import GeneratorOptions, Resources
from spectacle.generators.placement.files import bytes_in_memory, parameters, read_header
from spectacle.generators.placement.plan import Component
from spectacle.weights import Source
from spectacle.weights.digest import digest_file


class LoraChoice(BaseModel):
    """One adapter of a request."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str = Field(description="Name of an adapter under `[loras]` in the settings of the instance.")
    scale: float | None = Field(None, ge=-4, le=4, description="Strength. Default: that of the settings.")


class LoraOptions(GeneratorOptions):
    """Options of generators that take LoRA adapters."""

    loras: tuple[LoraChoice, ...] = Field(
        (),
        description='LoRA adapters to use: a list such as `[{"name": "ink", "scale": 0.8}]`. Default: none.',
    )

    @field_validator("loras")
    @classmethod
    def _are_different(cls, loras: tuple[LoraChoice, ...]) -> tuple[LoraChoice, ...]:
        counted = Counter(each.name for each in loras)
        if twice := next((name for name, count in counted.items() if count > 1), None):
            raise ValueError(f"it names {twice} twice")
        return loras


@dataclass(frozen=True, slots=True)
class Lora:
    """An adapter that is on this machine.

    Attributes:
        name: Its name in the settings.
        file: Its file.
        scale: Its strength.
        settings: What the settings say of it.
        revision: The commit of its repository, None for a file of this machine.
    """

    name: str
    file: Path
    scale: float
    settings: LoraSettings
    revision: str | None

    @property
    def facts(self) -> dict[str, Any]:
        """What the metadata of a result say of it."""
        where = self.settings.repository
        facts: dict[str, Any] = {"name": self.name, "scale": self.scale, "file": self.file.name}
        return facts | ({"repository": where, "revision": self.revision} if where else {"sha256": sha256(self.file)})


def changes_since(recorded: Sequence[Mapping[str, Any]], resources: Resources) -> list[str]:
    """The names of adapters that are others on this machine now than those that a result was made with.

    Args:
        recorded: The adapters as its metadata have them (`Lora.facts`).
        resources: The settings, and the store of pulled weights. What is not on this machine is not compared.
    """
    changed = []
    for each in recorded:
        settings = resources.loras.get(name := str(each.get("name")))
        try:
            now = find_lora(name, settings, None, resources).facts if settings else {}
        except (SpectacleError, OSError):
            continue
        if any(now[key] != each[key] for key in ("sha256", "repository", "revision") if key in now and key in each):
            changed.append(name)
    return changed


def source_of(lora: LoraSettings) -> Source | None:
    """What is pulled of an adapter, None for a file of this machine."""
    return Source(lora.repository, (lora.file,), licence=lora.licence) if lora.repository else None


def sha256(file: Path) -> str:
    """The digest of a file, which is read once for as long as its size and its time of change stay."""
    found = file.stat()
    return _digest(file, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=256)
def _digest(file: Path, _size: int, _changed: int) -> str:
    return digest_file(file).sha256


def choose(options: LoraOptions, resources: Resources, models: Sequence[str]) -> list[Lora]:
    """Find the adapters that a request asks for.

    Args:
        options: Its options.
        resources: The settings, and the store of pulled weights.
        models: The generator and the repository of its model, either of which an adapter may be for.

    Raises:
        BadOptions: When a name is not in the settings, or an adapter is for other models.
        WeightsMissing: When an adapter's file is not on this machine; the message says how it gets there.
    """
    return [_find(each, resources, models) for each in options.loras]


def with_triggers(prompt: str, loras: Sequence[Lora]) -> str:
    """The prompt, with the trigger words of adapters before it that it does not have."""
    missing = [
        each.settings.trigger
        for each in loras
        if each.settings.trigger and each.settings.trigger.casefold() not in prompt.casefold()
    ]
    return ", ".join([*missing, prompt])


def scales_of(loras: Sequence[Lora], beside: Mapping[Path, float] | None = None) -> dict[Path, float]:
    """The scales by file; a file that has several names counts with the sum of theirs.

    Args:
        loras: The adapters.
        beside: Files that are used with these scales in addition.
    """
    scales = dict(beside or {})
    for each in loras:
        scales[each.file] = scales.get(each.file, 0.0) + each.scale
    return scales


def facts_of(loras: Sequence[Lora]) -> dict[str, Any]:
    """What the metadata of a result say of its adapters; nothing without any."""
    return {"loras": [each.facts for each in loras]} if loras else {}


def largest(resources: Resources, models: Sequence[str]) -> int:
    """How many weights the largest adapter has that a request may name.

    Args:
        resources: The settings, and the store of pulled weights.
        models: The generator and the repository of its model.
    """
    usable = [name for name, each in resources.loras.items() if not each.models or set(models) & set(each.models)]
    return max((_numbers(name, resources) for name in usable), default=0)


def _numbers(name: str, resources: Resources) -> int:
    """How many weights an adapter has; none when it cannot be read, which whoever names it is told."""
    try:
        return parameters(read_header(find_lora(name, resources.loras[name], None, resources).file))
    except SpectacleError:
        return 0


def enlarged(part: Component, numbers: int) -> Component:
    """A part of a model with the weights of adapters in it, which are never quantized, if it is what they change."""
    if not numbers or part.name not in ("transformer", "unet"):
        return part
    return replace(
        part,
        parameters=part.parameters + numbers,
        fixed=part.fixed + numbers,
        stored=part.stored + bytes_in_memory(numbers) if part.stored else 0,
        gguf=part.gguf + bytes_in_memory(numbers) if part.gguf else 0,
    )


def _find(choice: LoraChoice, resources: Resources, models: Sequence[str]) -> Lora:
    settings = resources.loras.get(choice.name)
    if settings is None:
        raise BadOptions(f"loras: {_unknown(choice.name, resources.loras)}", option="loras")
    if settings.models and not set(models) & set(settings.models):
        raise BadOptions(
            f"loras: {choice.name} is for {', '.join(settings.models)}, and this kind uses {' with '.join(models)}. "
            "Use another kind, or another LoRA.",
            option="loras",
        )
    return find_lora(choice.name, settings, choice.scale, resources)


def find_lora(name: str, settings: LoraSettings, scale: float | None, resources: Resources) -> Lora:
    """An adapter with the strength that is asked for, or else with that of its settings.

    Raises:
        WeightsMissing: When its file is not on this machine; the message says how it gets there.
    """
    file, revision = _locate(name, settings, resources)
    return Lora(name, file, settings.scale if scale is None else scale, settings, revision)


def _unknown(name: str, loras: Mapping[str, LoraSettings]) -> str:
    if not loras:
        return f"{name[:64]!r} is not known, because this instance has no LoRA. Configure it as [loras.NAME]."
    near = get_close_matches(name, loras, n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    return f"{name[:64]!r} is not known. {meant}Use one of {', '.join(sorted(loras))}."


def _locate(name: str, settings: LoraSettings, resources: Resources) -> tuple[Path, str | None]:
    source = source_of(settings)
    if source is None:
        file = Path(settings.file)
        if not file.is_file():
            raise WeightsMissing(
                f"{file}: the file of LoRA {name} is missing. Copy it there, or correct loras.{name}.file."
            )
        return file, None
    try:
        located = resources.store.locate(source)
    except WeightsMissing as error:
        raise WeightsMissing(f"{error.message} Run `spectacle pull --lora {name}` on this host.") from None
    return located.path / settings.file, located.revision
