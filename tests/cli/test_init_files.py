"""`spectacle init --systemd`, `--client`, `--container` and `--cloud`: nobody needs a clone."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from daemon_process import wait_for

ROOT = Path(__file__).parents[2]
UNITS = ("spectacle.service", "spectacle@.service", "spectacle-gateway.service", "user/spectacle.service")


def lines(path: Path, key: str) -> list[str]:
    return [line.partition("=")[2] for line in path.read_text().splitlines() if line.startswith(f"{key}=")]


def verified(unit: Path, *options: str) -> str:
    """What systemd has to say against a unit."""
    name = unit.with_name("spectacle@0.service") if unit.name == "spectacle@.service" else unit
    if name != unit:
        name.write_text(unit.read_text())
    # A short path: the sockets of other packages' units are in it, and their names have a limit.
    with tempfile.TemporaryDirectory() as runtime:
        done = subprocess.run(
            ["systemd-analyze", *options, "--man=no", "--recursive-errors=yes", "verify", name], capture_output=True,
            text=True, timeout=60, check=False, env={**os.environ, "XDG_RUNTIME_DIR": runtime},
        )  # fmt: skip
    return done.stderr


def test_units_are_written_with_the_paths_of_this_installation(run, tmp_path: Path) -> None:
    result = run("init", tmp_path / "a spool, 100%", "--systemd", "--into", tmp_path / "out")
    assert result.exit_code == 0
    units = tmp_path / "out/systemd"
    for name in UNITS:
        (command,) = lines(units / name, "ExecStart")
        program = command.split()[0]
        assert Path(program).samefile(Path(sys.executable).with_name("spectacle"))
        assert f"--config {tmp_path}/spectacle.toml" in command
    spool = f'"{tmp_path}/a spool, 100%%"'
    for name in UNITS[:3]:
        assert lines(units / name, "ReadWritePaths") == lines(units / name, "RequiresMountsFor") == [spool]
        assert verified(units / name) == ""
    assert verified(units / UNITS[3], "--user") == ""
    assert (units / "spectacle.sysusers.conf").read_text() == (ROOT / "systemd/spectacle.sysusers.conf").read_text()
    assert (units / "drop-ins/amd.conf.example").exists()


def test_what_the_units_hide_is_told(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectacle.cli.shipped.program", lambda: "/home/me/.local/bin/spectacle")
    result = run("init", "--systemd")
    assert result.exit_code == 0
    assert result.stderr.startswith("/home/me/.local/bin/spectacle: hidden from the system's units")
    assert "user/spectacle.service" in result.stderr


def test_what_was_changed_is_not_overwritten_and_told(run, tmp_path: Path) -> None:
    assert run("init", "--client", "typescript", "--into", tmp_path).exit_code == 0
    (tmp_path / "spectacle-client.ts").write_text("// mine\n")
    result = run("init", "--client", "typescript", "--into", tmp_path)
    assert result.exit_code == 0
    assert f"{tmp_path}/spectacle-client.ts: exists already and differs, not changed" in result.stdout
    assert f"{tmp_path}/example.ts: exists already\n" in result.stdout
    assert (tmp_path / "spectacle-client.ts").read_text() == "// mine\n"


def test_no_link_is_followed_where_a_file_is_to_be_written(run, tmp_path: Path) -> None:
    (tmp_path / "spectacle-request").symlink_to(tmp_path / "elsewhere")
    assert run("init", "--client", "shell", "--into", tmp_path).exit_code == 0
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing argument 'DIR', or one of --systemd"),
        (("--client", "perl"), "'perl' is not one of 'shell', 'typescript'"),
        (("--group", "daemon", "--client", "shell"), "--group: names the group of the spool, so give its DIR, too"),
        (("--config", "x.toml", "--client", "shell"), "--config: names the configuration of the spool"),
        (
            ("--client", "shell", "--into", "/proc/x"),
            "/proc/x/spectacle-request: No such file or directory. Use another",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_remedy(run, arguments: tuple[str, ...], said: str) -> None:
    result = run("init", *arguments)
    assert result.exit_code in (1, 2)
    assert said in result.stderr
    assert not list(Path().iterdir())


def test_every_group_has_its_files(run, tmp_path: Path) -> None:
    written = run("init", "--container", "--cloud", "--client", "shell", "--client", "typescript", "--into", tmp_path)
    assert written.exit_code == 0
    for path in (
        "Containerfile",
        "compose.yaml",
        "compose.rocm.yaml",
        "requirements/gateway.txt",
        "cloud/daemon.sky.yaml",
    ):
        assert (tmp_path / path).read_bytes() == (ROOT / path).read_bytes()
    for name in ("shell/spectacle-request", "typescript/spectacle-client.ts", "typescript/example.ts"):
        assert (tmp_path / Path(name).name).read_bytes() == (ROOT / "clients" / name).read_bytes()
    assert not (tmp_path / "spectacle-client.test.ts").exists()


@pytest.mark.slow
def test_an_installed_package_brings_everything_along(tmp_path: Path) -> None:
    """Built as a wheel, installed without a clone, and used."""
    (source := tmp_path / "source").mkdir()
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True,
        check=True, text=True,
    ).stdout.rstrip("\0")  # fmt: skip
    subprocess.run(
        ["tar", "--create", "--null", "--files-from=-", "--file", source / "x.tar"], cwd=ROOT, input=tracked, text=True,
        check=True,
    )  # fmt: skip
    subprocess.run(["tar", "--extract", "--file", "x.tar"], cwd=source, check=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, source], check=True,
        timeout=120,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("spectacle_daemon-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if "node_modules" in name]
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=60)
    # What it depends on is that of these tests.
    (packages,) = venv.glob("lib/python3*/site-packages")
    paths = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "tests.pth").write_text("\n".join(paths))
    subprocess.run(
        [*pip, "--python", venv, "install", "--quiet", "--no-deps", "--no-index", "--ignore-installed", wheel],
        check=True, timeout=120,
    )  # fmt: skip
    place = tmp_path / "place"
    place.mkdir()
    environment = {"PATH": f"{venv}/bin:/usr/bin:/bin", "HOME": str(place)}

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert str(venv) in run("python", "-c", "import spectacle; print(spectacle.__file__)")
    run(
        "spectacle",
        "init",
        "spool",
        "--systemd",
        "--client",
        "shell",
        "--client",
        "typescript",
        "--container",
        "--cloud",
    )
    for group, top in (("systemd", "systemd"), ("cloud", "cloud"), ("requirements", "requirements")):
        there = {path.relative_to(place / top) for path in (place / top).rglob("*") if path.is_file()}
        here = {path.relative_to(ROOT / group) for path in (ROOT / group).rglob("*") if path.is_file()}
        assert there == here or (group == "requirements" and there < here and there)
    for name in ("Containerfile", "compose.yaml", "compose.cuda.yaml", "compose.rocm.yaml", ".containerignore"):
        assert (place / name).read_text() == (ROOT / name).read_text()
    assert lines(place / "systemd/spectacle.service", "ExecStart")[0].startswith(f"{venv}/bin/spectacle serve ")
    daemon = subprocess.Popen(
        ["spectacle", "serve", "--spool", "spool", "--device", "cpu"], cwd=place, env=environment,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        picture = run("./spectacle-request", "-s", "64x64", "-t", "50", "spool", "a", "red", "fox").strip()
        assert (place / picture).read_bytes().startswith(b"\x89PNG")
        wait_for(lambda: "serving" in run("spectacle", "status", "--check", "--json"), "a check that succeeds")
    finally:
        daemon.terminate()
        daemon.wait(30)
