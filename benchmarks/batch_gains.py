"""Measures what SuperSVG's networks and Qwen-Image gain from several requests in one run, with random weights.

Both are bound by arithmetic, not by reading weights as OmniSVG's decoding is: this shows whether batches of requests
would pay for them.

python benchmarks/batch_gains.py                    # CPU time of one thread
python benchmarks/batch_gains.py --device cuda:0    # the same on a GPU, by the clock
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from spectacle.generators.supersvg.network.model import Coarse, Refine

TEXT_TOKENS = 64


def coarse(size: int, device: torch.device, network: Coarse) -> Callable[[], Any]:
    """The coarse network on so many superpixels."""
    crops = torch.rand(size, 3, 224, 224, device=device)
    return lambda: network(crops)


def refine(size: int, device: torch.device, network: Refine) -> Callable[[], Any]:
    """The refining network on so many superpixels."""
    crops = torch.rand(size, 3, 224, 224, device=device)
    return lambda: network(crops, crops)


def block(size: int, device: torch.device, transformer: Any, side: int, dtype: torch.dtype) -> Callable[[], Any]:
    """One step of one block of Qwen-Image for so many images of `side` x `side` pixels."""
    tokens = (side // 16) ** 2
    arguments: dict[str, Any] = {
        "hidden_states": torch.randn(size, tokens, 64, device=device, dtype=dtype),
        "encoder_hidden_states": torch.randn(size, TEXT_TOKENS, 3584, device=device, dtype=dtype),
        "encoder_hidden_states_mask": None,
        "timestep": torch.full((size,), 0.5, device=device, dtype=dtype),
        "img_shapes": [[(1, side // 16, side // 16)]] * size,
        "return_dict": False,
    }
    return lambda: transformer(**arguments)


@torch.no_grad()
def per_item(runs: int, sizes: Sequence[int], make: Callable[[int], Callable[[], Any]], device: torch.device) -> str:
    """For each size of a batch, how many times as much is done in the same time as with the first."""
    made = {size: make(size) for size in sizes}
    best = dict.fromkeys(sizes, float("inf"))
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    for run in range(runs + 1):
        for size, work in made.items():
            begun = clock()
            work()
            if device.type != "cpu":
                torch.accelerator.synchronize()
            if run:  # the first one warms up
                best[size] = min(best[size], (clock() - begun) / size)
    return ", ".join(f"{size}: {best[sizes[0]] / best[size]:.2f}" for size in sizes)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--runs", type=int, default=4, help="how often each is measured; the best counts")
    options = parser.parse_args(arguments)
    device = options.device
    torch.manual_seed(0)
    torch.set_num_threads(1)
    print("How many times as much is done in the same time, by the size of a batch:")
    begins, goes_on = Coarse().to(device).eval(), Refine().to(device).eval()
    print("SuperSVG, coarse, superpixels ", per_item(
        options.runs, (16, 32, 64), lambda size: coarse(size, device, begins), device))  # fmt: skip
    print("SuperSVG, refine, superpixels ", per_item(
        options.runs, (16, 32, 64), lambda size: refine(size, device, goes_on), device))  # fmt: skip
    from diffusers import QwenImageTransformer2DModel

    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    transformer = QwenImageTransformer2DModel(num_layers=1).to(device, dtype).eval()
    for side in (256, 512):
        print(f"Qwen-Image, a block, {side}x{side} ", per_item(
            options.runs, (1, 2, 4), lambda size, side=side: block(size, device, transformer, side, dtype), device
        ))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
