"""The one grammar of file names: every name that Spectacle reads or writes in a spool is made and parsed here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_NAME_BYTES = 200
"""Longest request file name, with `.txt`.

File systems allow 255 bytes. The longest name that is made of a stem is that of an options file on its way out, by its
inode (`retired_name`): 58 bytes in addition to a stem of at most 196, as a test shows. So there is nothing to spare.
"""

STATE_DIRECTORY = ".spectacle"
"""Directory inside the spool for what instances report to each other."""

INSTANCES, ATTEMPTS, POISON = "instances", "attempts", "poison"
STATE_PARTS = (INSTANCES, ATTEMPTS, POISON)
"""Directories inside the state directory: instances' reports, counts of lost runs, files kept for inspection."""

INPUT_EXTENSIONS = ("png", "jpg", "jpeg", "webp")
RESULT_EXTENSIONS = ("svg", "png", "jpg", "webp", "avif")
"""Extensions of results; where there are several of one number, the earlier one is the result, the later a preview."""

_FIRST_EXTENSIONS = ("svg", "png")
"""Those of results that every version can read about in a commit record."""

MAX_INPUTS = 10

FIRST_RESULTS = 4
"""Results with a number up to this one are searched for one by one."""

RESERVED_KINDS = frozenset(
    {"error", "mask", "control", "options", "progress", "thumbnail", "input"}
    | {f"input{n}" for n in range(2, MAX_INPUTS + 2)}
)
"""Kinds that cannot be configured: their results would be named like another request's attachments or thumbnails.

The number after the last is among them, because an image of that name gets the error that it is one too many.
"""

_OPAQUE = r"[A-Za-z0-9_+=@~][A-Za-z0-9_.+=@~]*"
_UUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_NUMBER = r"0|[1-9][0-9]{0,4}"
KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]*")
_STEM = re.compile(
    rf"(?P<user>{_UUID}|{_OPAQUE})"
    rf"-(?P<msgid>{_OPAQUE}(?:-{_OPAQUE})*)"
    rf"-(?P<width>{_NUMBER})x(?P<height>{_NUMBER})"
    r"(?:-(?P<kind>[a-z][a-z0-9_]*))?"
)
_REQUEST, _LOCK, _COMMIT, _RETIRED, _PROGRESS = ".txt", ".lock", ".commit", ".retired", "-progress.json"
_OPTIONS = "-options.json"
PROCESSED_INPUT = "-input-processed.png"
"""What follows the stem in the name of what a model saw of the first input image.

No other request has a file of that name: a kind contains no dash, and `input` is a reserved one.
"""

ERROR_SUFFIX = "-error.txt"
"""What follows the stem in the name of a result that is an error."""


@dataclass(frozen=True, slots=True)
class RequestName:
    """The parts of a request's file name `USER-MSGID-WxH[-KIND].txt`.

    Attributes:
        stem: The file name without `.txt`; every file that belongs to the request is named after it.
        user: A UUID or an opaque token.
        msgid: One or more tokens joined by dashes.
        width: Pixels, 0 to 99999 (0 is well-formed and gets an error).
        height: Pixels, 0 to 99999.
        kind: The kind asked for, or None for the configured default.
    """

    stem: str
    user: str
    msgid: str
    width: int
    height: int
    kind: str | None

    @classmethod
    def parse(cls, file_name: str) -> RequestName | None:
        """Parse a file name, or return None for a name that is not a request's and so none of our business."""
        stem = possible_request(file_name)
        return None if stem is None else cls.from_stem(stem)

    @classmethod
    def from_stem(cls, stem: str) -> RequestName | None:
        """The request of a stem, or None for what is not a request's stem."""
        if len(stem) > MAX_NAME_BYTES - len(_REQUEST):
            return None
        match = _STEM.fullmatch(stem)
        if match is None or match["kind"] == "error":
            return None
        return cls(match[0], match["user"], match["msgid"], int(match["width"]), int(match["height"]), match["kind"])

    @property
    def file_name(self) -> str:
        """`STEM.txt`."""
        return request_name(self.stem)

    @property
    def lock_name(self) -> str:
        """`STEM.lock`, the claim."""
        return lock_name(self.stem)

    @property
    def commit_name(self) -> str:
        """`.STEM.commit`, the record that makes a result final."""
        return commit_name(self.stem)

    @property
    def error_name(self) -> str:
        """`STEM-error.txt`."""
        return error_name(self.stem)

    @property
    def options_name(self) -> str:
        """`STEM-options.json`."""
        return options_name(self.stem)

    @property
    def mask_name(self) -> str:
        """`STEM-mask.png`."""
        return self.stem + "-mask.png"

    @property
    def control_name(self) -> str:
        """`STEM-control.png`."""
        return self.stem + "-control.png"

    @property
    def progress_name(self) -> str:
        """`STEM-progress.json`."""
        return self.stem + _PROGRESS

    def input_names(self, number: int) -> tuple[str, ...]:
        """The names input image `number` (1 to `MAX_INPUTS`) may have, one for each extension."""
        return tuple([self.stem + suffix for suffix in _INPUT_SUFFIXES[number]])

    def attachment_names(self) -> tuple[str, ...]:
        """Every name an attachment may have."""
        inputs = (each for number in range(1, MAX_INPUTS + 1) for each in self.input_names(number))
        return (self.options_name, self.mask_name, self.control_name, *inputs)


