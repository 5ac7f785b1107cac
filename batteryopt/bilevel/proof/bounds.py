"""Big-M with reasons: upper bounds of multipliers and slacks that can be proven, or none at all.

Slacks are bounded by interval arithmetic over the variables' box, tightened by constraint propagation, or by a
linear program over the single-level model without complementarity. Multipliers are bounded by such a linear program
(then every multiplier obeys the bound), by the structure of the rows (`row_structure`), or at the vertices: by
Caratheodory's theorem a follower with constant gradients that has multipliers at all has some on linearly independent
rows, and these are bounded by the inverses of all bases. The last two are no bounds on every multiplier, so they are
not used where something else chooses among them: the leader's problem that contains them, or the word that a shared
constraint has one price.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap, ComponentSet
from pyomo.common.errors import InfeasibleConstraintException
from pyomo.contrib.fbbt.fbbt import fbbt
from pyomo.core.expr.visitor import identify_variables
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from batteryopt.bilevel.kkt.single_level import KktSystem
from batteryopt.bilevel.problem.gradients import constant_gradients
from batteryopt.bilevel.problem.normal_form import FollowerProblem
from batteryopt.bilevel.proof.known_of_functions import interval
from batteryopt.bilevel.proof.row_structure import structural_limits
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import StopReason
from batteryopt.solvers import Options
from batteryopt.solvers.compile.arrays import compile_model
from batteryopt.solvers.compile.independent import independent_columns, restricted
from batteryopt.solvers.highs.highs_session import LinearSession

MOST_BASES = 20_000
"""Bases that may be enumerated for one independent group of rows."""
MOST_ROWS = 60
"""Rows of a group from which on its bases are too many to be counted, let alone enumerated."""
MOST_PROPAGATED = 1500
"""Pairs from which on constraint propagation takes longer than what it finds is worth."""
ROUNDING = 1e-9
"""Slack given to a bound that was computed in floating point, relative to the numbers that it was computed from: a
multiplier may be a small difference of large costs."""
TIGHT, LP_ROUNDING = 1e-9, 1e-7
"""Tolerances of linear programs that prove bounds, and what is added to their optima for them."""
INTERVAL_GOOD_ENOUGH = 1e4
"""An interval bound up to this is taken as it is; above it a linear program is asked for a tighter one."""


@dataclass(frozen=True, eq=False)
class Bound:
    """An upper bound of a multiplier or slack, and how it was derived."""

    value: float
    by: str


@contextlib.contextmanager
def propagated(system: KktSystem) -> Iterator[bool]:
    """Tighten the variables' bounds by constraint propagation while the block runs; yields False if infeasible."""
    variables = list(system.model.component_data_objects(pyo.Var, descend_into=True))
    constraints = system.model.component_data_objects(pyo.Constraint, active=True, descend_into=True)
    # Fixed ones too: propagation writes their values into their bounds, and whoever unfixes them later had lost these.
    met = ComponentSet(v for c in constraints for v in identify_variables(c.body, include_fixed=True))
    variables.extend(v for v in met if v.parent_block().model() is not system.model)
    before = [(v, v.lower, v.upper, v.value) for v in variables]
    try:
        fbbt(system.model)
        yield True
    except InfeasibleConstraintException:
        yield False
    finally:
        for variable, lower, upper, value in before:
            variable.setlb(lower)
            variable.setub(upper)
            variable.set_value(value, skip_validation=True)


def derive(system: KktSystem, *, seconds: float | None = None) -> tuple[ComponentMap, list[str]]:
    """Bound every multiplier and slack of a KKT system.

    Parameters
    ----------
    seconds
        How long linear programs may be asked, where the cheaper ways leave bounds missing.

    Returns
    -------
    bounds
        `Bound` by variable data object of the multipliers and slacks, where one was found.
    missing
        The names of the rows for which none was found.
    """
    bounds = derive_cheaply(system)
    wanted = [
        variable
        for pair in system.all_pairs
        for variable in (pair.slack, pair.multiplier)
        if variable not in bounds or bounds[variable].value > INTERVAL_GOOD_ENOUGH
    ]
    bound_by_linear_programs(system, wanted, bounds, seconds=seconds)
    missing = [
        f"{pair.row.name} ({what})"
        for pair in system.all_pairs
        for what, variable in (("multiplier", pair.multiplier), ("slack", pair.slack))
        if variable not in bounds
    ]
    return bounds, missing


def derive_cheaply(system: KktSystem) -> ComponentMap:
    """Bound what intervals, the structure of rows, and bases of few rows can bound."""
    bounds: ComponentMap = ComponentMap()
    is_small = len(system.all_pairs) <= MOST_PROPAGATED
    with propagated(system) if is_small else contextlib.nullcontext(True) as is_feasible:
        if not is_feasible:
            return bounds
        _bound_by_intervals(system, bounds)
        if not system.problem.duals and not len(system.model.EQUAL):
            for i, follower in enumerate(system.problem.followers):
                _bound_by_structure(system, i, follower, bounds)
                _bound_by_bases(system, i, follower, bounds)
    return bounds


def _bound_by_structure(system: KktSystem, i: int, follower: FollowerProblem, bounds: ComponentMap) -> None:
    multipliers, forces = system.model.kkt[i].multiplier, _objective_gradient_range(follower)
    for k, (value, by) in structural_limits(follower, forces).items():
        if multipliers[k] not in bounds or value < bounds[multipliers[k]].value:
            bounds[multipliers[k]] = Bound(_rounded_up(value, forces), by)


