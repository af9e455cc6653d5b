"""A world that also notes every system call, so that people can read what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulation.file_system import Inode, Status
from simulation.scheduler import Killed
from simulation.system import System
from simulation.world import World

CALLS = (
    *("open", "close", "dup2", "stat", "fstat", "listdir", "read", "pread", "write", "fsync", "utime"),
    *("mkdir", "link", "rename", "rename_exclusive", "unlink"),
)


def _shown(value: object) -> str:
    if isinstance(value, Status):
        return f"inode {value.st_ino} size {value.st_size} links {value.st_nlink} time {value.st_mtime_ns % 10**12}"
    if isinstance(value, Inode):
        return str(value.number)
    return repr(value)[:100]


def _traced(call: str) -> Callable[..., Any]:
    plain = getattr(System, call)

    def method(self: System, *arguments: Any, **options: Any) -> Any:
        world = self._world
        names = {id(file): file.name for file in self.descriptors.values()}
        said = ", ".join(
            f"{each}:{names.get(id(self.descriptors.get(each)), '?')}"
            if isinstance(each, int) and number == 0
            else _shown(each)
            for number, each in enumerate(arguments)
        )
        told = "killed"
        try:
            result = plain(self, *arguments, **options)
        except OSError as error:
            told = f"{type(error).__name__} {error.strerror}"
            raise
        except Killed:
            raise
        else:
            told = _shown(result)
            return result
        finally:
            thread = world.scheduler.current
            world.tell(f"{thread.name}@{thread.calls} {call}({said}) -> {told}")

    return method


class TracedSystem(System):
    """Notes every call after it was carried out."""


for _call in CALLS:
    setattr(TracedSystem, _call, _traced(_call))


class TracedWorld(World):
    """Notes every system call."""

    system_type = TracedSystem