# --- of a stem, whether or not it is a request's ----------------------------------------------------------------------


def make_stem(user: str, msgid: str, width: int, height: int, kind: str | None = None) -> str:
    """`USER-MSGID-WxH[-KIND]`. Whether it is a request's stem, and of these parts, `RequestName.from_stem` says."""
    return f"{user}-{msgid}-{width}x{height}" + (f"-{kind}" if kind else "")


def request_name(stem: str) -> str:
    """`STEM.txt`."""
    return stem + _REQUEST


def lock_name(stem: str) -> str:
    """`STEM.lock`."""
    return stem + _LOCK


def commit_name(stem: str) -> str:
    """`.STEM.commit`."""
    return f".{stem}.commit"


def error_name(stem: str) -> str:
    """`STEM-error.txt`."""
    return stem + ERROR_SUFFIX


def options_name(stem: str) -> str:
    """`STEM-options.json`."""
    return stem + _OPTIONS


def input_name(stem: str, number: int, extension: str) -> str:
    """`STEM-input.png`, `STEM-input2.jpg` …"""
    return f"{stem}-input{'' if number == 1 else number}.{extension}"


_INPUT_SUFFIXES = {
    number: tuple(input_name("", number, extension) for extension in INPUT_EXTENSIONS)
    for number in range(1, MAX_INPUTS + 2)
}
"""What follows the stem in the names of input images, by number, up to the first that is one too many."""


def result_suffix(number: int, extension: str) -> str:
    """What follows the stem in the name of a result: `.png`, `-2.png` …"""
    return f".{extension}" if number == 1 else f"-{number}.{extension}"


def thumbnail_suffix(number: int, extension: str) -> str:
    """What follows the stem in the name of a result's thumbnail: `-thumbnail.png`, `-2-thumbnail.png` …"""
    return result_suffix(number, "").removesuffix(".") + f"-thumbnail.{extension}"


def result_name(stem: str, number: int, extension: str) -> str:
    """`STEM.png`, `STEM-2.png` …"""
    return stem + result_suffix(number, extension)


def processed_input_name(stem: str) -> str:
    """`STEM-input-processed.png`."""
    return stem + PROCESSED_INPUT


def possible_request(file_name: str) -> str | None:
    """The stem of what may be a request, or None. It goes by the ending alone, which is cheap for many names."""
    return file_name[: -len(_REQUEST)] if file_name.endswith(_REQUEST) else None


def sort_by_ending(names: Sequence[str]) -> tuple[list[str], set[str], set[str]]:
    """Sort the names in a spool by what they say of requests. Quick for very many names.

    Args:
        names: All names in a spool.

    Returns:
        The stems of what may be requests, of what may be claims, and of what is to be finished: of commit records and
        of files on their way out.
    """
    requests = [name[: -len(_REQUEST)] for name in names if name.endswith(_REQUEST)]
    others = [name for name in names if name.endswith((_LOCK, _COMMIT, _RETIRED))]
    claims = {name[: -len(_LOCK)] for name in others if name.endswith(_LOCK)}
    stems = (stem_of_commit(name) or stem_of_retired(name) for name in others if name.startswith("."))
    return requests, claims, {stem for stem in stems if stem is not None}


