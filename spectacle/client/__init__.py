"""Ask a Spectacle daemon for pictures from a Python program, through the spool directory alone.

    ticket = submit("/srv/spectacle/spool", "a red fox in the snow", width=640, height=480)
    print(wait(ticket, timeout=600).primary)

It needs nothing but the standard library and knows nothing but the protocol: the daemon may run on another host.
"""

from __future__ import annotations

import asyncio
import errno
import getpass
import json
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from spectacle.errors import SpectacleError, SpoolUnavailable
from spectacle.spool.directory import unavailable
from spectacle.spool.naming import INPUT_EXTENSIONS, MAX_INPUTS, RESERVED_KINDS, RequestName

_FIRST_PAUSE = 0.02
_MAX_PAUSE = 1.0
_PAUSE_GROWTH = 1.3
_LISTING_SHARE = 0.1  # of a core, at most, so that many waiting clients and a full directory go together
_MAX_READ = 64 * 1024  # bytes of an error or progress file


class InvalidRequest(SpectacleError, ValueError):
    """Raised by `submit` before anything is written, when an argument cannot be put into a request."""

    code = "invalid-request"


class RequestExists(SpectacleError):
    """Raised by `submit` when a request of the same name is waiting, running or just being written."""

    code = "request-exists"


class RequestFailed(SpectacleError):
    """Raised by `wait` when the daemon answered with an error.

    Args:
        message: First line of `STEM-error.txt`.
        details: Its `key: value` lines; `code` is the word to compare.
    """

    code = "request-failed"

    def __init__(self, message: str, details: Mapping[str, str]) -> None:
        super().__init__(message)
        self.details = dict(details)


class RequestCancelled(SpectacleError):
    """Raised by `wait` when the request is gone and nothing answers it."""

    code = "request-cancelled"


class WaitTimeout(SpectacleError, TimeoutError):
    """Raised by `wait` when the time is up. The request stays; `wait` again or `cancel` it."""

    code = "wait-timeout"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A submitted request.

    Attributes:
        spool: The spool directory.
        stem: Name of the request without `.txt`.
        older: Files that answered an earlier request of that name, as (name, inode, mtime in ns).
    """

    spool: Path
    stem: str
    older: frozenset[tuple[str, int, int]] = frozenset()

    @property
    def request(self) -> Path:
        """The request file. It exists until the request is answered or cancelled."""
        return self.spool / f"{self.stem}.txt"


@dataclass(frozen=True, slots=True)
class Result:
    """Files that answer a request.

    Attributes:
        primary: The picture asked for: `STEM.svg` where there is one, else `STEM.png`.
        paths: All pictures: the primary one, further candidates in order, then previews.
    """

    primary: Path
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """What `STEM-progress.json` says of a request that was submitted with the option `"progress": true`.

    Attributes:
        state: Word for what is being done.
        fraction: Part done, 0 to 1.
        step: Steps done.
        steps: Steps in all.
        eta_s: Seconds left, as estimated.
        note: What else is worth knowing, in a few words of the generator; empty when nothing is.
        generator: Name of the generator.
        host: Name of the host it runs on.
    """

    state: str
    fraction: float | None = None
    step: int | None = None
    steps: int | None = None
    eta_s: float | None = None
    note: str | None = None
    generator: str | None = None
    host: str | None = None

    _MOST: ClassVar[dict[str, float]] = {"fraction": 1, "step": 10**9, "steps": 10**9, "eta_s": 1e9}
    _WORDS: ClassVar[tuple[str, ...]] = ("state", "note", "generator", "host")

    @classmethod
    def parse(cls, text: str) -> Progress | None:
        """Read the JSON text of a progress file; None when it is none. Values that make no sense are left out."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict):
            return None
        known: dict[str, Any] = {key: found[key] for key in cls._WORDS if isinstance(found.get(key), str)}
        for key, most in cls._MOST.items():
            number = found.get(key)
            whole = key in ("step", "steps")
            if isinstance(number, int if whole else int | float) and 0 <= number <= most:
                known[key] = number
        return cls(**known) if "state" in known else None


