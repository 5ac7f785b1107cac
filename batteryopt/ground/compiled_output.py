"""What compiled code prints to stdout, which is no stream of Python's: sent elsewhere for a while."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any


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


_HEARD = ((1, "stdout"), (2, "stderr"))
_lock = threading.Lock()
_silences = 0
"""How many pieces of work want silence now: threads share the process's descriptors."""
_ends = contextlib.ExitStack()


@contextlib.contextmanager
def only_python_speaks() -> Iterator[None]:
    """Drop what compiled code prints to stdout and stderr meanwhile; what Python's own streams say comes through.

    Some libraries have messages that no setting of theirs silences. A progress bar or a warning of another thread has
    nothing to do with them: `sys.stdout` and `sys.stderr` write to copies of their descriptors for as long.
    """
    global _silences, _ends
    with _lock:
        _silences += 1
        if _silences == 1:
            _ends = contextlib.ExitStack()
            # Looked at before anything is opened: a new file takes the number of a stream that is closed.
            for descriptor, name in [heard for heard in _HEARD if _is_open(heard[0])]:
                _ends.enter_context(_without_compiled(descriptor, name))
    try:
        yield
    finally:
        with _lock:
            _silences -= 1
            if _silences == 0:
                _ends.close()


@contextlib.contextmanager
def _without_compiled(descriptor: int, name: str) -> Iterator[None]:
    stream = getattr(sys, name)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        stream.flush()
    _flush_compiled_code()
    kept = os.dup(descriptor)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), descriptor)
    copy = _copy_of(stream, descriptor, kept)
    if copy is not None:
        setattr(sys, name, copy)
    try:
        yield
    finally:
        if copy is not None:
            with contextlib.suppress(OSError, ValueError):
                copy.flush()
            if getattr(sys, name) is copy:  # else somebody put another in its place meanwhile
                setattr(sys, name, stream)
        _flush_compiled_code()
        os.dup2(kept, descriptor)
        os.close(kept)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _copy_of(stream: Any, descriptor: int, kept: int) -> IO[str] | None:
    """Return a stream like one of Python's that writes to another descriptor; None where it does not write to this."""
    try:
        if stream.fileno() != descriptor:
            return None
        return open(kept, "w", encoding=stream.encoding, errors=stream.errors, buffering=1, closefd=False, newline="")
    except (OSError, ValueError, AttributeError):  # a notebook's or a test's stream: it has no descriptor
        return None


def _flush_compiled_code() -> None:
    """Empty the C library's buffers, which Python's flush does not reach."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).fflush(None)