def stems_with_many(names: Sequence[str]) -> set[str]:
    """The stems of requests that have a result which is not searched for one by one. Quick for very many names.

    It is one whose number is above `FIRST_RESULTS`, in another format than PNG and SVG, a thumbnail, or the processed
    input.
    """
    numbered = [name for name in names if name.endswith((".png", ".svg")) and "-" in name[-9:-4]]
    numbered += [name for name in names if name.endswith(PROCESSED_INPUT)]
    numbered += [name for name in names if name.endswith((".jpg", ".webp", ".avif")) or "-thumbnail." in name[-15:]]
    matches = [match for name in numbered if (match := _NUMBERED.fullmatch(name)) is not None]
    stems = {match["stem"] or match["of_other"] or match["of_processed"] for match in matches}
    requests = map(RequestName.from_stem, stems)
    return {name.stem for name in requests if name is not None and name.kind not in RESERVED_KINDS}


def stems_with_options(names: Sequence[str]) -> list[str]:
    """What may be stems of requests with an options file. It goes by the ending alone, which is cheap."""
    return [name[: -len(_OPTIONS)] for name in names if name.endswith(_OPTIONS)]


def may_be_left_over(file_name: str) -> bool:
    """Whether a file may be what a crash has left. It goes by parts of the name alone, which is cheap."""
    return file_name.startswith(".") or _LOCK in file_name or file_name.endswith(_PROGRESS)


_PLACEHOLDER = re.compile(r"\bSTEM(?=-(?:input|mask|control|options)|\.txt)")


def name_stem(message: str, stem: str) -> str:
    """A message that speaks of `STEM.txt`, `STEM-input.png` …, as the documentation does, with the stem put in."""
    return _PLACEHOLDER.sub(stem, message)


# --- next to a request ------------------------------------------------------------------------------------------------

_ATTACHMENT = r"-(?:options\.json|mask\.png|control\.png|input(?:[2-9]|10)?\.(?:png|jpe?g|webp))"
_COMPANION = re.compile(rf"(?P<stem>.+)(?:-error\.txt|-progress\.json|{_ATTACHMENT})")
_ATTACHED = re.compile(rf"(?P<stem>.+){_ATTACHMENT}")
_CLIENT_DRAFT = re.compile(rf"\.(?P<stem>.+?)(?:\.txt|{_ATTACHMENT})?\.tmp")
_EXTENSIONS = "|".join(RESULT_EXTENSIONS)
_PROCESSED = re.escape(PROCESSED_INPUT)
_RESULT = re.compile(rf"(?P<stem>.+?)(?:(?:-[1-9][0-9]*)?(?:-thumbnail)?\.(?:{_EXTENSIONS})|{_PROCESSED})")
_NUMBERED = re.compile(
    r"(?P<stem>.+)-(?:[5-9]|[1-9][0-9]{1,3})\.(?:png|svg)"
    rf"|(?P<of_other>.+?)(?:-[2-9]|-[1-9][0-9]{{1,3}})?(?:-thumbnail\.(?:{_EXTENSIONS})|\.(?:jpg|webp|avif))"
    rf"|(?P<of_processed>.+){_PROCESSED}"
)
_IMAGE_SUFFIX = re.compile(rf"(?:-([2-9]|[1-9][0-9]{{1,3}}))?(-thumbnail)?\.({_EXTENSIONS})")
# What a commit record may name, which may come from another version. What is a request, or a claim on one, it may not.
_RECORDED_ATTACHMENT = re.compile(
    r"-(?:options\.json|mask\.png|control\.png|input[0-9]{0,2}\.(?!txt|lock|svg|tmp)[a-z]{3,4})"
)
_RECORDED_RESULT = re.compile(rf"(?:-error\.txt|{_PROCESSED}|(?:-[0-9]{{1,4}})?(?:-thumbnail)?\.(?:{_EXTENSIONS}))")
_FIRST_FORMAT_RESULT = re.compile(rf"(?:-error\.txt|(?:-[0-9]{{1,4}})?\.(?:{'|'.join(_FIRST_EXTENSIONS)}))")
_RECORDED_DRAFT = re.compile(r"\.[0-9a-f]{8}\.[0-9]{1,4}\.tmp")


