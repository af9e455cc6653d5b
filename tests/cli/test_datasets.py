"""`spectacle datasets`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from spectacle.generators.supersvg.training import quickdraw


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
    assert "Set --from to their directory, or --npm to a package" in result.stderr
    both = run("datasets", "icons", "--into", tmp_path, "--from", tmp_path, "--npm", "@tabler/icons")
    assert both.exit_code == 2
    assert "only one of them" in both.stderr


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in npm's place; it packs what is in the directory, and knows no other package than `icons`."""
    (tmp_path / "package/icons").mkdir(parents=True)
    (tmp_path / "package/icons/dot.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><circle cx="2" cy="2" r="1"/></svg>'
    )
    (tmp_path / "package/index.js").write_text("")
    (tmp_path / "package/icons/link.svg").symlink_to("/etc/passwd")
    program = tmp_path / "bin/npm"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        '[ "$5" = icons ] || { echo "npm error code E404" >&2; echo "npm error 404 Not Found" >&2; exit 1; }\n'
        f'tar -czf "$4/icons-1.0.0.tgz" -C "{tmp_path}" package\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


def test_icons_come_from_an_npm_package_by_its_name(run, tmp_path: Path, npm: Path) -> None:
    result = run("datasets", "icons", "--npm", "icons", "--into", tmp_path / "pictures", "--size", 32)
    assert result.exit_code == 0, result.output
    assert [path.name for path in (tmp_path / "pictures").rglob("*.*")] == ["dot.png"]
    missing = run("datasets", "icons", "--npm", "no-such-icons", "--into", tmp_path)
    assert missing.exit_code == 1
    assert "no-such-icons: npm could not fetch it (npm error 404 Not Found)" in missing.stderr
    assert "not the name of an npm package" in run("datasets", "icons", "--npm", "--x", "--into", tmp_path).stderr
    npm.unlink()


def test_without_npm_a_directory_is_recommended(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("datasets", "icons", "--npm", "icons", "--into", tmp_path)
    assert result.exit_code == 1
    assert "npm: not installed. Install it, or set --from" in result.stderr


def test_all_datasets_are_made_in_directories_of_their_names(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sketches: list[Path] = []
    monkeypatch.setattr(quickdraw, "make_quickdraw", lambda into, *_more, **_options: sketches.append(into) or 2)
    (tmp_path / "icons").mkdir()
    (tmp_path / "icons/dot.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><circle cx="2" cy="2" r="1"/></svg>'
    )
    chosen = ("--from", tmp_path / "icons", "--count", 2, "--size", 32)
    result = run("datasets", "all", "--into", tmp_path / "all", *chosen)
    assert result.exit_code == 0, result.output
    assert [line.rpartition("/")[2] for line in result.stdout.splitlines()] == [
        "test: 2 images made",
        "icons: 1 image made",
        "quickdraw: 2 images made",
    ]
    assert sketches == [tmp_path / "all/quickdraw"]


def test_a_mirror_that_does_not_answer_is_named(run, tmp_path: Path) -> None:
    url = "http://127.0.0.1:9"
    result = run("datasets", "quickdraw", "--into", tmp_path, "--url", url, "--category", "cat")
    assert result.exit_code == 1
    assert f"{url}/cat.npy: could not be read" in result.stderr


def test_more_drawings_than_are_taken_are_refused(run, tmp_path: Path) -> None:
    result = run("datasets", "quickdraw", "--into", tmp_path, "--count", 501)
    assert result.exit_code == 2
    assert "the limit is 500" in result.stderr
