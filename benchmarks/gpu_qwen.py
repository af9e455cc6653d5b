"""Measures Qwen-Image at full size for each placement, each beside a plain diffusers script in the same run.

The architectures are built in full with random bf16 weights, so nothing is downloaded: what is drawn is noise, but it
takes as long and as much memory as a picture. Every contestant runs in a process of its own, one after the other.

    python benchmarks/gpu_qwen.py                      # all cases on cuda:0; about 100 GB of free memory for bf16
    python benchmarks/gpu_qwen.py --case streamed-int8 # one case
    python benchmarks/gpu_qwen.py --tiny --device cpu  # tiny models, to see that all of it runs
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from spectacle.config import PlacementSettings
from spectacle.generators.base import Device
from spectacle.generators.diffusion.loading import Checkpoint, quiet
from spectacle.generators.diffusion.qwen import encode_prompt
from spectacle.generators.diffusion.sampling import lightning_scheduler
from spectacle.generators.diffusion.stages import Stages
from spectacle.generators.diffusion.steps import StepReporter
from spectacle.generators.placement import memory, published, residency
from spectacle.generators.placement.plan import Plan
from spectacle.generators.placement.planner import make_plan
from spectacle.generators.placement.published import nominal_machine

STEPS = 8
CAP = 10 * 10**9
PROMPT_TOKENS = 34 + 64
"""The template's tokens, which the pipeline drops, and those of a prompt."""


@dataclass(frozen=True)
class Case:
    """A placement.

    Attributes:
        settings: What is set in `[placement]`.
        plain: How a plain diffusers script would do it: all on the GPU, one model at a time, or streamed.
        capped: Whether the process may have no more than `CAP` bytes of GPU memory.
    """

    settings: dict[str, Any]
    plain: str
    capped: bool = False


CASES = {
    "resident-bf16": Case({"quantization": "none", "residency": "device"}, "device"),
    "resident-int8": Case({"quantization": "int8", "residency": "device"}, "device"),
    "resident-nf4": Case({"quantization": "nf4", "residency": "device"}, "device"),
    "offloaded-bf16": Case({"quantization": "none", "residency": "model-offload"}, "model-offload"),
    "streamed-bf16": Case({"quantization": "none", "residency": "group-offload"}, "group-offload", capped=True),
    "streamed-int8": Case({"quantization": "int8", "residency": "group-offload"}, "group-offload", capped=True),
    "streamed-nf4": Case({"quantization": "nf4", "residency": "group-offload"}, "group-offload", capped=True),
    "filled-int8": Case({"quantization": "int8"}, "group-offload", capped=True),
}
CONTESTANTS = ("spectacle", "diffusers")


# --- models ----------------------------------------------------------------------------------------------------------


def build(tiny: bool, device: Any) -> Any:
    """The pipeline of Lightning on the CPU, its weights random."""
    from accelerate import init_empty_weights
    from diffusers import AutoencoderKLQwenImage, QwenImagePipeline, QwenImageTransformer2DModel
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    small: dict[str, Any] = {
        "num_layers": 2, "attention_head_dim": 16, "num_attention_heads": 2, "joint_attention_dim": 32,
        "axes_dims_rope": (8, 4, 4),
    }  # fmt: skip
    text = {
        "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4, "vocab_size": 152064,
        "rope_parameters": {"rope_type": "default", "mrope_section": [16, 24, 24], "rope_theta": 1e6},
    }  # fmt: skip
    vision = {
        "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584,
        "fullatt_block_indexes": [7, 15, 23, 31],
    }  # fmt: skip
    if tiny:
        text |= {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
        text |= {"num_key_value_heads": 1, "vocab_size": 512}
        text["rope_parameters"] = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e6}
        vision |= {"depth": 2, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2, "out_hidden_size": 32}
        vision["fullatt_block_indexes"] = [1]
    with init_empty_weights(include_buffers=False):
        transformer = QwenImageTransformer2DModel(guidance_embeds=False, **(small if tiny else {}))
        encoder = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=vision))
        vae = AutoencoderKLQwenImage(**({"base_dim": 8, "num_res_blocks": 1} if tiny else {}))
    for model in (transformer, encoder, vae):
        fill(model, device)
    return QwenImagePipeline(
        scheduler=lightning_scheduler(), vae=vae, text_encoder=encoder, tokenizer=Words(), transformer=transformer
    )


class Words:
    """Stands for the tokenizer: every prompt has the same number of tokens."""

    def __call__(self, prompts: list[str], **_: Any) -> Any:
        import torch

        tokens = SimpleNamespace(
            input_ids=torch.arange(PROMPT_TOKENS).repeat(len(prompts), 1),
            attention_mask=torch.ones(len(prompts), PROMPT_TOKENS, dtype=torch.long),
        )
        tokens.to = lambda device: SimpleNamespace(
            input_ids=tokens.input_ids.to(device), attention_mask=tokens.attention_mask.to(device)
        )
        return tokens


