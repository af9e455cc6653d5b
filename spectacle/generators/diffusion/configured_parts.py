"""Parts of models that the settings take from elsewhere: what is pulled for them, and where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from spectacle.config import PartSettings
from spectacle.errors import GeneratorError, WeightsMissing
from spectacle.generators.base import Resources
from spectacle.generators.diffusion.licences import notice_of
from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.diffusion.single_file import PartFile
from spectacle.generators.diffusion.single_file.layouts import WHOLE_KINDS
from spectacle.generators.placement.files import read_json
from spectacle.weights import Source

WHOLE = "checkpoint"
"""The part that stands for all parts of a model which a file of a whole checkpoint has."""

_FILES = (".safetensors", ".gguf")


@dataclass(frozen=True, slots=True)
class ConfiguredParts:
    """The parts of a model that come from elsewhere.

    Attributes:
        model: The name under which the settings have them, empty when they have none.
        parts: The settings by part.
    """

    model: str
    parts: Mapping[str, PartSettings]

    @property
    def names(self) -> Sequence[str]:
        """The parts whose weights the model's own repository need not have."""
        return tuple(self.parts)

    def sources(self) -> list[Source]:
        """What is pulled of them."""
        return [source for part in self.parts.values() if (source := _source(part)) is not None]

    def local(self) -> Iterator[tuple[str, Path, str]]:
        """Those on this machine: name, path and licence."""
        for name, part in self.parts.items():
            if part.repository is None:
                yield name, Path(part.path), part.licence

    def applied(self, checkpoint: Checkpoint, resources: Resources, pull: str) -> Checkpoint:
        """A checkpoint with these parts in the place of its own.

        Args:
            checkpoint: The model as its repository has it.
            resources: Where pulled weights are.
            pull: The command that pulls what is missing.

        Raises:
            WeightsMissing: When a file or directory is not on this machine.
            GeneratorError: When the model has no such part, or a file is of a format that is not loaded.
        """
        if not self.parts:
            return checkpoint
        gguf, elsewhere, files = dict(checkpoint.gguf), dict(checkpoint.elsewhere), dict(checkpoint.files)
        kinds = _kinds(checkpoint)
        for name, part in self.parts.items():
            if name != WHOLE and name not in kinds:
                raise GeneratorError(
                    f"{self._setting(name)}: {checkpoint.pipeline} has no such part. Use one of {', '.join(kinds)}."
                )
            path, projector = self._locate(name, part, resources, pull)
            if name == WHOLE:
                whole = [each for each, kind in kinds.items() if kind in WHOLE_KINDS]
                if not whole or path.suffix != ".safetensors":
                    raise GeneratorError(
                        f"{self._setting(name)}: {path} cannot be read as a checkpoint of {checkpoint.pipeline}: only "
                        f"safetensors files of Stable Diffusion XL can. Use a file or directory for each part."
                    )
                files.update({each: PartFile(path, whole=True) for each in whole})
            elif path.is_dir():
                elsewhere[name] = path
            elif path.suffix == ".gguf" and not name.startswith("text_encoder"):
                gguf[name] = path
            else:
                files[name] = PartFile(path, projector)
        return replace(checkpoint, gguf=gguf, elsewhere=elsewhere, files=files)

    def _locate(self, name: str, part: PartSettings, resources: Resources, pull: str) -> tuple[Path, Path | None]:
        folder = Path()
        if (source := _source(part)) is not None:
            try:
                folder = resources.store.locate(source).path
            except WeightsMissing as error:
                raise WeightsMissing(f"{error.message} Run `{pull}` on this host.") from None
        path, projector = folder / part.path, folder / part.projector if part.projector else None
        for each in (path, *((projector,) if projector else ())):
            if not each.exists():
                raise WeightsMissing(f"{each}: missing. Put it there, or correct {self._setting(name)}.")
            if each.is_file() and each.suffix not in _FILES:
                raise GeneratorError(
                    f"{each}: neither a safetensors nor a GGUF file; other formats can run code and are not loaded. "
                    f"Correct {self._setting(name)}."
                )
        return path, projector

    def _setting(self, name: str) -> str:
        model = f'"{self.model}"' if "/" in self.model else self.model
        return f"weights.parts.{model}.{name}"


def parts_of(resources: Resources, *models: str) -> ConfiguredParts:
    """The parts that the settings have under the first of these names that they know."""
    found = next((model for model in models if model in resources.parts), None)
    return ConfiguredParts(found, resources.parts[found]) if found is not None else ConfiguredParts("", {})


def _source(part: PartSettings) -> Source | None:
    if part.repository is None:
        return None
    if part.path.endswith(_FILES):
        files: tuple[str, ...] = (part.path, *((part.projector,) if part.projector else ()))
    else:
        files = (f"{part.path}/config.json", f"{part.path}/*.safetensors")
    optional = () if part.path.endswith(_FILES) else (f"{part.path}/*.json",)
    notice = notice_of(part.licence, part.repository)
    return Source(part.repository, files, part.licence, notice, optional=optional, revision=part.revision)


def _kinds(checkpoint: Checkpoint) -> dict[str, str]:
    """The parts of a pipeline that may have weights, with the names of their classes."""
    index = read_json(checkpoint.folder / "model_index.json")
    return {
        name: value[1]
        for name, value in index.items()
        if isinstance(value, list) and len(value) == 2 and isinstance(value[1], str)
        if not value[1].endswith(("Scheduler", "Tokenizer", "TokenizerFast", "Processor", "Extractor"))
    }
