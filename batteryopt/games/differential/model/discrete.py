"""One solve on one grid: build's model to a solver or to the bilevel engine, and the trajectory back."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel, solvers
from batteryopt.games.differential.model.build import RUNNING_TOTALS
from batteryopt.games.differential.model.cap_switches import LimitArray
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.time_grid import TimeGrid
from batteryopt.games.differential.path.trajectory import Trajectory
from batteryopt.games.differential.solution import Model
from batteryopt.ground.certificate import Certificate, Check
from batteryopt.ground.status import PointStatus, StopReason

SOLVER_TOLERANCE = 1e-11
"""Far below what is asked of the answer: a month with the discount factor d is left with an error of this over d."""


@dataclass(frozen=True, kw_only=True)
class OptimizerOptions:
    """How finely and with what the numerical route solves.

    Attributes
    ----------
    degree
        Radau nodes an element; the error at the elements' ends falls as the (2 degree - 1)th power of their length.
        None: as many as suit the instance (see `mesh.degree_for`).
    mesh_tolerance
        Estimated error of every path, relative to its size, at which refinement stops; None: 1e-7, or 1e-5 where
        constraints on paths give them kinks.
    rounds
        Most refinements. Where a constraint starts or ceases to bind, a path has a kink that no polynomial follows:
        each round halves the element around it.
    elements
        Most elements of a grid.
    solver
        Nonlinear solver of the (single-level) problem: "ipopt" or "pounce".
    method
        The bilevel engine's method.
    starts
        Starting points of the engine's local method, in the first round.
    time_limit
        Seconds for a whole model, all rounds together.
    """

    degree: int | None = None
    mesh_tolerance: float | None = None
    rounds: int = 8
    elements: int = 300
    solver: str = "ipopt"
    method: str = "regularized"
    starts: int = 1
    time_limit: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Discrete:
    """One solve on one grid."""

    trajectory: Trajectory | None
    solver: str
    stop_reason: StopReason
    point_status: PointStatus
    certificate: Certificate = field(default_factory=Certificate)
    share: float | None = None
    note: str = ""
    is_draft: bool = False
    """Whether the engine has not judged it yet."""
    limits: LimitArray | None = None
    """Where innovation was left to stand at its limits; see `build`."""


def solve_discrete(
    m: pyo.ConcreteModel,
    model: Model,
    options: OptimizerOptions,
    *,
    start: Discrete | None = None,
    time_limit: float | None = None,
    is_draft: bool = False,
) -> Discrete:
    """Solve one discretised model, from an earlier solve where there is one; a draft is left unjudged by the engine."""
    if start is not None and start.trajectory is not None:
        start_from(m, start.trajectory, start.share)
    if model is Model.INTEGRATED:
        report = solvers.get(options.solver).solve(
            m,
            solvers.Options(
                time_limit=time_limit,
                optimality_tolerance=SOLVER_TOLERANCE,
                feasibility_tolerance=SOLVER_TOLERANCE,
                warm_start=start is not None,
            ),
        )
        return Discrete(
            trajectory=read(m) if report.point_status.is_feasible else None,
            solver=f"{report.solver} {report.version}",
            stop_reason=report.stop_reason,
            point_status=report.point_status,
            note=report.message,
            limits=m.data.limits,
        )
    # Measured under caps alone; under other limits on prices every round begins with the relaxation.
    is_near = start is not None and m.data.instance.price_caps is not None
    answer = bilevel.solve(
        m,
        method=options.method,
        solver=None if options.method == "auto" else options.solver,
        starts=options.starts if start is None else 1,
        time_limit=time_limit,
        is_draft=is_draft,
        is_near=is_near,
    )
    return Discrete(
        trajectory=read(m) if answer.point_status.is_feasible else None,
        solver=answer.solver,
        stop_reason=answer.stop_reason,
        point_status=answer.point_status,
        certificate=worst_of_each_kind(answer.certificate),
        share=float(m.share.value) if model is Model.CONTRACT and answer.point_status.is_feasible else None,
        note="; ".join(answer.notes),
        is_draft=is_draft and answer.has_point,
        limits=m.data.limits,
    )


def worst_of_each_kind(certificate: Certificate) -> Certificate:
    """Return one check for all followers' checks of a kind (``best-response[retailer[0,17]]``): the worst of them."""
    kinds: dict[str, Check] = {}
    for check in certificate:
        kind = f"engine-{check.name.split('[')[0]}"
        if kind not in kinds or not check.residual <= kinds[kind].residual:
            worst = f"worst: {check.name}"
            kinds[kind] = dataclasses.replace(check, name=kind, residual=float(check.residual), detail=worst)
    return Certificate(tuple(kinds.values()))


def start_from(m: pyo.ConcreteModel, trajectory: Trajectory, share: float | None = None) -> None:
    """Give a model's variables the values of an earlier trajectory, with its share, at its own nodes."""
    # Between elements decisions may jump, and by its time alone the last node of one is the start of the next.
    is_same = trajectory.grid == m.data.grid
    at = trajectory.at_nodes() if is_same else trajectory.at(m.data.grid.times.ravel())
    scale = 1.0 if share is None else share
    for k in m.NODES:
        for j in m.LEVELS:
            m.efficiency_at[j, k].set_value(at.efficiency[k, j])
        for a in m.EFFORTS:
            if not m.innovation[a, k].fixed:
                m.innovation[a, k].set_value(at.innovation[k, a], skip_validation=True)
        for i in m.VEHICLES:
            m.price[i, k].set_value(at.prices[k, i], skip_validation=True)
            if at.wholesale_prices is not None and hasattr(m, "wholesale_price"):
                m.wholesale_price[i, k].set_value(at.wholesale_prices[k, i] / scale)
    for i, k in m.sales:  # demands need the prices of all vehicles
        m.sales[i, k].set_value(pyo.value(m.demand[i, k]))
    for total, flow in ((t, f) for name, f in RUNNING_TOTALS if (t := m.component(name)) is not None):
        values = np.cumsum([m.data.weights[k] * pyo.value(m.component(flow)[k]) for k in m.NODES])
        for k in m.NODES:
            total[k].set_value(values[k])


def read(m: pyo.ConcreteModel) -> Trajectory:
    """Return the trajectory that a solved model's variables hold."""
    grid: TimeGrid = m.data.grid
    shape = grid.times.shape
    scale = m.share.value if hasattr(m, "share") else 1.0  # a contract's wholesale prices are per unit of the share

    def path(component: Any, index: Any) -> FloatArray:
        values = [[component[j, k].value for j in index] for k in m.NODES]
        return np.array(values, dtype=float).reshape(*shape, -1)

    return Trajectory(
        grid=grid,
        initial_efficiency=m.data.game.initial_efficiency,
        efficiency=path(m.efficiency_at, m.LEVELS),
        innovation=path(m.innovation, m.EFFORTS),
        prices=path(m.price, m.VEHICLES),
        wholesale_prices=path(m.wholesale_price, m.VEHICLES) * scale if hasattr(m, "wholesale_price") else None,
    )
