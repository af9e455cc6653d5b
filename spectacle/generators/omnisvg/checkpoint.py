"""Loads OmniSVG's published checkpoint, a pickle of tensors under old names, into today's transformers."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor
from transformers.utils import logging as transformers_logging

from spectacle.errors import GeneratorError, one_line
from spectacle.generators.omnisvg.tokens import Vocabulary
from spectacle.generators.placement import backends
from spectacle.generators.placement.files import REMEDY

_ZIP = b"PK\x03\x04"
_HEAD = "lm_head.weight"
_EMBEDDING = "model.language_model.embed_tokens.weight"
_RENAMED = {
    # The file has the names of transformers 4.51 below `transformer.`; 4.52 put the two halves under `model.`.
    "transformer.visual.": "model.visual.",
    "transformer.model.": "model.language_model.",
    "transformer.lm_head.": "lm_head.",
}


def current_name(name: str) -> str:
    """The name of a tensor of the file in today's transformers; a name that is not known stays as it is."""
    for old, new in _RENAMED.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


def configuration(base: Path, vocabulary: Vocabulary) -> Qwen2_5_VLConfig:
    """The configuration of OmniSVG: that of the model underneath, with more tokens.

    Args:
        base: A directory with the `sizes.BASE_FILES`.
        vocabulary: The vocabulary of the size to load.

    Raises:
        GeneratorError: The directory has no readable `config.json`, or it is of another model.
    """
    try:
        config = Qwen2_5_VLConfig.from_json_file(base / "config.json")
    except Exception as error:  # transformers checks the values with errors of many kinds
        raise GeneratorError(f"{base / 'config.json'}: cannot be read ({_line(error)}). {REMEDY}") from None
    text: Any = config.text_config
    if text.vocab_size != vocabulary.base:
        raise GeneratorError(
            f"{base / 'config.json'}: of another model: its vocab_size is {text.vocab_size}, but "
            f"this size of OmniSVG needs {vocabulary.base}. Pull the weights of the right preset."
        )
    text.vocab_size = vocabulary.size
    text.bos_token_id, text.eos_token_id, text.pad_token_id = vocabulary.bos, vocabulary.eos, vocabulary.pad
    return config


def expected_shapes(config: Qwen2_5_VLConfig) -> dict[str, torch.Size]:
    """Name and shape of every tensor of the model, without memory for any; a tied head is among them."""
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(config)
    return {name: tensor.shape for name, tensor in model.state_dict().items()}


def read_tensors(file: Path, config: Qwen2_5_VLConfig) -> dict[str, Tensor]:
    """Map the published checkpoint into memory, under today's names, and check that it is complete.

    Nothing is executed: only tensors are read from the pickle. Their pages are read from disk when they are used.

    Raises:
        GeneratorError: The file is damaged or no checkpoint, holds anything but tensors, or its tensors are not those
            of the model: one is missing, of another shape, or too many.
    """
    content = _content(file)
    tensors = {current_name(name): tensor for name, tensor in content.items()}
    old_names = {current_name(name): name for name in content}
    shapes = expected_shapes(config)
    for name, tensor in tensors.items():
        if name not in shapes:
            raise GeneratorError(f"{file}: has a tensor that the model does not have, {old_names[name]}. {REMEDY}")
        if tensor.shape != shapes[name]:
            raise GeneratorError(
                f"{file}: of another size of the model: {old_names[name]} is {_by(tensor.shape)} "
                f"and should be {_by(shapes[name])}. Use the preset it belongs to."
            )
    if config.tie_word_embeddings:
        _check_tied(file, tensors)
        del shapes[_HEAD]
    if missing := [name for name in shapes if name not in tensors]:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise GeneratorError(f"{file}: lacks the tensor {missing[0]}{more}. {REMEDY}")
    return tensors


def _content(file: Path) -> dict[str, Tensor]:
    """The tensors under their old names."""
    try:
        with file.open("rb") as opened:
            begins = opened.read(len(_ZIP))
        if begins != _ZIP:
            raise GeneratorError(f"{file}: not a PyTorch checkpoint, which would be a zip archive. {REMEDY}")
        content = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise GeneratorError(
            f"{file}: rejected, because it contains more than tensors ({_line(error)}). {REMEDY}"
        ) from None
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        raise GeneratorError(f"{file}: not a readable checkpoint ({_line(error)}). {REMEDY}") from None
    if not isinstance(content, dict) or not all(isinstance(each, Tensor) for each in content.values()):
        raise GeneratorError(f"{file}: rejected, because it contains more than tensors. {REMEDY}")
    for name, tensor in content.items():
        if not isinstance(name, str):
            raise GeneratorError(f"{file}: rejected, because it has a tensor named {name!r}. {REMEDY}")
        if not tensor.is_floating_point() or tensor.is_meta or tensor.layout is not torch.strided:
            what = "on the device meta" if tensor.is_meta else f"{tensor.dtype}, {tensor.layout}".replace("torch.", "")
            raise GeneratorError(f"{file}: rejected, because {name} is not a weight ({what}). {REMEDY}")
    return content


