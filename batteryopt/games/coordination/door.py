"""The doors of the coordination game: its models in Pyomo, and answers from solved ones."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from batteryopt.games.coordination.answer import CoordinationAnswer
from batteryopt.games.coordination.data.instance import Instance
from batteryopt.games.coordination.judge import check
from batteryopt.games.coordination.model.build import build, solution_of
from batteryopt.games.coordination.solution import Model
from batteryopt.ground.certificate import Certificate
from batteryopt.solvers.contract.adapter import Report
from batteryopt.solvers.through_pyomo.doors import marked, of_the_user, origin_of, point_required, rule_checks, run_of

LEADERS = ("-manufacturer", "-supply-chain")
"""Ends of the names of checks that nobody who leads can do better: a user's rule may be what keeps him from it."""


def model_of(instance: Instance, name: Model | str = Model.CENTRALIZED) -> pyo.ConcreteModel:
    """Return a model of the game in Pyomo, to be read, changed, and solved.

    `centralized` is one concave program that any solver of quadratic programs takes. In the others retailers and
    enterprises answer as followers (blocks of kind `batteryopt.Follower`), and `batteryopt.bilevel.solve` solves them;
    rules that are added bind the leader.
    """
    model = Model(name)
    return marked(build(instance, model), instance, model)


def plan_of(model: Any, report: Report | None = None) -> CoordinationAnswer:
    """Return the answer that a solved Pyomo model of the game holds, judged by the same check as any other.

    With rules of your own the check that the leader can do no better is left out: without them he perhaps could.

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
    point_required(model, model.retail_price.values())
    solution = solution_of(model, origin.instance, origin.model)
    rules = of_the_user(model, pyo.Constraint)
    certificate = check.certify(solution)
    if rules:
        kept = [one for one in certificate if not one.name.endswith(LEADERS)]
        certificate = Certificate(tuple(kept)) + rule_checks(rules)
    bound = None if report is None else report.bound
    return CoordinationAnswer(
        model=origin.model, solution=solution, run=run_of(report, certificate, bound), certificate=certificate
    )
