"""Folders for what is streamed from disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spectacle.errors import GeneratorError
from spectacle.generators.diffusion.scratch import Scratch


def test_a_folder_is_removed_with_what_is_in_it(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    (scratch.path / "weights").write_bytes(b"1")
    assert [scratch.path] == list(tmp_path.iterdir())
    scratch.remove()
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_is_removed_and_what_is_used_stays(tmp_path: Path) -> None:
    used = Scratch(tmp_path)
    code = (
        "import os, pathlib, sys; from spectacle.generators.diffusion.scratch import Scratch; "
        "Scratch(pathlib.Path(sys.argv[1])); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)
    assert len(list(tmp_path.iterdir())) == 2
    another = Scratch(tmp_path)
    assert {used.path, another.path} == set(tmp_path.iterdir())
    used.remove()
    another.remove()


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "spectacle-streamed-being-made").mkdir()
    (tmp_path / "else").mkdir()
    Scratch(tmp_path).remove()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"placement\.offload_directory = .*none: cannot be used"):
        Scratch(tmp_path / "none")