def _check_tied(file: Path, tensors: dict[str, Tensor]) -> None:
    """Drop the head where it is the embedding, which is how transformers ties them itself."""
    head = tensors.pop(_HEAD, None)
    embedding = tensors.get(_EMBEDDING)
    if head is None or embedding is None or head.data_ptr() == embedding.data_ptr():
        return
    if not torch.equal(head, embedding):
        raise GeneratorError(
            f"{file}: its lm_head is not the embedding, although the configuration ties them. {REMEDY}"
        )


def load_published(
    file: Path,
    base: Path,
    vocabulary: Vocabulary,
    *,
    device: torch.device,
    dtype: torch.dtype,
    quantization_config: Any | None = None,
) -> Qwen2_5_VLForConditionalGeneration:
    """Load the published checkpoint.

    Args:
        file: The published file.
        base: A directory with the `sizes.BASE_FILES`.
        vocabulary: The vocabulary of the size.
        device: Where the model goes.
        dtype: In what it computes. On the CPU, weights that are in it already stay mapped from the file.
        quantization_config: How transformers shall quantize the weights as they are loaded, or None.

    Raises:
        GeneratorError: As `configuration` and `read_tensors` say.
    """
    config = configuration(base, vocabulary)
    tensors = read_tensors(file, config)
    with _quietly():
        model, _ = _from_pretrained(
            None,
            config=config,
            state_dict=tensors,
            device_map={"": device},
            dtype=dtype,
            quantization_config=quantization_config,
        )
    return model


def load_prepared(
    folder: Path,
    vocabulary: Vocabulary,
    *,
    device: torch.device,
    dtype: torch.dtype,
    quantization_config: Any | None = None,
) -> Qwen2_5_VLForConditionalGeneration:
    """Load a checkpoint that `save` wrote. The arguments are those of `load_published`.

    Raises:
        GeneratorError: It cannot be read, tensors are missing, or it is of another size.
    """
    try:
        with _quietly():
            model, report = _from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                device_map={"": device},
                dtype=dtype,
                quantization_config=quantization_config,
            )
    except Exception as error:  # transformers and safetensors have errors of many kinds
        if backends.is_out_of_memory(error) or backends.is_device_failure(error):
            raise
        raise GeneratorError(f"{folder}: cannot be loaded ({_line(error)}). Prepare it again.") from None
    if report["missing_keys"]:
        raise GeneratorError(f"{folder}: lacks the tensor {min(report['missing_keys'])}. Prepare it again.")
    text: Any = model.config.text_config
    if text.vocab_size != vocabulary.size:
        raise GeneratorError(f"{folder}: not a checkpoint of OmniSVG 1.1. Prepare it again.")
    return model


def save(model: Qwen2_5_VLForConditionalGeneration, processor: Qwen2_5_VLProcessor, folder: Path) -> None:
    """Write a model and its processor as safetensors, to be loaded by `load_prepared` and `load_processor`."""
    with _quietly():
        model.save_pretrained(folder)
        processor.save_pretrained(folder)


def load_processor(folder: Path) -> Qwen2_5_VLProcessor:
    """The tokenizer and image processor in a directory with the `sizes.BASE_FILES`, or one that `save` wrote.

    Raises:
        GeneratorError: They cannot be read.
    """
    try:
        with _quietly():
            return Qwen2_5_VLProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # tokenizers has no errors of its own
        raise GeneratorError(f"{folder}: the tokenizer files cannot be read ({_line(error)}). {REMEDY}") from None


def _from_pretrained(
    *arguments: Any, **keywords: Any
) -> tuple[Qwen2_5_VLForConditionalGeneration, Mapping[str, set[str]]]:
    loaded: Any = Qwen2_5_VLForConditionalGeneration.from_pretrained(*arguments, output_loading_info=True, **keywords)
    model, report = loaded
    return model, report


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without transformers' progress bars."""
    bars: Any = transformers_logging  # its functions have no types
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


def _by(shape: torch.Size) -> str:
    return "x".join(map(str, shape))


def _line(error: BaseException) -> str:
    return one_line(error, 160) or type(error).__name__
