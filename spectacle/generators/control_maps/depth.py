"""How near things in an image are, as Depth Anything V2 sees it: near is bright."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spectacle.generators.diffusion.references import on_white
from spectacle.weights import Source

DEPTH = Source(
    "depth-anything/Depth-Anything-V2-Small-hf",
    ("config.json", "preprocessor_config.json", "model.safetensors"),
    licence="Apache-2.0",
    size=99_000_000,
)
"""The small one of the models, whose licence allows everything; the larger ones forbid commercial use."""


class DepthModel:
    """The loaded model, on the CPU: it is small, and needs no place in the plan of another.

    Args:
        folder: Where its files are.

    Raises:
        GeneratorError: When they are damaged or of another model.
    """

    def __init__(self, folder: Path) -> None:
        import transformers

        from spectacle.generators.diffusion.loading import check_model, quiet

        quiet()
        kind: Any = transformers.DepthAnythingForDepthEstimation
        check_model(folder, kind)
        self._processor: Any = transformers.DPTImageProcessor.from_pretrained(folder, local_files_only=True)
        self._model: Any = kind.from_pretrained(folder, use_safetensors=True, local_files_only=True).eval()

    def map_of(self, image: Image.Image) -> Image.Image:
        """The depth of an image, in its size: the nearest white, the farthest black."""
        import torch

        picture = on_white(image)
        with torch.no_grad():
            seen = self._model(**self._processor(images=picture, return_tensors="pt"))
        depth = torch.nn.functional.interpolate(
            seen.predicted_depth[:, None], size=picture.size[::-1], mode="bicubic", align_corners=False
        )[0, 0].numpy()
        span = float(depth.max() - depth.min()) or 1.0
        values = np.clip((depth - depth.min()) / span * 255, 0, 255).astype(np.uint8)
        return Image.fromarray(np.repeat(values[:, :, None], 3, axis=2))
