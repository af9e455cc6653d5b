"""Free memory and the sizes of models, from files as the kernel and the published models have them."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import pytest
import tiny
import torch
from diffusers import TorchAoConfig
from safetensors.torch import save_file

from spectacle.config import PlacementSettings
from spectacle.errors import GeneratorError
from spectacle.generators.base import Device
from spectacle.generators.placement import memory
from spectacle.generators.placement.memory import component, free_ram, look, measure
from spectacle.generators.placement.plan import Machine, Stage

GB = 10**9
KB = 1024


# --- free memory -----------------------------------------------------------------------------------------------------


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine with 8,000,000 KiB free, on which this process holds 300 KiB of its own."""
    folder = tmp_path / "proc"
    (folder / "self").mkdir(parents=True)
    (folder / "meminfo").write_text("MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\nHugePages_Total:   0\n")
    (folder / "self/status").write_text("Name:\tpython\nVmRSS:\t   900 kB\nRssAnon:\t   200 kB\nRssShmem:\t   100 kB\n")
    (folder / "self/cgroup").write_text("")
    return folder


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"memory.{name}").write_text(text)


def test_what_the_kernel_calls_available_is_free(proc: Path, tmp_path: Path) -> None:
    assert free_ram(proc=proc, control_groups=tmp_path / "none") == 8_000_000 * KB


def test_the_least_of_all_control_groups_counts(proc: Path, tmp_path: Path) -> None:
    (proc / "self/cgroup").write_text("0::/system.slice/spectacle.service\n")
    mount = tmp_path / "cgroup"
    inner = mount / "system.slice/spectacle.service"
    group(mount)
    group(mount / "system.slice", max="max\n", high="5000000\n", current="1000000\n")
    group(inner, max="9000000\n", current="4000000\n", stat="anon 3000000\ninactive_file 500000\n")
    assert free_ram(proc=proc, control_groups=mount) == 4_000_000
    group(inner, max="7000000\n")
    assert free_ram(proc=proc, control_groups=mount) == 3_500_000


def test_a_container_sees_its_own_group_as_the_root(proc: Path, tmp_path: Path) -> None:
    (proc / "self/cgroup").write_text("0::/../../docker/0123\n")
    mount = tmp_path / "cgroup"
    group(mount, max="6000000\n", current="1000000\n")
    assert free_ram(proc=proc, control_groups=mount) == 5_000_000


def test_the_first_version_of_control_groups_counts_too(proc: Path, tmp_path: Path) -> None:
    (proc / "self/cgroup").write_text("12:cpu,cpuacct:/\n4:memory:/docker/0123\n1:name=systemd:/\n")
    mount = tmp_path / "cgroup"
    group(mount / "memory", limit_in_bytes="9223372036854771712\n", usage_in_bytes="100\n")
    group(mount / "memory/docker/0123", limit_in_bytes="2000000\n", usage_in_bytes="700000\n")
    (mount / "memory/docker/0123/memory.stat").write_text("total_inactive_file 200000\n")
    assert free_ram(proc=proc, control_groups=mount) == 1_500_000


def test_the_limit_of_the_settings_is_for_the_whole_process(proc: Path, tmp_path: Path) -> None:
    assert free_ram(1000 * KB, proc=proc, control_groups=tmp_path) == 700 * KB
    assert free_ram(100 * KB, proc=proc, control_groups=tmp_path) == 0
    assert free_ram(10**15, proc=proc, control_groups=tmp_path) == 8_000_000 * KB


def test_a_group_that_is_over_its_limit_leaves_nothing(proc: Path, tmp_path: Path) -> None:
    (proc / "self/cgroup").write_text("0::/\n")
    group(tmp_path / "cgroup", max="1000\n", current="2000\n")
    assert free_ram(proc=proc, control_groups=tmp_path / "cgroup") == 0


def test_this_machine_can_be_measured() -> None:
    settings = PlacementSettings(ram_limit=10 * GB)
    for found in (measure(Device(), settings), look(Device(), settings)):
        assert 0 < found.ram <= 10 * GB
        assert (found.vram, found.capability) == (0, None)


def test_bf16_of_the_processor_is_read_from_its_flags(tmp_path: Path) -> None:
    for number, (flags, expected) in enumerate(
        {
            "flags\t\t: fpu avx512_bf16 sse\n": True,
            "flags : fpu avx2\n": False,
            "Features\t: fp asimd bf16\n": True,
        }.items()
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "cpuinfo").write_text(f"processor\t: 0\n{flags}")
        assert memory._multiplies_bf16(folder) is expected
    assert memory._multiplies_bf16(tmp_path / "none") is False