def _rounded_up(value: float, forces: NDArray[np.float64]) -> float:
    sizes = np.abs(forces[np.isfinite(forces)])
    return float(value * (1 + ROUNDING) + ROUNDING * sizes.max(initial=0.0))


def _bound_by_intervals(system: KktSystem, bounds: ComponentMap) -> None:
    for pair in system.all_pairs:
        slack = min(-interval(pair.row.form.expression)[0], interval(pair.slack)[1])
        if math.isfinite(slack):
            bounds[pair.slack] = Bound(max(0.0, slack), "variable bounds")
        multiplier = interval(pair.multiplier)[1]
        if math.isfinite(multiplier):
            bounds[pair.multiplier] = Bound(multiplier, "constraint propagation")


def bound_by_linear_programs(
    system: KktSystem,
    wanted: Sequence[Any],
    bounds: ComponentMap,
    *,
    seconds: float | None = None,
    by: str = "linear program",
) -> None:
    """Maximise variables over the model without complementarity, as long as there is time.

    Whatever else stands on the model counts too: a row that leaves only points better than a known one, for example.
    """
    if not wanted:
        return
    began, model = time.perf_counter(), system.model
    model.objective.deactivate()
    try:
        program = compile_model(model)
    except UnsupportedModel:
        return
    finally:
        model.objective.activate()
    for part in map(functools.partial(restricted, program), independent_columns(program)):
        position = {id(v): k for k, v in enumerate(part.variables)}
        asked = [variable for variable in wanted if id(variable) in position]
        if not asked:
            continue
        session = LinearSession(
            part, Options(time_limit=seconds, feasibility_tolerance=TIGHT, optimality_tolerance=TIGHT)
        )
        for variable in asked:
            if seconds is not None and time.perf_counter() - began > seconds:
                return
            reason, value = session.largest(position[id(variable)], part.lower, part.upper)
            value = max(0.0, value) + LP_ROUNDING * max(1.0, value)
            if reason is StopReason.CONVERGED and (variable not in bounds or value < bounds[variable].value):
                bounds[variable] = Bound(value, by)


def _bound_by_bases(system: KktSystem, i: int, follower: FollowerProblem, bounds: ComponentMap) -> None:
    gradients = constant_gradients(follower)
    forces = _objective_gradient_range(follower)
    if gradients is None or not np.isfinite(forces).all():
        return
    rows, equalities = gradients
    block = system.model.kkt[i]
    for variables, members in _independent_groups(rows, equalities):
        values = _largest_on_bases(rows[members][:, variables], equalities[:, variables], forces[variables])
        if values is None:
            continue
        for member, value in zip(members, values, strict=True):
            multiplier = block.multiplier[int(member)]
            if multiplier not in bounds or value < bounds[multiplier].value:
                bounds[multiplier] = Bound(_rounded_up(float(value), forces), "bases of the constraint gradients")


def _objective_gradient_range(follower: FollowerProblem) -> NDArray[np.float64]:
    """Return the range of the objective's gradient over the box, shape (variables, 2)."""
    ranges = np.zeros((len(follower.variables), 2))
    derivatives = follower.objective.gradient()
    for k, variable in enumerate(follower.variables):
        ranges[k] = interval(derivatives.get(variable, 0.0))
    return ranges


def _independent_groups(
    rows: NDArray[np.float64], equalities: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.int_], NDArray[np.int_]]]:
    """Yield (own variables, inequality rows) of the groups that share no variable and no equality."""
    stacked = np.vstack([rows, equalities])
    count_rows, count_variables = stacked.shape
    r, c = np.nonzero(stacked)
    size = count_rows + count_variables
    graph = coo_array((np.ones(len(r)), (r, c + count_rows)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    for group in np.unique(label[: len(rows)]):
        yield np.flatnonzero(label[count_rows:] == group), np.flatnonzero(label[: len(rows)] == group)


def _largest_on_bases(
    rows: NDArray[np.float64], equalities: NDArray[np.float64], forces: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return the largest multiplier of each row over all bases of the gradients and all objective gradients.

    Stationarity is ``rows' lambda + equalities' mu = -force``; the equalities are projected out first.
    """
    if len(rows) > MOST_ROWS:
        return None
    projection = _null_space(equalities)
    columns = projection.T @ rows.T
    rank = int(np.linalg.matrix_rank(columns)) if columns.size else 0
    largest = np.zeros(len(rows))
    if rank == 0:
        return largest
    if math.comb(len(rows), rank) > MOST_BASES:
        return None
    low, high = -forces[:, 1], -forces[:, 0]
    for chosen in itertools.combinations(range(len(rows)), rank):
        basis = columns[:, chosen]
        if np.linalg.matrix_rank(basis) < rank:
            continue
        solve = np.linalg.pinv(basis) @ projection.T
        upper = np.where(solve > 0, solve * high, solve * low).sum(axis=1)
        index = list(chosen)
        largest[index] = np.maximum(largest[index], upper)
    return largest


def _null_space(equalities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an orthonormal basis of the directions that the equalities leave free, one a column."""
    used = equalities[np.any(equalities != 0, axis=1)]
    if not len(used):
        return np.eye(equalities.shape[1])
    _, singular, vt = np.linalg.svd(used)
    rank = int((singular > 1e-12 * singular[0]).sum())
    return vt[rank:].T
