"""Takes files that are done with out of the spool, and never a newer file that has been written under the same name.

No file system can remove a name only while it still means the same file. So a file is renamed aside first and examined
at then; a newer one that was caught is given its name back. A crash in between leaves it aside, where `recover` finds
it. Its dot-name says which version was meant to go.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import stat
from collections.abc import Collection, Iterable

from spectacle.spool import naming
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.naming import RequestName
from spectacle.spool.record import Version

MAX_ASIDE = 16
"""Files of one request that are finished in one go. A crash leaves one; others may put any number there."""

MAX_COMPARED_BYTES = 1 << 20
"""Longest file aside whose content is compared. Of a longer one inode, size and time have to do."""


def retire(spool: Spool, version: Version, *, poison: bool = False) -> None:
    """Take one version of a file out of the spool; anything else under its name stays, or is put back.

    Args:
        spool: The spool.
        version: What is to go.
        poison: Whether to keep it in `.spectacle/poison/`.

    Raises:
        OSError: When the spool is in trouble. The file is in its place, gone, or aside.
    """
    if not version.is_current(spool):
        return
    aside = naming.retired_name(version.name, version.mark(poison=poison), secrets.token_hex(4))
    if not spool.rename(version.name, aside):
        return
    if not version.is_at(spool, aside):
        spool.put_back(aside, version.name)
    elif poison or stat.S_ISDIR(version.mode):
        # A directory that belongs to somebody else cannot be moved into another one; it stays aside.
        with contextlib.suppress(PermissionError):
            _quarantine(spool, aside, version.name)
    else:
        spool.remove(aside)


def find_asides(spool: Spool, stems: Collection[str]) -> dict[str, list[str]]:
    """Files that were left aside of some requests and their attachments, at most `MAX_ASIDE` of each, by stem.

    Raises:
        OSError: When the spool is in trouble.
    """
    found: dict[str, list[str]] = {}
    for aside in filter(naming.may_be_retired, spool.each_name()):
        stem = naming.stem_of_retired(aside)
        if stem is not None and stem in stems and len(own := found.setdefault(stem, [])) < MAX_ASIDE:
            own.append(aside)
    return found


def recover(spool: Spool, name: RequestName, asides: Iterable[str] | None = None) -> None:
    """Finish what whoever held the request's claim before left aside. To be called by the claim's holder.

    Args:
        spool: The spool.
        name: The request.
        asides: What was found of it by `find_asides`; None for looking for it.

    Raises:
        OSError: When the spool is in trouble.
    """
    if asides is None:
        asides = find_asides(spool, {name.stem}).get(name.stem, ())
    for aside in asides:
        # What somebody has put there so that nobody may touch it must not keep the request from being served.
        with contextlib.suppress(PermissionError):
            finish_retiring(spool, aside)


def is_displaced(spool: Spool, name: RequestName, inode: int) -> bool:
    """Whether a request that is missing has only been renamed aside, by one who takes it for an older version.

    That one gives it its name back immediately or, after a crash, whoever serves the request next does.

    Args:
        spool: The spool.
        name: The request.
        inode: Its inode.
    """
    retired = ((aside, naming.parse_retired(aside)) for aside in filter(naming.may_be_retired, spool.each_name()))
    own = [aside for aside, parsed in retired if parsed is not None and parsed[0] == name.file_name]
    return any(look is not None and look.inode == inode for look in map(spool.look, own))


def finish_retiring(spool: Spool, aside: str) -> None:
    """Finish what a crash in the middle of retiring left: remove the file that was meant, put a newer one back.

    Raises:
        OSError: When the spool is in trouble.
    """
    parsed = naming.parse_retired(aside)
    assert parsed is not None
    public, mark = parsed
    look = spool.look(aside)
    if look is None:
        return
    if look.links > 1 and stat.S_ISREG(look.mode) and _is_same(look, spool.peek(public)):
        # The crash came in the middle of putting it back.
        spool.remove(aside)
    elif stat.S_ISDIR(look.mode):
        # Only somebody else makes one here, and nobody knows what it was.
        _quarantine(spool, aside, public)
    elif not _is_meant(spool, aside, look, mark):
        spool.put_back(aside, public)
    elif naming.is_poison_mark(mark):
        _quarantine(spool, aside, public)
    else:
        spool.remove(aside)


def _quarantine(spool: Spool, aside: str, public: str) -> None:
    path = naming.quarantine_path(public, secrets.token_hex(4))
    if spool.rename(aside, path):
        spool.touch(path)


def _is_same(one: FileStatus, other: FileStatus | None) -> bool:
    return other is not None and one.inode == other.inode


def _is_meant(spool: Spool, aside: str, look: FileStatus, mark: str) -> bool:
    if naming.is_inode_mark(mark):
        return mark == naming.inode_mark(look.inode)
    poison = naming.is_poison_mark(mark)
    by_content_alone = not poison and not mark.startswith("v")
    if not by_content_alone and not naming.fits_version(mark, look.version):
        return False
    if mark == naming.version_mark(look.version, "", poison=poison):
        return True
    if look.size > MAX_COMPARED_BYTES:
        return not by_content_alone
    try:
        content, _ = spool.read(aside, MAX_COMPARED_BYTES)
    except (FileNotFoundError, PermissionError, NotOrdinary, TooLarge):
        # Such a file was never meant by its content, so it came in its place later.
        return False
    digest = hashlib.sha256(content).hexdigest()
    if by_content_alone:
        return mark == naming.digest_mark(digest)
    return mark == naming.version_mark(look.version, digest, poison=poison)
