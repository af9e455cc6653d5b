"""Measures how fast OmniSVG's full-size architecture decodes, as a share of what the memory's bandwidth allows.

The weights are random: speed does not depend on them. Beside Spectacle's loop, transformers' own `generate()` is run.

python benchmarks/gpu_omnisvg.py --size 8B
python benchmarks/gpu_omnisvg.py --tiny --device cpu
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from transformers import LogitsProcessor, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, StoppingCriteria

from spectacle.generators.omnisvg import generation
from spectacle.generators.omnisvg.generation import Decoder, Prompt
from spectacle.generators.omnisvg.grammar import Grammar, GrammarLogitsProcessor
from spectacle.generators.omnisvg.sampling import Sampling, default_sampling
from spectacle.generators.omnisvg.tokens import SIZES, Vocabulary

# The text halves of Qwen2.5-VL-7B-Instruct and -3B-Instruct. The picture half takes no part in decoding.
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "8B": {
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "tie_word_embeddings": False,
        "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
    },
    "4B": {
        "hidden_size": 2048,
        "intermediate_size": 11008,
        "num_hidden_layers": 36,
        "num_attention_heads": 16,
        "num_key_value_heads": 2,
        "tie_word_embeddings": True,
        "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
    },
}
TINY = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]},
}
PICTURES = {"depth": 1, "hidden_size": 64, "intermediate_size": 64, "num_heads": 2, "fullatt_block_indexes": [0]}


@dataclass(frozen=True)
class Measurement:
    """What one way of decoding took.

    Attributes:
        way: Its name.
        ms_per_step: Median of the time of a step, which makes one token of every drawing.
        tokens_per_second: Of all drawings together.
        share: Of the steps that the bandwidth allows.
        first_seconds: Time of the first run, with compiling and allocating.
        memory: Most bytes allocated on the device, 0 on a CPU.
    """

    way: str
    ms_per_step: float
    tokens_per_second: float
    share: float
    first_seconds: float
    memory: int


def build(
    size: str,
    device: torch.device,
    *,
    tiny: bool,
    layers: int | None = None,
    dtype: torch.dtype = torch.bfloat16,
) -> Qwen2_5_VLForConditionalGeneration:
    """The architecture, or so many layers of it, with random weights."""
    shape = {**SHAPES[size], **(TINY if tiny else {}), **({} if layers is None else {"num_hidden_layers": layers})}
    config = Qwen2_5_VLConfig(
        **shape,
        vocab_size=SIZES[size].size,
        rope_theta=1e6,
        rms_norm_eps=1e-6,
        vision_config={**PICTURES, "out_hidden_size": shape["hidden_size"]},
    )
    config._attn_implementation = "sdpa"
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            model = Qwen2_5_VLForConditionalGeneration(config).eval()
    finally:
        torch.set_default_dtype(before)
    return model


def step_bytes(model: Qwen2_5_VLForConditionalGeneration, vocabulary: Vocabulary) -> int:
    """Bytes of the weights that a step cannot do without: the layers, and the head's rows for the drawing's tokens."""
    layers = sum(each.numel() * each.element_size() for each in model.model.language_model.layers.parameters())
    head = model.lm_head.weight
    return layers + (vocabulary.size - vocabulary.base) * head.shape[1] * head.element_size()


def bandwidth(device: torch.device, amount: int) -> float:
    """Bytes per second that the memory reads and writes when a block of `amount` bytes is copied, best of ten."""
    source = torch.empty(amount, dtype=torch.uint8, device=device).fill_(1)
    target = torch.empty_like(source)
    best = 0.0
    for _ in range(10):
        start = now(device)
        target.copy_(source)
        best = max(best, 2 * amount / (now(device) - start))
    return best


def now(device: torch.device) -> float:
    """Seconds, after everything asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def prompt(length: int, device: torch.device) -> dict[str, Tensor]:
    """Inputs as the processor makes them of a text of so many tokens."""
    ids = torch.randint(0, 1000, (1, length), device=device)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "mm_token_type_ids": torch.zeros_like(ids)}


class Onwards(StoppingCriteria):
    """Advances the grammar and stops nothing, so that every run has as many steps."""

    def __init__(self, processor: GrammarLogitsProcessor) -> None:
        self.processor = processor

    def __call__(self, input_ids: Tensor, scores: Tensor, **keywords: object) -> Tensor:  # type: ignore[override]
        return torch.zeros_like(self.processor.advance(input_ids))


Run = Callable[[Callable[[int], None]], None]


def ours(decoder: Decoder, inputs: Mapping[str, Tensor], sampling: Sampling, drawings: int, tokens: int) -> Run:
    """Spectacle's loop, which goes on when all drawings have ended, so that every run has as many steps."""

    def run(report: Callable[[int], None]) -> None:
        with patch.object(generation._Generation, "ended", lambda run: False):
            decoder.generate(Prompt(inputs, sampling, drawings, tokens, 1, lambda done, _paths: report(done)))

    return run


