"""The one atomic decision that makes an answer, and rolling it forward.

An answer may be several files and must appear whole, once. All of them are first written durably under dot-names; then
a commit record that names them is linked to `.STEM.commit`. The link that succeeds is the answer. From then on anybody
who finds the record can, and does, put the files in place and tidy up; every step is safe to repeat.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from itertools import count

from spectacle.spool import naming
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.naming import RequestName
from spectacle.spool.record import MAX_HASHED_BYTES, MAX_RECORD_BYTES, AnswerFile, Commit, Version


class Outcome(Enum):
    """What became of an answer.

    Attributes:
        PUBLISHED: It is the answer and in place.
        SUPERSEDED: Somebody else answered first; ours was thrown away.
        VOID: The request was gone or another by then; ours was thrown away.
    """

    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    VOID = "void"


class Answer:
    """The files of one answer as they are being made, under dot-names nobody else reads.

    Args:
        spool: The spool.
        name: The request.
        token: The claim's token; keeps the dot-names of two attempts apart.
    """

    def __init__(self, spool: Spool, name: RequestName, token: str) -> None:
        self._spool = spool
        self.name = name
        self.token = token
        self._nonce = secrets.token_hex(4)
        self.files: list[AnswerFile] = []

    def add(self, suffix: str, content: bytes) -> None:
        """Write one file durably. The primary one is added last.

        Raises:
            OSError: When it cannot be written.
        """
        temporary = naming.answer_draft_name(self.name.stem, self._nonce, len(self.files))
        self._spool.write(temporary, content)
        self.files.append(AnswerFile(temporary, self.name.stem + suffix))

    def discard(self) -> None:
        """Throw the files away."""
        for each in self.files:
            with contextlib.suppress(OSError):
                self._spool.remove(each.temporary)
        self.files.clear()

    def publish(
        self,
        request: Version,
        attachments: Sequence[Version],
        *,
        still_ours: Callable[[], bool],
        poison: bool = False,
    ) -> Outcome:
        """Decide that this is the answer, and put it in place.

        Args:
            request: The version of the request that was answered.
            attachments: The versions of its attachments.
            still_ours: Asked last, whether the claim is still held.
            poison: Keep the request in `.spectacle/poison/`.

        Raises:
            OSError: When the spool is in trouble. Either nothing is decided and the files are thrown away, or the
                commit record stands and whoever finds it carries on.
        """
        record = Commit(self.name.stem, self.token, request, tuple(self.files), tuple(attachments), poison)
        draft = naming.record_draft_name(self.name.stem, self._nonce)
        try:
            self._spool.write(draft, record.encode())
            try:
                if not still_ours() or not self._spool.link(draft, self.name.commit_name):
                    self.discard()
                    return Outcome.SUPERSEDED
            finally:
                with contextlib.suppress(OSError):
                    self._spool.remove(draft)
        except OSError:
            if self._decided():
                self.files.clear()
            else:
                self.discard()
            raise
        self.files.clear()
        return roll_forward(self._spool, self.name, record)

    def _decided(self) -> bool:
        """Whether our record may stand although linking it failed. In doubt it does: the sweeper clears the rest."""
        try:
            content, _ = self._spool.read(self.name.commit_name, MAX_RECORD_BYTES, max_links=2)
            return Commit.decode(content, self.name.stem).files == tuple(self.files)
        except FileNotFoundError:
            return False
        except (OSError, ValueError, NotOrdinary, TooLarge):
            return True


def read_commit(spool: Spool, name: RequestName) -> Commit | None:
    """The commit record that stands for a request, or None.

    Raises:
        LaterFormat: When a later version has written it.
        ValueError: When something else lies under its name.
    """
    try:
        # It has a second link, its draft's name, until that is removed.
        content, _ = spool.read(name.commit_name, MAX_RECORD_BYTES, max_links=2)
    except FileNotFoundError:
        return None
    except (NotOrdinary, TooLarge) as error:
        raise ValueError(f"{name.commit_name} is not a commit record: {error}") from None
    return Commit.decode(content, name.stem)


def roll_forward(spool: Spool, name: RequestName, record: Commit) -> Outcome:
    """Put a decided answer in place and tidy up. Safe to repeat, and for several to do at once.

    A record whose request is gone before its first file is in place is void: the client took the request back, or the
    record came late, after somebody else's answer was complete. Everything of it is thrown away.

    Raises:
        ValueError: When a file it names is none that Spectacle has written. Nothing has been done then.
        OSError: When the spool is in trouble; the record stands, and whoever finds it carries on.
    """
    drafts = [spool.peek(each.temporary) for each in record.files]
    for draft, each in zip(drafts, record.files, strict=True):
        if draft is not None and draft.oddity is not None:
            raise ValueError(f"{each.temporary}, which the commit record names, is {draft.oddity}")
    untouched = None not in drafts
    if untouched and not record.request.is_current(spool):
        for each in record.files:
            spool.remove(each.temporary)
        _remove_record(spool, name, record)
        return Outcome.VOID
    for each in record.files:
        _put_in_place(spool, each)
    spool.sync()
    for attachment in record.attachments:
        retire(spool, attachment, poison=record.poison)
    retire(spool, record.request, poison=record.poison)
    with contextlib.suppress(IsADirectoryError):
        spool.remove(name.progress_name)
    with contextlib.suppress(OSError):
        spool.remove(naming.attempts_path(name.stem))
    _remove_record(spool, name, record)
    return Outcome.PUBLISHED


def _put_in_place(spool: Spool, file: AnswerFile) -> None:
    try:
        spool.rename(file.temporary, file.public)
    except IsADirectoryError:
        spool.rename(file.public, naming.quarantine_path(file.public, secrets.token_hex(4)))
        spool.rename(file.temporary, file.public)


def remove_old_results(spool: Spool, name: RequestName, request: FileStatus) -> None:
    """Remove what an earlier request of the same name was answered with.

    Nothing is removed when `request` is not the request's state any more, or is just being answered by somebody else.
    The results are looked at first: had they been put in place as the answer to this very request, its commit record
    would still stand, or the request would be gone.
    """
    old = list(_results(spool, name))
    if not old or spool.look(name.commit_name) is not None:
        return
    look = spool.look(name.file_name)
    if look is None or look.version != request.version:
        return
    for each in old:
        retire(spool, each)


def _results(spool: Spool, name: RequestName) -> Iterator[Version]:
    for number in count(1):
        names = [naming.result_name(name.stem, number, extension) for extension in ("png", "svg")]
        looks = [(public, spool.peek(public)) for public in (names if number > 1 else [*names, name.error_name])]
        yield from (
            Version.of(public, look) for public, look in looks if look is not None and not stat.S_ISDIR(look.mode)
        )
        if number > 1 and all(look is None for _, look in looks):
            return


def retire(spool: Spool, version: Version, *, poison: bool = False) -> None:
    """Take a file that has been dealt with out of the spool, but not what has been written under its name since.

    It is renamed first and looked at then, so that a new file which takes its place meanwhile is not removed unseen.
    """
    if not poison and not version.is_current(spool):
        return
    aside = _retired_name(version)
    if not spool.rename(version.name, aside):
        return
    if not version.matches(spool.look(aside), spool, aside):
        spool.put_back(aside, version.name)
    elif poison or stat.S_ISDIR(version.mode):
        # A directory that belongs to somebody else cannot be moved into another one; it stays aside.
        with contextlib.suppress(PermissionError):
            spool.rename(aside, naming.quarantine_path(version.name, secrets.token_hex(4)))
    else:
        spool.remove(aside)


def _retired_name(version: Version) -> str:
    """Tells the sweeper what the file held or, where nothing was read, which it was."""
    which = naming.digest_mark(version.digest) if version.digest else naming.inode_mark(version.inode)
    return naming.retired_name(version.name, which, secrets.token_hex(4))


def sweep_retired(spool: Spool, aside: str) -> None:
    """Finish what a crash in the middle of retiring left: remove the old file, but put a newer one back."""
    parsed = naming.parse_retired(aside)
    assert parsed is not None
    public, which = parsed
    if _is_that(spool, aside, which):
        spool.remove(aside)
    else:
        spool.put_back(aside, public)


def _is_that(spool: Spool, aside: str, which: str) -> bool:
    if naming.is_inode_mark(which):
        look = spool.look(aside)
        return look is None or which == naming.inode_mark(look.inode)
    try:
        content, _ = spool.read(aside, MAX_HASHED_BYTES)
    except (FileNotFoundError, NotOrdinary, TooLarge):
        return True
    return naming.digest_mark(hashlib.sha256(content).hexdigest()) == which


def _remove_record(spool: Spool, name: RequestName, record: Commit) -> None:
    with contextlib.suppress(ValueError):
        current = read_commit(spool, name)
        if current is not None and current.files == record.files:
            spool.remove(name.commit_name)
