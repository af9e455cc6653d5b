"""Every system call on the spool directory, made so that hostile or vanishing files can do no harm."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from spectacle.errors import SpoolUnavailable
from spectacle.spool import naming
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.handles import DirectoryHandles
from spectacle.spool.mounts import NETWORK_FILE_SYSTEMS, file_system_of

P = ParamSpec("P")
T = TypeVar("T")

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OWN = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_MODE = 0o660
_DIRECTORY_MODE = 0o770
_CHUNK = 1 << 20


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
        self._fd = -1
        self._handles = DirectoryHandles(system)
        self._identity: tuple[int, int] | None = None

    def open(self) -> bool:
        """Open the directory, or open it again when another one lies under its path now.

        Returns:
            True when this is another directory than before (the first one included), or when `.spectacle/` in it is.

        Raises:
            SpoolUnavailable: When it is missing, no directory, or may not be read.
        """
        try:
            fd = self._os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise SpoolUnavailable(
                f"the spool {self.path} does not exist: mount it, or make it with `spectacle init`"
            ) from None
        except OSError as error:
            raise unavailable(self.path, error) from error
        status = os.fstat(fd)
        identity = (status.st_dev, status.st_ino)
        if identity == self._identity:
            self._os.close(fd)
            return not self._handles.is_current(self._fd, naming.STATE_DIRECTORY)
        if self._fd >= 0:
            # The number stays the same, so that a thread in the middle of a call never meets a foreign descriptor.
            os.dup2(fd, self._fd, inheritable=False)
            os.close(fd)
        else:
            self._fd = fd
        self._identity = identity
        return True

    def close(self) -> None:
        """Close the directory. It can be opened again."""
        if self._fd >= 0:
            os.close(self._fd)
        self._handles.close()
        self._fd, self._identity = -1, None

    def prepare_state_directory(self) -> None:
        """Make `.spectacle/` and its parts where they are missing.

        Raises:
            SpoolUnavailable: When they cannot be made or are not directories of their own.
        """
        for name in map(naming.state_path, ("", *naming.STATE_PARTS)):
            try:
                with contextlib.suppress(FileExistsError):
                    directory, tail = self._handles.resolve(self._fd, name)
                    self._os.mkdir(tail, _DIRECTORY_MODE, dir_fd=directory)
                self._handles.refresh(self._fd, [name])
            except NotADirectoryError:
                raise SpoolUnavailable(f"{self.path / name} is not a directory: move it away") from None
            except OSError as error:
                raise unavailable(self.path, error) from error

    def _at(self, name: str) -> tuple[int, str]:
        return self._handles.resolve(self._fd, name)

    def names(self) -> list[str]:
        """Names of all entries, read from the directory opened again, which makes a network file system look again."""
        fd = self._os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._fd)
        try:
            return self._os.listdir(fd)  # type: ignore[no-any-return]
        finally:
            self._os.close(fd)

    def forget_names(self) -> None:
        """Have `names` ask the file server, whatever a network file system keeps of its last answer.

        NFS 3 goes by the directory's time alone. An answer that was given in the same tick of the server's clock as a
        change that came after it, some milliseconds, would be kept until the directory changes once more.
        """
        fd = self._os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._fd)
        try:
            # Advice, which not every file system takes.
            with contextlib.suppress(OSError):
                self._os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            self._os.close(fd)

    def changed_ns(self) -> int:
        """Modification time of the directory itself, nanoseconds by the file server's clock."""
        return int(self._os.stat(".", dir_fd=self._fd).st_mtime_ns)

    def peek(self, name: str) -> FileStatus | None:
        """Status of a name without opening it, or None when there is none. On a network it may be seconds old."""
        try:
            directory, tail = self._at(name)
            return FileStatus.of(self._os.stat(tail, dir_fd=directory, follow_symlinks=False))
        except FileNotFoundError:
            return None

    @_again_when_stale
    def look(self, name: str, *, own: bool = False) -> FileStatus | None:
        """Status of a name by opening it again, or None when there is none. Something odd is looked at, not opened.

        Args:
            name: The name.
            own: Whether it should be a file of ours that others must be able to take away when we are gone. It is then
                opened for writing: to who opens for reading an NFS 4 server grants a delegation, and renaming or
                removing the file would have to wait for a dead host until the server's own lease on it has run out.
        """
        try:
            directory, tail = self._at(name)
            fd = self._os.open(tail, _OWN if own else _READ, dir_fd=directory)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.EACCES, errno.EPERM, errno.EISDIR):
                return self.peek(name)
            raise
        try:
            return FileStatus.of(self._os.fstat(fd))
        finally:
            self._os.close(fd)

    @_again_when_stale
    def open_file(self, name: str, max_links: int = 1) -> tuple[int, FileStatus]:
        """Open an ordinary file for reading.

        Args:
            name: Its name.
            max_links: How many hard links it may have.

        Returns:
            Its descriptor, which the caller closes, and its status.

        Raises:
            FileNotFoundError: When there is none.
            NotOrdinary: When it is a link, pipe, device, directory or has more hard links.
        """
        directory, tail = self._at(name)
        try:
            fd = self._os.open(tail, _READ, dir_fd=directory)
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

    @_again_when_stale
    def read(self, name: str, limit: int, max_links: int = 1) -> tuple[bytes, FileStatus]:
        """Read a whole ordinary file.

        Raises:
            FileNotFoundError: When there is none.
            NotOrdinary: When it is not an ordinary file or has more than `max_links` hard links.
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

    def write(self, name: str, content: bytes) -> int:
        """Create a file that must not exist, durably: written and fsynced, or not there at all.

        Returns:
            Its inode number.

        Raises:
            OSError: When it cannot be written; what was written is removed. After a failed fsync a file is never
                synced again, for a second fsync may report success for data that are lost.
        """
        directory, tail = self._at(name)
        fd = self._os.open(tail, _CREATE, _FILE_MODE, dir_fd=directory)
        try:
            try:
                view = memoryview(content)
                while view:
                    view = view[self._os.write(fd, view) :]
                self._os.fsync(fd)
                inode = int(self._os.fstat(fd).st_ino)
            finally:
                self._os.close(fd)
        except BaseException:
            with contextlib.suppress(OSError):
                self._os.unlink(tail, dir_fd=directory)
            raise
        return inode

    def replace(self, name: str, content: bytes) -> None:
        """Put `content` under `name` at once, whatever was there; not fsynced: for what may be lost in a power cut.

        A directory in its place is moved into `.spectacle/poison/`.
        """
        directory, tail = self._at(name)
        temporary = naming.replacement_name(tail, secrets.token_hex(4))
        fd = self._os.open(temporary, _CREATE, _FILE_MODE, dir_fd=directory)
        try:
            try:
                self._os.write(fd, content)
            finally:
                self._os.close(fd)
            try:
                self._os.rename(temporary, tail, src_dir_fd=directory, dst_dir_fd=directory)
            except IsADirectoryError:
                self.rename(name, naming.quarantine_path(tail, secrets.token_hex(4)))
                self._os.rename(temporary, tail, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            with contextlib.suppress(OSError):
                self._os.unlink(temporary, dir_fd=directory)
            raise

    def link(self, source: str, target: str) -> bool:
        """Give `source` the further name `target`, which must not exist.

        Returns:
            Whether `target` is now the same file, judged by identity: over a network a lost reply may report failure
            for a link that was made.
        """
        try:
            self._os.link(source, target, src_dir_fd=self._fd, dst_dir_fd=self._fd, follow_symlinks=False)
        except OSError as error:
            mine, there = self.look(source), self.look(target)
            if mine is not None and there is not None and mine.inode == there.inode:
                return True
            if error.errno == errno.EEXIST:
                return False
            raise
        return True

    def put_back(self, aside: str, name: str) -> None:
        """Give a file its name back, unless there is another one of that name now; `aside` is gone afterwards."""
        try:
            self.link(aside, name)
        except PermissionError:
            # The kernel refuses links to other users' files (fs.protected_hardlinks); a rename it allows.
            if self.peek(name) is None:
                self.rename(aside, name)
        self.remove(aside)

    def rename(self, source: str, target: str) -> bool:
        """Rename, replacing `target`. Returns False when there is no `source`."""
        try:
            (here, old), (there, new) = self._at(source), self._at(target)
            self._os.rename(old, new, src_dir_fd=here, dst_dir_fd=there)
        except FileNotFoundError:
            return False
        return True

    def remove(self, name: str) -> bool:
        """Remove a name that is not a directory. Returns False when there is none."""
        try:
            directory, tail = self._at(name)
            self._os.unlink(tail, dir_fd=directory)
        except FileNotFoundError:
            return False
        return True

    def sync(self) -> None:
        """Make the directory's entries durable."""
        self._os.fsync(self._fd)

    def state_names(self, part: str) -> list[str]:
        """Names in one part of `.spectacle/`, empty when it is missing."""
        try:
            directory, _ = self._at(f"{naming.state_path(part)}/")
            fd = self._os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
        except FileNotFoundError:
            return []
        try:
            return self._os.listdir(fd)  # type: ignore[no-any-return]
        finally:
            self._os.close(fd)

    def free_bytes(self) -> int:
        """Bytes that may still be written here."""
        status = self._os.fstatvfs(self._fd)
        return int(status.f_bavail * status.f_frsize)

    def writable(self) -> None:
        """Do nothing when files can be created and filled here.

        On NFS, and where there are quotas, only syncing what was written tells that there is no space.

        Raises:
            SpoolUnavailable: Otherwise, saying why.
        """
        name = naming.probe_name(secrets.token_hex(4))
        try:
            self.write(name, b"spectacle\n")
            self._os.unlink(name, dir_fd=self._fd)
        except OSError as error:
            raise unavailable(self.path, error) from error

    def now_ns(self) -> int:
        """The file server's time, nanoseconds: that of a file made now."""
        name = naming.probe_name(secrets.token_hex(4))
        fd = self._os.open(name, _CREATE, _FILE_MODE, dir_fd=self._fd)
        try:
            return int(self._os.fstat(fd).st_mtime_ns)
        finally:
            self._os.close(fd)
            self.remove(name)

    def file_system(self) -> str:
        """Type of the file system the spool lies on, such as `ext4` or `nfs4`; `unknown` when it cannot be told."""
        return file_system_of(os.fstat(self._fd).st_dev)

    @property
    def on_network(self) -> bool:
        """Whether other hosts may write here without this host's kernel knowing."""
        return self.file_system() in NETWORK_FILE_SYSTEMS


