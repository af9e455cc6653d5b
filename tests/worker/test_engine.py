"""The engine, driven without a process or a socket: jobs checked and run, artifacts encoded, memory freed."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from PIL import Image

from spectacle.config import PlacementSettings
from spectacle.errors import (
    BadAttachment,
    BadOptions,
    Cancelled,
    DeviceLost,
    GeneratorError,
    OutOfMemory,
    SpectacleError,
    WeightsMissing,
)
from spectacle.generators import registry
from spectacle.generators.base import (
    Artifact,
    Device,
    Footprint,
    Generator,
    InputRequirements,
    Job,
    JobControl,
    MediaType,
    Resources,
)
from spectacle.generators.placement import memory
from spectacle.generators.placement.plan import Machine
from spectacle.generators.test_generator import TestGenerator
from spectacle.svg.rasterise import Rasteriser
from spectacle.worker import job as worker_job
from spectacle.worker.contract import ENCODE_SECONDS, Attachment, JobSpec, Role
from spectacle.worker.engine import Engine


class RecordedOutput:
    """Keeps what a job reported, in order; `cancelled` stops it."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.files: dict[str, bytes] = {}
        self.seed: int | None = None
        self.cancelled = False

    def check(self) -> None:
        if self.cancelled:
            raise Cancelled("the job is no longer wanted")

    def started(self, progress: bool, seed: int) -> None:
        self.calls.append("started")
        self.seed = seed

    def progress(self, step: int, steps: int, note: str = "") -> None:
        self.check()
        self.calls.append("progress")

    def file(self, suffix: str, content: bytes) -> None:
        self.calls.append("file")
        self.files[suffix] = content


class Strange(Generator):
    """Raises or returns its `outcome`."""

    name = "strange"
    needs = InputRequirements(min_pictures=1, max_pictures=2)
    outcome: Any = None
    unloaded = 0

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return [] if self.outcome is None else self.outcome

    def unload(self) -> None:
        Strange.unloaded += 1

    def memory_advice(self, job: Job) -> str:
        return "ask for less"


@pytest.fixture
def output() -> RecordedOutput:
    return RecordedOutput()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    found = {"test-double": TestGenerator, "strange": Strange}
    monkeypatch.setattr(registry, "find", lambda name, _resources: found[name])
    monkeypatch.setattr(Strange, "outcome", None)
    monkeypatch.setattr(Strange, "unloaded", 0)
    monkeypatch.setattr(TestGenerator, "_short_of_memory", True)
    with Rasteriser() as rasteriser:
        yield Engine(Device(), rasteriser)


def job(
    generator: str = "test-double",
    *attachments: Attachment,
    preset: str | None = None,
    options: dict[str, Any] | None = None,
) -> JobSpec:
    return JobSpec(
        (generator, preset), "a-1-8x8", "card", MediaType.PNG, 8, 8, "a fox", (), "d", options or {}, 1000, 3000, 1000,
        attachments,
    )  # fmt: skip


def options(**values: Any) -> Attachment:
    return Attachment("options", "a-1-8x8-options.json", json.dumps(values).encode())


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    return buffer.getvalue()


def inputs(count: int) -> list[Attachment]:
    return [Attachment("input", f"a-1-8x8-input{number}.png", picture()) for number in range(count)]


def test_the_files_of_a_job_are_sent_after_its_start_the_primary_one_last(
    engine: Engine, output: RecordedOutput
) -> None:
    facts = engine.run(job("test-double", options(seed=4, copies=2)), output)
    assert facts.keys() == {ENCODE_SECONDS}
    assert output.calls == ["started", "progress", "file", "file"]
    assert output.seed == 4
    assert list(output.files) == ["-2.png", ".png"]
    with Image.open(io.BytesIO(output.files[".png"])) as made:
        assert made.size == (8, 8)


def test_the_kinds_own_options_hold_unless_the_request_says_otherwise(engine: Engine, output: RecordedOutput) -> None:
    engine.run(job("test-double", options(copies=1), options={"copies": 3, "seed": 1}), output)
    assert output.calls.count("file") == 1
    assert output.seed == 1


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, r"needs at least 1 input image, and got 0\. Write a-1-8x8-input\.png"),
        (3, r"at most 2 input images, and got 3\. Remove a-1-8x8-input2\.png"),
    ],
)
def test_a_wrong_number_of_pictures_is_refused(engine: Engine, count: int, said: str) -> None:
    with pytest.raises(BadAttachment, match=said):
        engine.run(job("strange", *inputs(count)), RecordedOutput())


