"""Where the contract of a coordination game exists: ranges of each parameter, and maps of two at a time, by formula."""

from __future__ import annotations

from typing import Any

import numpy as np

from batteryopt.games.coordination.data.instance import CoordinationInstance
from batteryopt.games.coordination.formula.equilibrium import Parameters
from batteryopt.games.coordination.view.sensitivity import SYMBOLS, Floats, changed, quantities, varied
from batteryopt.report import page
from batteryopt.report.charts import chart, points
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, number

FAR = 4.0
"""Parameters are tried from zero to this many times their value."""
TRIED, CELLS, HALVINGS = 401, 61, 40
DIGITS = 3
LARGEST = {"theta": 0.999}
PAIRS = (("w_t", "m"), ("theta", "w_t"))


def section(instance: CoordinationInstance) -> Section:
    """Return the section of where the contract exists."""
    intro = page.paragraph(
        "A contract coordinates where the share x of the service cost that it asks of the enterprise lies between 0 "
        "and 1 and the chain gains; by formula, all else as in the instance."
    )
    blocks = [intro, page.table(ranges(instance))]
    if found := charts(instance):
        blocks.append(page.charts(found))
    return Section(title="Where the contract exists", blocks=blocks)


def ranges(instance: CoordinationInstance) -> Table:
    """Return for each parameter the range, nearest to its value, in which the contract exists."""
    base = Parameters.of(instance)
    rows: list[list[Cell]] = [[SYMBOLS[symbol], value, *_range(base, symbol, value)] for symbol, value in varied(base)]
    caption = f"Ranges in which a contract coordinates, each parameter alone, tried from 0 to {FAR:g} times its value"
    return Table(caption=caption, columns=["Parameter", "Here", "From", "To"], rows=rows, digits=DIGITS)


def charts(instance: CoordinationInstance) -> list[dict[str, Any]]:
    """Return maps of the cost share over two parameters, blank where there is no contract; none that is all blank."""
    base = Parameters.of(instance)
    found = (_map(base, *pair) for pair in PAIRS if all(getattr(base, symbol) > 0 for symbol in pair))
    return [spec for spec in found if spec is not None]


def _exists(base: Parameters, symbol: str, values: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.isfinite(quantities(changed(base, **{symbol: values}), values.shape)["gain"])


def _range(base: Parameters, symbol: str, value: float) -> tuple[Cell, Cell]:
    """Return both ends of the range nearest to the value; none without any contract."""
    tried = _tried(symbol, value)
    exists = _exists(base, symbol, tried)
    if not exists.any():
        return None, None
    nearest = np.flatnonzero(exists)[np.abs(tried[exists] - value).argmin()]
    outside = np.flatnonzero(~exists)
    below, above = outside[outside < nearest], outside[outside > nearest]
    low: Cell = _open_end(tried[0]) if not len(below) else _edge(base, symbol, tried[below[-1] + 1], tried[below[-1]])
    high: Cell = _open_end(tried[-1]) if not len(above) else _edge(base, symbol, tried[above[0] - 1], tried[above[0]])
    return low, high


def _open_end(value: float) -> str:
    """Return the last value tried as an end that is none; nothing was tried beyond zero."""
    return "0" if value == 0 else f"{number(value, DIGITS)} or beyond"


def _tried(symbol: str, value: float) -> Floats:
    """Return values from zero outwards, in order, with the instance's own among them."""
    far = min(FAR * value, LARGEST.get(symbol, np.inf))
    return np.unique(np.append(np.linspace(min(0.0, far), max(0.0, far), TRIED), value))


def _edge(base: Parameters, symbol: str, inside: float, outside: float) -> float:
    """Return where the contract ceases to exist between two neighbouring values, by halving."""
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if _exists(base, symbol, np.array([middle]))[0]:
            inside = middle
        else:
            outside = middle
    return float(inside)


def _map(base: Parameters, across: str, up: str) -> dict[str, Any] | None:
    x, y = (_axis(base, symbol) for symbol in (across, up))
    grid = np.meshgrid(x, y)
    values = quantities(changed(base, **{across: grid[0], up: grid[1]}), grid[0].shape)["cost-share"]
    if not np.isfinite(values).any():
        return None
    trace = {
        "type": "contour",
        "x": [float(f"{v:.6g}") for v in x],
        "y": [float(f"{v:.6g}") for v in y],
        "z": [[None if v != v else float(f"{v:.4g}") for v in row] for row in values.tolist()],
        "colorscale": "Viridis",
        "zmin": 0,
        "zmax": 1,
        "colorbar": {"title": {"text": "x"}, "thickness": 14, "outlinewidth": 0},
        "contours": {"coloring": "heatmap", "start": 0, "end": 1, "size": 0.1},
        "line": {"width": 0.5, "color": "rgba(255,255,255,0.6)"},
        "hovertemplate": f"{SYMBOLS[across]} %{{x:.4~g}}<br>{SYMBOLS[up]} %{{y:.4~g}}<br>x %{{z:.3f}}<extra></extra>",
    }
    here = {"line": {"color": "#000000", "width": 1.5}}
    own = points([getattr(base, across)], [getattr(base, up)], "this instance", "#ffffff", marker=here)
    return chart(
        f"contract-exists-{across}-{up}".replace("_", "-"),
        f"Cost share x: {SYMBOLS[across]} × {SYMBOLS[up]}",
        [trace, {**own, "showlegend": False}],
        x=SYMBOLS[across],
        y=SYMBOLS[up],
        height=400,
        note="The dot is this instance; blank where no contract coordinates.",
    )


def _axis(base: Parameters, symbol: str) -> Floats:
    value = float(getattr(base, symbol))
    return np.linspace(0.0, min(2.0 * value, LARGEST.get(symbol, np.inf)), CELLS)
