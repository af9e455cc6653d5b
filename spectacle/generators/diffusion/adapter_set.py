"""The LoRA adapters of a pipeline: which are at work, which stay loaded for later, and which are removed."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectacle.generators.diffusion.adapters import load_adapter
from spectacle.generators.placement.files import bytes_in_memory, parameters, read_header
from spectacle.generators.placement.streaming import unstreamed


@dataclass(frozen=True, slots=True)
class _Loaded:
    """An adapter of the pipeline: its name there, its bytes, and what its file was when it was read."""

    name: str
    size: int
    stamp: tuple[int, int] | None


class AdapterSet:
    """The adapters of one pipeline, swapped without reloading the model.

    Args:
        pipeline: The pipeline, of a class that takes LoRA adapters.
        room: Bytes that all of them may take together, including those that stay loaded for later.
    """

    def __init__(self, pipeline: Any, room: int = 0) -> None:
        self._pipeline: Any = pipeline
        self._room = room
        self._loaded: dict[Path, _Loaded] = {}  # those that were at work last come last
        self._scales: dict[Path, float] = {}
        self._count = 0

    def use(self, scales: Mapping[Path, float]) -> None:
        """Have these adapters at work with these scales, and no others.

        What is not loaded yet is, and what has another content now is read again. Of those not at work any more, the
        last ones stay loaded for which there is room.

        Raises:
            GeneratorError: When a file is damaged, not a safetensors file, or an adapter for another model; what was at
                work before still is.
        """
        missing = [file for file in scales if file not in self._loaded or self._loaded[file].stamp != _stamp(file)]
        if not missing and dict(scales) == self._scales:
            return
        with ExitStack() as stack:
            for part in self._pipeline.components.values():
                if hasattr(part, "load_lora_adapter") or hasattr(part, "peft_config"):
                    stack.enter_context(unstreamed(part))
            for file in missing:
                self._load(file, scales.keys() | self._scales.keys())
            for file in scales:
                self._loaded[file] = self._loaded.pop(file)
            self._remove_unused(self._room, scales.keys())
            self._switch(scales)
            self._scales = dict(scales)

    def close(self) -> None:
        """Let go of the pipeline, so that it can be freed."""
        self._pipeline = None

    def _load(self, file: Path, needed: Collection[Path]) -> None:
        import torch

        name, stamp = f"adapter{self._count}", _stamp(file)
        self._count += 1
        try:
            load_adapter(self._pipeline, file, name)
            failed = False
        except torch.OutOfMemoryError:
            if not self._remove_unused(0, needed):
                raise
            failed = True
        if failed:  # not while the error is handled, which holds what had been loaded
            load_adapter(self._pipeline, file, name)
        if file in self._loaded:
            self._remove(file)
        self._loaded[file] = _Loaded(name, bytes_in_memory(parameters(read_header(file))), stamp)
        # Loading has switched it on.
        self._switch(self._scales)

    def _remove_unused(self, room: int, needed: Collection[Path]) -> bool:
        """Remove the oldest that are not needed until all have at most so many bytes, and say if any was."""
        unused = [file for file in self._loaded if file not in needed]
        before = len(unused)
        while unused and sum(each.size for each in self._loaded.values()) > room:
            self._remove(unused.pop(0))
        return len(unused) < before

    def _remove(self, file: Path) -> None:
        with warnings.catch_warnings():
            # That another adapter is active then: which are at work is set afterwards.
            warnings.filterwarnings(
                "ignore", message="Adapter .* was active which is now deleted", category=UserWarning
            )
            self._pipeline.delete_adapters(self._loaded.pop(file).name)

    def _switch(self, scales: Mapping[Path, float]) -> None:
        if scales:
            self._pipeline.enable_lora()
            self._pipeline.set_adapters([self._loaded[file].name for file in scales], list(scales.values()))
        elif self._loaded:
            self._pipeline.disable_lora()


def _stamp(file: Path) -> tuple[int, int] | None:
    """Size and time of change of a file; None where there is none, which loading it tells."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
