"""What a benchmark leaves behind: all runs as CSV and Parquet, the machine, and a page."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from batteryopt.accuracy.run import machine
from batteryopt.files import write_atomically
from batteryopt.sweep.files import write_table


def save(frame: pd.DataFrame, folder: Path) -> Iterator[Path]:
    """Write everything that the installed packages allow, and yield each path."""
    table = frame.assign(**machine())
    endings = [".csv", *([".parquet"] if importlib.util.find_spec("pyarrow") else [])]
    for ending in endings:
        path = folder / f"runs{ending}"
        write_table(table, path)
        yield path
    if importlib.util.find_spec("plotly"):
        from batteryopt.accuracy.page import page

        path = folder / "accuracy.html"
        write_atomically(path, page(frame))
        yield path
