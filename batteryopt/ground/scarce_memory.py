"""A process that may use only so much memory (``ulimit -v``): made to need less of it, and told before it runs out."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

LEAST_TO_SOLVE = 48 << 20
"""Bytes of addresses that a solver needs to begin: the stacks of two threads of 8 MB each, their thread-local data and
its first arrays. With less, compiled code ends the whole process without a word, where Python could still have said
one."""
SCARCE = 2 << 30
"""Bytes below which a solver works in one thread, unless it is asked for more: where a thread of compiled code lacks
any, the whole process ends."""
_ARENAS = -8
"""glibc's number of the option ``M_ARENA_MAX``."""
_UNLOADABLE = ("failed to map segment", "cannot allocate memory", "cannot map zero-fill pages")
"""How the loader of Linux says that there was no memory for a library."""
_LOST = ("error return without exception set", "without setting an exception")
"""How CPython says that its own `MemoryError` was lost on the way, which it may be where no memory is left for it."""


def limit() -> int | None:
    """Return the bytes of addresses that this process may use; None where nobody limits them."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if most == resource.RLIM_INFINITY else most


def left() -> int | None:
    """Return the bytes of addresses that are left; None where there is no limit, or nothing tells how many are used."""
    most = limit()
    if most is None:
        return None
    try:
        import resource

        return most - int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return None


@functools.cache
def use_one_heap() -> None:
    """Let all threads allocate from one heap where addresses are limited; to be called before there are threads.

    glibc reserves 64 MB of addresses for each thread; where they are refused it asks again at *every* allocation, so
    that a solver spends its time in the system's calls instead of its tree: twenty times as slow was measured, which
    looks like a hang.
    """
    if limit() is None or not sys.platform.startswith("linux"):
        return
    import contextlib
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # another C library has no such option, and no such heaps
        ctypes.CDLL(None).mallopt(_ARENAS, 1)


def is_scarce() -> bool:
    """Whether so few addresses are left that further threads are not worth theirs."""
    room = left()
    return room is not None and room < SCARCE


def require_room_to_solve() -> None:
    """Raise `MemoryError` where a solver could not begin."""
    room = left()
    if room is not None and room < LEAST_TO_SOLVE:
        raise MemoryError(f"{room >> 20} MB are left of those that this process may use, too few to begin a solve")


def is_want_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out: Python's own, or a library that could not be loaded for it."""
    words = str(error).lower()
    is_import = isinstance(error, ImportError | OSError) and any(sign in words for sign in _UNLOADABLE)
    is_lost = isinstance(error, SystemError) and any(sign in words for sign in _LOST) and limit() is not None
    return isinstance(error, MemoryError) or is_import or is_lost or "can't start new thread" in words
