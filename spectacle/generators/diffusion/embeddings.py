"""Keeps the embeddings of recent prompts, so that a repeated prompt does not need the text encoder."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import torch

DEFAULT_BYTES = 256 << 20
"""What a cache holds at most. A prompt of Qwen-Image's longest, 1024 tokens of 3584 numbers in bf16, takes 7 MiB."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What a text encoder made of one prompt.

    Attributes:
        tensors: The tensors that the pipeline's `encode_prompt` returned, in its order; None where it returned None.
    """

    tensors: tuple[torch.Tensor | None, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors."""
        return sum(tensor.nbytes for tensor in self.tensors if tensor is not None)

    def to(self, device: torch.device | str) -> Embeddings:
        """The same on a device."""
        return Embeddings(tuple(tensor if tensor is None else tensor.to(device) for tensor in self.tensors))


class EmbeddingCache:
    """The embeddings used last, in the host's memory.

    Args:
        max_bytes: How much it holds; the longest unused go first.
    """

    def __init__(self, max_bytes: int = DEFAULT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._held: OrderedDict[Hashable, Embeddings] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._bytes

    def get(self, key: Hashable, encode: Callable[[], Embeddings]) -> Embeddings:
        """The embeddings of a prompt, in the host's memory.

        Args:
            key: All that they depend on: the model, its revision, the prompt, digests of images, lengths.
            encode: Makes them when they are not held.
        """
        if (held := self._held.get(key)) is not None:
            self._held.move_to_end(key)
            return held
        made = encode().to("cpu")
        if made.nbytes <= self._max_bytes:
            self._held[key] = made
            self._bytes += made.nbytes
            while self._bytes > self._max_bytes:
                self._bytes -= self._held.popitem(last=False)[1].nbytes
        return made


def picture_digest(picture: Image.Image) -> str:
    """A digest of an image's size, mode and pixels, for keys."""
    digest = hashlib.sha256(f"{picture.mode} {picture.size}".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()
