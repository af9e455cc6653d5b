"""The simulated file system does what the real one does."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from simulation.plan import Client, Plan
from simulation.scheduler import Choices, Scheduler
from simulation.world import SPOOL, Process, World

NAMES = ("a", "b", "c", "d")
OPENINGS = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL,
    os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    os.O_RDONLY,
)
STEPS = 60


def steps_on(system: Any, root: str | Path, seed: int, links: bool) -> list[object]:
    """What some calls drawn by a seed give, without what differs between file systems: links, over NFS."""
    draw = random.Random(seed)
    home = system.open(root, os.O_RDONLY | os.O_DIRECTORY)
    files: list[int] = []
    told: list[object] = []

    def name() -> str:
        return draw.choice(NAMES)

    def described(status: Any) -> tuple[int, int]:
        is_directory = status.st_mode & 0o040000
        return (0, 0) if is_directory else (status.st_size, status.st_nlink if links else 0)

    def step() -> object:
        one, other, size = name(), name(), draw.randint(1, 9)
        kinds = (
            *OPENINGS,
            "unlink",
            "rename",
            "link",
            "mkdir",
            "stat",
            "listdir",
            *("write", "read", "fstat", "pread"),
        )
        kind = draw.choice(kinds)
        file = draw.choice(files) if files else home
        match kind:
            case int():
                files.append(system.open(one, kind, 0o660, dir_fd=home))
                return "opened"
            case "unlink":
                return system.unlink(one, dir_fd=home)
            case "rename":
                return system.rename(one, other, src_dir_fd=home, dst_dir_fd=home)
            case "link":
                return system.link(one, other, src_dir_fd=home, dst_dir_fd=home)
            case "mkdir":
                return system.mkdir(one, 0o770, dir_fd=home) if size == 1 else None
            case "stat":
                return described(system.stat(one, dir_fd=home, follow_symlinks=False))
            case "listdir":
                return sorted(each for each in system.listdir(home) if not each.startswith(".nfs"))
            case "write":
                return system.write(file, b"x" * size)
            case "read":
                return system.read(file, size)
            case "fstat":
                return described(system.fstat(file))
            case _:
                return system.pread(file, size, 1)

    for _ in range(STEPS):
        try:
            told.append(step())
        except OSError as error:
            told.append(error.errno)
    for file in files:
        system.close(file)
    system.close(home)
    return told


@pytest.mark.parametrize("network", [0, 3, 4])
def test_calls_give_what_they_give_on_a_real_file_system(tmp_path: Path, network: int) -> None:
    for seed in range(150):
        home = tmp_path / str(seed)
        home.mkdir()
        scheduler = Scheduler(Choices(0, 1e9, 0.0, 0, (1.0,)))
        world = World(Plan(network=network, clients=(Client(0, "a-1-8x8", ()),)), scheduler)
        process = Process(world, "tester", world.hosts[0])
        told: list[object] = []
        scheduler.spawn(process, "tester", lambda: told.extend(steps_on(process.system, SPOOL, seed, not network)))  # noqa: B023
        scheduler.run(lambda: False)
        assert told == steps_on(os, home, seed, not network), seed
