"""Problems from MPS files: what a user has on the disk, or downloads, with an optimum that rationals prove.

The doubles that are next to the file's decimal numbers are the problem; its optimum is exact for these.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp

from batteryopt.accuracy.digits import NoReference
from batteryopt.accuracy.problem import AccuracyProblem, Truth
from batteryopt.accuracy.rational_plans import truth_of_small_program
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.inputs import CannotRead, content_of
from batteryopt.solvers.highs.highs_run import new_highs

ENDINGS = (".mps", ".lp")
MOST_ROWS = 1_500
"""Of a problem: larger bases take rationals too long."""
MOST_BYTES = 8_000_000


def problem_of(path: Path, family: str = "files") -> AccuracyProblem:
    """Return the problem of a file; its truth is found here, so that what has none is told before anything is run.

    Raises
    ------
    InvalidInput
        If it cannot be read, is neither linear nor small, or no optimum of it could be proven.
    """
    try:
        content_of(path, most=MOST_BYTES)  # says in words what is wrong with a path
        case = named_problem(path, family)
        case.find_truth()
    except CannotRead as error:
        raise InvalidInput(str(path), [error.fault()]) from error
    except NoReference as error:
        remedy = "give a linear program that has an optimum, with few whole variables or none"
        raise InvalidInput(str(path), [Fault(place="--problem", problem=str(error), remedy=remedy)]) from error
    return case


def named_problem(path: Path, family: str) -> AccuracyProblem:
    """Return the problem of a file that is known to be one."""
    lp = _program(path)
    return AccuracyProblem(
        family=family,
        name=path.stem,
        variant=path.stem,
        size=int(lp.num_col_),
        build=partial(build, path),
        find_truth=partial(_truth, path),
    )


@cache
def _truth(path: Path) -> Truth:
    return truth_of_small_program(build(path))


@cache
def _program(path: Path) -> Any:
    highs = new_highs()
    highs.setOptionValue("output_flag", False)
    if highs.readModel(str(path)) == highspy.HighsStatus.kError:
        raise NoReference("is no file in MPS or LP form that HiGHS can read")
    if highs.getModel().hessian_.dim_ > 0:
        raise NoReference("has a quadratic objective: of these, no optimum is proven from files")
    lp = highs.getLp()
    if lp.num_row_ > MOST_ROWS:
        raise NoReference(f"has {lp.num_row_} rows: at most {MOST_ROWS} are proven in rationals")
    return lp


def build(path: Path) -> Any:
    """Return the file's model: ``x[NAME]`` for its columns, ``row[NAME]`` for its rows."""
    lp = _program(path)
    columns, rows = (_names(names, n) for names, n in ((lp.col_names_, lp.num_col_), (lp.row_names_, lp.num_row_)))
    m = pyo.ConcreteModel(name=path.stem)
    m.x = pyo.Var(columns)
    whole = list(lp.integrality_) or [highspy.HighsVarType.kContinuous] * len(columns)
    for name, low, high, kind in zip(columns, lp.col_lower_, lp.col_upper_, whole, strict=True):
        m.x[name].setlb(_side(low))
        m.x[name].setub(_side(high))
        m.x[name].domain = pyo.Reals if kind == highspy.HighsVarType.kContinuous else pyo.Integers
    bodies = [pyo.quicksum(a * m.x[columns[j]] for j, a in entries) for entries in _entries(lp)]
    m.row = pyo.Constraint(rows)
    for name, body, low, high in zip(rows, bodies, lp.row_lower_, lp.row_upper_, strict=True):
        if _side(low) is not None or _side(high) is not None:  # a further free row limits nothing
            m.row[name] = body == low if low == high else (_side(low), body, _side(high))
    sense = pyo.minimize if lp.sense_ == highspy.ObjSense.kMinimize else pyo.maximize
    costs = (c * m.x[name] for c, name in zip(lp.col_cost_, columns, strict=True) if c)
    m.cost = pyo.Objective(expr=pyo.quicksum(costs) + lp.offset_, sense=sense)
    return m


def _names(names: Any, count: int) -> list[str]:
    given = list(names)
    return given if len(given) == count else [str(k + 1) for k in range(count)]


def _side(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _entries(lp: Any) -> Iterator[list[tuple[int, float]]]:
    """Yield the entries of each row."""
    a, shape = lp.a_matrix_, (lp.num_row_, lp.num_col_)
    make = sp.csc_array if a.format_ == highspy.MatrixFormat.kColwise else sp.csr_array
    matrix = sp.csr_array(make((np.array(a.value_), np.array(a.index_), np.array(a.start_)), shape=shape))
    for i in range(lp.num_row_):
        start, end = matrix.indptr[i], matrix.indptr[i + 1]
        yield list(zip(matrix.indices[start:end].tolist(), matrix.data[start:end].tolist(), strict=True))
