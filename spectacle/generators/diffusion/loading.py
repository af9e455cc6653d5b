"""Loads the parts of a diffusers pipeline from a directory on this machine: checked, safetensors only, under a plan."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spectacle.errors import GeneratorError, SpectacleError, WeightsMissing, one_line
from spectacle.generators.diffusion import single_file
from spectacle.generators.diffusion.single_file import PartFile
from spectacle.generators.placement import residency
from spectacle.generators.placement.files import REMEDY, read_gguf, read_header, read_json, weight_files
from spectacle.generators.placement.plan import Place

if TYPE_CHECKING:
    from spectacle.generators.placement.plan import Plan

_LIBRARIES = ("diffusers", "transformers")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A pipeline's directory, in the published layout: `model_index.json`, and a directory for each part.

    Attributes:
        folder: The directory.
        variant: Such as `fp16`: which of several files with weights is loaded.
        gguf: GGUF files that take the place of the weights of parts.
        elsewhere: Directories of single parts that come from other repositories, such as another VAE.
        files: Files with the weights of parts, in the place of those in the directory.
    """

    folder: Path
    variant: str | None = None
    gguf: Mapping[str, Path] = field(default_factory=dict)
    elsewhere: Mapping[str, Path] = field(default_factory=dict)
    files: Mapping[str, PartFile] = field(default_factory=dict)

    def folder_of(self, component: str) -> Path:
        """Where a part's configuration is, and its weights unless they are in a file of their own."""
        return self.elsewhere.get(component, self.folder / component)

    def variant_of(self, component: str) -> str | None:
        """Which of several files with weights of a part is loaded."""
        if self.variant is None or component in self.elsewhere:
            return None
        # Some repositories have variants of some parts alone.
        there = any(self.folder_of(component).glob(f"*.{self.variant}*"))
        return self.variant if there else None

    @property
    def shows_images(self) -> bool:
        """Whether the pipeline shows images to its text encoder."""
        return "processor" in read_json(self.folder / "model_index.json")

    @property
    def facts(self) -> dict[str, Any]:
        """What the metadata of a result say of parts that do not come from the model's repository."""
        names = {name: path.name for name, path in self.gguf.items()}
        names |= {name: file.path.name for name, file in self.files.items()}
        return {"weights": names} if names else {}

    @property
    def pipeline(self) -> str:
        """Name of the pipeline's class in `model_index.json`, empty without one."""
        return str(read_json(self.folder / "model_index.json").get("_class_name", ""))


def quiet() -> None:
    """Keep the progress bars and the chatter of the libraries out of the log."""
    import diffusers
    import transformers

    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()


def components(checkpoint: Checkpoint, pipeline: str) -> dict[str, type]:
    """The classes of a pipeline's parts, as `model_index.json` names them.

    Args:
        checkpoint: The checkpoint.
        pipeline: Name of the pipeline's class that the checkpoint must be for.

    Raises:
        GeneratorError: When it is for another pipeline, or names a class that diffusers and transformers do not have.
    """
    file = checkpoint.folder / "model_index.json"
    index = read_json(file)
    if index.get("_class_name") != pipeline:
        raise GeneratorError(
            f"{file}: contains {index.get('_class_name')}, but {pipeline} is needed. Use the weights of this model."
        )
    found = {}
    for name, value in index.items():
        if isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value):
            found[name] = _class(file, *value)
    return found


def _absent(checkpoint: Checkpoint) -> list[str]:
    """The parts that a checkpoint declares not to have."""
    index = read_json(checkpoint.folder / "model_index.json")
    return [name for name, value in index.items() if value == [None, None]]


def check(checkpoint: Checkpoint, pipeline: type[Any], index: str | None = None) -> None:
    """Check whether everything that a pipeline loads is there, complete, and of its architecture. Loads nothing.

    Args:
        checkpoint: The checkpoint.
        pipeline: The pipeline's class.
        index: Name of the class that `model_index.json` names, when that is another.

    Raises:
        GeneratorError: The message names the file, and what to do.
    """
    takes = inspect.signature(pipeline.__init__).parameters
    found = components(checkpoint, index or pipeline.__name__)
    there = {"self", *found, *_absent(checkpoint), *_settings(checkpoint, takes)}
    lacking = [name for name, each in takes.items() if each.default is each.empty and name not in there]
    lacking = [name for name in lacking if takes[name].kind is not inspect.Parameter.VAR_KEYWORD]
    if lacking:
        raise GeneratorError(
            f"{checkpoint.folder / 'model_index.json'}: has no {lacking[0]}, which {pipeline.__name__} needs. Use the "
            "pipeline that the repository is for."
        )
    for name, kind in found.items():
        if name not in takes:
            continue
        expected = _models(takes[name].annotation)
        if expected and _is_model(kind) and not issubclass(kind, expected):
            raise GeneratorError(
                f"{checkpoint.folder / 'model_index.json'}: {name} is a {kind.__name__}, but {pipeline.__name__} "
                f"needs a {expected[0].__name__}. Use the weights of this model."
            )
        folder = checkpoint.folder_of(name)
        if (file := checkpoint.files.get(name)) is not None:
            single_file.check(file, kind, folder, vision=checkpoint.shows_images)
        elif _is_model(kind):
            check_model(folder, kind, variant=checkpoint.variant_of(name), gguf=checkpoint.gguf.get(name))
        elif not folder.is_dir():
            raise GeneratorError(f"{folder}: missing. {REMEDY}")