def stem_of_commit(file_name: str) -> str | None:
    """The stem a commit record belongs to, or None when the name is not a commit record's."""
    if not (file_name.startswith(".") and file_name.endswith(_COMMIT)):
        return None
    stem = file_name[1 : -len(_COMMIT)]
    return stem if RequestName.from_stem(stem) is not None else None


def stem_of_lock(file_name: str) -> str | None:
    """The stem a claim belongs to, or None when the name is not a claim's."""
    stem = file_name.removesuffix(_LOCK)
    return stem if stem != file_name and RequestName.from_stem(stem) is not None else None


def stem_of_progress(file_name: str) -> str | None:
    """The stem a progress file belongs to, or None when the name is not a progress file's."""
    if not file_name.endswith(_PROGRESS):
        return None
    stem = file_name.removesuffix(_PROGRESS)
    return stem if RequestName.from_stem(stem) is not None else None


def request_of(file_name: str) -> RequestName | None:
    """The request of which a file is a result or attachment, or which it was to become; None for any other."""
    match = _COMPANION.fullmatch(file_name) or _CLIENT_DRAFT.fullmatch(file_name)
    if match is not None:
        return RequestName.from_stem(match["stem"])
    match = _RESULT.fullmatch(file_name)
    request = RequestName.from_stem(match["stem"]) if match is not None else None
    # Requests of reserved kinds end in errors alone.
    return None if request is None or request.kind in RESERVED_KINDS else request


def result_of(stem: str, file_name: str) -> tuple[int, str] | None:
    """Number and extension of an image or SVG that results from the request of this stem, or None for other names."""
    match = _IMAGE_SUFFIX.fullmatch(file_name, len(stem)) if file_name.startswith(stem) else None
    return (int(match[1] or 1), match[3]) if match and not match[2] else None


def thumbnail_of(stem: str, file_name: str) -> tuple[int, str] | None:
    """Number of the result and extension of a thumbnail of the request of this stem, or None for other names."""
    match = _IMAGE_SUFFIX.fullmatch(file_name, len(stem)) if file_name.startswith(stem) else None
    return (int(match[1] or 1), match[3]) if match and match[2] else None


def is_image_of(stem: str, file_name: str) -> bool:
    """Whether a file is a result of the request of this stem, a thumbnail of one, or the processed input."""
    return file_name == processed_input_name(stem) or (
        file_name.startswith(stem) and _IMAGE_SUFFIX.fullmatch(file_name, len(stem)) is not None
    )


def is_attachment_of(stem: str, file_name: str) -> bool:
    """Whether a commit record of this stem may name the file as an attachment."""
    return _follows(stem, file_name, _RECORDED_ATTACHMENT)


def is_result_of(stem: str, file_name: str) -> bool:
    """Whether a commit record of this stem may name the file as a result."""
    request = RequestName.from_stem(stem)
    if request is not None and request.kind in RESERVED_KINDS:
        # What looks like its image is another request's attachment.
        return file_name == error_name(stem)
    return _follows(stem, file_name, _RECORDED_RESULT)


def is_first_format_result_of(stem: str, file_name: str) -> bool:
    """Whether the file is a result that versions before 0.2 know too: an error, a PNG or an SVG."""
    return _follows(stem, file_name, _FIRST_FORMAT_RESULT)


def is_answer_draft_of(stem: str, file_name: str) -> bool:
    """Whether a commit record of this stem may name the file as a result under its dot-name."""
    return _follows(f".{stem}", file_name, _RECORDED_DRAFT)


def _follows(stem: str, file_name: str, rest: re.Pattern[str]) -> bool:
    # One pattern for all stems: compiling one for each would cost more than all else that is done to a record.
    return file_name.startswith(stem) and rest.fullmatch(file_name, len(stem)) is not None


# --- temporary dot-names ---------------------------------------------------------------------------------------------
# Each ends in a random part, eight or more hexadecimal digits, so that nobody meets a name of somebody else.

