"""Solvers that are wrong on purpose, each in its own way, around one that is right."""

from __future__ import annotations

import dataclasses
from typing import Any

from batteryopt import solvers
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Adapter, Capability, Options, Report


class Liar(Adapter):
    """Has an honest solver do the work, and then spoils what it left."""

    capabilities = Capability.LINEAR

    def __init__(self, honest: str = "highs") -> None:
        self.honest = solvers.get(honest)

    def is_available(self) -> bool:
        return True

    def version(self) -> str:
        return "0"

    def solve(self, model: Any, options: Options | None = None, **_: Any) -> Report:
        return self.spoil(model, self.honest.solve(model, options))

    def spoil(self, model: Any, report: Report) -> Report:
        raise NotImplementedError


class Honest(Liar):
    name = "honest"

    def spoil(self, model: Any, report: Report) -> Report:
        return report


class Perturber(Liar):
    """Moves every decision by a ten-thousandth."""

    name = "perturber"

    def spoil(self, model: Any, report: Report) -> Report:
        import pyomo.environ as pyo

        for variable in model.component_data_objects(pyo.Var):
            if not variable.fixed and variable.value is not None:
                variable.set_value(variable.value * (1 + 1e-4), skip_validation=True)
        return report


class FalseBounder(Liar):
    """Claims a bound that the truth itself beats by a thousandth."""

    name = "false-bounder"

    def spoil(self, model: Any, report: Report) -> Report:
        import pyomo.environ as pyo

        (objective,) = model.component_data_objects(pyo.Objective, active=True)
        direction = 1 if objective.sense == pyo.minimize else -1
        bound = report.objective + direction * 1e-3 * abs(report.objective)
        return dataclasses.replace(report, bound=bound)


class Pretender(Liar):
    """Says optimal whatever happened; where there is no point it leaves zeros."""

    name = "pretender"

    def spoil(self, model: Any, report: Report) -> Report:
        import pyomo.environ as pyo

        for variable in model.component_data_objects(pyo.Var):
            if not variable.fixed:
                variable.set_value(0.0, skip_validation=True)
        return dataclasses.replace(report, stop_reason=StopReason.CONVERGED, point_status=PointStatus.OPTIMAL)


class Doubter(Liar):
    """Finds the optimum and says that it failed."""

    name = "doubter"

    def spoil(self, model: Any, report: Report) -> Report:
        return dataclasses.replace(
            report, stop_reason=StopReason.NUMERICAL_TROUBLE, point_status=PointStatus.UNKNOWN, bound=None
        )


class Denier(Liar):
    """Says that there is no solution."""

    name = "denier"

    def spoil(self, model: Any, report: Report) -> Report:
        return dataclasses.replace(
            report, stop_reason=StopReason.INFEASIBLE, point_status=PointStatus.NONE, objective=None, bound=None
        )