def new_message_id() -> str:
    """A message id that no other has, in the order of time: UTC with microseconds, then 32 random bits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{secrets.token_hex(4)}"


def submit(
    spool: str | os.PathLike[str],
    prompt: str,
    *,
    width: int = 1024,
    height: int = 1024,
    kind: str | None = None,
    user: str | None = None,
    message_id: str | None = None,
    inputs: Sequence[str | os.PathLike[str]] = (),
    mask: str | os.PathLike[str] | None = None,
    control: str | os.PathLike[str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Ticket:
    """Write a request into the spool and return at once.

    Attachments and options are complete on disk before the request appears, and the request appears whole, by a rename.
    A request that is still waiting or running is never overwritten: the hidden file that becomes the request is created
    exclusively, and the directory is looked at while it is held. (A hard link would refuse an existing name by itself,
    but the daemon takes no file with two names, and hears of a rename at once but not of a link.)

    Args:
        spool: The spool directory.
        prompt: What to draw; may be empty for generators that need none.
        width: Width of the picture in pixels, 1 to 99999; the daemon's `max_pixels` may allow less.
        height: Height in pixels, likewise.
        kind: Kind of picture; the daemon's default when None.
        user: Whom the request is for (requests are served fairly between users): a UUID or one word of
            `A-Z a-z 0-9 _ . + = @ ~`. The name of the account by default.
        message_id: Words as above, joined by dashes; `new_message_id()` by default.
        inputs: Up to ten pictures, png, jpg, jpeg or webp.
        mask: Inpainting mask, png.
        control: Control picture, png.
        options: Settings for this request; `{"progress": True}` makes progress visible to `wait`.

    Raises:
        InvalidRequest: When an argument cannot be put into a request. Nothing has been written.
        RequestExists: When a request of that name is there. It is unharmed.
        SpoolUnavailable: When the spool cannot be written. What had been written is removed.
    """
    spool = Path(spool)
    name = _name(
        _account() if user is None else user,
        new_message_id() if message_id is None else message_id,
        width,
        height,
        kind,
    )
    pictures = _pictures(name, inputs, mask, control)
    text, settings = _utf8(prompt), _json(options)
    with _spool_errors(spool):
        return _write(spool, name, text, pictures, settings)


def wait(ticket: Ticket, timeout: float | None = None, on_progress: Callable[[Progress], None] | None = None) -> Result:
    """Wait until the request is answered.

    Args:
        ticket: What `submit` returned; `Ticket(spool, stem)` for a request that something else wrote.
        timeout: Seconds to wait at most; None waits for ever.
        on_progress: Called whenever the progress changes, if the request was submitted with `{"progress": True}`.

    Raises:
        RequestFailed: When the answer is an error.
        RequestCancelled: When the request is gone without an answer.
        WaitTimeout: When the time is up; the request stays.
        SpoolUnavailable: When the spool cannot be listed.
    """
    watch = _Watch(ticket, timeout, on_progress)
    while (result := watch.look()) is None:
        time.sleep(watch.pause())
    return result


def cancel(ticket: Ticket) -> bool:
    """Delete the request and what is attached to it; work on it stops at its next step.

    Returns:
        Whether the request was still there. An answer that was just being published may appear all the same.

    Raises:
        SpoolUnavailable: When the request cannot be deleted.
    """
    with _spool_errors(ticket.spool):
        try:
            ticket.request.unlink()
        except FileNotFoundError:
            return False
        name = RequestName.parse(ticket.request.name)
        if name is not None:
            _remove_attachments(ticket.spool, name, _names(ticket.spool, ticket.stem))
    return True


async def submit_async(spool: str | os.PathLike[str], prompt: str, **request: Any) -> Ticket:
    """`submit` without blocking the event loop; takes the same arguments and raises the same errors."""
    return await asyncio.to_thread(submit, spool, prompt, **request)


async def wait_async(
    ticket: Ticket, timeout: float | None = None, on_progress: Callable[[Progress], None] | None = None
) -> Result:
    """`wait` without blocking the event loop or holding a thread. Cancelling it leaves the request alone."""
    watch = _Watch(ticket, timeout, on_progress)
    while (result := await asyncio.to_thread(watch.look)) is None:
        await asyncio.sleep(watch.pause())
    return result


async def cancel_async(ticket: Ticket) -> bool:
    """`cancel` without blocking the event loop."""
    return await asyncio.to_thread(cancel, ticket)


@dataclass(slots=True)
class _Watch:
    """Looks at the spool for the answer to one request, and says how long to pause between looks.

    It lists the directory, by its path: NFS revalidates a directory that is opened by path, whereas a name that was
    looked up and missing stays missing there for up to half a minute.
    """

    ticket: Ticket
    timeout: float | None
    on_progress: Callable[[Progress], None] | None
    _start: float = field(default_factory=time.monotonic)
    _next_pause: float = _FIRST_PAUSE
    _looked: float = 0.0
    _progress: Progress | None = None

    def look(self) -> Result | None:
        """The answer, or None when there is none yet."""
        before = time.monotonic()
        with _spool_errors(self.ticket.spool):
            names = _names(self.ticket.spool, self.ticket.stem)
            if self.ticket.request.name not in names:
                # The answer was in place before the request went away, but one listing may have passed the place of
                # the answer before that, and the place of the request after it. A second listing sees the answer.
                names = _names(self.ticket.spool, self.ticket.stem)
            self._looked = time.monotonic() - before
            if self.ticket.request.name not in names:
                return _answer(self.ticket, names)
        if self.on_progress is not None and f"{self.ticket.stem}-progress.json" in names:
            self._report(self.on_progress)
        return None

    def pause(self) -> float:
        """Seconds until the next look.

        Raises:
            WaitTimeout: When the time is up.
        """
        pause = max(self._next_pause, self._looked / _LISTING_SHARE)
        self._next_pause = min(self._next_pause * _PAUSE_GROWTH, _MAX_PAUSE)
        if self.timeout is None:
            return pause
        left = self._start + self.timeout - time.monotonic()
        if left <= 0:
            raise WaitTimeout(
                f"{self.ticket.stem} was not answered within {self.timeout:g} s; it still waits, "
                "`spectacle status` says whether a daemon serves it"
            )
        return min(pause, left)

    def _report(self, on_progress: Callable[[Progress], None]) -> None:
        try:
            text = _read(self.ticket.spool / f"{self.ticket.stem}-progress.json")
        except OSError:  # just removed, or no ordinary file
            return
        progress = Progress.parse(text)
        if progress is not None and progress != self._progress:
            self._progress = progress
            on_progress(progress)


def _answer(ticket: Ticket, names: set[str]) -> Result:
    older = {
        name for name, *version in ticket.older if name in names and list(_version(ticket.spool / name)) == version
    }
    pictures = {found: name for name in names - older if (found := _picture(ticket.stem, name))}
    for extension in ("svg", "png"):
        if (1, extension) in pictures:
            ordered = sorted(pictures, key=lambda picture: (picture[1] != extension, picture[0]))
            paths = tuple(ticket.spool / pictures[picture] for picture in ordered)
            return Result(paths[0], paths)
    error = f"{ticket.stem}-error.txt"
    if error in names - older:
        raise _failure(_read(ticket.spool / error))
    raise RequestCancelled(f"{ticket.stem} is gone without an answer: it was cancelled, or its answer has been removed")


def _picture(stem: str, name: str) -> tuple[int, str] | None:
    """Number and extension of a result of this stem."""
    match = re.fullmatch(r"(?:-([1-9][0-9]*))?\.(svg|png)", name.removeprefix(stem))
    return (int(match[1] or 1), match[2]) if match else None


def _failure(text: str) -> RequestFailed:
    message, _, rest = text.partition("\n")
    pairs = (line.partition(": ") for line in rest.splitlines())
    return RequestFailed(message.strip(), {key: value for key, colon, value in pairs if colon})


def _write(
    spool: Path, name: RequestName, prompt: bytes, pictures: Mapping[str, Path], options: bytes | None
) -> Ticket:
    draft = spool / f".{name.file_name}.tmp"
    written = [draft]
    try:
        request = draft.open("xb")
    except FileExistsError:
        raise RequestExists(f"{name.file_name} is being written by somebody else: choose another message id") from None
    try:
        with request:
            names = _names(spool, name.stem)
            if name.file_name in names:
                raise RequestExists(
                    f"{name.file_name} waits or runs already: wait for it, cancel it, or choose another message id"
                )
            older = frozenset(
                (each, *_version(spool / each))
                for each in names
                if each == name.error_name or _picture(name.stem, each) is not None
            )
            _remove_attachments(spool, name, names)
            for attachment, source in pictures.items():
                with source.open("rb") as content:
                    _write_durably(spool / attachment, content, written)
            if options is not None:
                _write_durably(spool / name.options_name, BytesIO(options), written)
            request.write(prompt)
            _sync(request)
        draft.rename(spool / name.file_name)
    except BaseException:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise
    return Ticket(spool, name.stem, older)


def _write_durably(path: Path, content: BinaryIO, written: list[Path]) -> None:
    draft = path.with_name(f".{path.name}.tmp")
    written += [draft, path]
    # Whatever lies there was left by a client that died, or is a link that somebody wants written through.
    draft.unlink(missing_ok=True)
    with draft.open("xb") as file:
        shutil.copyfileobj(content, file)
        _sync(file)
    draft.rename(path)


def _sync(file: BinaryIO) -> None:
    """Bring a file to the disk. A full network disk is reported only here."""
    file.flush()
    os.fsync(file.fileno())


def _remove_attachments(spool: Path, name: RequestName, names: set[str]) -> None:
    possible = {name.options_name, name.mask_name, name.control_name}
    possible.update(*(name.input_names(number) for number in range(1, MAX_INPUTS + 1)))
    for each in possible & names:
        (spool / each).unlink(missing_ok=True)


def _names(spool: Path, stem: str) -> set[str]:
    with os.scandir(spool) as entries:
        return {entry.name for entry in entries if entry.name.startswith(stem)}


def _version(path: Path) -> tuple[int, int]:
    """Inode and modification time in ns; a file that has just gone has none."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return 0, 0
    return status.st_ino, status.st_mtime_ns