_TEMPORARY = re.compile(
    r"\.probe\.[0-9a-f]{8}\.tmp"
    r"|\.(?P<stem>.+?)(?:\.[0-9a-f]{8}\.(?:[0-9]+|commit)\.tmp|\.lock\.[0-9a-f]{16}\.aside|-progress\.json\.[0-9a-f]{8}\.tmp)"
)
_ASIDE = re.compile(r"\.(?P<stem>.+)\.lock\.[0-9a-f]{16}\.aside")
_BROKEN_LOCK = re.compile(r"(?P<stem>.+)\.lock\.(?:break|restore)\.[0-9]+\.[0-9a-f]{32}")
"""What filelock makes while it breaks a lease."""
_INODE = "inode-"
_UNREAD = "00000000"
_RETIRED_NAME = re.compile(
    rf"\.(?P<public>.+)\.(?P<mark>[vp]?[0-9a-f]{{16}}|{_INODE}[0-9]+)\.[0-9a-f]{{8}}{re.escape(_RETIRED)}"
)


def answer_draft_name(stem: str, nonce: str, number: int) -> str:
    """Dot-name of file `number` of a result that is not committed yet."""
    return f".{stem}.{nonce}.{number}.tmp"


def record_draft_name(stem: str, nonce: str) -> str:
    """Dot-name of a commit record before it is linked."""
    return f".{stem}.{nonce}.commit.tmp"


def replacement_name(file_name: str, nonce: str) -> str:
    """Dot-name of what is about to replace a file."""
    return f".{file_name}.{nonce}.tmp"


def probe_name(nonce: str) -> str:
    """Dot-name of a file that is made to see whether files can be."""
    return f".probe.{nonce}.tmp"


def aside_name(stem: str, nonce: str) -> str:
    """Dot-name of a claim that is being taken over; its random part has 16 digits."""
    return f".{lock_name(stem)}.{nonce}.aside"


def stem_of_aside(file_name: str) -> str | None:
    """The stem of a claim that is being taken over, or None when the name is not that of one."""
    match = _ASIDE.fullmatch(file_name)
    return None if match is None or RequestName.from_stem(match["stem"]) is None else match["stem"]


def client_draft_name(file_name: str) -> str:
    """Dot-name under which our clients write what they rename into place."""
    return f".{file_name}.tmp"


def version_mark(version: tuple[int, int, int], digest: str, *, poison: bool = False) -> str:
    """Mark of a retired file by its version: half for inode, size and time, half for what was read.

    Args:
        version: As `FileStatus.version`.
        digest: SHA-256 of its content, or nothing when it was not read.
        poison: Whether it is to be kept in `.spectacle/poison/`.
    """
    of_version, of_content = (
        hashlib.sha256(part.encode()).hexdigest()[:8] for part in (" ".join(map(str, version)), digest)
    )
    return f"{'p' if poison else 'v'}{of_version}{of_content if digest else _UNREAD}"


def is_poison_mark(mark: str) -> bool:
    """Whether a mark says that the file is to be kept in `.spectacle/poison/`."""
    return mark.startswith("p")


def fits_version(mark: str, version: tuple[int, int, int]) -> bool:
    """Whether a mark may be this version's, whatever its content."""
    return mark[:9] == version_mark(version, "", poison=is_poison_mark(mark))[:9]


def digest_mark(digest: str) -> str:
    """Mark of a retired file by its content alone, as earlier versions wrote it: 16 digits of its SHA-256."""
    return digest[:16]


def inode_mark(inode: int) -> str:
    """Mark of a retired file by its inode alone, as earlier versions wrote it."""
    return f"{_INODE}{inode}"


def is_inode_mark(mark: str) -> bool:
    """Whether a mark is an `inode_mark`."""
    return mark.startswith(_INODE)


def retired_name(file_name: str, mark: str, nonce: str) -> str:
    """Dot-name of a file on its way out; `mark` says which version of it was meant to go."""
    return f".{file_name}.{mark}.{nonce}{_RETIRED}"


def may_be_retired(file_name: str) -> bool:
    """Whether a name ends like a retired file's, which is quick to check for very many."""
    return file_name.endswith(_RETIRED)


def parse_retired(file_name: str) -> tuple[str, str] | None:
    """Public name and mark of a retired file, or None when the name is not a retired file's."""
    match = _RETIRED_NAME.fullmatch(file_name)
    return (match["public"], match["mark"]) if match else None


