"""Make ``batteryopt/network/view/borders.json`` from Natural Earth's countries at 1:50 million.

    npm pack world-atlas@2 && tar xf world-atlas-2.*.tgz
    python data/natural-earth/build.py package/countries-50m.json batteryopt/network/view/borders.json

The npm package holds the countries as TopoJSON: arcs that neighbours share. Every arc becomes one line, thinned to
three hundredths of a degree and rounded to hundredths, and written as differences of hundredths of a degree.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

TOLERANCE_DEG = 0.03
HUNDREDTHS = 100
SOURCE = "Natural Earth 1:50m countries (public domain), by way of the npm package world-atlas 2.0.2; thinned"


def main(source: str, target: str) -> None:
    """Convert one file."""
    topology = json.loads(Path(source).read_text(encoding="utf-8"))
    scale, shift = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    lines = [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]
    whole = [np.round(thinned(line) * HUNDREDTHS).astype(int) for line in lines]
    steps = [np.vstack([line[:1], np.diff(line, axis=0)]).ravel().tolist() for line in whole if len(line) > 1]
    unit = "hundredths of a degree: longitude, latitude, then differences"
    content = {"source": SOURCE, "unit": unit, "lines": steps}
    Path(target).write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")


def thinned(line: np.ndarray) -> np.ndarray:
    """Return the points that keep a line within the tolerance (Douglas and Peucker)."""
    keep = np.zeros(len(line), dtype=bool)
    keep[[0, -1]] = True
    parts = [(0, len(line) - 1)]
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        distance = _distance(line[first + 1 : last], line[first], line[last])
        farthest = int(np.argmax(distance))
        if distance[farthest] > TOLERANCE_DEG:
            middle = first + 1 + farthest
            keep[middle] = True
            parts += [(first, middle), (middle, last)]
    return line[keep]


def _distance(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    way = end - start
    length = float(np.hypot(*way))
    if length == 0:
        return np.hypot(*(points - start).T)
    offset = points - start
    return np.abs(way[0] * offset[:, 1] - way[1] * offset[:, 0]) / length


if __name__ == "__main__":
    main(*sys.argv[1:])
