"""What both back ends do alike, and jobs on their way between two processes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from spectacle.config import Settings
from spectacle.errors import Cancelled
from spectacle.generators.base import Device, MediaType
from spectacle.worker.contract import Attachment, JobFailed, JobSpec, TooLong, WorkerBackend
from spectacle.worker.in_process import InProcessWorker
from spectacle.worker.local import LocalWorker
from spectacle.worker.messages import ProcessSettings, job_from_json, job_to_json

MODEL = ("test-double", None)


class Events:
    """Keeps the result files; `why` takes the job back once it has begun."""

    def __init__(self, why: str | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.begun = False
        self._why = why

    def unwanted(self) -> str | None:
        return self._why if self.begun else None

    def started(self, progress: bool, seed: int) -> None:
        self.begun = True

    def progress(self, step: int, steps: int, note: str) -> None:
        pass

    def file(self, suffix: str, content: bytes) -> None:
        self.files[suffix] = content

    def done(self, facts: Mapping[str, float]) -> None:
        pass


def job(*attachments: Attachment, **options: object) -> JobSpec:
    return JobSpec(
        MODEL, "a-1-16x16", "card", MediaType.PNG, 16, 16, "a fox", ("shortened",), "d", options, 10**6, 10**6, 10**6,
        attachments,
    )  # fmt: skip


@pytest.fixture(scope="module", params=[LocalWorker, InProcessWorker])
def worker(request: pytest.FixtureRequest) -> Iterator[WorkerBackend]:
    make: Callable[[Device, Settings], WorkerBackend] = request.param
    worker = make(Device(), Settings())
    yield worker
    worker.kill()


def test_a_job_gives_its_files_and_leaves_its_model_loaded(worker: WorkerBackend) -> None:
    events = Events()
    worker.run(job(Attachment("options", "o", b'{"copies": 2, "seed": 4}')), events)
    assert list(events.files) == ["-2.png", ".png"]
    assert worker.loaded == (MODEL,)
    assert worker.is_running


def test_the_same_job_gives_the_same_files_wherever_it_runs(worker: WorkerBackend) -> None:
    events, again = Events(), Events()
    worker.run(job(seed=3), events)
    InProcessWorker(Device(), Settings()).run(job(seed=3), again)
    assert events.files == again.files


def test_a_job_that_cannot_be_done_fails_with_a_code(worker: WorkerBackend) -> None:
    with pytest.raises(JobFailed, match="on purpose") as caught:
        worker.run(job(fail="on purpose"), Events())
    assert caught.value.error_code == "generator-failed"


def test_a_job_that_is_taken_back_stops(worker: WorkerBackend) -> None:
    with pytest.raises(Cancelled):
        worker.run(job(steps=2000, step_seconds=0.01), Events("cancelled"))


def test_a_worker_that_was_killed_starts_again(worker: WorkerBackend) -> None:
    worker.load(MODEL)
    worker.kill()
    assert not worker.is_running
    assert worker.loaded == ()
    events = Events()
    worker.run(job(), events)
    assert ".png" in events.files


def test_a_job_is_the_same_on_both_sides_of_a_wire() -> None:
    sent = job(
        Attachment("input", "a-1-16x16-input.png", 7), Attachment("mask", "a-1-16x16-mask.png", 9), seed=2**63 - 1
    )
    assert job_from_json(json.loads(json.dumps(job_to_json(sent))), [7, 9]) == sent


def test_what_a_process_is_started_with_arrives_as_it_was() -> None:
    settings = Settings.model_validate({"placement": {"ram_limit": "8GB", "quantization": "int8"}})
    sent = ProcessSettings.of(Device("cuda", 1, "far"), settings)
    assert ProcessSettings.from_json(json.loads(json.dumps(sent.to_json()))) == sent


def test_an_attachment_can_be_read_and_opened_whatever_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(b"content")
    with path.open("rb") as file:
        for attachment in (Attachment("input", "i", file.fileno()), Attachment("input", "i", b"content")):
            assert attachment.read(7) == b"content"
            assert attachment.read(7) == b"content", "reading again begins at the beginning"
            with pytest.raises(TooLong):
                attachment.read(6)
            with attachment.opened() as descriptor:
                assert Attachment("input", "i", descriptor).read(7) == b"content"


def test_a_device_of_another_host_says_so() -> None:
    assert [str(each) for each in (Device(), Device("cuda", 1), Device("cuda", 1, "far"))] == [
        "cpu",
        "cuda:1",
        "far/cuda:1",
    ]
