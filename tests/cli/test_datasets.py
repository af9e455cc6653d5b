"""`spectacle datasets`."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image


def test_synthetic_pictures_are_made_once(run, tmp_path: Path) -> None:
    result = run("datasets", "test", "--into", tmp_path / "pictures", "--count", 3, "--size", 32)
    assert result.exit_code == 0
    assert "3 images made" in result.stdout
    assert "3 of 3 images" in result.stderr
    with Image.open(tmp_path / "pictures/test-0000.png") as picture:
        assert picture.size == (32, 32)
    assert "0 images made" in run("datasets", "test", "--into", tmp_path / "pictures", "--count", 3).stdout


def test_ctrl_c_says_how_to_go_on(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("spectacle.cli.datasets._Shown.counted", interrupt)
    result = run("datasets", "test", "--into", tmp_path / "pictures", "--size", 32)
    assert result.exit_code == 130
    assert "stopped. To resume: spectacle" in result.stderr
    assert len(list((tmp_path / "pictures").iterdir())) == 1


def test_a_full_disk_is_told_in_a_line(run, tmp_path: Path) -> None:
    (tmp_path / ".test-0000.png.writing").symlink_to("/dev/full")
    result = run("datasets", "test", "--into", tmp_path, "--size", 64)
    assert result.exit_code == 1
    assert f"{tmp_path}: the disk is full. Free space" in result.stderr


def test_a_folder_that_cannot_be_made_is_named(run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("datasets", "test", "--into", tmp_path / "file/pictures")
    assert result.exit_code == 1
    assert f"{tmp_path / 'file/pictures'}: Not a directory" in result.stderr


def test_icons_are_drawn_and_broken_ones_named(run, tmp_path: Path) -> None:
    (tmp_path / "icons").mkdir()
    (tmp_path / "icons/dot.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><circle cx="2" cy="2" r="1"/></svg>'
    )
    (tmp_path / "icons/broken.svg").write_text("<svg")
    result = run("datasets", "icons", "--from", tmp_path / "icons", "--into", tmp_path / "pictures", "--size", 32)
    assert result.exit_code == 0
    assert "1 image made" in result.stdout
    assert "skipped: " in result.stderr
    assert "broken.svg" in result.stderr
    assert (tmp_path / "pictures/dot.png").exists()


def test_icons_need_a_folder(run, tmp_path: Path) -> None:
    result = run("datasets", "icons", "--into", tmp_path)
    assert result.exit_code == 2
    assert "Set it with --from" in result.stderr


def test_a_mirror_that_does_not_answer_is_named(run, tmp_path: Path) -> None:
    url = "http://127.0.0.1:9"
    result = run("datasets", "quickdraw", "--into", tmp_path, "--url", url, "--category", "cat")
    assert result.exit_code == 1
    assert f"{url}/cat.npy: could not be read" in result.stderr


def test_more_drawings_than_are_taken_are_refused(run, tmp_path: Path) -> None:
    result = run("datasets", "quickdraw", "--into", tmp_path, "--count", 501)
    assert result.exit_code == 2
    assert "the limit is 500" in result.stderr
