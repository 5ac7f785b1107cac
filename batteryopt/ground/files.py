"""Writing files so that a half-written one never replaces a good one, and texts that do no harm where they are read."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.rounding import without_noise

if TYPE_CHECKING:
    import pandas as pd


SECONDS_FOR_ANOTHER = 20.0
"""How long to wait for another process that writes into the same folder."""
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_FIGURE = re.compile(r"[+-]\d[\d.,]*( [\w ;,.%]*)?")
"""A number with words after it, such as "+340 M": no spreadsheet computes anything from it."""
_MARKED = re.compile(r"'+[=+\-@\t\r]")


# ---- texts in CSV --------------------------------------------------------------------------------------------------


def harmless(cell: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula: with a mark before = + - @, numbers as they are.

    `unmarked` gives it back to the letter: of a text that looks like one with a mark, a further mark is taken off.
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _is_number(cell) else cell


def unmarked(cell: str) -> str:
    """Return the text that `harmless` made a cell of."""
    return cell[1:] if _MARKED.match(cell) else cell


def _is_number(cell: str) -> bool:
    if _FIGURE.fullmatch(cell):
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True


def csv_text(table: pd.DataFrame, float_format: str | None = None) -> str:
    """Return a table as CSV, its texts harmless."""
    texts = table.select_dtypes(exclude="number").columns
    safe = table.assign(**{str(name): table[name].map(_harmless_if_text) for name in texts})
    return safe.rename(columns=harmless).to_csv(index=False, lineterminator="\n", float_format=float_format)


def _harmless_if_text(value: object) -> object:
    return harmless(value) if isinstance(value, str) else value


def csv_of_rows(rows: Iterable[Iterable[str]], *, is_as_given: bool = False) -> str:
    """Return rows of texts as CSV, each harmless.

    Parameters
    ----------
    is_as_given
        Whether they are written to the letter: cells of a table of the user's.
    """
    stream = io.StringIO()
    made = rows if is_as_given else (map(harmless, row) for row in rows)
    csv.writer(stream, lineterminator="\n").writerows(made)
    return stream.getvalue()


SUMS_KNOWN_TO = 1e-12
"""Share of the largest number of a column that sums are known to: a solver's tonnes are known no better than that, and
differences of them (returned less collected) leave 6e-13 where there is nothing."""


def csv_of_sums(table: pd.DataFrame) -> str:
    """Return a table of sums of many numbers as CSV: 120 and not 119.999999999996, 0 and not 6e-13 or -0."""
    sums = table.select_dtypes("float")
    known = {name: without_noise(sums[name], of=sums[name], share=SUMS_KNOWN_TO) + 0.0 for name in sums.columns}
    return csv_text(table.assign(**known), float_format="%.12g")


# ---- files ---------------------------------------------------------------------------------------------------------


def write_atomically(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file beside its place, then move it there in one step.

    Whoever reads `path` meanwhile, or after a crash, sees the old content or the new, never a part. A symbolic link
    stays a link: the file that it points to is replaced. A pipe or a device is written to directly.

    Parameters
    ----------
    path
        Where the file shall be; its folder must exist.
    content
        Text, written as UTF-8 with its line ends as they are, or bytes.

    Raises
    ------
    InvalidInput
        If the place cannot be written to; what stood there is untouched.
    """
    target = Path(path).resolve()
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(data)
        else:
            _replace(target, data)
    except OSError as error:
        raise InvalidInput(str(path), [cannot_be_written(error)]) from error


def _replace(target: Path, data: bytes) -> None:
    beside = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        with beside.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if target.is_file():
            beside.chmod(target.stat().st_mode & 0o777)
        beside.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def refuse_existing(path: str | os.PathLike[str], place: str, *, overwrite: bool) -> None:
    """Raise `InvalidInput` where something lies at a path already, unless it may be replaced."""
    if os.path.lexists(path) and not overwrite:
        remedy = "--overwrite (or --force) replaces it"
        raise InvalidInput(str(path), [Fault(place=place, problem="there is one already", remedy=remedy)])


def cannot_be_written(
    error: OSError,
    *,
    place: str = "file",
    remedy: str = "give a path in a folder that exists and that you may write to",
) -> Fault:
    """Return why something cannot be written, for people."""
    return Fault(place=place, problem=f"cannot be written ({reason_of(error)})", remedy=remedy)


def reason_of(error: OSError) -> str:
    """Return what the operating system says, as a part of a sentence."""
    return (error.strerror or str(error)).lower()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes of ours from writing into a folder meanwhile, where the operating system has such locks.

    Raises
    ------
    OSError
        If another one writes there for long.
    """
    try:
        import fcntl
    except ImportError:  # Windows locks no folders
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        _wait_for(lambda: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB))
        yield
    finally:
        os.close(handle)


def _wait_for(lock: Callable[[], None]) -> None:
    give_up = time.monotonic() + SECONDS_FOR_ANOTHER
    while True:
        try:
            lock()
        except BlockingIOError as error:
            if time.monotonic() > give_up:
                raise OSError(error.errno, "another process writes into it") from error
            time.sleep(0.05)
        except OSError:  # a file system without locks
            return
        else:
            return
