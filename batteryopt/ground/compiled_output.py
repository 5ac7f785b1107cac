"""What compiled code prints to stdout, which is no stream of Python's: sent elsewhere for a while."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def compiled_output_to(descriptor: int) -> Iterator[None]:
    """Send to a file descriptor whatever is printed to stdout meanwhile, by compiled code above all."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    try:
        kept = os.dup(1)
        os.dup2(descriptor, 1)
    except OSError:  # no stdout, no harm
        yield
        return
    try:
        yield
    finally:
        _flush_compiled_code()
        os.dup2(kept, 1)
        os.close(kept)


@contextlib.contextmanager
def silent_compiled_code() -> Iterator[None]:
    """Drop whatever compiled code prints to stdout meanwhile."""
    with open(os.devnull, "wb") as nowhere, compiled_output_to(nowhere.fileno()):
        yield


def _flush_compiled_code() -> None:
    """Empty the C library's buffers, which Python's flush does not reach."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).fflush(None)
