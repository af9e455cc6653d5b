"""Which LoRA adapters a pipeline has loaded: swapped, read again, removed."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny
import torch
from diffusers import QwenImagePipeline
from safetensors.torch import save_file
from tiny import forward

from spectacle.errors import GeneratorError
from spectacle.generators.diffusion.adapter_set import AdapterSet
from spectacle.generators.placement.files import parameters, read_header


def loaded(pipeline: QwenImagePipeline) -> list[str]:
    return list(pipeline.get_list_adapters().get("transformer", []))


def test_adapters_that_were_not_used_for_longest_are_removed_where_there_is_no_room(
    pipeline: QwenImagePipeline, tmp_path: Path
) -> None:
    files = [tmp_path / f"{number}.safetensors" for number in range(5)]
    for number, each in enumerate(files):
        tiny.lora(each, seed=number)
    adapters, plain = AdapterSet(pipeline, room=3 * 2 * parameters(read_header(files[0]))), forward(pipeline)
    seen = []
    for each in files:
        adapters.use({each: 1.0})
        seen.append(forward(pipeline))
    assert loaded(pipeline) == ["adapter2", "adapter3", "adapter4"]
    adapters.use({files[0]: 1.0})
    assert torch.equal(forward(pipeline), seen[0])
    adapters.use(dict.fromkeys(files, 1.0))
    assert len(loaded(pipeline)) == 5
    adapters.use({})
    assert len(loaded(pipeline)) == 3
    assert torch.equal(forward(pipeline), plain)


def test_an_adapter_whose_file_has_changed_is_read_again(
    pipeline: QwenImagePipeline, file: Path, tmp_path: Path
) -> None:
    tiny.lora(tmp_path / "other.safetensors", seed=6)
    adapters = AdapterSet(pipeline, room=1 << 30)
    adapters.use({tmp_path / "other.safetensors": 1.0})
    expected = forward(pipeline)
    adapters.use({file: 1.0})
    (tmp_path / "other.safetensors").replace(file)
    adapters.use({file: 1.0})
    assert torch.equal(forward(pipeline), expected)
    assert len(loaded(pipeline)) == 2


def test_a_file_that_was_damaged_since_leaves_what_was_at_work(pipeline: QwenImagePipeline, file: Path) -> None:
    adapters = AdapterSet(pipeline, room=1 << 30)
    adapters.use({file: 1.0})
    before, content = forward(pipeline), file.read_bytes()
    file.write_bytes(content[:-100])
    with pytest.raises(GeneratorError, match=r"lightning\.safetensors"):
        adapters.use({file: 1.0})
    assert torch.equal(forward(pipeline), before)
    file.write_bytes(content)
    adapters.use({file: 0.5})
    adapters.use({file: 1.0})
    assert torch.equal(forward(pipeline), before)


def test_where_memory_runs_out_those_that_are_not_needed_make_room(
    pipeline: QwenImagePipeline, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.lora(tmp_path / "other.safetensors", seed=6)
    adapters = AdapterSet(pipeline, room=1 << 30)
    adapters.use({file: 1.0})
    adapters.use({})
    load = pipeline.load_lora_weights

    def load_if_alone(*arguments: object, **more: object) -> None:
        if loaded(pipeline):
            raise torch.OutOfMemoryError("CUDA out of memory")
        load(*arguments, **more)

    monkeypatch.setattr(pipeline, "load_lora_weights", load_if_alone)
    adapters.use({tmp_path / "other.safetensors": 1.0})
    assert len(loaded(pipeline)) == 1
    with pytest.raises(torch.OutOfMemoryError):
        adapters.use({tmp_path / "other.safetensors": 1.0, file: 1.0})
    assert len(loaded(pipeline)) == 1


def test_adapters_are_swapped_and_each_is_loaded_once(
    pipeline: QwenImagePipeline, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.safetensors"
    tiny.lora(other, seed=6)
    plain = forward(pipeline)
    adapters = AdapterSet(pipeline, room=1 << 30)
    seen = {}
    for name in (file, other):
        adapters.use({name: 1.0})
        seen[name] = forward(pipeline)
    monkeypatch.setattr(pipeline, "load_lora_weights", None)
    assert not torch.equal(seen[file], seen[other])
    assert not torch.equal(seen[file], plain)
    adapters.use({})
    assert torch.equal(forward(pipeline), plain)
    adapters.use({file: 1.0})
    assert torch.equal(forward(pipeline), seen[file])
    adapters.use({other: 1.0})
    assert torch.equal(forward(pipeline), seen[other])


def test_several_adapters_work_together(pipeline: QwenImagePipeline, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    tiny.lora(other, seed=6)
    adapters = AdapterSet(pipeline, room=1 << 30)
    adapters.use({file: 1.0})
    alone = forward(pipeline)
    adapters.use({file: 1.0, other: 0.5})
    both = forward(pipeline)
    adapters.use({file: 1.0, other: 0.0})
    assert torch.allclose(forward(pipeline), alone, atol=1e-6)
    assert not torch.allclose(both, alone, atol=1e-6)


def test_an_adapter_that_cannot_be_loaded_leaves_those_at_work_as_they_were(
    pipeline: QwenImagePipeline, file: Path, tmp_path: Path
) -> None:
    adapters = AdapterSet(pipeline, room=1 << 30)
    adapters.use({file: 1.0})
    before = forward(pipeline)
    save_file({"weight": torch.zeros(2)}, tmp_path / "vae.safetensors")
    with pytest.raises(GeneratorError):
        adapters.use({file: 0.5, tmp_path / "vae.safetensors": 1.0})
    assert torch.equal(forward(pipeline), before)
