"""How close an SVG is to its image."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

_SSIM_WINDOW = 7


@dataclass(frozen=True, slots=True)
class Metrics:
    """What is known of a finished SVG. The errors compare it with the image, both on white, channels 0 to 1.

    Attributes:
        num_paths: Number of paths.
        duration_sec: Wall-clock seconds from the image to the SVG.
        mse: Mean squared error.
        psnr: Peak signal-to-noise ratio in dB; infinite for identical images.
        ssim: Structural similarity as scikit-image computes it by default: windows of 7 × 7 pixels, mean of the
            channels.
        bytes: Size of the SVG document in UTF-8.
    """

    num_paths: int
    duration_sec: float
    mse: float
    psnr: float
    ssim: float
    bytes: int

    def facts(self) -> dict[str, Any]:
        """The metrics as rounded numbers for logs and metadata; an infinite PSNR is omitted."""
        digits = {"duration_sec": 2, "mse": 6, "psnr": 2, "ssim": 4}
        rounded = {name: round(value, digits.get(name, 0) or None) for name, value in asdict(self).items()}
        if math.isinf(self.psnr):
            del rounded["psnr"]
        return rounded


def compare(drawn: NDArray[np.float32], wanted: NDArray[np.float32]) -> tuple[float, float, float]:
    """MSE, PSNR and SSIM of two (height, width, 3) images with channels from 0 to 1."""
    mse = float(np.mean((drawn - wanted) ** 2, dtype=np.float64))
    psnr = -10 * math.log10(mse) if mse else math.inf
    if min(drawn.shape[:2]) < _SSIM_WINDOW:
        pad = [(0, max(0, _SSIM_WINDOW - side)) for side in drawn.shape[:2]]
        drawn, wanted = (np.pad(picture, [*pad, (0, 0)], mode="edge") for picture in (drawn, wanted))
    ssim = structural_similarity(drawn, wanted, channel_axis=2, data_range=1.0)  # type: ignore[no-untyped-call]
    return mse, psnr, float(ssim)