def check_model(folder: Path, kind: type, *, variant: str | None = None, gguf: Path | None = None) -> None:
    """Check whether a model's files are there, complete, and of its class. Loads nothing.

    Raises:
        GeneratorError: The message names the file, and what to do.
    """
    config = read_json(folder / "config.json")
    said = config.get("_class_name") or next(iter(config.get("architectures") or ()), None)
    if said != kind.__name__ and not _is_same_family(kind, config):
        raise GeneratorError(
            f"{folder / 'config.json'}: describes {said}, but {kind.__name__} is needed. Use the weights of this model."
        )
    if gguf is not None:
        read_gguf(gguf)
        if not any(folder.glob("*.safetensors")):
            return
    for file in weight_files(folder, variant):
        read_header(file)


def _is_same_family(kind: type, config: Mapping[str, Any]) -> bool:
    """Whether a class of transformers is another head of the architecture that a configuration describes.

    Text encoders are published with the configurations of the language models they were taken from.
    """
    of = getattr(kind, "config_class", None)
    return _library(kind) == "transformers" and getattr(of, "model_type", "") == config.get("model_type", None)


def load_component(checkpoint: Checkpoint, name: str, kind: type, plan: Plan) -> Any:
    """Load one part of a pipeline on the CPU, in the precision that the plan says.

    Raises:
        WeightsMissing: When its directory is not there any more.
        GeneratorError: When its files do not fit its class; the message names the directory.
    """
    folder = checkpoint.folder_of(name)
    if not folder.is_dir():
        raise WeightsMissing(
            f"{folder}: removed while its model was loaded. Run `spectacle pull` again, or restart "
            f"the daemon to load the current weights."
        )
    if not _is_model(kind):
        with _explained(folder, kind):
            return typing.cast(Any, kind).from_pretrained(folder, local_files_only=True)
    if (file := checkpoint.files.get(name)) is not None:
        with _explained(file.path, kind, "Download the file again."):
            loaded = single_file.load(
                file,
                kind,
                folder,
                residency.dtype(plan),
                vision=checkpoint.shows_images,
                quantize=residency.quantizer(plan, name),
            )
            return residency.told_of_quantization(loaded, plan, name)
    return load_model(folder, name, kind, plan, variant=checkpoint.variant_of(name), gguf=checkpoint.gguf.get(name))


def load_model(
    folder: Path, name: str, kind: type, plan: Plan, *, variant: str | None = None, gguf: Path | None = None
) -> Any:
    """Load one model in the precision that the plan says of the part it is, on the CPU or where it is quantized.

    Args:
        folder: Its directory.
        name: Which part it is, as the plan names it.
        kind: Its class.
        plan: The plan.
        variant: Such as `fp16`.
        gguf: A GGUF file to take the weights from, if the plan says so.

    Raises:
        GeneratorError: When its files do not fit its class; the message names the directory.
    """
    library = _library(kind)
    # nf4 weights are packed by `residency.place`, and those into which an adapter is fused are quantized after that.
    later = plan.of(name).quantization == "nf4" or plan.fused == name
    quantization = None if later else residency.quantization_config(plan, name, library)
    common: dict[str, Any] = {"dtype": residency.dtype(plan), "local_files_only": True}
    model = typing.cast(Any, kind)
    with _explained(gguf or folder, kind):
        if gguf is not None and plan.of(name).quantization == "gguf":
            return model.from_single_file(str(gguf), config=str(folder), quantization_config=quantization, **common)
        if quantization is not None:
            common["quantization_config"] = quantization
        if variant is not None:
            common["variant"] = variant
        if not later and (device_map := residency.device_map(plan, name)) is not None:
            common["device_map"] = device_map
        loaded, info = model.from_pretrained(folder, use_safetensors=True, output_loading_info=True, **common)
        problems = [*info["missing_keys"], *info["mismatched_keys"]]
        if problems:
            raise GeneratorError(
                f"{folder}: not the weights of a {kind.__name__} with this configuration: {problems[0]} is "
                f"missing or has another shape. {REMEDY}"
            )
    return loaded


