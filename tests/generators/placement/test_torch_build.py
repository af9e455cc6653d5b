"""What the installed torch is made for is known without importing it."""

from __future__ import annotations

from pathlib import Path

import pytest

from spectacle.generators.placement.torch_build import torch_build


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


_BUILDS = [
    (
        "__version__ = '2.9.0'\ncuda: Optional[str] = '12.8'\nhip: Optional[str] = None\nxpu: Optional[str] = None\n",
        "cu128",
    ),
    ("__version__ = '2.9.0+cpu'\ncuda: Optional[str] = None\nhip: Optional[str] = None\n", "cpu"),
    ("__version__ = '2.9.0'\ncuda = None\nhip: Optional[str] = '6.4.43482-0f2d60242'\nrocm = '6.4'\n", "rocm6.4"),
    ("__version__ = '2.9.0+git12'\ncuda = None\nhip = None\nxpu: Optional[str] = '20250301'\n", "xpu"),
    ("__version__ = '1.0+cu100'\n", "cu100"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "build"), _BUILDS)
def test_torch_says_what_it_is_built_for_wherever_it_was_installed_from(tmp_path: Path, text: str, build: str) -> None:
    put(tmp_path / "torch/__init__.py", "raise AssertionError('imported')")
    put(tmp_path / "torch/version.py", text)
    assert torch_build([str(tmp_path)]) == build


def test_without_torch_there_is_no_build(tmp_path: Path) -> None:
    assert torch_build([str(tmp_path)]) == ""
    put(tmp_path / "torch/__init__.py", "")
    assert torch_build([str(tmp_path)]) == ""
