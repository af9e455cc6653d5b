"""What the generators of the first Qwen-Image family share: the parts of their models, and how prompts are encoded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectacle.errors import GeneratorError
from spectacle.generators.diffusion.embeddings import Embeddings
from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.diffusion.part_sizes import read_part
from spectacle.generators.placement.plan import Component, Stage
from spectacle.weights import Store

if TYPE_CHECKING:
    from spectacle.generators.diffusion.stages import Stages

MULTIPLE = 16
"""What the sides of images are multiples of: the VAE makes a latent of 8×8 pixels, the transformer a patch of 2×2."""
MIN_PIXELS = 600_000
"""Smaller images are generated with about as many pixels, and reduced. The authors name sizes of 1.6 to 1.8 megapixels
alone (README of QwenLM/Qwen-Image); how far below them the models stay good is not published, so this is a choice: a
third of those sizes, at which a step takes a third of the time."""
MAX_PIXELS = 8192 * MULTIPLE**2
"""Larger images are generated with as many pixels, and enlarged. It is `max_image_seq_len` of the published scheduler,
up to which it interpolates, in patches of 16×16 pixels."""

_WIDTH = 3072
_BF16 = 2
_TENSORS_PER_TOKEN = 18
_VAE_BYTES_PER_PIXEL = 5780
_VAE_TILED_BYTES = 600_000_000
_ENCODER_BYTES = 600_000_000
# Counted over one forward pass of the published architectures with fake tensors and fused attention: 17.6 tensors of
# the model's width for each token of the largest image, and 3460 bytes for each pixel in the VAE's decoder. The
# latter is raised as `published` says.


def components(checkpoint: Checkpoint, *, tokens: int) -> list[Component]:
    """The parts of a model for a plan.

    Args:
        checkpoint: The checkpoint.
        tokens: Maximum number of tokens that the transformer sees together, of text and images.

    Raises:
        GeneratorError: When a file of the checkpoint is damaged.
    """
    return [
        read_part(
            checkpoint,
            "transformer",
            Stage.DENOISE,
            activations=tokens * _WIDTH * _TENSORS_PER_TOKEN * _BF16,
        ),
        read_part(checkpoint, "text_encoder", Stage.ENCODE, activations=_ENCODER_BYTES),
        read_part(
            checkpoint,
            "vae",
            Stage.DECODE,
            activations=MAX_PIXELS * _VAE_BYTES_PER_PIXEL,
            tiled_activations=_VAE_TILED_BYTES,
        ),
    ]


def gguf_file(store: Store, repo: str) -> Path | None:
    """The GGUF file with a model's transformer that somebody put into the directory of its repository in the store.

    Raises:
        GeneratorError: When there are several.
    """
    folder = store.folder(repo)
    files = sorted(folder.glob("*.gguf"))
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise GeneratorError(f"{folder}: contains several GGUF files, {names}. Keep one of them there.")
    return files[0] if files else None


def encode_prompt(stages: Stages, prompt: str, max_sequence_length: int) -> dict[str, Any]:
    """Embeddings of a prompt as a call of the pipeline takes them: `prompt_embeds` and `prompt_embeds_mask`."""

    def encode(pipeline: Any) -> Embeddings:
        return Embeddings(
            tuple(pipeline.encode_prompt(prompt=prompt, device=stages.device, max_sequence_length=max_sequence_length))
        )

    return as_arguments(stages.encode((prompt, max_sequence_length), encode))


def is_cut(stages: Stages, prompt: str, max_sequence_length: int) -> bool:
    """Whether a prompt has more tokens than are used."""
    return len(stages.pipeline.tokenizer(prompt).input_ids) > max_sequence_length


def as_arguments(embeddings: Embeddings) -> dict[str, Any]:
    """Embeddings and their mask as a call of the pipeline takes them."""
    import torch

    embeds, mask = embeddings.tensors
    assert embeds is not None
    if mask is None:
        # The pipeline leaves out a mask of ones, and warns when it is not given one.
        mask = torch.ones(embeds.shape[:2], dtype=torch.long, device=embeds.device)
    return {"prompt_embeds": embeds, "prompt_embeds_mask": mask}


def negative(arguments: dict[str, Any]) -> dict[str, Any]:
    """The same arguments for the negative prompt."""
    return {f"negative_{name}": value for name, value in arguments.items()}
