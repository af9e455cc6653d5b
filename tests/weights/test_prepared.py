"""Prepared checkpoints: whole, or not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from safetensors import SafetensorError

from spectacle.errors import SpectacleError, WeightsMissing
from spectacle.weights.prepared import open_prepared, write_prepared


def write(folder: Path) -> Mapping[str, str]:
    (folder / "unet").mkdir()
    (folder / "unet/model.safetensors").write_bytes(b"weights")
    return {"painter/oil": "1" * 40}


def prepare(into: Path, **changes: object) -> None:
    write_prepared(into, write, **{"generator": "oil", "preset": None, "quantization": "none", **changes})  # type: ignore[arg-type]


def test_a_directory_tells_what_it_was_made_from(tmp_path: Path) -> None:
    prepare(tmp_path / "oil")
    manifest = open_prepared(tmp_path / "oil", "oil", None)
    assert manifest.made_from == {"painter/oil": "1" * 40}
    assert list(manifest.files) == ["unet/model.safetensors"]


def test_it_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    def fail(folder: Path) -> Mapping[str, str]:
        write(folder)
        assert not (tmp_path / "oil").exists()
        raise OSError(28, "No space left on device")

    with pytest.raises(SpectacleError, match=r"could not be written: No space left on device\. Nothing was left"):
        write_prepared(tmp_path / "oil", fail, generator="oil", preset=None, quantization="none")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_in_a_line_whoever_meets_it(tmp_path: Path) -> None:
    def copy(_folder: Path) -> Mapping[str, str]:
        raise shutil.Error([("a", "b", "[Errno 28] No space left on device"), ("c", "d", "[Errno 28] again")])

    def save(_folder: Path) -> Mapping[str, str]:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    for fail in (copy, save):
        with pytest.raises(
            SpectacleError, match=r"could not be written: .*No space left on device.*\. Nothing was left"
        ):
            write_prepared(tmp_path / "oil", fail, generator="oil", preset=None, quantization="none")
        assert list(tmp_path.iterdir()) == []


def test_its_files_may_be_read_by_whom_the_directory_may(tmp_path: Path) -> None:
    """A service runs as a user of its own, and safetensors writes files for the one who called it alone."""

    def privately(folder: Path) -> Mapping[str, str]:
        made_from = write(folder)
        (folder / "unet/model.safetensors").chmod(0o600)
        return made_from

    for mask, mode in ((0o022, 0o644), (0o027, 0o640)):
        before = os.umask(mask)
        try:
            write_prepared(tmp_path / str(mask), privately, generator="oil", preset=None, quantization="none")
        finally:
            os.umask(before)
        for path in ("unet/model.safetensors", "spectacle.json"):
            assert (tmp_path / str(mask) / path).stat().st_mode & 0o777 == mode


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    prepare(tmp_path / "oil")
    with pytest.raises(SpectacleError, match="exists already"):
        prepare(tmp_path / "oil")


def test_a_directory_without_a_manifest_is_not_accepted(tmp_path: Path) -> None:
    prepare(tmp_path / "oil")
    (tmp_path / "oil/spectacle.json").unlink()
    with pytest.raises(WeightsMissing, match="not a prepared checkpoint"):
        open_prepared(tmp_path / "oil", "oil", None)


def test_a_half_copied_directory_is_not_accepted(tmp_path: Path) -> None:
    prepare(tmp_path / "oil")
    (tmp_path / "oil/unet/model.safetensors").write_bytes(b"wei")
    with pytest.raises(WeightsMissing, match=r"3 bytes instead of 7\. Copy it again, or remove .*oil and"):
        open_prepared(tmp_path / "oil", "oil", None)
    (tmp_path / "oil/unet/model.safetensors").unlink()
    with pytest.raises(WeightsMissing, match=r"model\.safetensors: missing: .*\. Copy it again"):
        open_prepared(tmp_path / "oil", "oil", None)


def test_a_directory_for_something_else_is_not_accepted(tmp_path: Path) -> None:
    prepare(tmp_path / "oil", preset="fast")
    for generator, preset in (("oil", "slow"), ("water", "fast"), ("water", None)):
        with pytest.raises(WeightsMissing, match=r"was prepared for oil, preset fast\. List it as 'oil/fast'"):
            open_prepared(tmp_path / "oil", generator, preset)
