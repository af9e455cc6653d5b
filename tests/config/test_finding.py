"""Which configuration file is read when none is named."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from spectacle.config import DEFAULT_FILES, Found, find_file


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of this user's own, in a home directory without a configuration file."""
    directory = tmp_path / "here"
    directory.mkdir(mode=0o755)
    monkeypatch.chdir(directory)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("spectacle.config.finding.DEFAULT_FILES", DEFAULT_FILES[:2])
    return directory


def write(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o644)
    return file


def test_the_first_default_file_there_is_is_found(here: Path) -> None:
    assert find_file({}) == Found(None)
    own = write(here.parent / "home/.config/spectacle/spectacle.toml")
    assert find_file({}) == Found(own)
    write(here / "spectacle.toml")
    assert find_file({}) == Found(Path("spectacle.toml"))


def test_a_file_named_by_the_variable_is_taken_whether_or_not_it_is_there() -> None:
    assert find_file({"SPECTACLE_CONFIG": "/nowhere.toml"}) == Found(Path("/nowhere.toml"))


def _make_a_link(here: Path) -> None:
    (here / "spectacle.toml").rename(here / "other.toml")
    (here / "spectacle.toml").symlink_to("other.toml")


def _dangle(here: Path) -> None:
    (here / "spectacle.toml").unlink()
    (here / "spectacle.toml").symlink_to("nowhere")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda here: here.chmod(0o777), "others can write its directory \\(mode 777\\)"),
        (lambda here: here.chmod(0o1777), "others can write its directory \\(mode 1777\\)"),
        (lambda here: (here / "spectacle.toml").chmod(0o666), "others can write it \\(mode 666\\)"),
        (lambda here: (here / ".spectacle").mkdir(), "its directory is a spool"),
        (_make_a_link, "it is not a regular file"),
        (_dangle, "it is not a regular file"),
    ],
)
def test_a_file_that_somebody_else_may_have_put_here_is_not_read(
    here: Path, change: Callable[[Path], None], why: str
) -> None:
    own = write(here.parent / "home/.config/spectacle/spectacle.toml")
    write(here / "spectacle.toml")
    change(here)
    found = find_file({})
    assert found.file == own
    assert found.ignored is not None
    assert found.ignored.startswith(f"{here}/spectacle.toml: not read, because ")
    assert found.ignored.endswith(". Specify the file to use with --config.")
    assert re.search(why, found.ignored)


def test_a_file_in_the_spool_that_the_command_line_names_is_not_read(here: Path) -> None:
    write(here / "spectacle.toml")
    assert find_file({}, spool=Path(".")).file is None
    assert find_file({}, spool=here.parent).file is not None
    assert find_file({}, spool=Path("nowhere")).file is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("what", ["spectacle.toml", "."])
def test_a_file_of_another_user_is_not_read(here: Path, what: str) -> None:
    write(here / "spectacle.toml")
    os.chown(here / what, 12345, -1)
    found = find_file({})
    assert found.file is None
    assert found.ignored is not None
    assert "belongs to user 12345" in found.ignored


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_directory_that_a_common_group_may_write_is_somebody_elses_too(here: Path) -> None:
    write(here / "spectacle.toml")
    here.chmod(0o2775)
    os.chown(here, -1, 12345)
    assert find_file({}).file is None


def test_a_directory_that_only_the_users_own_group_may_write_is_the_users(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(here / "spectacle.toml")
    here.chmod(0o775)
    monkeypatch.setattr("spectacle.config.finding._is_private_group", lambda number: number == here.stat().st_gid)
    assert find_file({}).file == Path("spectacle.toml")
