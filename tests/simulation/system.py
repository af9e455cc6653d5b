"""What a simulated process has instead of `os`: every system call on the spool, each a step of the scheduler."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from simulation.file_system import Inode, Status, failure
from simulation.scheduler import Killed

if TYPE_CHECKING:
    from simulation.world import Process, World

After = Callable[[], None] | None
"""What goes wrong once a call has been carried out."""

_WRITING = os.O_WRONLY | os.O_RDWR


class OpenFile:
    """An open file description."""

    __slots__ = ("append", "directory", "inode", "name", "position", "reading", "writing")

    def __init__(self, inode: Inode, directory: Inode, name: str, flags: int) -> None:
        self.inode = inode
        self.directory = directory
        self.name = name
        self.writing = bool(flags & _WRITING)
        self.reading = not flags & os.O_WRONLY
        self.append = bool(flags & os.O_APPEND)
        self.position = 0


class System:
    """The system calls of one process."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._scheduler = world.scheduler
        self._files = world.files
        self._process = process
        self._view = process.host.view
        self.descriptors: dict[int, OpenFile] = {}

    # --- about every call -------------------------------------------------------------------------------------------

    def _enter(self, call: str, name: object, changing: bool = False) -> After:
        if self._process.dead:
            raise Killed
        scheduler = self._scheduler
        scheduler.enter(changing)
        thread = scheduler.current
        thread.calls += 1
        if thread.calls == thread.next_fault and not scheduler.calm:
            return self._world.fault(self._process, thread, call, name)
        return None

    def _directory(self, descriptor: int | None) -> Inode:
        if descriptor is None:
            raise AssertionError("a name without a directory")
        return self._open_file(descriptor).inode

    def _open_file(self, descriptor: int) -> OpenFile:
        try:
            return self.descriptors[descriptor]
        except KeyError:
            raise failure(errno.EBADF, descriptor) from None

    def _locate(self, path: str | Path, descriptor: int | None) -> tuple[Inode, str]:
        if descriptor is not None:
            return self._directory(descriptor), str(path)
        head, name = self._world.split(path, self._process)
        return head, name

    @property
    def _is_full(self) -> bool:
        """Whether there is no space for this process: clients write from another account."""
        return self._world.full and self._process.is_daemon

    # --- opening and looking ----------------------------------------------------------------------------------------

    def open(self, path: str | Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        creating = bool(flags & os.O_CREAT)
        after = self._enter("open", path, creating)
        directory, name = self._locate(path, dir_fd)
        if name == ".":
            inode = directory
            self._view.open_directory(inode)
        elif creating:
            inode = self._create(directory, name, flags)
        else:
            found = self._view.find(directory, name, opening=True)
            if found is None:
                raise failure(errno.ENOENT, name)
            inode = found
        if inode.is_directory and flags & _WRITING:
            raise failure(errno.EISDIR, name)
        if flags & os.O_DIRECTORY and not inode.is_directory:
            raise failure(errno.ENOTDIR, name)
        if after is not None:
            after()
        descriptor = self._new_descriptor()
        self.descriptors[descriptor] = OpenFile(inode, directory, name, flags)
        inode.opened[self._view] = inode.opened.get(self._view, 0) + 1
        if flags & os.O_TRUNC and inode.data:
            self._files.write(inode, b"")
            self._view.written(inode)
        return descriptor

    def _new_descriptor(self) -> int:
        # The lowest that is free, as POSIX has it: a number that was closed soon means another file.
        number = 3
        while number in self.descriptors:
            number += 1
        return number

    def _create(self, directory: Inode, name: str, flags: int) -> Inode:
        inode = directory.entries.get(name)
        if inode is not None:
            if flags & os.O_EXCL:
                raise failure(errno.EEXIST, name)
            return inode
        if self._is_full and not self._view.is_network:
            raise failure(errno.ENOSPC, name)
        before = directory.version
        inode = self._files.create(directory, name)
        self._view.changed(directory, before, name)
        if name.endswith(".lock"):
            self._world.claimed(self._process, name[:-5])
        return inode

    def close(self, descriptor: int) -> None:
        if self._process.dead:
            return  # the kernel has done it
        self.close_quietly(descriptor)

    def close_quietly(self, descriptor: int) -> None:
        """Close a descriptor, also of a process that is ending."""
        file = self._open_file(descriptor)
        del self.descriptors[descriptor]
        inode = file.inode
        inode.opened[self._view] -= 1
        if not inode.opened[self._view]:
            del inode.opened[self._view]
            self._view.closed(inode)
        if file.writing:
            self._process.host.tell(file.directory, self._name_now(file), gone=False)

    @staticmethod
    def _name_now(file: OpenFile) -> str:
        if file.directory.entries.get(file.name) is file.inode:
            return file.name
        return next((name for name, each in file.directory.entries.items() if each is file.inode), file.name)

    def dup2(self, descriptor: int, descriptor2: int, inheritable: bool = True) -> int:
        file = self._open_file(descriptor)
        if descriptor2 in self.descriptors:
            self.close(descriptor2)
        self.descriptors[descriptor2] = file
        file.inode.opened[self._view] = file.inode.opened.get(self._view, 0) + 1
        return descriptor2

    def stat(self, path: str | int, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> Status:
        if isinstance(path, int):
            return self.fstat(path)
        after = self._enter("stat", path)
        directory, name = self._locate(path, dir_fd)
        inode = directory if name == "." else self._view.find(directory, name, opening=False)
        if inode is None:
            raise failure(errno.ENOENT, name)
        try:
            status = self._view.status(inode)
        except OSError:
            self._view.open_directory(directory)
            inode = self._view.find(directory, name, opening=True)
            if inode is None:
                raise failure(errno.ENOENT, name) from None
            status = self._view.fresh_status(inode)
        if after is not None:
            after()
        return status

    def fstat(self, descriptor: int) -> Status:
        after = self._enter("fstat", descriptor)
        status = self._view.fresh_status(self._open_file(descriptor).inode)
        if after is not None:
            after()
        return status

    def listdir(self, descriptor: int) -> list[str]:
        after = self._enter("listdir", descriptor)
        names = self._view.names(self._open_file(descriptor).inode)
        if after is not None:
            after()
        return names

    @contextmanager
    def scandir(self, descriptor: int) -> Iterator[Iterator[SimpleNamespace]]:
        """The names at one moment; a real listing of some thousand names takes several calls."""
        yield (SimpleNamespace(name=name) for name in self.listdir(descriptor))

    def posix_fadvise(self, descriptor: int, offset: int, length: int, advice: int) -> None:
        self._view.forget_names(self._open_file(descriptor).inode)

    def has_writer(self, descriptor: int) -> bool:
        inode = self._open_file(descriptor).inode
        processes = self._process.host.processes.values()
        return any(
            file.writing and file.inode is inode for each in processes for file in each.system.descriptors.values()
        )

    def fstatvfs(self, descriptor: int) -> Any:
        self._open_file(descriptor)
        return SimpleNamespace(f_blocks=1 << 31, f_bavail=1 << 30, f_frsize=4096)

    # --- content ----------------------------------------------------------------------------------------------------

    def read(self, descriptor: int, size: int) -> bytes:
        after = self._enter("read", descriptor)
        file = self._open_file(descriptor)
        if not file.reading:
            raise failure(errno.EBADF)
        if file.inode.is_directory:
            raise failure(errno.EISDIR)
        self._view.fresh_status(file.inode)
        content = file.inode.data[file.position : file.position + size]
        file.position += len(content)
        if after is not None:
            after()
        return content

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        after = self._enter("read", descriptor)
        file = self._open_file(descriptor)
        if not file.reading:
            raise failure(errno.EBADF)
        if file.inode.is_directory:
            raise failure(errno.EISDIR)
        content = file.inode.data[offset : offset + size]
        if after is not None:
            after()
        return content

    def write(self, descriptor: int, content: bytes | memoryview) -> int:
        after = self._enter("write", descriptor, True)
        file = self._open_file(descriptor)
        if not file.writing:
            raise failure(errno.EBADF)
        if self._is_full and not self._view.is_network:
            raise failure(errno.ENOSPC)
        if file.append:
            file.position = len(file.inode.data)
        data = file.inode.data.ljust(file.position, b"\0")
        self._files.write(file.inode, data[: file.position] + bytes(content) + data[file.position + len(content) :])
        file.position += len(content)
        self._view.written(file.inode)
        if after is not None:
            after()
        return len(content)

    def fsync(self, descriptor: int) -> None:
        after = self._enter("fsync", descriptor, True)
        file = self._open_file(descriptor)
        if self._is_full and self._view.is_network and not file.inode.is_directory:
            raise failure(errno.ENOSPC)
        if after is not None:
            after()

    def utime(
        self, path: str | int, times: Any = None, *, ns: Any = None, dir_fd: int | None = None,
        follow_symlinks: bool = True,
    ) -> None:  # fmt: skip
        after = self._enter("utime", path)
        if isinstance(path, int):
            inode = self._open_file(path).inode
            self._view.fresh_status(inode)
        else:
            directory, name = self._locate(path, dir_fd)
            found = self._view.find(directory, name, opening=True)
            if found is None:
                raise failure(errno.ENOENT, name)
            inode = found
        inode.mtime_ns = self._files.now_ns() if ns is None else ns[1]
        self._view.written(inode)
        if after is not None:
            after()

    # --- names ------------------------------------------------------------------------------------------------------

    def mkdir(self, path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        after = self._enter("mkdir", path, True)
        directory, name = self._locate(path, dir_fd)
        before = directory.version
        self._files.make_directory(directory, name)
        self._view.changed(directory, before, name)
        if after is not None:
            after()

    def link(
        self,
        source: str,
        target: str,
        *,
        src_dir_fd: int | None = None,
        dst_dir_fd: int | None = None,
        follow_symlinks: bool = True,
    ) -> None:
        after = self._enter("link", (source, target), True)
        (here, old), (there, new) = self._locate(source, src_dir_fd), self._locate(target, dst_dir_fd)
        inode = here.entries.get(old)
        if not self._world.plan.links and self._process.is_daemon:
            raise failure(errno.EPERM, old)
        if inode is None:
            raise failure(errno.ENOENT, old)
        before = there.version
        self._files.link(inode, there, new)
        self._view.changed(there, before, new)
        if after is not None:
            after()

    def rename(self, source: str, target: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        after = self._enter("rename", (source, target), True)
        (here, old), (there, new) = self._locate(source, src_dir_fd), self._locate(target, dst_dir_fd)
        self._move(here, old, there, new)
        if after is not None:
            after()

    def rename_exclusive(self, source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        after = self._enter("rename_exclusive", (source, target), True)
        (here, old), (there, new) = self._locate(source, src_dir_fd), self._locate(target, dst_dir_fd)
        if self._world.plan.network and self._world.plan.links:
            raise failure(errno.EINVAL)
        if old in here.entries and new in there.entries:
            raise failure(errno.EEXIST, new)
        self._move(here, old, there, new)
        if after is not None:
            after()

    def _move(self, here: Inode, old: str, there: Inode, new: str) -> None:
        before, before_there = here.version, there.version
        self._view.rename(here, old, there, new)
        self._view.changed(here, before, old, *((new,) if here is there else ()))
        if here is not there:
            self._view.changed(there, before_there, new)
        self._process.host.tell(here, old, gone=True)
        self._process.host.tell(there, new, gone=False)

    def unlink(self, path: str, *, dir_fd: int | None = None) -> None:
        after = self._enter("unlink", path, True)
        directory, name = self._locate(path, dir_fd)
        before = directory.version
        self._world.removing(directory, name)
        self._view.unlink(directory, name)
        self._view.changed(directory, before, name)
        self._process.host.tell(directory, name, gone=True)
        if name.endswith(".lock"):
            self._world.opened(self._process, name[:-5])
        if after is not None:
            after()
