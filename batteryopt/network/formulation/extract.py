"""From a point of the model to a plan with names."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd

from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.plan.solution import Solution

NOTHING = 1e-9
"""Up to so much of the network's own tonne a flow is none, and of a step a size: rounding of the solver."""


def to_solution(m: Formulation, network: Network, x: Floats) -> Solution:
    """Return the plan that a point describes."""
    tables = {name: _table(m, name, x, "tonnes") for name in ("processed", "shipped", "stock", "sold", "uncollected")}
    trips = _table(m, "trips", x, "trips")
    disposed = _table(m, "disposed", x, "tonnes").rename(columns={"disposal_type": "type"})
    types = dict(zip(m.labels["disposal_type"], ("", *m.labels["type"]), strict=True))  # the first: none is needed
    disposed["type"] = disposed["type"].map(types)
    return Solution(
        network=network,
        facilities=_facilities(m, network, x),
        trips=trips.assign(trips=trips["trips"].round()),
        disposed=disposed,
        **tables,
    )


def _table(m: Formulation, name: str, x: Floats, unit: str) -> pd.DataFrame:
    """Return the values of a family above `NOTHING`, with the names of its keys."""
    family = m.families[name]
    values = x[family.positions]
    rows = np.flatnonzero(values > (NOTHING * m.tonne if unit == "tonnes" else NOTHING))
    columns: dict[str, Any] = {}
    for key in family.index.keys:
        labels = np.asarray(m.labels[key], dtype=object)
        columns[key] = labels[family.index[key][rows]] if len(rows) else np.zeros(0, dtype=object)
    return pd.DataFrame({**columns, unit: values[rows]})


def _facilities(m: Formulation, network: Network, x: Floats) -> pd.DataFrame:
    """Return what stands: its capacity, and the smallest level that is large enough for it."""
    family = m.families["is_open"]
    share = np.where(family.is_integer, np.round(x[family.positions]), x[family.positions])
    levels = {(c.site, c.type): network.levels_of(c) for c in network.candidates}
    frame = pd.DataFrame({key: family.index[key] for key in ("site", "type", "period", "step")}).assign(share=share)
    rows = []
    for key, mine in frame.groupby(["site", "type", "period"], sort=False):
        site, type_, period = cast(tuple[int, int, int], key)
        shares = mine["share"].to_numpy()
        if shares[0] < 0.5:
            continue
        place = m.labels["site"][site], m.labels["type"][type_]
        sizes = [level.capacity_t for level in levels[place]]
        capacity = float(np.diff([0.0, *sizes]) @ shares)
        level = levels[place][min(int(np.sum(shares > NOTHING)), len(sizes)) - 1]
        rows.append((*place, level.name, m.labels["period"][period], capacity))
    return pd.DataFrame(rows, columns=["site", "type", "level", "period", "capacity_t"])
