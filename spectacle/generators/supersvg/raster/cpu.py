"""Compiling for the CPU, and using its cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numba

_Result = TypeVar("_Result")

_MIN_TASKS = 2
"""With fewer bands for each thread, starting threads takes longer than they save."""


def thread_count() -> int:
    """How many threads to use: those that OMP_NUM_THREADS allows, as for torch, otherwise one a core."""
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return int(allowed) if allowed.isdecimal() and int(allowed) else len(os.sched_getaffinity(0))


def compiled(function: Callable[..., Any]) -> Any:
    """Compile on the first call, and keep the machine code on disk where that is possible."""
    try:
        return numba.njit(nogil=True, fastmath=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # neither the package's directory nor the user's cache directory can be written to
        return numba.njit(nogil=True, fastmath=True, error_model="numpy")(function)


def in_threads(work: Callable[[int], _Result], tops: range) -> Iterator[_Result]:
    """The results of the bands in order, whichever thread is done first: sums must not depend on chance."""
    threads = min(thread_count(), len(tops) // _MIN_TASKS)
    if threads <= 1:
        yield from map(work, tops)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, tops)