@pytest.mark.parametrize("role", ["mask", "control"])
def test_a_picture_the_generator_has_no_use_for_is_refused(engine: Engine, role: Role) -> None:
    with pytest.raises(BadAttachment, match=f"does not use a {role}.*\\. Remove a-1-8x8-{role}.png"):
        image = Attachment(role, f"a-1-8x8-{role}.png", picture())
        engine.run(job("strange", *inputs(1), image), RecordedOutput())


def test_no_picture_from_a_generator_is_its_authors_fault(engine: Engine) -> None:
    with pytest.raises(GeneratorError, match="returned no image"):
        engine.run(job("strange", *inputs(1)), RecordedOutput())


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (ZeroDivisionError("division\n by zero"), "strange: failed: ZeroDivisionError: division by zero"),
        (RuntimeError(), "strange: failed: RuntimeError"),
        (KeyError("x" * 1000), "strange: failed: KeyError: 'xxx"),
    ],
)
def test_any_exception_of_a_generator_becomes_one_line(engine: Engine, outcome: Exception, said: str) -> None:
    Strange.outcome = outcome
    with pytest.raises(GeneratorError) as caught:
        engine.run(job("strange", *inputs(1)), RecordedOutput())
    assert caught.value.message.startswith(said)
    assert len(caught.value.message) < 400
    assert "\n" not in caught.value.message


def test_errors_made_for_clients_pass_as_they_are(engine: Engine) -> None:
    Strange.outcome = SpectacleError("as it is")
    with pytest.raises(SpectacleError) as caught:
        engine.run(job("strange", *inputs(1)), RecordedOutput())
    assert caught.value is Strange.outcome


def torchs(name: str, said: str = "") -> Exception:
    """An exception as torch's own, without torch."""
    error: Exception = type(name, (RuntimeError,), {"__module__": "torch"})(said)
    return error


@pytest.mark.parametrize(
    "outcome",
    [
        torchs("AcceleratorError", "CUDA error: an illegal memory access was encountered"),
        RuntimeError("CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported"),
        RuntimeError("HIP error: unspecified launch failure"),
    ],
)
def test_a_device_that_is_broken_for_the_process_is_told_as_such(engine: Engine, outcome: Exception) -> None:
    Strange.outcome = outcome
    with pytest.raises(DeviceLost, match=r"strange lost its device: (CUDA|HIP) error: "):
        engine.run(job("strange", *inputs(1)), RecordedOutput())


@pytest.mark.parametrize(
    "outcome",
    [MemoryError(), torchs("OutOfMemoryError"), torchs("AcceleratorError", "CUDA error: out of memory")],
)
def test_memory_that_runs_out_twice_is_told_with_what_would_fit_and_everything_is_freed(
    engine: Engine, outcome: Exception
) -> None:
    Strange.outcome = outcome
    with pytest.raises(OutOfMemory, match=r"8x8: not enough memory on cpu\. ask for less"):
        engine.run(job("strange", *inputs(1)), RecordedOutput())
    assert Strange.unloaded == 2


def test_memory_that_runs_out_once_costs_a_second_try(engine: Engine, output: RecordedOutput) -> None:
    engine.run(job("test-double", options(trouble="memory-once")), output)
    assert output.calls[-1] == "file"


GB = 10**9


class Heavy(Strange):
    """Takes 4 GB once it is loaded, and 6 GB while it runs."""

    name = "heavy"
    needs = InputRequirements()
    presets: ClassVar = {"fast": "", "fine": "", "rough": "", "huge": ""}
    adopts: ClassVar[set[str | None]] = set()
    known = True
    short = 0
    """How many more calls run out of memory."""
    loads: ClassVar[list[str | None]] = []
    unloads: ClassVar[list[str | None]] = []
    asked: ClassVar[list[Footprint]] = []

    @classmethod
    def required_memory(
        cls, preset: str | None, device: Device, resources: Resources, held: Footprint
    ) -> Footprint | None:
        cls.asked.append(held)
        return Footprint(ram=6 * GB) if cls.known else None

    @property
    def footprint(self) -> Footprint:
        return Footprint(ram=4 * GB)

    def switch_preset(self, preset: str | None) -> bool:
        if {preset, self.preset} <= self.adopts:
            self.preset = preset
        return preset == self.preset

    def load(self, device: Device) -> None:
        if self.preset == "huge" and self.short > 0:
            Heavy.short -= 1
            raise MemoryError
        self.loads.append(self.preset)

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        if self.short > 0:
            Heavy.short -= 1
            raise MemoryError
        return [Artifact(Image.new("RGB", (8, 8)))]

    def unload(self) -> None:
        self.unloads.append(self.preset)