def _read(path: Path) -> str:
    """The beginning of a small text file, which is never followed if it is a link.

    Raises:
        OSError: When it cannot be read, or is no ordinary file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, f"{path.name} is no ordinary file")
        return file.read(_MAX_READ).decode(errors="replace")


def _name(user: str, message_id: str, width: int, height: int, kind: str | None) -> RequestName:
    """The request's name. Each part is tried in a name that is right otherwise, to tell which part is wrong."""
    for side, pixels in (("width", width), ("height", height)):
        if not 1 <= pixels <= 99999:
            raise InvalidRequest(f"{side} {pixels} is no size: give 1 to 99999 pixels")
    word = "letters, digits and _ . + = @ ~, not beginning with a dot, 200 bytes in all"
    tried = RequestName.parse(f"{user}-1-1x1.txt")
    if tried is None or tried.user != user:
        raise InvalidRequest(f"user {user!r} cannot be in a file name: give a UUID, or {word}")
    tried = RequestName.parse(f"u-{message_id}-1x1.txt")
    if tried is None or tried.msgid != message_id:
        raise InvalidRequest(f"message id {message_id!r} cannot be in a file name: give {word}; dashes join words")
    if kind is not None:
        tried = RequestName.parse(f"u-1-1x1-{kind}.txt")
        if tried is None or tried.kind != kind or kind in RESERVED_KINDS:
            raise InvalidRequest(
                f"kind {kind!r} is none: give lower-case letters, digits and _, beginning with a letter"
            )
    stem = f"{user}-{message_id}-{width}x{height}" + (f"-{kind}" if kind else "")
    name = RequestName.parse(f"{stem}.txt")
    if name is None or name.user != user:
        raise InvalidRequest(f"{stem}.txt is no request's name: shorten the user or the message id, or choose others")
    return name


