"""Linear and quadratic programs: the optimum proven by its KKT conditions, and points judged, in fifty digits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp

from batteryopt.accuracy.digits import NoReference, Number, exact, exacts, solve_linear
from batteryopt.accuracy.dual_errors import judge_of
from batteryopt.accuracy.exact_program import ExactProgram, KktPoint
from batteryopt.accuracy.problem import Evaluation, Point, Truth, unit_of
from batteryopt.solvers.compile.arrays import QuadraticProgram, compile_model

PROOF = 1e-25
"""Slack of the signs of multipliers and constraints in the proof of an optimum."""
ROUNDS = 50
"""Most active sets that are tried."""
Profits = Callable[[Point], Mapping[str, Number]]


def prove_optimum(program: ExactProgram, active: Collection[str] = (), perhaps: str | None = None) -> KktPoint:
    """Return the KKT point of a convex program with a given active set, checked in fifty digits.

    Parameters
    ----------
    active
        Names of the variables and constraints that stand at a bound (the only one they have, or the lower one);
        equalities need no mention.
    perhaps
        One that may be active or not: rounding decides, and the proof shows which.

    Raises
    ------
    NoReference
        If the point is not feasible, or a multiplier has the wrong sign, so that it is no optimum.
    """
    if not is_convex_where_feasible(program.program):
        raise NoReference("the program is not convex where its equations hold: a KKT point proves nothing")
    try:
        return _prove(program, set(active))
    except NoReference:
        if perhaps is None:
            raise
        return _prove(program, {*active, perhaps})


def active_set(program: ExactProgram) -> set[str]:
    """Return what is active in the optimum of a convex program, for `prove_optimum` to confirm.

    Active becomes what is violated, and inactive what has a multiplier of the wrong sign, until neither changes
    (Hintermüller, Ito and Kunisch, 2002). Each row and column must have one bound at most, or be an equality.
    """
    p, active = program.program, set[str]()
    rows = list(zip((str(c.name) for c in p.constraints), p.row_lower, p.row_upper, strict=True))
    columns = list(zip(program.names, p.lower, p.upper, strict=True))
    for _ in range(ROUNDS):
        optimum = _kkt_point(program, active)
        values = [*program.A.times(optimum.x), *optimum.x]
        limits = zip([*rows, *columns], values, [*optimum.y, *optimum.z], strict=True)
        chosen = {
            name
            for (name, low, high), value, multiplier in limits
            if low != high and (multiplier * (1 if np.isfinite(low) else -1) > 0 or value < low or value > high)
        }
        if chosen == active:
            return active
        active = chosen
    raise NoReference("no active set was found")


def is_convex_where_feasible(p: QuadraticProgram) -> bool:
    """Return whether the objective is convex on the points that satisfy the equations, which is all that counts.

    That is so where the Hessian bordered by n columns and m independent equations has n positive eigenvalues and m
    negative ones.
    """
    if p.is_convex():
        return True
    equations = p.A[np.flatnonzero(p.row_lower == p.row_upper), :].toarray()
    count = len(equations)
    hessian = p.sign * p.Q.toarray() + np.diag(is_unused(p).astype(float))
    equations = equations * (abs(hessian).max() / abs(equations).max(axis=1, keepdims=True))
    bordered = np.block([[hessian, equations.T], [equations, np.zeros((count, count))]])
    eigenvalues = np.linalg.eigvalsh(bordered)
    return int((eigenvalues > 0).sum()) == len(p.c) and int((eigenvalues < 0).sum()) == count


def is_unused(p: QuadraticProgram) -> Any:
    """Return which columns (n) appear neither in the objective nor in a row: any value of theirs is right."""
    entries = abs(p.Q).sum(axis=0) + abs(p.A).sum(axis=0) + abs(p.c)
    return np.asarray(entries).ravel() == 0.0


def _prove(program: ExactProgram, active: set[str]) -> KktPoint:
    optimum = _kkt_point(program, active)
    _verify(program, optimum)
    return optimum


def _kkt_point(program: ExactProgram, active: set[str]) -> KktPoint:
    """Return the point with a given active set and its multipliers, whatever their signs."""
    p = program.program
    rows = np.array([i for i, con in enumerate(p.constraints) if _is_equality(p, i) or str(con.name) in active], int)
    fixed = np.array([j for j, name in enumerate(program.names) if name in active], int)
    x, multipliers = _solve_kkt(program, rows, fixed)
    y, z = [exact(0)] * len(p.row_lower), [exact(0)] * len(x)
    for i, value in zip(rows, multipliers[: len(rows)], strict=True):
        y[i] = value
    for j, value in zip(fixed, multipliers[len(rows) :], strict=True):
        z[j] = value
    return KktPoint(x=x, y=y, z=z)


def _is_equality(p: QuadraticProgram, row: int) -> bool:
    return bool(p.row_lower[row] == p.row_upper[row])


def _solve_kkt(program: ExactProgram, rows: Any, fixed: Any) -> tuple[list[Number], list[Number]]:
    """Solve ``sign (c + Qx) = A'y + z`` with the active rows and bounds as equations."""
    p, n = program.program, len(program.c)
    pick = sp.csr_array((np.ones(len(fixed)), (np.arange(len(fixed)), fixed)), shape=(len(fixed), n))
    equations = sp.csr_array(sp.vstack([sp.csr_array(p.A[rows, :]), pick])) if len(rows) + len(fixed) else None
    sides = np.concatenate([_active_side(p.row_lower, p.row_upper, rows), _active_side(p.lower, p.upper, fixed)])
    right = [-program.sign * c for c in program.c] + exacts(sides)
    hessian = sp.csr_array(program.sign * p.Q + sp.diags_array(is_unused(p).astype(float)))
    matrix: Any = hessian
    if equations is not None:
        blocks: Any = [[hessian, -equations.T], [equations, None]]
        matrix = sp.block_array(blocks)
    found = solve_linear(matrix, right)
    return found[:n], found[n:]


