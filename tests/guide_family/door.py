"""The doors: the model in Pyomo, and an answer from a solved one."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from batteryopt.solvers.contract.adapter import Report
from batteryopt.solvers.through_pyomo.doors import marked, origin_of, point_required, run_of
from tests.guide_family.answer import SellerAnswer
from tests.guide_family.data.instance import SellerInstance
from tests.guide_family.judge import check
from tests.guide_family.model.build import build
from tests.guide_family.solution import Model, Solution


def model_of(instance: SellerInstance, name: Model | str = Model.MONOPOLY) -> pyo.ConcreteModel:
    """Return the model in Pyomo."""
    return marked(build(instance), instance, Model(name))


def plan_of(model: Any, report: Report | None = None) -> SellerAnswer:
    """Return the answer that a solved model holds."""
    origin = origin_of(model)
    point_required(model, [model.price])
    solution = Solution(instance=origin.instance, price=float(model.price.value))
    certificate = check.certify(solution)
    run = run_of(report, certificate, None if report is None else report.bound)
    return SellerAnswer(model=origin.model, solution=solution, run=run, certificate=certificate)
