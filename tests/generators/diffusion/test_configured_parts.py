"""`[weights.parts]`: what the settings say of parts, as the documentation shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spectacle.config import load
from spectacle.errors import ConfigurationError
from spectacle.generators.base import Resources
from spectacle.generators.qwen_image import QwenImage
from spectacle.generators.registry import find

PAGE = Path(__file__).parents[3] / "docs/how-to/weights.md"


def settings_with(text: str, folder: Path) -> Resources:
    file = folder / "spectacle.toml"
    file.write_text(text, encoding="utf-8")
    return Resources.from_settings(load(file, environment={}))


def test_the_documentations_example_says_what_is_pulled(tmp_path: Path) -> None:
    block = next(each for each in re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.S) if ".parts." in each)
    known = settings_with(block, tmp_path)
    sources = {source.repo: source for source in QwenImage.sources("lightning-4", known)}
    assert not [pattern for pattern in sources["Qwen/Qwen-Image"].files if pattern.endswith("safetensors")]
    assert sources["OWNER/QWEN-2.5-VL-GGUF"].files == (
        "Qwen2.5-VL-7B-Instruct-Q8_0.gguf",
        "mmproj-Qwen2.5-VL-7B-Instruct-F16.gguf",
    )
    assert "not stated" in sources["OWNER/QWEN-2.5-VL-GGUF"].notice
    assert [name for name, _, _ in QwenImage.local_parts("full", known)] == ["transformer", "vae"]
    tuned = find("tuned", known)
    assert tuned.local_parts(None, known) == (
        ("checkpoint", tmp_path / "checkpoints/tuned_v9.safetensors", "as its author states"),
    )
    assert tuned.sources(None, known)[0].files == ("model_index.json", "*/*.json")


def test_a_path_that_leads_out_of_its_repository_is_refused(tmp_path: Path) -> None:
    text = '[weights.parts."a/b".vae]\nrepository = "c/d"\npath = "../x.safetensors"\n'
    with pytest.raises(ConfigurationError, match="must be paths in the repository"):
        settings_with(text, tmp_path)
