"""Reads what a batch is made of: a directory of images, a text file of prompts, or a table."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from spectacle.batch.template import Wildcards, fill
from spectacle.batch.texts import read_text
from spectacle.errors import SpectacleError
from spectacle.spool.naming import INPUT_EXTENSIONS

MAX_TEXT_BYTES = 256 * 2**20
MAX_ITEMS = 1_000_000
_NUMBERED = 5
_SLUG = 40
_ROLES = ("mask", "control")
_COLUMNS = ("prompt", "name", "kind", "size", "seed", "input", "mask", "control")
"""Columns of a table with a meaning; those of `option:NAME` are options, and all are placeholders."""


class BadBatch(SpectacleError):
    """Raised when a batch cannot be made of what was given, or its results cannot be written where they belong."""

    code = "bad-batch"


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch.

    Attributes:
        name: Path of its results below the output directory, without extension.
        prompt: The prompt.
        kind: Kind of the request; None for the daemon's default.
        size: Width and height; None for that of the first input image.
        options: Options of the generator.
        inputs: Input images.
        mask: A mask.
        control: A control image.
        copy: Which of several items that are the same otherwise.
    """

    name: str
    prompt: str
    kind: str | None = None
    size: tuple[int, int] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Path, ...] = ()
    mask: Path | None = None
    control: Path | None = None
    copy: int = 0

    @property
    def digest(self) -> str:
        """What tells it from others, whatever its name: 32 hexadecimal digits. Images count by path, size and time."""
        files = [_version(path) for path in (*self.inputs, self.mask, self.control)]
        about = [self.prompt, self.kind, self.size, self.options, files, self.copy]
        text = json.dumps(about, sort_keys=True, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the command line says of all items.

    Attributes:
        prompt: Template of prompts; None for those of the items.
        kind: Kind.
        size: Width and height; None for that of the input image, or the usual one.
        options: Options.
        seed: Seed of the first of an item's repetitions.
        repeat: How many of each item are made.
        values: Values of placeholders.
        wildcards: Lists to choose from.
    """

    prompt: str | None = None
    kind: str | None = None
    size: tuple[int, int] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    repeat: int = 1
    values: Mapping[str, str] = field(default_factory=dict)
    wildcards: Wildcards = field(default_factory=lambda: Wildcards(None))


@dataclass(frozen=True, slots=True)
class _Row:
    """What is read, before anything is filled in."""

    where: str
    name: str
    template: str
    values: Mapping[str, str]
    item: Mapping[str, Any] = field(default_factory=dict)


def read_items(source: Path, output: Path, defaults: Defaults) -> list[Item]:
    """The items of a batch, in order, with names that are their own.

    Args:
        source: A directory, a `.txt` file with a prompt in each line, or a `.csv` file with a heading.
        output: The directory of results, which is not read.
        defaults: What holds for all.

    Raises:
        BadBatch: When there is nothing in it, or something that cannot be read.
        BadTemplate: When a prompt names what there is not.
    """
    if source.is_dir():
        rows = list(_of_directory(source, output, defaults))
    elif source.suffix.lower() == ".csv":
        rows = list(_of_table(source, defaults))
    elif source.suffix.lower() in (".txt", ""):
        rows = list(_of_lines(source, defaults))
    else:
        raise BadBatch(f"{source}: is neither a directory nor a .txt or .csv file. Use one of these.")
    if not rows:
        what = "no images (png, jpg, jpeg, webp) and no prompts (txt)" if source.is_dir() else "no prompts"
        raise BadBatch(f"{source}: contains {what}. Add some.")
    if len(rows) * defaults.repeat > MAX_ITEMS:
        raise BadBatch(
            f"{source}: makes {len(rows) * defaults.repeat} requests; the limit is {MAX_ITEMS}. Split the batch."
        )
    return _named_apart(list(_filled(rows, defaults)))


def _filled(rows: Sequence[_Row], defaults: Defaults) -> Iterator[Item]:
    seen: Counter[tuple[str, str]] = Counter()
    for row in rows:
        same = (row.template, json.dumps(row.values, sort_keys=True))
        for _ in range(defaults.repeat):
            number = seen[same]
            seen[same] += 1
            try:
                values = {**defaults.values, **row.values}
                prompt = fill(row.template, values, defaults.wildcards, f"{defaults.seed}\n{number}\n{same[1]}")
            except SpectacleError as error:
                raise type(error)(f"{row.where}: {error.message}") from None
            options = {**defaults.options, **row.item.get("options", {})}
            if defaults.seed is not None and "seed" not in row.item.get("options", {}):
                options["seed"] = defaults.seed + number
            fields = {"kind": defaults.kind, "size": defaults.size, **row.item, "options": options}
            name = row.name or f"{{number}}-{_slug(prompt)}"
            yield Item(name, prompt, copy=number, **fields)


def _named_apart(items: Sequence[Item]) -> list[Item]:
    """The items with numbers where names were left open, and where several have the same."""
    names = [
        item.name.replace("{number}", f"{number:0{_NUMBERED}}") if item.name.startswith("{number}-") else item.name
        for number, item in enumerate(items, 1)
    ]
    count = Counter(names)
    taken = {name for name in names if count[name] == 1}
    used: Counter[str] = Counter()
    named = []
    for wanted, item in zip(names, items, strict=True):
        name = wanted
        while count[wanted] > 1 and (name == wanted or name in taken):
            used[wanted] += 1
            name = f"{wanted}_{used[wanted]}"
        taken.add(name)
        named.append(dataclasses.replace(item, name=name))
    return named


# --- directories ------------------------------------------------------------------------------------------------------


def _of_directory(source: Path, output: Path, defaults: Defaults) -> Iterator[_Row]:
    images, texts = _files(source, output)
    attached = {path for path in images if _attached_to(path, images)}
    stems = Counter(path.with_suffix("") for path in images if path not in attached)
    for path in sorted({*images, *texts} - attached):
        below = path.relative_to(source)
        beside = path.with_suffix(".txt")
        if path in images:
            name = below.as_posix() if stems[path.with_suffix("")] > 1 else below.with_suffix("").as_posix()
            text = _text(beside).strip() if beside in texts else ""
            template = _template(defaults.prompt, text)
            item = {"inputs": (path,), **_attachments_of(path, images)}
        elif path.with_suffix("") in stems:
            continue  # it is the prompt of an image
        else:
            name, text, item = below.with_suffix("").as_posix(), _text(path).strip(), {}
            template = _template(defaults.prompt, text)
        folder = "" if below.parent == Path() else below.parent.as_posix()
        values = {"name": path.stem, "folder": folder}
        yield _Row(str(path), name, template, values, item)


def _files(source: Path, output: Path) -> tuple[set[Path], set[Path]]:
    """The images and the texts in a directory and those below it, hidden ones and links excepted."""
    images: set[Path] = set()
    texts: set[Path] = set()
    away = output.resolve()
    for folder, inner, names in os.walk(source):
        here = Path(folder)
        inner[:] = sorted(each for each in inner if not each.startswith(".") and (here / each).resolve() != away)
        for name in names:
            path = here / name
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            extension = path.suffix.lower().removeprefix(".")
            if extension in INPUT_EXTENSIONS:
                images.add(path)
            elif extension == "txt":
                texts.add(path)
    return images, texts


def _attached_to(path: Path, images: set[Path]) -> bool:
    """Whether an image is the mask or the control image of another."""
    for role in _ROLES:
        if path.name.endswith(f"-{role}.png"):
            stem = path.name.removesuffix(f"-{role}.png")
            return any(path.with_name(f"{stem}.{extension}") in images for extension in INPUT_EXTENSIONS)
    return False


def _attachments_of(path: Path, images: set[Path]) -> dict[str, Path]:
    found = {role: path.with_name(f"{path.stem}-{role}.png") for role in _ROLES}
    return {role: each for role, each in found.items() if each in images}


# --- files ------------------------------------------------------------------------------------------------------------


def _of_lines(source: Path, defaults: Defaults) -> Iterator[_Row]:
    for number, line in enumerate(_text(source).splitlines(), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            template = _template(defaults.prompt, text)
            values = {"line": str(number)}
            yield _Row(f"{source}, line {number}", "", template, values)


def _of_table(source: Path, defaults: Defaults) -> Iterator[_Row]:
    text = _text(source)
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="", strict=True)
    columns = [column.strip() for column in reader.fieldnames or []]
    reader.fieldnames = columns
    if len(set(columns)) < len(columns) or "" in columns:
        raise BadBatch(
            f"{source}: the heading {columns} has two equal names, or an empty one. Give each column its own name."
        )
    if defaults.prompt is None and "prompt" not in columns and "input" not in columns:
        raise BadBatch(f"{source}: has no column `prompt`. Add one, or set --prompt, such as --prompt 'a {{COLUMN}}'.")
    try:
        for row in reader:
            where = f"{source}, line {reader.line_num}"
            if row.get(""):
                raise BadBatch(f"{where}: has more values than there are columns. Put values with commas in quotes.")
            values = {column: (value or "").strip() for column, value in row.items()}
            if any(values.values()):
                yield _of_row(where, source.parent, values, defaults)
    except csv.Error as error:
        raise BadBatch(
            f"{source}, line {reader.line_num}: is not CSV: {error}. Save it as CSV with a heading."
        ) from None


def _of_row(where: str, folder: Path, values: Mapping[str, str], defaults: Defaults) -> _Row:
    item: dict[str, Any] = {}
    if values.get("kind"):
        item["kind"] = values["kind"]
    if size := values.get("size"):
        match = re.fullmatch(r"([1-9][0-9]{0,4})[xX×]([1-9][0-9]{0,4})", size)
        if match is None:
            raise BadBatch(f"{where}: size {size!r} is not valid. Use width and height in pixels, such as 640x480.")
        item["size"] = int(match[1]), int(match[2])
    options = {
        column.removeprefix("option:"): _value(value)
        for column, value in values.items()
        if column.startswith("option:") and value
    }
    if seed := values.get("seed"):
        if not (seed.isascii() and seed.isdigit()):
            raise BadBatch(f"{where}: seed {seed!r} is not valid. Use an integer, at least 0.")
        options["seed"] = int(seed)
    item["options"] = options
    paths = [_path(where, folder, each.strip()) for each in values.get("input", "").split("|") if each.strip()]
    item["inputs"] = tuple(paths)
    for role in _ROLES:
        if values.get(role):
            item[role] = _path(where, folder, values[role])
    template = _template(defaults.prompt, values.get("prompt", ""))
    return _Row(where, _name(where, values.get("name", "")), template, values, item)


def _template(prompt: str | None, text: str) -> str:
    """What is to be filled in: the text of the item, or the prompt of all with the text in it."""
    return text if prompt is None else prompt.replace("{text}", text)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _path(where: str, folder: Path, text: str) -> Path:
    path = folder / text
    if not path.is_file():
        raise BadBatch(f"{where}: {text}: no such file in {folder}. Use a path relative to the directory of the table.")
    return path


def _name(where: str, text: str) -> str:
    parts = PurePosixPath(text).parts
    if text.startswith("/") or any(part == ".." or part.startswith(".") for part in parts) or "\0" in text:
        raise BadBatch(
            f"{where}: name {text!r} is not valid. Use a path relative to OUT, without hidden parts and without `..`."
        )
    return "/".join(parts)


def _text(path: Path) -> str:
    try:
        return read_text(path, MAX_TEXT_BYTES)
    except ValueError as error:
        raise BadBatch(str(error)) from None


def _slug(prompt: str) -> str:
    words = re.sub(r"[^\w]+", "-", prompt.lower()).strip("-_")[:_SLUG].strip("-_")
    return words or "image"


def _version(path: Path | None) -> list[Any] | None:
    if path is None:
        return None
    status = path.stat()
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]