def unavailable(path: Path, error: OSError) -> SpoolUnavailable:
    """The error for the log and the status when the spool refuses `error`, with what to do about it."""
    remedies = {
        errno.ENOSPC: "free some space",
        errno.EDQUOT: "raise the quota or free some space",
        errno.EROFS: "it is mounted read-only: mount it read-write",
        errno.EACCES: f"let user {os.geteuid()} read and write it (mode 2770 and a common group, see `spectacle init`)",
        errno.EPERM: f"let user {os.geteuid()} read and write it (mode 2770 and a common group, see `spectacle init`)",
        errno.ESTALE: "its server has another directory there now: mount it again",
        errno.ENOTDIR: "it is not a directory: choose another path",
        errno.EMFILE: "raise the limit of open files (LimitNOFILE)",
    }
    remedy = remedies.get(error.errno or 0, "waiting for it to come back")
    return SpoolUnavailable(f"the spool {path} cannot be used: {error.strerror or error}: {remedy}")


def is_older(spool: Spool, path: str, oldest_ns: int, *, ordinary: bool = False) -> bool:
    """Whether a file lies there that was last written before `oldest_ns`, nanoseconds of the server's.

    Args:
        spool: The spool.
        path: The file, relative to it.
        oldest_ns: Time.
        ordinary: Whether only an ordinary file counts.
    """
    with contextlib.suppress(OSError):
        look = spool.peek(path)
        return look is not None and look.mtime_ns < oldest_ns and not (ordinary and look.oddity)
    return False
