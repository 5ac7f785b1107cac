"""The doors of the differential game: its models in Pyomo on a grid, and answers from solved ones."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from batteryopt.games.differential.answer import DifferentialAnswer
from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.judge import check
from batteryopt.games.differential.model.build import build
from batteryopt.games.differential.model.convergence_checks import grid_checks
from batteryopt.games.differential.model.discrete import read
from batteryopt.games.differential.model.mesh import estimate, first_grid
from batteryopt.games.differential.model.optimizer import fitted_decay_rate
from batteryopt.games.differential.path.time_grid import TimeGrid
from batteryopt.games.differential.solution import Model, Solution, demands, flows
from batteryopt.ground.certificate import Certificate
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.solvers.contract.adapter import Report
from batteryopt.solvers.through_pyomo.doors import marked, of_the_user, origin_of, point_required, rule_checks, run_of

LEADERS = ("leader-deviation", "maximum-condition", "hjb")
"""Beginnings of names of checks that nobody who leads can do better: a user's rule may be what keeps him from it."""


def model_of(
    instance: Instance,
    name: Model | str = Model.INTEGRATED,
    *,
    grid: TimeGrid | None = None,
    share: float | None = None,
) -> pyo.ConcreteModel:
    """Return a model of the game in Pyomo, discretised, to be read, changed, and solved.

    `integrated` is one nonlinear program. In the others the retailers answer as followers, and
    `batteryopt.bilevel.solve` solves them; rules that are added bind the leader.

    Parameters
    ----------
    grid
        Where in time the equations hold: by default the first, coarse one; that of an answer
        (``answer.solution.trajectory.grid``) is as fine as it needs to be.
    share
        The contract's share; by default the instance's.

    Raises
    ------
    InvalidInput
        If a contract has no share.
    """
    model = Model(name)
    terms: dict[str, Any] = {}
    if model is Model.CONTRACT:
        share = instance.share if share is None else share
        if share is None:
            fault = Fault(place="share", problem="a contract has no share", remedy="give one: share=0.4")
            raise InvalidInput(instance.name, [fault])
        terms = {"share": share}
    built = build(instance, model, first_grid(instance) if grid is None else grid, **terms)
    return marked(built, instance, model, share if model is Model.CONTRACT else None)


def plan_of(model: Any, report: Report | None = None) -> DifferentialAnswer:
    """Return the answer that a solved Pyomo model of the game holds, judged by the same check as any other.

    The check holds it to what a grid that nobody refined can give. With rules of your own the checks that the leader
    can do no better are left out: without them he perhaps could.

    Parameters
    ----------
    report
        What an adapter said of the solve; without one no bound is known.

    Raises
    ------
    InvalidInput
        If the model was not made from an instance, or holds no point.
    """
    origin = origin_of(model)
    instance, share = origin.instance, origin.details
    point_required(model, model.price.values())
    trajectory = read(model)
    moments = trajectory.at_nodes()
    solution = Solution(
        instance=instance,
        model=origin.model,
        trajectory=trajectory,
        share=share,
        share_range=None,
        decay_rate=fitted_decay_rate(trajectory),
    )
    flow = flows(instance, moments, share).supply_chain
    error = estimate(trajectory, flow, demands(instance.matrices(), moments))
    certificate = check.certify(solution, is_stopped=True) + grid_checks(error, instance, is_stopped=True)
    rules = of_the_user(model, pyo.Constraint)
    if rules:
        kept = tuple(one for one in certificate if not one.name.startswith(LEADERS))
        certificate = Certificate(kept) + rule_checks(rules)
    bound = None if report is None else report.bound
    return DifferentialAnswer(
        model=origin.model, solution=solution, run=run_of(report, certificate, bound), certificate=certificate
    )