def fill(model: Any, device: Any) -> None:
    """Give a model that was built without weights random ones in bf16, drawn on the device, put on the CPU."""
    import torch

    model.eval()
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            values = torch.empty(parameter.shape, dtype=torch.bfloat16)
            if parameter.dim() == 1:
                values.fill_(0.0 if name == "bias" else 1.0)
            else:
                values.copy_(torch.randn(parameter.shape, dtype=torch.bfloat16, device=device).mul_(0.02))
            module.register_parameter(name, torch.nn.Parameter(values, requires_grad=False))


def quantize(pipe: Any, form: str, device: Any) -> None:
    """Quantize the large models on the CPU, as loading them would."""
    import torch

    if form == "int8":
        import torchao.quantization as torchao

        for model in (pipe.transformer, pipe.text_encoder.model):
            torchao.quantize_(model, torchao.Int8WeightOnlyConfig())
    elif form == "nf4":
        for model in (pipe.transformer, pipe.text_encoder):
            residency.pack_nf4(model, device, torch.device("cpu"))


# --- contestants -----------------------------------------------------------------------------------------------------


class Clock:
    """Times the steps of a picture: a control as Spectacle's jobs have it, and a callback as diffusers has it."""

    def __init__(self, device: Any) -> None:
        self._device = device
        self._marks: list[Any] = []

    def mark(self) -> None:
        import torch

        if self._device.type == "cuda":
            # Recorded in the stream, so that nothing waits for it.
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            self._marks.append(event)
        else:
            self._marks.append(time.perf_counter())

    def seconds(self) -> list[float]:
        """Between each two marks."""
        pairs = zip(self._marks, self._marks[1:], strict=False)
        if self._device.type == "cuda":
            return [first.elapsed_time(second) / 1000 for first, second in pairs]
        return [second - first for first, second in pairs]

    def progress(self, step: int, steps: int, note: str = "") -> None:
        self.mark()

    def check(self) -> None:
        """Nothing is ever cancelled here."""

    def __call__(self, pipe: Any, step: int, timestep: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        self.mark()
        return kwargs


def with_spectacle(pipe: Any, case: Case, arguments: argparse.Namespace, device: Any) -> Callable[[Clock, str], Any]:
    """Set up as a generator of Spectacle does. Returns what draws."""
    from diffusers import QwenImagePipeline

    folder = Path(tempfile.mkdtemp(prefix="gpu-qwen-"))
    parts = {
        "scheduler": ("diffusers", "FlowMatchEulerDiscreteScheduler"),
        "text_encoder": ("transformers", "Qwen2_5_VLForConditionalGeneration"),
        "tokenizer": ("transformers", "Qwen2Tokenizer"),
        "transformer": ("diffusers", "QwenImageTransformer2DModel"),
        "vae": ("diffusers", "AutoencoderKLQwenImage"),
    }
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "QwenImagePipeline", **parts}))
    plan = plan_of(case, arguments)
    stages = Stages(pipe, Checkpoint(folder), plan, Device(device.type, device.index or 0))

    def draw(clock: Clock, prompt: str) -> Any:
        embeddings = encode_prompt(stages, prompt, 512)
        clock.mark()
        return stages.run(
            QwenImagePipeline,
            StepReporter(clock),
            **embeddings,
            width=arguments.side,
            height=arguments.side,
            num_inference_steps=STEPS,
            true_cfg_scale=1.0,
        )

    return draw


def plan_of(case: Case, arguments: argparse.Namespace) -> Plan:
    """The plan for the case; on the CPU that for a GPU, whose layers then move from the CPU to the CPU."""
    settings = PlacementSettings(**case.settings, vram_limit=CAP if case.capped else None)
    if arguments.device == "cpu":
        made = make_plan(
            published.QWEN_IMAGE, nominal_machine(10 if case.capped else 141, 128), settings, lightning=True
        )
        # The weights are quantized by the time the plan is applied.
        placements = tuple(replace(each, pinned=False, quantization="none") for each in made.placements)
        return replace(made, device="cpu", placements=placements)
    machine = memory.measure(Device("cuda", 0), settings)
    # What this process has loaded on the CPU is what the plan is about to place.
    machine = replace(machine, ram=machine.ram + _anonymous())
    made = make_plan(published.QWEN_IMAGE, machine, settings, lightning=True)
    return replace(made, placements=tuple(replace(each, quantization="none") for each in made.placements))