def _active_side(lower: Any, upper: Any, which: Any) -> Any:
    return np.where(np.isfinite(lower[which]), lower[which], upper[which])


def _verify(program: ExactProgram, optimum: KktPoint) -> None:
    p = program.program
    if program.violation(optimum.x) > PROOF:
        raise NoReference("the active set given leads to a point that is not feasible")
    rows = zip(optimum.y, p.row_lower, p.row_upper, strict=True)
    for multiplier, low, high in [*rows, *zip(optimum.z, p.lower, p.upper, strict=True)]:
        is_wrong = multiplier < -PROOF if np.isfinite(low) else multiplier > PROOF
        if low != high and is_wrong:
            raise NoReference("the active set given leads to a multiplier of the wrong sign")
    if program.stationarity(optimum.x, optimum) > PROOF:
        raise NoReference("the KKT system was not solved")


def truth_of_program(
    model: Any,
    active: Collection[str] = (),
    perhaps: str | None = None,
    *,
    unit: float | Mapping[str, float] = 1.0,
    profits: Profits | None = None,
) -> Truth:
    """Return the truth about a convex program whose active set is known and whose optimum is unique."""
    program = ExactProgram(compile_model(model))
    optimum = prove_optimum(program, active, perhaps)
    at_best = dict(zip(program.names, optimum.x, strict=True))

    units = [unit_of(unit, name) for name in program.names]

    def evaluate(point: Point) -> Evaluation:
        x = [point[name] for name in program.names]
        return Evaluation(
            objective=program.objective(x),
            violation=program.violation(x, units),
            stationarity=program.stationarity(x, optimum),
            profits=profits(point) if profits else {},
        )

    return Truth(
        maximise=program.program.maximise,
        variables=program.names,
        objective=program.objective(optimum.x),
        decisions={
            n: at_best[n] for n, unused in zip(program.names, is_unused(program.program), strict=True) if not unused
        },
        profits=profits(at_best) if profits else {},
        unit=unit,
        multipliers=multipliers_of_rows(program, optimum),
        reduced_costs={n: program.sign * z for n, z in zip(program.names, optimum.z, strict=True)},
        judge_duals=judge_of(program),
        evaluate=evaluate,
    )


def multipliers_of_rows(program: ExactProgram, optimum: KktPoint) -> dict[str, Number]:
    """Return the multipliers by constraint, as derivatives of the optimal value in the model's own sense."""
    names = (str(constraint.name) for constraint in program.program.constraints)
    return {name: program.sign * y for name, y in zip(names, optimum.y, strict=True)}
