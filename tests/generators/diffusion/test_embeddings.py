"""The cache of prompt embeddings."""

from __future__ import annotations

import torch
from PIL import Image

from spectacle.generators.diffusion.embeddings import EmbeddingCache, Embeddings, picture_digest


def made(numbers: int, value: float = 1.0) -> Embeddings:
    return Embeddings((torch.full((1, numbers), value, dtype=torch.bfloat16), None))


class Encoder:
    """Counts how often it is asked."""

    def __init__(self, numbers: int = 8) -> None:
        self.asked = 0
        self._numbers = numbers

    def __call__(self) -> Embeddings:
        self.asked += 1
        return made(self._numbers, self.asked)


def test_a_repeated_prompt_is_encoded_once() -> None:
    cache, encoder = EmbeddingCache(), Encoder()
    first = cache.get(("a fox", 512), encoder)
    assert cache.get(("a fox", 512), encoder) is first
    cache.get(("a fox", 256), encoder)
    assert encoder.asked == 2


def test_the_longest_unused_go_when_the_cache_is_full() -> None:
    cache, encoder = EmbeddingCache(max_bytes=3 * 16), Encoder()
    for prompt in ("a", "b", "c", "a", "d"):
        cache.get(prompt, encoder)
    assert (encoder.asked, len(cache), cache.nbytes) == (4, 3, 48)
    cache.get("a", encoder)
    assert encoder.asked == 4
    cache.get("b", encoder)
    assert encoder.asked == 5


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    cache, encoder = EmbeddingCache(max_bytes=15), Encoder()
    assert cache.get("a", encoder).nbytes == 16
    assert (len(cache), cache.nbytes) == (0, 0)


def test_what_fails_to_encode_is_not_kept() -> None:
    cache, encoder = EmbeddingCache(), Encoder()

    def fails() -> Embeddings:
        raise MemoryError

    try:
        cache.get("a", fails)
    except MemoryError:
        cache.get("a", encoder)
    assert encoder.asked == 1


def test_pictures_of_other_pixels_sizes_or_modes_have_other_digests() -> None:
    pictures = [
        Image.new("RGB", (4, 2)),
        Image.new("RGB", (2, 4)),
        Image.new("RGB", (4, 2), "red"),
        Image.new("L", (4, 6)),
    ]
    assert len({picture_digest(picture) for picture in pictures}) == len(pictures)
    assert picture_digest(pictures[0]) == picture_digest(Image.new("RGB", (4, 2)))
