"""Measures what OmniSVG gains on a CPU from generating waiting requests together, with random weights.

python benchmarks/omnisvg_batches.py --tiny
python benchmarks/omnisvg_batches.py --size 4B --layers 4 --tokens 12     # layers of full size
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from unittest.mock import patch

import torch
from gpu_omnisvg import SHAPES, build, prompt

from spectacle.generators.omnisvg import generation
from spectacle.generators.omnisvg.generation import Decoder, Prompt
from spectacle.generators.omnisvg.products import independent_of_rows
from spectacle.generators.omnisvg.sampling import default_sampling
from spectacle.generators.omnisvg.sizes import SPARE_CANDIDATES
from spectacle.generators.omnisvg.tokens import SIZES


def measure(
    decoder: Decoder, prompts: Sequence[Prompt], clock: Callable[[], float], *, together: bool
) -> tuple[float, list[object]]:
    """Seconds from the first step of all to the last, prompts apart, and the tokens."""
    begun = 0.0
    begin = Decoder._begin

    def timed(self: Decoder, each: Prompt) -> generation._Generation:
        nonlocal begun
        start = clock()
        try:
            return begin(self, each)
        finally:
            begun += clock() - start

    start = clock()
    with patch.object(Decoder, "_begin", timed), patch.object(generation._Generation, "ended", lambda run: False):
        if together:
            made = dict(decoder.generate_together(prompts))
            rows: list[object] = [made[number] for number in range(len(prompts))]
        else:
            rows = [decoder.generate(each) for each in prompts]
    return clock() - start - begun, rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=sorted(SHAPES), default="4B")
    parser.add_argument("--layers", type=int, help="how many layers; all by default")
    parser.add_argument("--tiny", action="store_true", help="a small model")
    parser.add_argument("--waiting", type=int, default=8, help="how many requests wait")
    parser.add_argument("--candidates", type=int, default=4, help="their option num_candidates")
    parser.add_argument("--tokens", type=int, default=60, help="length of each SVG")
    parser.add_argument("--prompt", type=int, default=30, help="length of the prompts in tokens")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--cpu-time", action="store_true", help="measure CPU time: for one thread on a busy machine")
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured; the best counts")
    options = parser.parse_args(arguments)
    torch.manual_seed(0)
    dtype = getattr(torch, options.dtype)
    device = torch.device("cpu")
    model = build(options.size, device, tiny=options.tiny, layers=options.layers, dtype=dtype)
    decoder = Decoder(model, SIZES[options.size])
    count = options.candidates + SPARE_CANDIDATES
    prompts = [
        Prompt(
            prompt(options.prompt + number, device), default_sampling("icon"), count, options.tokens, number,
            lambda done, paths: None,
        )
        for number in range(options.waiting)
    ]  # fmt: skip
    exact = independent_of_rows(decoder.matrices(), count, count * len(prompts), dtype)
    clock = time.process_time if options.cpu_time else time.perf_counter
    taken = {}
    rows = {}
    for together in (False, True):
        measured = [measure(decoder, prompts, clock, together=together) for _ in range(options.runs)]
        taken[together], rows[together] = min(seconds for seconds, _ in measured), measured[0][1]
    tokens = len(prompts) * count * options.tokens
    layers = model.config.get_text_config().num_hidden_layers
    shape = "tiny" if options.tiny else f"{layers} layers of full size"
    print(f"OmniSVG {options.size}, {shape}, {options.dtype}, {torch.get_num_threads()} threads; "
          f"{len(prompts)} requests of {count} SVGs, {options.tokens} tokens each")  # fmt: skip
    print(f"one by one: {tokens / taken[False]:.0f} tokens/s; together: {tokens / taken[True]:.0f} tokens/s, "
          f"{taken[False] / taken[True]:.2f} times; the same tokens: {rows[False] == rows[True]}; "
          f"matrices independent of rows: {exact}")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
