"""Prepared checkpoints: self-contained directories that are complete or not there, made by `spectacle prepare`."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

import spectacle
from spectacle.errors import SpectacleError, WeightsMissing
from spectacle.weights.digest import digest_file
from spectacle.weights.store import MARKER, FileRecord, check_size, sync_folder, write_synced


class Manifest(BaseModel):
    """What a prepared directory holds.

    Attributes:
        generator: The generator it is for.
        preset: Its preset, or None.
        quantization: How the weights are stored: `none`, `int8`, `nf4`.
        made_from: The commits it was made from, by repository.
        version: Spectacle's version that made it.
        files: Every file in it but this one.
    """

    model_config = ConfigDict(frozen=True)
    generator: str
    preset: str | None
    quantization: str
    made_from: dict[str, str]
    version: str
    files: dict[str, FileRecord]


def write_prepared(
    into: Path,
    write: Callable[[Path], Mapping[str, str]],
    *,
    generator: str,
    preset: str | None,
    quantization: str,
) -> Manifest:
    """Have a checkpoint written into a new directory that appears under its name only once it is complete.

    Args:
        into: The directory to make; it must not exist, or be empty.
        write: Writes the files into the directory it is given, and returns the commits they were made from.
        generator: The generator it is for.
        preset: Its preset, or None.
        quantization: How the weights are stored.

    Raises:
        SpectacleError: When the directory exists already or cannot be made. What `write` raises passes through.
    """
    into = into.absolute()
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise SpectacleError(f"{into}: exists already. Use a new directory, or remove it first.")
    partial = into.with_name(f".{into.name}.partial-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
        made_from = write(partial)
        files = {}
        mode = partial.stat().st_mode & 0o666
        for path in sorted(each for each in partial.rglob("*") if each.is_file()):
            path.chmod(mode)  # safetensors writes files that nobody else can read
            digest = digest_file(path)
            with path.open("rb") as file:
                os.fsync(file.fileno())
            files[path.relative_to(partial).as_posix()] = FileRecord(size=digest.size, sha256=digest.sha256)
        manifest = Manifest(
            generator=generator,
            preset=preset,
            quantization=quantization,
            made_from=dict(made_from),
            version=spectacle.__version__,
            files=files,
        )
        write_synced(partial / MARKER, manifest.model_dump_json(indent=1).encode())
        partial.rename(into)
        sync_folder(into.parent)
    except OSError as error:
        raise SpectacleError(f"{into}: could not be written: {_said(error)}. Nothing was left.") from error
    except Exception as error:
        # What safetensors raises when the disk is full is not an OSError; torch must not be imported to name its type.
        if type(error).__name__ != "SafetensorError":
            raise
        raise SpectacleError(f"{into}: could not be written: {error}. Nothing was left.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def broken_off(into: Path) -> list[Path]:
    """What others that were to become the directory have left, or are still writing."""
    into = into.absolute()
    return sorted(into.parent.glob(f".{glob.escape(into.name)}.partial-*"))


def _said(error: OSError) -> str:
    """The reason alone; `shutil.copytree` raises a list of every file with its own."""
    if isinstance(error, shutil.Error) and error.args and error.args[0]:
        return str(error.args[0][0][2])
    return error.strerror or str(error)


def open_prepared(path: Path, generator: str, preset: str | None) -> Manifest:
    """Check that a prepared directory is complete and for this generator and preset, or for any preset when it is None.

    Raises:
        WeightsMissing: When it is not; the message names the file and the remedy.
    """
    wanted = f" --preset {preset}" if preset else ""
    remedy = f"create it with `spectacle prepare {generator}{wanted} --into {path}`"
    again = f"Copy it again, or remove {path} and {remedy}"
    try:
        manifest = Manifest.model_validate_json((path / MARKER).read_bytes())
    except OSError as error:
        raise WeightsMissing(
            f"{path}: not a prepared checkpoint: {MARKER}: {error.strerror}. {remedy[0].upper()}{remedy[1:]}."
        ) from None
    except ValidationError:
        raise WeightsMissing(f"{path / MARKER}: cannot be read. {again}.") from None
    if manifest.generator != generator or preset not in (None, manifest.preset):
        made = f"{manifest.generator}{f', preset {manifest.preset}' if manifest.preset else ''}"
        key = f"{manifest.generator}/{manifest.preset}" if manifest.preset else manifest.generator
        raise WeightsMissing(
            f"{path}: was prepared for {made}. List it as {key!r} in [weights.prepared], so that others use pulled "
            f"weights or have a directory of their own."
        )
    try:
        for name, record in manifest.files.items():
            check_size(path / name, record.size)
    except WeightsMissing as error:
        raise WeightsMissing(f"{error.message} {again}.") from None
    return manifest