def test_a_gpu_is_asked_by_a_child_process_within_the_limit_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    child = tmp_path / "child"
    child.write_text(f'#!{sys.executable}\nimport sys\nassert sys.argv[-1] == "3"\nprint("[24000000000, 8, 6]")\n')
    child.chmod(0o755)
    monkeypatch.setattr(memory.sys, "executable", str(child))
    memory._asked.cache_clear()
    found = look(Device("cuda", 3), PlacementSettings(ram_limit=5 * GB))
    assert (found.vram, found.capability) == (24 * GB, (8, 6))
    assert look(Device("cuda", 3), PlacementSettings(vram_limit=10 * GB)).vram == 10 * GB
    memory._asked.cache_clear()


@pytest.mark.slow
def test_a_gpu_that_is_not_there_is_told_in_one_line() -> None:
    memory._asked.cache_clear()
    with pytest.raises(GeneratorError, match=r"cuda:7 cannot be used: [^\n]+$"):
        look(Device("cuda", 7), PlacementSettings())


def test_a_gpu_cannot_be_asked_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    memory._asked.cache_clear()
    monkeypatch.setattr(memory, "find_spec", lambda name: None)
    with pytest.raises(GeneratorError, match=r"pip install 'spectacle-daemon\[diffusion\]'"):
        look(Device("cuda", 0), PlacementSettings())


class Cuda:
    """What is asked of `torch.cuda`, for a GPU of 24 GB of which 20 GB are free and torch has cached 3 and uses 2."""

    def __init__(self) -> None:
        self.fraction: float | None = None
        self.current: int | None = None

    def set_device(self, index: int) -> None:
        self.current = index

    def mem_get_info(self, index: int) -> tuple[int, int]:
        return 20 * GB, 24 * GB

    def memory_reserved(self, index: int) -> int:
        return 3 * GB

    def memory_allocated(self, index: int) -> int:
        return 2 * GB

    def get_device_capability(self, index: int) -> tuple[int, int]:
        return (8, 9)

    def set_per_process_memory_fraction(self, fraction: float, index: int) -> None:
        self.fraction = fraction


@pytest.mark.parametrize(
    ("limit", "vram", "fraction"), [(None, 21 * GB, None), (12 * GB, 10 * GB, 0.5), (99 * GB, 21 * GB, 1.0)]
)
def test_what_torch_has_cached_is_free_and_the_process_is_held_to_its_limit(
    monkeypatch: pytest.MonkeyPatch, limit: int | None, vram: int, fraction: float | None
) -> None:
    cuda = Cuda()
    monkeypatch.setattr(torch, "cuda", cuda)
    found = measure(Device("cuda", 1), PlacementSettings(vram_limit=limit))
    assert found == Machine(found.ram, vram, (8, 9), found.cpu_bf16, frozenset({"torchao", "gguf", "bitsandbytes"}))
    assert (cuda.current, cuda.fraction) == (1, fraction)


# --- sizes -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model as Qwen-Image is published."""
    folder = tmp_path_factory.mktemp("model")
    tiny.qwen_image(folder)
    return folder


def test_the_sizes_of_a_sharded_model_are_in_its_headers(model: Path) -> None:
    built = tiny.transformer_model()
    found = component(model, "transformer", Stage.DENOISE, activations=5)
    assert found.parameters == sum(parameter.numel() for parameter in built.parameters())
    assert (found.name, found.stage, found.blocks, found.activations) == ("transformer", Stage.DENOISE, tiny.LAYERS, 5)
    assert found.fixed == sum(parameter.numel() for parameter in built.parameters() if parameter.dim() != 2)
    assert (found.stored, found.stored_as, found.gguf) == (0, "", 0)
    assert found.size("none", "bf16") == 2 * found.parameters


def test_what_is_looked_up_by_the_word_is_never_quantized(model: Path) -> None:
    found = component(model, "text_encoder", Stage.ENCODE)
    words = (256 + len(tiny.SPECIAL_TOKENS)) * tiny.TEXT
    assert found.fixed > 2 * words  # the embeddings, and the head that is as large
    assert found.blocks >= tiny.LAYERS


