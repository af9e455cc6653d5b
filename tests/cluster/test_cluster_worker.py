"""Workers on a cluster, with a stand-in for Ray: what a daemon gets of them, and what it hears when they are lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from daemon_process import wait_for

from spectacle.cluster.manager import Cluster
from spectacle.cluster.worker import RayWorker
from spectacle.config import KindSettings, RaySettings, Settings, WorkerSettings
from spectacle.daemon.devices import cluster_places
from spectacle.errors import Cancelled, WorkerCrashed, WorkerUnavailable
from spectacle.generators.base import MediaType
from spectacle.worker.contract import Attachment, JobFailed, JobSpec

PRETENDED = Path(__file__).parent / "pretended"

PATIENCE = 180.0
"""Seconds for what takes two on a machine that does nothing else."""


class Events:
    """Remembers what a job reports."""

    def __init__(self) -> None:
        self.files: list[tuple[str, bytes]] = []
        self.steps: list[int] = []
        self.why: str | None = None
        self.on_step: Callable[[], object] = lambda: None

    def unwanted(self) -> str | None:
        return self.why

    def started(self, progress: bool, seed: int) -> None:
        pass

    def progress(self, step: int, steps: int, note: str) -> None:
        self.steps.append(step)
        self.on_step()

    def file(self, suffix: str, content: bytes) -> None:
        self.files.append((suffix, content))

    def done(self, facts: Mapping[str, float]) -> None:
        pass


def job(attachments: tuple[Attachment, ...] = (), **options: Any) -> JobSpec:
    return JobSpec(
        model=("test-double", None),
        stem="u-1",
        kind="card",
        makes=MediaType.PNG,
        width=32,
        height=32,
        prompt="a fox",
        notes=(),
        digest="0" * 64,
        options=options,
        max_input_pixels=10**6,
        max_total_input_pixels=10**6,
        max_input_bytes=10**6,
        attachments=attachments,
    )


class Pretended:
    """The stand-in's cluster, and a daemon's side of it."""

    def __init__(self, home: Path, settings: Settings) -> None:
        self.home = home
        self.settings = settings
        self.cluster = Cluster(settings, check=lambda settings: None)
        self.workers = [
            RayWorker(number, place.device, settings, self.cluster)
            for number, place in enumerate(cluster_places(settings))
        ]

    def gpus(self, count: int) -> None:
        draft = self.home / "draft"
        draft.write_text(str(count))
        draft.rename(self.home / "gpus")

    def present(self) -> list[int]:
        return [number for number, worker in enumerate(self.workers) if worker.site.absent is None]

    def wait_for_present(self, count: int) -> None:
        wait_for(lambda: len(self.present()) == count, f"{count} workers", PATIENCE)


@pytest.fixture
def pretended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Pretended]]:
    begun: list[Pretended] = []
    monkeypatch.setenv("PRETENDED_RAY", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PRETENDED), *filter(None, [os.environ.get("PYTHONPATH")])]))

    def begin(gpus: int, kinds: Mapping[str, KindSettings] | None = None, **ray: Any) -> Pretended:
        settings = Settings(
            workers=WorkerSettings(backend="ray"),
            ray=RaySettings(address="10.0.0.1:6379", **{"max_workers": 3, **ray}),
            kinds=dict(kinds or {"card": KindSettings(generator="test-double")}),
        )
        made = Pretended(tmp_path, settings)
        made.gpus(gpus)
        begun.append(made)
        made.cluster.start()
        return made

    yield begin
    for each in begun:
        for worker in each.workers:
            worker.kill()
        each.cluster.close()


def test_a_job_on_a_node_gets_its_attachments_reports_steps_and_returns_its_files(
    pretended: Callable[..., Pretended], tmp_path: Path
) -> None:
    there = pretended(1)
    there.wait_for_present(1)
    worker, events = there.workers[0], Events()
    path = tmp_path / "options.json"
    path.write_text('{"steps": 3, "seed": 7}')
    descriptor = os.open(path, os.O_RDONLY)
    try:
        worker.run(job((Attachment("options", "u-1-options.json", descriptor),)), events)
    finally:
        os.close(descriptor)
    assert events.steps == [0, 1, 2]
    assert events.files[-1][0] == ".png"
    assert events.files[-1][1].startswith(b"\x89PNG")
    assert worker.loaded == (("test-double", None),)
    assert str(worker.device) == "10.0.0.7/cuda:0"
    assert worker.pid is not None
    assert worker.memory["host"] > 10_000_000
    assert worker.site.details["node"] == "10.0.0.7"


@pytest.mark.slow
def test_an_error_of_a_generator_comes_back_with_its_code(pretended: Callable[..., Pretended]) -> None:
    there = pretended(1)
    there.wait_for_present(1)
    with pytest.raises(JobFailed, match="out of paint") as raised:
        there.workers[0].run(job(fail="out of paint"), Events())
    assert raised.value.error_code == "generator-failed"


@pytest.mark.slow
def test_a_cancelled_job_stops_and_its_worker_runs_the_next_one(pretended: Callable[..., Pretended]) -> None:
    there = pretended(1)
    there.wait_for_present(1)
    events = Events()

    def cancel() -> None:
        events.why = "cancelled"

    events.on_step = cancel
    with pytest.raises(Cancelled):
        there.workers[0].run(job(steps=100_000, step_seconds=0.01), events)
    there.workers[0].run(job(), Events())


@pytest.mark.slow
def test_a_worker_process_that_is_killed_is_a_crash_and_is_replaced_on_its_node(
    pretended: Callable[..., Pretended],
) -> None:
    there = pretended(1)
    there.wait_for_present(1)
    worker = there.workers[0]
    with pytest.raises(WorkerCrashed, match="SIGKILL"):
        worker.run(job(trouble="crash"), Events())
    worker.run(job(), Events())


def test_a_node_that_leaves_is_a_crash_of_its_job_and_its_worker_is_absent_until_another_one_joins(
    pretended: Callable[..., Pretended],
) -> None:
    there = pretended(1)
    there.wait_for_present(1)
    worker, events = there.workers[0], Events()
    events.on_step = lambda: there.gpus(0)
    with pytest.raises(WorkerCrashed, match="its node left"):
        worker.run(job(steps=100_000, step_seconds=0.01), events)
    assert worker.site.absent is not None
    with pytest.raises(WorkerUnavailable, match="The request waits"):
        worker.run(job(), Events())
    there.gpus(1)
    there.wait_for_present(1)
    there.workers[there.present()[0]].run(job(), Events())


@pytest.mark.slow
def test_an_actor_that_gives_no_sign_of_life_is_a_crash_of_its_job(
    pretended: Callable[..., Pretended], tmp_path: Path
) -> None:
    there = pretended(1)
    there.wait_for_present(1)
    worker, events = there.workers[0], Events()
    events.on_step = (tmp_path / "frozen").touch
    with pytest.raises(WorkerCrashed, match="gave no sign of life"):
        worker.run(job(steps=100_000, step_seconds=0.01), events)
    (tmp_path / "frozen").unlink()
    there.wait_for_present(1)
    there.workers[there.present()[0]].run(job(), Events())


@pytest.mark.slow
def test_the_workers_follow_the_number_of_gpus_up_to_the_maximum(pretended: Callable[..., Pretended]) -> None:
    there = pretended(0)
    wait_for(lambda: "has a GPU" in (there.workers[0].site.absent or ""), "the cluster to be known", PATIENCE)
    assert [worker.site.used for worker in there.workers] == [True, False, False]
    there.gpus(2)
    there.wait_for_present(2)
    there.gpus(8)
    there.wait_for_present(3)
    there.gpus(1)
    there.wait_for_present(1)


@pytest.mark.slow
def test_each_group_has_its_workers_and_says_which_settings_leave_it_without(
    pretended: Callable[..., Pretended],
) -> None:
    kinds = {name: KindSettings(generator="test-double") for name in ("card", "large")}
    there = pretended(0, kinds, groups={"big": {"kinds": ["large"], "max_workers": 1}})
    big, rest = there.workers[:2]
    wait_for(lambda: "see ray.groups.big.gpus" in (big.site.absent or ""), "the cluster to be known", PATIENCE)
    there.gpus(1)
    there.wait_for_present(1)
    assert there.present() == [0]
    assert "see ray.gpus and ray.resources" in (rest.site.absent or "")
    big.run(job(), Events())
    there.gpus(2)
    there.wait_for_present(2)
    rest.run(job(), Events())


@pytest.mark.slow
def test_while_the_head_node_does_not_answer_no_job_is_begun_and_the_reason_is_told(
    pretended: Callable[..., Pretended], tmp_path: Path
) -> None:
    there = pretended(1)
    there.wait_for_present(1)
    (tmp_path / "away").touch()
    wait_for(lambda: "does not answer" in (there.workers[0].site.absent or ""), "the head node to be missed", PATIENCE)
    assert there.workers[0].site.used
    (tmp_path / "away").unlink()
    there.wait_for_present(1)


def test_weights_that_a_node_has_not_are_told_of_it(pretended: Callable[..., Pretended], tmp_path: Path) -> None:
    kinds = {"card": KindSettings(generator="test-double"), "flower": KindSettings(generator="no-such-generator")}
    # What cannot be copied either does not keep the node from being used.
    there = pretended(1, kinds, weights_from=tmp_path / "none")
    there.wait_for_present(1)
    lacks = there.workers[0].site.lacks
    assert list(lacks) == [("no-such-generator", None)]
    assert "no-such-generator" in lacks["no-such-generator", None]


@pytest.mark.slow
def test_a_cluster_whose_helper_ends_is_connected_to_again(pretended: Callable[..., Pretended]) -> None:
    there = pretended(1)
    there.wait_for_present(1)
    worker, events = there.workers[0], Events()
    helper = there.cluster.pid
    assert helper is not None
    events.on_step = lambda: os.kill(helper, 9)
    with pytest.raises(WorkerCrashed):
        worker.run(job(steps=100_000, step_seconds=0.01), events)
    wait_for(lambda: there.cluster.pid not in (None, helper), "another helper", PATIENCE)
    there.wait_for_present(1)
    worker.run(job(), Events())
