"""The one atomic step that makes a result final, and rolling it forward.

A result may be several files and must appear complete, once. All of them are first written durably under dot-names;
then a commit record that names them gets the name `.STEM.commit`, by a hard link or an exclusive rename, which only one
can win. The one that succeeds makes the result. From then on anybody who finds the record can, and does, put the files
in place and tidy up; every step is safe to repeat.
"""

from __future__ import annotations

import contextlib
import secrets
import stat
import time
from collections.abc import Callable, Sequence
from enum import Enum

from spectacle.spool import naming
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.naming import RequestName
from spectacle.spool.record import MAX_RECORD_BYTES, AnswerFile, Commit, Version
from spectacle.spool.retire import retire
from spectacle.spool.sharing import Sharing

FRESH = 1.0
"""Seconds within which a result that was written is published, as a rule."""

FIRST_SUFFIXES = tuple(
    naming.result_suffix(number, extension)
    for number in range(1, naming.FIRST_RESULTS + 1)
    for extension in ("png", "svg")
) + tuple(naming.result_suffix(1, extension) for extension in naming.RESULT_EXTENSIONS[2:])
"""What follows the stem in the names of the results that are searched for one by one."""


class Outcome(Enum):
    """What became of a result.

    Attributes:
        PUBLISHED: It is the result and in place.
        SUPERSEDED: Somebody else was first; ours was thrown away.
        VOID: The request was gone or another by then; ours was thrown away.
    """

    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    VOID = "void"


class Answer:
    """The files of one result as they are being made, under dot-names nobody else reads.

    Args:
        spool: The spool.
        name: The request.
        token: The claim's token; keeps the dot-names of two attempts apart.
        sharing: Decides who may read the files.
    """

    def __init__(self, spool: Spool, name: RequestName, token: str, sharing: Sharing | None = None) -> None:
        self._spool = spool
        self.name = name
        self.token = token
        self.sharing = sharing
        self._nonce = secrets.token_hex(4)
        self._began = time.monotonic()
        self.files: list[AnswerFile] = []

    def add(self, suffix: str, content: bytes) -> None:
        """Write one file durably. The primary one is added last.

        Raises:
            OSError: When it cannot be written.
        """
        if not self.files:
            self._began = time.monotonic()
        temporary = naming.answer_draft_name(self.name.stem, self._nonce, len(self.files))
        self._spool.write(temporary, content, self.sharing)
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
        """Decide that this is the result, and publish it.

        Args:
            request: The version of the request that was served.
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
            look = self._spool.write(draft, record.encode())
            try:
                if not still_ours() or not self._spool.give_name(draft, self.name.commit_name):
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
        late = time.monotonic() - self._began > FRESH
        return roll_forward(self._spool, self.name, record, look, late=late)

    def _decided(self) -> bool:
        """Whether our record may stand although naming it failed. In doubt it does: the sweeper clears the rest."""
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
        ValueError: When something else is under its name.
    """
    try:
        # It has a second link, its draft's name, until that is removed.
        content, _ = spool.read(name.commit_name, MAX_RECORD_BYTES, max_links=2)
    except FileNotFoundError:
        return None
    except (NotOrdinary, TooLarge) as error:
        raise ValueError(f"{name.commit_name} is not a commit record: {error}") from None
    return Commit.decode(content, name.stem)


def roll_forward(
    spool: Spool, name: RequestName, record: Commit, written: FileStatus | None = None, *, late: bool = True
) -> Outcome:
    """Publish a committed result and tidy up. Safe to repeat, and for several to do simultaneously.

    A record whose request is gone before its first file is in place is void: the client took the request back, or the
    record came late, after somebody else's result was complete. Everything of it is thrown away.

    Args:
        spool: The spool.
        name: The request.
        record: The record.
        written: What its file looked like when it was written here; None when somebody else has written it.
        late: Whether its files may have been written some time ago. Their ages count from when they are published.

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
        _remove_record(spool, name, record, written)
        return Outcome.VOID
    for each, draft in zip(record.files, drafts, strict=True):
        if late and draft is not None:
            spool.touch(each.temporary)
        _put_in_place(spool, each)
    spool.sync()
    for attachment in record.attachments:
        retire(spool, attachment, poison=record.poison)
    retire(spool, record.request, poison=record.poison)
    with contextlib.suppress(IsADirectoryError):
        spool.remove(name.progress_name)
    with contextlib.suppress(OSError):
        spool.remove(naming.attempts_path(name.stem))
    _remove_record(spool, name, record, written)
    return Outcome.PUBLISHED


def _put_in_place(spool: Spool, file: AnswerFile) -> None:
    try:
        spool.rename(file.temporary, file.public)
    except IsADirectoryError:
        spool.rename(file.public, naming.quarantine_path(file.public, secrets.token_hex(4)))
        spool.rename(file.temporary, file.public)


def remove_old_results(spool: Spool, name: RequestName, request: FileStatus, *, many: bool = False) -> None:
    """Remove the result of an earlier request of the same name.

    Nothing is removed when `request` is not the request's state any more, or is just being served by somebody else.
    The results are checked first: had they been published as the result of this very request, its commit record
    would still stand, or the request would be gone.

    Args:
        spool: The spool.
        name: The request.
        request: What it looks like.
        many: Whether there may be results that are not searched for one by one, as `stems_with_many` says.

    Raises:
        OSError: When the spool is in trouble.
    """
    old = _results(spool, name, many)
    if not old or spool.look(name.commit_name) is not None:
        return
    look = spool.look(name.file_name)
    if look is None or look.version != request.version:
        return
    for each in old:
        retire(spool, each)


def _results(spool: Spool, name: RequestName, many: bool) -> list[Version]:
    """The results there are. They are searched for one by one only as far as it takes to know that there are none."""
    if name.kind in naming.RESERVED_KINDS:
        # No such kind is ever served; what looks like its image is another request's attachment.
        public = [name.error_name]
    else:
        first = [name.stem + suffix for suffix in FIRST_SUFFIXES]
        if not many and spool.first_there([*first, name.error_name]) is None:
            return []
        # Of several images the client may have taken some away, so there is no last number.
        public = [each for each in spool.each_name() if each == name.error_name or naming.is_image_of(name.stem, each)]
    looks = [(each, spool.peek(each)) for each in public]
    return [Version.of(each, look) for each, look in looks if look is not None and not stat.S_ISDIR(look.mode)]


def _remove_record(spool: Spool, name: RequestName, record: Commit, written: FileStatus | None) -> None:
    """Remove a record, but not one that has taken its place. What was written here is known without being read."""
    look = spool.look(name.commit_name) if written is not None else None
    if look is not None and written is not None and look.version == written.version:
        spool.remove(name.commit_name)
        return
    with contextlib.suppress(ValueError):
        current = read_commit(spool, name)
        if current is not None and current.files == record.files:
            spool.remove(name.commit_name)
