"""Child processes run this version of the package, wherever the daemon was started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from daemon_process import Daemon

import spectacle
from spectacle.processes import die_with_parent, module_command, module_environment

PACKAGE = Path(spectacle.__file__).parent
PLANTED = ("PIL/__init__.py", "spectacle.py", "structlog.py", "json.py", "sitecustomize.py", "cairosvg.py", "torch.py")
"""What a member of the spool's group could put there to have it run."""


def plant(folder: Path) -> Path:
    """Put modules into a folder that leave a file when they are imported. Returns where that file would be."""
    taken = folder / "taken"
    for name in PLANTED:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"open({str(taken)!r}, 'a').write(__file__)")
    return taken


@pytest.mark.parametrize("python_path", [None, "", ".", f"{os.pathsep}/nowhere", f"planted{os.pathsep}."])
def test_nothing_is_imported_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python_path: str | None
) -> None:
    taken = plant(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    if python_path is not None:
        monkeypatch.setenv("PYTHONPATH", python_path)
    done = subprocess.run(
        module_command("spectacle", "--version"), env=module_environment(), capture_output=True, text=True, check=True
    )
    assert spectacle.__version__ in done.stdout
    assert not taken.exists()


def test_a_child_imports_the_package_that_its_parent_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere/spectacle"
    elsewhere.mkdir(parents=True)
    (elsewhere / "__init__.py").touch()
    monkeypatch.setattr(spectacle, "__file__", str(elsewhere / "__init__.py"))
    code = "import spectacle; print(spectacle.__file__)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=module_environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(elsewhere / "__init__.py")


def test_absolute_entries_of_pythonpath_reach_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/plugins", "relative", ""]))
    entries = module_environment()["PYTHONPATH"].split(os.pathsep)
    assert entries[-1] == "/plugins"
    assert all(map(os.path.isabs, entries))


def test_a_daemon_started_in_its_spool_runs_no_code_of_the_spool(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    taken = plant(daemon.spool)
    daemon.start(cwd=daemon.spool)
    try:
        for stem in ("a-1-64x48-svg", "a-1-64x48"):
            daemon.write(stem)
            assert not daemon.answer(stem).name.endswith("-error.txt")
    finally:
        daemon.stop()
    assert not taken.exists()


def test_all_children_that_run_python_are_started_this_way() -> None:
    users = {
        str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if "sys.executable" in path.read_text("utf-8")
    }
    # That writes a command into a unit, and starts nothing.
    users.remove("cli/shipped.py")
    assert users == {"processes.py", "checks/machine.py"}, "start it with processes.module_command"


def test_where_the_kernel_ends_no_children_they_start_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr("ctypes.CDLL")
    die_with_parent(os.getppid())
