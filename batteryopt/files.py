"""Writing files so that a half-written one never replaces a good one."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from batteryopt.errors import Fault, InvalidInput

if TYPE_CHECKING:
    import pandas as pd


def csv_of_sums(table: pd.DataFrame) -> str:
    """Return a table of sums of many numbers as CSV: 19459.8 and not 19459.799999999996, and 0 without a sign."""
    numbers = table.select_dtypes("float").columns
    return table.assign(**{name: table[name] + 0.0 for name in numbers}).to_csv(
        index=False, lineterminator="\n", float_format="%.15g"
    )


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
        raise InvalidInput(str(path), [_cannot_write(error)]) from error


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


def _cannot_write(error: OSError) -> Fault:
    reason = (error.strerror or str(error)).lower()
    return Fault(
        place="file",
        problem=f"cannot be written ({reason})",
        remedy="give a path in a folder that exists and that you may write to",
    )
