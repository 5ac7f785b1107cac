"""What a benchmark leaves behind: all runs as CSV and Parquet, the machine, and a page."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd

from batteryopt.accuracy.accuracy_run import machine
from batteryopt.ground.owned import OwnedFolder
from batteryopt.sweep.sweep_files import table_bytes


def names() -> list[str]:
    """Return the names of the files that the installed packages allow."""
    is_there = importlib.util.find_spec
    parquet, page = ["runs.parquet"] if is_there("pyarrow") else [], ["accuracy.html"] if is_there("plotly") else []
    return ["runs.csv", *parquet, *page]


def save(frame: pd.DataFrame, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write everything that the installed packages allow, and return the paths.

    Raises
    ------
    InvalidInput
        If files of the user's lie in the way, or there is no room; then nothing is written.
    """
    table = frame.assign(**machine())
    contents = {name: _content(name, frame, table) for name in names()}
    OwnedFolder(folder).put(contents, overwrite=overwrite)
    return [folder / name for name in contents]


def _content(name: str, frame: pd.DataFrame, table: pd.DataFrame) -> bytes:
    if name != "accuracy.html":
        return table_bytes(table, Path(name).suffix)
    from batteryopt.accuracy.accuracy_page import page

    return page(frame).encode()
