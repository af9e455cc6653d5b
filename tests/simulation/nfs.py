"""How a host looks at the file system: directly, or as an NFS client that remembers what it has seen.

The habits are those that `docs/explanation/reliability.md` tells of, measured between Linux hosts:

- A name that was looked for and missing stays missing, and one that was there may stay there, until the host's idea of
  the directory expires, the directory is opened again, or the host changes it itself.
- `stat` of a name may show attributes that are seconds old; opening a file asks the server.
- A file that is removed while a process of the same host has it open is only renamed, to `.nfs…`, until it is closed.
- Of a file that another host removed, NFS 3 gives ESTALE to who has it open; NFS 4 keeps it, without a name.
- NFS 3 keeps a listing for as long as the directory's time stands still, unless it is told to drop it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field

from simulation.file_system import FileSystem, Inode, Status, failure

DIRECTORY_SECONDS = 30.0
FILE_SECONDS = 3.0


class LocalView:
    """A host on whose own disk the file system lies: it sees everything at once."""

    is_network = False

    def __init__(self, files: FileSystem) -> None:
        self.files = files

    def find(self, directory: Inode, name: str, *, opening: bool) -> Inode | None:
        """The file of that name, or None."""
        return directory.entries.get(name)

    def status(self, inode: Inode) -> Status:
        """What `stat` tells of a file."""
        return inode.status()

    def fresh_status(self, inode: Inode) -> Status:
        """What `fstat` tells of an open file."""
        return inode.status()

    def open_directory(self, directory: Inode) -> None:
        """Take note that a directory was opened."""

    def names(self, directory: Inode) -> list[str]:
        """The names in a directory."""
        return list(directory.entries)

    def forget_names(self, directory: Inode) -> None:
        """Drop the listing that is kept."""

    def changed(self, directory: Inode, before: int, *names: str) -> None:
        """Take note that this host has changed a directory, whose version was `before`."""

    def written(self, inode: Inode) -> None:
        """Take note that this host has written a file."""

    def unlink(self, directory: Inode, name: str) -> None:
        """Remove a name."""
        self.files.unlink(directory, name)

    def rename(self, source: Inode, old: str, target: Inode, new: str) -> None:
        """Rename a file."""
        self.files.rename(source, old, target, new)

    def closed(self, inode: Inode) -> None:
        """Take note that the last descriptor of a file on this host was closed."""
        self.files.let_go(inode)


@dataclass(slots=True)
class _Directory:
    version: int = -1
    valid_until: float = 0.0
    found: dict[str, Inode | None] = field(default_factory=dict)
    listing: tuple[int, list[str]] | None = None


class NfsView(LocalView):
    """An NFS client.

    Args:
        files: The server's.
        clock: Seconds.
        version: 3 or 4.
        number: Tells this host from others.
    """

    is_network = True

    def __init__(self, files: FileSystem, clock: Callable[[], float], version: int, number: int) -> None:
        super().__init__(files)
        self._clock = clock
        self._three = version == 3
        self._directories: dict[Inode, _Directory] = {}
        self._attributes: dict[Inode, tuple[Status, float]] = {}
        self._silly: dict[Inode, tuple[Inode, str]] = {}
        self._host = number
        self._count = 0

    def _known(self, directory: Inode) -> _Directory:
        known = self._directories.get(directory)
        if known is None:
            known = self._directories[directory] = _Directory()
        if self._clock() >= known.valid_until:
            self._revalidate(directory, known)
        return known

    def _revalidate(self, directory: Inode, known: _Directory) -> None:
        if known.version != directory.version:
            known.version = directory.version
            known.found.clear()
        known.valid_until = self._clock() + DIRECTORY_SECONDS

    def find(self, directory: Inode, name: str, *, opening: bool) -> Inode | None:
        found = self._known(directory).found
        if name in found:
            inode = found[name]
            # NFS 4 opens by the name, NFS 3 what it takes the name to be, unless that is gone.
            if inode is None or not opening or (self._three and inode.links):
                return inode
        inode = found[name] = directory.entries.get(name)
        return inode

    def status(self, inode: Inode) -> Status:
        kept = self._attributes.get(inode)
        if kept is not None and self._clock() < kept[1]:
            return kept[0]
        if inode.links == 0:
            raise failure(errno.ESTALE)
        return self.fresh_status(inode)

    def fresh_status(self, inode: Inode) -> Status:
        if self._three and inode.links == 0 and not inode.is_directory:
            raise failure(errno.ESTALE)
        status = inode.status()
        self._attributes[inode] = status, self._clock() + FILE_SECONDS
        return status

    def open_directory(self, directory: Inode) -> None:
        self._revalidate(directory, self._known(directory))

    def names(self, directory: Inode) -> list[str]:
        known = self._known(directory)
        if self._three and known.listing is not None and known.listing[0] == directory.mtime_ns:
            return list(known.listing[1])
        names = list(directory.entries)
        known.listing = directory.mtime_ns, names
        return list(names)

    def forget_names(self, directory: Inode) -> None:
        self._known(directory).listing = None

    def changed(self, directory: Inode, before: int, *names: str) -> None:
        known = self._known(directory)
        if known.version != before:
            known.found.clear()
        known.version = directory.version
        known.valid_until = self._clock() + DIRECTORY_SECONDS
        known.listing = None
        for name in names:
            known.found[name] = inode = directory.entries.get(name)
            if inode is not None:
                self._attributes.pop(inode, None)

    def written(self, inode: Inode) -> None:
        self._attributes.pop(inode, None)

    def unlink(self, directory: Inode, name: str) -> None:
        inode = directory.entries.get(name)
        if inode is not None and not inode.is_directory and inode.links == 1 and inode.opened.get(self):
            self._rename_away(directory, name, inode)
        else:
            self.files.unlink(directory, name)
        if inode is not None:
            self._attributes.pop(inode, None)

    def rename(self, source: Inode, old: str, target: Inode, new: str) -> None:
        there = target.entries.get(new)
        moved = source.entries.get(old)
        replaces = there is not None and moved is not None and there is not moved and not moved.is_directory
        if there is not None and replaces and not there.is_directory and there.links == 1 and there.opened.get(self):
            self._rename_away(target, new, there)
        self.files.rename(source, old, target, new)

    def _rename_away(self, directory: Inode, name: str, inode: Inode) -> None:
        if name.startswith(".nfs"):
            raise failure(errno.EBUSY, name)
        self._count += 1
        silly = f".nfs{self._host:04d}{self._count:08d}"
        self.files.rename(directory, name, directory, silly)
        self._silly[inode] = directory, silly

    def closed(self, inode: Inode) -> None:
        if (silly := self._silly.pop(inode, None)) is not None and silly[0].entries.get(silly[1]) is inode:
            self.files.unlink(*silly)
        else:
            self.files.let_go(inode)