def theirs(
    model: Qwen2_5_VLForConditionalGeneration,
    vocabulary: Vocabulary,
    inputs: Mapping[str, Tensor],
    sampling: Sampling,
    drawings: int,
    tokens: int,
) -> Run:
    """transformers' loop, as upstream calls it, with the grammar."""
    grammar = Grammar(vocabulary, model.device)
    length = inputs["input_ids"].shape[1]

    def run(report: Callable[[int], None]) -> None:
        class Watch(LogitsProcessor):
            def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:  # type: ignore[override]
                report(input_ids.shape[1] - length)
                return scores

        processor = GrammarLogitsProcessor(grammar, prompt_length=length, max_new_tokens=tokens)
        model.generate(
            **inputs,
            do_sample=True,
            num_return_sequences=drawings,
            max_new_tokens=tokens,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
            repetition_penalty=sampling.repetition_penalty,
            logits_processor=[processor, Watch()],
            stopping_criteria=[Onwards(processor)],
            eos_token_id=None,
            pad_token_id=vocabulary.pad,
        )

    return run


def measure(way: str, run: Run, device: torch.device, *, drawings: int, limit: float, runs: int) -> Measurement:
    """Run it once to warm up, and then so many times.

    Args:
        way: Its name.
        run: One run; it reports how many tokens it has made.
        device: Where it runs.
        drawings: How many tokens a step makes.
        limit: Steps per second that the bandwidth allows.
        runs: How many runs are measured.
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    start = now(device)
    run(lambda done: None)
    first = now(device) - start
    seconds = []
    for _ in range(runs):
        reported: list[tuple[int, float]] = []
        run(lambda done, reported=reported: reported.append((done, now(device))))  # type: ignore[misc]
        steps = reported[-1][0] - reported[0][0]
        seconds.append((reported[-1][1] - reported[0][1]) / steps)
    step = statistics.median(seconds)
    memory = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0
    return Measurement(way, 1000 * step, drawings / step, 1 / step / limit, first, memory)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=sorted(SHAPES), default="8B")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--drawings", type=int, default=8, help="how many are made at once")
    parser.add_argument("--tokens", type=int, default=1536, help="length of each")
    parser.add_argument("--prompt", type=int, default=100, help="length of the prompt in tokens")
    parser.add_argument("--runs", type=int, default=3, help="how often each way is measured")
    parser.add_argument("--tiny", action="store_true", help="a small model, to try the program")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if options.tiny:
        options.tokens, options.runs = min(options.tokens, 40), 1
    device = torch.device(options.device)
    vocabulary = SIZES[options.size]
    torch.manual_seed(0)
    model = build(options.size, device, tiny=options.tiny)
    speed = bandwidth(device, 2**24 if options.tiny else 2**31)
    needed = step_bytes(model, vocabulary)
    limit = speed / needed
    sampling = default_sampling("illustration")
    inputs = prompt(options.prompt, device)
    count, tokens = options.drawings, options.tokens
    ways = {
        "generate()": theirs(model, vocabulary, inputs, sampling, count, tokens),
        "loop": ours(Decoder(model, vocabulary, graphs=False), inputs, sampling, count, tokens),
    }
    if device.type == "cuda":
        ways["loop, graphs"] = ours(Decoder(model, vocabulary), inputs, sampling, count, tokens)
        compiled = Decoder(model, vocabulary, compile_blocks=True)
        ways["loop, graphs, compiled"] = ours(compiled, inputs, sampling, count, tokens)
    found = []
    for way, run in ways.items():
        print(f"measuring {way}", file=sys.stderr)
        found.append(measure(way, run, device, drawings=count, limit=limit, runs=options.runs))
    if options.json:
        print(
            json.dumps({"bandwidth": speed, "bytes": needed, "limit": limit, "ways": [asdict(each) for each in found]})
        )
        return 0
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    print(f"OmniSVG {options.size}{' (tiny)' if options.tiny else ''}, {count} drawings of {tokens} tokens, {name}")
    print(f"copying: {speed / 1e9:.1f} GB/s; weights of a step: {needed / 1e9:.3f} GB; limit: {limit:.1f} steps/s\n")
    print("| | ms a step | tokens/s | share of the limit | times generate() | first run | memory |")
    print("|---|---|---|---|---|---|---|")
    for each in found:
        faster = found[0].ms_per_step / each.ms_per_step
        print(
            f"| {each.way} | {each.ms_per_step:.2f} | {each.tokens_per_second:.0f} | {each.share:.1%} | {faster:.1f} "
            f"| {each.first_seconds:.1f} s | {each.memory / 1e9:.1f} GB |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