def stem_of_retired(file_name: str) -> str | None:
    """The stem of the request that a retired file is or is attached to, or None for any other name."""
    if (parsed := parse_retired(file_name)) is None:
        return None
    public, _ = parsed
    match = _ATTACHED.fullmatch(public)
    request = RequestName.parse(public) if match is None else RequestName.from_stem(match["stem"])
    return None if request is None else request.stem


@dataclass(frozen=True, slots=True)
class Temporary:
    """What a dot-name says of a temporary file.

    Attributes:
        stem: The request it belongs to, or None when it belongs to none.
    """

    stem: str | None

    @classmethod
    def parse(cls, file_name: str) -> Temporary | None:
        """Parse a name, or return None when it is not a temporary file's."""
        match = _TEMPORARY.fullmatch(file_name) or _BROKEN_LOCK.fullmatch(file_name)
        if match is None:
            return None
        stem = match["stem"]
        return cls(stem) if stem is None or RequestName.from_stem(stem) is not None else None


# --- in the state directory ------------------------------------------------------------------------------------------


def state_path(part: str, entry: str = "") -> str:
    """A directory inside the state directory, or something in it; an empty part is the state directory itself."""
    return "/".join(filter(None, (STATE_DIRECTORY, part, entry)))


def is_state_draft(entry: str) -> bool:
    """Whether a file in the state directory is one that was about to replace another."""
    return entry.endswith(".tmp")


def attempts_path(stem: str) -> str:
    """Where the lost runs of a request are counted."""
    return state_path(ATTEMPTS, stem)


def report_path(identity: str) -> str:
    """Where an instance reports."""
    return state_path(INSTANCES, f"{identity}.json")


def reporter_of(entry: str) -> str | None:
    """The instance whose report a file in `instances/` is, or None for any other file."""
    return entry.removesuffix(".json") if entry.endswith(".json") and not entry.startswith(".") else None


def reserve_path(identity: str) -> str:
    """Where an instance keeps a little space back."""
    return f"{STATE_DIRECTORY}/reserve-{identity}"


def reserve_holder(entry: str) -> str | None:
    """The instance whose reserve a file in the state directory is, or None for any other file."""
    return entry.removeprefix("reserve-") if entry.startswith("reserve-") else None


_SCHEMA = re.compile(r"schema-([0-9a-f]{64})\.json")


def schema_path(digest: str) -> str:
    """Where the JSON Schema of a kind's options is kept, by its SHA-256 in hexadecimal digits."""
    return f"{STATE_DIRECTORY}/schema-{digest}.json"


def schema_digest(entry: str) -> str | None:
    """The digest of the schema that a file in the state directory is, or None for any other file."""
    match = _SCHEMA.fullmatch(entry)
    return match[1] if match else None


_PAUSED = "paused"


def pause_path(kind: str | None) -> str:
    """Where it is kept that a kind is paused, or with None all of them."""
    return state_path("", _PAUSED if kind is None else f"{_PAUSED}-{kind}")


def paused_kind(entry: str) -> tuple[str | None] | None:
    """The kind that a file in the state directory pauses, in a tuple: None in it for all. None for any other file."""
    word, dash, kind = entry.partition("-")
    if word != _PAUSED:
        return None
    if not dash:
        return (None,)
    return (kind,) if KIND_PATTERN.fullmatch(kind) else None


def usage_path(identity: str) -> str:
    """Where an instance keeps what it has begun for each user."""
    return f"{STATE_DIRECTORY}/usage-{identity}.json"


def usage_holder(entry: str) -> str | None:
    """The instance whose account of usage a file in the state directory is, or None for any other file."""
    if not (entry.startswith("usage-") and entry.endswith(".json")):
        return None
    return entry.removeprefix("usage-").removesuffix(".json")


def costs_path(host: str) -> str:
    """Path below the spool of what a host's instances have measured of their jobs."""
    return f"{STATE_DIRECTORY}/costs-{host}.json"


def quarantine_path(file_name: str, nonce: str) -> str:
    """Where a file is kept for inspection. It is not hidden there, even if it was."""
    return state_path(POISON, f"{file_name.removeprefix('.')}.{nonce}")
