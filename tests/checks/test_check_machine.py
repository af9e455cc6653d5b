"""Checks of this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any, NoReturn

import pytest

from spectacle.checks import Level, machine
from spectacle.checks.workers import require_devices
from spectacle.config import Settings, WorkerSettings
from spectacle.daemon.devices import WORKER_RAM, find_places
from spectacle.errors import ConfigurationError, GeneratorError, OutOfMemory, SpectacleError
from spectacle.generators.base import Device, Resources
from spectacle.generators.test_generator import TestGenerator
from spectacle.weights.prepared import write_prepared


def settings(**changes: Any) -> Settings:
    return Settings.model_validate(changes)


def kinds(**card: Any) -> Settings:
    return settings(default_kind="card", kinds={"card": {"generator": "test-double", **card}})


def test_this_python_and_these_libraries_are_right() -> None:
    assert machine.check_python().level is Level.OK
    check = machine.check_libraries()
    assert check.level is Level.OK, check
    assert "filelock 4." in check.found


def test_an_older_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "OLDEST_PYTHON", (4, 0))
    assert machine.check_python().level is Level.FAIL


def test_a_missing_and_an_older_library_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "rich":
            raise PackageNotFoundError(name)
        return {"pillow": "9.5.0"}.get(name, "999.0")

    monkeypatch.setattr(machine, "version", version)
    check = machine.check_libraries()
    assert check.level is Level.FAIL
    assert "rich is missing" in check.found
    assert "pillow 9.5.0 is older than 12.3" in check.found
    assert "filelock" not in check.found
    assert "`pip install --upgrade .`" in check.remedy


def test_drawing_is_tried() -> None:
    assert machine.check_drawing().level is Level.OK


def test_a_missing_libcairo_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def render(*_arguments: object) -> None:
        raise SpectacleError("libcairo is missing")

    monkeypatch.setattr("spectacle.svg.Rasteriser.render", render)
    check = machine.check_drawing()
    assert (check.level, check.found) == (Level.FAIL, "libcairo is missing")
    assert "apt-get install libcairo2" in check.remedy


def test_the_devices_to_be_used_are_named() -> None:
    (check,) = machine.check_devices(settings(workers={"devices": ["cpu", "cpu"]}))
    assert check.level is Level.OK
    assert check.found.startswith("cpu (2 workers) (GPUs here: ")


def test_serving_on_a_gpu_that_is_not_there_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectacle.checks.workers.gpu_counts", Counter)
    monkeypatch.setattr("spectacle.checks.workers.unused_gpus", lambda: ["1 AMD GPU(s) found, but not used: why; do"])
    places = find_places(WorkerSettings(devices=("cuda:0", "cpu")))

    def missing(*_: object) -> NoReturn:
        raise GeneratorError("cuda:0: cannot be used: no driver. Run nvidia-smi to see why.")

    monkeypatch.setattr("spectacle.checks.workers.memory.look", missing)
    with pytest.raises(ConfigurationError, match=r"workers\.devices: cuda:0: no GPU is usable here; 1 AMD.*no driver"):
        require_devices(places)
    monkeypatch.setattr("spectacle.checks.workers.memory.look", lambda *_: None)
    require_devices(places)  # it is there, though nothing told of it


def test_a_gpu_that_is_not_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectacle.checks.workers.unused_gpus", lambda: ["1 AMD GPU(s) found, but not used: why; do"])
    (check, *_) = machine.check_devices(settings(workers={"devices": ["cpu"]}))
    assert check.level is Level.WARN
    assert (check.found, check.remedy) == ("1 AMD GPU(s) found, but not used: why, so models run on the CPU", "do")


def test_a_gpu_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "_GPUS", tmp_path)
    monkeypatch.setattr("spectacle.checks.workers.gpu_counts", Counter)
    (check,) = machine.check_devices(settings(workers={"devices": ["cuda:0"]}))
    assert (check.level, check.found) == (Level.FAIL, "cuda:0, but no usable GPU was found")
    information = tmp_path / "0000:01:00.0/information"
    information.parent.mkdir()
    information.write_text("Model: \t\t NVIDIA Something\nIRQ: 5\n")
    monkeypatch.setattr("spectacle.checks.workers.gpu_counts", lambda: Counter(cuda=1))
    (check,) = machine.check_devices(settings(workers={"devices": ["cuda:0"]}))
    assert check.level is Level.OK
    assert "NVIDIA Something" in check.found
    (check,) = machine.check_devices(settings(workers={"devices": ["cuda:0", "cuda:3"]}))
    assert (check.level, check.found) == (Level.FAIL, "cuda:3, but only cuda:0 can be used")


def test_a_kind_whose_devices_have_no_worker_is_told_with_those_that_have() -> None:
    card = {"generator": "test-double", "devices": ["cuda:1"]}
    check, _ = machine.check_devices(settings(workers={"devices": ["cpu"]}, kinds={"card": card}))
    assert check.level is Level.FAIL
    assert check.found == (
        "kinds.card.devices = cuda:1: no worker runs there. Use cpu, or add the device to workers.devices."
    )


def test_more_workers_than_memory_are_told_with_what_would_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectacle.daemon.devices.free_ram", lambda: 3 * WORKER_RAM)
    (check,) = machine.check_devices(settings(workers={"devices": ["auto"], "cpu_workers": 200}))
    assert (check.level, check.found) == (
        Level.WARN,
        "200 CPU workers, but the free memory is enough for 3",
    )
    assert check.remedy == "set workers.cpu_workers = 3, or free some memory"
    (check,) = machine.check_devices(settings(workers={"devices": ["auto"], "cpu_workers": 3}))
    assert check.level is Level.OK


def test_a_model_that_fits_less_well_into_its_part_of_a_gpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def plan(_cls: Any, preset: str | None, device: Device, resources: Resources) -> Sequence[str]:
        return ("device on the GPU.", "More.") if device.share == 1 else ("group-offload on the GPU.",)

    monkeypatch.setattr(TestGenerator, "plan", classmethod(plan))
    monkeypatch.setattr("spectacle.checks.workers.gpu_counts", lambda: Counter(cuda=2))
    given: dict[str, Any] = {"default_kind": "card", "kinds": {"card": {"generator": "test-double"}}}
    (check,) = machine.check_devices(settings(workers={"devices": ["cuda:1", "cuda:1"]}, **given))
    assert (check.level, check.remedy) == (Level.WARN, "list cuda:1 once in workers.devices")
    assert check.found == ("card on cuda:1, shared by 2 workers: group-offload on the GPU. Alone: device on the GPU.")
    (check,) = machine.check_devices(settings(workers={"devices": ["cuda:1", "cuda:0"]}, **given))
    assert check.level is Level.OK


def test_a_kind_that_can_be_served_is_ready() -> None:
    (check,) = machine.check_kinds(kinds(options={"steps": 3}))
    assert (check.what, check.level) == ("kind card", Level.OK)


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"generator": "none-such"}, "generator 'none-such': not installed"),
        ({"preset": "big"}, "test-double: no preset 'big'"),
        ({"options": {"steps": 0}}, "option steps: "),
        ({"options": {"nonsense": 1}}, "option nonsense: "),
    ],
)
def test_a_kind_that_cannot_be_served_is_told_with_the_remedy(card: dict[str, Any], said: str) -> None:
    (check,) = machine.check_kinds(kinds(**card))
    assert check.level is Level.FAIL
    assert said in check.found
    assert "kinds.card." in check.remedy


def test_missing_weights_are_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TestGenerator, "missing_weights", classmethod(lambda _cls, _preset, _resources: "fetch them"))
    (check,) = machine.check_kinds(kinds())
    assert (check.level, check.remedy) == (Level.FAIL, "fetch them")


def test_a_kind_without_a_preset_is_checked_for_the_default_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    monkeypatch.setattr(TestGenerator, "presets", {"small": "", "big": ""})
    monkeypatch.setattr(
        TestGenerator, "missing_weights", classmethod(lambda _cls, preset, _resources: asked.append(preset))
    )
    monkeypatch.setattr(TestGenerator, "plan", classmethod(lambda _cls, preset, *_: asked.append(preset) or ()))
    settings = Settings.model_validate(
        {"workers": {"devices": ["cpu"]}, "kinds": {"card": {"generator": "test-double"}}, "default_kind": "card"}
    )
    assert all(check.level is Level.OK for check in machine.check_kinds(settings))
    assert asked == ["small", "small"]


def test_missing_libraries_are_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TestGenerator, "packages", ("json", "no_such_library"))
    monkeypatch.setattr(TestGenerator, "extra", "diffusion")
    (check,) = machine.check_kinds(kinds())
    assert (check.level, check.found) == (Level.FAIL, "test-double: needs no_such_library")
    assert check.remedy == "run `pip install '.[diffusion]'` in the clone"


def placed(monkeypatch: pytest.MonkeyPatch, *told: str) -> list[Any]:
    """Has the test generator give these sentences of its placement. Returns what it is asked."""
    asked: list[Any] = []

    def plan(_cls: Any, preset: str | None, device: Device, resources: Resources) -> Sequence[str]:
        asked.append((preset, str(device), resources.placement.ram_limit))
        return told

    monkeypatch.setattr(TestGenerator, "plan", classmethod(plan))
    return asked


def test_the_placement_of_each_kind_is_told_for_each_device(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = placed(monkeypatch, "device on the GPU.", "Needs about 5.0 GB.")
    several = {"workers": {"devices": ["cpu", "cuda:1"]}, "placement": {"ram_limit": "32GB"}}
    every = settings(**several, default_kind="card", kinds={"card": {"generator": "test-double"}})
    _, *checks = machine.check_kinds(every)
    assert [(check.what, check.level) for check in checks] == [("card on cpu", Level.OK), ("card on cuda:1", Level.OK)]
    assert checks[0].found == "device on the GPU. Needs about 5.0 GB."
    assert asked == [(None, "cpu", 32 * 10**9), (None, "cuda:1", 32 * 10**9)]


def test_a_risky_placement_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    placed(monkeypatch, "device on the GPU.", "Risk: the settings ask for too much.")
    _, check = machine.check_kinds(kinds())
    assert (check.level, check.remedy) == (Level.WARN, "change the section [placement]")


def test_a_model_that_does_not_fit_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def plan(*_: Any) -> Sequence[str]:
        raise OutOfMemory("the model does not fit: raise placement.ram_limit")

    monkeypatch.setattr(TestGenerator, "plan", plan)
    _, check = machine.check_kinds(kinds())
    assert (check.level, check.found) == (Level.FAIL, "the model does not fit: raise placement.ram_limit")


def test_a_form_the_generator_does_not_make_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TestGenerator, "makes", frozenset({machine.MediaType.PNG}))
    (check,) = machine.check_kinds(kinds(format="svg"))
    assert check.found == "test-double: cannot make svg"


def test_a_default_kind_that_is_left_to_others_is_pointed_out() -> None:
    first, *_ = machine.check_kinds(settings(default_kind="photo"))
    assert (first.what, first.level) == ("default kind", Level.WARN)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("test-dubble", "generator 'test-dubble': not installed"),
        ("test-double/bigg", "test-double/bigg': test-double: no preset 'bigg'"),
        ("test-double", "not a prepared checkpoint"),
    ],
)
def test_a_prepared_checkpoint_that_would_never_be_used_is_told(tmp_path: Path, key: str, said: str) -> None:
    (check,) = machine.check_prepared(settings(weights={"prepared": {key: str(tmp_path)}}))
    assert check.level is Level.FAIL
    assert repr(key) in check.found
    assert said in check.found


def test_a_whole_prepared_checkpoint_is_fine(tmp_path: Path) -> None:
    into = tmp_path / "ready"
    write_prepared(into, lambda _folder: {}, generator="test-double", preset=None, quantization="none")
    (check,) = machine.check_prepared(settings(weights={"prepared": {"test-double": str(into)}}))
    assert check.level is Level.OK


def test_parts_of_models_that_take_none_and_files_that_are_missing_are_told(tmp_path: Path) -> None:
    part = {"transformer": {"path": str(tmp_path / "a.safetensors")}}
    (wrong, missing) = machine.check_parts(settings(weights={"parts": {"Qwen/Qwen-Imag": part}}))
    assert wrong.level is Level.FAIL
    assert wrong.found == "'Qwen/Qwen-Imag': no generator takes parts of it from elsewhere"
    assert "did you mean 'Qwen/Qwen-Image'?" in (wrong.remedy or "")
    assert missing.found.endswith("a.safetensors is missing")
    (tmp_path / "a.safetensors").touch()
    (other,) = machine.check_parts(settings(weights={"parts": {"depth-anything/Depth-Anything-V2-Small-hf": part}}))
    assert "no generator takes parts of it" in other.found
    assert not list(machine.check_parts(settings(weights={"parts": {"Qwen/Qwen-Image": part, "sdxl": part}})))


def test_a_system_that_was_not_tried_is_called_that(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not list(machine.check_system())
    monkeypatch.setattr(machine.platform, "system", lambda: "Darwin")
    (check,) = machine.check_system()
    assert (check.level, check.found.partition(":")[0]) == (Level.WARN, "Darwin")
