"""Reading what users give: plain files of a sane size, and in words why one cannot be read.

A reader hands the file's bytes to a library inside of `in_words`: whatever the library raises becomes a fault with its
place. Sizes are bounded, each with its limit in the words, so that no input takes all of the memory.
"""

from __future__ import annotations

import contextlib
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import reason_of

MOST_BYTES = 200_000_000
"""Of a file that is read as a whole."""
MOST_UNPACKED = 500_000_000
"""Of all parts of an archive together, unpacked: a sheet of cells takes several times as much in memory."""
MOST_ROWS, MOST_COLUMNS = 1_000_000, 20_000
"""Of a table."""
MOST_CELLS = 50_000_000
"""Of a table: 7,000 sites by 7,000."""
MOST_PERIODS = 1_000
LARGEST = 1e15
"""Of any number in tables, in whatever unit: beyond it no solver takes a coefficient, and no sum keeps its cents."""
FARTHEST_KM = 100_000.0
"""Of any distance: more than twice around the earth."""


class CannotRead(Exception):
    """A file cannot be read, or must not be: `problem` and `remedy` as in a fault."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy

    def fault(self, place: str = "file") -> Fault:
        """Return the fault."""
        return Fault(place=place, problem=self.problem, remedy=self.remedy)


def content_of(path: str | os.PathLike[str], *, most: int = MOST_BYTES) -> bytes:
    """Return what is in a file.

    Raises
    ------
    CannotRead
        If there is none, or it is a folder, a pipe, a device, or too large.
    """
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise CannotRead("is a folder", "give the file itself")
        if not stat.S_ISREG(status.st_mode):
            raise CannotRead("is a pipe or a device", "save it as a file: it is read more than once")
        if status.st_size > most:
            problem = f"has {status.st_size:,} bytes, and at most {most:,} are read"
            raise CannotRead(problem, "is it the right file? Leave out what is not needed")
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise CannotRead("there is no such file", "check the path") from error
    except OSError as error:
        raise CannotRead(f"cannot be read ({reason_of(error)})", "check the file and its permissions") from error
    except ValueError as error:  # a path with a zero in it
        raise CannotRead(f"cannot be read ({error})", "check the path") from error


@contextlib.contextmanager
def in_words(remedy: str, *, problem: str = "cannot be read") -> Iterator[None]:
    """Turn whatever a library raises over an input into `CannotRead`: what that may be, no library says.

    An interrupt passes, and so does what is in words already.
    """
    try:
        yield
    except (CannotRead, InvalidInput):
        raise
    except MemoryError as error:
        raise CannotRead(f"{problem} (it does not fit into memory)", remedy) from error
    except Exception as error:
        raise CannotRead(f"{problem} ({_short(error)})", remedy) from error


def _short(error: Exception, most: int = 200) -> str:
    """Return what an error says, in a line."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= most else f"{words[:most]}..."


def refuse_bombs(archive: zipfile.ZipFile, *, most: int = MOST_UNPACKED) -> None:
    """Raise `CannotRead` where an archive is much larger unpacked than anybody needs."""
    size = sum(part.file_size for part in archive.infolist())
    if size > most:
        raise CannotRead(f"unpacks to {size:,} bytes, and at most {most:,} are read", "leave out what is not needed")


def counted(amount: int, most: int, what: str, add: Callable[[Fault], object], place: str) -> bool:
    """Return whether an amount is not above its bound; else tell it."""
    if amount <= most:
        return True
    add(Fault(place=place, problem=f"has {amount:,} {what}, and at most {most:,} are read", remedy="leave some out"))
    return False
