"""Single files that we wrote, known by a mark in them: what has none is the user's, and is replaced only if asked."""

from __future__ import annotations

import contextlib
import importlib.util
import zipfile
from pathlib import Path

from batteryopt.ground.errors import Fault

NAME = "batteryopt"
META = f'<meta name="generator" content="{NAME}">'
"""Stands at the head of our pages."""
HEAD_BYTES = 1000
"""Within so many bytes from its beginning a page has its mark."""
LONGEST_HEADER = 1_000_000
"""Bytes of the first line of a table, at most."""
SWEPT = frozenset({"model", "route", "solver", "stop_reason", "point_status", "certified", "objective", "bound"})
"""Columns that the table of every sweep has."""
SOFTWARE = {"Software": NAME}
"""What our pictures say of their origin."""


def foreign_file_faults(option: str, path: Path | None, *, overwrite: bool) -> list[Fault]:
    """Return a fault where a file of the user's would be replaced; nothing is lost with one that is empty."""
    if overwrite or path is None or not path.is_file() or not path.stat().st_size or is_ours(path):
        return []
    problem = f"'{path}' is there, and batteryopt did not write it"
    return [Fault(place=option, problem=problem, remedy="give another name; --overwrite replaces it")]


def is_ours(path: Path) -> bool:
    """Return whether a file has the mark of what we write under such a name."""
    suffix = path.suffix.lower()
    try:
        if suffix in (".html", ".htm"):
            return META.encode() in _head(path, HEAD_BYTES)
        if suffix == ".png":
            return b"Software\0" + NAME.encode() in _head(path, HEAD_BYTES)
        if suffix == ".csv":
            return _columns_of_csv(path) >= SWEPT
        if suffix == ".parquet":
            return _columns_of_parquet(path) >= SWEPT
        return suffix in (".xlsx", ".xlsm") and f"lastModifiedBy>{NAME}<" in _properties(path)
    except Exception:  # whatever a library makes of it: a file that cannot be read so is none of ours
        return False


def _head(path: Path, size: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(size)


def _columns_of_csv(path: Path) -> set[str]:
    with path.open("rb") as stream:
        line = stream.readline(LONGEST_HEADER)
    return set(line.decode("utf-8").strip().split(","))


def _columns_of_parquet(path: Path) -> set[str]:
    if importlib.util.find_spec("pyarrow") is None:
        return set()
    import pyarrow.parquet as pq

    return set(pq.read_schema(path).names)


def _properties(path: Path) -> str:
    with contextlib.closing(zipfile.ZipFile(path)) as archive, archive.open("docProps/core.xml") as part:
        return part.read(LONGEST_HEADER).decode("utf-8")
