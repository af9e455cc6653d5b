"""Generators are found through entry points, and a third party's package is served like the built-in ones."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import CONFIGURATION, Daemon
from PIL import Image

from spectacle.errors import UnknownGenerator
from spectacle.generators import registry
from spectacle.generators.base import Generator
from spectacle.generators.test_generator import TestGenerator

MODULE = '''
from PIL import Image
from spectacle.generators.base import Artifact, Generator

class Dots(Generator):
    name = "dots"
    def generate(self, job, control):
        return [Artifact(Image.new("RGB", (job.width, job.height), (1, 2, 3)))]

class Impostor(Dots):
    """Takes a built-in name."""
'''
POINTS = """[spectacle.generators]
dots = spectacle_dots:Dots
test-double = spectacle_dots:Impostor
broken = spectacle_dots_missing:Broken
number = spectacle_dots:__file__
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory into which pip has installed somebody's package with a generator."""
    home = tmp_path_factory.mktemp("packages")
    info = "spectacle_dots-1.0.dist-info"
    wheel = home / "spectacle_dots-1.0-py3-none-any.whl"
    files = {
        "spectacle_dots.py": MODULE,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: spectacle-dots\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": POINTS,
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]))
    command = [
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
    ]
    subprocess.run([sys.executable, "-m", "pip", *command, "--target", home / "lib", wheel], check=True)
    return home / "lib"


@pytest.fixture
def installed(packages: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(packages)
    monkeypatch.delenv(registry.PLUGINS_VARIABLE, raising=False)
    registry.available.cache_clear()
    yield
    registry.available.cache_clear()


@pytest.mark.usefixtures("installed")
def test_an_installed_package_adds_its_generator() -> None:
    found = registry.find("dots")
    assert issubclass(found, Generator)
    assert found.name == "dots"


@pytest.mark.usefixtures("installed")
def test_a_built_in_name_cannot_be_taken_by_another_package() -> None:
    assert registry.find("test-double") is TestGenerator


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("plugins", ["", "other, another"])
def test_an_environment_variable_switches_third_party_generators_off(
    plugins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(registry.PLUGINS_VARIABLE, plugins)
    assert "dots" not in registry.available()
    assert {"illustration", "test-double"} <= registry.available().keys()


@pytest.mark.usefixtures("installed")
def test_named_distributions_stay_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(registry.PLUGINS_VARIABLE, "other, spectacle-dots")
    assert "dots" in registry.available()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "generator 'nothing': not installed; available: "),
        ("broken", "cannot be imported: No module named 'spectacle_dots_missing'"),
        ("number", "is not a subclass of spectacle.generators.base.Generator"),
    ],
)
def test_a_generator_that_cannot_be_had_is_explained(name: str, said: str) -> None:
    with pytest.raises(UnknownGenerator) as caught:
        registry.find(name)
    assert said in caught.value.message


def serve_once(home: Path, environment: dict[str, str]) -> Path:
    configuration = CONFIGURATION + '[kinds.dots]\ngenerator = "dots"\n'
    daemon = Daemon(home, configuration, environment=environment)
    daemon.write("a-1-20x10-dots")
    daemon.start("--once")
    assert daemon.process is not None
    assert daemon.process.wait(60) == 0
    return daemon.answer("a-1-20x10-dots")


def test_a_third_partys_generator_serves_requests(packages: Path, tmp_path: Path) -> None:
    with Image.open(serve_once(tmp_path, {"PYTHONPATH": str(packages)})) as picture:
        assert picture.size == (20, 10)
        assert picture.convert("RGB").getpixel((5, 5)) == (1, 2, 3)


def test_a_generator_that_is_switched_off_is_answered_with_an_error(packages: Path, tmp_path: Path) -> None:
    answer = serve_once(tmp_path, {"PYTHONPATH": str(packages), registry.PLUGINS_VARIABLE: ""})
    assert answer.name == "a-1-20x10-dots-error.txt"
    assert "code: unknown-generator" in answer.read_text()
    assert os.environ.get(registry.PLUGINS_VARIABLE) is None
