"""`spectacle pull`, `spectacle weights` and `spectacle prepare`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import pytest
from click.testing import Result
from filelock import FileLock
from hub_server import Hub, running_hub, turn_to

from spectacle.generators import registry
from spectacle.generators.base import Artifact, Generator, Job, JobControl, Resources
from spectacle.weights import Source

OIL = Source("painter/oil", ("*.safetensors",), "Apache-2.0")
GOLD = Source("painter/gold", ("*.safetensors",), "Research License", notice="commercial use is forbidden")


class Painter(Generator):
    """A generator whose presets need different weights."""

    name: ClassVar[str] = "painter"
    presets: ClassVar = {"oil": "plain", "gold": "precious"}

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """Oil always, gold on demand."""
        return (OIL, GOLD) if preset == "gold" else (OIL,)

    @classmethod
    def prepare(
        cls, preset: str | None, folder: Path, resources: Resources, quantization: str, say: Callable[[str], None]
    ) -> Mapping[str, str]:
        """Copies the oil."""
        located = cls.locate(OIL, preset, resources)
        say("copying the oil")
        (folder / "oil.safetensors").write_bytes((located.path / "oil.safetensors").read_bytes())
        return {OIL.repo: located.revision}

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Never called here."""
        raise NotImplementedError


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A hub with the painter's weights, and the painter beside the built-in generators."""
    entry = EntryPoint("painter", f"{__name__}:Painter", registry.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda self: Painter if self.name == "painter" else None)
    monkeypatch.setattr(registry, "available", lambda: MappingProxyType({"painter": entry}))
    monkeypatch.setenv("SPECTACLE_WEIGHTS_DIRECTORY", str(tmp_path / "weights"))
    with running_hub() as hub:
        turn_to(hub, monkeypatch)
        hub.add("painter/oil", "1" * 40, {"oil.safetensors": bytes(2000)})
        hub.add("painter/gold", "2" * 40, {"gold.safetensors": bytes(3000)})
        yield hub


def test_pull_says_what_it_brings_and_under_which_licence(run: Callable[..., Result], hub: Hub, tmp_path: Path) -> None:
    result = run("pull", "painter", "--dry-run")
    assert "painter/oil  111111111111  0.00 GB  0.00 GB   Apache-2.0" in result.output
    assert str(tmp_path / "weights") in result.output
    assert hub.downloads == []


def test_pull_says_which_parts_are_files_of_this_machine(
    run: Callable[..., Result], hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "frame.safetensors").write_bytes(bytes(20_000_000))
    parts = [
        ("frame", tmp_path / "frame.safetensors", "MIT"),
        ("canvas", tmp_path / "none.safetensors", "not stated"),
    ]
    monkeypatch.setattr(Painter, "local_parts", classmethod(lambda _cls, _preset, _resources: parts))
    output = run("pull", "painter", "--dry-run").output
    assert f"frame: {tmp_path / 'frame.safetensors'}, 0.02 GB, licence: MIT" in output
    assert f"canvas: {tmp_path / 'none.safetensors'}, missing, licence: not stated" in output


def test_pull_then_weights_lists_it_and_a_second_pull_does_nothing(run: Callable[..., Result], hub: Hub) -> None:
    result = run("pull", "painter", "--preset", "oil")
    assert result.exit_code == 0, result.output
    assert "complete: painter/oil" in result.output
    (listed,) = json.loads(run("weights", "--json").stdout)["weights"]
    assert (listed["repo"], listed["bytes"], listed["generators"]) == ("painter/oil", 2000, ["painter"])
    assert "everything is downloaded already" in run("pull", "painter").output


def test_a_licence_with_conditions_must_be_agreed_to(run: Callable[..., Result], hub: Hub) -> None:
    result = run("pull", "painter", "--preset", "gold")
    assert result.exit_code == 1
    assert "painter/gold: commercial use is forbidden" in result.output
    assert "use --yes to accept" in result.output
    assert hub.downloads == []
    assert run("pull", "painter", "--preset", "gold", "--yes").exit_code == 0