@pytest.fixture
def heavy(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine on a machine of 15 GB, in which heavy generators weigh what they say."""
    for name, fresh in {"adopts": set(), "known": True, "short": 0, "loads": [], "unloads": [], "asked": []}.items():
        monkeypatch.setattr(Heavy, name, fresh)
    monkeypatch.setattr(
        registry,
        "find",
        lambda name, _resources: {"heavy": Heavy, "test-double": TestGenerator, "strange": Strange}[name],
    )

    def measure(device: Device, settings: PlacementSettings) -> Machine:
        return Machine(ram=15 * GB - sum(4 * GB for name, _ in engine.models if name == "heavy"))

    monkeypatch.setattr(memory, "measure", measure)
    return engine


def test_generators_that_fit_beside_each_other_stay_loaded(heavy: Engine) -> None:
    first = heavy.load(("heavy", "fast"))
    heavy.load(("test-double", None))
    heavy.load(("heavy", "fine"))
    assert heavy.models == [("heavy", "fast"), ("test-double", None), ("heavy", "fine")]
    assert heavy.load(("heavy", "fast")) is first
    assert Heavy.loads == ["fast", "fine"]


def test_the_one_that_was_used_longest_ago_makes_room(heavy: Engine) -> None:
    for preset in ("fast", "fine", "fast"):
        heavy.load(("heavy", preset))
    heavy.load(("heavy", "rough"))  # 7 GB are free, and it needs 6
    assert Heavy.unloads == []
    heavy.load(("heavy", "huge"))
    assert Heavy.unloads == ["fine"]
    assert heavy.models == [("heavy", "fast"), ("heavy", "rough"), ("heavy", "huge")]


def test_a_generator_is_told_what_would_be_free_without_the_others(heavy: Engine) -> None:
    heavy.load(("heavy", "fast"))
    heavy.load(("test-double", None))
    heavy.load(("heavy", "fine"))
    assert Heavy.asked == [Footprint(ram=4 * GB)]


def test_one_whose_needs_are_not_known_gets_the_memory_to_itself(
    heavy: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    heavy.load(("heavy", "fast"))
    heavy.load(("test-double", None))
    monkeypatch.setattr(Heavy, "known", False)
    heavy.load(("heavy", "fine"))
    assert heavy.models == [("heavy", "fine")]


@pytest.mark.parametrize(("packages", "known"), [((), Footprint()), (("torch",), None)])
def test_a_generator_that_names_packages_is_taken_for_a_large_one(
    packages: tuple[str, ...], known: Footprint | None
) -> None:
    kind = type("Other", (Strange,), {"packages": packages})
    assert kind.required_memory(None, Device(), Resources(), Footprint()) == known


def test_a_generator_that_defines_methods_by_their_old_names_works_with_a_warning() -> None:
    with pytest.warns(FutureWarning, match=r"Old\.demand: .* Define required_memory"):
        kind = type("Old", (Strange,), {"demand": classmethod(lambda cls, *_: Footprint(ram=1))})
    assert kind.required_memory(None, Device(), Resources(), Footprint()) == Footprint(ram=1)


def test_another_preset_of_a_loaded_model_takes_it_over(heavy: Engine) -> None:
    Heavy.adopts.update({"fast", "fine"})
    first = heavy.load(("heavy", "fast"))
    assert heavy.load(("heavy", "fine")) is first
    assert heavy.models == [("heavy", "fine")]
    assert heavy.load(("heavy", "fast")) is first
    assert Heavy.loads == ["fast"]


def test_memory_that_runs_out_while_loading_is_taken_from_the_others(heavy: Engine) -> None:
    heavy.load(("heavy", "fast"))
    Heavy.short = 1
    heavy.load(("heavy", "huge"))
    assert Heavy.unloads == ["fast"]
    assert heavy.models == [("heavy", "huge")]


def test_memory_that_runs_out_on_loading_the_only_one_is_told(heavy: Engine) -> None:
    Heavy.short = 1
    with pytest.raises(OutOfMemory):
        heavy.load(("heavy", "huge"))
    assert heavy.models == []


def test_memory_that_runs_out_in_a_job_is_taken_from_the_others_first(heavy: Engine, output: RecordedOutput) -> None:
    heavy.load(("heavy", "fast"))
    Heavy.short = 1
    heavy.run(job("heavy", preset="fine"), output)
    assert output.calls[-1] == "file"
    assert Heavy.unloads == ["fast"]
    assert Heavy.loads == ["fast", "fine"]


def test_then_from_the_one_that_runs_which_is_loaded_again(heavy: Engine, output: RecordedOutput) -> None:
    heavy.load(("heavy", "fast"))
    Heavy.short = 2
    heavy.run(job("heavy", preset="fine"), output)
    assert output.calls[-1] == "file"
    assert Heavy.unloads == ["fast", "fine"]
    assert Heavy.loads == ["fast", "fine", "fine"]


def test_a_failed_load_leaves_nothing_loaded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Strange, "load", lambda self, device: 1 / 0)
    with pytest.raises(GeneratorError, match="strange: failed: ZeroDivisionError"):
        engine.load(("strange", None))
    monkeypatch.undo()


def test_a_preset_that_is_not_there_is_told_with_those_that_are(heavy: Engine) -> None:
    with pytest.raises(GeneratorError, match=r"heavy: no preset 'Fast'\. Use one of fast, fine, rough, huge"):
        heavy.load(("heavy", "Fast"))
    with pytest.raises(GeneratorError, match=r"strange: no preset 'fast'\. Omit it, because there are none"):
        heavy.load(("strange", "fast"))


def test_missing_weights_are_told_with_nothing_unloaded_for_them(
    heavy: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    @classmethod
    def check_weights(cls: type[Heavy], preset: str | None, resources: Resources) -> None:
        if preset == "huge":
            raise WeightsMissing("run `spectacle pull heavy`")

    heavy.load(("heavy", "fast"))
    monkeypatch.setattr(Heavy, "check_weights", check_weights)
    monkeypatch.setattr(Heavy, "known", False)
    with pytest.raises(WeightsMissing, match="spectacle pull heavy"):
        heavy.load(("heavy", "huge"))
    assert heavy.models == [("heavy", "fast")]


def test_weights_that_are_configured_for_the_default_preset_are_found_where_none_is_named(
    heavy: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    @classmethod
    def check_weights(cls: type[Heavy], preset: str | None, resources: Resources) -> None:
        if preset != "fast":
            raise WeightsMissing("run `spectacle pull heavy`")

    monkeypatch.setattr(Heavy, "check_weights", check_weights)
    heavy.load(("heavy", None))
    assert heavy.models == [("heavy", None)]


def test_a_cancelled_job_sends_no_file(engine: Engine, output: RecordedOutput) -> None:
    output.cancelled = True
    with pytest.raises(Cancelled):
        engine.run(job(), output)
    assert "file" not in output.calls


@pytest.mark.parametrize(("role", "error"), [("options", BadOptions), ("input", BadAttachment)])
def test_an_attachment_beyond_its_limit_is_not_read(
    engine: Engine, tmp_path: Path, role: Role, error: type[SpectacleError]
) -> None:
    with (tmp_path / "huge").open("w+b") as file:
        file.truncate(1 << 40)
        huge = Attachment(role, "a-1-8x8-x", file.fileno())
        with pytest.raises(error, match="a-1-8x8-x: more than"):
            engine.run(job("test-double", huge), RecordedOutput())


def test_a_generator_that_cannot_unload_does_not_stand_in_the_way_of_another(
    heavy: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    heavy.load(("strange", None))
    monkeypatch.setattr(Strange, "unload", lambda self: 1 / 0)
    monkeypatch.setattr(Heavy, "known", False)
    with pytest.raises(ZeroDivisionError):
        heavy.load(("heavy", None))
    assert heavy.load(("heavy", None)).name == "heavy"


def test_the_pictures_of_a_job_together_are_limited(engine: Engine, output: RecordedOutput) -> None:
    def spec(pixels: int) -> JobSpec:
        images = (*inputs(3), *(Attachment(role, f"a-1-8x8-{role}.png", picture()) for role in ("mask", "control")))
        return dataclasses.replace(job("test-double", *images), max_total_input_pixels=pixels)

    engine.run(spec(5 * 16), output)
    with pytest.raises(BadAttachment, match=r"control\.png is 16 pixels, and the images before it 64"):
        engine.run(spec(5 * 16 - 1), RecordedOutput())
    with pytest.raises(BadAttachment, match=r"input0\.png is 16 pixels"):
        engine.run(spec(15), RecordedOutput())


def test_a_file_is_read_only_after_the_one_before_it_was_opened(
    engine: Engine, output: RecordedOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    read, opened = Attachment.read, worker_job.open_picture
    monkeypatch.setattr(Attachment, "read", lambda self, limit: [steps.append("read"), read(self, limit)][1])
    monkeypatch.setattr(worker_job, "open_picture", lambda *a, **b: [steps.append("opened"), opened(*a, **b)][1])
    engine.run(job("test-double", *inputs(2)), output)
    assert steps == ["read", "opened"] * 2


class Silent(Generator):
    """Makes three drawings and reports no step."""

    name = "silent"

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8"/></svg>'
        return [Artifact(drawing)] * 3


def test_a_generator_without_steps_has_one_for_each_result(
    engine: Engine, output: RecordedOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "find", lambda _name, _resources: Silent)
    engine.run(job("silent"), output)
    assert output.calls == ["started", *["progress"] * 3, *["file"] * 3]