def load_pipeline(
    pipeline: type[Any],
    checkpoint: Checkpoint,
    plan: Plan,
    *,
    index: str | None = None,
    given: Mapping[str, Any] | None = None,
) -> Any:
    """Load a pipeline on the CPU. Parts that the plan stages, or has loaded late, are None in it until then.

    Args:
        pipeline: The pipeline's class.
        checkpoint: What it is loaded from.
        plan: The precision of each part.
        index: Name of the class that `model_index.json` names, when that is another.
        given: Parts that are loaded already, or None for parts that are not wanted.

    Raises:
        GeneratorError: When a file is missing, damaged, a pickle, or of another model; the message names it.
    """
    quiet()
    check(checkpoint, pipeline, index)
    takes = inspect.signature(pipeline.__init__).parameters
    parts = dict(given or {})
    parts = {**{name: None for name in _absent(checkpoint) if name in takes}, **parts}
    for name, kind in components(checkpoint, index or pipeline.__name__).items():
        if name in takes and name not in parts:
            absent = is_staged(plan, name) or is_late(plan, name)
            parts[name] = None if absent else load_component(checkpoint, name, kind, plan)
    loaded = pipeline(**parts, **_settings(checkpoint, takes))
    loaded.set_progress_bar_config(disable=True)
    return loaded


def is_staged(plan: Plan, name: str) -> bool:
    """Whether a part is read when its stage comes, and freed after it."""
    return any(placement.component == name and placement.staged for placement in plan.placements)


def is_late(plan: Plan, name: str) -> bool:
    """Whether a part stays in the host's memory, and is loaded once blocks of another have left it for the GPU."""
    waits = any(each.kept for each in plan.placements)
    return waits and any(
        each.component == name and each.place in (Place.OFFLOAD, Place.STREAM) and not each.kept and not each.staged
        for each in plan.placements
    )


class _explained:  # noqa: N801 - used like a function
    """Turns what the libraries raise about files into an error that names the directory."""

    def __init__(self, where: Path, kind: type, remedy: str = REMEDY) -> None:
        self._where = where
        self._kind = kind
        self._remedy = remedy

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> Literal[False]:
        if isinstance(error, SpectacleError) or error is None:
            return False
        # Torch's own errors of memory and devices are RuntimeErrors too, of kinds of their own.
        # Tokenizers raise nothing but plain Exceptions about their files.
        plain = type(error) in (RuntimeError, Exception)
        known = plain or isinstance(error, OSError | ValueError | KeyError | TypeError)
        if known or type(error).__name__ == "SafetensorError":
            said = one_line(error, 300)
            raise GeneratorError(
                f"{self._where}: cannot be loaded as {self._kind.__name__}: {type(error).__name__}: {said}. "
                f"{self._remedy}"
            ) from error
        return False


def _class(file: Path, library: str, name: str) -> type:
    from diffusers import pipelines

    if library in _LIBRARIES:
        found = getattr(import_module(library), name, None)
    else:  # some classes are part of the module of their pipeline alone, such as safety checkers
        found = getattr(getattr(pipelines, library, None), name, None) if library.isidentifier() else None
    if not isinstance(found, type):
        raise GeneratorError(
            f"{file}: needs {library}.{name}, which is not a class of diffusers or transformers; code of checkpoints "
            f"is never run. Install a newer diffusers or transformers, which may have it."
        )
    return found


def _library(kind: type) -> Literal["diffusers", "transformers"]:
    return "diffusers" if kind.__module__.startswith("diffusers.") else "transformers"


def _is_model(kind: type) -> bool:
    from torch import nn

    return issubclass(kind, nn.Module)


def _models(annotation: Any) -> tuple[type, ...]:
    """The model classes among the types that a parameter takes."""
    kinds = typing.get_args(annotation) or (annotation,)
    return tuple(kind for kind in kinds if isinstance(kind, type) and _is_model(kind))


def _settings(checkpoint: Checkpoint, takes: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values in `model_index.json` that the pipeline takes, such as whether it is distilled."""
    index = read_json(checkpoint.folder / "model_index.json")
    return {
        name: value
        for name, value in index.items()
        if name in takes and not name.startswith("_") and not isinstance(value, list)
    }
