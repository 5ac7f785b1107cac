"""Big-M with reasons: upper bounds of multipliers and slacks that can be proven, or none at all.

Slacks are bounded by interval arithmetic over the variables' box, tightened by constraint propagation, or by a
linear program over the single-level model without complementarity. Multipliers are bounded by such a linear program
(then every multiplier obeys the bound), or at the vertices: by Caratheodory's theorem a follower with constant
gradients that has multipliers at all has some on linearly independent rows, and these are bounded by the inverses of
all bases. The latter is no bound on every multiplier, so it is not used where something else chooses among them: the
leader's problem that contains them, or the word that a shared constraint has one price.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap
from pyomo.common.errors import InfeasibleConstraintException
from pyomo.contrib.fbbt.fbbt import fbbt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from batteryopt import solvers
from batteryopt.bilevel.kkt.single_level import KktSystem
from batteryopt.bilevel.problem.forms import variables_in
from batteryopt.bilevel.problem.gradients import constant_gradients
from batteryopt.bilevel.problem.normal_form import FollowerProblem
from batteryopt.bilevel.proof.known_of_functions import interval
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import StopReason

MOST_BASES = 20_000
"""Bases that may be enumerated for one independent group of rows."""
ROUNDING = 1e-9
"""Relative slack given to a bound that was computed in floating point."""
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
    variables.extend(
        v for v in variables_in(c.body for c in constraints) if v.parent_block().model() is not system.model
    )
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


def derive(system: KktSystem) -> tuple[ComponentMap, list[str]]:
    """Bound every multiplier and slack of a KKT system.

    Returns
    -------
    bounds
        `Bound` by variable data object of the multipliers and slacks, where one was found.
    missing
        The names of the rows for which none was found.
    """
    bounds: ComponentMap = ComponentMap()
    with propagated(system) as is_feasible:
        if is_feasible:
            _bound_by_intervals(system, bounds)
            if not system.problem.duals and not len(system.model.EQUAL):
                for i, follower in enumerate(system.problem.followers):
                    _bound_by_bases(system, i, follower, bounds)
    _bound_by_linear_programs(system, bounds)
    missing = [
        f"{pair.row.name} ({what})"
        for pair in system.all_pairs
        for what, variable in (("multiplier", pair.multiplier), ("slack", pair.slack))
        if variable not in bounds
    ]
    return bounds, missing


def _bound_by_intervals(system: KktSystem, bounds: ComponentMap) -> None:
    for pair in system.all_pairs:
        slack = min(-interval(pair.row.form.expression)[0], interval(pair.slack)[1])
        if math.isfinite(slack):
            bounds[pair.slack] = Bound(max(0.0, slack), "variable bounds")
        multiplier = interval(pair.multiplier)[1]
        if math.isfinite(multiplier):
            bounds[pair.multiplier] = Bound(multiplier, "constraint propagation")


def _bound_by_linear_programs(system: KktSystem, bounds: ComponentMap) -> None:
    """Maximise each multiplier and slack that has no bound, or a large one, over the model without complementarity."""
    wanted = [
        variable
        for pair in system.all_pairs
        for variable in (pair.slack, pair.multiplier)
        if variable not in bounds or bounds[variable].value > INTERVAL_GOOD_ENOUGH
    ]
    if not wanted:
        return
    model = system.model
    model.objective.deactivate()
    try:
        for variable in wanted:
            model.largest = pyo.Objective(expr=variable, sense=pyo.maximize)
            try:
                report = solvers.get("highs").solve(model)
            except UnsupportedModel:
                return
            finally:
                model.del_component("largest")
            if report.stop_reason is StopReason.CONVERGED and report.bound is not None:
                value = max(0.0, report.bound) * (1 + ROUNDING)
                if variable not in bounds or value < bounds[variable].value:
                    bounds[variable] = Bound(value, "linear program")
    finally:
        model.objective.activate()


def _bound_by_bases(system: KktSystem, i: int, follower: FollowerProblem, bounds: ComponentMap) -> None:
    gradients = constant_gradients(follower)
    forces = _objective_gradient_range(follower)
    if gradients is None or forces is None:
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
                bounds[multiplier] = Bound(float(value) * (1 + ROUNDING), "bases of the constraint gradients")


def _objective_gradient_range(follower: FollowerProblem) -> NDArray[np.float64] | None:
    """Return the range of the objective's gradient over the box, shape (variables, 2); None where it is unbounded."""
    ranges = np.zeros((len(follower.variables), 2))
    derivatives = follower.objective.gradient()
    for k, variable in enumerate(follower.variables):
        ranges[k] = interval(derivatives.get(variable, 0.0))
    return ranges if np.isfinite(ranges).all() else None


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
