"""Compiling at start, for a generator whose jobs have input pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_edit
from diffusers import QwenImageTransformer2DModel
from generating import CPU, resources

from spectacle.generators.diffusion import family
from spectacle.generators.qwen_image_edit import QwenImageEdit
from spectacle.weights import Store


@pytest.mark.slow  # the pipelines scale input pictures to a megapixel
def test_blocks_are_compiled_and_run_before_the_first_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    tiny_edit.put_qwen_image_edit(store)
    pictures = []
    generate = QwenImageEdit.generate
    monkeypatch.setattr(QwenImageTransformer2DModel, "compile_repeated_blocks", lambda self, **_: None)
    monkeypatch.setattr(
        QwenImageEdit,
        "generate",
        lambda self, job, control: pictures.append(len(job.pictures)) or generate(self, job, control),
    )
    monkeypatch.setattr(family, "WARM_UP_SIDE", 64)
    generator = QwenImageEdit("lightning-4", resources(store, compile_repeated_blocks=True))
    generator.load(CPU)
    assert pictures == [1]
    generator.unload()
