"""Every system call on the spool directory, made so that hostile or vanishing files can do no harm."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import Any, ParamSpec, TypeVar

from spectacle.errors import SpoolUnavailable
from spectacle.spool import naming
from spectacle.spool.diagnosis import cause_and_remedy, sticky_for, sticky_told
from spectacle.spool.exclusive import rename_exclusive
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.handles import Descriptor, DirectoryHandles
from spectacle.spool.mounts import WITHOUT_EXCLUSIVE_RENAMES, advice_on, file_system_of, is_on_network
from spectacle.spool.sharing import Sharing, share_directory
from spectacle.spool.writers import has_writer

P = ParamSpec("P")
T = TypeVar("T")

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OWN = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_MODE = 0o660
_DIRECTORY_MODE = 0o770
_CHUNK = 1 << 20
ROOM_BYTES = 4 << 20
"""What must fit into a spool that was full. A quota does not say beforehand how much is left of it."""
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What tells that a file system has no hard links. `EPERM` also comes of links to other users' files."""
_NO_EXCLUSIVE_RENAME = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})


def _again_when_stale(read: Callable[P, T]) -> Callable[P, T]:
    """Try once more after ESTALE: over NFS 3 that is what is left of a file that a peer removed or replaced meanwhile.

    When it is the directory that is stale, trying again gives ESTALE again.
    """

    @functools.wraps(read)
    def tried(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            return read(*arguments, **options)
        except OSError as error:
            if error.errno != errno.ESTALE:
                raise
        return read(*arguments, **options)

    return tried


class Spool:
    """An open spool directory.

    All names are relative to its descriptor, links are never followed, and nothing is opened that could block.

    Args:
        path: The directory.
        system: Where system calls are made, `os` itself; tests put a faulty one here.
    """

    def __init__(self, path: Path, system: Any = os) -> None:
        self.path = path
        self._os = system
        self._rename_exclusive = getattr(system, "rename_exclusive", rename_exclusive)
        self._has_writer = getattr(system, "has_writer", has_writer)
        self._handles: DirectoryHandles | None = None
        self._identity: tuple[int, int] | None = None
        self._sticky = False

    def open(self) -> bool:
        """Open the directory, or open it again when another one is under its path now.

        Returns:
            True when this is another directory than before (the first one included), or when `.spectacle/` in it is.

        Raises:
            SpoolUnavailable: When it is missing, not a directory, or there is no permission to read it.
        """
        try:
            fd = Descriptor(self._os, self._os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except FileNotFoundError:
            raise SpoolUnavailable(
                f"spool {self.path}: does not exist. Mount it, or create it with `spectacle init`."
            ) from None
        except OSError as error:
            raise unavailable(self.path, error) from error
        status = self._os.fstat(fd.number)
        identity = (status.st_dev, status.st_ino)
        if self._handles is not None and identity == self._identity:
            return not self._handles.is_current(naming.STATE_DIRECTORY)
        self._handles, self._identity = DirectoryHandles(self._os, fd), identity
        self._sticky = sticky_for(status, os.geteuid())
        return True

    def pinned(self) -> Spool:
        """This spool, held to the directory that is open now, whatever comes to be under its path later.

        Raises:
            OSError: When it is not open.
        """
        same = Spool(self.path, self._os)
        same._handles, same._identity, same._sticky = self._opened, self._identity, self._sticky
        return same

    def close(self) -> None:
        """Close the directory as soon as nobody uses it any more. It can be opened again."""
        self._handles = self._identity = None

    def prepare_state_directory(self) -> None:
        """Make `.spectacle/` and its parts where they are missing, for the group where the spool is the group's.

        Raises:
            SpoolUnavailable: When they cannot be made or are not directories of their own.
        """
        for name in map(naming.state_path, ("", *naming.STATE_PARTS)):
            made = False
            try:
                with contextlib.suppress(FileExistsError):
                    directory, tail = self._at(name)
                    self._os.mkdir(tail, _DIRECTORY_MODE, dir_fd=directory.number)
                    made = True
                self._opened.refresh([name])
                if made:
                    directory, _ = self._at(f"{name}/")
                    share_directory(self._os, self._opened.root.number, directory.number)
            except NotADirectoryError:
                raise SpoolUnavailable(f"{self.path / name}: not a directory. Move it away.") from None
            except OSError as error:
                raise unavailable(self.path, error) from error

    @property
    def _opened(self) -> DirectoryHandles:
        handles = self._handles
        if handles is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return handles

    def _at(self, name: str) -> tuple[Descriptor, str]:
        handles = self._opened
        return handles.resolve(name) if "/" in name else (handles.root, name)

    def place(self, name: str) -> tuple[Any, Descriptor, str]:
        """For the modules next to this one: where system calls are made, the directory a name is in, the name there."""
        return self._os, *self._at(name)

    def names(self) -> list[str]:
        """Names of all entries, read from the directory opened again, which makes a network file system look again."""
        root = self._opened.root
        fd = self._os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root.number)
        try:
            return self._os.listdir(fd)  # type: ignore[no-any-return]
        finally:
            self._os.close(fd)

    def each_name(self) -> Iterator[str]:
        """The same as `names`, one by one, and never all in memory."""
        return chain.from_iterable(self.some_names(10_000))

    def some_names(self, count: int) -> Iterator[list[str]]:
        """The same as `names`, a number at a time: all names of a directory may be more than should be in memory."""
        root = self._opened.root
        fd = self._os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root.number)
        try:
            with self._os.scandir(fd) as entries:
                while names := [entry.name for entry in islice(entries, count)]:
                    yield names
        finally:
            self._os.close(fd)

    def forget_names(self) -> None:
        """Have `names` ask the file server, whatever a network file system keeps of its last reply.

        NFS 3 goes by the directory's time alone. A reply that was given in the same tick of the server's clock as a
        change that came after it, some milliseconds, would be kept until the directory changes once more.
        """
        root = self._opened.root
        fd = self._os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root.number)
        try:
            # Advice, which not every file system takes, nor every operating system.
            with contextlib.suppress(OSError, AttributeError):
                self._os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            self._os.close(fd)

    def changed_ns(self) -> int:
        """Modification time of the directory itself, nanoseconds by the file server's clock."""
        root = self._opened.root
        return int(self._os.stat(".", dir_fd=root.number).st_mtime_ns)

    def peek(self, name: str) -> FileStatus | None:
        """Status of a name without opening it, or None when there is none. On a network it may be seconds old."""
        try:
            directory, tail = self._at(name)
            return FileStatus.of(self._os.stat(tail, dir_fd=directory.number, follow_symlinks=False))
        except FileNotFoundError:
            return None

    def first_there(self, names: Iterable[str]) -> str | None:
        """The first of names in the spool itself by which `peek` finds something, or None."""
        root = self._opened.root
        for name in names:
            try:
                self._os.stat(name, dir_fd=root.number, follow_symlinks=False)
            except FileNotFoundError:
                continue
            return name
        return None

    @_again_when_stale
    def look(self, name: str, *, own: bool = False) -> FileStatus | None:
        """Status of a name by opening it again, or None when there is none. Something odd is examined, not opened.

        Args:
            name: The name.
            own: Whether it should be a file of ours that others must be able to take away when we are gone. It is then
                opened for writing: an NFS 4 server grants a delegation for reading, and renaming or
                removing the file would have to wait for a dead host until the server's own lease on it has run out.
        """
        try:
            directory, tail = self._at(name)
            fd = self._os.open(tail, _OWN if own else _READ, dir_fd=directory.number)
        except FileNotFoundError:
            return None
        except OSError as error:
            # EINVAL: an SMB server refuses a second name of a file that this host has a lease on by the first.
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.EACCES, errno.EPERM, errno.EISDIR, errno.EINVAL):
                return self.peek(name)
            raise
        try:
            return FileStatus.of(self._os.fstat(fd))
        finally:
            self._os.close(fd)

    @_again_when_stale
    def open_file(self, name: str, max_links: int = 1) -> tuple[int, FileStatus]:
        """Open a regular file for reading.

        Args:
            name: Its name.
            max_links: How many hard links it may have.

        Returns:
            Its descriptor, to be closed by `close_file`, and its status.

        Raises:
            FileNotFoundError: When there is none.
            NotOrdinary: When it is a link, pipe, device, directory or has more hard links.
        """
        directory, tail = self._at(name)
        try:
            fd = self._os.open(tail, _READ, dir_fd=directory.number)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO) and (look := self.peek(name)) is not None:
                raise NotOrdinary(look) from None
            raise
        try:
            look = FileStatus.of(self._os.fstat(fd))
            if look.links == 0:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
            if not stat.S_ISREG(look.mode) or look.links > max_links:
                raise NotOrdinary(look)
        except BaseException:
            self._os.close(fd)
            raise
        return fd, look

    def close_file(self, descriptor: int) -> None:
        """Close what `open_file` has opened."""
        self._os.close(descriptor)

    @_again_when_stale
    def read(self, name: str, limit: int, max_links: int = 1) -> tuple[bytes, FileStatus]:
        """Read an entire regular file.

        Raises:
            FileNotFoundError: When there is none.
            NotOrdinary: When it is not a regular file or has more than `max_links` hard links.
            TooLarge: When it holds more than `limit` bytes.
        """
        fd, look = self.open_file(name, max_links)
        try:
            if look.size > limit:
                raise TooLarge(look.size)
            parts: list[bytes] = []
            total = 0
            while part := self._os.read(fd, min(_CHUNK, limit + 1 - total)):
                parts.append(part)
                total += len(part)
                if total > limit:
                    raise TooLarge(total)
            return b"".join(parts), FileStatus.of(self._os.fstat(fd))
        finally:
            self._os.close(fd)

    def write(self, name: str, content: bytes, sharing: Sharing | None = None) -> FileStatus:
        """Create a file that must not exist, durably: written and fsynced, or not there at all.

        Args:
            name: Its name.
            content: What it holds.
            sharing: Decides who may read it.

        Returns:
            What it looks like.

        Raises:
            OSError: When it cannot be written; what was written is removed. After a failed fsync a file is never
                synced again, because a second fsync may report success for data that are lost.
        """
        directory, tail = self._at(name)
        fd = self._os.open(tail, _CREATE, _FILE_MODE, dir_fd=directory.number)
        try:
            try:
                view = memoryview(content)
                while view:
                    view = view[self._os.write(fd, view) :]
                if sharing is not None:
                    sharing.apply(self._os, fd)
                self._os.fsync(fd)
                status = FileStatus.of(self._os.fstat(fd))
            finally:
                self._os.close(fd)
        except BaseException:
            with contextlib.suppress(OSError):
                self._os.unlink(tail, dir_fd=directory.number)
            raise
        return status

    def replace(self, name: str, content: bytes, sharing: Sharing | None = None) -> None:
        """Put `content` under `name` immediately, whatever was there; not fsynced: for what may be lost in a power cut.

        A directory in its place is moved into `.spectacle/poison/`.

        Args:
            name: The name.
            content: What it then holds.
            sharing: Decides who may read it.
        """
        directory, tail = self._at(name)
        temporary = naming.replacement_name(tail, secrets.token_hex(4))
        fd = self._os.open(temporary, _CREATE, _FILE_MODE, dir_fd=directory.number)
        try:
            try:
                self._os.write(fd, content)
                if sharing is not None:
                    sharing.apply(self._os, fd)
            finally:
                self._os.close(fd)
            try:
                self._os.rename(temporary, tail, src_dir_fd=directory.number, dst_dir_fd=directory.number)
            except IsADirectoryError:
                self.rename(name, naming.quarantine_path(tail, secrets.token_hex(4)))
                self._os.rename(temporary, tail, src_dir_fd=directory.number, dst_dir_fd=directory.number)
        except BaseException:
            with contextlib.suppress(OSError):
                self._os.unlink(temporary, dir_fd=directory.number)
            raise

    def overwrite(self, name: str, content: bytes) -> bool:
        """Put `content` into a file that is there, in the space that it has already; not fsynced.

        What is left of the file is filled with spaces. Who reads meanwhile may find both, the old and the new content.

        Returns:
            Whether it fits. Otherwise, nothing is changed.
        """
        directory, tail = self._at(name)
        fd = self._os.open(tail, _OWN, dir_fd=directory.number)
        try:
            status = self._os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or len(content) > status.st_size:
                return False
            self._os.write(fd, content.ljust(status.st_size))
        finally:
            self._os.close(fd)
        return True

    def give_name(self, source: str, target: str) -> bool:
        """Give `source` the name `target`, which must not exist, in one step that only one of all hosts can win.

        It is a hard link, and `source` stays; where the file system has none, it is an exclusive rename.

        Returns:
            Whether `target` is now the same file, judged by identity: over a network a lost reply may report failure
            for what was done.
        """
        root = self._opened.root
        mine = None
        try:
            try:
                self._os.link(source, target, src_dir_fd=root.number, dst_dir_fd=root.number, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                if self.file_system() in WITHOUT_EXCLUSIVE_RENAMES:
                    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), source) from error
                mine = self.look(source)
                self._rename_exclusive(source, target, src_dir_fd=root.number, dst_dir_fd=root.number)
        except OSError as error:
            mine, there = mine or self.look(source), self.look(target)
            if mine is not None and there is not None and mine.inode == there.inode:
                return True
            if error.errno == errno.EEXIST:
                return False
            raise
        return True

    def decides(self) -> None:
        """Do nothing when the file system has a step that only one of all hosts can win, as results need.

        Raises:
            SpoolUnavailable: Otherwise, and when that cannot be found out.
        """
        draft, name = (naming.probe_name(secrets.token_hex(4)) for _ in range(2))
        try:
            self.write(draft, b"spectacle\n")
            try:
                if not self.give_name(draft, name):
                    raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
            except OSError as error:
                if error.errno == errno.EIO and self.file_system().startswith("fuse."):
                    # So some programs behind FUSE, such as rclone, say that they have no hard links.
                    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP)) from error
                raise
            finally:
                self.remove(draft)
                self.remove(name)
        except OSError as error:
            if error.errno not in _NO_LINKS | _NO_EXCLUSIVE_RENAME:
                raise unavailable(self.path, error) from error
            kind = self.file_system()
            advice = advice_on(kind)
            remedy = advice.remedy[0].upper() + advice.remedy[1:] if advice else "Put the spool on another file system"
            raise SpoolUnavailable(
                f"spool {self.path}: the file system ({kind}) has neither hard links nor exclusive renames, so no "
                f"request is processed. {remedy}."
            ) from error

    def put_back(self, aside: str, name: str) -> None:
        """Give a file its name back, unless there is another one of that name now; `aside` is gone afterwards.

        Nothing happens when somebody else has put it back meanwhile.
        """
        try:
            # The kernel refuses links to other users' files (fs.protected_hardlinks); a rename it allows.
            self.give_name(aside, name)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno not in _NO_EXCLUSIVE_RENAME:
                raise
            if self.peek(name) is None:
                self.rename(aside, name)
        self.remove(aside)

    def is_being_written(self, name: str) -> bool:
        """Whether a process of this host is known to have a regular file open for writing."""
        try:
            descriptor, _ = self.open_file(name)
        except (OSError, NotOrdinary):
            return False
        try:
            return bool(self._has_writer(descriptor))
        finally:
            self.close_file(descriptor)

    @property
    def sticky_told(self) -> str | None:
        """Why requests of other users are not processed here, with what to do about it; None where they are."""
        return sticky_told(self.path) if self._sticky else None

    def check_removable(self, status: FileStatus) -> None:
        """Do nothing unless a file can be seen now to be one that may not be removed from here later.

        Raises:
            PermissionError: When the directory is sticky, and it and the file are other users'.
        """
        if self._sticky and status.uid != os.geteuid():
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    def rename(self, source: str, target: str) -> bool:
        """Rename, replacing `target`. Returns False when there is no `source`."""
        try:
            (here, old), (there, new) = self._at(source), self._at(target)
            self._os.rename(old, new, src_dir_fd=here.number, dst_dir_fd=there.number)
        except FileNotFoundError:
            return False
        return True

    def remove(self, name: str) -> bool:
        """Remove a name that is not a directory. Returns False when there is none."""
        try:
            directory, tail = self._at(name)
            self._os.unlink(tail, dir_fd=directory.number)
        except FileNotFoundError:
            return False
        return True

    def touch(self, name: str) -> None:
        """Set a file's modification time to the file server's now. What does not let itself be touched stays as it is.

        Ages count from it: what is published or quarantined late is not old already.
        """
        with contextlib.suppress(OSError):
            directory, tail = self._at(name)
            self._os.utime(tail, dir_fd=directory.number, follow_symlinks=False)

    def sync(self) -> None:
        """Make the directory's entries durable."""
        root = self._opened.root
        self._os.fsync(root.number)

    def state_names(self, part: str) -> list[str]:
        """Names in one part of `.spectacle/`, empty when it is missing."""
        try:
            directory, _ = self._at(f"{naming.state_path(part)}/")
            fd = self._os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory.number)
        except FileNotFoundError:
            return []
        try:
            return self._os.listdir(fd)  # type: ignore[no-any-return]
        finally:
            self._os.close(fd)

    def free_bytes(self) -> int:
        """Bytes that may still be written here."""
        root = self._opened.root
        status = self._os.fstatvfs(root.number)
        return int(status.f_bavail * status.f_frsize)

    def writable(self, room: int = 0) -> None:
        """Do nothing when files can be created and filled here.

        On NFS, and where there are quotas, only syncing what was written reports that there is no space.

        Args:
            room: How many bytes must fit; of a small file system, an eighth is enough.

        Raises:
            SpoolUnavailable: Otherwise, saying why.
        """
        name = naming.probe_name(secrets.token_hex(4))
        root = self._opened.root
        try:
            if room:
                status = self._os.fstatvfs(root.number)
                room = min(room, status.f_blocks * status.f_frsize // 8)
            # Random, because zeros need no space where files are compressed.
            self.write(name, Random(0).randbytes(room) if room else b"spectacle\n")
            self._os.unlink(name, dir_fd=root.number)
        except OSError as error:
            raise unavailable(self.path, error) from error

    def now_ns(self) -> int:
        """The file server's time, nanoseconds: that of a file made now."""
        name = naming.probe_name(secrets.token_hex(4))
        root = self._opened.root
        fd = self._os.open(name, _CREATE, _FILE_MODE, dir_fd=root.number)
        try:
            return int(self._os.fstat(fd).st_mtime_ns)
        finally:
            self._os.close(fd)
            self.remove(name)

    def file_system(self) -> str:
        """Type of the file system the spool is on, such as `ext4` or `nfs4`; `unknown` when it is not known."""
        root = self._opened.root
        return file_system_of(self._os.fstat(root.number).st_dev, self.path)

    @property
    def on_network(self) -> bool:
        """Whether other hosts may write here without this host's kernel knowing."""
        return is_on_network(self.file_system())


def unavailable(path: Path, error: OSError) -> SpoolUnavailable:
    """The error for the log and the status when the spool refuses `error`, with what to do about it."""
    cause, remedy = cause_and_remedy(path, error)
    return SpoolUnavailable(f"spool {path}: cannot be used: {cause}. {remedy}.")


def is_older(spool: Spool, path: str, oldest_ns: int, *, ordinary: bool = False) -> bool:
    """Whether a file is there that was last written before `oldest_ns`, nanoseconds of the server's.

    Args:
        spool: The spool.
        path: The file, relative to it.
        oldest_ns: Time.
        ordinary: Whether only a regular file counts.
    """
    with contextlib.suppress(OSError):
        look = spool.peek(path)
        return look is not None and look.mtime_ns < oldest_ns and not (ordinary and look.oddity)
    return False
