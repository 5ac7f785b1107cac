"""Distance tables: CSV (a square with names on both sides) or NPZ (arrays ``site`` and ``km``)."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from batteryopt.errors import Fault, nearest
from batteryopt.network.instance import Floats

NO_WAY = ""
"""An empty cell of a CSV matrix: there is no way."""
SHOWN = 5
"""Missing sites named one by one before the rest are counted."""


def read_matrix(path: Path, sites: Sequence[str], faults: list[Fault]) -> Floats:
    """Return distances in km in the order of `sites` (S, S), NaN where there is no way.

    The file may have more sites than the network. What is wrong goes to `faults`, and the answer is all zeros.
    """
    nothing = np.zeros((len(sites), len(sites)))
    try:
        names, km = _read_npz(path) if path.suffix == ".npz" else _read_csv(path)
    except FileNotFoundError:
        faults.append(
            Fault(place=path.name, problem="there is no such file", remedy="check [distances] in network.toml")
        )
        return nothing
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        remedy = "expected a square of km with site names on both sides, or an NPZ file with arrays site and km"
        faults.append(Fault(place=path.name, problem=f"cannot be read ({error})", remedy=remedy))
        return nothing
    position = {name: i for i, name in enumerate(names)}
    missing = [name for name in sites if name not in position]
    for name in missing[:SHOWN]:
        remedy = f"{nearest(name, position)} A site without a way has a row and a column of empty cells"
        faults.append(Fault(place=path.name, problem=f"has no site '{name}'", remedy=remedy))
    if len(missing) > SHOWN:
        problem = f"lacks {len(missing) - SHOWN} more of the network's sites"
        faults.append(Fault(place=path.name, problem=problem, remedy="as above"))
    if missing:
        return nothing
    index = np.array([position[name] for name in sites], dtype=int)
    return np.array(km[np.ix_(index, index)], dtype=float)


def _read_npz(path: Path) -> tuple[list[str], Floats]:
    with np.load(path, allow_pickle=False) as arrays:
        names = [str(name).strip() for name in arrays["site"]]
        km = np.asarray(arrays["km"])
    return names, _square(names, km)


def _read_csv(path: Path) -> tuple[list[str], Floats]:
    rows = [row for row in csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")) if any(row)]
    if not rows:
        raise ValueError("it is empty")
    names = [name.strip() for name in rows[0][1:]]
    down = [row[0].strip() for row in rows[1:]]
    if down != names:
        raise ValueError("its first column does not repeat its first row")
    km = np.array([[float(cell) if cell.strip() != NO_WAY else np.nan for cell in row[1:]] for row in rows[1:]])
    return names, _square(names, km)


def _square(names: list[str], km: Floats) -> Floats:
    if km.shape != (len(names), len(names)):
        raise ValueError(f"{len(names)} names, but a table of {' x '.join(map(str, km.shape))}")
    return km


def matrix_bytes(names: Sequence[str], km: Floats) -> bytes:
    """Return distances as the content of an NPZ file, the same bytes for the same distances."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in (("site", np.array(names)), ("km", km)):
            part = io.BytesIO()
            np.save(part, array)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), part.getvalue(), zipfile.ZIP_DEFLATED
            )
    return stream.getvalue()