def with_diffusers(pipe: Any, case: Case, arguments: argparse.Namespace, device: Any) -> Callable[[Clock, str], Any]:
    """Set up as a plain script does. Returns what draws."""
    import torch

    if case.plain == "device":
        pipe.to(device)
    elif case.plain == "model-offload":
        pipe.enable_model_cpu_offload(device=device)
    else:
        pipe.enable_group_offload(
            onload_device=device,
            offload_device=torch.device("cpu"),
            offload_type="leaf_level",
            use_stream=device.type == "cuda",
            exclude_modules=["vae"],
        )
    if case.capped:
        pipe.vae.enable_tiling()

    def draw(clock: Clock, prompt: str) -> Any:
        with torch.no_grad():
            embeds, mask = pipe.encode_prompt(prompt, device=device, max_sequence_length=512)
            clock.mark()
            return pipe(
                prompt_embeds=embeds,
                prompt_embeds_mask=mask,
                width=arguments.side,
                height=arguments.side,
                num_inference_steps=STEPS,
                true_cfg_scale=1.0,
                callback_on_step_end=clock,
            ).images[0]

    return draw


# --- measuring -------------------------------------------------------------------------------------------------------


def measure_one(name: str, contestant: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Set one contestant up and have it draw; all figures in seconds and bytes."""
    import torch

    quiet()
    torch.set_grad_enabled(False)
    case = CASES[name]
    device = torch.device(arguments.device, 0) if arguments.device == "cuda" else torch.device("cpu")
    began = time.perf_counter()
    pipe = build(arguments.tiny, device)
    pipe.set_progress_bar_config(disable=True)
    quantize(pipe, case.settings["quantization"], device)
    built = time.perf_counter()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        if case.capped:
            _, total = torch.cuda.mem_get_info(device)
            torch.cuda.set_per_process_memory_fraction(CAP / total, device)
        torch.cuda.reset_peak_memory_stats(device)
    set_up = with_spectacle if contestant == "spectacle" else with_diffusers
    with host_peak() as peak:
        draw = set_up(pipe, case, arguments, device)
        placed = time.perf_counter()
        first, *others = [picture(draw, device, f"a fox, {number}") for number in range(1 + arguments.pictures)]
    return {
        "case": name,
        "contestant": contestant,
        "build_s": built - began,
        "place_s": placed - built,
        "first_s": first["image"],
        "image_s": statistics.median(each["image"] for each in others),
        "text_s": statistics.median(each["text"] for each in others),
        "step_s": statistics.median(step for each in others for step in each["steps"]),
        "vram": torch.cuda.max_memory_reserved(device) if device.type == "cuda" else 0,
        "ram": peak[0],
    }


def picture(draw: Callable[[Clock, str], Any], device: Any, prompt: str) -> dict[str, Any]:
    """Draw one picture of a prompt that was not drawn before."""
    import torch

    clock = Clock(device)
    began = time.perf_counter()
    clock.mark()
    draw(clock, prompt)
    if device.type == "cuda":
        torch.cuda.synchronize()
    whole = time.perf_counter() - began
    text, _first, *steps = clock.seconds()
    return {"image": whole, "text": text, "steps": steps}


@contextmanager
def host_peak() -> Iterator[list[int]]:
    """Yields a list whose one number is, afterwards, the most anonymous and page-locked memory the process had."""
    peak = [0]
    reading, writing = os.pipe()
    # A process of its own looks, so that the interpreter's lock does not keep it from it.
    watcher = subprocess.Popen(
        [sys.executable, "-c", _WATCHER, str(os.getpid())], stdin=reading, stdout=subprocess.PIPE
    )
    os.close(reading)
    try:
        yield peak
    finally:
        os.close(writing)
        told, _ = watcher.communicate()
        peak[0] = int(told)


_WATCHER = """
import re, select, sys
most = 0
while not select.select([sys.stdin], [], [], 0.05)[0]:
    with open(f"/proc/{sys.argv[1]}/status") as file:
        parts = dict(re.findall(r"^(Rss\\w+):\\s+(\\d+) kB", file.read(), re.M))
    most = max(most, 1024 * (int(parts["RssAnon"]) + int(parts["RssShmem"])))
print(most)
"""


def _anonymous() -> int:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"^RssAnon:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def arithmetic(arguments: argparse.Namespace) -> dict[str, float]:
    """Floating-point operations of one forward pass, and what the device does of them in large bf16 products."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    device = torch.device(arguments.device)
    side = 256 if arguments.tiny else 8192
    left = torch.randn(side, side, dtype=torch.bfloat16, device=device)
    for _ in range(3):
        left @ left
    _synchronize(device)
    began = time.perf_counter()
    for _ in range(20):
        left @ left
    _synchronize(device)
    rate = 20 * 2 * side**3 / (time.perf_counter() - began)
    tokens = (arguments.side // 16) ** 2
    with torch.device("meta"):
        from diffusers import QwenImageTransformer2DModel

        model = QwenImageTransformer2DModel(num_layers=1)
        model.pos_embed.forward = lambda *_, **__: (torch.ones(tokens, 64), torch.ones(64, 64))  # type: ignore[method-assign]
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(
                hidden_states=torch.ones(1, tokens, 64),
                encoder_hidden_states=torch.ones(1, 64, 3584),
                timestep=torch.ones(1),
                img_shapes=[[(1, arguments.side // 16, arguments.side // 16)]],
                return_dict=False,
            )
    return {"flops": 60.0 * counter.get_total_flops(), "rate": rate}


def _synchronize(device: Any) -> None:
    if device.type == "cuda":
        import torch

        torch.cuda.synchronize(device)


# --- telling ---------------------------------------------------------------------------------------------------------


def tell(results: list[dict[str, Any]], limits: dict[str, float], arguments: argparse.Namespace) -> None:
    """Print a table, each of Spectacle's rows with its ratio to plain diffusers, and what the goals come to."""
    size = f"{arguments.side}x{arguments.side}"
    print(f"\n{platform.machine()}, {_device_name(arguments)}, {size}, {STEPS} steps\n")
    print("| case | contestant | s/step | s/image | first image | text | GPU memory | host memory |")
    print("|---|---|---|---|---|---|---|---|")
    for row in results:
        if "error" in row:
            print(f"| {row['case']} | {row['contestant']} | {row['error']} | | | | | |")
            continue
        seconds = " | ".join(f"{row[name]:.4g}" for name in ("step_s", "image_s", "first_s", "text_s"))
        sizes = " | ".join(f"{row[name] / 1e9:.2f} GB" for name in ("vram", "ram"))
        print(f"| {row['case']} | {row['contestant']} | {seconds} | {sizes} |")
    by_name = {(row["case"], row["contestant"]): row for row in results if "error" not in row}
    for name in CASES:
        ours, plain = by_name.get((name, "spectacle")), by_name.get((name, "diffusers"))
        if ours and plain:
            print(f"\n{name}: {ours['image_s'] / plain['image_s']:.3f} of plain diffusers' time", end="")
    resident = by_name.get(("resident-bf16", "spectacle"))
    if resident and not arguments.tiny:
        least = limits["flops"] / limits["rate"]
        print(f"\n\na forward pass is {limits['flops'] / 1e12:.1f} TFLOP;", end=" ")
        print(f"bf16 products reach {limits['rate'] / 1e12:.0f} TFLOP/s;")
        print(f"resident steps take {resident['step_s'] / least:.2f} times what that allows")
        for name, case in CASES.items():
            if case.capped and (row := by_name.get((name, "spectacle"))):
                within = "within" if row["vram"] <= CAP else "OVER"
                print(f"{name}: {row['image_s'] / resident['image_s']:.2f} times the resident time, {within} the cap")
    print()


def _device_name(arguments: argparse.Namespace) -> str:
    if arguments.device == "cpu":
        return "no GPU"
    import torch

    return torch.cuda.get_device_name(0)


def main() -> None:
    """Run the cases, each contestant in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", choices=CASES, help="a case to run; all of them unless given")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--side", type=int, default=1024, help="side of the square pictures in pixels")
    parser.add_argument("--pictures", type=int, default=3, help="pictures that are timed, after a first one")
    parser.add_argument("--tiny", action="store_true", help="tiny models and pictures of 64x64")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    parser.add_argument("--only", nargs=2, metavar=("CASE", "CONTESTANT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.tiny:
        arguments.side = 64
    if arguments.only:
        print(json.dumps(measure_one(*arguments.only, arguments)))
        return
    results = []
    for name in arguments.case or CASES:
        for contestant in CONTESTANTS:
            command = [sys.executable, __file__, *sys.argv[1:], "--only", name, contestant]
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            if ended.returncode == 0:
                results.append(json.loads(ended.stdout.splitlines()[-1]))
            else:
                last = (ended.stderr.strip().splitlines() or [f"ended with status {ended.returncode}"])[-1]
                results.append({"case": name, "contestant": contestant, "error": last[:200]})
            print(json.dumps(results[-1]), file=sys.stderr)
    limits = arithmetic(arguments)
    tell(results, limits, arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps({"limits": limits, "results": results}, indent=1))
    if any("error" in row for row in results):
        sys.exit(1)


if __name__ == "__main__":
    main()
