"""Runs several jobs of one model together, as far as its generator can; each ends by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from spectacle.errors import DeviceLost, OutOfMemory, SpectacleError
from spectacle.generators.base import Artifact, Generator
from spectacle.worker.channel import Disconnected
from spectacle.worker.contract import Deferred, JobSpec
from spectacle.worker.engine import Engine, JobOutput, Task
from spectacle.worker.generator_errors import as_spectacle_error, call_generator

Ended = Callable[[int, Mapping[str, float] | SpectacleError], None]
"""Called once a job has ended: with its number, and the numbers among its facts, or the error."""


def run_together(engine: Engine, jobs: Sequence[tuple[JobSpec, JobOutput]], ended: Ended) -> None:
    """Run jobs of one model, each to its own end: an error of one, or its cancelling, leaves the others untouched.

    The first runs in any case. Those that do not fit to the ones before them end with `Deferred`. Where the
    generator fails at the batch as a whole, the jobs that are left are run one by one.

    Args:
        engine: Runs them.
        jobs: The jobs, and where each reports to.
        ended: Hears of the end of each.

    Raises:
        DeviceLost: When the device no longer responds; the jobs that have not ended are lost.
        SpectacleError: When the model cannot be loaded.
    """
    generator = engine.load(jobs[0][0].model)
    tasks: dict[int, Task] = {}
    for number, (spec, output) in enumerate(jobs):
        with _Ending(number, ended, spec.model[0]):
            task = engine.prepare(spec, output)
            if not _fits(generator, task, list(tasks.values())):
                raise Deferred("it cannot be run together with the others")
            output.started(task.job.options.progress, task.job.seed)
            tasks[number] = task
    left = dict(tasks)
    if len(left) > 1:
        for number, made in _generated(generator, tasks):
            if isinstance(made, OutOfMemory):
                continue
            task = left.pop(number)
            with _Ending(number, ended, generator.name):
                if isinstance(made, Exception):
                    raise made
                task.output.check()
                ended(number, engine.deliver(task, made))
    for number, task in left.items():
        with _Ending(number, ended, generator.name):
            task.output.check()
            ended(number, engine.generate(task))


def _fits(generator: Generator, task: Task, others: Sequence[Task]) -> bool:
    if not others:
        return True
    return len(others) < generator.max_batch and all(
        call_generator(generator.name, partial(generator.compatible, other.job, task.job)) for other in others
    )


def _generated(generator: Generator, tasks: Mapping[int, Task]) -> Iterator[tuple[int, Sequence[Artifact] | Exception]]:
    """What the generator makes of the batch, by number, each once, until it is done or fails."""
    numbers = dict(enumerate(tasks))
    jobs, controls = [task.job for task in tasks.values()], [task.control for task in tasks.values()]
    try:
        for place, made in generator.generate_batch(jobs, controls):
            yield numbers.pop(place), made
    except (Disconnected, DeviceLost):
        raise
    except Exception as error:
        # Whose fault it was comes out when they are run one by one.
        if isinstance(lost := as_spectacle_error(error, generator.name), DeviceLost):
            raise lost from error


class _Ending:
    """Has whatever is raised within the block end one job, unless it ends the worker."""

    def __init__(self, number: int, ended: Ended, generator: str) -> None:
        self._number = number
        self._ended = ended
        self._generator = generator

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, where: object) -> bool:
        if not isinstance(error, Exception) or isinstance(error, Disconnected | DeviceLost):
            return False
        known = error if isinstance(error, SpectacleError) else as_spectacle_error(error, self._generator)
        if isinstance(known, DeviceLost):
            raise known from error
        if known is not error:
            known.__cause__ = error
        self._ended(self._number, known)
        return True