def _account() -> str:
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry; OSError from Python 3.13 on
        account = f"uid{os.getuid()}"
    return re.sub(r"[^A-Za-z0-9_+=@~]", "_", account)


def _pictures(
    name: RequestName,
    inputs: Sequence[str | os.PathLike[str]],
    mask: str | os.PathLike[str] | None,
    control: str | os.PathLike[str] | None,
) -> dict[str, Path]:
    """Names in the spool and where their content comes from."""
    if len(inputs) > MAX_INPUTS:
        raise InvalidRequest(f"{len(inputs)} input pictures are too many: give at most {MAX_INPUTS}")
    pictures = {}
    for number, source in enumerate(map(Path, inputs), 1):
        extension = source.suffix.removeprefix(".").lower()
        if extension not in INPUT_EXTENSIONS:
            raise InvalidRequest(f"input picture {source} is none of {', '.join(INPUT_EXTENSIONS)}: convert it")
        pictures[name.input_names(number)[INPUT_EXTENSIONS.index(extension)]] = source
    for role, target, given in (("mask", name.mask_name, mask), ("control picture", name.control_name, control)):
        if given is not None:
            if Path(given).suffix.lower() != ".png":
                raise InvalidRequest(f"{role} {given} is no png: convert it")
            pictures[target] = Path(given)
    for source in pictures.values():
        if not (source.is_file() and os.access(source, os.R_OK)):
            raise InvalidRequest(f"picture {source} is no file that can be read")
    return pictures


def _json(options: Mapping[str, Any] | None) -> bytes | None:
    if options is None:
        return None
    try:
        return json.dumps(dict(options), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"options cannot be written as JSON: {error}") from None


def _utf8(prompt: str) -> bytes:
    try:
        return f"{prompt}\n".encode()  # never empty: an empty file is one whose writer has not got far
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"the prompt is no Unicode text: {error}") from None


@contextmanager
def _spool_errors(spool: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise SpoolUnavailable(
            f"the spool {spool} does not exist: mount it, or make it with `spectacle init`"
        ) from None
    except OSError as error:
        raise unavailable(spool, error) from error
