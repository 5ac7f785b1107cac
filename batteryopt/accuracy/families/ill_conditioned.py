"""Quadratic programs that are hard on purpose, with an active set that is known because it was chosen.

A point, multipliers and a Hessian are drawn, and the linear costs follow: ``c = A'y + z - Qx``. The rounding of c to
doubles moves the optimum, so that the reference is solved anew, in fifty digits, from the doubles that a solver sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyomo.environ as pyo

from batteryopt.accuracy.kkt_points import truth_of_program
from batteryopt.accuracy.problem import AccuracyProblem, Truth

Floats = npt.NDArray[np.float64]
SIZES = (4, 20, 100)


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield each hardship at each size."""
    for hardship in ("plain", "scaled-columns", "nearly-singular", "degenerate"):
        for size in SIZES[:1] if quick else SIZES:
            yield AccuracyProblem(
                family="ill-conditioned",
                name=f"{hardship}-{size}-{seed}",
                variant=hardship,
                size=size,
                build=partial(build, hardship, size, seed),
                find_truth=partial(_truth, hardship, size, seed),
            )


def build(hardship: str, size: int, seed: int) -> Any:
    """Return ``min c'x + x'Qx/2`` with x >= 0 and ``Ax >= b``; a third of the variables and half the rows are active.

    scaled-columns: units from 1e-6 to 1e6; nearly-singular: eigenvalues from 1 down to 1e-8, in a random basis;
    degenerate: every active row once more, and the multipliers of some active rows are 0.
    """
    rng = np.random.default_rng([seed, size])
    x, y, z = _chosen(rng, size, hardship)
    hessian = _hessian(rng, size, 1e-8 if hardship == "nearly-singular" else 1e-1)
    rows = rng.uniform(-1, 1, (len(y), size))
    slack = np.where(_active_rows(len(y)), 0.0, rng.uniform(0.5, 1.5, len(y)))
    sides, costs = rows @ x - slack, rows.T @ y + z - hessian @ x
    units = _units(hardship, size, seed)
    hessian, rows, costs = hessian / np.outer(units, units), rows / units, costs / units
    return _model(hessian, rows, sides, costs, copies=hardship == "degenerate")


def _units(hardship: str, size: int, seed: int) -> Floats:
    """Return the size of each variable's unit."""
    rng = np.random.default_rng([seed, size, 1])
    return np.asarray(10.0 ** rng.uniform(-6, 6, size)) if hardship == "scaled-columns" else np.ones(size)


def _chosen(rng: np.random.Generator, size: int, hardship: str) -> tuple[Floats, Floats, Floats]:
    """Return the point, the multipliers of rows and those of bounds."""
    at_zero, active = np.arange(size) % 3 == 0, _active_rows(max(2, size // 4))
    x = np.where(at_zero, 0.0, rng.uniform(0.5, 2, size))
    y = np.where(active, rng.uniform(0.5, 2, len(active)), 0.0)
    if hardship == "degenerate":
        y[0] = 0.0
    return x, y, np.where(at_zero, rng.uniform(0.5, 2, size), 0.0)


def _active_rows(count: int) -> npt.NDArray[np.bool_]:
    return np.asarray(np.arange(count) % 2 == 0)


def _hessian(rng: np.random.Generator, size: int, smallest: float) -> Floats:
    """Return a symmetric matrix with eigenvalues from 1 down to the smallest, in equal steps of their logarithm."""
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    product = (basis * np.geomspace(1.0, smallest, size)) @ basis.T
    return np.asarray((product + product.T) / 2)


def _model(hessian: Floats, rows: Floats, sides: Floats, costs: Floats, *, copies: bool) -> Any:
    m = pyo.ConcreteModel(name="quadratic program")
    m.COLUMNS, m.ROWS = pyo.RangeSet(0, len(costs) - 1), pyo.RangeSet(0, len(sides) - 1)
    m.x = pyo.Var(m.COLUMNS, bounds=(0, None))
    m.row = pyo.Constraint(m.ROWS, rule=lambda m, i: _product(rows[i], m.x) >= float(sides[i]))
    if copies:
        m.copy = pyo.Constraint(
            [i for i in m.ROWS if i % 2 == 0], rule=lambda m, i: 2 * _product(rows[i], m.x) >= 2 * float(sides[i])
        )
    curved = pyo.quicksum(
        (0.5 if i == j else 1.0) * float(hessian[i, j]) * m.x[i] * m.x[j]
        for i in m.COLUMNS
        for j in m.COLUMNS
        if i <= j
    )
    m.objective = pyo.Objective(expr=_product(costs, m.x) + curved)
    return m


def _product(coefficients: Floats, variables: Any) -> Any:
    return pyo.quicksum(float(a) * variables[j] for j, a in enumerate(coefficients))


def _truth(hardship: str, size: int, seed: int) -> Truth:
    model = build(hardship, size, seed)
    active = {f"x[{j}]" for j in range(size) if j % 3 == 0}
    is_degenerate = hardship == "degenerate"  # its first row has a multiplier of 0: rounding decides on which side
    active |= {f"row[{i}]" for i in range(2 if is_degenerate else 0, len(model.ROWS), 2)}
    unit = {f"x[{j}]": float(u) for j, u in enumerate(_units(hardship, size, seed))}
    return truth_of_program(model, active, "row[0]" if is_degenerate else None, unit=unit)