def test_of_nested_blocks_the_smallest_that_make_up_the_model_are_counted(tmp_path: Path) -> None:
    names = [
        f"{part}.attentions.{n}.transformer_blocks.{m}.w"
        for part in ("down_blocks.1", "up_blocks.0")
        for n in "01"
        for m in "0123"
    ]
    save_file({name: torch.zeros(4, 4) for name in names}, tmp_path / "model.safetensors")
    assert component(tmp_path, "unet", Stage.DENOISE).blocks == 8


def test_a_vae_is_never_streamed(model: Path) -> None:
    found = component(model, "vae", Stage.DECODE, activations=9, tiled_activations=3)
    assert found.blocks == 0
    assert (found.tiled(False), found.tiled(True)) == (9, 3)


def test_a_folder_may_be_the_components_own(model: Path) -> None:
    assert component(model / "vae", "vae", Stage.DECODE) == component(model, "vae", Stage.DECODE)


def test_the_size_of_a_gguf_file_is_known(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "q8.gguf"
    tiny.single_file_gguf(file, tiny.transformer_model())
    found = component(model, "transformer", Stage.DENOISE, gguf=file)
    assert found.size("gguf", "bf16") == file.stat().st_size


def test_of_several_variants_the_one_that_is_wanted_counts(tmp_path: Path) -> None:
    for name, width in (("model.safetensors", 8), ("model.fp16.safetensors", 4)):
        save_file({"layers.0.weight": torch.zeros(width, 2)}, tmp_path / name)
    assert component(tmp_path, "unet", Stage.DENOISE).parameters == 16
    assert component(tmp_path, "unet", Stage.DENOISE, variant="fp16").parameters == 8
    assert component(tmp_path, "unet", Stage.DENOISE, variant="bf16").parameters == 16


def test_files_that_hold_quantized_weights_are_known_by_their_configuration(tmp_path: Path) -> None:
    import torchao.quantization as torchao
    from diffusers import QwenImageTransformer2DModel

    tiny.transformer(tmp_path / "plain")
    config = TorchAoConfig(torchao.Int8WeightOnlyConfig())
    quantized = QwenImageTransformer2DModel.from_pretrained(
        tmp_path / "plain", quantization_config=config, dtype=torch.bfloat16
    )
    quantized.save_pretrained(tmp_path / "int8")
    plain, found = (component(tmp_path, name, Stage.DENOISE) for name in ("plain", "int8"))
    assert (found.stored_as, found.is_quantizable) == ("int8", False)
    assert found.stored == found.size("none", "bf16") < 0.7 * plain.size("none", "bf16")


def test_plain_fp8_files_are_known_by_their_tensors(tmp_path: Path) -> None:
    save_file({"layers.0.weight": torch.zeros(8, 8).to(torch.float8_e4m3fn)}, tmp_path / "model.safetensors")
    found = component(tmp_path, "transformer", Stage.DENOISE)
    assert (found.stored_as, found.stored, found.size("none", "bf16")) == ("fp8", 0, 128)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no safetensors file"),
        (struct.pack("<Q", 10**12) + b"{}", "is no safetensors file"),
        (struct.pack("<Q", 2) + b"[]", "is no safetensors file"),
        (struct.pack("<Q", 7) + b'{"a":1}', "is no safetensors file"),
        (b"\x80\x02}q\x00X\x05\x00\x00\x00" + bytes(100), "is no safetensors file"),
    ],
)
def test_what_is_no_safetensors_file_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(GeneratorError, match=rf"{tmp_path}/model\.safetensors .*{said}"):
        component(tmp_path, "vae", Stage.DECODE)


def test_a_truncated_file_is_named_with_its_size(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "diffusion_pytorch_model.safetensors"
    whole = (model / "vae" / file.name).read_bytes()
    file.write_bytes(whole[:-100])
    with pytest.raises(
        GeneratorError, match=f"{file} is truncated or damaged: it holds {len(whole) - 100} bytes .* says {len(whole)}"
    ):
        component(tmp_path, "vae", Stage.DECODE)


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({}))
    with pytest.raises(GeneratorError, match=f"{tmp_path} holds no safetensors weights"):
        component(tmp_path, "vae", Stage.DECODE)


def test_a_pickle_instead_of_weights_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\x80\x02.")
    with pytest.raises(GeneratorError, match=r"model\.bin is a pickle.*weights --remove.*spectacle pull"):
        component(tmp_path, "unet", Stage.DENOISE)
