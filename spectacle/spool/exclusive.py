"""Renaming a file to a name that must not exist, which Python lacks: it decides where there are no hard links."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
from collections.abc import Callable

_NO_REPLACE = 1
"""`RENAME_NOREPLACE` of Linux."""


def rename_exclusive(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
    """Rename, in one step, unless there is something of the name `target`.

    Args:
        source: The name it has, relative to `src_dir_fd`.
        target: The name it gets, relative to `dst_dir_fd`.
        src_dir_fd: A directory.
        dst_dir_fd: A directory.

    Raises:
        FileExistsError: When there is something of that name.
        OSError: When it cannot be renamed; `EINVAL` or `ENOSYS` where the file system or this host cannot do that.
    """
    call = _renameat2()
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), source, None, target)
    if call(src_dir_fd, os.fsencode(source), dst_dir_fd, os.fsencode(target), _NO_REPLACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), source, None, target)


@functools.cache
def _renameat2() -> Callable[..., int] | None:
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    call.restype = ctypes.c_int
    return call  # type: ignore[no-any-return]
