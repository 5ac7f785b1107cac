"""A sweep's table on disk: CSV or Parquet, by the ending of its name."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from batteryopt.ground.errors import Fault
from batteryopt.ground.files import csv_text, write_atomically
from batteryopt.ground.marks import foreign_file_faults

ENDINGS = (".csv", ".parquet")


def journal_of(out: Path) -> Path:
    """Return where the journal of a table's sweep is kept: beside it."""
    return out.with_name(f"{out.name}.journal")


def table_faults(out: Path, *, overwrite: bool = False) -> Iterator[Fault]:
    """Yield why a table could not be written at a path, before any work is done for it."""
    if out.suffix not in ENDINGS:
        yield Fault(place="--out", problem=f"'{out}' has no ending we write", remedy=f"expected {' or '.join(ENDINGS)}")
    if out.suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        yield Fault(
            place="--out",
            problem="Parquet needs pyarrow, which is not installed",
            remedy="pip install 'batteryopt[parquet]', or write .csv",
        )
    yield from place_faults("--out", out, overwrite=overwrite)


def place_faults(option: str, path: Path, *, overwrite: bool = False) -> Iterator[Fault]:
    """Yield why a file could not be written at a path, or must not be: there is one of the user's."""
    if path.is_dir():
        yield Fault(place=option, problem=f"'{path}' is a folder", remedy="give the file itself")
    elif not path.parent.is_dir():
        yield Fault(place=option, problem=f"there is no folder '{path.parent}'", remedy="make it first")
    else:
        yield from foreign_file_faults(option, path, overwrite=overwrite)


def write_table(frame: pd.DataFrame, out: Path) -> None:
    """Write a table; what was there is replaced in one step."""
    write_atomically(out, table_bytes(frame, out.suffix))


def table_bytes(frame: pd.DataFrame, suffix: str) -> bytes:
    """Return a table as the content of a file with one of `ENDINGS`."""
    if suffix != ".parquet":
        return csv_text(frame).encode()
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()