def test_a_volume_can_take_the_place_of_the_hub(run: Callable[..., Result], hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume/oil.safetensors").write_bytes(b"from the volume")
    assert run("pull", "painter", "--from", tmp_path / "volume").exit_code == 0
    assert hub.downloads == []


def test_an_unknown_preset_is_told_with_those_there_are(run: Callable[..., Result], hub: Hub) -> None:
    assert ": no preset 'silver'. Use one of oil, gold" in run("pull", "painter", "--preset", "silver").output


def test_damaged_weights_are_found_and_removed(run: Callable[..., Result], hub: Hub, tmp_path: Path) -> None:
    run("pull", "painter")
    assert "everything matches its hash" in run("weights", "--verify").output
    (tmp_path / "weights/painter--oil" / ("1" * 40) / "oil.safetensors").write_bytes(bytes(1999) + b"x")
    result = run("weights", "--verify")
    assert result.exit_code == 1 and "its content is not what was pulled" in result.output
    run("weights", "--remove", "painter/oil")
    assert "no weights in" in run("weights").output


def test_older_commits_stay_until_they_are_pruned(run: Callable[..., Result], hub: Hub, tmp_path: Path) -> None:
    run("pull", "painter")
    hub.add("painter/oil", "3" * 40, {"oil.safetensors": bytes(2500)})
    run("pull", "painter", "--update")
    old = tmp_path / "weights/painter--oil" / ("1" * 40)
    assert old.is_dir() and "is no longer used" in run("weights").output
    run("weights", "--prune")
    assert not old.exists()


def test_what_is_being_pulled_is_not_pruned(run: Callable[..., Result], hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "weights/painter--oil"
    (folder / ("1" * 40)).mkdir(parents=True)
    with FileLock(folder / ".pull.lock"):
        result = run("weights", "--prune")
    assert result.exit_code == 1 and "another process is pulling into it" in result.output
    assert (folder / ("1" * 40)).is_dir()
    assert run("weights", "--prune").exit_code == 0
    assert not (folder / ("1" * 40)).exists()


def test_what_is_being_pulled_is_not_removed(run: Callable[..., Result], hub: Hub, tmp_path: Path) -> None:
    run("pull", "painter", "--preset", "oil")
    with FileLock(tmp_path / "weights/painter--oil/.pull.lock"):
        result = run("weights", "--remove", "painter/oil")
    assert result.exit_code == 1 and "another process is pulling into it" in result.output
    assert run("weights", "--remove", "painter/oil").exit_code == 0
    assert not (tmp_path / "weights/painter--oil").exists()


def test_a_prepare_that_was_broken_off_is_pointed_out(run: Callable[..., Result], hub: Hub, tmp_path: Path) -> None:
    run("pull", "painter", "--preset", "oil")
    left = tmp_path / ".ready.partial-4194304"
    left.mkdir()
    result = run("prepare", "painter", "--preset", "oil", "--into", tmp_path / "ready")
    assert result.exit_code == 0
    assert f"{left}: left by an interrupted prepare" in result.stderr


def test_prepare_writes_a_checkpoint_and_says_how_to_use_it(
    run: Callable[..., Result], hub: Hub, tmp_path: Path
) -> None:
    assert "Run `spectacle pull painter --preset oil`" in run("prepare", "painter", "--into", tmp_path / "ready").output
    run("pull", "painter")
    result = run("prepare", "painter", "--preset", "oil", "--into", tmp_path / "ready")
    assert result.exit_code == 0, result.output
    assert f'[weights.prepared]\n"painter/oil" = "{tmp_path}/ready"' in result.output
    assert (tmp_path / "ready/oil.safetensors").stat().st_size == 2000


def test_prepare_of_a_generator_without_adapters_says_so(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("prepare", "test-double", "--into", tmp_path / "ready")
    assert result.exit_code == 1 and "test-double: has nothing to prepare" in result.output
