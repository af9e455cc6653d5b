"""`spectacle init`."""

from __future__ import annotations

import grp
import os
import stat
from pathlib import Path

import pytest

from spectacle.config import load

GROUP = grp.getgrgid(os.getgid()).gr_name
PARTS = (".spectacle", ".spectacle/instances", ".spectacle/attempts", ".spectacle/poison")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o077, 0o022, 0o000])
def any_umask(request: pytest.FixtureRequest) -> object:
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_a_spool_and_a_configuration_beside_it_are_made(run, tmp_path: Path, any_umask: object) -> None:
    result = run("init", tmp_path / "there/spool")
    assert result.exit_code == 0
    spool, file = tmp_path / "there/spool", tmp_path / "there/spectacle.toml"
    assert [mode(path) for path in (spool, *(spool / part for part in PARTS))] == [0o770] * 5
    assert load(file, environment={}).spool.path == spool
    assert 'path = "spool"\n' in file.read_text()
    assert f"spectacle serve --config {file}" in result.stdout


def test_a_group_gets_a_spool_whose_files_belong_to_it(run, tmp_path: Path, any_umask: object) -> None:
    assert run("init", tmp_path / "spool", "--group", GROUP).exit_code == 0
    for path in (tmp_path / "spool", *(tmp_path / "spool" / part for part in PARTS)):
        assert mode(path) == 0o2770
        assert path.stat().st_gid == os.getgid()


def test_a_configuration_elsewhere_names_the_spool_in_full(run, tmp_path: Path) -> None:
    file = tmp_path / "etc/spectacle.toml"
    assert run("init", tmp_path / "spool", "--config", file).exit_code == 0
    assert load(file, environment={}).spool.path == tmp_path / "spool"
    assert not (tmp_path / "spectacle.toml").exists()


def test_what_is_there_already_is_not_overwritten(run, tmp_path: Path) -> None:
    run("init", tmp_path / "spool", "--group", GROUP)
    (tmp_path / "spectacle.toml").write_text("# mine\n")
    (tmp_path / "spool/a-1-64x64.txt").write_text("a fox")
    result = run("init", tmp_path / "spool")
    assert result.exit_code == 0
    assert "exists already, not changed" in result.stdout
    assert (tmp_path / "spectacle.toml").read_text() == "# mine\n"
    assert (tmp_path / "spool/a-1-64x64.txt").read_text() == "a fox"
    assert mode(tmp_path / "spool") == 0o2770


def test_a_directory_with_foreign_files_keeps_its_permissions(run, tmp_path: Path) -> None:
    home = tmp_path / "somebody"
    home.mkdir(mode=0o755)
    (home / "letter.txt").touch()
    before = mode(home)
    result = run("init", home, "--group", GROUP)
    assert result.exit_code == 0
    assert mode(home) == before
    assert f"mode {before:04o} as before" in result.stdout


def test_no_link_in_the_spool_is_followed(run, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    house = tmp_path / "spool/.spectacle"
    house.mkdir(parents=True)
    (house / "poison").symlink_to(elsewhere)
    result = run("init", tmp_path / "spool", "--group", GROUP)
    assert result.exit_code == 1
    assert "not a directory. Move it away" in result.stderr
    assert mode(elsewhere) == 0o700


def test_an_unknown_group_is_refused_with_the_remedy_before_anything_else(run, tmp_path: Path) -> None:
    result = run("init", tmp_path / "spool", "--group", "no-such-group")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: --group 'no-such-group': the group does not exist. Run `groupadd --system no-such-group`.\n"
    )
    assert not (tmp_path / "spool").exists()


def test_a_place_where_nothing_can_be_made_is_told(run) -> None:
    result = run("init", "/proc/spool")
    assert result.exit_code == 1
    assert "Use another directory" in result.stderr
